"""What a readable type reads: declared on the Strawberry type itself, and nowhere twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import strawberry
from sqlalchemy import ColumnElement, FromClause, false

from domain.kernel.actor import Actor, Role
from schema.reading.resolver import ReadField

READS = "jiesu.reads"

Visible = Callable[[Role, FromClause], ColumnElement[bool] | None]


class Arguments(Protocol):
    """A field's arguments while its statement is built: presence is known, values are bound."""

    def has(self, *path: str) -> bool:
        """Whether the argument (or a field inside its input object) was given and is not null."""
        ...

    def bind(self, *path: str, type_: Any = None) -> ColumnElement[Any]:
        """A bind parameter that takes the argument's value when the statement runs."""

    def bind_with(
        self, change: Callable[[Any], Any], *path: str, type_: Any = None
    ) -> ColumnElement[Any]:
        """Like `bind`, of `change(value)`; `change` may raise a PublicError."""

    def bind_with_rules(
        self, change: Callable[[Any, Any], Any], *path: str, type_: Any = None
    ) -> ColumnElement[Any]:
        """Like `bind_with`, of `change(value, rules)`: what the city's rules make of it."""

    def choice(self, *path: str) -> Any:
        """The value itself; only for booleans and enums, which are part of the plan's key."""

    def parent(self, name: str, type_: Any = None) -> ColumnElement[Any]:
        """A bind parameter from the object that holds the field (payloads, events)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A value of the row. `expression` gets the row's alias; without it the like-named column."""

    expression: Callable[[FromClause], ColumnElement[Any]] | None = None


@dataclass(frozen=True, slots=True)
class One:
    """At most one row of another readable type; `only` may hide it, judging by the outer row."""

    target: Callable[[], type]
    on: Callable[[FromClause, FromClause], ColumnElement[bool]]
    only: Callable[[Role, FromClause], ColumnElement[bool] | None] | None = None


@dataclass(frozen=True, slots=True)
class Many:
    """All rows of another readable type, in order, at most `limit` of them."""

    target: Callable[[], type]
    on: Callable[[FromClause, FromClause], ColumnElement[bool]]
    order: Callable[[FromClause], Sequence[ColumnElement[Any]]]
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Order:
    """A total order for pages. `keys` end in a unique column and all run in one direction."""

    name: str
    keys: Callable[[FromClause], Sequence[ColumnElement[Any]]]
    descending: bool = False


Filter = Callable[[FromClause, Arguments], Sequence[ColumnElement[bool]]]
NO_FILTER: Filter = lambda _t, _a: ()  # noqa: E731 - a default, not a function worth a name


@dataclass(frozen=True, slots=True)
class Pages:
    """A Relay connection of another readable type, by keyset, in one order or in a chosen one."""

    target: Callable[[], type]
    orders: Order | Callable[[Arguments], Order]
    on: Callable[[FromClause, FromClause], ColumnElement[bool]] | None = None
    where: Filter = NO_FILTER
    default_first: int = 20


@dataclass(frozen=True, slots=True)
class Embedded:
    """Another readable type that reads the very same row (a ticket's clock)."""

    target: Callable[[], type]


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that only Python can compute, from `needs` of its row, for a whole batch at once.

    Arguments of the field must be booleans or enums and reach `compute` by name.
    """

    needs: dict[str, Callable[[FromClause], ColumnElement[Any]]]
    compute: Callable[..., Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """Root: one row or null."""

    target: Callable[[], type]
    where: Filter


@dataclass(frozen=True, slots=True)
class Rows:
    """Root: a bounded list of rows. `source` may replace the type's table (an aggregate, say)."""

    target: Callable[[], type]
    where: Filter = NO_FILTER
    order: Callable[[FromClause], Sequence[ColumnElement[Any]]] = lambda _t: ()
    limit: int = 1000
    source: Callable[[Arguments], FromClause] | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Root: objects of any readable Node type by global id; `many` for a list of ids."""

    argument: str
    many: bool


Reading = Column | One | Many | Pages | Embedded | Computed | Row | Rows | Lookup
Filtered = TypeVar("Filtered", Pages, Row, Rows)


def closed(reading_: Filtered) -> Filtered:
    """The same reading of no row at all: what it shows to a role that has no access."""
    return replace(reading_, where=lambda _row, _arguments: (false(),))


@dataclass(frozen=True, slots=True)
class Readable:
    """What a whole type reads: its table and its one predicate of visibility."""

    table: Callable[[Role], FromClause]
    visible_to: Visible
    node: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and what computed values may use."""

    actor: Actor
    now: Any
    rules: Any = None


C = TypeVar("C", bound=type)


def everyone(_role: Role, _t: FromClause) -> None:
    """The predicate of a type whose rows are public information."""


def reads(table: Any, visible_to: Visible, *, node: bool = False) -> Callable[[C], C]:
    """Class decorator: this Strawberry type reads `table` (a mapped class, or role → FROM)."""
    source = (lambda _role: table.__table__) if hasattr(table, "__table__") else table

    def mark(cls: C) -> C:
        cls.__reads__ = Readable(source, visible_to, node)  # type: ignore[attr-defined]
        return cls

    return mark


def read(reading: Reading, *, description: str, **options: Any) -> Any:
    """A field without arguments that is read by `reading`."""
    return strawberry.field(description=description, metadata={READS: reading}, **options)


def column(
    expression: Callable[[FromClause], ColumnElement[Any]] | None = None,
    *,
    description: str,
    **options: Any,
) -> Any:
    """A field that is a column, or an SQL expression over the row."""
    return read(Column(expression), description=description, **options)


def reading(
    reading_: Reading, *, description: str, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Decorator for a field with arguments: the function gives their names, types, descriptions.

    Its body never runs: the field is compiled with the operation, or read by `resolver.ReadField`.
    """

    def mark(signature: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=signature,
            description=description,
            metadata={READS: reading_},
            extensions=[ReadField()],
            **options,
        )

    return mark
