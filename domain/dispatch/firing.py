"""What a due timer of a clock stands for: the warning, the deadline, an escalation.

Written for many timers at once: however many there are, their segments are read in one statement,
and what they change is written by the flush, one statement a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm.attributes import flag_modified

from domain.dispatch import clocks
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.clocks import Escalation
from domain.dispatch.extensions import lapse
from domain.dispatch.points import DEADLINE, ESCALATION, WARNING
from domain.dispatch.segments import Segment
from domain.dispatch.ticking import arm, recorded, running
from domain.kernel import timers
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ClockName, TicketStatus, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step, transition

_STEPS = {WARNING: Step.WARN, DEADLINE: Step.OVERDUE, ESCALATION: Step.ESCALATE}
_FROM_THE_TOP = list(UnitLevel)


@dataclass(frozen=True, slots=True)
class Fired:
    """A point of a clock that is in the history now; `to` is the level of an escalation."""

    ticket: Ticket
    step: Step
    clock: ClockName
    due: datetime
    to: UnitLevel | None = None
    number: int = 0


async def fire(
    work: UnitOfWork, rules: Rules, tickets: Mapping[UUID, Ticket], due: Sequence[Timer]
) -> list[Fired]:
    """Take what due timers stand for into the history, in their order, and arm the next points.

    `tickets` are the timers' tickets, locked. A timer of an earlier round, of a clock whose duty is
    done, or of a ticket that is in nobody's hands changes nothing. One whose point has moved into
    the future (a holiday that was declared since) is armed anew. Returns what is in the history.
    """
    live = [timer for timer in due if _counts(tickets[timer.subject_id], timer)]
    if not live:
        return []
    rules = await rules_now(work, rules)
    found = await recorded(work, {timer.subject_id for timer in live})
    fired: list[Fired | None] = []
    for timer in live:
        ticket = tickets[timer.subject_id]
        fired.append(_fire(work, rules, ticket, timer, found.of(ticket, _clock(timer))))
    if late := {timer.subject_id for timer in live if _ends_the_reply(timer)}:
        await lapse(work, [id_ for id_ in late if _is_late(work, tickets[id_])])
    return [each for each in fired if each is not None]


def _clock(timer: Timer) -> ClockName:
    return ClockName(timer.kind.removeprefix("clock."))


def _ends_the_reply(timer: Timer) -> bool:
    return _clock(timer) is ClockName.REPLY and timer.payload["point"] == DEADLINE


def _is_late(work: UnitOfWork, ticket: Ticket) -> bool:
    return ticket.deadline is not None and ticket.deadline <= work.now


def _counts(ticket: Ticket, timer: Timer) -> bool:
    step = _STEPS[timer.payload["point"]]
    return (
        timer.payload["round"] == ticket.round
        and _clock(timer) in running(ticket)
        and TicketStatus(ticket.status) in transition(step).sources
    )


def _fire(
    work: UnitOfWork, rules: Rules, ticket: Ticket, timer: Timer, segments: Sequence[Segment]
) -> Fired | None:
    point: str = timer.payload["point"]
    due = clocks.deadline(segments, rules.calendar, rules.zone)
    if due is None:
        return None  # it stands still; what lets it run again arms it
    steps = clocks.escalations(rules.profile, due, rules.calendar, rules.zone)
    number: int = timer.payload.get("step", 0)
    at = _instant(rules, point, segments, due, steps[number - 1 : number])
    if at is None:
        return None  # the city has no such point any more
    if at > work.now:
        _arm_anew(work, ticket, timer, at, due)
        return None
    to = steps[number - 1].to if point == ESCALATION else None
    _record(work, ticket, timer, at, due, to)
    if point == WARNING:
        arm(work, ticket, _clock(timer), DEADLINE, due)
    elif number < len(steps):
        arm(work, ticket, _clock(timer), ESCALATION, steps[number].at, step=number + 1)
    return Fired(ticket, _STEPS[point], _clock(timer), due, to, number)


def _record(
    work: UnitOfWork,
    ticket: Ticket,
    timer: Timer,
    at: datetime,
    due: datetime,
    to: UnitLevel | None,
) -> None:
    # The flush writes tickets that changed in the same columns by one statement.
    for name in ("warned_at", "overdue_at", "escalated_to"):
        flag_modified(ticket, name)
    step = _STEPS[timer.payload["point"]]
    detail: dict[str, Any] = {"clock": _clock(timer).value}
    detail |= {"due": at.isoformat(), "deadline": due.isoformat()}
    if step is Step.WARN:
        ticket.warned_at = work.now
    elif step is Step.OVERDUE:
        ticket.overdue_at = ticket.overdue_at or due
    if to is None:
        advance(work, ticket, step, unit_id=ticket.lead_unit_id, **detail)
    else:
        ticket.escalated_to = _higher(ticket.escalated_to, to)
        advance(work, ticket, step, to=to.value, **detail)


def _instant(
    rules: Rules,
    point: str,
    segments: Sequence[Segment],
    due: datetime,
    escalation: Sequence[Escalation],
) -> datetime | None:
    """When the point is, by the segments and the calendar as they now stand."""
    if point == WARNING:
        return clocks.warning_at(rules.profile, segments, rules.calendar, rules.zone)
    if point == DEADLINE:
        return due
    return escalation[0].at if escalation else None


def _arm_anew(
    work: UnitOfWork, ticket: Ticket, timer: Timer, at: datetime, deadline: datetime
) -> None:
    if _clock(timer) is ClockName.REPLY:
        ticket.deadline = deadline
    timers.arm(work, timer.kind, ticket.id, at, **timer.payload)


def _higher(present: str | None, to: UnitLevel) -> str:
    """The higher of two levels: what was brought before the city stays there."""
    if present is None:
        return to.value
    return min(UnitLevel(present), to, key=_FROM_THE_TOP.index).value
