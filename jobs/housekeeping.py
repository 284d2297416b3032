"""What has served is removed, and the next days are prepared, once an hour by one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import func, select, text

from domain.accounts.attempts import forget_attempts
from domain.accounts.keys import renew_signing_key
from domain.accounts.passcodes import forget_login_codes
from domain.accounts.protection import Protection
from domain.dispatch.city import Rules
from domain.kernel import idempotency, retention
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.work import UnitOfWork
from domain.tickets.code import prepare_day

EVERY = 3600.0
NEWS_KEPT = timedelta(days=7)
TIMERS_KEPT = timedelta(days=30)
NUMBERS_KEPT = timedelta(days=7)
COUNTED_KEPT = timedelta(days=1)
"""Attempts and login codes are counted over windows of at most an hour."""

_DROP_NUMBERS = text(
    """
    do $$ declare name text; begin
        for name in select sequencename from pg_sequences
            where schemaname = current_schema()
            and sequencename between 'ticket_code_00000000' and current_setting('jiesu.last')
        loop execute format('drop sequence %I', name); end loop;
    end $$
    """
)


class Housekeeping:
    """The upkeep of one city's database."""

    def __init__(
        self,
        database: Database,
        rules: Callable[[], Rules],
        stop: asyncio.Event,
        protection: Protection,
    ) -> None:
        self._database = database
        self._rules = rules
        self._stop = stop
        self._protection = protection

    async def step(self) -> float:
        """Do all of it; return the seconds until the next time. What fails stops what follows."""
        await self._once(self._prepare_days)
        await self._once(self._renew_key)
        await self._once(_forget_counted)
        await self._repeat(_forget_news)
        await self._repeat(_forget_timers)
        return EVERY

    async def _repeat(self, part: Callable[[UnitOfWork], Awaitable[int]]) -> None:
        """Do a part in bounded batches, each committed, until nothing is left of it."""
        left = True
        while left and not self._stop.is_set():
            left = await self._once(part) == retention.BATCH

    async def _once(self, part: Callable[[UnitOfWork], Awaitable[int]]) -> int:
        """Do a part in a unit of work of its own; nothing, where another worker is at it."""
        async with self._database.unit_of_work(SYSTEM) as work:
            name = f"{self._database.city} housekeeping"
            mine = select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))
            return await part(work) if await work.session.scalar(mine) else 0

    async def _renew_key(self, work: UnitOfWork) -> int:
        """Publish the next signing key when the present one has served its time."""
        await renew_signing_key(work, self._protection)
        return 0

    async def _prepare_days(self, work: UnitOfWork) -> int:
        """Make the number sequences of today and tomorrow; drop those of days long past."""
        today = work.now.astimezone(self._rules().zone).date()
        for day in (today, today + timedelta(days=1)):
            await prepare_day(work.session, day)
        last = f"ticket_code_{today - NUMBERS_KEPT:%Y%m%d}"
        await work.session.execute(select(func.set_config("jiesu.last", last, True)))
        await work.session.execute(_DROP_NUMBERS)
        return 0


async def _forget_counted(work: UnitOfWork) -> int:
    await idempotency.forget_expired(work.session, work.now)
    await forget_attempts(work, work.now - COUNTED_KEPT)
    await forget_login_codes(work, work.now - COUNTED_KEPT)
    return 0


async def _forget_news(work: UnitOfWork) -> int:
    return await retention.forget_published(work.session, work.now - NEWS_KEPT)


async def _forget_timers(work: UnitOfWork) -> int:
    return await retention.forget_fired(work.session, work.now - TIMERS_KEPT)
