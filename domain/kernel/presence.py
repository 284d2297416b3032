"""Whether a worker is at work, as the database sees it: no Redis, no table, no write.

A worker looks at its timers at least twice a second, under an application name of its own; so the
start of its sessions' latest statement is its heartbeat, and stops with it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_LATEST = text(
    "select max(query_start) from pg_stat_activity"
    " where datname = current_database() and application_name = :name"
)


def worker_application(city: str) -> str:
    """The application name of a worker's sessions (at most 63 bytes, as PostgreSQL keeps)."""
    return f"jiesu worker {city}"


async def worker_last_seen(session: AsyncSession, city: str) -> datetime | None:
    """When any worker of the city last asked the database for something; None where none is there.

    For the asker to see it, both must log in as the same role, or the asker's role must be a
    member of `pg_read_all_stats`; a pooler between them must pass the application name on.
    """
    seen: datetime | None = await session.scalar(_LATEST, {"name": worker_application(city)})
    return seen
