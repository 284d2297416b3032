"""The whole worker, in this process and as one that is killed."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from domain.dispatch.city import Rules
from domain.kernel.actor import SYSTEM
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.presence import worker_last_seen
from domain.kernel.settings import Settings
from domain.tickets.history import verify
from jobs.worker import work
from tests.jobs.codes import SECRET, Gateway, ask_for_code
from tests.jobs.frail_redis import FrailRedis, frail_redis
from tests.jobs.tickets import dispatched, history, ticket_of
from tests.jobs.waiting import until
from tests.support.commands import Command
from tests.support.engines import CITY

STEPS = "('WARN', 'OVERDUE', 'ESCALATE')"


@pytest.fixture
def clock() -> FixedClock:
    """The true time, at first: a worker's own clock cannot be stopped."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def frail() -> Iterator[FrailRedis]:
    with frail_redis() as redis:
        yield redis


def settings_of(database: Database, redis_url: str) -> Settings:
    return Settings(DATABASE_URL=database.url, REDIS_URL=redis_url, JIESU_CITY=CITY)


@asynccontextmanager
async def working(settings: Settings, gateway: Gateway) -> AsyncIterator[asyncio.Task[None]]:
    """A worker in this process; at the end it is told to stop, and must."""
    stop = asyncio.Event()
    task = asyncio.create_task(work(settings, SECRET, stop, sender=gateway))
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(8):
            await task


async def number(database: Database, source: str) -> int:
    async with database.unit_of_work(SYSTEM) as work:
        return int(await work.session.scalar(text(f"select count(*) from {source}")) or 0)


async def dispatched_ago(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, count: int, ago: timedelta
) -> list[UUID]:
    now = clock.now()
    clock.advance(-ago)
    tickets = await dispatched(database, rules, unit_id, count)
    clock.advance(now - clock.now())
    return tickets


async def assert_once_each(database: Database, tickets: list[UUID], steps: int) -> None:
    """Every ticket has exactly `steps` entries of timers, none twice, and a sound chain."""
    assert await number(database, f"ticket_event where kind in {STEPS}") == len(tickets) * steps
    twice = (
        f"(select 1 from ticket_event where kind in {STEPS}"
        " group by ticket_id, kind, detail having count(*) > 1) as twice"
    )
    assert await number(database, twice) == 0
    for ticket_id in tickets[::7]:
        assert verify(await ticket_of(database, ticket_id), await history(database, ticket_id))


async def test_timers_fire_and_news_waits_while_redis_is_away(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, frail: FrailRedis
) -> None:
    gateway = Gateway()
    async with working(settings_of(database, frail.url), gateway) as worker:
        await ask_for_code(database)
        await until(lambda: len(gateway.sent) == 1)
        frail.kill()
        with capture_logs() as logs:
            tickets = await dispatched_ago(
                database, clock, rules, unit_id, 5, timedelta(minutes=100)
            )
            clock.advance(datetime.now(UTC) - clock.now())
            await ask_for_code(database)

            async def all_fired() -> bool:
                return await number(database, f"ticket_event where kind in {STEPS}") == 25

            await until(all_fired)
            await asyncio.sleep(1.0)
            assert len(gateway.sent) == 1
            assert await number(database, "outbox where published_at is null") > 25
            assert not worker.done()
            told = [entry["loop"] for entry in logs if entry["event"] == "fails"]
            assert sorted(told) == ["jobs", "outbox"]  # once each, however often they tried
            frail.start()  # an empty one
            await until(lambda: len(gateway.sent) == 2)

            async def all_published() -> bool:
                return not await number(database, "outbox where published_at is null")

            await until(all_published)
            back = [entry["loop"] for entry in logs if entry["event"] == "works_again"]
            assert sorted(back) == ["jobs", "outbox"]
    await assert_once_each(database, tickets, 5)
    assert gateway.tries == 2


