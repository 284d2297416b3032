"""Expressions over the rows of a read, each put into words once.

What a type declares (its predicate of visibility, a column, what ties it to another row) depends
on the role and on the names of its rows, and on nothing else of a statement. To build and compile
it anew for every row of every statement was two thirds of planning. Here it is compiled over rows
that stand in for the real ones, and later only the names are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    TableClause,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.compiler import compiles

from domain.kernel.actor import Role
from domain.kernel.aliases import alias_of
from schema.reading.declare import Readable

# PostgreSQL's names of rows within one expression are `ticket_1`; the rows of a read are called
# otherwise (`row_name`), so that no name within an expression hides the row that it is about.
_STAND_INS = ("__here__", "__there__")
_MOST = 20_000  # declarations × roles, many times over
_numbers = count(1)
_NAME = re.compile(r"[\w.]+")
# Parameters stand in the words by their names; the statement numbers them.
_DIALECT = asyncpg.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]


def row_name(number: int, source: FromClause) -> str:
    """The name of the row `number` of a statement; no table and no alias is called like it."""
    return f"r{number}_{source.name if isinstance(source, TableClause) else 'rows'}"


class Row(NamedTuple):
    """A row of a statement: what its type declares, and what it is called there."""

    readable: Readable
    name: str


class Phrase(ColumnElement[Any]):
    """An expression in its final words, and the parameters that are named in them."""

    inherit_cache = False

    def __init__(self, words: str, parameters: tuple[BindParameter[Any], ...], type_: Any) -> None:
        self.words = words
        self.parameters = parameters
        self.type = type_


@compiles(Phrase)
def _written(phrase: Phrase, compiler: Any, **options: Any) -> str:
    for parameter in phrase.parameters:
        compiler.process(parameter, **options)  # that the statement knows of it
    return phrase.words


def phrase(
    make: Callable[..., ColumnElement[Any] | None],
    role: Role,
    *rows: Row,
    given: tuple[Hashable, ...] = (),
) -> ColumnElement[Any] | None:
    """Return `make(*given, *rows)` for these rows, compiled once for all rows of their types.

    `make` must be one and the same function at each call, as declarations are; what it makes may
    depend on `given`, the role and the rows' names alone. None where it makes none.
    """
    model = _model(make, given, role, *(row.readable for row in rows))
    if model is None:
        return None
    words = model.words
    for name, row in zip(_STAND_INS, rows, strict=False):
        words = words.replace(name, row.name)
    return Phrase(words, model.parameters, model.type)


@lru_cache(_MOST)
def _model(
    make: Callable[..., ColumnElement[Any] | None],
    given: tuple[Hashable, ...],
    role: Role,
    *readables: Readable,
) -> Phrase | None:
    rows = _standing_in(role, readables)
    expression = make(*given, *rows)
    if expression is None:
        return None
    statement = select(func.f(expression).label("made")).select_from(*rows)
    compiled = statement.compile(dialect=_DIALECT)
    begin, end = "SELECT f(", ") AS made \nFROM "
    text = str(compiled.string)
    words, found, among = text.removeprefix(begin).rpartition(end)
    assert found and text.startswith(begin), text
    # Of equal words nothing else can follow; SQLAlchemy's own answer takes as long as compiling.
    if among != _among(role, *readables) and statement.get_final_froms() != rows:
        raise TypeError(f"{make} refers to other rows than its own")
    words = words.replace("%%", "%")
    parameters = []
    for parameter, name in compiled.bind_names.items():
        if f"%({name})s" not in words:
            continue  # of the rows that stand in
        own = _own(parameter)
        words = words.replace(f"%({name})s", f"%({own.key})s")
        parameters.append(own)
    plain = _NAME.fullmatch(words)
    return Phrase(words if plain else f"({words})", tuple(parameters), expression.type)


@lru_cache(_MOST)
def _among(role: Role, *readables: Readable) -> str:
    """What stands behind FROM where a statement takes from these rows and from no other."""
    statement = select(func.f()).select_from(*_standing_in(role, readables))
    return str(statement.compile(dialect=_DIALECT).string).partition("\nFROM ")[2]


def _standing_in(role: Role, readables: tuple[Readable, ...]) -> list[FromClause]:
    return [
        alias_of(readable.table(role), name)
        for name, readable in zip(_STAND_INS, readables, strict=False)
    ]


def _own(parameter: BindParameter[Any]) -> BindParameter[Any]:
    """A value that a declaration holds, under a name that no other has; a name is kept."""
    if not parameter.unique:
        return parameter
    return bindparam(f"own_{next(_numbers)}", parameter.value, type_=parameter.type)
