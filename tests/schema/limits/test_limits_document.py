"""What a parsed document may be before it is validated."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLSchema, get_introspection_query, parse

from schema.limits import LimitCode, Limits, check_document
from schema.limits.expansion import Expansion

SMALL = Limits(
    operations=2,
    depth=3,
    introspection_depth=5,
    aliases=3,
    directives=3,
    root_fields=4,
    expansion=12,
    overlap=10,
    list_length=3,
)
F = " fragment F on Query "


@pytest.mark.parametrize(
    ("passes", "fails", "code", "limit"),
    [
        ("{a{a{b}}}", "{a{a{a{b}}}}", LimitCode.DEPTH_EXCEEDED, 3),
        # A fragment is no level of its own, and hides none.
        ("{a{...F}}" + F + "{a{b}}", "{a{...F}}" + F + "{a{a{b}}}", LimitCode.DEPTH_EXCEEDED, 3),
        ("{...on Query{a{...{a{b}}}}}", "{...{a{...{a{...{a{b}}}}}}}", LimitCode.DEPTH_EXCEEDED, 3),
        # A fragment that nothing spreads is validated all the same.
        ("{b}" + F + "{a{a{b}}}", "{b}" + F + "{a{a{a{b}}}}", LimitCode.DEPTH_EXCEEDED, 3),
        (
            "{__schema{types{fields{type{name}}}}}",
            "{__schema{types{fields{type{ofType{name}}}}}}",
            LimitCode.DEPTH_EXCEEDED,
            5,
        ),
        # An alias of that name, or the field in another place, is not introspection.
        ("{__schema:a{a{b}}}", "{__schema:a{a{a{b}}}}", LimitCode.DEPTH_EXCEEDED, 3),
        ("{a{__schema{b}}}", "{a{__schema{types{name}}}}", LimitCode.DEPTH_EXCEEDED, 3),
        ("{x:b y:b z:b}", "{w:b x:b y:b z:b}", LimitCode.ALIASES_EXCEEDED, 3),
        # Spread twice, counted twice: two keys of the answer each time.
        (
            "{x:a{...F} z:b}" + F + "{y:b}",
            "{x:a{...F} z:a{...F}}" + F + "{y:b}",
            LimitCode.ALIASES_EXCEEDED,
            3,
        ),
        (
            "{b @marked @marked @marked}",
            "query @marked {b @marked @marked @marked}",
            LimitCode.DIRECTIVES_EXCEEDED,
            3,
        ),
        (
            "{...F @marked}" + F + "{b @marked @marked}",
            "{...F @marked}" + F + "@marked {b @marked @marked}",
            LimitCode.DIRECTIVES_EXCEEDED,
            3,
        ),
        ("{b c w:b x:b}", "{b c w:b x:b y:b}", LimitCode.ROOT_FIELDS_EXCEEDED, 4),
        ("{b c ...F}" + F + "{x:b y:b}", "{b c ...F}" + F + "{x:b y:b z:b}", None, 4),
        ("query A{b} query B{b}", "query A{b} query B{b} query C{b}", None, 2),
        ("{a(list:[1,2,3]){b}}", "{a(list:[1,2,3,4]){b}}", LimitCode.LIST_EXCEEDED, 3),
        ("query($x:[Int]=[1,2,3]){b}", "query($x:[Int]=[1,2,3,4]){b}", LimitCode.LIST_EXCEEDED, 3),
        # Five of one key are ten pairs, six are fifteen.
        ("{b b b b b}", "{b b b b b b}", LimitCode.OVERLAP_EXCEEDED, 10),
        # The comparisons of all operations and unused fragments add up.
        (
            "{b b b b}" + F + "{b b b}",
            "{b b b b}" + F + "{b b b b}",
            LimitCode.OVERLAP_EXCEEDED,
            10,
        ),
        # A pair of fields with an argument costs twice as much.
        ("{b(x:1)b(x:1)b(x:1)}", "{" + "b(x:1)" * 4 + "}", LimitCode.OVERLAP_EXCEEDED, 10),
    ],
)
def test_at_the_bound_passes_and_above_fails(
    passes: str, fails: str, code: LimitCode | None, limit: int, toy: GraphQLSchema, refused: Any
) -> None:
    if code is None:
        codes = {4: LimitCode.ROOT_FIELDS_EXCEEDED, 2: LimitCode.OPERATIONS_EXCEEDED}
        code = codes[limit]
    check_document(parse(passes), toy, SMALL)
    with refused(code, limit):
        check_document(parse(fails), toy, SMALL)


def test_an_alias_that_repeats_the_name_and_one_that_merges_are_not_more(
    toy: GraphQLSchema,
) -> None:
    check_document(parse("{b:b x:a{b} x:a{c}}"), toy, Limits(aliases=1))


def test_each_operation_may_have_its_own_aliases(toy: GraphQLSchema) -> None:
    check_document(parse("query A{x:b y:b} query B{x:b y:b}"), toy, Limits(aliases=2))


def doubling(levels: int) -> str:
    """A document of a hundred bytes or so whose answer doubles with each level."""
    chain = "".join(
        f"fragment F{i} on Query{{xa:a{{...F{i + 1}}}xb:a{{...F{i + 1}}}}}" for i in range(levels)
    )
    return "{...F0}" + chain + f"fragment F{levels} on Query{{b}}"


def test_doubling_fragments_stop_at_the_bound_of_expansion(
    toy: GraphQLSchema, refused: Any
) -> None:
    limits = Limits(aliases=10**6, depth=100, expansion=500)
    expansion = Expansion(parse(doubling(60)), limits)
    with refused(LimitCode.EXPANSION_EXCEEDED, 500):
        check_document(parse(doubling(60)), toy, limits)
    # The same walk, counted: it stops with the first selection above the bound.
    pending = [[next(expansion.roots()).selection_set]]
    with refused(LimitCode.EXPANSION_EXCEEDED, 500):
        while pending:
            for nodes in expansion.merge(pending.pop()).fields.values():
                nested = [node.selection_set for node in nodes if node.selection_set]
                pending.append(nested)
    assert expansion.visited == 501


def test_a_fragment_counts_once_for_each_object_that_it_is_spread_in() -> None:
    expansion = Expansion(parse("{...F ...F a{...F} a{...F}}" + F + "{b c}"), Limits())
    root = expansion.merge([next(expansion.roots()).selection_set])
    assert (expansion.visited, root.containers, list(root.fields)) == (4 + 2, 2, ["a", "b", "c"])
    nested = expansion.merge([node.selection_set for node in root.fields["a"]])  # type: ignore[misc]
    assert (expansion.visited, nested.containers, list(nested.fields)) == (6 + 4, 3, ["b", "c"])


@pytest.mark.parametrize(
    "text",
    [
        "{...F}" + F + "{...F b}",
        "{a{...F}}" + F + "{a{...F}}",
        "{...F}" + F + "{...G} fragment G on Query{a{...F} ...G}",
        "{b}" + F + "{a{...F}}",
        "{...Missing a{...Missing}}",
        "{...F} fragment F on Nowhere{nothing{nowhere}}",
        "{...F}" + F + "{b}" + F + "{c}",
        "{...on Nowhere{b} nothing{b}}",
        "subscription {b}",
        "{...F} type Query{b:Int} query {b}" + F + "@marked {a(filter:{filters:[{}]}){...F}}",
    ],
)
def test_invalid_documents_pass_to_validation(text: str, toy: GraphQLSchema) -> None:
    check_document(parse(text), toy, Limits())


def test_a_doubled_fragment_is_measured_too(toy: GraphQLSchema, refused: Any) -> None:
    """Validation looks into both definitions, though only the last can be spread."""
    text = "{...F}" + F + "{" + "b " * 200 + "}" + F + "{b}"
    with refused(LimitCode.OVERLAP_EXCEEDED, 10_000):
        check_document(parse(text), toy, Limits())


def test_the_standard_introspection_query_passes(toy: GraphQLSchema) -> None:
    query = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    check_document(parse(query), toy, Limits())


def test_the_error_points_at_the_place(toy: GraphQLSchema) -> None:
    with pytest.raises(Exception, match="more than 3 deep") as caught:
        check_document(parse("{a{a{a{\nb}}}}"), toy, SMALL)
    assert [tuple(place) for place in caught.value.locations] == [(2, 1)]  # type: ignore[attr-defined]


def test_without_an_alias_for_it_the_message_repeats_nothing(toy: GraphQLSchema) -> None:
    with pytest.raises(Exception, match="more than 3 items") as caught:
        check_document(parse("{a(list:[1,2,3,13800138000]){b}}"), toy, SMALL)
    assert "138" not in caught.value.message  # type: ignore[attr-defined]
