from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.dispatch import clocks
from domain.dispatch.clocks import deadline, escalations, warning_at
from domain.dispatch.segments import Cause, Segment, SegmentKind, UnsoundSegments
from domain.kernel.calendar import WorkCalendar
from domain.kernel.errors import NotPossibleNow
from domain.kernel.limit import CalendarKind, Limit
from domain.kernel.profile import Profile
from domain.kernel.vocabulary import FIRST_ROUND, ClockName, ResponseLevel, UnitLevel
from tests.support.cities import CITY_NAMES, SHANGHAI, calendar_of, instants, local, profile_of

L1, L2, L3, L4 = ResponseLevel
REPLY = ClockName.REPLY
BEIJING, JINAN = profile_of("beijing"), profile_of("jinan")
CALENDAR = calendar_of("beijing")
MONDAY = local("2026-11-23 10:00")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)

CITY = st.sampled_from(CITY_NAMES)
INSTANT = instants("2025-12-01", "2027-02-01")
WAIT = st.integers(0, 20 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))
LIMIT = st.one_of(
    st.integers(1, 10).map(Limit.working_days),
    st.integers(1, 200).map(lambda hours: Limit(limit=f"PT{hours}H")),
    st.integers(1, 20).map(lambda hours: Limit(limit=f"PT{hours}H", calendar=CalendarKind.WORKING)),
)


def begin(
    level: ResponseLevel = L2,
    at: datetime = MONDAY,
    *,
    profile: Profile = BEIJING,
    clock: ClockName = REPLY,
    round: int = FIRST_ROUND,  # noqa: A002
) -> Segment:
    return clocks.start(profile, clock, level, at, round=round)


def due(*segments: Segment, city: str = "beijing") -> datetime | None:
    return deadline(segments, calendar_of(city), SHANGHAI)


@st.composite
def histories(draw: st.DrawFn, at: datetime, profile: Profile) -> list[Segment]:
    """Anything sound that can happen after a start: stops with their ends, levels, extensions."""
    segments: list[Segment] = []
    for _ in range(draw(st.integers(0, 4))):
        when = at + draw(WAIT)
        match draw(st.sampled_from(["stop", "level", "extend", "calendar"])):
            case "stop":
                end = when + draw(WAIT)
                segments += [clocks.pause(when), clocks.resume(end)]
            case "level":
                level = draw(st.sampled_from(ResponseLevel))
                segments.append(clocks.change_level(profile, REPLY, level, when, round=FIRST_ROUND))
            case "extend":
                segments.append(Segment(SegmentKind.EXTENSION, when, Cause.EXTENSION, draw(LIMIT)))
            case _:
                segments.append(clocks.calendar_changed(when, ""))
    return segments


@pytest.mark.parametrize(
    ("city", "level", "clock", "at", "end"),
    [
        ("beijing", L1, REPLY, "2026-11-23 23:30", "2026-11-24 01:30"),
        ("beijing", L2, REPLY, "2026-11-23 10:00", "2026-11-24 10:00"),
        ("beijing", L3, REPLY, "2026-12-28 10:00", "2027-01-04 10:00"),  # over the year end
        ("beijing", L4, REPLY, "2026-09-30 10:00", "2026-10-15 10:00"),  # wall: holidays count
        ("beijing", L1, ClockName.ACCEPT, "2026-11-23 23:30", "2026-11-24 00:00"),
        ("beijing", L3, ClockName.ACCEPT, "2026-11-27 17:00", "2026-11-30 17:00"),
        ("jinan", L3, REPLY, "2026-09-30 10:00", "2026-10-13 10:00"),  # holidays, make-up Saturday
        ("jinan", L3, REPLY, "2026-11-21 10:00", "2026-11-30 09:00"),  # Saturday: from Monday on
    ],
)
def test_limits_of_the_shipped_cities(
    city: str, level: ResponseLevel, clock: ClockName, at: str, end: str
) -> None:
    segment = begin(level, local(at), profile=profile_of(city), clock=clock)
    assert due(segment, city=city) == local(end)


def test_a_rework_has_a_share_of_the_reply_limit_and_the_full_time_to_sign_in() -> None:
    assert due(begin(L2, round=FIRST_ROUND + 1)) == MONDAY + 12 * HOUR
    again = begin(L2, clock=ClockName.ACCEPT, round=FIRST_ROUND + 1)
    assert due(again) == due(begin(L2, clock=ClockName.ACCEPT))
    assert again.cause is Cause.REWORK


