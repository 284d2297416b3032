"""提级: before which unit an overdue ticket is brought, and by when that unit must act."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, func, literal_column, select

from domain.dispatch import clocks
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.firing import Fired
from domain.kernel.aliases import alias_of
from domain.kernel.vocabulary import UnitLevel
from domain.kernel.work import UnitOfWork
from domain.supervision.models import Escalation
from domain.supervision.queries import higher_units
from domain.tickets.models import TicketEvent
from domain.tickets.workflow import Action, Step


def brought_before(line: Sequence[tuple[UUID, UnitLevel]], to: UnitLevel) -> UUID:
    """The unit that an escalation to a level is brought before (B20, J29-30). Pure.

    `line` are the units from the root down to the lead. It is the unit of that level above the
    lead; where the lead has none there, the nearest one above it; for the root itself, the root.
    """
    above = line[:-1] or line
    fitting = [unit for unit, level in above if level is to]
    return fitting[-1] if fitting else above[-1][0]


async def record(work: UnitOfWork, rules: Rules, fired: Sequence[Fired]) -> None:
    """Put escalations on record, each with its own deadline; one SELECT for all of them."""
    if not fired:
        return
    rules = await rules_now(work, rules)
    lines = await higher_units(work, list({_lead(each) for each in fired}))
    for each in fired:
        assert each.to is not None
        step = rules.profile.warnings.escalation[each.number - 1]
        work.follow(
            Escalation(
                id=work.new_id(),
                ticket_id=each.ticket.id,
                unit_id=brought_before(lines[_lead(each)], each.to),
                level=each.to.value,
                clock=each.clock.value,
                round=each.ticket.round,
                at=work.now,
                deadline=clocks.after(step.act, work.now, rules.calendar, rules.zone),
            )
        )


def _lead(fired: Fired) -> UUID:
    lead = fired.ticket.lead_unit_id
    assert lead is not None
    return lead


_ENDINGS = (
    Action.REPLY, Action.CONCLUDE, Action.DISPATCH, Action.WITHDRAW, Action.MERGE,
    Step.TAKE_AWAY, Step.REDISPATCH, Step.REWORK, Step.CLOSE,
)  # fmt: skip


def ended_at(escalation: FromClause) -> ColumnElement[datetime]:
    """When an escalation ended: the ticket was replied to, given to a unit anew or to nobody, or is
    over."""
    event = alias_of(TicketEvent)
    return (
        select(func.min(event.c.at))
        .where(
            event.c.ticket_id == escalation.c.ticket_id,
            event.c.at >= escalation.c.at,
            event.c.kind.in_([literal_column(f"'{move.value}'") for move in _ENDINGS]),
        )
        .scalar_subquery()
    )
