"""How late timers fire: many armed, some due every second, then many due in one second.

    python -m bench.timers [--armed 100000] [--over 600] [--window 30] [--workers 2] [--burst 2000]

Each timer is the deadline of a ticket of its own, and firing it is all that it is in service: an
entry in the history, news in the outbox, the ticket's row, the next timer. Lateness is measured
from outside, by the age of the oldest timer that is due and not fired; so commits are in it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from api.command.migrate import upgrade
from api.engines.program import Program
from bench.ground import CITY, Ground, ground
from domain.kernel.ids import new_id
from domain.kernel.presence import worker_application

DATABASE = "bench_timers"
TARGET_S = 2.0
BURST_TARGET_S = 5.0
_LIMIT = timedelta(hours=2)  # the reply of L1 in Beijing
_LOOK = 0.05  # seconds between two looks at the oldest timer
_WARM_UP = timedelta(seconds=3)
_PATIENCE = timedelta(seconds=60)

_TICKETS = """
    insert into ticket (id, code, kind, status, level, level_reason, title, content, channel,
        submitter, confidential, lead_unit_id, round, urge_count, version, submitted_at,
        dispatched_at, deadline, profile_version, history_length, history_head)
    select subject_id, 'BENCH-' || subject_id, 'HELP', 'DISPATCHED', 'L1', '压测', '路灯不亮',
        repeat('小区门口的路灯三天不亮，晚上出行不便。', 6), 'PHONE', 'bench', false,
        (select id from unit where code = 'BENCH'), 1, 0, 2, due_at - $1::interval,
        due_at - $1::interval, due_at, 1, 2, decode(repeat('00', 32), 'hex')
    from timer t where fired_at is null
        and not exists (select from ticket where ticket.id = t.subject_id)
"""
_SEGMENTS = """
    insert into clock_segment (id, ticket_id, position, clock, round, kind, at, detail, cause,
        deadline)
    select gen_random_uuid(), id, 0, 'REPLY', 1, 'RUN', dispatched_at,
        '{"limit": {"limit": "PT2H", "calendar": "wall"}, "level": "L1", "text": ""}', 'DISPATCH',
        deadline
    from ticket t where not exists (select from clock_segment s where s.ticket_id = t.id)
