"""Who may see a whistle, and which of its steps wait for the actor."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_, exists, false, select

from domain.kernel.actor import Role
from domain.kernel.aliases import alias_of
from domain.kernel.visibility import actor_unit_id
from domain.tickets.assignments import Assignment
from domain.tickets.policy import of_visible_ticket
from domain.tickets.workflow import Condition
from domain.whistles.models import ReportIn, Whistle

_OUTSIDE = frozenset({Role.PUBLIC, Role.CITIZEN, Role.PARTNER})


def visible_to(role: Role, row: FromClause) -> ColumnElement[bool] | None:
    """Whistles and report-ins are the offices' business: of visible tickets, and never outside."""
    return false() if role in _OUTSIDE else of_visible_ticket(role, row)


def conditions(ticket: FromClause) -> dict[Condition, ColumnElement[bool]]:
    """The conditions of whistles, for the actor and a ticket."""
    called, heard, rated = (alias_of(ReportIn) for _ in range(3))
    return {
        Condition.CALLED_IN: exists(
            select(1).where(
                called.c.ticket_id == ticket.c.id,
                called.c.unit_id == actor_unit_id(),
                called.c.reported_at.is_(None),
                _goes_on(called),
                _is_unclosed(called),
            )
        ),
        Condition.REPORT_TO_CONFIRM: exists(
            select(1).where(
                heard.c.ticket_id == ticket.c.id,
                heard.c.reported_at.is_not(None),
                heard.c.confirmed.is_(None),
                _goes_on(heard),
            )
        ),
        Condition.WHISTLE_TO_RATE: exists(
            select(1).where(
                rated.c.ticket_id == ticket.c.id,
                rated.c.unit_id == actor_unit_id(),
                rated.c.reported_at.is_not(None),
                rated.c.caller_rating.is_(None),
                _goes_on(rated),
            )
        ),
        Condition.WHISTLE_OPEN: _has_open_whistle(ticket),
    }


def _goes_on(report: FromClause) -> ColumnElement[bool]:
    part = alias_of(Assignment)
    return exists(select(1).where(part.c.id == report.c.assignment_id, part.c.ended_at.is_(None)))


def _is_unclosed(report: FromClause) -> ColumnElement[bool]:
    whistle = alias_of(Whistle)
    return exists(
        select(1).where(whistle.c.id == report.c.whistle_id, whistle.c.closed_at.is_(None))
    )


def _has_open_whistle(ticket: FromClause) -> ColumnElement[bool]:
    whistle, report = alias_of(Whistle), alias_of(ReportIn)
    going_on = exists(select(1).where(report.c.whistle_id == whistle.c.id, _goes_on(report)))
    return exists(
        select(1).where(
            and_(whistle.c.ticket_id == ticket.c.id, whistle.c.closed_at.is_(None), going_on)
        )
    )
