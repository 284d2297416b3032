from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.kernel.limit import CalendarKind, Limit

WALL, WORKING = CalendarKind.WALL, CalendarKind.WORKING


@pytest.mark.parametrize(
    ("written", "calendar", "workdays", "time"),
    [
        ("PT30M", WALL, 0, timedelta(minutes=30)),
        ("PT24H", WALL, 0, timedelta(hours=24)),
        ("P7D", WALL, 0, timedelta(days=7)),
        ("P1DT2H30M", WALL, 0, timedelta(days=1, hours=2, minutes=30)),
        ("P5WD", WORKING, 5, timedelta()),
        ("PT4H", WORKING, 0, timedelta(hours=4)),
    ],
)
def test_limits_are_read(
    written: str, calendar: CalendarKind, workdays: int, time: timedelta
) -> None:
    limit = Limit(limit=written, calendar=calendar)
    assert (limit.workdays, limit.time) == (workdays, time)


@pytest.mark.parametrize(
    ("written", "calendar"),
    [
        ("P", WALL),
        ("PT", WALL),
        ("P1DT", WALL),
        ("2H", WALL),
        ("PT0H", WALL),
        ("P0WD", WORKING),
        ("-PT1H", WALL),
        ("PT1.5H", WALL),
        ("P1M", WALL),
        ("PT２H", WALL),
        ("PT2H\n", WALL),
        ("P5WD", WALL),  # working days on the wall clock
        ("P7D", WORKING),  # 24-hour days among working hours
        ("P5WDT2H", WORKING),
    ],
)
def test_what_is_not_a_limit_is_refused(written: str, calendar: CalendarKind) -> None:
    with pytest.raises(ValidationError):
        Limit(limit=written, calendar=calendar)


@pytest.mark.parametrize(
    ("written", "calendar", "share", "expected"),
    [
        ("PT2H", WALL, "0.5", "PT1H"),
        ("PT24H", WALL, "0.5", "PT12H"),
        ("P7D", WALL, "0.5", "P3DT12H"),
        ("P5WD", WORKING, "0.5", "P3WD"),
        ("P1WD", WORKING, "0.1", "P1WD"),
        ("PT1M", WALL, "0.1", "PT1M"),
        ("P15D", WALL, "1", "P15D"),
    ],
)
def test_shares_are_rounded_up_in_the_units_favour(
    written: str, calendar: CalendarKind, share: str, expected: str
) -> None:
    assert Limit(limit=written, calendar=calendar).share(Decimal(share)).limit == expected


@given(
    minutes=st.integers(1, 40_000),
    share=st.decimals("0.01", "1", places=2),
)
@settings(max_examples=60)
def test_a_share_is_never_shorter_than_exact_and_less_than_a_minute_longer(
    minutes: int, share: Decimal
) -> None:
    shared = Limit(limit=f"PT{minutes}M").share(share)
    exact = timedelta(minutes=1) * float(share * minutes)
    assert exact - timedelta(seconds=1) <= shared.time < exact + timedelta(seconds=61)


def test_words() -> None:
    assert Limit.working_days(5).in_chinese() == "5个工作日"
    assert Limit.working_days(1).in_english() == "1 working day"
    assert Limit(limit="PT2H30M").in_chinese() == "2小时30分钟"
    assert Limit(limit="PT4H", calendar=WORKING).in_chinese() == "4小时工作时间"
    assert Limit(limit="PT4H", calendar=WORKING).in_english() == "4 hours of working time"
