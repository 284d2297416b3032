"""Accept (签收): the lead unit takes a ticket in hand."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

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

    Raises NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    ticket = await queries.lock_for(work, ticket_id, Action.ACCEPT, expected_version)
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
