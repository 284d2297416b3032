"""Rate limits: exact under concurrency, and counted whatever becomes of the command."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from domain.accounts.attempts import allow, claim_attempt, forget_attempts
from domain.accounts.models import Attempt
from domain.kernel.actor import PUBLIC, SYSTEM
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import NotPossibleNow, RateLimited

MINUTE = timedelta(minutes=1)


async def count(database: Database) -> int:
    async with database.unit_of_work(SYSTEM) as work:
        return await work.session.scalar(select(func.count()).select_from(Attempt)) or 0


async def test_twenty_at_once_get_exactly_the_limit(database: Database) -> None:
    async def attempt() -> bool:
        try:
            await claim_attempt(database, "login:a", 5, MINUTE)
        except RateLimited:
            return False
        return True

    results = await asyncio.gather(*(attempt() for _ in range(20)))
    assert sum(results) == 5
    assert await count(database) == 5


async def test_buckets_do_not_touch_each_other(database: Database, clock: FixedClock) -> None:
    await claim_attempt(database, "login:a", 1, MINUTE)
    await claim_attempt(database, "login:b", 1, MINUTE)
    with pytest.raises(RateLimited):
        await claim_attempt(database, "login:a", 1, MINUTE)


async def test_the_window_slides_and_says_when_a_place_is_free(
    database: Database, clock: FixedClock
) -> None:
    for _ in range(3):
        await claim_attempt(database, "login:a", 3, MINUTE)
        clock.advance(timedelta(seconds=10))
    with pytest.raises(RateLimited) as refused:
        await claim_attempt(database, "login:a", 3, MINUTE)
    assert refused.value.retry_after == 30
    clock.advance(timedelta(seconds=29.9))
    with pytest.raises(RateLimited):
        await claim_attempt(database, "login:a", 3, MINUTE)
    clock.advance(timedelta(seconds=0.1))
    await claim_attempt(database, "login:a", 3, MINUTE)
    with pytest.raises(RateLimited) as again:
        await claim_attempt(database, "login:a", 3, MINUTE)
    assert again.value.retry_after == 10


async def test_a_refused_attempt_takes_no_place(database: Database, clock: FixedClock) -> None:
    await claim_attempt(database, "login:a", 1, MINUTE)
    for _ in range(5):
        clock.advance(timedelta(seconds=11))
        with pytest.raises(RateLimited):
            await claim_attempt(database, "login:a", 1, MINUTE)
    clock.advance(timedelta(seconds=5))
    await claim_attempt(database, "login:a", 1, MINUTE)
    assert await count(database) == 2


async def test_an_attempt_counts_though_what_it_admits_fails(
    database: Database, clock: FixedClock
) -> None:
    async def command() -> None:
        await claim_attempt(database, "login:a", 3, MINUTE)
        async with database.unit_of_work(PUBLIC):
            raise NotPossibleNow("it fails")

    for _ in range(3):
        with pytest.raises(NotPossibleNow):
            await command()
    with pytest.raises(RateLimited):
        await command()


async def test_within_a_failing_unit_of_work_it_would_not_count(
    database: Database, clock: FixedClock
) -> None:
    """Why `claim_attempt` is there: what is rolled back was never recorded."""
    for _ in range(3):
        with pytest.raises(NotPossibleNow):
            async with database.unit_of_work(PUBLIC) as work:
                await allow(work, "login:a", 1, MINUTE)
                raise NotPossibleNow("it fails")
    assert await count(database) == 0


async def test_old_attempts_are_forgotten(database: Database, clock: FixedClock) -> None:
    await claim_attempt(database, "login:a", 9, MINUTE)
    clock.advance(timedelta(hours=1))
    await claim_attempt(database, "login:a", 9, MINUTE)
    async with database.unit_of_work(SYSTEM) as work:
        await forget_attempts(work, work.now - timedelta(minutes=30))
    assert await count(database) == 1