async def test_sessions_that_are_cut_off_lose_and_double_nothing(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, redis_url: str
) -> None:
    tickets = await dispatched_ago(database, clock, rules, unit_id, 40, timedelta(days=10))
    await _slow_down(database)
    settings, gateway = settings_of(database, redis_url), Gateway()

    async def cut_off() -> bool:
        async with database.unit_of_work(SYSTEM) as work:
            await work.session.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity where"
                    " datname = current_database() and application_name like 'jiesu worker%'"
                )
            )
        await asyncio.sleep(0.3)
        return not await number(database, "timer where fired_at is null and kind like 'clock.%'")

    with capture_logs() as logs:
        async with working(settings, gateway):
            for _ in range(3):
                await cut_off()
            await until(_all_fired(database))
    assert {entry["event"] for entry in logs} & {"fails"}
    assert not [entry for entry in logs if entry["event"] == "timer_failed"]
    await assert_once_each(database, tickets, 12)


def _all_fired(database: Database) -> Callable[[], Awaitable[bool]]:
    async def all_fired() -> bool:
        return not await number(database, "timer where fired_at is null and kind like 'clock.%'")

    return all_fired


async def _slow_down(database: Database) -> None:
    """Every history entry takes a millisecond more, so that batches are met in their middle."""
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(
            text(
                "create function dawdle() returns trigger language plpgsql as"
                " $$ begin perform pg_sleep(0.001); return new; end $$"
            )
        )
        await work.session.execute(
            text(
                "create trigger dawdle before insert on ticket_event"
                " for each row execute function dawdle()"
            )
        )


async def test_the_database_sees_the_worker_at_work(database: Database, redis_url: str) -> None:
    async def last_seen() -> datetime | None:
        async with database.unit_of_work(SYSTEM) as work:
            return await worker_last_seen(work.session, CITY)

    assert await last_seen() is None
    async with working(settings_of(database, redis_url), Gateway()):

        async def seen() -> bool:
            return await last_seen() is not None

        await until(seen)
        await asyncio.sleep(1.2)  # two of its longest rests
        at = await last_seen()
        assert at is not None and datetime.now(UTC) - at < timedelta(seconds=1.2)
    assert await last_seen() is None


@pytest.fixture
def start_worker(
    database: Database, redis_url: str, tmp_path: Path
) -> Iterator[Callable[[], Command]]:
    """Starts `jiesu work` as processes of their own."""
    started: list[Command] = []
    environment = {
        **os.environ,
        "DATABASE_URL": database.url,
        "REDIS_URL": redis_url,
        "JIESU_CITY": CITY,
        "JIESU_DATA": str(tmp_path),
        "JIESU_SECRET": base64.b64encode(SECRET).decode(),
    }

    def start() -> Command:
        process = Command("work", environment=environment, log=tmp_path / "worker.log")
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.chaos
async def test_a_killed_workers_timers_are_fired_by_another_once_each(
    database: Database,
    clock: FixedClock,
    rules: Rules,
    unit_id: UUID,
    start_worker: Callable[[], Command],
) -> None:
    tickets = await dispatched_ago(database, clock, rules, unit_id, 40, timedelta(days=10))
    await _slow_down(database)
    fired = 0
    victim, survivor = start_worker(), start_worker()

    async def more_fired() -> bool:
        return await number(database, "timer where fired_at is not null") > fired

    await until(more_fired)
    victim.kill()
    victim.wait()
    await until(_all_fired(database))
    await assert_once_each(database, tickets, 12)

    began = time.monotonic()
    survivor.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(survivor.wait, 10) == 0
    assert time.monotonic() - began < 5


@pytest.mark.chaos
async def test_alone_a_worker_that_is_killed_in_a_batch_leaves_it_whole(
    database: Database,
    clock: FixedClock,
    rules: Rules,
    unit_id: UUID,
    start_worker: Callable[[], Command],
) -> None:
    tickets = await dispatched_ago(database, clock, rules, unit_id, 40, timedelta(minutes=100))
    await _slow_down(database)
    in_a_batch = (
        "pg_stat_activity where application_name like 'jiesu worker%' and wait_event = 'PgSleep'"
    )
    victim = start_worker()

    async def in_its_middle() -> bool:
        return await number(database, in_a_batch) > 0

    await until(in_its_middle)
    victim.kill()
    victim.wait()

    async def let_go() -> bool:
        return not await number(database, in_a_batch)

    await until(let_go)
    assert await number(database, "timer where fired_at is not null") == 0
    assert await number(database, f"ticket_event where kind in {STEPS}") == 0
    start_worker()

    async def caught_up() -> bool:
        return await number(database, f"ticket_event where kind in {STEPS}") == 40 * 5

    await until(caught_up)
    await assert_once_each(database, tickets, 5)