def test_a_stopped_clock_has_no_deadline_until_it_is_resumed() -> None:
    stop = clocks.pause(MONDAY + HOUR)
    assert due(begin(), stop) is None
    assert due(begin(), stop, clocks.resume(MONDAY + 4 * HOUR)) == MONDAY + 27 * HOUR


def test_a_stop_after_the_deadline_does_not_undo_it() -> None:
    assert due(begin(), clocks.suspend(MONDAY + 25 * HOUR, "等待施工")) == MONDAY + 24 * HOUR


def test_stops_nest() -> None:
    """Contested while suspended: the clock runs when both have ended."""
    segments = [begin(), clocks.suspend(MONDAY + HOUR, ""), clocks.pause(MONDAY + 2 * HOUR)]
    segments.append(clocks.resume(MONDAY + 3 * HOUR))
    assert due(*segments) is None
    assert due(*segments, clocks.resume(MONDAY + 5 * HOUR)) == MONDAY + 28 * HOUR


def test_working_time_stops_too() -> None:
    first = begin(L3, profile=JINAN)  # 10:00, five days of seven hours
    stop, go = clocks.pause(local("2026-11-23 16:00")), clocks.resume(local("2026-11-24 10:00"))
    assert due(first, stop, go, city="jinan") == local("2026-11-30 13:00")


def test_level_up_keeps_the_time_already_run() -> None:
    change = clocks.change_level(BEIJING, REPLY, L1, MONDAY + HOUR, round=FIRST_ROUND)
    assert due(begin(L4), change) == MONDAY + 2 * HOUR


def test_level_change_keeps_the_pause_already_had() -> None:
    stop, go = clocks.pause(MONDAY + HOUR), clocks.resume(MONDAY + 4 * HOUR)
    change = clocks.change_level(BEIJING, REPLY, L2, MONDAY + 5 * HOUR, round=FIRST_ROUND)
    assert due(begin(L4), stop, go, change) == MONDAY + 27 * HOUR


def test_the_latest_level_stands_whatever_came_before() -> None:
    up = clocks.change_level(BEIJING, REPLY, L1, MONDAY + HOUR, round=FIRST_ROUND)
    down = clocks.change_level(BEIJING, REPLY, L3, MONDAY + 2 * HOUR, round=FIRST_ROUND)
    assert due(begin(L4), up, down) == MONDAY + timedelta(days=7)


def test_of_two_levels_at_one_instant_the_stricter_stands() -> None:
    change = {
        level: clocks.change_level(BEIJING, REPLY, level, MONDAY + HOUR, round=FIRST_ROUND)
        for level in (L2, L3)
    }
    assert due(begin(L4), change[L2], change[L3]) == MONDAY + 24 * HOUR
    assert due(begin(L4), change[L3], change[L2]) == MONDAY + 24 * HOUR


def test_level_change_in_a_rework_keeps_to_the_rework_share() -> None:
    change = clocks.change_level(BEIJING, REPLY, L2, MONDAY, round=FIRST_ROUND + 1)
    assert due(begin(L4, round=FIRST_ROUND + 1), change) == MONDAY + 12 * HOUR


def test_an_extension_in_working_days_follows_a_wall_clock_limit() -> None:
    extension = clocks.extend(BEIJING, [], MONDAY + HOUR, Limit.working_days(2), "等待材料")
    assert due(begin(L3), extension) == local("2026-12-02 10:00")


def test_an_extension_does_not_give_back_what_ran_before_a_stop() -> None:
    stop, go = clocks.pause(MONDAY + HOUR), clocks.resume(MONDAY + 4 * HOUR)
    extension = clocks.extend(BEIJING, [], MONDAY + 5 * HOUR, Limit(limit="PT3H"), "")
    assert due(begin(L2), stop, go, extension) == MONDAY + 30 * HOUR


def test_two_extensions_at_one_instant_have_no_order() -> None:
    """In wall hours first and working days second they would end at another time than reversed."""
    friday = local("2026-11-27 10:00")
    hours = clocks.extend(BEIJING, [], friday, Limit(limit="PT12H"), "")
    days = clocks.extend(BEIJING, [], friday, Limit.working_days(1), "")
    start = begin(L2, friday)
    assert due(start, hours, days) == due(days, start, hours) == local("2026-12-01 09:00")


