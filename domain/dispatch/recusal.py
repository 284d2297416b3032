"""单位回避: a report never comes to the unit that it is about, nor to any below it (J32).

Every way to a unit asks here before it gives a ticket away: routing at intake, dispatch by hand,
re-dispatch, succession, and whatever gives a unit a part beside the lead. `audience` cuts such
units out of who may see the ticket as well, so that a way that forgot to ask still shows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import any_, select

from domain.kernel.errors import Fault, InvalidInput
from domain.kernel.vocabulary import UnitLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.models import Ticket
from domain.tickets.policy import protected
from domain.tickets.workflow import ENDED
from domain.units import queries as units
from domain.units.models import Unit

MOST_LISTED = 50
REFUSAL = "is the unit that the report is about, or below it"


def is_free(ticket: Ticket, unit: Unit) -> bool:
    """Whether the unit may have to do with the ticket: it is neither accused nor below who is."""
    return ticket.shut_unit_id is None or ticket.shut_unit_id not in unit.lineage


def require_free(ticket: Ticket, unit: Unit, path: str = "unitCode") -> None:
    """Raise InvalidInput naming `path` where the unit must be recused."""
    if not is_free(ticket, unit):
        raise InvalidInput(Fault(path, REFUSAL))


def free_of(ticket: Ticket, others: Sequence[Unit]) -> list[Unit]:
    """Those of the units that may have a part in the ticket."""
    return [unit for unit in others if is_free(ticket, unit)]


async def instead(work: UnitOfWork, ticket: Ticket, unit: Unit) -> Unit | None:
    """The unit itself where it is free, else the one above the accused; None: the centre decides.

    The city at the root of the tree handles no tickets.
    """
    return unit if is_free(ticket, unit) else await _above_accused(work, ticket)


async def _above_accused(work: UnitOfWork, ticket: Ticket) -> Unit | None:
    accused = await work.session.get(Unit, ticket.shut_unit_id)
    if accused is None or accused.parent_id is None:
        return None
    above = await work.session.get(Unit, accused.parent_id, with_for_update={"read": True})
    if above is None or not above.active or above.level == UnitLevel.CITY:
        return None
    return above


async def all_instead(work: UnitOfWork, ticket: Ticket, others: Sequence[Unit]) -> list[Unit]:
    """`instead` of each; without those for which the centre would have to decide."""
    free = free_of(ticket, others)
    if len(free) == len(others):
        return free
    above = await _above_accused(work, ticket)
    found = [unit if unit in free else above for unit in others]
    return [unit for unit in found if unit is not None]


async def accused_unit(work: UnitOfWork, code: str | None) -> Unit | None:
    """The unit that a citizen complains of. Raises InvalidInput."""
    if code is None:
        return None
    unit = await units.active_by_code(work.session, code)
    if unit is None or unit.level == UnitLevel.CITY:
        raise InvalidInput(Fault("accusedUnitCode", "is not the code of an active unit"))
    return unit


async def parts_of_accused(work: UnitOfWork, ticket: Ticket) -> Sequence[Assignment]:
    """The parts that the accused unit and those below it still have in a locked ticket."""
    shut: UUID | None = ticket.shut_unit_id
    if shut is None:
        return []
    await work.flush()
    below = select(Unit.id).where(Unit.lineage.contains([shut]))
    rows = await work.session.scalars(
        select(Assignment)
        .where(
            Assignment.ticket_id == ticket.id,
            Assignment.ended_at.is_(None),
            Assignment.unit_id.in_(below),
        )
        .order_by(Assignment.id)
        .execution_options(populate_existing=True)
    )
    return rows.all()


async def parts_to_give_up(work: UnitOfWork, branch: Unit) -> Sequence[str]:
    """The codes of open tickets in which a unit of this branch has a part, and must not as it now
    stands: below the unit that the report is about."""
    rows = await work.session.scalars(
        select(Ticket.code)
        .join(Assignment, Assignment.ticket_id == Ticket.id)
        .join(Unit, Unit.id == Assignment.unit_id)
        .where(
            Unit.lineage.contains([branch.id]),
            Assignment.ended_at.is_(None),
            Assignment.role != AssignmentRole.COPY.value,
            Ticket.status.not_in([status.value for status in sorted(ENDED)]),
            protected(Ticket.__table__),
            Ticket.accused_unit_id == any_(Unit.lineage),
        )
        .distinct()
        .order_by(Ticket.code)
        .limit(MOST_LISTED)
    )
    return rows.all()
