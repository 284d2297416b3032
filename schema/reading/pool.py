"""The pool that reads run on: asyncpg, read-only, JSON left as bytes."""

from __future__ import annotations

from typing import Any

import asyncpg

from domain.kernel.arrays import tell_arrays

_SETTINGS = {
    "application_name": "jiesu-reads",
    "default_transaction_read_only": "on",
    "statement_timeout": "5s",
    "jit": "off",
    # The statements are made so that one plan is right for all values (presence, page size and
    # role shape the text); planning them anew would cost more than running them.
    "plan_cache_mode": "force_generic_plan",
}


async def _leave(_connection: Any) -> None:
    """A reading connection has nothing to reset: it is read-only, without session state."""


async def _prepare(connection: Any) -> None:
    """JSON stays bytes."""
    await connection.set_type_codec(
        "json",
        schema="pg_catalog",
        encoder=bytes,
        decoder=bytes,
        format="binary",
    )
    tell_arrays(connection)


async def open_pool(url: str, *, city: str, zone: str, size: int) -> asyncpg.Pool:
    """Open the pool. Times leave the database in the city's zone, as ISO 8601 with offset."""
    return await asyncpg.create_pool(
        url,
        min_size=min(2, size),
        max_size=size,
        init=_prepare,
        reset=_leave,
        max_inactive_connection_lifetime=0,
        statement_cache_size=500,
        timeout=10,
        command_timeout=10,
        server_settings={**_SETTINGS, "search_path": f"{city},public", "timezone": zone},
    )