"""
_DUE = "from timer where due_at <= now() and fired_at is null"
_RESULT = """
    select count(*) as fired,
        percentile_cont(0.5) within group (order by extract(epoch from fired_at - due_at)) as p50,
        percentile_cont(0.99) within group (order by extract(epoch from fired_at - due_at)) as p99,
        (select count(*) from ticket_event where kind = 'OVERDUE') as entries,
        (select count(distinct ticket_id) from ticket_event where kind = 'OVERDUE') as tickets
    from timer where fired_at is not null
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What is armed, and for how long it is watched."""

    armed: int
    over: float
    window: float
    workers: int
    burst: int


async def _make_database(server_url: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"drop database if exists {DATABASE} with (force)")
        await connection.execute(f"create database {DATABASE}")
    finally:
        await connection.close()


def _timers(count: int, begin: datetime, over: float) -> Iterator[tuple[object, ...]]:
    armed_at = datetime.now(UTC)
    payload = '{"point": "DEADLINE", "round": 1}'
    for number in range(count):
        due_at = begin + timedelta(seconds=over * number / count)
        subject: UUID = new_id(armed_at)
        yield new_id(armed_at), "clock.REPLY", subject, due_at, payload, armed_at, 0


async def _arm(connection: asyncpg.Connection, count: int, begin: datetime, over: float) -> None:
    columns = ["id", "kind", "subject_id", "due_at", "payload", "armed_at", "failures"]
    async with connection.transaction():
        await connection.copy_records_to_table(
            "timer", records=_timers(count, begin, over), columns=columns
        )
        await connection.execute(_TICKETS, _LIMIT)
        await connection.execute(_SEGMENTS)


def _worker(place: Ground, url: str, number: int) -> Program:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "REDIS_URL": place.redis.url(),
        "JIESU_CITY": CITY,
        "JIESU_DATA": str(place.data),
        "JIESU_SECRET": base64.b64encode(bytes(32)).decode(),
        "JIESU_LOG_LEVEL": "warning",
    }
    return Program(
        name=f"Worker {number}",
        arguments=(sys.executable, "-m", "api.command", "work"),
        environment=environment,
        ready=lambda _: True,
    )


async def _wait_for_workers(connection: asyncpg.Connection) -> None:
    sessions = "select count(*) from pg_stat_activity where application_name = $1"
    async with asyncio.timeout(30):
        while not await connection.fetchval(sessions, worker_application(CITY)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _watch(connection: asyncpg.Connection, seconds: float) -> float:
    """Return the greatest age (s) of a due timer that had not fired, within that many seconds."""
    worst, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        age = await connection.fetchval(f"select extract(epoch from now() - min(due_at)) {_DUE}")
        worst = max(worst, float(age or 0))
        await asyncio.sleep(_LOOK)
    return worst


async def _burst(connection: asyncpg.Connection, count: int) -> float:
    """Return in how many seconds after the first of `count` timers of one second all have fired.

    The other timers go on being due beside them.
    """
    armed_at = datetime.now(UTC)
    begin = armed_at + _WARM_UP + timedelta(seconds=count / 2_000)
    await _arm(connection, count, begin, over=1.0)
    await asyncio.sleep(max(0.0, (begin - datetime.now(UTC)).total_seconds() + 1.0))
    left = f"select exists (select {_DUE} and armed_at >= $1)"
    late = timedelta()
    while await connection.fetchval(left, armed_at) and late < _PATIENCE:
        await asyncio.sleep(_LOOK)
        late = datetime.now(UTC) - begin
    return (datetime.now(UTC) - begin).total_seconds()


async def _measure(place: Ground, url: str, load: Load) -> bool:
    connection = await asyncpg.connect(
        url, server_settings={"search_path": f"{CITY},public", "timezone": "UTC"}
    )
    try:
        await connection.execute(
            "insert into unit (id, code, name, level, lineage, created_at) values"
            " (gen_random_uuid(), 'BENCH', '压测街道', 'STREET', '{}', now())"
        )
        with ExitStack() as running:
            for number in range(load.workers):
                running.enter_context(place.running(_worker(place, url, number + 1)))
            await _wait_for_workers(connection)
            # Arming takes a while; what is due meanwhile would be late through no worker's fault.
            ahead = _WARM_UP + timedelta(seconds=load.armed / 3_000)
            begin = datetime.now(UTC) + ahead
            await _arm(connection, load.armed, begin, load.over)
            await connection.execute("analyze")
            await asyncio.sleep(max(0.0, (begin - datetime.now(UTC)).total_seconds()))
            worst = await _watch(connection, load.window)
            result = await connection.fetchrow(_RESULT)
            burst = await _burst(connection, load.burst)
            twice = await connection.fetchrow(_RESULT)
    finally:
        await connection.close()
    assert result is not None and twice is not None
    _tell(load, result, worst, burst, twice)
    once = twice["fired"] == twice["entries"] == twice["tickets"]
    return worst <= TARGET_S and burst <= BURST_TARGET_S and once


def _tell(
    load: Load, result: asyncpg.Record, worst: float, burst: float, end: asyncpg.Record
) -> None:
    print(f"timers.armed={load.armed}")
    print(f"timers.workers={load.workers}")
    print(f"timers.fired={result['fired']}")
    print(f"timers.late.p50_s={float(result['p50'] or 0):.3f}")
    print(f"timers.late.p99_s={float(result['p99'] or 0):.3f}")
    print(f"timers.late.max_s={worst:.3f}")
    print(f"timers.burst.timers={load.burst}")
    print(f"timers.burst.all_fired_s={burst:.3f}")
    print(f"timers.fired_twice={end['entries'] - end['tickets']}")
    print(f"timers.fired_without_entry={end['fired'] - end['entries']}")


def measure(load: Load) -> bool:
    """Measure and print; return whether the targets are met. Raises StartFailed."""
    with ground() as place:
        asyncio.run(_make_database(place.postgres.url()))
        url = place.postgres.url(DATABASE)
        upgrade(url, CITY)
        return asyncio.run(_measure(place, url, load))


def main() -> int:
    """Read the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.timers")
    parser.add_argument("--armed", type=int, default=100_000, help="timers armed")
    parser.add_argument("--over", type=float, default=600.0, help="seconds over which they are due")
    parser.add_argument("--window", type=float, default=30.0, help="seconds that are watched")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--burst", type=int, default=2_000, help="timers due in one second, after")
    return 0 if measure(Load(**vars(parser.parse_args()))) else 1


if __name__ == "__main__":
    sys.exit(main())
