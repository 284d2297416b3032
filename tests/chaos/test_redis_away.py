"""A worker whose Redis hangs, is killed and comes back empty: the clocks are told in time."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from api.engines.program import start
from api.engines.redis import EmbeddedRedis
from domain.accounts.passcodes import request_login_code
from domain.accounts.protection import Protection
from domain.dispatch.city import Rules, load_rules
from domain.kernel.actor import PUBLIC, SYSTEM
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.presence import worker_last_seen
from domain.tickets.models import TicketEvent
from tests.chaos.town import PATIENCE
from tests.jobs.tickets import dispatched, make_unit
from tests.support.commands import Command
from tests.support.engines import CITY

SECRET = bytes(range(32))
HANGS = timedelta(seconds=2.5)
AWAY = timedelta(seconds=2.5)
"""Longer than the timeouts of the worker's own connections, which are 2 s."""

HEAD = timedelta(seconds=1.5)
"""What the tickets are given to be written before the first of them comes due."""

TICKETS = 20

LATEST = timedelta(seconds=2)
"""How long after its time a point must be told."""


@contextmanager
def working(database: Database, redis: EmbeddedRedis, said: Path) -> Iterator[int]:
    """A `jiesu work` in a process of its own; gives its number, and at the end it stops cleanly."""
    environment = {
        "PATH": os.defpath,
        "DATABASE_URL": database.url,
        "REDIS_URL": redis.url(),
        "JIESU_SECRET": base64.b64encode(SECRET).decode(),
    }
    process = Command("work", environment=environment, log=said)
    try:
        yield process.pid
        assert process.poll() is None, said.read_text()  # one process through all of it
        process.terminate()
        assert process.wait(PATIENCE) == 0, said.read_text()
    finally:
        process.kill()
        process.wait()


async def come_due(database: Database, rules: Rules, clock: FixedClock, begin: datetime) -> None:
    """Dispatch tickets as long ago as the first warning takes: these come due from `begin` on."""
    unit = await make_unit(database)
    levels = rules.profile.response.levels.values()
    first = min(limits.accept.time for limits in levels if limits.accept.time)
    ago = first * float(rules.profile.warnings.yellow)
    for number in range(0, TICKETS, 4):
        at = begin + (HANGS + AWAY - HEAD) * (number / TICKETS)
        clock.advance(at - ago - clock.now())
        await dispatched(database, rules, unit, 4, first=number + 1)
    clock.advance(datetime.now(UTC) - clock.now())


async def until(database: Database, question: str) -> None:
    """Wait until the database answers the question with true."""
    deadline = time.monotonic() + PATIENCE
    while True:
        async with database.unit_of_work(SYSTEM) as work:
            if await work.session.scalar(text(f"select {question}")):
                return
        assert time.monotonic() < deadline, question
        await asyncio.sleep(0.05)


@pytest.mark.chaos
async def test_the_clocks_are_told_in_time_while_redis_is_away(
    database: Database, clock: FixedClock
) -> None:
    rules = load_rules(CITY, datetime.now(UTC))
    with tempfile.TemporaryDirectory(prefix="jiesu-away-") as name:
        folder = Path(name)
        engine = EmbeddedRedis(folder / "redis", folder, folder / "log")
        engine.prepare()
        redis = start(engine.program())
        try:
            with working(database, engine, folder / "said"):
                await until(database, "count(*) > 0 from pg_stat_activity where application_name"
                            f" = 'jiesu worker {CITY}'")  # fmt: skip
                await until(database, "count(*) = 0 from outbox where published_at is null")
                redis.send_signal(signal.SIGSTOP)
                await come_due(database, rules, clock, datetime.now(UTC) + HEAD)
                await asyncio.sleep(HANGS.total_seconds())
                redis.kill()
                redis.wait()
                async with database.unit_of_work(PUBLIC) as work:
                    code = await request_login_code(
                        work, Protection(SECRET), rules.profile.login_code, "13800001234"
                    )
                await asyncio.sleep(AWAY.total_seconds())
                async with database.unit_of_work(SYSTEM) as work:
                    seen = await worker_last_seen(work.session, CITY)
                    assert seen is not None and datetime.now(UTC) - seen < timedelta(seconds=2)
                await until(database, "count(*) = 20 from ticket_event where kind = 'WARN'")
                # Two entries of each ticket, and its warning: all news stays where it is.
                assert await waiting(database) >= 3 * TICKETS
                shutil.rmtree(folder / "redis")
                engine.prepare()
                redis = start(engine.program())
                await until(database, "count(*) = 0 from outbox where published_at is null")
            said = (folder / "said").read_text()
        finally:
            redis.kill()
            redis.wait()
    assert said.count(f"code={code}") == 1  # development's gateway is the log
    assert max(await lateness(database)) < LATEST


async def waiting(database: Database) -> int:
    async with database.unit_of_work(SYSTEM) as work:
        count = text("select count(*) from outbox where published_at is null")
        return int(await work.session.scalar(count) or 0)


async def lateness(database: Database) -> list[timedelta]:
    """By how much each warning was told late; none is early."""
    async with database.unit_of_work(SYSTEM) as work:
        rows = await work.session.scalars(select(TicketEvent).where(TicketEvent.kind == "WARN"))
        late = [row.at - datetime.fromisoformat(row.detail["due"]) for row in rows]
    assert len(late) == TICKETS and min(late) >= timedelta()
    return late
