"""Rows that nobody changes once they are written, all in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import TextClause, text

from domain.kernel.tables import Table


def insert_records(records: Sequence[Table]) -> tuple[TextClause, dict[str, str]]:
    """The statement that writes the records, of whatever tables, and its parameters.

    Each table's rows go as one JSON document: a statement a table, sent anew for each row, took a
    quarter of a submission's time. `records` are not empty; None is NULL in every column.
    """
    # In one order of tables, whoever writes.
    kinds = sorted({type(record) for record in records}, key=lambda kind: kind.__tablename__)
    documents = {
        kind.__tablename__: orjson.dumps(
            [_values(record) for record in records if type(record) is kind], default=_written
        ).decode()
        for kind in kinds
    }
    return _statement(tuple(kinds)), documents


def _values(record: Table) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _columns(type(record))}


@cache
def _columns(kind: type[Table]) -> tuple[str, ...]:
    return tuple(kind.metadata.tables[kind.__tablename__].c.keys())


@cache
def _statement(kinds: tuple[type[Table], ...]) -> TextClause:
    inserts = [_insert(kind) for kind in kinds]
    before = ", ".join(f"w{number} as ({insert})" for number, insert in enumerate(inserts[:-1]))
    return text(f"with {before} {inserts[-1]}" if before else inserts[-1])


def _insert(kind: type[Table]) -> str:
    name, columns = kind.__tablename__, ", ".join(_columns(kind))
    rows = f"json_populate_recordset(null::{name}, cast(:{name} as json))"
    again = " on conflict do nothing" if kind.twice_is_once else ""
    return f"insert into {name} ({columns}) select {columns} from {rows}{again}"  # noqa: S608 - our names


def _written(value: object) -> str:
    """As PostgreSQL reads what JSON has no form for."""
    if isinstance(value, UUID):  # the driver's own, which the library does not take for one
        return str(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"no column holds a {type(value).__name__}")
