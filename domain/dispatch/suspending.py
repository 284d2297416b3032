"""Suspension (挂账): explicit measures and a day of review, never forgotten (J24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import select

from domain.dispatch import clocks, moving, office_limits
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.extensions import lapse
from domain.dispatch.models import Suspension
from domain.dispatch.office_limits import ends_at, wait_on
from domain.kernel import timers
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.membership import among
from domain.kernel.texts import check_text
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets import commands, queries
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Step

REVIEW = "suspension.REVIEW"
_DAY, _END = "DAY", "END"
BY_RULE = "复查日已到，自行恢复办理"


async def suspend_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    measures: str,
    review_on: date,
    reason: str,
    expected_version: int | None = None,
) -> Ticket:
    """挂账: stop the clocks under a plan, until its review on a day (J24).

    By the level above the lead or a supervisor, on the lead's proposal: nobody stops their own
    clock. Not once the reply is overdue. Raises InvalidInput, NotFound, NotAllowed, Conflict,
    NotPossibleNow.
    """
    faults = check_text("measures", measures, most=MOST_REMARK)
    faults += check_text("reason", reason, most=MOST_REMARK)
    faults += _review_faults(rules, review_on, work.now)
    if faults:
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.SUSPEND, expected_version)
    advance(
        work, ticket, Action.SUSPEND, unit_id=ticket.lead_unit_id, remark=measures,
        reason=reason, review_on=review_on.isoformat(),
    )  # fmt: skip
    if ticket.deadline is None or work.now >= ticket.deadline:
        raise NotPossibleNow("the reply is overdue: what ran out cannot be stopped")
    rules = await rules_now(work, rules)
    assert ticket.lead_unit_id is not None
    work.follow(
        Suspension(
            id=work.new_id(),
            ticket_id=ticket.id,
            unit_id=ticket.lead_unit_id,
            round=ticket.round,
            measures=measures,
            reason=reason,
            review_on=review_on,
            suspended_by=work.actor.subject,
            suspended_at=work.now,
        )
    )
    await moving.suspend(work, rules, ticket, measures, review_on)
    timers.arm(work, REVIEW, ticket.id, review_at(rules, review_on), point=_DAY, round=ticket.round)
    return ticket


async def resume_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """恢复办理: end a suspension before, or at, its review; the clocks go on where they stood.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("reason", reason, most=MOST_REMARK, required=False):
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.RESUME, expected_version)
    advance(work, ticket, Action.RESUME, unit_id=ticket.lead_unit_id, remark=reason)
    await end(work, ticket)
    await timers.disarm(work, ticket.id, [REVIEW])
    await moving.resume(work, await rules_now(work, rules), [ticket], reason or "")
    return ticket


async def withdraw_ticket(
    work: UnitOfWork,
    ticket_id: UUID | None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """撤回, as `tickets.commands.withdraw_ticket`; what was asked for or suspended ends with it."""
    ticket = await commands.withdraw_ticket(work, ticket_id, reason, expected_version)
    await lapse(work, [ticket.id])
    await end(work, ticket)
    return ticket


async def end(work: UnitOfWork, ticket: Ticket) -> None:
    """Close the record of a ticket's suspension, where there is an open one."""
    for row in (await _open(work, [ticket.id])).values():
        row.ended_at, row.ended_by = work.now, work.actor.subject


async def fire(
    work: UnitOfWork, rules: Rules, tickets: Mapping[UUID, Ticket], due: Sequence[Timer]
) -> None:
    """The day of review has come: put before the supervisor, or resumed, by the city's rule."""
    live = [
        timer for timer in due if tickets[timer.subject_id].status == TicketStatus.SUSPENDED.value
    ]
    if not live:
        return
    rules = await rules_now(work, rules)
    wait = rules.profile.suspension.decide_within
    rows = await _open(work, [timer.subject_id for timer in live])
    resumed = []
    for timer in live:
        ticket, row = tickets[timer.subject_id], rows[timer.subject_id]
        if (at := ends_at(rules, timer, timer.due_at)) > work.now:
            wait_on(work, timer, at)  # holidays were declared since
            continue
        if timer.payload["point"] == _DAY:
            advance(work, ticket, Step.REVIEW_DUE, unit_id=ticket.lead_unit_id,
                    remark=row.measures, review_on=row.review_on.isoformat())  # fmt: skip
            row.reviewed_at = work.now
            if wait is not None:
                office_limits.arm(
                    work, rules, REVIEW, ticket.id, wait, point=_END, round=ticket.round
                )
                continue
        advance(work, ticket, Action.RESUME, unit_id=ticket.lead_unit_id, remark=BY_RULE)
        row.ended_at, row.ended_by = work.now, work.actor.subject
        resumed.append(ticket)
    await moving.resume(work, rules, resumed, BY_RULE)


def review_at(rules: Rules, review_on: date) -> datetime:
    """When the review comes (UTC): with the first opening on or after that local day."""
    return rules.calendar.next_opening(
        datetime.combine(review_on, time(), tzinfo=rules.zone), rules.zone
    )


def _review_faults(rules: Rules, review_on: date, now: datetime) -> list[Fault]:
    maximum = rules.profile.suspension.maximum
    today = now.astimezone(rules.zone).date()
    last = clocks.after(maximum, now, rules.calendar, rules.zone).astimezone(rules.zone).date()
    if not today < review_on <= last:
        return [Fault("reviewOn", f"must be after {today} and at the latest {last}")]
    return []


async def _open(work: UnitOfWork, tickets: Sequence[UUID]) -> Mapping[UUID, Suspension]:
    rows = await work.session.scalars(
        select(Suspension).where(
            among(Suspension.ticket_id, tickets), Suspension.ended_at.is_(None)
        )
    )
    return {row.ticket_id: row for row in rows}
