"""What the raw values of variables may hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.limits import LimitCode, LimitExceeded, Limits, check_variables

SMALL = Limits(variable_nesting=3, list_length=4, string_length=5, variable_values=12)


def nested(levels: int) -> Any:
    """Lists in lists."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("passes", "fails", "code", "limit"),
    [
        ({"x": nested(3)}, {"x": nested(4)}, LimitCode.NESTING_EXCEEDED, 3),
        (
            {"x": {"y": {"z": {}}}},
            {"x": {"y": {"z": {"w": {}}}}},
            LimitCode.NESTING_EXCEEDED,
            3,
        ),
        ({"x": [1, 2, 3, 4]}, {"x": [1, 2, 3, 4, 5]}, LimitCode.LIST_EXCEEDED, 4),
        ({"x": "12345"}, {"x": "123456"}, LimitCode.STRING_EXCEEDED, 5),
        ({"x": {"12345": 1}}, {"x": {"123456": 1}}, LimitCode.STRING_EXCEEDED, 5),
        # Characters, not bytes.
        ({"x": "诉求工单号"}, {"x": "诉求工单号码"}, LimitCode.STRING_EXCEEDED, 5),
        # The mapping, its three names, two lists and their items: 12 and 13.
        (
            {"x": [1, 2, 3], "y": [1, 2], "z": 1},
            {"x": [1, 2, 3], "y": [1, 2, 3], "z": 1},
            LimitCode.VARIABLES_EXCEEDED,
            12,
        ),
        ({"x": {}}, {str(i): None for i in range(6)}, LimitCode.VARIABLES_EXCEEDED, 12),
    ],
)
def test_at_the_bound_passes_and_above_fails(
    passes: Any, fails: Any, code: LimitCode, limit: int, refused: Any
) -> None:
    check_variables(passes, SMALL)
    with refused(code, limit):
        check_variables(fails, SMALL)


@pytest.mark.parametrize(
    "variables",
    [
        {"x": "\x00"},
        {"x": "\ud800"},
        {"x": "\udfff"},
        {"x": [{"y": "a\x00b"}]},
        {"x": {"\x00": 1}},
        {"\ud800": 1},
    ],
)
def test_nul_and_lone_surrogates_are_refused(variables: Any, refused: Any) -> None:
    with refused(LimitCode.INVALID_TEXT, 0):
        check_variables(variables, Limits())


def test_other_characters_are_all_right() -> None:
    check_variables({"x": "\t\n\x7f 😀 𠮷 ﷽ \U0010ffff"}, Limits())


def test_what_nests_without_end_needs_no_stack(refused: Any) -> None:
    with refused(LimitCode.NESTING_EXCEEDED, 16):
        check_variables({"x": nested(100_000)}, Limits())


def test_a_huge_object_is_refused_before_it_is_read(refused: Any) -> None:
    huge = {str(number): "\x00" for number in range(100_000)}
    with refused(LimitCode.VARIABLES_EXCEEDED, 5_000):
        check_variables({"x": huge}, Limits())


SECRET = "13800138000"

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=7), inner),
    max_leaves=20,
)


@settings(max_examples=60)
@given(st.dictionaries(st.text(max_size=3), values, max_size=4))
def test_any_json_passes_or_is_refused_by_a_limit(variables: dict[str, Any]) -> None:
    try:
        check_variables(variables, SMALL)
    except LimitExceeded as error:
        assert error.extensions is not None
        return
    assert longest_string(variables) <= SMALL.string_length
    assert depth_of(variables) <= SMALL.variable_nesting + 1


def test_messages_repeat_no_value() -> None:
    for variables in ({"x": SECRET}, {"x": {SECRET: 1}}, {"x": [SECRET] * 9}, {"x": "\x00"}):
        with pytest.raises(LimitExceeded) as caught:
            check_variables(variables, SMALL)
        assert SECRET not in str(caught.value.formatted)


def longest_string(value: Any) -> int:
    """The length of the longest string or key in a value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return max((longest_string(item) for pair in value.items() for item in pair), default=0)
    if isinstance(value, list):
        return max((longest_string(item) for item in value), default=0)
    return 0


def depth_of(value: Any) -> int:
    """How many containers a value has in each other."""
    if isinstance(value, dict):
        return 1 + max((depth_of(item) for item in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth_of(item) for item in value), default=0)
    return 0
