"""What a due timer of a report-in stands for: the unit is late, then the next levels are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.dispatch import clocks
from domain.dispatch.city import Rules
from domain.dispatch.parts import REPORT_IN
from domain.kernel import timers
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step, transition
from domain.whistles import queries
from domain.whistles.models import ReportIn, Whistle


def arm(work: UnitOfWork, report: ReportIn) -> None:
    """Let a report-in run late at its due time."""
    _arm(work, report, report.due_at, 0)


def _arm(work: UnitOfWork, report: ReportIn, at: datetime, step: int) -> None:
    timers.arm(
        work, REPORT_IN, report.ticket_id, at,
        report=str(report.id), whistle=str(report.whistle_id), part=str(report.assignment_id),
        step=step,
    )  # fmt: skip


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
    found = await queries.awaited(work, {UUID(timer.payload["report"]) for timer in due})
    for timer in due:
        if (each := found.get(UUID(timer.payload["report"]))) is None:
            continue
        ticket = tickets[timer.subject_id]
        late = transition(Step.REPORT_IN_LATE)
        if TicketStatus(ticket.status) in late.sources:
            _fire(work, rules, ticket, each[0], timer.payload["step"])


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
        at = clocks.after(steps[number].after, report.due_at, rules.calendar, rules.zone)
        _arm(work, report, at, number + 1)
