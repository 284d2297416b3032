"""Limits that the offices set one another: a ruling, a report, a report-in, a step of escalation.

Each runs without a stop from one moment to its end, and has one timer. The timer carries the limit
and its begin, so that the end can be computed anew when the working calendar changes: what counts
in working time is looked at again after a declaration of holidays (rescheduling.py), and tells its
ticket's history where its end has moved.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.dispatch import clocks
from domain.dispatch.city import Rules
from domain.dispatch.explanation import instant_in_chinese
from domain.kernel import timers
from domain.kernel.limit import Limit
from domain.kernel.timers import Timer
from domain.kernel.work import UnitOfWork
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step


def arm(
    work: UnitOfWork,
    rules: Rules,
    kind: str,
    subject_id: UUID,
    limit: Limit,
    *,
    since: datetime | None = None,
    **payload: Any,
) -> datetime:
    """Arm the timer of a limit that runs from `since`, or from now; return when it ends (UTC).

    `rules` hold the calendar of now.
    """
    begin = since or work.now
    due = clocks.after(limit, begin, rules.calendar, rules.zone)
    runs = {"limit": limit.model_dump(mode="json"), "since": begin.isoformat()}
    timers.arm(work, kind, subject_id, due, **payload, **runs)
    return due


def ends_at(rules: Rules, timer: Timer, stored: datetime) -> datetime:
    """When the limit of a due timer ends by the calendar of `rules`.

    `stored` is the end on record; it stays where the timer carries no limit (a time that somebody
    named, or a timer of before there were limits in it).
    """
    if (written := timer.payload.get("limit")) is None:
        return stored
    begin = datetime.fromisoformat(timer.payload["since"])
    return clocks.after(Limit.model_validate(written), begin, rules.calendar, rules.zone)


def wait_on(work: UnitOfWork, timer: Timer, at: datetime) -> None:
    """Arm a timer anew that was looked at before its time."""
    timers.arm(work, timer.kind, timer.subject_id, at, **timer.payload)


def tell(
    work: UnitOfWork,
    rules: Rules,
    ticket: Ticket,
    what: str,
    moved: tuple[datetime, datetime],
    *,
    unit_id: UUID | None,
    **detail: str,
) -> None:
    """Say in the ticket's history, to the offices, from where to where the end of a limit moved."""
    before, after = moved
    year = before.astimezone(rules.zone).year
    old, new = (instant_in_chinese(at, rules.zone, year) for at in moved)
    advance(
        work, ticket, Step.DEADLINE_MOVED, unit_id=unit_id,
        remark=f"工作日历调整，{what}时限由{old}改为{new}",
        before=before.isoformat(), after=after.isoformat(), **detail,
    )  # fmt: skip
