"""Giving a ticket to a unit: assignments, audience, clocks, history, in one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update

from domain.dispatch import recusal
from domain.dispatch.city import Rules
from domain.dispatch.extensions import lapse
from domain.dispatch.models import Transfer, TransferCause
from domain.dispatch.parts import PART_KINDS, admit, give_part
from domain.dispatch.suspending import end as end_suspension
from domain.dispatch.task_clocks import start_tasks
from domain.dispatch.ticking import KINDS, start_clocks
from domain.kernel import timers
from domain.kernel.work import UnitOfWork
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
    joint: Sequence[Unit] = (),
    co_handlers: Sequence[Unit] = (),
    reason: str,
    move: Action | Step = Action.DISPATCH,
    transfer: TransferCause | None = None,
    locked: bool = False,
    **detail: Any,
) -> None:
    """Make `lead` the one lead of the ticket's present round and start its clocks (B12, B14).

    Each of `joint` gets a task and clocks of its own (联合双派, S); `co_handlers` help (协办). A
    unit has one part, the weightiest that is given to it. Whatever was asked of any unit before
    ends, with its timers; those units keep seeing the ticket. With `transfer`, that it left another
    lead is on record; with `locked`, the new lead cannot contest. Units beside the lead that must
    be recused are left out. Raises NotPossibleNow, and InvalidInput for such a lead (J32).
    """
    recusal.require_free(ticket, lead)
    joint, co_handlers, copies = (
        recusal.free_of(ticket, group) for group in _one_part_each(lead, joint, co_handlers, copies)
    )
    for name, units in (("joint", joint), ("co_handlers", co_handlers)):
        if units:
            detail[name] = [unit.code for unit in units]
    former = ticket.lead_unit_id
    again = ticket.dispatched_at is not None
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
        await timers.disarm(work, ticket.id, (*KINDS, *PART_KINDS))
        await _end_assignments(work, ticket)
    for unit, role in [
        (lead, AssignmentRole.LEAD),
        *((copy, AssignmentRole.COPY) for copy in copies),
        *((helper, AssignmentRole.CO_HANDLER) for helper in co_handlers),
    ]:
        final = locked and role is AssignmentRole.LEAD
        give_part(work, ticket, unit, role, reason, locked=final)
    tasks = [give_part(work, ticket, unit, AssignmentRole.JOINT, reason) for unit in joint]
    start_tasks(work, rules, ticket, tasks)  # before anything is written
    await start_clocks(work, rules, ticket, again=again)
    admit(work, ticket, [lead, *copies, *joint, *co_handlers])


def _one_part_each(lead: Unit, *groups: Sequence[Unit]) -> list[list[Unit]]:
    """The groups without units that lead, or stand in a group before or twice in their own."""
    taken = {lead.id}
    found: list[list[Unit]] = []
    for group in groups:
        found.append([])
        for unit in group:
            if unit.id not in taken:
                taken.add(unit.id)
                found[-1].append(unit)
    return found


def _record_transfer(
    work: UnitOfWork, ticket: Ticket, former: UUID, to: UUID, cause: TransferCause
) -> None:
    work.record(
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


async def take_from_units(work: UnitOfWork, ticket: Ticket) -> None:
    """Let the ticket be nobody's work: every part that a unit has in it ends, with all timers.

    So do what was asked for and not decided, a suspension, and with the lead's part its contest.
    Its units keep seeing it; `dispatched_at` stays, because its clocks have run.
    """
    ticket.lead_unit_id = ticket.deadline = None
    await timers.disarm(work, ticket.id)
    await _end_assignments(work, ticket)
    await lapse(work, [ticket.id])
    await end_suspension(work, ticket)


async def take_from_accused(work: UnitOfWork, ticket: Ticket) -> None:
    """End every part that the accused unit and those below it have beside the lead's, with its
    timers (J32)."""
    parts = await recusal.parts_of_accused(work, ticket)
    if not parts:
        return
    for part in parts:
        part.ended_at = work.now
    ended = [str(part.id) for part in parts]
    for name in ("task", "part"):
        await timers.disarm(work, ticket.id, PART_KINDS, **{name: ended})


async def _end_assignments(work: UnitOfWork, ticket: Ticket) -> None:
    await work.flush()
    await work.session.execute(
        update(Assignment)
        .where(Assignment.ticket_id == ticket.id, Assignment.ended_at.is_(None))
        .values(ended_at=work.now)
    )
