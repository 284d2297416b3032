"""The short way for variables gives what the long way gives, or leaves it to the long way."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse
from graphql.execution import VariableValues
from hypothesis import example, given
from hypothesis import strategies as st

from schema.limits import LimitExceeded, Limits, check_variables, compile_plain, variable_values

SCHEMA = build_schema(
    "type Query { field(s: String, i: Int, b: Boolean, d: ID, f: Float, l: [Int]): Int }"
)
LIMITS = Limits(string_length=20)


def _operation(variables: str) -> OperationDefinitionNode:
    node = parse(f"query({variables}) {{ field }}").definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    return node


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=25),
    st.text("ab\x00é\ud800", max_size=22),
    st.lists(st.integers(), max_size=2),
)
DECLARED = st.dictionaries(
    st.sampled_from("abcd"),
    st.sampled_from(["String", "String!", "Int", "Int!", "Boolean", "Boolean!", "ID", "ID!"]),
    min_size=1,
)


@example({"a": "String"}, {"b": "\x00"})
@given(DECLARED, st.dictionaries(st.sampled_from("abcdef"), VALUES))
def test_the_short_way_never_differs(declared: dict[str, str], raw: dict[str, Any]) -> None:
    operation = _operation(" ".join(f"${name}: {type_}" for name, type_ in declared.items()))
    plain = compile_plain(SCHEMA, operation, LIMITS)
    assert plain is not None
    short = plain(raw)
    if short is None:
        return
    check_variables(raw, LIMITS)
    long = variable_values(SCHEMA, operation, raw, limits=LIMITS)
    assert isinstance(long, VariableValues)
    assert short == long.coerced


def test_plain_values_do_take_the_short_way() -> None:
    plain = compile_plain(SCHEMA, _operation("$s: String! $i: Int $b: Boolean!"), LIMITS)
    assert plain is not None
    assert plain({"s": "20261123", "b": True}) == {"s": "20261123", "b": True}


@pytest.mark.parametrize(
    "raw", [{}, {"s": None}, {"s": "x" * 21}, {"s": "\x00"}, {"s": "e", "z": 1}]
)
def test_what_is_not_plain_is_left_to_the_long_way(raw: dict[str, Any]) -> None:
    plain = compile_plain(SCHEMA, _operation("$s: String!"), LIMITS)
    assert plain is not None
    assert plain(raw) is None
    if len(str(raw.get("s"))) > 20:
        with pytest.raises(LimitExceeded):
            check_variables(raw, LIMITS)


@pytest.mark.parametrize("variables", ["$f: Float", "$l: [Int]", '$s: String = "x"'])
def test_other_declarations_have_no_short_way(variables: str) -> None:
    assert compile_plain(SCHEMA, _operation(variables), LIMITS) is None
