"""What an emergency line takes, and which line takes a ticket. Pure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.vocabulary import ResponseLevel
from domain.tickets.lines import Line, line_for

CATEGORIES = ("HOUSING", "HOUSING.HEATING", "HOUSING.HEATING.COLD", "HOUSINGS", "UTILITY.WATER")
PLACES = ("110105", "110105015", "110106")
WORDS = ("暖气", "积雪", "停水")

LINES = st.builds(
    Line,
    id=st.integers(0, 9).map(lambda number: UUID(int=number)),
    code=st.just("SNOW"),
    name=st.just("扫雪铲冰"),
    level=st.sampled_from(ResponseLevel),
    categories=st.lists(st.sampled_from(CATEGORIES), max_size=2).map(tuple),
    areas=st.lists(st.sampled_from(PLACES), max_size=2).map(tuple),
    keywords=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
)
TICKETS = st.fixed_dictionaries(
    {
        "category": st.none() | st.sampled_from(CATEGORIES),
        "places": st.frozensets(st.sampled_from(PLACES)),
        "words": st.lists(st.sampled_from((*WORDS, "楼道"))).map("".join),
    }
)


def line(**given: Any) -> Line:
    return Line(UUID(int=1), "SNOW", "扫雪铲冰", ResponseLevel.L2, **given)


def test_a_category_takes_all_that_is_below_it_and_no_namesake() -> None:
    heating = line(categories=("HOUSING",))
    assert heating.takes("HOUSING", (), "")
    assert heating.takes("HOUSING.HEATING.COLD", (), "")
    assert not heating.takes("HOUSINGS", (), "")
    assert not heating.takes(None, (), "")


def test_each_condition_that_is_given_must_hold() -> None:
    both = line(categories=("HOUSING",), areas=("110105",), keywords=("暖气", "供暖"))
    assert both.takes("HOUSING", ("110105", "110105015"), "家里暖气不热")
    assert not both.takes("HOUSING", ("110106",), "家里暖气不热")
    assert not both.takes("HOUSING", ("110105",), "楼道灯不亮")
    assert not both.takes("UTILITY.WATER", ("110105",), "家里暖气不热")


@given(st.lists(LINES, max_size=5), TICKETS)
def test_the_most_urgent_line_that_fits_takes_it(
    several: list[Line], ticket: dict[str, Any]
) -> None:
    found = line_for(several, **ticket)
    fitting = [each for each in several if each.takes(**ticket)]
    assert (found is None) == (not fitting)
    if found is not None:
        assert found in fitting
        assert all(found.level <= each.level for each in fitting)


@given(LINES, TICKETS, st.sampled_from(CATEGORIES), st.sampled_from(PLACES), st.sampled_from(WORDS))
def test_a_condition_more_never_takes_more(
    wide: Line, ticket: dict[str, Any], category: str, area: str, word: str
) -> None:
    if wide.takes(**ticket):
        return
    narrow = Line(
        wide.id, wide.code, wide.name, wide.level,
        wide.categories or (category,), wide.areas or (area,), wide.keywords or (word,),
    )  # fmt: skip
    assert not narrow.takes(**ticket)
