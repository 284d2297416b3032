"""Accept (签收): a unit takes in hand what it was given."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from domain.dispatch.joint import accept_task
from domain.dispatch.ticking import stop_clocks
from domain.kernel.vocabulary import ClockName
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action


async def accept_ticket(
    work: UnitOfWork, ticket_id: UUID | None, expected_version: int | None = None
) -> Ticket:
    """签收: the lead unit confirms that it has the ticket; its sign-in clock ends.

    A joint unit accepts its own task by the same step; the ticket's status stays.
    Raises NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    steps = (Action.ACCEPT, Action.ACCEPT_TASK)
    ticket, step = await queries.lock_for_one_of(work, ticket_id, steps, expected_version)
    if step is Action.ACCEPT_TASK:
        await accept_task(work, ticket)
        return ticket
    advance(work, ticket, Action.ACCEPT, unit_id=ticket.lead_unit_id)
    ticket.accepted_at = work.now
    await stop_clocks(work, ticket, [ClockName.ACCEPT])
    await work.session.execute(
        update(Assignment)
        .where(
            Assignment.ticket_id == ticket.id,
            Assignment.role == AssignmentRole.LEAD.value,
            Assignment.ended_at.is_(None),
        )
        .values(accepted_at=work.now)
    )
    return ticket
