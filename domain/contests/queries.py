"""Every SELECT on contests that commands and reads need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, case, exists, literal_column, select

from domain.contests.models import Contest, ContestStatus
from domain.kernel.aliases import alias_of
from domain.kernel.errors import NotFound
from domain.kernel.membership import among
from domain.kernel.visibility import parameters
from domain.kernel.vocabulary import TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.models import Ticket
from domain.tickets.policy import for_offices


async def present_assignment(work: UnitOfWork, ticket: Ticket) -> Assignment:
    """The lead's assignment of a locked ticket that has one."""
    await work.flush()
    rows = await work.session.scalars(
        select(Assignment).where(
            Assignment.ticket_id == ticket.id,
            Assignment.role == AssignmentRole.LEAD.value,
            Assignment.ended_at.is_(None),
        )
    )
    return rows.one()


async def contests_of(work: UnitOfWork, ticket_id: UUID) -> Sequence[Contest]:
    """The contests of a ticket, in order; of a CONTESTED ticket the last waits for its ruling."""
    await work.flush()
    rows = await work.session.scalars(
        select(Contest).where(Contest.ticket_id == ticket_id).order_by(Contest.id)
    )
    return rows.all()


async def by_ids(work: UnitOfWork, ids: Iterable[UUID]) -> Mapping[UUID, Contest]:
    """The contests of those ids, as they are now; their tickets are locked."""
    rows = await work.session.scalars(
        select(Contest).where(among(Contest.id, ids)).execution_options(populate_existing=True)
    )
    return {contest.id: contest for contest in rows}


async def ticket_of(work: UnitOfWork, contest_id: UUID | None) -> UUID:
    """The ticket of a contest that the actor sees. Raises NotFound."""
    row = Contest.__table__
    statement = select(row.c.ticket_id).where(row.c.id == contest_id)
    visible = for_offices(work.actor.role, row)
    if visible is not None:
        statement = statement.where(visible)
    found: UUID | None = await work.session.scalar(statement, parameters(work.actor))
    if found is None:
        raise NotFound("there is no such contest")
    return found


def status_of(contest: FromClause) -> ColumnElement[str]:
    """Where a contest stands, as a name of `ContestStatus`."""
    ticket, assignment = alias_of(Ticket), alias_of(Assignment)
    # Its assignment has not ended either: a contest before the present one may have lapsed, where
    # the ticket was taken from the unit (J32).
    waits = exists(
        select(1).where(
            ticket.c.id == contest.c.ticket_id,
            ticket.c.status == literal_column(f"'{TicketStatus.CONTESTED.value}'"),
            assignment.c.id == contest.c.assignment_id,
            assignment.c.ended_at.is_(None),
        )
    )
    return case(
        (contest.c.ruling.is_not(None), contest.c.ruling),
        (waits, literal_column(f"'{ContestStatus.OPEN.value}'")),
        else_=literal_column(f"'{ContestStatus.LAPSED.value}'"),
    )
