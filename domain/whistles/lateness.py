"""What a due timer of a report-in stands for: the unit is late, then the next levels are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.dispatch import office_limits
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.office_limits import ends_at, tell, wait_on
from domain.dispatch.parts import REPORT_IN
from domain.kernel import timers
from domain.kernel.limit import Limit
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets.assignments import Assignment
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step, transition
from domain.whistles import queries
from domain.whistles.models import ReportIn, Whistle


def arm(work: UnitOfWork, rules: Rules, report: ReportIn, limit: Limit | None) -> None:
    """Let a report-in run late at its due time: the end of a limit, or a time that was named."""
    if limit is None:
        timers.arm(work, REPORT_IN, report.ticket_id, report.due_at, **_named(report, 0))
    else:
        office_limits.arm(work, rules, REPORT_IN, report.ticket_id, limit, **_named(report, 0))


def _named(report: ReportIn, step: int) -> dict[str, Any]:
    return {
        "report": str(report.id), "whistle": str(report.whistle_id),
        "part": str(report.assignment_id), "step": step,
    }  # fmt: skip


async def disarm(work: UnitOfWork, report: ReportIn) -> None:
    """The unit reported in: it is waited for no longer."""
    await timers.disarm(work, report.ticket_id, [REPORT_IN], report=str(report.id))


async def disarm_all(work: UnitOfWork, whistle: Whistle) -> None:
    """The whistle was closed: nobody is waited for any longer."""
    await timers.disarm(work, whistle.ticket_id, [REPORT_IN], whistle=str(whistle.id))


async def fire(
    work: UnitOfWork, rules: Rules, tickets: Mapping[UUID, Ticket], due: Sequence[Timer]
) -> None:
    """Mark report-ins as late, tell the next level, and arm the step after it.

    `tickets` are the timers' tickets, locked. Who reported in since, whose whistle was closed or
    ended, and a ticket that is in nobody's hands: nothing changes.
    """
    rules = await rules_now(work, rules)
    found = await queries.awaited(work, {UUID(timer.payload["report"]) for timer in due})
    for timer in due:
        if (each := found.get(UUID(timer.payload["report"]))) is None:
            continue
        ticket = tickets[timer.subject_id]
        late = transition(Step.REPORT_IN_LATE)
        if TicketStatus(ticket.status) in late.sources:
            _look(work, rules, ticket, each, timer)


def _look(
    work: UnitOfWork,
    rules: Rules,
    ticket: Ticket,
    awaited: tuple[ReportIn, Assignment],
    timer: Timer,
) -> None:
    """Follow the calendar, where holidays were declared since; fire what is due by it."""
    report, part = awaited
    number: int = timer.payload["step"]
    due = ends_at(rules, timer, timer.due_at)
    if number == 0 and due != report.due_at and "limit" in timer.payload:
        moved = (report.due_at, due)
        report.due_at = part.deadline = due
        tell(work, rules, ticket, "报到", moved, unit_id=report.unit_id,
             whistle=str(report.whistle_id))  # fmt: skip
    if due > work.now:
        wait_on(work, timer, due)
    else:
        _fire(work, rules, ticket, report, number)


def _fire(work: UnitOfWork, rules: Rules, ticket: Ticket, report: ReportIn, number: int) -> None:
    steps = rules.profile.whistle.escalation
    named = {"whistle": str(report.whistle_id), "due": report.due_at.isoformat()}
    if number == 0:
        report.late_at = report.due_at
        advance(work, ticket, Step.REPORT_IN_LATE, unit_id=report.unit_id, **named)
    elif number <= len(steps):
        to = steps[number - 1].to.value
        report.escalated_to = to
        advance(work, ticket, Step.REPORT_IN_ESCALATE, unit_id=report.unit_id, to=to, **named)
    if number < len(steps):
        office_limits.arm(
            work, rules, REPORT_IN, report.ticket_id, steps[number].after, since=report.due_at,
            **_named(report, number + 1),
        )  # fmt: skip
