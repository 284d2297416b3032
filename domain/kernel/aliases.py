"""Aliases of tables for reads: many in one statement, so each must be cheap to make.

An alias of a mapped table copies every column with its keys, constraints and defaults: a
millisecond for a ticket. A read needs names and types only, and these it can have from a stock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from sqlalchemy import FromClause, Table, TableClause, column, table

_stocks: dict[TableClause, list[FromClause]] = {}
_taken: ContextVar[Counter[TableClause] | None] = ContextVar("_taken", default=None)


def alias_of(source: type[Any] | FromClause, name: str | None = None) -> FromClause:
    """A new alias of a model's table, or of any other rows, under a name of its own by default.

    New to the statement that is being made: see `one_statement`.
    """
    rows = source if isinstance(source, FromClause) else source.__table__
    if not isinstance(rows, Table):
        return rows.alias(name)
    light, taken = _names_and_types(rows), _taken.get()
    if name is not None or taken is None:
        return light.alias(name)
    stock, number = _stocks.setdefault(light, []), taken[light]
    taken[light] += 1
    while len(stock) <= number:
        stock.append(light.alias())
    return stock[number]


@contextmanager
def one_statement() -> Iterator[None]:
    """Within, aliases come from a stock: each once, as a statement needs them to be different.

    Each copies its columns when it is first asked for one; what was made for the statement before
    has them. Nothing that is made within may be part of a statement that is made elsewhere.
    """
    token = _taken.set(Counter())
    try:
        yield
    finally:
        _taken.reset(token)


@cache
def _names_and_types(mapped: Table) -> TableClause:
    columns = (column(each.name, each.type) for each in mapped.c)
    return table(mapped.name, *columns, schema=mapped.schema)
