from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.evaluation.rates import NO_SCORE, Tally, rank, rates, shown
from domain.feedback.calling import Answers
from domain.kernel.vocabulary import Satisfaction
from tests.support.cities import CITY_NAMES, profile_of

BEIJING, JINAN = profile_of("beijing"), profile_of("jinan")

ANSWERS = st.one_of(
    st.just(Answers(False)),
    st.builds(
        Answers,
        st.just(True),
        st.sampled_from([True, False, None]),
        st.sampled_from([True, False, None]),
        st.sampled_from([*Satisfaction, None]),
    ),
)


def tally(valid: int, contacted: int, resolved: int, satisfied: str) -> Tally:
    return Tally(valid, contacted, resolved, Decimal(satisfied))


def test_the_formula_of_beijing_by_hand() -> None:
    """100 valid, 98 contacted, 84 solved, 85 satisfied and 10 basically: (0.1, 0.5, 0.4)."""
    found = rates(tally(100, 98, 84, "94.0"), BEIJING)
    assert (found.response, found.resolution, found.satisfaction) == (
        Fraction("0.98"),
        Fraction("0.84"),
        Fraction("0.94"),
    )
    assert found.composite == Fraction("89.4")
    assert rates(tally(100, 98, 84, "94.0"), JINAN).composite == Fraction("91.7")


def test_a_figure_with_one_decimal_stays_what_it_is() -> None:
    found = rates(tally(10, 9, 8, "9.6"), BEIJING).composite
    assert found == Fraction(874, 10)
    assert shown(Fraction(874, 10), BEIJING) == Decimal("87.40")
    assert str(shown(Fraction(874, 10), BEIJING)) == "87.40"


def test_basically_satisfied_counts_nine_tenths_exactly() -> None:
    calls = [Answers(True, True, True, Satisfaction.BASICALLY_SATISFIED)] * 10
    assert rates(Tally.of(BEIJING, calls), BEIJING).satisfaction == Fraction(9, 10)


def test_no_valid_callback_is_no_score_and_not_zero() -> None:
    assert rates(Tally(), BEIJING) == NO_SCORE
    assert rates(Tally.of(BEIJING, [Answers(False), Answers(True, True)]), BEIJING) == NO_SCORE
    assert rates(tally(1, 0, 0, "0"), BEIJING).composite == 0


def test_totals_are_pooled_and_not_averaged() -> None:
    small, large = tally(1, 1, 1, "1"), tally(99, 99, 0, "0")
    pooled = rates(small + large, BEIJING)
    assert pooled.resolution == Fraction(1, 100)
    average = (Fraction(1) + Fraction(0)) / 2
    assert pooled.resolution != average


@given(st.lists(ANSWERS, max_size=30), st.integers(0, 30), st.sampled_from(CITY_NAMES))
@settings(max_examples=60)
def test_counting_in_parts_is_counting_at_once(calls: list[Answers], cut: int, city: str) -> None:
    profile = profile_of(city)
    whole = Tally.of(profile, calls)
    assert Tally.of(profile, calls[:cut]) + Tally.of(profile, calls[cut:]) == whole
    assert whole.valid == sum(call.valid for call in calls)


@given(st.lists(ANSWERS, max_size=30), st.sampled_from(CITY_NAMES))
@settings(max_examples=60)
def test_rates_stay_within_bounds(calls: list[Answers], city: str) -> None:
    found = rates(Tally.of(profile_of(city), calls), profile_of(city))
    if found is NO_SCORE:
        assert not any(call.valid for call in calls)
        return
    for rate in (found.response, found.resolution, found.satisfaction):
        assert rate is not None
        assert 0 <= rate <= 1
    assert found.composite is not None
    assert 0 <= found.composite <= 100


@given(st.lists(ANSWERS, max_size=20), st.lists(ANSWERS, max_size=20))
@settings(max_examples=60)
def test_a_pooled_composite_lies_between_its_parts(
    first: list[Answers], second: list[Answers]
) -> None:
    one, two = Tally.of(BEIJING, first), Tally.of(BEIJING, second)
    parts = [
        score
        for score in (rates(one, BEIJING).composite, rates(two, BEIJING).composite)
        if score is not None
    ]
    pooled = rates(one + two, BEIJING).composite
    if not parts:
        assert pooled is None
    else:
        assert pooled is not None
        assert min(parts) <= pooled <= max(parts)


@pytest.mark.parametrize(
    "counts",
    [(-1, 0, 0, "0"), (1, 2, 0, "0"), (1, 0, 2, "0"), (1, 0, 0, "1.1"), (1, -1, 0, "0")],
)
def test_impossible_counts_are_refused(counts: tuple[int, int, int, str]) -> None:
    with pytest.raises(ValueError, match="tally"):
        tally(*counts)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("87.404", "87.40"), ("87.405", "87.41"), ("100", "100.00"), ("0", "0.00")],
)
def test_figures_are_rounded_half_up(value: str, expected: str) -> None:
    assert str(shown(Fraction(value), BEIJING)) == expected


def test_ranks_are_shared_and_the_next_one_skipped() -> None:
    scores = [Decimal("90"), None, Decimal("95.50"), Decimal("90.0"), Decimal("80")]
    assert rank(scores) == [2, None, 1, 2, 4]
    assert rank([]) == []
    assert rank([None, None]) == [None, None]


@given(st.lists(st.one_of(st.none(), st.fractions(0, 100, max_denominator=5)), max_size=20))
@settings(max_examples=60)
def test_a_rank_is_one_more_than_how_many_are_better(scores: list[Fraction | None]) -> None:
    for score, place in zip(scores, rank(scores), strict=True):
        if score is None:
            assert place is None
        else:
            assert place == 1 + sum(other is not None and other > score for other in scores)
