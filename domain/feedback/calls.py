"""Callbacks as rows: when the next attempt is due, and which attempt is the present one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from domain.dispatch.city import Rules
from domain.feedback.calling import next_attempt
from domain.feedback.models import Callback, CallbackSource, CallbackStatus
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket


def schedule_first(work: UnitOfWork, rules: Rules, ticket: Ticket, unit_id: UUID) -> None:
    """Schedule the first call after a reply of that unit, inside the city's calling hours."""
    _schedule(work, rules, ticket, unit_id, [])


def schedule_next(
    work: UnitOfWork, rules: Rules, ticket: Ticket, earlier: Sequence[Callback]
) -> bool:
    """Schedule another call on another day; False where the attempts are used up."""
    return _schedule(work, rules, ticket, earlier[-1].unit_id, earlier)


def _schedule(
    work: UnitOfWork, rules: Rules, ticket: Ticket, unit_id: UUID, earlier: Sequence[Callback]
) -> bool:
    calls = [call.answered_at for call in earlier if call.answered_at is not None]
    due = next_attempt(
        rules.profile,
        rules.calendar,
        rules.zone,
        after=ticket.replied_at or work.now,
        previous_attempts=calls,
        spread=ticket.id.int % 10_000 / 10_000,
    )
    if due is None:
        return False
    work.add(
        Callback(
            id=work.new_id(),
            ticket_id=ticket.id,
            unit_id=unit_id,
            round=ticket.round,
            attempt=len(earlier) + 1,
            status=CallbackStatus.SCHEDULED.value,
            source=CallbackSource.CALL.value,
            due_at=due,
            priority=ticket.priority,
        )
    )
    return True


async def attempts_of(work: UnitOfWork, ticket_id: UUID, round_: int) -> Sequence[Callback]:
    """The attempts of a round, in order; the last one is the scheduled one while REPLIED."""
    rows = await work.session.scalars(
        select(Callback)
        .where(Callback.ticket_id == ticket_id, Callback.round == round_)
        .order_by(Callback.attempt)
    )
    return rows.all()
