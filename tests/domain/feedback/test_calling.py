from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.feedback.calling import Answers, next_attempt, outcome
from domain.kernel.vocabulary import FIRST_ROUND, CallbackOutcome, Satisfaction
from tests.support.cities import CITY_NAMES, SHANGHAI, calendar_of, instants, local, profile_of

BEIJING, CALENDAR = profile_of("beijing"), calendar_of("beijing")
LAST_ROUND = FIRST_ROUND + BEIJING.rework.rounds
INSTANT = instants("2026-01-01", "2027-02-01")
SPREAD = st.floats(0, 1, exclude_max=True)


def call(after: str, *previous: str, spread: float = 0.0, city: str = "beijing") -> datetime | None:
    return next_attempt(
        profile_of(city),
        calendar_of(city),
        SHANGHAI,
        after=local(after),
        previous_attempts=[local(text) for text in previous],
        spread=spread,
    )


@pytest.mark.parametrize(
    ("replied", "called"),
    [
        ("2026-11-23 09:30", "2026-11-23 11:30"),  # two hours after the reply
        ("2026-11-23 10:30", "2026-11-23 14:00"),  # not at noon
        ("2026-11-23 17:59", "2026-11-23 19:59"),
        ("2026-11-23 18:00", "2026-11-24 09:00"),  # not at night
        ("2026-11-23 23:30", "2026-11-24 09:00"),
        ("2026-11-27 21:00", "2026-11-28 10:00"),  # Saturday begins later
        ("2026-10-09 21:00", "2026-10-10 09:00"),  # a make-up Saturday is a workday
        ("2026-10-01 15:00", "2026-10-01 17:00"),  # a holiday closes earlier
        ("2026-10-01 16:00", "2026-10-02 10:00"),
        ("2026-12-31 22:00", "2027-01-01 09:00"),  # year end
    ],
)
def test_the_first_call(replied: str, called: str) -> None:
    assert call(replied) == local(called)


def test_the_next_call_is_on_another_day_without_the_delay() -> None:
    assert call("2026-11-23 09:00", "2026-11-23 11:00") == local("2026-11-24 09:00")
    assert call("2026-11-24 08:59", "2026-11-23 11:00") == local("2026-11-24 09:00")


def test_attempts_run_out() -> None:
    two = ("2026-11-23 11:00", "2026-11-24 11:00")
    assert call("2026-11-23 09:00", *two) == local("2026-11-25 09:00")
    assert call("2026-11-23 09:00", *two, "2026-11-25 11:00") is None


def test_the_spread_goes_over_what_is_left_of_the_day() -> None:
    # From 13:00 on the windows have 14:00-20:00 left.
    assert call("2026-11-23 11:00", spread=0.5) == local("2026-11-23 17:00")
    # 09:00-12:00 and 14:00-20:00: half of nine hours is 4.5.
    assert call("2026-11-23 19:00", spread=0.5) == local("2026-11-24 15:30")


@given(st.sampled_from(CITY_NAMES), INSTANT, SPREAD, st.integers(0, 2))
@settings(max_examples=80)
def test_every_call_is_in_a_window_on_a_day_of_its_own(
    city: str, replied: datetime, spread: float, rounds: int
) -> None:
    profile, calendar = profile_of(city), calendar_of(city)
    calls: list[datetime] = []
    for _ in range(rounds + 1):
        at = next_attempt(
            profile, calendar, SHANGHAI, after=replied, previous_attempts=calls, spread=spread
        )
        assert at is not None
        assert at.tzinfo is UTC
        assert all(at > earlier for earlier in calls)
        calls.append(at)
    assert calls[0] >= replied + profile.callback.delay.time
    local_calls = [at.astimezone(SHANGHAI) for at in calls]
    assert len({at.date() for at in local_calls}) == len(calls)
    for at in local_calls:
        workday = calendar.is_workday(at.date())
        callback = profile.callback
        windows = callback.workday_windows if workday else callback.restday_windows
        assert any(span.opens <= at.time() < span.closes for span in windows)


