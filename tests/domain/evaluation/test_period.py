from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.evaluation.period import month_of, window
from domain.kernel.profile import Profile
from domain.kernel.sections import Period
from tests.support.cities import CITY_NAMES, instants, local, profile_of

TICK = timedelta(microseconds=1)
PROFILES = st.one_of(
    st.sampled_from(CITY_NAMES).map(profile_of),
    st.builds(
        Period,
        day=st.integers(1, 28),
        hour=st.integers(0, 23),
        begins_in=st.sampled_from(["SAME_MONTH", "PREVIOUS_MONTH"]),
    ).map(lambda period: with_period(period)),
)
INSTANTS = instants("2020-01-01", "2035-01-01")


def with_period(period: Period) -> Profile:
    profile = profile_of("beijing")
    evaluation = profile.evaluation.model_copy(update={"period": period})
    return profile.model_copy(update={"evaluation": evaluation})


@pytest.mark.parametrize(
    ("city", "month", "begin", "end"),
    [
        ("beijing", "2026-11", "2026-10-19 00:00", "2026-11-19 00:00"),
        ("beijing", "2027-01", "2026-12-19 00:00", "2027-01-19 00:00"),
        ("jinan", "2026-11", "2026-11-01 00:00", "2026-12-01 00:00"),
        ("jinan", "2026-12", "2026-12-01 00:00", "2027-01-01 00:00"),
        ("generic", "2028-02", "2028-02-01 00:00", "2028-03-01 00:00"),
    ],
)
def test_the_window_of_a_month(city: str, month: str, begin: str, end: str) -> None:
    found = window(profile_of(city), month)
    assert found == (local(begin), local(end))
    assert all(instant.tzinfo is UTC for instant in found)


def test_the_window_turns_at_local_midnight_of_the_19th() -> None:
    beijing = profile_of("beijing")
    assert month_of(beijing, local("2026-11-18 23:59")) == "2026-11"
    assert month_of(beijing, local("2026-11-19 00:00")) == "2026-12"
    assert month_of(beijing, datetime(2026, 11, 18, 16, tzinfo=UTC)) == "2026-12"


@given(PROFILES, INSTANTS)
@settings(max_examples=80)
def test_an_instant_lies_in_the_window_of_its_month(profile: Profile, instant: datetime) -> None:
    begin, end = window(profile, month_of(profile, instant))
    assert begin <= instant < end


@given(PROFILES, st.integers(2020, 2034), st.integers(1, 12))
@settings(max_examples=80)
def test_month_and_window_are_inverse_and_windows_join(
    profile: Profile, year: int, number: int
) -> None:
    month = f"{year}-{number:02d}"
    following = f"{year + number // 12}-{number % 12 + 1:02d}"
    begin, end = window(profile, month)
    assert month_of(profile, begin) == month
    assert month_of(profile, end - TICK) == month
    assert month_of(profile, end) == following
    assert window(profile, following)[0] == end


@pytest.mark.parametrize(
    "month",
    ["2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "2026-11\n", "", "２０２６-11",
     "0000-01", "9999-12"],
)  # fmt: skip
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(ValueError, match=r"month|calendar"):
        window(profile_of("jinan"), month)


def test_a_naive_instant_has_no_month() -> None:
    with pytest.raises(ValueError, match="aware"):
        month_of(profile_of("jinan"), datetime(2026, 11, 23))  # noqa: DTZ001