def test_extensions_add_up_to_the_citys_maximum_and_no_further() -> None:
    first = clocks.extend(BEIJING, [begin(L3)], MONDAY, Limit.working_days(7), "")
    held = [begin(L3), first]
    clocks.extend(BEIJING, held, MONDAY, Limit.working_days(3), "")
    with pytest.raises(NotPossibleNow, match="at most 10 working days"):
        clocks.extend(BEIJING, held, MONDAY, Limit.working_days(4), "")


def test_a_holiday_declared_later_moves_open_deadlines() -> None:
    start = begin(L3, local("2026-12-30 10:00"), profile=JINAN)
    before = calendar_of("jinan")
    declared = [(day.date(), False) for day in (local("2027-01-01 00:00"),)]
    published = WorkCalendar.of([*before.days.items(), *declared], before.hours)
    note = clocks.calendar_changed(local("2026-12-30 12:00"), "")
    assert deadline([start, note], before, SHANGHAI) == local("2027-01-06 10:00")
    assert deadline([start, note], published, SHANGHAI) == local("2027-01-07 10:00")


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [clocks.pause(MONDAY)],
        [begin(), begin(L3)],
        [begin(), clocks.pause(MONDAY - SECOND)],
        [begin(), clocks.resume(MONDAY + HOUR)],
    ],
)
def test_what_is_no_clock_is_refused(segments: list[Segment]) -> None:
    with pytest.raises(UnsoundSegments):
        deadline(segments, CALENDAR, SHANGHAI)


def test_segments_know_what_they_need() -> None:
    with pytest.raises(ValueError, match="aware"):
        clocks.pause(datetime(2026, 11, 23, 10))  # noqa: DTZ001
    with pytest.raises(ValueError, match="needs a limit"):
        Segment(SegmentKind.EXTENSION, MONDAY, Cause.EXTENSION)
    with pytest.raises(ValueError, match="has no limit"):
        Segment(SegmentKind.PAUSE, MONDAY, Cause.CONTEST, Limit.working_days(1))


@given(st.data(), CITY, INSTANT, st.sampled_from(ResponseLevel), WAIT)
@settings(max_examples=50)
def test_stopping_and_resuming_at_once_changes_nothing(
    data: st.DataObject, city: str, at: datetime, level: ResponseLevel, wait: timedelta
) -> None:
    profile = profile_of(city)
    segments = [begin(level, at, profile=profile), *data.draw(histories(at, profile))]
    blink = [clocks.pause(at + wait), clocks.resume(at + wait)]
    assert due(*segments, *blink, city=city) == due(*segments, city=city)


@given(st.data(), CITY, INSTANT, st.sampled_from(ResponseLevel), WAIT, WAIT)
@settings(max_examples=50)
def test_more_stopping_is_never_an_earlier_deadline(
    data: st.DataObject,
    city: str,
    at: datetime,
    level: ResponseLevel,
    wait: timedelta,
    length: timedelta,
) -> None:
    profile = profile_of(city)
    segments = [begin(level, at, profile=profile), *data.draw(histories(at, profile))]
    stop, go = clocks.pause(at + wait), clocks.resume(at + wait + length)
    without, stopped = due(*segments, city=city), due(*segments, stop, go, city=city)
    assert without is not None
    assert stopped is not None
    assert without <= stopped


@given(st.data(), CITY, INSTANT, LIMIT, WAIT)
@settings(max_examples=50)
def test_an_extension_is_never_an_earlier_deadline(
    data: st.DataObject, city: str, at: datetime, limit: Limit, wait: timedelta
) -> None:
    profile = profile_of(city)
    segments = [begin(L3, at, profile=profile), *data.draw(histories(at, profile))]
    more = Segment(SegmentKind.EXTENSION, at + wait, Cause.EXTENSION, limit)
    without, extended = due(*segments, city=city), due(*segments, more, city=city)
    assert without is not None
    assert extended is not None
    assert without <= extended
    # An hour before a working day may lie in the night; what is granted last is always a gain.
    if all(each.at < more.at for each in segments if each.kind is SegmentKind.EXTENSION):
        assert without < extended


@given(st.data(), CITY, INSTANT)
@settings(max_examples=50)
def test_the_order_in_which_segments_are_read_makes_no_difference(
    data: st.DataObject, city: str, at: datetime
) -> None:
    profile = profile_of(city)
    segments = [begin(L3, at, profile=profile), *data.draw(histories(at, profile))]
    # Everything at one instant, too: what remains of an order is in the segments themselves.
    together = [Segment(s.kind, at + HOUR, s.cause, s.limit, s.level, s.text) for s in segments[1:]]
    for events in (segments, [segments[0], *together]):
        shuffled = data.draw(st.permutations(events))
        assert due(*shuffled, city=city) == due(*events, city=city)


