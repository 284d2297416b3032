"""JSON made by PostgreSQL: objects, lists, and where Python has values to add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType
from sqlalchemy import ColumnElement, FromClause, Select, Text, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSON

from schema.reading.declare import Computed

NEEDS = "$"  # prefix of keys that carry what computed values need; no response key can be this
MOST_PAIRS = 50  # PostgreSQL passes at most 100 arguments to a function
EMPTY_LIST: ColumnElement[Any] = literal_column("'[]'::json", JSON())
NULL: ColumnElement[Any] = literal_column("null")


@dataclass(slots=True)
class Shape:
    """Where computed values stand in the JSON below one kind of object.

    `computed` holds (response key, the key that carries what it needs, the declaration).
    """

    computed: list[tuple[str, str, Computed]] = field(default_factory=list)
    children: list[tuple[str, Shape]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.computed or self.children)

    def adopt(self, inner: Shape) -> None:
        self.computed.extend(inner.computed)
        self.children.extend(inner.children)


@dataclass(slots=True)
class Level:
    """One object under construction: its type, its row, what that is called, and what it joins."""

    kind: GraphQLObjectType
    row: FromClause
    name: str
    joins: list[Any] = field(default_factory=list)


def sql(text: str) -> ColumnElement[Any]:
    """A constant of ours in SQL; never anything that came from outside."""
    return literal_column(text)


def text_literal(text: str) -> ColumnElement[Any]:
    """A literal for a GraphQL name. Raises ValueError for anything else."""
    if not text.isascii() or not text.replace("_", "a").replace(NEEDS, "a").isalnum():
        raise ValueError("only GraphQL names are ever written into a statement")
    return literal_column(f"'{text}'")


def json_object(pairs: Sequence[tuple[str, ColumnElement[Any]]]) -> ColumnElement[Any]:
    """`json_build_object`, in parts where PostgreSQL's limit of arguments asks for it."""
    if len(pairs) <= MOST_PAIRS:
        flat: list[ColumnElement[Any]] = []
        for key, expression in pairs:
            flat += (text_literal(key), expression)
        return func.json_build_object(*flat, type_=JSON())
    head = cast(json_object(pairs[:MOST_PAIRS]), Text)
    tail = cast(json_object(pairs[MOST_PAIRS:]), Text)
    joined = func.concat(func.left(head, sql("-1")), sql("','"), func.substr(tail, sql("2")))
    return cast(joined, JSON())


def within(statement: Select[Any], outer: FromClause | None, name: str | None = None) -> FromClause:
    """A FROM item of a statement that refers to `outer`, any number of levels above it."""
    if outer is None:
        return statement.subquery(name)
    return statement.correlate(outer).lateral(name)


def json_list(rows: Select[Any], outer: FromClause | None = None) -> Select[Any]:
    """Aggregate the column `json` of ordered rows into one list, empty rather than null.

    `outer` is the row above that the rows refer to, where there is one.
    """
    inner = within(rows, outer)
    return select(func.coalesce(func.json_agg(inner.c.json), EMPTY_LIST).label("json"))
