"""Aliases of tables for reads: many in one statement, so each must be cheap to make.

An alias of a mapped table copies every column with its keys, constraints and defaults: a
millisecond for a ticket. A read needs names and types only.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import FromClause, Table, TableClause, column, table


def alias_of(source: type[Any] | FromClause, name: str | None = None) -> FromClause:
    """A new alias of a model's table, or of any other rows, under a name of its own by default."""
    rows = source if isinstance(source, FromClause) else source.__table__
    return (_names_and_types(rows) if isinstance(rows, Table) else rows).alias(name)


@cache
def _names_and_types(mapped: Table) -> TableClause:
    columns = (column(each.name, each.type) for each in mapped.c)
    return table(mapped.name, *columns, schema=mapped.schema)
