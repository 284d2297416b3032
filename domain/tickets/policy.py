"""Who may see which ticket, and what they are to it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_, exists, false, select

from domain.kernel.actor import CENTRE, Actor, Role
from domain.kernel.errors import NotAllowed, NotFound
from domain.kernel.visibility import actor_citizen_id, actor_subject, actor_unit_id
from domain.kernel.vocabulary import TicketKind
from domain.tickets.models import Audience, Ticket
from domain.tickets.workflow import Action, Party, may, party

_SEES_ALL = CENTRE | {Role.SYSTEM}


def visible_to(role: Role, ticket: FromClause) -> ColumnElement[bool] | None:
    """The one predicate of tickets; None where the role sees all of them (api.md, Roles).

    A citizen sees their own, a handler those of the own unit and below, a partner what it
    submitted, the centre all, and who has no token none.
    """
    if role in _SEES_ALL:
        return None
    if role is Role.CITIZEN:
        return ticket.c.citizen_id == actor_citizen_id()
    if role is Role.HANDLER:
        audience = Audience.__table__.alias()
        return exists(
            select(1).where(
                audience.c.unit_id == actor_unit_id(), audience.c.ticket_id == ticket.c.id
            )
        )
    if role is Role.PARTNER:
        return ticket.c.submitter == actor_subject()
    return false()


def event_visible_to(role: Role, event: FromClause) -> ColumnElement[bool] | None:
    """History entries: those of visible tickets; citizens and partners see the public ones."""
    if role in _SEES_ALL:
        return None
    ticket = Ticket.__table__.alias()
    seen = visible_to(role, ticket)
    assert seen is not None
    of_visible = exists(select(1).where(ticket.c.id == event.c.ticket_id, seen))
    if role is Role.HANDLER:
        audience = Audience.__table__.alias()
        return exists(
            select(1).where(
                audience.c.unit_id == actor_unit_id(), audience.c.ticket_id == event.c.ticket_id
            )
        )
    return and_(event.c.public, of_visible)


def of_visible_ticket(role: Role, row: FromClause) -> ColumnElement[bool] | None:
    """Rows that belong to a ticket and are seen by whoever sees the ticket."""
    if role in _SEES_ALL:
        return None
    if role is Role.HANDLER:
        audience = Audience.__table__.alias()
        return exists(
            select(1).where(
                audience.c.unit_id == actor_unit_id(), audience.c.ticket_id == row.c.ticket_id
            )
        )
    ticket = Ticket.__table__.alias()
    seen = visible_to(role, ticket)
    assert seen is not None
    return exists(select(1).where(ticket.c.id == row.c.ticket_id, seen))


def citizen_shown(role: Role, ticket: FromClause) -> ColumnElement[bool] | None:
    """Whether a ticket shows its citizen (masked): not to units where it is confidential (J32).

    A whistle-blower is never disclosed to a unit: a REPORT hides its citizen like a confidential
    ticket does.
    """
    if role is Role.HANDLER:
        return and_(~ticket.c.confidential, ticket.c.kind != TicketKind.REPORT.value)
    if role in {Role.AGENT, Role.SUPERVISOR, Role.CITIZEN, Role.PARTNER}:
        return None
    return false()


def party_of(actor: Actor, ticket: Ticket) -> Party:
    """What the actor is to this ticket."""
    submitter = ticket.submitter == actor.subject or (
        actor.citizen_id is not None and ticket.citizen_id == actor.citizen_id
    )
    lead = actor.unit_id is not None and ticket.lead_unit_id == actor.unit_id
    return party(actor.role, submitter=submitter, lead=lead)


def require(actor: Actor, ticket: Ticket, action: Action) -> None:
    """Raise NotAllowed where the actor, who sees the ticket, may never take this action."""
    if not may(party_of(actor, ticket), action):
        raise NotAllowed(f"{action.value} is not for this role or unit")


def no_such_ticket() -> NotFound:
    """The one answer for what does not exist and what may not be seen."""
    return NotFound("there is no such ticket")
