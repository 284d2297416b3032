"""Giving a ticket to a unit: assignments, audience, clocks, history, in one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import update

from domain.dispatch.city import Rules
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
    joint: Sequence[Unit] = (),
    move: Action | Step = Action.DISPATCH,
    **detail: Any,
) -> None:
    """Make `lead` the one lead of the ticket's present round and start its clocks (B12, B14).

    `joint` units have a task of their own beside it (联合双派, S); `copies` are shown the ticket.
    Earlier assignments end; their units keep seeing the ticket. Raises NotPossibleNow.
    """
    again = ticket.lead_unit_id is not None
    if joint:
        detail["joint"] = [unit.code for unit in joint]
    advance(
        work, ticket, move, unit_id=lead.id, remark=reason,
        copies=[unit.code for unit in copies], **detail,
    )  # fmt: skip
    ticket.lead_unit_id = lead.id
    ticket.dispatched_at = work.now
    ticket.accepted_at = ticket.contacted_at = ticket.replied_at = None
    ticket.warned_at = ticket.overdue_at = ticket.escalated_to = None
    if again:
        await timers.disarm(work, ticket.id, KINDS)
        await _end_assignments(work, ticket)
    for unit, role in [
        (lead, AssignmentRole.LEAD),
        *((unit, AssignmentRole.JOINT) for unit in joint),
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
            )
        )
    await start_clocks(work, rules, ticket, again=again)
    await audience.admit(work, ticket.id, [unit.lineage for unit in (lead, *joint, *copies)])


async def _end_assignments(work: UnitOfWork, ticket: Ticket) -> None:
    await work.flush()
    await work.session.execute(
        update(Assignment)
        .where(Assignment.ticket_id == ticket.id, Assignment.ended_at.is_(None))
        .values(ended_at=work.now)
    )