@given(st.data(), INSTANT, st.sampled_from(ResponseLevel), WAIT)
@settings(max_examples=50)
def test_level_up_is_never_later_than_level_down(
    data: st.DataObject, at: datetime, level: ResponseLevel, wait: timedelta
) -> None:
    segments = [begin(level, at), *data.draw(histories(at, BEIJING))]
    changes = [
        clocks.change_level(BEIJING, REPLY, to, at + timedelta(days=50), round=FIRST_ROUND)
        for to in ResponseLevel
    ]
    ends = [due(*segments, change) for change in changes]
    assert None not in ends
    assert ends == sorted(end for end in ends if end is not None)


@given(CITY, INSTANT, st.sampled_from(ClockName))
@settings(max_examples=50)
def test_a_more_urgent_level_is_due_no_later_in_any_city(
    city: str, at: datetime, clock: ClockName
) -> None:
    ends = [
        due(begin(level, at, profile=profile_of(city), clock=clock), city=city)
        for level in ResponseLevel
    ]
    assert None not in ends
    assert ends == sorted(end for end in ends if end is not None)


@given(st.data(), CITY, INSTANT, st.sampled_from(ResponseLevel))
@settings(max_examples=50)
def test_the_warning_comes_between_start_and_deadline(
    data: st.DataObject, city: str, at: datetime, level: ResponseLevel
) -> None:
    profile = profile_of(city)
    segments = [begin(level, at, profile=profile), *data.draw(histories(at, profile))]
    warned = warning_at(profile, segments, calendar_of(city), SHANGHAI)
    end = due(*segments, city=city)
    assume(end is not None)
    assert warned is not None
    assert end is not None
    assert at < warned < end


def test_the_warning_comes_at_the_profiles_share() -> None:
    assert warning_at(BEIJING, [begin(L2)], CALENDAR, SHANGHAI) == MONDAY + 18 * HOUR
    five = [begin(L3, profile=JINAN)]  # 10:00 + 3.75 working days of seven hours
    assert warning_at(JINAN, five, calendar_of("jinan"), SHANGHAI) == local("2026-11-26 16:15")


def test_a_clock_that_stopped_after_the_warning_was_still_warned() -> None:
    segments = [begin(L2), clocks.pause(MONDAY + 20 * HOUR)]
    assert due(*segments) is None
    assert warning_at(BEIJING, segments, CALENDAR, SHANGHAI) == MONDAY + 18 * HOUR


def test_escalations_follow_the_deadline_by_the_citys_calendar() -> None:
    friday = local("2026-11-27 10:00")
    assert escalations(BEIJING, friday, CALENDAR, SHANGHAI) == [
        (local("2026-11-28 10:00"), UnitLevel.DISTRICT),
        (local("2026-11-30 10:00"), UnitLevel.CITY),
    ]
    assert escalations(JINAN, friday, calendar_of("jinan"), SHANGHAI) == [
        (local("2026-11-30 10:00"), UnitLevel.DISTRICT),
        (local("2026-12-02 10:00"), UnitLevel.CITY),
    ]


def test_instants_are_utc_whatever_the_zone_they_came_in() -> None:
    end = due(begin(L2, MONDAY))
    assert end is not None
    assert end.tzinfo is UTC
    assert due(begin(L2, MONDAY.astimezone(UTC))) == end


@given(
    city=CITY,
    at=INSTANT,
    data=st.data(),
    days=st.lists(st.dates(date(2025, 12, 1), date(2027, 3, 1)), max_size=9),
)
@settings(max_examples=50)
def test_a_day_off_more_is_never_an_earlier_deadline(
    city: str, at: datetime, data: st.DataObject, days: list[date]
) -> None:
    """Declared at once or one after another; and a correction takes it back."""
    profile, calendar = profile_of(city), calendar_of(city)
    segments = [begin(L3, at, profile=profile), *data.draw(histories(at, profile))]
    off = calendar.with_days((day, False) for day in days)
    one_by_one = calendar
    for day in days:
        one_by_one = one_by_one.with_days([(day, False)])
    before, after = (deadline(segments, each, SHANGHAI) for each in (calendar, off))
    assert after == deadline(segments, one_by_one, SHANGHAI)
    if before is not None:
        assert after is None or after >= before  # None: what is stopped now is not used up before
    corrected = off.with_days((day, calendar.is_workday(day)) for day in days)
    assert deadline(segments, corrected, SHANGHAI) == before
