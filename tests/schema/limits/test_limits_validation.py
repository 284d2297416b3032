"""The validation rules: what they refuse, and what they don't tell."""

from __future__ import annotations

import pytest
import strawberry
from graphql import (
    GraphQLSchema,
    get_introspection_query,
    parse,
    specified_rules,
    validate,
)

from schema.limits import INTROSPECTION_DISABLED, validation_rules

MISTAKES = [
    "{colour}",
    "{color(colour:CRIMSON)}",
    "{color(color:CRIMSOM)}",
    '{color(color:"CRIMSON")}',
    "{a(filter:{phones:1}){b}}",
    "{b @marke}",
    "{b @include(iff:true)}",
    "{...on Queri{b}}",
    "query($x:Colour){b(x:$x)}",
    "{named{size}}",
    "{either{name}}",
    "{named{...on Streets{size}}}",
    "query($x:Filter={phones:1}){a(filter:$x){b}}",
    "subscription{colour}",
]


@pytest.mark.parametrize("text", MISTAKES)
def test_without_suggestions_no_message_tells_of_the_schema(text: str, toy: GraphQLSchema) -> None:
    document = parse(text)
    silent = validate(toy, document, validation_rules(introspection=True, suggestions=False))
    assert silent
    assert not any("did you mean" in error.message.lower() for error in silent)
    assert not any("Perhaps" in error.message for error in silent)


def test_with_suggestions_the_messages_are_those_of_graphql_core(toy: GraphQLSchema) -> None:
    rules = validation_rules(introspection=True, suggestions=True)
    told = 0
    for text in MISTAKES:
        document = parse(text)
        messages = [error.message for error in validate(toy, document, rules)]
        assert messages == [error.message for error in validate(toy, document)]
        told += any("Did you mean" in message for message in messages)
    assert told >= 8


def test_silence_changes_nothing_for_others(toy: GraphQLSchema) -> None:
    document = parse("{colour}")
    validate(toy, document, validation_rules(introspection=False, suggestions=False))
    [error] = validate(toy, document, specified_rules)
    assert "Did you mean 'color'?" in error.message


def test_silence_needs_no_help_from_the_caller(toy: GraphQLSchema) -> None:
    rules = validation_rules(introspection=False, suggestions=False)
    [error] = validate(toy, parse("{colour}"), rules, hide_suggestions=False)
    assert error.message == "Cannot query field 'colour' on type 'Query'."


@pytest.mark.parametrize(
    "text",
    [
        "{__schema{queryType{name}}}",
        '{__type(name:"Query"){name}}',
        '{x:__type(name:"Query"){name}}',
        "{...F} fragment F on Query{...on Query{__schema{types{name}}}}",
        "{b} fragment Unused on Query{__schema{types{name}}}",
        "{a{__schema{types{name}}}}",
    ],
)
def test_without_introspection_the_schema_is_not_read(text: str, toy: GraphQLSchema) -> None:
    rules = validation_rules(introspection=False, suggestions=False)
    codes = [(error.extensions or {}).get("code") for error in validate(toy, parse(text), rules)]
    assert INTROSPECTION_DISABLED in codes


def test_typename_may_always_be_asked(toy: GraphQLSchema) -> None:
    rules = validation_rules(introspection=False, suggestions=False)
    assert not validate(toy, parse("{__typename either{__typename}}"), rules)


def test_with_introspection_the_standard_query_is_valid(toy: GraphQLSchema) -> None:
    rules = validation_rules(introspection=True, suggestions=False)
    assert not validate(toy, parse(get_introspection_query()), rules)


def test_rules_are_made_once() -> None:
    made = validation_rules(introspection=False, suggestions=False)
    assert made is validation_rules(introspection=False, suggestions=False)
    assert len(made) == len(specified_rules) + 2


@strawberry.input
class Change:
    note: strawberry.Maybe[str]


@strawberry.type
class Query:
    @strawberry.field
    def kept(self, change: Change) -> bool:
        return change.note is None


def test_strawberry_fields_that_may_be_absent_are_never_null() -> None:
    schema = strawberry.Schema(Query)._schema
    rules = validation_rules(introspection=False, suggestions=False)
    assert not validate(schema, parse("{kept(change:{})}"), rules)
    [error] = validate(schema, parse("{kept(change:{note:null})}"), rules)
    assert "cannot be explicitly set to null" in error.message
