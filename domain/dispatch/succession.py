"""A unit ends or moves, and its tickets must not be left behind."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from domain.dispatch import recusal
from domain.dispatch.assigning import assign, take_from_units
from domain.dispatch.city import Rules
from domain.dispatch.copies import district_copies
from domain.dispatch.parts import joint_units
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.work import UnitOfWork
from domain.tickets import audience
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import ENDED, Step
from domain.units import commands as units
from domain.units import queries
from domain.units.models import Unit

_REDISPATCHED = ("DISPATCHED",)
_MOST_LISTED = 50


async def retire_with_successor(
    work: UnitOfWork,
    rules: Rules,
    unit_id: UUID | None,
    successor_code: str | None,
    expected_version: int | None = None,
) -> Unit:
    """Retire a unit; with a successor, its dispatched tickets are handed on first.

    Tickets that were accepted or replied to, joint tasks, and what the unit was asked for are
    somebody's work in hand and still refuse the retirement. Raises what
    `units.commands.retire_unit` raises, and InvalidInput.
    """
    if successor_code is not None:
        handed_on = await _handed_on(work, unit_id)
        await queries.hold_tree(work, alone=True)
        successor = await queries.active_by_code(work.session, successor_code)
        if successor is None or successor.id == unit_id:
            raise InvalidInput(Fault("successorCode", "is not the code of another active unit"))
        for ticket, locked in handed_on:
            await _hand_on(work, rules, ticket, successor, locked=locked)
        await work.flush()
    return await units.retire_unit(work, unit_id, expected_version)


async def _hand_on(
    work: UnitOfWork, rules: Rules, ticket: Ticket, successor: Unit, *, locked: bool
) -> None:
    """Give a ticket to the successor, or to whom it goes where that one must be recused (J32).

    What a ruling gave to the unit, or left there, cannot be contested by its successor either (P);
    whoever gets it in the successor's place was never ruled about.
    """
    joint = await joint_units(work, ticket.id)
    lead = await recusal.instead(work, ticket, successor)
    if lead is None:
        advance(work, ticket, Step.TAKE_AWAY, remark="承接单位须回避，退回分流")
        await take_from_units(work, ticket)
        return
    copies = await district_copies(work, lead)
    reason = f"原承办单位撤销，由{lead.name}承接"
    await assign(
        work, rules, ticket, lead, copies, joint=joint, reason=reason,
        locked=locked and lead.id == successor.id, by="succession",
    )  # fmt: skip


async def _handed_on(work: UnitOfWork, unit_id: UUID | None) -> Sequence[tuple[Ticket, bool]]:
    """The unit's dispatched tickets, locked, each with whether a ruling fixed it there."""
    rows = await work.session.scalars(
        select(Ticket)
        .where(Ticket.lead_unit_id == unit_id, Ticket.status.in_(_REDISPATCHED))
        .order_by(Ticket.id)
        .with_for_update(key_share=True)
    )
    tickets = rows.all()
    fixed = await work.session.scalars(
        select(Assignment.ticket_id).where(
            Assignment.unit_id == unit_id,
            Assignment.role == AssignmentRole.LEAD.value,
            Assignment.ended_at.is_(None),
            Assignment.locked,
        )
    )
    locked = set(fixed)
    return [(ticket, ticket.id in locked) for ticket in tickets]


async def move_with_tickets(
    work: UnitOfWork,
    unit_id: UUID | None,
    parent_id: UUID | None,
    expected_version: int | None = None,
) -> Unit:
    """Move a branch of the tree; who may see its tickets follows.

    A community that has a ticket in hand for its street stays until it has given it back: a ticket
    that was handed down never leaves the street. Nor does a unit come below one that a report is
    about while it has a part in that report (J32). Raises as `move_unit` does, and NotPossibleNow.
    """
    unit = await units.move_unit(work, unit_id, parent_id, expected_version)
    await work.flush()
    if codes := await _handed_out_of_a_street(work, unit):
        raise NotPossibleNow(f"these tickets must be given back first: {', '.join(codes)}")
    if codes := await recusal.parts_to_give_up(work, unit):
        raise NotPossibleNow(f"these tickets must be given to others first: {', '.join(codes)}")
    await audience.rebuild(work.session, unit.id)
    return unit


async def _handed_out_of_a_street(work: UnitOfWork, unit: Unit) -> Sequence[str]:
    """Tickets that were handed down to the unit by a street that it stands no longer under."""
    rows = await work.session.scalars(
        select(Ticket.code)
        .join(Assignment, Assignment.ticket_id == Ticket.id)
        .where(
            Assignment.unit_id == unit.id,
            Assignment.role == AssignmentRole.HANDED_DOWN.value,
            Assignment.ended_at.is_(None),
            Ticket.status.not_in([status.value for status in ENDED]),
            Ticket.lead_unit_id.not_in(unit.lineage),
        )
        .order_by(Ticket.id)
        .limit(_MOST_LISTED)
    )
    return rows.all()
