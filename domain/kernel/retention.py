"""Deleting what has served: in bounded batches, found by the time that is in the ids."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.kernel.outbox import OutboxRow
from domain.kernel.timers import Timer

BATCH = 5_000


async def forget_published(session: AsyncSession, before: datetime, limit: int = BATCH) -> int:
    """Delete outbox rows that were published before that moment; returns how many."""
    return await _forget(session, OutboxRow.id, OutboxRow.published_at, before, limit)


async def forget_fired(session: AsyncSession, before: datetime, limit: int = BATCH) -> int:
    """Delete timers that fired before that moment; returns how many. The history stays."""
    return await _forget(session, Timer.id, Timer.fired_at, before, limit)


def lowest_id(at: datetime) -> UUID:
    """The lower bound of all UUIDv7 made at that moment or later."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


async def _forget(
    session: AsyncSession,
    identity: InstrumentedAttribute[UUID],
    ended_at: InstrumentedAttribute[datetime | None],
    before: datetime,
    limit: int,
) -> int:
    # What ended before was also made before; so the primary key alone finds it, and no index on
    # the time of ending has to be kept up by every write.
    old = select(identity).where(identity < lowest_id(before), ended_at < before).limit(limit)
    gone = delete(identity.class_).where(identity.in_(old)).returning(identity)
    found = await session.scalar(select(func.count()).select_from(gone.cte("gone")))
    return found or 0
