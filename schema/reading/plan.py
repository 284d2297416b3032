"""A finished plan: one statement, how its parameters are fetched, what Python adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import orjson
from sqlalchemy import Dialect, Select
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from domain.kernel.visibility import PARAMETERS, parameters
from schema.reading.bindings import Bindings, Fetch
from schema.reading.declare import Reader
from schema.reading.objects import Shape

_DIALECT: Dialect = dialect.dialect()  # type: ignore[no-untyped-call]


class Connection(Protocol):
    """What a plan runs on: a pool or connection of asyncpg whose JSON arrives as bytes."""

    async def fetchval(self, query: str, *args: Any) -> Any: ...


class Plan:
    """One root field (or one relation of a payload), compiled."""

    __slots__ = ("_arguments", "_shape", "empty", "sql")

    def __init__(
        self, statement: Select[Any], bindings: Bindings, shape: Shape, empty: bytes = b"null"
    ) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self.empty = empty
        self._shape = shape
        fixed = compiled.params
        names = compiled.positiontup or ()
        self._arguments = tuple(_fetcher(name, bindings, fixed) for name in names)

    async def run(
        self,
        connection: Connection,
        variables: Mapping[str, Any],
        reader: Reader,
        parent: Any = None,
    ) -> bytes:
        """Run the statement; return the field's finished JSON.

        Raises PublicError for arguments that cannot be used (a stale cursor).
        """
        values = [fetch(variables, parent, reader) for fetch in self._arguments]
        text = await connection.fetchval(self.sql, *values)
        if text is None:
            return self.empty
        if not self._shape:
            return text if isinstance(text, bytes) else str(text).encode()
        value = orjson.loads(text)
        complete([value], self._shape, reader)
        return orjson.dumps(value)


_OF_ACTOR: dict[str, Any] = {
    name: lambda _variables, _parent, reader, name=name: parameters(reader.actor)[name]
    for name in PARAMETERS
}


def _fetcher(name: str, bindings: Bindings, fixed: Mapping[str, Any]) -> Any:
    if name == "present":
        return lambda _variables, _parent, reader: reader.now
    if name in PARAMETERS:
        return _OF_ACTOR[name]
    fetch: Fetch | None = bindings.fetchers.get(name)
    if fetch is None:
        constant = fixed[name]
        return lambda _variables, _parent, _reader: constant
    return fetch


def complete(values: list[Any], shape: Shape, reader: Reader) -> None:
    """Add the computed values below `values`, in place, each kind for the whole batch at once."""
    rows = _rows(values)
    for key, carrier, computed in shape.computed:
        batch = [row for row in rows if carrier in row]
        needs = [row.pop(carrier) for row in batch]
        for row, value in zip(batch, computed.compute(needs, reader), strict=True):
            row[key] = value
    for key, child in shape.children:
        complete([row[key] for row in rows if key in row], child, reader)


def _rows(values: list[Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for value in values:
        if isinstance(value, dict):
            rows.append(value)
        elif isinstance(value, list):
            rows.extend(_rows(value))
    return rows
