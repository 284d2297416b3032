"""Rate limits that hold without Redis and without trusting any process: rows, counted exactly.

An attempt is recorded in a unit of work of its own, before the command that it admits; so it
counts also when that command is refused, and ten aliases in ten batched operations are a hundred
attempts.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from domain.accounts.locks import hold_until_commit
from domain.accounts.models import Attempt
from domain.kernel.actor import PUBLIC, Actor
from domain.kernel.database import Database
from domain.kernel.errors import RateLimited
from domain.kernel.work import UnitOfWork

_TOO_MANY = "Too many attempts; try again later."


async def allow(work: UnitOfWork, bucket: str, limit: int, per: timedelta) -> None:
    """Record one attempt, at most `limit` in any window of length `per`.

    Raises RateLimited with the seconds until a place is free; a refused attempt takes no place, so
    that nobody is kept out for ever by somebody else's tries. Commit before doing what it admits.
    """
    await hold_until_commit(work, "attempt", bucket.encode())
    newest = await work.session.scalars(
        select(Attempt.at)
        .where(Attempt.bucket == bucket, Attempt.at > work.now - per)
        .order_by(Attempt.at.desc())
        .limit(limit)
    )
    taken = newest.all()
    if len(taken) >= limit:
        free_at = taken[-1] + per
        raise RateLimited(_TOO_MANY, max((free_at - work.now).total_seconds(), 1.0))
    work.add(Attempt(id=work.new_id(), bucket=bucket, at=work.now))
    await work.flush()


async def claim_attempt(
    database: Database, bucket: str, limit: int, per: timedelta, *, actor: Actor = PUBLIC
) -> None:
    """Do `allow` in its own unit of work, so that it stands whatever follows."""
    async with database.unit_of_work(actor) as work:
        await allow(work, bucket, limit, per)


async def forget_attempts(work: UnitOfWork, before: datetime) -> None:
    """Remove attempts older than any window that is in use."""
    await work.session.execute(delete(Attempt).where(Attempt.at < before))
