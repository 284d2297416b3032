"""Aliases of tables for reads: many in one statement, so each must be cheap to make.

An alias of a mapped table copies every column with its keys, constraints and defaults: a
millisecond for a ticket. A read needs names and types only.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from sqlalchemy import FromClause, Table, TableClause, column, table


def alias_of(source: type[Any] | FromClause, name: str | None = None) -> FromClause:
    """An alias of a model's table, or of any other rows: a new one, or the one of that name.

    Under a name it is the same for all statements, which then copy its columns only once.
    """
    rows = source if isinstance(source, FromClause) else source.__table__
    if not isinstance(rows, Table):
        return rows.alias(name)
    return _names_and_types(rows).alias() if name is None else _called(rows, name)


@lru_cache(10_000)
def _called(mapped: Table, name: str) -> FromClause:
    return _names_and_types(mapped).alias(name)


@cache
def _names_and_types(mapped: Table) -> TableClause:
    columns = (column(each.name, each.type) for each in mapped.c)
    return table(mapped.name, *columns, schema=mapped.schema)
