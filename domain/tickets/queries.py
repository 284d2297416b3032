"""Every SELECT on tickets that commands, jobs and channels need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select

from domain.kernel.errors import Conflict, Fault
from domain.kernel.holidays import note_revision, present_revision
from domain.kernel.membership import among
from domain.kernel.visibility import parameters
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Category, Ticket, TicketEvent
from domain.tickets.policy import citizen_shown, first_open_to, no_such_ticket, standing, visible_to
from domain.tickets.workflow import Action, Party

UNKNOWN_CATEGORY: Final = Fault("category", "is not a known category code")


async def lock_for(
    work: UnitOfWork, ticket_id: UUID | None, action: Action, expected_version: int | None = None
) -> Ticket:
    """Lock a ticket for an action: visible, permitted, and still what the caller read.

    Raises NotFound, NotAllowed, Conflict, in this order: a stale version tells nothing to those
    who may not act. Whether the status allows the action is asked by `history.advance`.
    """
    ticket, _ = await lock_for_one_of(work, ticket_id, (action,), expected_version)
    return ticket


async def lock_for_one_of(
    work: UnitOfWork,
    ticket_id: UUID | None,
    actions: Sequence[Action],
    expected_version: int | None = None,
) -> tuple[Ticket, Action]:
    """Lock a ticket for the first of the actions that is the actor's; which one, is returned too.

    Raises as `lock_for` does.
    """
    statement = (
        select(Ticket, standing(Ticket.__table__), present_revision())
        .where(Ticket.id == ticket_id)
        .with_for_update(of=Ticket, key_share=True)
    )
    visible = visible_to(work.actor.role, Ticket.__table__)
    if visible is not None:
        statement = statement.where(visible)
    found = (await work.session.execute(statement, parameters(work.actor))).one_or_none()
    if found is None:
        raise no_such_ticket()
    ticket, who, revision = found
    note_revision(work.session, revision)  # a clock that moves uses the calendar of now
    action = first_open_to(Party(who), actions)
    if expected_version is not None and ticket.version != expected_version:
        raise Conflict("the ticket changed since you read it")
    return ticket, action


async def lock_by_rule(work: UnitOfWork, ids: Sequence[UUID]) -> Sequence[Ticket]:
    """Lock tickets for timers, in the order of their ids; tickets that are in use are left out."""
    statement = (
        select(Ticket, present_revision())
        .where(among(Ticket.id, ids))
        .order_by(Ticket.id)
        .with_for_update(of=Ticket, skip_locked=True, key_share=True)
    )
    rows = (await work.session.execute(statement)).all()
    for _, revision in rows[:1]:
        note_revision(work.session, revision)
    return [ticket for ticket, _ in rows]


async def history_of(work: UnitOfWork, ticket_id: UUID) -> Sequence[TicketEvent]:
    """All history entries of a ticket, in order."""
    statement = (
        select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.position)
    )
    return (await work.session.scalars(statement)).all()


async def category_faults(work: UnitOfWork, code: str | None) -> list[Fault]:
    """The fault of a category code that is not known; none where no category is given."""
    if code is None or await work.session.scalar(select(is_category(code))):
        return []
    return [UNKNOWN_CATEGORY]


def is_category(code: str | ColumnElement[str] | None) -> ColumnElement[bool]:
    """Whether there is a category of that code, as a column of any statement."""
    return exists().where(Category.code == code)


async def unknown_categories(work: UnitOfWork, codes: Collection[str]) -> set[str]:
    """Those of the codes that no category has."""
    if not codes:
        return set()
    rows = await work.session.scalars(select(Category.code).where(Category.code.in_(codes)))
    return set(codes) - set(rows)


async def urges_since(work: UnitOfWork, ticket_id: UUID, since: object) -> int:
    """How often the ticket was urged since that moment."""
    statement = select(func.count()).where(
        TicketEvent.ticket_id == ticket_id,
        TicketEvent.kind == Action.URGE.value,
        TicketEvent.at >= since,
    )
    return int(await work.session.scalar(statement) or 0)


async def shown_citizen(work: UnitOfWork, ticket_id: UUID | None) -> tuple[UUID, UUID]:
    """The citizen of a ticket that the actor sees and that shows its citizen to the actor.

    Returns (citizen, ticket). Raises NotFound otherwise: a hidden citizen and a hidden ticket look
    the same.
    """
    row = Ticket.__table__
    statement = select(row.c.citizen_id, row.c.id).where(
        row.c.id == ticket_id, row.c.citizen_id.is_not(None)
    )
    for condition in (visible_to(work.actor.role, row), citizen_shown(work.actor.role, row)):
        if condition is not None:
            statement = statement.where(condition)
    found = (await work.session.execute(statement, parameters(work.actor))).one_or_none()
    if found is None:
        raise no_such_ticket()
    return found.citizen_id, found.id
