"""The merging of fields, counted before validation and bounded within it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    get_introspection_query,
    parse,
    validate,
)
from hypothesis import assume, event, given, reject, settings
from hypothesis import strategies as st

from schema.limits import LimitCode, LimitExceeded, Limits, check_document, validation_rules
from schema.limits.document import check_root
from schema.limits.expansion import Expansion
from schema.limits.validation import UNITS_FOR_A_COMPARISON

UNBOUNDED = 10**9
WIDE = Limits(aliases=10**6, root_fields=10**6, directives=10**6, depth=50, overlap=UNBOUNDED)

LEAVES = ("b", "c", "x:b", "b:c", "b(x:1)", "b(x:2)", "__typename")
HEADS = ("a", "a", "x:a", "a(x:1 y:2)", "named", "either", "...", "...on Query", "...on Street")
SPREADS = ("...F0", "...F1", "...F2", "...Missing", "...F1 @include(if:true)")

leaf = st.sampled_from(LEAVES + SPREADS)
selection = st.recursive(
    leaf,
    lambda inner: st.builds(
        lambda head, body: head + "{" + " ".join(body) + "}",
        st.sampled_from(HEADS),
        st.lists(inner, min_size=1, max_size=4),
    ),
    max_leaves=12,
)
body = st.lists(selection, min_size=1, max_size=5).map(lambda parts: "{" + " ".join(parts) + "}")
documents = st.builds(
    lambda operation, fragments: (
        operation + "".join(f" fragment F{i} on Query{text}" for i, text in enumerate(fragments))
    ),
    body,
    st.lists(body, max_size=3),
)


def compared(document: DocumentNode, schema: GraphQLSchema, budget: int = UNBOUNDED) -> int:
    """What graphql-core's rule spends on a document, in its own units."""
    contexts: list[Any] = []

    class CountingRule(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = budget
            contexts.append(self.rule_context)

    validate(schema, document, [CountingRule], max_errors=10**6)
    return budget - int(contexts[0].remaining_complexity_budget)


def estimated(document: DocumentNode, schema: GraphQLSchema) -> tuple[int, int]:
    """The comparisons counted before validation, and the selections visited for it."""
    expansion = Expansion(document, WIDE)
    overlap = 0
    for root in expansion.roots():
        overlap = check_root(root, expansion, schema, WIDE, overlap)
    return overlap, expansion.visited


@pytest.mark.parametrize(
    "text",
    [
        "{" + "b " * 100 + "}",
        "{" + "a{b} " * 60 + "}",
        "{" + "a(x:1 y:2 z:3){b} " * 40 + "}",
        "{"
        + "".join(f"...F{i} " for i in range(60))
        + "}"
        + "".join(f"fragment F{i} on Query{{b}}" for i in range(60)),
        "{...F0}"
        + "".join(f"fragment F{i} on Query{{b ...F{i + 1}}}" for i in range(60))
        + "fragment F60 on Query{b}",
        "{" + "either{...on Street{name size}...on District{name size}}" * 15 + "}",
    ],
)
def test_the_estimate_is_no_less_than_what_validation_compares(
    text: str, toy: GraphQLSchema
) -> None:
    document = parse(text)
    estimate, _ = estimated(document, toy)
    spent = compared(document, toy)
    # Two units for a comparison; and not so far above that honest documents suffer.
    assert spent / 2 <= estimate <= spent * 2


@settings(max_examples=100)
@given(text=documents)
def test_random_documents_never_cost_more_than_estimated(text: str, toy: GraphQLSchema) -> None:
    document = parse(text)
    try:
        estimate, visited = estimated(document, toy)
    except LimitExceeded:
        reject()
    assume(not Expansion(document, WIDE).closing)
    assert compared(document, toy) <= UNITS_FOR_A_COMPARISON * estimate + 4 * visited


@settings(max_examples=100)
@given(text=documents)
def test_random_documents_are_refused_by_a_limit_or_pass(text: str, toy: GraphQLSchema) -> None:
    limits = Limits(depth=4, aliases=3, root_fields=5, overlap=30, expansion=60, directives=2)
    document = parse(text)
    try:
        check_document(document, toy, limits)
    except LimitExceeded as error:
        assert error.extensions is not None
        event(error.extensions["code"])
    expansion = Expansion(document, limits)
    with suppress(LimitExceeded):
        for root in expansion.roots():
            check_root(root, expansion, toy, limits, 0)
    assert expansion.visited <= limits.expansion + 1


@pytest.mark.parametrize(
    "text",
    [
        # What used to cost seconds: 12 kB of one field, and a few bytes nested in themselves.
        "{" + "b " * 1_990 + "}",
        "{" + "a(x:1){b} " * 250 + "}",
        "{" + "a{" * 3 + ("a{" + "a{b}" * 8 + "}") * 8 + "}" * 4,
        "{...F}fragment F on Query{a{...F a{...F}a{...F a{...F}}}a{...F a{...F}}}",
        "{...F0}"
        + "".join(
            f"fragment F{i} on Query{{" + "".join(f"...F{j} " for j in range(25)) + "b}"
            for i in range(25)
        ),
    ],
)
def test_validation_compares_no_more_than_its_bound(text: str, toy: GraphQLSchema) -> None:
    """Whether the check before refuses it or not, cyclic or not: the work is bounded."""
    limits = Limits()
    rules = validation_rules(introspection=False, suggestions=False)
    spent: list[int] = []
    contexts: list[Any] = []
    rule = next(rule for rule in rules if issubclass(rule, OverlappingFieldsCanBeMergedRule))

    class WatchedRule(rule):  # type: ignore[misc, valid-type]
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            contexts.append(self.rule_context)
            spent.append(self.rule_context.remaining_complexity_budget)

    errors = validate(toy, parse(text), [WatchedRule], max_errors=20)
    assert spent == [UNITS_FOR_A_COMPARISON * limits.overlap]
    left = contexts[0].remaining_complexity_budget
    # One step may go beyond the budget, and it ends with that step.
    assert left > -100
    coded = [error for error in errors if isinstance(error, LimitExceeded)]
    assert bool(coded) == (left < 0)
    if coded:
        assert coded[0].extensions == {
            "code": LimitCode.OVERLAP_EXCEEDED.value,
            "limit": limits.overlap,
        }


def test_the_other_rules_go_on_when_the_overlap_is_too_much(toy: GraphQLSchema) -> None:
    document = parse("{" + "a{b} " * 200 + "nothing}")
    rules = validation_rules(introspection=False, suggestions=False)
    messages = [error.message for error in validate(toy, document, rules)]
    assert "Cannot query field 'nothing' on type 'Query'." in messages
    assert len(messages) == 2


def test_conflicts_are_still_found_below_the_bound(toy: GraphQLSchema) -> None:
    rules = validation_rules(introspection=False, suggestions=False)
    [error] = validate(toy, parse("{x:b x:c}"), rules)
    assert "'b' and 'c' are different fields" in error.message


def test_too_many_conflicts_stop_validation_as_before(toy: GraphQLSchema) -> None:
    rules = validation_rules(introspection=False, suggestions=False)
    text = "{" + " ".join(f"x{i}:b x{i}:c" for i in range(10)) + "}"
    errors = validate(toy, parse(text), rules, max_errors=3)
    assert [error.message.startswith("Too many") for error in errors] == [False] * 3 + [True]


def test_the_standard_introspection_query_is_far_below(toy: GraphQLSchema) -> None:
    estimate, visited = estimated(parse(get_introspection_query()), toy)
    assert estimate < Limits().overlap / 100
    assert visited < Limits().expansion / 10
