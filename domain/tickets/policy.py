"""Who may see which ticket, and what they are to it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Text,
    and_,
    any_,
    case,
    exists,
    false,
    literal_column,
    or_,
    select,
)

from domain.kernel.actor import CENTRE, Role
from domain.kernel.errors import NotAllowed, NotFound
from domain.kernel.visibility import actor_citizen_id, actor_role, actor_subject, actor_unit_id
from domain.kernel.vocabulary import TicketKind
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.models import Audience, Ticket
from domain.tickets.workflow import Action, Party, may
from domain.units.models import Unit

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


def for_offices(role: Role, row: FromClause) -> ColumnElement[bool] | None:
    """Rows of a ticket that are the offices' own business: for the centre, and its units."""
    if role in _SEES_ALL:
        return None
    if role is not Role.HANDLER:
        return false()
    audience = Audience.__table__.alias()
    return exists(
        select(1).where(
            audience.c.unit_id == actor_unit_id(), audience.c.ticket_id == row.c.ticket_id
        )
    )


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


def standing(ticket: FromClause) -> ColumnElement[str]:
    """What the actor is to a ticket, as a name of `Party`: `workflow.party` in SQL.

    The parts of a handler are looked up only for handlers: CASE stops at the first that holds.
    """
    role = actor_role()
    own = or_(ticket.c.citizen_id == actor_citizen_id(), ticket.c.submitter == actor_subject())
    return case(
        (role == _text(Role.AGENT), _text(Party.CENTRE)),
        (role == _text(Role.SUPERVISOR), _text(Party.SUPERVISOR)),
        (role == _text(Role.HANDLER), _part(ticket)),
        (and_(role.in_([_text(Role.CITIZEN), _text(Role.PARTNER)]), own), _text(Party.SUBMITTER)),
        else_=_text(Party.NONE),
    )


def _part(ticket: FromClause) -> ColumnElement[str]:
    unit = Unit.__table__.alias()
    above = exists(
        select(1).where(unit.c.id == ticket.c.lead_unit_id, actor_unit_id() == any_(unit.c.lineage))
    )
    return case(
        (ticket.c.lead_unit_id == actor_unit_id(), _text(Party.LEAD)),
        (_has_part(ticket, AssignmentRole.JOINT), _text(Party.JOINT)),
        (_has_part(ticket, AssignmentRole.CO_HANDLER), _text(Party.CO_HANDLER)),
        (above, _text(Party.ABOVE)),
        else_=_text(Party.NONE),
    )


def _has_part(ticket: FromClause, role: AssignmentRole) -> ColumnElement[bool]:
    assignment = Assignment.__table__.alias()
    return exists(
        select(1).where(
            assignment.c.ticket_id == ticket.c.id,
            assignment.c.unit_id == actor_unit_id(),
            assignment.c.role == _text(role),
            assignment.c.ended_at.is_(None),
        )
    )


def _text(word: StrEnum) -> ColumnElement[str]:
    return literal_column(f"'{word.value}'", Text())


def require(who: Party, action: Action) -> None:
    """Raise NotAllowed where the actor, who sees the ticket, may never take this action."""
    if not may(who, action):
        raise NotAllowed(f"{action.value} is not for this role or unit")


def no_such_ticket() -> NotFound:
    """The one answer for what does not exist and what may not be seen."""
    return NotFound("there is no such ticket")
