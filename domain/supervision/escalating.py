"""提级: before which unit an overdue ticket is brought, and by when that unit must act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, and_, func, literal_column, or_, select

from domain.dispatch import office_limits
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.firing import Fired
from domain.dispatch.office_limits import ends_at, tell, wait_on
from domain.dispatch.ticking import escalation_kind
from domain.kernel.aliases import alias_of
from domain.kernel.membership import among
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ClockName, SupervisionTrigger, TicketStatus, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.supervision.models import Escalation
from domain.supervision.opening import write_order
from domain.supervision.queries import higher_units, open_subjects
from domain.tickets.models import Ticket, TicketEvent
from domain.tickets.workflow import SUPERVISED, Action, Step


def brought_before(line: Sequence[tuple[UUID, UnitLevel]], to: UnitLevel) -> UUID:
    """The unit that an escalation to a level is brought before (B20, J29-30). Pure.

    `line` are the units from the root down to the lead. It is the unit of that level above the
    lead; where the lead has none there, the nearest one above it; for the root itself, the root.
    """
    above = line[:-1] or line
    fitting = [unit for unit, level in above if level is to]
    return fitting[-1] if fitting else above[-1][0]


async def record(work: UnitOfWork, rules: Rules, fired: Sequence[Fired]) -> None:
    """Put escalations on record, each with its own clock; one SELECT for all of them."""
    if not fired:
        return
    rules = await rules_now(work, rules)
    lines = await higher_units(work, list({_lead(each) for each in fired}))
    for each in fired:
        assert each.to is not None
        step = rules.profile.warnings.escalation[each.number - 1]
        id_ = work.new_id()
        due = office_limits.arm(
            work,
            rules,
            escalation_kind(each.clock),
            each.ticket.id,
            step.act,
            escalation=str(id_),
            round=each.ticket.round,
        )
        work.follow(
            Escalation(
                id=id_,
                ticket_id=each.ticket.id,
                unit_id=brought_before(lines[_lead(each)], each.to),
                level=each.to.value,
                clock=each.clock.value,
                round=each.ticket.round,
                at=work.now,
                deadline=due,
            )
        )


async def fire(
    work: UnitOfWork, rules: Rules, tickets: Mapping[UUID, Ticket], due: Sequence[Timer]
) -> None:
    """The higher unit has not brought the ticket on in its time: it is supervised itself.

    `tickets` are the timers' tickets, locked. What has ended since, or has time again, changes
    nothing. Each unit has one open order at most for what lies before it of one ticket.
    """
    rules = await rules_now(work, rules)
    found = await going_on(work, [UUID(timer.payload["escalation"]) for timer in due])
    missed: dict[str, tuple[Ticket, Escalation]] = {}
    for timer in due:
        escalation, ticket = found.get(UUID(timer.payload["escalation"])), tickets[timer.subject_id]
        if escalation is None or ticket.escalated_to is None:
            continue
        before, after = escalation.deadline, ends_at(rules, timer, escalation.deadline)
        if after != before:
            escalation.deadline = after
            tell(work, rules, ticket, "提级处置", (before, after), unit_id=escalation.unit_id)
        if after > work.now:
            wait_on(work, timer, after)
        else:
            missed.setdefault(f"{ticket.id}/{escalation.unit_id}", (ticket, escalation))
    await _supervise(work, rules, missed)


async def _supervise(
    work: UnitOfWork, rules: Rules, missed: Mapping[str, tuple[Ticket, Escalation]]
) -> None:
    if not missed:
        return
    trigger = SupervisionTrigger.ESCALATION
    known = await open_subjects(work, trigger, list(missed))
    grade = rules.profile.supervision.grades[trigger]
    for subject, (ticket, escalation) in missed.items():
        if subject not in known and TicketStatus(ticket.status) in SUPERVISED:
            write_order(
                work, rules, [ticket], trigger, grade, "提级后逾期未推动办理",
                subject=subject, unit_id=escalation.unit_id,
            )  # fmt: skip


async def going_on(work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, Escalation]:
    """Those of the escalations that have not ended."""
    row = Escalation.__table__
    rows = await work.session.scalars(
        select(Escalation)
        .where(among(Escalation.id, ids), ended_at(row).is_(None))
        .execution_options(populate_existing=True)
    )
    return {escalation.id: escalation for escalation in rows}


def _lead(fired: Fired) -> UUID:
    lead = fired.ticket.lead_unit_id
    assert lead is not None
    return lead


_ENDINGS = (
    Action.REPLY, Action.CONCLUDE, Action.DISPATCH, Action.WITHDRAW, Action.MERGE,
    Step.TAKE_AWAY, Step.REDISPATCH, Step.REWORK, Step.CLOSE,
)  # fmt: skip


# Signing in and first contact are duties of their own: a clock's escalation ends with its duty.
_DUTIES = {ClockName.ACCEPT: Action.ACCEPT, ClockName.CONTACT: Action.RECORD_CONTACT}


def ended_at(escalation: FromClause) -> ColumnElement[datetime]:
    """When an escalation ended: the duty of its clock was done, the ticket was given to a unit anew
    or to nobody, or is over."""
    event = alias_of(TicketEvent)
    done = [
        and_(escalation.c.clock == _literal(clock), event.c.kind == _literal(duty))
        for clock, duty in _DUTIES.items()
    ]
    return (
        select(func.min(event.c.at))
        .where(
            event.c.ticket_id == escalation.c.ticket_id,
            event.c.at >= escalation.c.at,
            or_(event.c.kind.in_([_literal(move) for move in _ENDINGS]), *done),
        )
        .scalar_subquery()
    )


def _literal(word: StrEnum) -> ColumnElement[str]:
    return literal_column(f"'{word.value}'")
