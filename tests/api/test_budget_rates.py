"""The budgets of callers: never more than the bucket and its drain, and each has their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rates import BUDGETS, Rates
from domain.kernel.actor import Role
from domain.kernel.errors import RateLimited

RATE, BURST = 10.0, 100.0
SPENDING = st.lists(
    st.tuples(st.floats(0, 20, allow_subnormal=False), st.integers(1, 60)), max_size=60
)


def small() -> Rates:
    return Rates(dict.fromkeys(Role, (RATE, BURST)))


@given(SPENDING)
def test_no_window_has_more_than_the_bucket_and_its_drain(
    spending: list[tuple[float, int]],
) -> None:
    rates, now, admitted = small(), 0.0, []
    for gap, cost in spending:
        now += gap
        try:
            rates.take("one", Role.CITIZEN, cost, now)
        except RateLimited:
            continue
        admitted.append((now, cost))
    for first, (begin, _) in enumerate(admitted):
        spent = 0
        for at, cost in admitted[first:]:
            spent += cost
            assert spent <= BURST + RATE * (at - begin) + 1e-6


@given(SPENDING)
def test_who_waits_as_told_is_served_and_a_refusal_costs_nothing(
    spending: list[tuple[float, int]],
) -> None:
    rates, now = small(), 0.0
    for gap, cost in spending:
        now += gap
        try:
            rates.take("one", Role.CITIZEN, cost, now)
        except RateLimited as refused:
            now += refused.retry_after + 1e-6
            rates.take("one", Role.CITIZEN, cost, now)


def test_what_one_spends_another_still_has() -> None:
    rates = small()
    rates.take("one", Role.CITIZEN, 100, 0)
    with pytest.raises(RateLimited):
        rates.take("one", Role.CITIZEN, 1, 0)
    rates.take("other", Role.CITIZEN, 100, 0)


def test_every_role_has_a_budget_and_nobody_the_least() -> None:
    assert set(BUDGETS) == set(Role)
    assert min(BUDGETS.values()) == BUDGETS[Role.PUBLIC]
