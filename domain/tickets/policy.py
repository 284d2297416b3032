"""Who may see which ticket, and what they are to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Text,
    and_,
    any_,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
)

from domain.kernel.actor import CENTRE, Role
from domain.kernel.aliases import alias_of
from domain.kernel.errors import NotAllowed, NotFound
from domain.kernel.visibility import actor_citizen_id, actor_role, actor_subject, actor_unit_id
from domain.kernel.vocabulary import TicketKind, TicketStatus, UnitLevel
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.models import Audience, Ticket
from domain.tickets.recusals import not_recused
from domain.tickets.workflow import Action, Condition, Party, may
from domain.units.models import Unit

_SEES_ALL = CENTRE | {Role.SYSTEM}


def visible_to(role: Role, ticket: FromClause) -> ColumnElement[bool] | None:
    """The one predicate of tickets; None where the role sees all of them (api.md, Roles).

    A citizen sees their own, a handler those of the own unit and below, a partner what it
    submitted, the centre all, and who has no token none. Staff do not see what they were taken off
    (J32); that the unit which a report is about does not see it is in `audience`.
    """
    if role in _SEES_ALL:
        return _unless_recused(role, ticket.c.id)
    if role is Role.CITIZEN:
        return ticket.c.citizen_id == actor_citizen_id()
    if role is Role.HANDLER:
        audience = alias_of(Audience)
        return and_(
            exists(
                select(1).where(
                    audience.c.unit_id == actor_unit_id(), audience.c.ticket_id == ticket.c.id
                )
            ),
            not_recused(ticket.c.id),
        )
    if role is Role.PARTNER:
        return ticket.c.submitter == actor_subject()
    return false()


def _unless_recused(role: Role, ticket_id: ColumnElement[UUID]) -> ColumnElement[bool] | None:
    return None if role is Role.SYSTEM else not_recused(ticket_id)


def event_visible_to(role: Role, event: FromClause) -> ColumnElement[bool] | None:
    """History entries: those of visible tickets; citizens and partners see the public ones."""
    if role in _SEES_ALL:
        return _unless_recused(role, event.c.ticket_id)
    ticket = alias_of(Ticket)
    seen = visible_to(role, ticket)
    assert seen is not None
    of_visible = exists(select(1).where(ticket.c.id == event.c.ticket_id, seen))
    if role is Role.HANDLER:
        audience = alias_of(Audience)
        return and_(
            exists(
                select(1).where(
                    audience.c.unit_id == actor_unit_id(),
                    audience.c.ticket_id == event.c.ticket_id,
                )
            ),
            not_recused(event.c.ticket_id),
        )
    return and_(event.c.public, of_visible)


def of_visible_ticket(role: Role, row: FromClause) -> ColumnElement[bool] | None:
    """Rows that belong to a ticket and are seen by whoever sees the ticket."""
    if role in _SEES_ALL:
        return _unless_recused(role, row.c.ticket_id)
    if role is Role.HANDLER:
        audience = alias_of(Audience)
        return and_(
            exists(
                select(1).where(
                    audience.c.unit_id == actor_unit_id(), audience.c.ticket_id == row.c.ticket_id
                )
            ),
            not_recused(row.c.ticket_id),
        )
    ticket = alias_of(Ticket)
    seen = visible_to(role, ticket)
    assert seen is not None
    return exists(select(1).where(ticket.c.id == row.c.ticket_id, seen))


def part_visible_to(role: Role, part: FromClause) -> ColumnElement[bool] | None:
    """Parts of visible tickets; whom the centre asked before the dispatch is the offices' business
    (会商)."""
    seen = of_visible_ticket(role, part)
    if seen is None or role not in {Role.CITIZEN, Role.PARTNER}:
        return seen
    return and_(seen, part.c.role != _text(AssignmentRole.CONFEREE))


def for_offices(role: Role, row: FromClause) -> ColumnElement[bool] | None:
    """Rows of a ticket that are the offices' own business: for the centre, and its units."""
    if role in _SEES_ALL:
        return _unless_recused(role, row.c.ticket_id)
    if role is not Role.HANDLER:
        return false()
    audience = alias_of(Audience)
    return and_(
        exists(
            select(1).where(
                audience.c.unit_id == actor_unit_id(), audience.c.ticket_id == row.c.ticket_id
            )
        ),
        not_recused(row.c.ticket_id),
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


# Seven digits or more, however they are set apart: telephone and identity numbers, dates as well.
# Numbers written in words, and names, cannot be told from other text: docs/guide/merging.md.
_LONG_NUMBER = "[0-9０-９](?:[ 　—－-]?[0-9０-９]){6,}"
_MASK = "*******"


def protected(ticket: FromClause) -> ColumnElement[bool]:
    """`Ticket.protected` in SQL."""
    return or_(ticket.c.confidential, ticket.c.kind == _text(TicketKind.REPORT))


def own_words(name: str) -> Callable[[FromClause], ColumnElement[str]]:
    """A ticket's text as the reader may see it: without numbers for units where protected."""
    return lambda ticket: _masked(ticket.c[name], protected(ticket))


def words_of_ticket(name: str) -> Callable[[FromClause], ColumnElement[str]]:
    """The same for a row that belongs to a ticket."""

    def expression(row: FromClause) -> ColumnElement[str]:
        ticket = alias_of(Ticket)
        hidden = exists(select(1).where(ticket.c.id == row.c.ticket_id, protected(ticket)))
        return _masked(row.c[name], hidden)

    return expression


def _masked(words: ColumnElement[str], hidden: ColumnElement[bool]) -> ColumnElement[str]:
    pattern, mask = (literal_column(f"'{text}'", Text()) for text in (_LONG_NUMBER, _MASK))
    masked = func.regexp_replace(words, pattern, mask, literal_column("'g'"), type_=Text())
    # Asked of the role first: only units pay for the look at the ticket.
    return case((actor_role() != _text(Role.HANDLER), words), (hidden, masked), else_=words)


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


# The parts that a unit can have beside the lead, the closest first; each is a Party of that name.
_PARTS = (
    AssignmentRole.JOINT,
    AssignmentRole.CO_HANDLER,
    AssignmentRole.HANDED_DOWN,
    AssignmentRole.CALLED,
    AssignmentRole.CONFEREE,
)


def _part(ticket: FromClause) -> ColumnElement[str]:
    unit = alias_of(Unit)
    above = exists(
        select(1).where(unit.c.id == ticket.c.lead_unit_id, actor_unit_id() == any_(unit.c.lineage))
    )
    return case(
        (ticket.c.lead_unit_id == actor_unit_id(), _text(Party.LEAD)),
        else_=func.coalesce(
            _own_part(ticket), case((above, _text(Party.ABOVE)), else_=_text(Party.NONE))
        ),
    )


def _own_part(ticket: FromClause) -> ColumnElement[str]:
    part = alias_of(Assignment)
    closest = case({role.value: place for place, role in enumerate(_PARTS)}, value=part.c.role)
    return (
        select(part.c.role)
        .where(
            part.c.ticket_id == ticket.c.id,
            part.c.unit_id == actor_unit_id(),
            part.c.role.in_([_text(role) for role in _PARTS]),
            part.c.ended_at.is_(None),
        )
        .order_by(closest)
        .limit(1)
        .scalar_subquery()
    )


def conditions(ticket: FromClause) -> dict[Condition, ColumnElement[bool]]:
    """The conditions of the actor's own parts and of the lead's level, for a ticket."""
    own, asked = alias_of(Assignment), alias_of(Assignment)
    mine = and_(_is_open_task(own, ticket), own.c.unit_id == actor_unit_id())
    awaited = and_(
        asked.c.ticket_id == ticket.c.id,
        asked.c.unit_id == actor_unit_id(),
        asked.c.role == _text(AssignmentRole.CONFEREE),
        asked.c.ended_at.is_(None),
        asked.c.replied_at.is_(None),
    )
    return {
        Condition.OPINION_AWAITED: exists(select(1).where(awaited)),
        Condition.TASK_NEW: exists(select(1).where(mine, own.c.accepted_at.is_(None))),
        Condition.TASK_TAKEN: exists(select(1).where(mine, own.c.accepted_at.is_not(None))),
        Condition.STREET_LEADS: _led_by(ticket, UnitLevel.STREET),
        Condition.GRASSROOTS_LEAD: _led_by(ticket, UnitLevel.STREET, UnitLevel.DISTRICT),
    }


def _is_open_task(part: FromClause, ticket: FromClause) -> ColumnElement[bool]:
    return and_(
        part.c.ticket_id == ticket.c.id,
        part.c.role == _text(AssignmentRole.JOINT),
        part.c.ended_at.is_(None),
        part.c.replied_at.is_(None),
        part.c.excused_at.is_(None),
    )


def _led_by(ticket: FromClause, *levels: UnitLevel) -> ColumnElement[bool]:
    unit = alias_of(Unit)
    return exists(
        select(1).where(
            unit.c.id == ticket.c.lead_unit_id, unit.c.level.in_([_text(each) for each in levels])
        )
    )


def _text(word: StrEnum) -> ColumnElement[str]:
    return literal_column(f"'{word.value}'", Text())


def followed_visible_to(role: Role, primary: FromClause) -> ColumnElement[bool] | None:
    """How a primary stands is told to whoever sees a ticket that follows it."""
    if role in _SEES_ALL:
        return visible_to(role, primary)
    follower = alias_of(Ticket)
    seen = visible_to(role, follower)
    assert seen is not None
    return exists(select(1).where(follower.c.primary_id == primary.c.id, seen))


def states(ticket: FromClause) -> dict[Condition, ColumnElement[bool]]:
    """The conditions that are the ticket's own, whoever asks.

    The citizen is asked about a merged ticket after its primary's reply, and never about a part by
    itself.
    """
    task, part = alias_of(Assignment), alias_of(Ticket)
    heard = or_(ticket.c.status != _text(TicketStatus.MERGED), ticket.c.replied_at.is_not(None))
    return {
        Condition.TASKS_OPEN: exists(select(1).where(_is_open_task(task, ticket))),
        Condition.ASKED_ABOUT: and_(ticket.c.part_of_id.is_(None), heard),
        Condition.WAS_SPLIT: exists(select(1).where(part.c.part_of_id == ticket.c.id)),
    }


def first_open_to(who: Party, actions: Sequence[Action]) -> Action:
    """The first of the actions that the actor may ever take. Raises NotAllowed where there is none.

    One mutation can be a step of the lead's and a step of a joint unit's.
    """
    for action in actions:
        if may(who, action):
            return action
    raise NotAllowed(f"{actions[0].value} is not for this role or unit")


def no_such_ticket() -> NotFound:
    """The one answer for what does not exist and what may not be seen."""
    return NotFound("there is no such ticket")
