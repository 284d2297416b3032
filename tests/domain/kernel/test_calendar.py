from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.calendar import DaySpan, WorkCalendar, holiday_rows
from tests.support.cities import SHANGHAI, calendar_of, instants, local

CALENDAR = calendar_of("beijing")  # 09:00-12:00, 13:00-18:00
INSTANTS = instants("2019-01-01", "2027-06-01")
AMOUNTS = st.integers(0, 40 * 3600).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 11, 23), True),  # Monday
        (date(2026, 11, 22), False),  # Sunday
        (date(2026, 10, 1), False),  # National Day, a Thursday
        (date(2026, 10, 10), True),  # make-up Saturday
        (date(2026, 9, 20), True),  # make-up Sunday
        (date(2027, 1, 1), True),  # not published: the Friday follows the week
    ],
)
def test_holidays_and_makeup_workdays(day: date, worked: bool) -> None:
    assert CALENDAR.is_workday(day) is worked


def test_the_next_workday_jumps_the_spring_festival() -> None:
    assert CALENDAR.next_workday(date(2026, 2, 14)) == date(2026, 2, 24)


def test_a_year_is_covered_once_it_is_published() -> None:
    assert CALENDAR.covers(2026)
    assert not CALENDAR.covers(2027)
    later = WorkCalendar.of([*CALENDAR.days.items(), (date(2027, 1, 1), False)], CALENDAR.hours)
    assert later.covers(2027)
    assert not later.is_workday(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("begin", "days", "end"),
    [
        ("2026-11-23 10:00", 5, "2026-11-30 10:00"),
        ("2026-11-23 12:30", 1, "2026-11-24 13:00"),  # lunch: begins at the next opening
        ("2026-11-23 18:00", 1, "2026-11-25 09:00"),  # closing time is closed
        ("2026-11-21 23:00", 1, "2026-11-24 09:00"),  # Saturday night: Monday morning
        ("2026-09-30 15:00", 2, "2026-10-09 15:00"),  # over National Day
        ("2026-10-09 15:00", 1, "2026-10-10 15:00"),  # the make-up Saturday counts
        ("2026-12-31 10:00", 1, "2027-01-01 10:00"),  # year end, 2027 unpublished
        ("2025-12-31 10:00", 1, "2026-01-04 10:00"),  # year end, 1-3 January off, Sunday worked
    ],
)
def test_working_days_end_at_the_same_wall_time(begin: str, days: int, end: str) -> None:
    assert CALENDAR.add_workdays(local(begin), days, SHANGHAI) == local(end)


def test_hours_that_run_out_at_closing_time_end_at_the_next_opening() -> None:
    end = CALENDAR.add(local("2026-11-27 16:00"), timedelta(hours=2), SHANGHAI)
    assert end == local("2026-11-30 09:00")


@given(INSTANTS, AMOUNTS, AMOUNTS)
@settings(max_examples=60)
def test_adding_twice_is_adding_the_sum(at: datetime, first: timedelta, second: timedelta) -> None:
    once = CALENDAR.add(at, first + second, SHANGHAI)
    assert CALENDAR.add(CALENDAR.add(at, first, SHANGHAI), second, SHANGHAI) == once


@given(INSTANTS, AMOUNTS)
@settings(max_examples=60)
def test_what_was_added_is_what_was_worked(at: datetime, amount: timedelta) -> None:
    end = CALENDAR.add(at, amount, SHANGHAI)
    assert end >= at
    assert CALENDAR.worked(at, end, SHANGHAI) == amount
    opens, _ = next(CALENDAR.open_spans(end, None, SHANGHAI))
    assert opens == end, "a limit ends within working hours"


@given(INSTANTS, st.integers(0, 15))
@settings(max_examples=60)
def test_n_workdays_are_n_steps_to_the_next_workday(at: datetime, count: int) -> None:
    opening = CALENDAR.add(at, timedelta(), SHANGHAI).astimezone(SHANGHAI)
    day = opening.date()
    for _ in range(count):
        day = CALENDAR.next_workday(day)
    expected = datetime.combine(day, opening.time(), tzinfo=SHANGHAI)
    assert CALENDAR.add_workdays(at, count, SHANGHAI) == expected


@given(INSTANTS, st.sets(st.integers(0, 20), max_size=6), st.integers(1, 10))
@settings(max_examples=60)
def test_one_more_holiday_never_ends_a_limit_earlier(
    at: datetime, offsets: set[int], count: int
) -> None:
    off = [(at.date() + timedelta(days=offset), False) for offset in offsets]
    declared = WorkCalendar.of([*CALENDAR.days.items(), *off], CALENDAR.hours)
    assert declared.add_workdays(at, count, SHANGHAI) >= CALENDAR.add_workdays(at, count, SHANGHAI)


def test_holiday_rows_name_the_line_at_fault() -> None:
    good = "date,is_workday,kind\n2026-01-01,0,holiday\n"
    assert holiday_rows(good) == [(date(2026, 1, 1), False)]
    for bad in ("2026-13-01,0,x\n", "2026-01-02,2,x\n", "2026-01-02\n"):
        with pytest.raises(ValueError, match="line 3"):
            holiday_rows(good + bad)


@pytest.mark.parametrize(
    "text", ["9:00-12:00", "09:00-24:00", "12:00-09:00", "09:00", "09:00-09:00"]
)
def test_what_is_not_a_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"span"):
        DaySpan.parse(text)


def test_spans_of_a_day_may_touch_but_not_overlap() -> None:
    morning, noon = DaySpan(time(9), time(12)), DaySpan(time(12), time(13))
    assert WorkCalendar.of([], [noon, morning]).hours == (morning, noon)
    with pytest.raises(ValueError, match="overlap"):
        WorkCalendar.of([], [morning, DaySpan(time(11), time(13))])
    with pytest.raises(ValueError, match="at least one"):
        WorkCalendar.of([], [])
