"""Rows that whoever writes them does not change afterwards, all in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import TextClause, func, literal_column, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.dml import Insert

from domain.kernel.tables import Table

_WRITTEN_OUT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def insert_records(records: Sequence[Table]) -> tuple[TextClause, dict[str, str]]:
    """The statement that writes the records, of whatever tables, and its parameters.

    Each table's rows go as one JSON document: a statement a table, sent anew for each row, took a
    quarter of a submission's time. `records` are not empty; None is NULL in every column.
    """
    # In one order of tables, whoever writes.
    kinds = sorted({type(record) for record in records}, key=lambda kind: kind.__tablename__)
    documents = {
        kind.__tablename__: orjson.dumps(
            [values_of(record) for record in records if type(record) is kind], default=_written
        ).decode()
        for kind in kinds
    }
    return _statement(tuple(kinds)), documents


def values_of(record: Table) -> dict[str, Any]:
    """The record's values by column."""
    given = vars(record)  # each column is an attribute of its own name; what was not set is NULL
    return {name: given.get(name) for name in _columns(type(record))}


@cache
def _columns(kind: type[Table]) -> tuple[str, ...]:
    return tuple(kind.metadata.tables[kind.__tablename__].c.keys())


@cache
def _statement(kinds: tuple[type[Table], ...]) -> TextClause:
    """Written out once: its six tables would be walked through at every execution."""
    *others, last = (_insert(kind) for kind in kinds)
    for number, insert in enumerate(others):
        last = last.add_cte(insert.cte(f"w{number}"))
    return text(str(last.compile(dialect=_WRITTEN_OUT)))


def _insert(kind: type[Table]) -> Insert:
    name, columns = kind.__tablename__, _columns(kind)
    rows = func.json_populate_recordset(
        literal_column(f"null::{name}"), literal_column(f"cast(:{name} as json)")
    )
    given = rows.table_valued(*columns)
    insert = postgresql.insert(kind.metadata.tables[name])
    insert = insert.from_select(columns, select(*given.c), include_defaults=False)
    return insert.on_conflict_do_nothing() if kind.twice_is_once else insert


def _written(value: object) -> str:
    """As PostgreSQL reads what JSON has no form for."""
    if isinstance(value, UUID):  # the driver's own, which the library does not take for one
        return str(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"no column holds a {type(value).__name__}")
