"""Whether each clock of a ticket said what it had to say, once, in order and in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.dispatch import clocks
from domain.dispatch.city import Rules
from domain.dispatch.models import ClockSegment
from domain.dispatch.ticking import escalation_kind, read_segment, timer_kind
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ClockName
from domain.tickets.models import Ticket, TicketEvent

RISE: Mapping[str, str] = {
    "WARN": "warned_at",
    "OVERDUE": "overdue_at",
    "ESCALATE": "escalated_to",
}
"""What a clock may say, and where the ticket keeps that it did."""

_ENDED_BY = {
    ClockName.ACCEPT: "ACCEPT",
    ClockName.CONTACT: "RECORD_CONTACT",
    ClockName.REPLY: "REPLY",
}
_HELD_BY = {"WARNING": "WARN", "DEADLINE": "OVERDUE", "ESCALATION": "ESCALATE"}


class Point(NamedTuple):
    """One thing that a clock says, and when."""

    kind: str
    at: datetime


def clock_faults(
    rules: Rules,
    ticket: Ticket,
    events: Sequence[TicketEvent],
    segments: Sequence[ClockSegment],
    timers: Sequence[Timer],
    by: datetime,
) -> Iterator[tuple[str, str]]:
    """Yield (sort, words) for everything that is wrong with the ticket's clocks.

    `sort` is `half`, `twice` or `missed`; every point up to `by` must have been told.
    """
    if not segments:
        return
    rounds = range(1, ticket.round + 1)
    present = Counter((segment.clock, segment.round) for segment in segments)
    if present != Counter((clock.value, round_) for clock in ClockName for round_ in rounds):
        yield "half", f"its clocks are {sorted(present.items())}"
        return
    if [segment.position for segment in segments] != list(range(len(segments))):
        yield "half", "its segments are not counted through"
    for segment in segments:
        mine = [each for each in timers if _belongs(each, segment)]
        told = [each for each in events if _told_by(each, segment)]
        yield from _one_clock(rules, ticket, events, segment, mine, told, by)
        above = [each for each in timers if _lies_above(each, segment)]
        yield from _above_faults(segment, events, told, above)
    owned = [_belongs(each, one) or _lies_above(each, one) for each in timers for one in segments]
    strays = len(timers) - sum(owned)
    if strays:
        yield "half", f"{strays} timers of no clock"


def _belongs(timer: Timer, segment: ClockSegment) -> bool:
    kind = timer_kind(ClockName(segment.clock))
    return timer.kind == kind and timer.payload["round"] == segment.round


def _lies_above(timer: Timer, segment: ClockSegment) -> bool:
    """Whether it is the clock of a unit that the segment's clock was brought before."""
    kind = escalation_kind(ClockName(segment.clock))
    return timer.kind == kind and timer.payload["round"] == segment.round


def _above_faults(
    segment: ClockSegment,
    events: Sequence[TicketEvent],
    told: Sequence[TicketEvent],
    above: Sequence[Timer],
) -> Iterator[tuple[str, str]]:
    """Whom a clock was brought before has a clock of its own, until the duty is done."""
    name = f"{segment.clock} of round {segment.round}"
    brought = sum(event.kind == "ESCALATE" for event in told)
    if _end_of(events, segment) is None and len(above) != brought:
        yield "half", f"{name} was brought up {brought} times, with {len(above)} timers"
    elif len(above) > brought or any(
        each.fired_at is None for each in above if _end_of(events, segment) is not None
    ):
        yield "half", f"{name} is over, and still waited for above: {len(above)} timers"


def _told_by(event: TicketEvent, segment: ClockSegment) -> bool:
    same = event.detail.get("clock") == segment.clock and event.round == segment.round
    return event.kind in RISE and same


def _one_clock(
    rules: Rules,
    ticket: Ticket,
    events: Sequence[TicketEvent],
    segment: ClockSegment,
    timers: Sequence[Timer],
    told: Sequence[TicketEvent],
    by: datetime,
) -> Iterator[tuple[str, str]]:
    name = f"{segment.clock} of round {segment.round}"
    points = points_of(rules, segment)
    if segment.deadline != points[1].at:
        yield "half", f"{name} says {segment.deadline}, computed {points[1].at}"
    now_running = segment.clock == ClockName.REPLY.value and segment.round == ticket.round
    if now_running and ticket.deadline != segment.deadline:
        yield "half", f"the deadline is {ticket.deadline}, its clock says {segment.deadline}"
    kinds = [event.kind for event in told]
    if kinds != [point.kind for point in points[: len(kinds)]]:
        yield "twice", f"{name} told {kinds}"
        return
    for event, point in zip(told, points, strict=False):
        if event.at < point.at:
            yield "half", f"{name} told {point.kind} {point.at - event.at} early"
    fired = sum(timer.fired_at is not None for timer in timers)
    if fired != len(told):
        sort = "missed" if fired > len(told) else "twice"
        yield sort, f"{name} told {kinds}, its timers: {_in_words(timers)}"
    armed = [timer for timer in timers if timer.fired_at is None]
    end = _end_of(events, segment)
    if end is None:
        yield from _running_faults(name, points[len(told) : len(told) + 1], armed, by)
    elif armed or any(event.position > end.position for event in told):
        yield "half", f"{name} is over, told {kinds}, armed: {_in_words(armed)}"


def _running_faults(
    name: str, following: Sequence[Point], armed: Sequence[Timer], by: datetime
) -> Iterator[tuple[str, str]]:
    """A clock that runs waits for its next point with one timer, and for nothing that is past."""
    waits = [Point(_HELD_BY[each.payload["point"]], each.due_at) for each in armed]
    if waits != list(following):
        yield "half", f"{name} waits for {list(following)}, armed: {_in_words(armed)}"
    if any(point.at <= by for point in following):
        yield "missed", f"{name} should have told {list(following)}"


def points_of(rules: Rules, segment: ClockSegment) -> list[Point]:
    """The warning, the deadline and the escalations of a clock that is this one segment."""
    line = [read_segment(segment.kind, segment.at, segment.cause, segment.detail)]
    warning = clocks.warning_at(rules.profile, line, rules.calendar, rules.zone)
    due = clocks.deadline(line, rules.calendar, rules.zone)
    assert warning is not None and due is not None
    steps = clocks.escalations(rules.profile, due, rules.calendar, rules.zone)
    later = [Point("ESCALATE", step.at) for step in steps]
    return [Point("WARN", warning), Point("OVERDUE", due), *later]


def _end_of(events: Sequence[TicketEvent], segment: ClockSegment) -> TicketEvent | None:
    """What ended the clock, where its duty is done."""
    ends = {_ENDED_BY[ClockName(segment.clock)], _ENDED_BY[ClockName.REPLY]}
    done = (each for each in events if each.kind in ends and each.round == segment.round)
    return next(done, None)


def _in_words(timers: Sequence[Timer]) -> str:
    return ", ".join(
        f"{each.payload['point']} due {each.due_at:%d %H:%M:%S} fired {each.fired_at}"
        f"{f' failed {each.failures}: {each.last_failure}' if each.failures else ''}"
        for each in timers
    )