@given(INSTANT, SPREAD, SPREAD)
@settings(max_examples=40)
def test_a_larger_spread_is_never_an_earlier_call(
    replied: datetime, first: float, second: float
) -> None:
    low, high = (
        next_attempt(
            BEIJING, CALENDAR, SHANGHAI, after=replied, previous_attempts=[], spread=spread
        )
        for spread in sorted((first, second))
    )
    assert low is not None
    assert high is not None
    assert low <= high < low + timedelta(days=1)


def test_the_very_last_spread_is_still_inside_the_window() -> None:
    at = call("2026-11-23 19:00", spread=1 - 2**-53)
    assert at is not None
    assert local("2026-11-24 19:59") < at < local("2026-11-24 20:00")


@pytest.mark.parametrize("spread", [-0.1, 1.0, float("nan")])
def test_a_spread_out_of_range_is_refused(spread: float) -> None:
    with pytest.raises(ValueError, match="spread"):
        call("2026-11-23 10:00", spread=spread)


def test_naive_instants_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        next_attempt(
            BEIJING,
            CALENDAR,
            SHANGHAI,
            after=datetime(2026, 11, 23, 10),  # noqa: DTZ001
            previous_attempts=[],
        )


HAPPY = Answers(True, True, True, Satisfaction.SATISFIED)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (HAPPY, CallbackOutcome.CLOSE),
        (Answers(True, True, True, Satisfaction.BASICALLY_SATISFIED), CallbackOutcome.CLOSE),
        (Answers(True, False, True, Satisfaction.SATISFIED), CallbackOutcome.CLOSE),
        (Answers(True, True, False, Satisfaction.SATISFIED), CallbackOutcome.REWORK),
        (Answers(True, True, True, Satisfaction.DISSATISFIED), CallbackOutcome.REWORK),
        (Answers(True, True, True, Satisfaction.VERY_DISSATISFIED), CallbackOutcome.REWORK),
        (Answers(True, None, False, None), CallbackOutcome.REWORK),  # unsolved is enough
        (Answers(True), CallbackOutcome.CLOSE_UNSCORED),  # reached, and said nothing
        (Answers(True, True, True, None), CallbackOutcome.CLOSE_UNSCORED),
    ],
)
def test_what_follows_from_the_answers(answers: Answers, expected: CallbackOutcome) -> None:
    assert outcome(BEIJING, answers, FIRST_ROUND, attempts=1) is expected


def test_rework_ends_with_the_rounds() -> None:
    unhappy = Answers(True, True, False, Satisfaction.VERY_DISSATISFIED)
    assert outcome(BEIJING, unhappy, LAST_ROUND - 1, attempts=1) is CallbackOutcome.REWORK
    assert outcome(BEIJING, unhappy, LAST_ROUND, attempts=1) is CallbackOutcome.CLOSE
    incomplete = Answers(True, True, False, None)
    assert outcome(BEIJING, incomplete, LAST_ROUND, attempts=1) is CallbackOutcome.CLOSE_UNSCORED


def test_who_is_not_reached_is_called_again_and_then_closed_without_a_score() -> None:
    found = [outcome(BEIJING, Answers(False), FIRST_ROUND, attempts=n) for n in (1, 2, 3, 4)]
    assert found == [
        CallbackOutcome.RETRY,
        CallbackOutcome.RETRY,
        CallbackOutcome.CLOSE_UNSCORED,
        CallbackOutcome.CLOSE_UNSCORED,
    ]


def test_retry_and_the_next_attempt_agree() -> None:
    """An outcome of RETRY always has a next attempt, and the others never have one."""
    calls = ["2026-11-23 11:00", "2026-11-24 11:00", "2026-11-25 11:00"]
    for made in (1, 2, 3):
        retried = outcome(BEIJING, Answers(False), FIRST_ROUND, attempts=made)
        following = call("2026-11-23 09:00", *calls[:made])
        assert (retried is CallbackOutcome.RETRY) is (following is not None)


def test_who_was_not_reached_cannot_have_answered() -> None:
    with pytest.raises(ValueError, match="not reached"):
        Answers(False, resolved=True)
