"""Coercion of variables: graphql-core's values, and errors that tell nothing of what was given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import (
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
)
from graphql.execution import VariableValues
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.limits import INVALID_VARIABLE, Limits, coerce_variables, variable_values

SDL = """
scalar Phone
enum Kind { HELP  REPORT }
input Contact { name: String!  phone: Phone  aliases: [String!] }
input Place @oneOf { address: String  street: ID }
input Submit {
  title: String!
  kind: Kind = HELP
  contact: Contact
  contacts: [Contact!]
  place: Place
  urgency: Int
  confidential: Boolean = false
}
type Query { submit(input: Submit): Int }
"""
SECRET = "S3CR3T"


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Inputs of every kind; a phone number whose own error tells too much."""
    built = build_schema(SDL)
    phone = built.get_type("Phone")
    assert isinstance(phone, GraphQLScalarType)

    def coerce(value: Any) -> str:
        if not isinstance(value, str) or not value.isdigit():
            raise GraphQLError(f"No phone number: {value!r}")
        return value

    phone.coerce_input_value = coerce
    return built


def operation(definitions: str) -> OperationDefinitionNode:
    """A query with these variables."""
    node = parse(f"query({definitions}) {{ submit }}").definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    return node


SUBMIT = operation("$input: Submit!")


def errors_of(
    schema: GraphQLSchema, given_: Any, node: OperationDefinitionNode = SUBMIT, **options: Any
) -> list[GraphQLError]:
    """The errors of coercing one value."""
    result = coerce_variables(schema, node, {"input": given_}, **options)
    assert isinstance(result, list)
    assert result
    return result


def test_good_values_are_coerced_with_their_defaults(schema: GraphQLSchema) -> None:
    node = operation("$input: Submit!, $again: Int = 3, $absent: Int")
    given_ = {
        "title": "路灯不亮",
        "contacts": {"name": "n", "phone": "1"},
        "place": {"street": "1"},
    }
    assert coerce_variables(schema, node, {"input": given_}) == {
        "input": {
            "title": "路灯不亮",
            "kind": "HELP",
            "confidential": False,
            "contacts": [{"name": "n", "phone": "1"}],
            "place": {"street": "1"},
        },
        "again": 3,
    }


def test_the_executor_gets_its_own_form(schema: GraphQLSchema) -> None:
    assert isinstance(variable_values(schema, SUBMIT, {"input": {"title": "t"}}), VariableValues)


def test_no_variables_are_no_fault(schema: GraphQLSchema) -> None:
    assert coerce_variables(schema, operation("$x: Int"), None) == {}


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        (None, [], "type 'Submit!', not null"),
        (SECRET, [], "an object of type 'Submit'"),
        ({}, [], "field 'title' of type 'String!' is required"),
        ({"title": None}, ["title"], "type 'String!', not null"),
        ({"title": 13800138000}, ["title"], "type 'String'"),
        ({"title": "t", "kind": SECRET}, ["kind"], "type 'Kind'"),
        ({"title": "t", "kind": 13800138000}, ["kind"], "type 'Kind'"),
        ({"title": "t", "urgency": SECRET}, ["urgency"], "type 'Int'"),
        (
            {"title": "t", "contact": {"name": "n", "phone": SECRET}},
            ["contact", "phone"],
            "type 'Phone'",
        ),
        (
            {"title": "t", "contacts": [{"name": "n"}, {"phone": "1"}]},
            ["contacts", 1],
            "field 'name' of type 'String!' is required",
        ),
        (
            {"title": "t", "contacts": [{"name": "n", "aliases": ["a", None]}]},
            ["contacts", 0, "aliases", 1],
            "type 'String!', not null",
        ),
        ({"title": "t", SECRET: SECRET}, [], "a field that type 'Submit' has not"),
        ({"title": "t", "place": {}}, ["place"], "takes exactly one field"),
        ({"title": "t", "place": {"street": None}}, ["place"], "takes exactly one field"),
    ],
)
def test_an_error_names_variable_path_and_type(
    value: Any, path: list[str | int], expected: str, schema: GraphQLSchema
) -> None:
    [error] = errors_of(schema, value)
    assert expected in error.message
    assert error.message.startswith("Variable '$input' has an invalid value")
    assert error.extensions == {"code": INVALID_VARIABLE, "variable": "input", "path": path}
    assert [place.line for place in error.locations or ()] == [1]
    assert tells_nothing(error)


def tells_nothing(error: GraphQLError) -> bool:
    """Whether an error is free of the given values, also in what a log would keep of it."""
    kept = [json.dumps(error.formatted), str(error), repr(error), repr(error.original_error)]
    return not any(secret in text for secret in (SECRET, "13800138000") for text in kept)


def test_a_missing_variable_is_named(schema: GraphQLSchema) -> None:
    [error] = coerce_variables(schema, SUBMIT, {SECRET: SECRET})
    assert isinstance(error, GraphQLError)
    assert error.message.endswith("a value of type 'Submit!' is required.")
    assert tells_nothing(error)


def test_all_faults_come_at_once_up_to_the_bound(schema: GraphQLSchema) -> None:
    contacts = [{"name": index} for index in range(100)]
    errors = errors_of(schema, {"kind": 1, "contacts": contacts})
    assert len(errors) == Limits().errors
    assert len(errors_of(schema, {"kind": 1, "contacts": contacts}, limits=Limits(errors=3))) == 3


def test_suggestions_are_given_where_wanted_only(schema: GraphQLSchema) -> None:
    mistaken = {"title": "t", "urgencyy": 1}
    [error] = errors_of(schema, mistaken, suggestions=True)
    assert "'urgencyy'" in error.message
    assert "Did you mean 'urgency'?" in error.message
    [error] = errors_of(schema, mistaken)
    assert "urgency" not in error.message


def test_a_refusal_by_the_input_types_own_code_is_told_without_its_words(
    schema: GraphQLSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = schema.get_type("Contact")

    def refuse(value: Any) -> Any:
        raise GraphQLError(f"not {value}")

    monkeypatch.setattr(contact, "out_type", refuse)
    [error] = errors_of(schema, {"title": "t", "contact": {"name": SECRET}})
    assert error.extensions == {"code": INVALID_VARIABLE}
    assert tells_nothing(error)


def test_deep_values_end_in_an_error_not_in_a_stack_overflow() -> None:
    schema = build_schema("input Loop { loop: Loop } type Query { submit(loop: Loop): Int }")
    value: dict[str, Any] = {}
    for _ in range(5_000):
        value = {"loop": value}
    [error] = errors_of(schema, value, operation("$input: Loop"))
    assert "nested too deeply" in error.message


secret_values = st.recursive(
    st.sampled_from([SECRET, SECRET * 2, 13800138000, f"x{SECRET}", 1, 1.5, True, None, "HELP"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["title", "kind", "contact", "contacts", "place", "street", "name", "phone", SECRET]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150)
@given(value=secret_values)
def test_errors_come_where_graphql_core_has_them_and_never_tell(
    value: Any, schema: GraphQLSchema
) -> None:
    reference = get_variable_values(schema, SUBMIT.variable_definitions or (), {"input": value})
    result = coerce_variables(schema, SUBMIT, {"input": value})
    if isinstance(reference, VariableValues):
        assert result == reference.coerced
    else:
        assert isinstance(result, list)
        assert result
        assert all(tells_nothing(error) for error in result)
        assert all((error.extensions or {})["code"] == INVALID_VARIABLE for error in result)
        assert all("path" in (error.extensions or {}) for error in result)
