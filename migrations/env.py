"""How Alembic runs here: one city's schema at a time, one transaction a migration.

The version table is unqualified as every other table, so that it stands in the city's own schema.
"""

from __future__ import annotations

import asyncio
import pkgutil
from importlib import import_module

from alembic import context
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema

import domain
from domain.kernel.settings import WrongSetting, read_settings
from domain.kernel.tables import Table

_ADVISORY_LOCK = 0x4A69657375  # "Jiesu"
_PAUSE = 0.2  # seconds between two tries to be the one that migrates


def _target() -> tuple[str, str]:
    """Return the database's URL and the city: given by the caller, else from the environment."""
    attributes = context.config.attributes
    if "url" in attributes:
        return attributes["url"], attributes["city"]
    settings = read_settings()
    if settings.database_url is None:
        raise WrongSetting("DATABASE_URL: is needed to migrate")
    return settings.database_url, settings.city


def _import_tables() -> None:
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        import_module(module.name)


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _take_turns(connection: AsyncConnection) -> None:
    """Let one process migrate at a time; the second finds nothing to do.

    It asks again and again rather than waiting inside PostgreSQL: a statement that waits holds a
    snapshot, and an index that is made concurrently waits for that.
    """
    ask = text(f"select pg_try_advisory_lock({_ADVISORY_LOCK})")
    while not await connection.scalar(ask):
        await connection.commit()
        await asyncio.sleep(_PAUSE)


async def _migrate() -> None:
    url, city = _target()
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        poolclass=NullPool,
        connect_args={
            "server_settings": {
                "search_path": f"{city},public",
                "application_name": "jiesu migrate",
                "timezone": "UTC",
            }
        },
    )
    try:
        async with engine.connect() as connection:
            await _take_turns(connection)
            await connection.execute(CreateSchema(city, if_not_exists=True))
            await connection.commit()
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("migrations are run against a database, not written out as SQL")
_import_tables()
asyncio.run(_migrate())
