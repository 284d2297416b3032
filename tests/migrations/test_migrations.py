"""The history of migrations: one line, both ways, and the same as what the code declares."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from api.command.migrate import (
    SCRIPTS,
    alembic_config,
    downgrade,
    newest_revision,
    present_revision,
    upgrade,
)
from domain.kernel.database import Database
from domain.kernel.tables import Table
from tests.support.commands import Command
from tests.support.engines import CITY

FILES = sorted((SCRIPTS / "versions").glob("*.py"))


async def catalogue(url: str, schema: str = CITY) -> dict[str, list[str]]:
    """Return what stands in the schema, in words that can be compared."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"set search_path to {schema}, public")
        return {
            name: [row[0] for row in await connection.fetch(query, schema)]
            for name, query in _CATALOGUE.items()
        }
    finally:
        await connection.close()


_CATALOGUE = {
    "columns": """
        select format('%s.%s %s %s %s', table_name, column_name, udt_name, is_nullable,
                      column_default)
        from information_schema.columns
        where table_schema = $1 and table_name <> 'alembic_version' order by 1""",
    "constraints": """
        select format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        from pg_constraint
        where connamespace = $1::regnamespace and conrelid::regclass::text <> 'alembic_version'
        order by 1""",
    "indexes": """
        select indexdef from pg_indexes
        where schemaname = $1 and tablename <> 'alembic_version' order by 1""",
}
_EVERYTHING = """
    select relname::text from pg_class
    where relnamespace = $1::regnamespace and relname not like 'alembic_version%'
    union all select proname::text from pg_proc where pronamespace = $1::regnamespace
    union all select typname::text from pg_type
    where typnamespace = $1::regnamespace and typname not like '%alembic_version'"""


async def leftovers(url: str) -> list[str]:
    """Return the names of all relations, functions and types of the city's schema."""
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(_EVERYTHING, CITY)]
    finally:
        await connection.close()


async def revision_of(url: str, city: str) -> str | None:
    connection = await asyncpg.connect(url)
    try:
        return await present_revision(connection, city)
    finally:
        await connection.close()


def test_there_is_one_line_of_migrations() -> None:
    directory = ScriptDirectory.from_config(alembic_config("", ""))
    assert len(directory.get_heads()) == 1
    assert len(directory.get_bases()) == 1
    assert newest_revision() == directory.get_current_head()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_migration_waits_for_ever(file: Path) -> None:
    for name in ("upgrade", "downgrade"):
        body = re.search(rf"def {name}\(\).*?(?=\n(?:def|\Z))", file.read_text() + "\n", re.S)
        assert body, f"{file.name} has no {name}"
        assert re.search("set (local )?lock_timeout", body[0]), f"{name} of {file.name}"
        assert re.search("set (local )?statement_timeout", body[0]), f"{name} of {file.name}"


async def test_up_down_up(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url, CITY)
    first = await catalogue(empty_database_url)
    assert first["columns"]
    await asyncio.to_thread(downgrade, empty_database_url, CITY, "base")
    assert await leftovers(empty_database_url) == []
    await asyncio.to_thread(upgrade, empty_database_url, CITY)
    assert await catalogue(empty_database_url) == first


async def test_the_migrated_schema_is_the_declared_one(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url, CITY)
    # Alembic's own comparison sees no check constraint; the second one sees everything.
    await asyncio.to_thread(command.check, alembic_config(empty_database_url, CITY))
    migrated = await catalogue(empty_database_url)

    declared = Database(empty_database_url, city="declared")
    async with declared.engine.begin() as connection:
        await connection.exec_driver_sql("create schema declared")
        await connection.run_sync(Table.metadata.create_all, checkfirst=False)
    await declared.close()
    expected = await catalogue(empty_database_url, "declared")
    for part, lines in expected.items():
        found = {line.replace(f"{CITY}.", "") for line in migrated[part]}
        assert {line.replace("declared.", "") for line in lines} == found, part


def test_two_that_migrate_at_once_take_turns(empty_database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": empty_database_url, "JIESU_CITY": CITY}
    log = tmp_path / "migrate.log"
    migrations = [Command("migrate", environment=environment, log=log) for _ in range(2)]
    for migration in migrations:
        assert migration.wait(60) == 0, log.read_text()
    assert asyncio.run(revision_of(empty_database_url, CITY)) == newest_revision()
    assert asyncio.run(revision_of(empty_database_url, "jinan")) is None


async def test_cities_do_not_share_a_table(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url, CITY)
    await asyncio.to_thread(upgrade, empty_database_url, "jinan")
    assert (await catalogue(empty_database_url))["columns"] == (
        await catalogue(empty_database_url, "jinan")
    )["columns"]
    await asyncio.to_thread(downgrade, empty_database_url, "jinan", "base")
    assert (await catalogue(empty_database_url))["columns"]
    assert (await catalogue(empty_database_url, "jinan"))["columns"] == []
