"""回访: when the centre may call the citizen, and what follows from the answers. Pure.

The windows, the number of attempts and the answers that ask for a rework are the city profile's
(rules: Callback and evaluation; B23, J27).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from domain.kernel.calendar import WorkCalendar
from domain.kernel.profile import Profile
from domain.kernel.vocabulary import FIRST_ROUND, CallbackOutcome, Satisfaction

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Answers:
    """What one callback, or the citizen's own evaluation, brought back.

    None means that the question was not answered. Raises ValueError where answers are given by
    somebody who was not reached.
    """

    reached: bool
    contacted: bool | None = None
    resolved: bool | None = None
    satisfaction: Satisfaction | None = None

    def __post_init__(self) -> None:
        if not self.reached and (self.contacted, self.resolved, self.satisfaction) != (None,) * 3:
            raise ValueError("who was not reached gave no answers")

    @property
    def valid(self) -> bool:
        """Whether it counts in the three rates: the citizen was reached and answered all three."""
        given = None not in (self.contacted, self.resolved, self.satisfaction)
        return self.reached and given


def next_attempt(
    profile: Profile,
    calendar: WorkCalendar,
    zone: tzinfo,
    *,
    after: datetime,
    previous_attempts: Sequence[datetime],
    spread: float = 0.0,
) -> datetime | None:
    """Return when to call next (aware, UTC), or None where the attempts are used up.

    `after` is the reply: the first call waits for the profile's delay from then on. Every call is
    inside a window of its day, later than all earlier calls and on another local day than any of
    them. `spread` in [0, 1) places it within what is left of that day's windows, so that not
    everybody is called at opening time; derive it from something stable such as the ticket's id.
    Raises ValueError for a naive datetime or a spread out of range.
    """
    if not 0 <= spread < 1:
        raise ValueError("spread must be in [0, 1)")
    if any(instant.tzinfo is None for instant in (after, *previous_attempts)):
        raise ValueError("calling needs aware datetimes")
    if len(previous_attempts) >= profile.callback.attempts:
        return None
    if previous_attempts:
        earliest = max(after, *previous_attempts).astimezone(UTC)
    else:
        earliest = after.astimezone(UTC) + profile.callback.delay.time
    called = {attempt.astimezone(zone).date() for attempt in previous_attempts}
    day = earliest.astimezone(zone).date()
    while True:
        free = list(_windows(profile, calendar, zone, day, earliest))
        if free and day not in called:
            return _placed(free, spread)
        day += timedelta(days=1)


def outcome(
    profile: Profile,
    answers: Answers,
    round: int,  # noqa: A002 — the contract's word
    *,
    attempts: int,
) -> CallbackOutcome:
    """Return what follows from a callback in that round (FIRST_ROUND is the first handling).

    `attempts` counts the calls made in this round, this one included. Unsolved or unsatisfied
    asks for a rework (J27) while rounds remain. Answers that are not complete close the ticket
    without a score: a rate is made of valid callbacks only.
    """
    callback = profile.callback
    if not answers.reached:
        return CallbackOutcome.RETRY if attempts < callback.attempts else callback.unreachable
    if asks_for_rework(profile, answers) and round - FIRST_ROUND < profile.rework.rounds:
        return CallbackOutcome.REWORK
    return CallbackOutcome.CLOSE if answers.valid else CallbackOutcome.CLOSE_UNSCORED


def asks_for_rework(profile: Profile, answers: Answers) -> bool:
    """Whether the answers ask for a rework, if rounds remain or not (J27)."""
    callback = profile.callback
    unresolved = callback.rework_when_unresolved and answers.resolved is False
    return unresolved or answers.satisfaction in callback.rework_on


def _windows(
    profile: Profile, calendar: WorkCalendar, zone: tzinfo, day: date, earliest: datetime
) -> Iterator[tuple[datetime, datetime]]:
    callback = profile.callback
    workday = calendar.is_workday(day)
    for span in callback.workday_windows if workday else callback.restday_windows:
        opens, closes = span.on(day, zone)
        if max(opens, earliest) < closes:
            yield max(opens, earliest), closes


def _placed(free: Sequence[tuple[datetime, datetime]], spread: float) -> datetime:
    ticks = sum((closes - opens) // _TICK for opens, closes in free)
    left = int(ticks * spread) * _TICK
    for opens, closes in free:
        if left < closes - opens:
            return opens + left
        left -= closes - opens
    raise AssertionError("the place lies within the windows")
