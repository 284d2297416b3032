"""The parts that units have in a ticket beside its lead: joint tasks, help, what was handed down.

Every part is an assignment, so that the audience follows from it by its one definition. All parts
end together when the ticket is given to a unit anew (`assigning.assign`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from domain.dispatch import recusal
from domain.kernel.errors import Fault, InvalidInput
from domain.kernel.membership import among
from domain.kernel.vocabulary import ClockName
from domain.kernel.work import UnitOfWork
from domain.tickets import audience
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.models import Ticket
from domain.units import queries as units
from domain.units.models import Unit

MOST_UNITS = 20
REPORT_IN = "whistle.REPORT_IN"
OPINIONS = "conference.OPINIONS"
TASK_KINDS = tuple(f"task.{clock.value}" for clock in ClockName)
PART_KINDS = (*TASK_KINDS, REPORT_IN, OPINIONS)
"""The kinds of the timers that run on parts; their subject is the ticket."""


def give_part(
    work: UnitOfWork,
    ticket: Ticket,
    unit: Unit,
    role: AssignmentRole,
    reason: str,
    *,
    request: str | None = None,
    due_at: datetime | None = None,
    locked: bool = False,
) -> Assignment:
    """Write one unit's part in the ticket's present round; `locked` where a ruling gave it."""
    part = Assignment(
        id=work.new_id(),
        ticket_id=ticket.id,
        unit_id=unit.id,
        role=role.value,
        round=ticket.round,
        reason=reason,
        assigned_at=work.now,
        request=request,
        deadline=due_at,
        locked=locked,
    )
    work.record(part)
    return part


def admit(work: UnitOfWork, ticket: Ticket, found: Sequence[Unit]) -> None:
    """Let units, and those above them, see the ticket from now on."""
    audience.admit(work, ticket, [unit.lineage for unit in found])


async def present(work: UnitOfWork, ticket_id: UUID, *roles: AssignmentRole) -> list[Assignment]:
    """The parts of those roles that have not ended, as they are now; the ticket is locked."""
    await work.flush()
    rows = await work.session.scalars(
        select(Assignment)
        .where(
            Assignment.ticket_id == ticket_id,
            Assignment.role.in_([role.value for role in roles]),
            Assignment.ended_at.is_(None),
        )
        .order_by(Assignment.id)
        .execution_options(populate_existing=True)
    )
    return list(rows.all())


async def awaited(
    work: UnitOfWork, tickets: Iterable[UUID], role: AssignmentRole
) -> Sequence[Assignment]:
    """The parts of that role whose reply is awaited, of many tickets at once, as they are now."""
    await work.flush()
    rows = await work.session.scalars(
        select(Assignment)
        .where(
            among(Assignment.ticket_id, tickets),
            Assignment.role == role.value,
            Assignment.ended_at.is_(None),
            Assignment.replied_at.is_(None),
            Assignment.excused_at.is_(None),
        )
        .order_by(Assignment.id)
        .execution_options(populate_existing=True)
    )
    return rows.all()


async def own(work: UnitOfWork, ticket_id: UUID, *roles: AssignmentRole) -> Assignment | None:
    """The actor's unit's present part of one of those roles; None where it has ended."""
    found = await present(work, ticket_id, *roles)
    return next((part for part in found if part.unit_id == work.actor.unit_id), None)


def is_open(task: Assignment) -> bool:
    """Whether a joint task waits for its reply."""
    return task.ended_at is None and task.replied_at is None and task.excused_at is None


async def units_to_ask(
    work: UnitOfWork,
    ticket: Ticket,
    path: str,
    codes: Sequence[str],
    taken: Collection[UUID] = (),
) -> tuple[list[Unit], list[Fault]]:
    """The active units of those codes, in their order and held where they stand; and the faults.

    `taken` are units that have a part already; who must be recused gets none (J32). Fault paths
    are `path` and the place, from 0.
    """
    if not codes:
        return [], []
    if len(codes) > MOST_UNITS:
        return [], [Fault(path, f"must be at most {MOST_UNITS}")]
    by_code = {unit.code: unit for unit in await units.active_by_codes(work.session, codes)}
    found: list[Unit] = []
    faults: list[Fault] = []
    for place, code in enumerate(codes):
        unit = by_code.get(code)
        if unit is None:
            faults.append(Fault(f"{path}.{place}", "is not the code of an active unit"))
        elif unit in found or unit.id in taken:
            faults.append(Fault(f"{path}.{place}", "has a part in the ticket already"))
        elif not recusal.is_free(ticket, unit):
            faults.append(Fault(f"{path}.{place}", recusal.REFUSAL))
        else:
            found.append(unit)
    return found, faults


async def joint_units(
    work: UnitOfWork, ticket_id: UUID, *, ended_at: datetime | None = None
) -> list[Unit]:
    """The active units with a joint task that was not excused, held where they stand.

    With `ended_at`, those whose tasks ended at that moment instead of those that have not ended.
    """
    await work.flush()
    rows = await work.session.scalars(
        select(Unit)
        .join(Assignment, Assignment.unit_id == Unit.id)
        .where(
            Assignment.ticket_id == ticket_id,
            Assignment.role == AssignmentRole.JOINT.value,
            Assignment.ended_at.is_not_distinct_from(ended_at),
            Assignment.excused_at.is_(None),
            Unit.retired_at.is_(None),
        )
        .order_by(Assignment.id)
        .with_for_update(of=Unit, read=True)
    )
    return list(rows.all())


async def names_of_open_tasks(work: UnitOfWork, ticket_id: UUID) -> list[str]:
    """The names of the units whose joint tasks wait for their reply."""
    rows = await work.session.scalars(
        select(Unit.name)
        .join(Assignment, Assignment.unit_id == Unit.id)
        .where(
            Assignment.ticket_id == ticket_id,
            Assignment.role == AssignmentRole.JOINT.value,
            Assignment.ended_at.is_(None),
            Assignment.replied_at.is_(None),
            Assignment.excused_at.is_(None),
        )
        .order_by(Assignment.id)
    )
    return list(rows.all())


def refuse(faults: Sequence[Fault]) -> None:
    """Raise InvalidInput where there are faults."""
    if faults:
        raise InvalidInput(*faults)
