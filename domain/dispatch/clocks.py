"""The clocks of a ticket: when each limit ends, when to warn, and when to escalate. Pure.

Two kinds of time (rules: Clocks). On the wall clock every minute counts. In working time only the
hours of workdays count, and n working days end at the same wall time n workdays later
(domain.kernel.calendar has the definition). While a clock is stopped, neither runs.

A clock first uses up its base limit, then each extension in its own calendar. When the level
changes, the limit of the new level counts from the clock's start, so that the time already run and
the pauses already had both stay counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from domain.dispatch.segments import Cause, Segment, SegmentKind, Timeline
from domain.kernel.calendar import WorkCalendar
from domain.kernel.errors import NotPossibleNow
from domain.kernel.limit import CalendarKind, Limit
from domain.kernel.profile import Profile
from domain.kernel.vocabulary import FIRST_ROUND, ClockName, ResponseLevel, UnitLevel

_TICK = timedelta(microseconds=1)
_Phase = tuple[CalendarKind, timedelta]
_Stretch = tuple[datetime, datetime | None]


class ExtensionTooLong(NotPossibleNow):
    """The extensions of a clock would add up to more than the city allows."""


class Escalation(NamedTuple):
    """提级: at `at` (UTC) an overdue ticket is brought before that level."""

    at: datetime
    to: UnitLevel


def limit_of(
    profile: Profile,
    clock: ClockName,
    level: ResponseLevel,
    *,
    round: int,  # noqa: A002 — the contract's word
) -> Limit:
    """Return the limit of a clock: in a rework round the REPLY clock gets a share of it.

    `round` counts from FIRST_ROUND; signing in and contact have their full limit in every round.
    """
    limit = profile.limit(clock, level)
    if clock is ClockName.REPLY and round > FIRST_ROUND:
        return limit.share(profile.rework.share)
    return limit


def start(
    profile: Profile,
    clock: ClockName,
    level: ResponseLevel,
    at: datetime,
    *,
    round: int,  # noqa: A002 — the contract's word
) -> Segment:
    """Return the segment that starts a clock at `at`."""
    limit = limit_of(profile, clock, level, round=round)
    cause = Cause.REWORK if round > FIRST_ROUND else Cause.DISPATCH
    return Segment(SegmentKind.RUN, at, cause, limit, level)


def change_level(
    profile: Profile,
    clock: ClockName,
    level: ResponseLevel,
    at: datetime,
    *,
    round: int,  # noqa: A002 — the contract's word
    text: str = "",
) -> Segment:
    """Return the segment by which the level's limit replaces the one in force.

    It counts from the clock's start; a deadline that then lies in the past is overdue at once.
    """
    limit = limit_of(profile, clock, level, round=round)
    return Segment(SegmentKind.LEVEL_CHANGE, at, Cause.LEVEL, limit, level, text)


def pause(at: datetime, cause: Cause = Cause.CONTEST, text: str = "") -> Segment:
    """Return the segment that stops a clock, e.g. while a contest is reviewed (B12)."""
    return Segment(SegmentKind.PAUSE, at, cause, text=text)


def suspend(at: datetime, text: str, review_on: date | None = None) -> Segment:
    """Return the segment that stops a clock under a plan until its review (挂账, J24)."""
    return Segment(SegmentKind.SUSPENSION, at, Cause.SUSPENSION, text=text, review_on=review_on)


def resume(at: datetime, text: str = "") -> Segment:
    """Return the segment that ends one stop."""
    return Segment(SegmentKind.RUN, at, Cause.RESUMPTION, text=text)


def extend(
    profile: Profile, segments: Iterable[Segment], at: datetime, limit: Limit, text: str
) -> Segment:
    """Return the segment that adds `limit` to a clock (延期, B15).

    Raises ExtensionTooLong where all its extensions together pass the city's maximum; lengths are
    compared day for day, a working day as one day.
    """
    earlier = (s.limit.nominal for s in segments if s.kind is SegmentKind.EXTENSION and s.limit)
    maximum = profile.extension.maximum
    if sum(earlier, limit.nominal) > maximum.nominal:
        raise ExtensionTooLong(f"extensions may add at most {maximum.in_english()}")
    return Segment(SegmentKind.EXTENSION, at, Cause.EXTENSION, limit, text=text)


def calendar_changed(
    at: datetime, text: str, moved: tuple[datetime, datetime] | None = None
) -> Segment:
    """Return the segment that records a new holiday arrangement, so that it can be explained.

    `moved` says from where to where the deadline moved by it.

    It moves nothing by itself: a deadline is always computed with the calendar as it now stands.
    """
    return Segment(SegmentKind.CALENDAR_CHANGE, at, Cause.CALENDAR, text=text, moved=moved)


def deadline(segments: Iterable[Segment], calendar: WorkCalendar, zone: tzinfo) -> datetime | None:
    """Return the instant (UTC) at which the limit is used up; None while the clock stands still.

    At that very instant the ticket is overdue. The order of segments does not matter.
    Raises UnsoundSegments where the segments do not describe a clock.
    """
    timeline = Timeline.of(segments)
    phases = [_measure(limit, calendar) for limit in timeline.phases]
    return _reach(timeline, phases, calendar, zone)


def warning_at(
    profile: Profile, segments: Iterable[Segment], calendar: WorkCalendar, zone: tzinfo
) -> datetime | None:
    """Return the instant (UTC) of the yellow warning; None where the clock stands still before it.

    It comes when the profile's share of the limit, extensions included, is used up; for the sum a
    full working day weighs as much as a day.
    """
    timeline = Timeline.of(segments)
    phases = [_measure(limit, calendar) for limit in timeline.phases]
    return _reach(timeline, _first(profile.warnings.yellow, phases, calendar), calendar, zone)


def escalations(
    profile: Profile, overdue_since: datetime, calendar: WorkCalendar, zone: tzinfo
) -> list[Escalation]:
    """Return the steps (提级, B20, J29-30) after a deadline, in the order of their time."""
    steps = profile.warnings.escalation
    return sorted(
        Escalation(after(step.after, overdue_since, calendar, zone), step.to) for step in steps
    )


def after(limit: Limit, at: datetime, calendar: WorkCalendar, zone: tzinfo) -> datetime:
    """Return the instant (UTC) at which a limit that is never stopped ends, from an aware `at`."""
    kind, amount = _measure(limit, calendar)
    at = at.astimezone(UTC)
    return at + amount if kind is CalendarKind.WALL else calendar.add(at, amount, zone)


def _measure(limit: Limit, calendar: WorkCalendar) -> _Phase:
    return limit.calendar, limit.workdays * calendar.day_length + limit.time


def _first(share: Decimal, phases: Sequence[_Phase], calendar: WorkCalendar) -> list[_Phase]:
    day = {CalendarKind.WALL: timedelta(days=1), CalendarKind.WORKING: calendar.day_length}
    weights = [Decimal(amount // _TICK) / Decimal(day[kind] // _TICK) for kind, amount in phases]
    left = share * sum(weights)
    result = []
    for (kind, amount), weight in zip(phases, weights, strict=True):
        if left < weight:
            result.append((kind, int(amount // _TICK * left / weight) * _TICK))
            break
        result.append((kind, amount))
        left -= weight
    return result


def _reach(
    timeline: Timeline, phases: Iterable[_Phase], calendar: WorkCalendar, zone: tzinfo
) -> datetime | None:
    position: datetime | None = timeline.start.at
    for kind, amount in phases:
        if position is None:
            break
        position = _use_up(amount, _counted(kind, position, timeline.running, calendar, zone))
    return position


def _counted(
    kind: CalendarKind,
    position: datetime,
    running: Iterable[_Stretch],
    calendar: WorkCalendar,
    zone: tzinfo,
) -> Iterator[_Stretch]:
    """Yield, from `position` on, the time that counts: running, and open if it is working time."""
    for begin, end in running:
        since = max(begin, position)
        if end is not None and end <= since:
            continue
        if kind is CalendarKind.WALL:
            yield since, end
        else:
            yield from calendar.open_spans(since, end, zone)


def _use_up(amount: timedelta, stretches: Iterable[_Stretch]) -> datetime | None:
    left = amount
    for begin, end in stretches:
        if end is None or left < end - begin:
            return begin + left
        left -= end - begin
    return None
