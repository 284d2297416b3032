"""A unit ends or moves, and its tickets must not be left behind."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from domain.dispatch import recusal
from domain.dispatch.assigning import assign, take_from_units
from domain.dispatch.city import Rules
from domain.dispatch.copies import district_copies
from domain.kernel.errors import Fault, InvalidInput
from domain.kernel.work import UnitOfWork
from domain.tickets import audience
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step
from domain.units import commands as units
from domain.units import queries
from domain.units.models import Unit

_REDISPATCHED = ("DISPATCHED",)


async def retire_with_successor(
    work: UnitOfWork,
    rules: Rules,
    unit_id: UUID | None,
    successor_code: str | None,
    expected_version: int | None = None,
) -> Unit:
    """Retire a unit; with a successor, its dispatched tickets are handed on first.

    Tickets that were accepted or replied to are somebody's work in hand and still refuse the
    retirement. Raises what `units.commands.retire_unit` raises, and InvalidInput.
    """
    if successor_code is not None:
        successor = await queries.active_by_code(work.session, successor_code)
        if successor is None or successor.id == unit_id:
            raise InvalidInput(Fault("successorCode", "is not the code of another active unit"))
        for ticket in await _handed_on(work, unit_id):
            await _hand_on(work, rules, ticket, successor)
        await work.flush()
    return await units.retire_unit(work, unit_id, expected_version)


async def _hand_on(work: UnitOfWork, rules: Rules, ticket: Ticket, successor: Unit) -> None:
    """Give a ticket to the successor, or to whom it goes where that one must be recused (J32)."""
    lead = await recusal.instead(work, ticket, successor)
    if lead is None:
        advance(work, ticket, Step.TAKE_AWAY, remark="承接单位须回避，退回分流")
        await take_from_units(work, ticket)
        return
    copies = await district_copies(work, lead)
    reason = f"原承办单位撤销，由{lead.name}承接"
    await assign(work, rules, ticket, lead, copies, reason=reason, by="succession")


async def _handed_on(work: UnitOfWork, unit_id: UUID | None) -> Sequence[Ticket]:
    rows = await work.session.scalars(
        select(Ticket)
        .where(Ticket.lead_unit_id == unit_id, Ticket.status.in_(_REDISPATCHED))
        .order_by(Ticket.id)
        .with_for_update(key_share=True)
    )
    return rows.all()


async def move_with_tickets(
    work: UnitOfWork,
    unit_id: UUID | None,
    parent_id: UUID | None,
    expected_version: int | None = None,
) -> Unit:
    """Move a branch of the tree; who may see its tickets follows. Raises as `move_unit` does."""
    unit = await units.move_unit(work, unit_id, parent_id, expected_version)
    await work.flush()
    await audience.rebuild(work.session, unit.id)
    return unit
