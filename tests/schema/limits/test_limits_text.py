"""What the text of a document may hold before it is parsed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from graphql import (
    GraphQLError,
    GraphQLSchema,
    Lexer,
    get_introspection_query,
    parse,
    print_ast,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.limits import (
    LimitCode,
    LimitExceeded,
    Limits,
    check_document,
    check_text,
    validation_rules,
)

SMALL = Limits(tokens=12, nesting=4, string_length=5, document_length=200)


@pytest.mark.parametrize(
    ("passes", "fails", "code", "limit"),
    [
        ("{" + "b " * 10 + "}", "{" + "b " * 11 + "}", LimitCode.TOKENS_EXCEEDED, 12),
        # Comments are tokens too: they cost as much to read.
        ("{b}" + "#\n" * 9, "{b}" + "#\n" * 10, LimitCode.TOKENS_EXCEEDED, 12),
        ("{a{a{a{b}}}}", "{a{a{a{a{b}}}}}", LimitCode.NESTING_EXCEEDED, 4),
        ("[[[[", "[[[[[", LimitCode.NESTING_EXCEEDED, 4),
        ("{a(x:[{", "{a(x:[{y:[", LimitCode.NESTING_EXCEEDED, 4),
        ("query($x:[[[", "query($x:[[[[", LimitCode.NESTING_EXCEEDED, 4),
        ('{b(x:"12345")}', '{b(x:"123456")}', LimitCode.STRING_EXCEEDED, 5),
        ('{b(x:"""12345""")}', '{b(x:"""123456""")}', LimitCode.STRING_EXCEEDED, 5),
        ("#" + " " * 199, "#" + " " * 200, LimitCode.DOCUMENT_EXCEEDED, 200),
    ],
)
def test_at_the_bound_passes_and_above_fails(
    passes: str, fails: str, code: LimitCode, limit: int, refused: Any
) -> None:
    check_text(passes, SMALL)
    with refused(code, limit):
        check_text(fails, SMALL)


def test_brackets_that_close_again_do_not_add_up() -> None:
    check_text("{a{b}c{d}}", Limits(nesting=2))
    check_text("}" * 50 + "{" * 2, Limits(nesting=2))


def test_brackets_in_strings_and_comments_are_text() -> None:
    check_text('{b(x:"[[[[[[")} # [[[[[[', Limits(nesting=2))


@pytest.mark.parametrize(
    "text",
    ["{b}\x00", '{b(x:"\\u0000")}', "{b} # \ud800", '{b(x:"\ud83d\ude00")}', '{b(x:"""\x00""")}'],
)
def test_nul_and_surrogates_are_refused(text: str, refused: Any) -> None:
    with refused(LimitCode.INVALID_TEXT, 0):
        check_text(text, Limits())


def test_an_escaped_pair_of_surrogates_is_one_good_character() -> None:
    check_text('{b(x:"\\ud83d\\ude00 \\u{1F600} 😀")}', Limits())


@pytest.mark.parametrize("text", ["{b(x:'')}", "{b(x:1.)}", '{b(x:"', "{b ..}", "{?"])
def test_what_is_no_graphql_is_left_to_the_parser(text: str) -> None:
    check_text(text, Limits())
    with pytest.raises(GraphQLError, match="Syntax Error"):
        parse(text)


def test_a_text_that_fails_after_a_bound_is_refused_by_the_bound(refused: Any) -> None:
    with refused(LimitCode.NESTING_EXCEEDED, 64):
        check_text("[" * 100_000, Limits(document_length=100_000))


def test_reading_stops_at_the_bound(monkeypatch: pytest.MonkeyPatch, refused: Any) -> None:
    """Work is bounded by the limit, not by the length of the text."""
    read: list[int] = []

    class CountingLexer(Lexer):
        def read_next_token(self, start: int) -> Any:
            read.append(start)
            return super().read_next_token(start)

    monkeypatch.setattr("schema.limits.text.Lexer", CountingLexer)
    with refused(LimitCode.TOKENS_EXCEEDED, 2_000):
        check_text("#\n" * 30_000, Limits())
    assert len(read) == 2_001


def at_stack_depth(frames: int, call: Callable[[], None]) -> None:
    """Call with this many frames on the stack, as a web server's handlers would leave."""
    if frames:
        at_stack_depth(frames - 1, call)
    else:
        call()


DEEP = Limits().nesting


@pytest.mark.parametrize(
    "text",
    [
        "{a" * DEEP + "}" * DEEP,
        "{a(x:" + "[" * (DEEP - 2) + "]" * (DEEP - 2) + ")}",
        "{a(x:" + "{x:" * (DEEP - 2) + "1" + "}" * (DEEP - 2) + ")}",
        "query($x:" + "[" * (DEEP - 1) + "Int" + "]" * (DEEP - 1) + "){b}",
        "{" + "...{" * (DEEP - 1) + "b" + "}" * DEEP,
        "{...F0}" + "".join(f"fragment F{i} on Query{{...F{i + 1}}}" for i in range(200)),
    ],
)
def test_what_passes_never_runs_out_of_stack(text: str, toy: GraphQLSchema) -> None:
    assert sys.getrecursionlimit() == 1_000
    limits = Limits()
    rules = validation_rules(introspection=False, suggestions=False)

    def prepare() -> None:
        check_text(text, limits)
        document = parse(text)
        assert "too deeply" not in "".join(
            error.message for error in validate(toy, document, rules, max_errors=20)
        )
        parse(print_ast(document))
        with suppress(LimitExceeded):
            check_document(document, toy, limits)

    at_stack_depth(250, prepare)


def test_the_standard_introspection_query_passes() -> None:
    check_text(get_introspection_query(input_value_deprecation=True), Limits())


@settings(max_examples=100)
@given(st.text(alphabet='{}[]()ab:$@!."\\#\n 1-…', max_size=60))
def test_any_text_is_refused_by_a_limit_or_left_to_the_parser(text: str) -> None:
    try:
        check_text(text, SMALL)
    except LimitExceeded:
        return
    try:
        document = parse(text)
    except GraphQLError:
        return
    assert document.definitions
