"""Giving a ticket to a unit: assignments, audience, clocks, history, in one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update

from domain.dispatch.city import Rules
from domain.dispatch.models import Transfer, TransferCause
from domain.dispatch.ticking import KINDS, start_clocks
from domain.kernel import timers
from domain.kernel.work import UnitOfWork
from domain.tickets import audience
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Step
from domain.units.models import Unit


async def assign(
    work: UnitOfWork,
    rules: Rules,
    ticket: Ticket,
    lead: Unit,
    copies: Sequence[Unit],
    *,
    reason: str,
    move: Action | Step = Action.DISPATCH,
    transfer: TransferCause | None = None,
    locked: bool = False,
    **detail: Any,
) -> None:
    """Make `lead` the one lead of the ticket's present round and start its clocks (B12, B14).

    Earlier assignments end; their units keep seeing the ticket. With `transfer`, that it left
    another lead is on record; with `locked`, the new lead cannot contest. Raises NotPossibleNow.
    """
    former = ticket.lead_unit_id
    again = former is not None
    advance(
        work, ticket, move, unit_id=lead.id, remark=reason,
        copies=[unit.code for unit in copies], **detail,
    )  # fmt: skip
    if transfer is not None and former is not None and former != lead.id:
        _record_transfer(work, ticket, former, lead.id, transfer)
    ticket.lead_unit_id = lead.id
    ticket.dispatched_at = work.now
    ticket.accepted_at = ticket.contacted_at = ticket.replied_at = None
    ticket.warned_at = ticket.overdue_at = ticket.escalated_to = None
    if again:
        await timers.disarm(work, ticket.id, KINDS)
        await _end_assignments(work, ticket)
    for unit, role in [
        (lead, AssignmentRole.LEAD),
        *((copy, AssignmentRole.COPY) for copy in copies),
    ]:
        work.follow(
            Assignment(
                id=work.new_id(),
                ticket_id=ticket.id,
                unit_id=unit.id,
                role=role.value,
                round=ticket.round,
                reason=reason,
                assigned_at=work.now,
                locked=locked and role is AssignmentRole.LEAD,
            )
        )
    await start_clocks(work, rules, ticket, again=again)
    await audience.admit(work, ticket.id, [unit.lineage for unit in (lead, *copies)])


def _record_transfer(
    work: UnitOfWork, ticket: Ticket, former: UUID, to: UUID, cause: TransferCause
) -> None:
    work.follow(
        Transfer(
            id=work.new_id(),
            ticket_id=ticket.id,
            round=ticket.round,
            from_unit_id=former,
            to_unit_id=to,
            cause=cause.value,
            at=work.now,
        )
    )


async def _end_assignments(work: UnitOfWork, ticket: Ticket) -> None:
    await work.flush()
    await work.session.execute(
        update(Assignment)
        .where(Assignment.ticket_id == ticket.id, Assignment.ended_at.is_(None))
        .values(ended_at=work.now)
    )
