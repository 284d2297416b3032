"""Arrays are known to every connection: nobody asks the catalogue for them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from domain.kernel.actor import SYSTEM
from domain.kernel.arrays import ARRAYS, tell_arrays
from domain.kernel.database import Database
from schema.reading.pool import open_pool
from tests.support.engines import CITY

VALUES: dict[str, list[Any]] = {
    "bool": [True, None, False],
    "int4": [-1, 2**31 - 1],
    "varchar": ["接诉", "", None],
    "int8": [2**63 - 1],
    "date": [date(2026, 11, 23)],
    "timestamptz": [datetime(2026, 11, 23, 2, 0, tzinfo=UTC)],
    "uuid": [UUID(int=7), None],
}


@pytest.fixture
def nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked(_self: object, types: object, _timeout: object) -> None:
        raise AssertionError(f"the catalogue was asked for {types}")

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", asked)


async def test_the_numbers_are_the_catalogues(empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    rows = await connection.fetch(
        "select a.oid, a.typelem, e.typname, a.typdelim, a.typtype from pg_type a "
        "join pg_type e on e.oid = a.typelem "
        "where a.oid::text = any($1::text[])",
        [str(oid) for oid in ARRAYS],
    )
    await connection.close()
    assert {row["oid"]: (row["typelem"], row["typname"]) for row in rows} == ARRAYS
    assert {(row["typdelim"], row["typtype"]) for row in rows} == {(b",", b"b")}


async def test_arrays_go_there_and_back(empty_database_url: str, nobody_asks: None) -> None:
    connection = await asyncpg.connect(empty_database_url)
    tell_arrays(connection)
    assert {name for _, name in ARRAYS.values()} == VALUES.keys()
    for name, values in VALUES.items():
        for given in ([], values, None):
            found = await connection.fetchval(f"select $1::{name}[]", given)
            assert found == given, name
            length = await connection.fetchval(f"select cardinality($1::{name}[])", given)
            assert length == (None if given is None else len(given)), name
    await connection.close()


async def test_both_sides_tell_their_connections(database: Database, nobody_asks: None) -> None:
    ids = [UUID(int=7)]
    async with database.unit_of_work(SYSTEM) as work:
        lineage = "select lineage from unit where code = '11' or id = any(:ids)"
        assert (await work.session.execute(text(lineage), {"ids": ids})).scalar_one()
    pool = await open_pool(database.url, city=CITY, zone="Asia/Shanghai", size=1)
    assert await pool.fetchval("select $1::uuid[]", ids) == ids
    await pool.close()


async def test_without_being_told_a_connection_asks(
    empty_database_url: str, nobody_asks: None
) -> None:
    connection = await asyncpg.connect(empty_database_url)
    with pytest.raises(AssertionError, match="asked for"):
        await connection.fetchval("select $1::uuid[]", [])
    await connection.close()
