"""What has served goes, what is needed stays, and a loop survives what its step raises."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from domain.accounts.keys import ROTATED_EVERY
from domain.accounts.models import Attempt, Passcode, SigningKey
from domain.accounts.protection import Protection
from domain.dispatch.city import Rules
from domain.dispatch.rules_of_the_day import RulesOfTheDay
from domain.kernel import retention, timers
from domain.kernel.actor import SYSTEM
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.ids import new_id
from domain.kernel.outbox import OutboxRow
from domain.kernel.retention import lowest_id
from domain.kernel.timers import Timer
from jobs import loop as loop_module
from jobs.housekeeping import Housekeeping
from jobs.loop import Loop, end
from tests.support.engines import CITY

PROTECTION = Protection(bytes(range(32)))


def house(database: Database, rules: Rules) -> Housekeeping:
    return Housekeeping(database, lambda: rules, asyncio.Event(), PROTECTION)


def test_the_lowest_id_of_a_moment_is_below_every_id_made_then(clock: FixedClock) -> None:
    now = clock.now()
    assert lowest_id(now) <= new_id(now) < lowest_id(now + timedelta(milliseconds=1))
    assert new_id(now - timedelta(milliseconds=1)) < lowest_id(now)


async def test_published_news_goes_after_a_week_and_waiting_news_never(
    database: Database, clock: FixedClock, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)  # several batches
    now = clock.now()

    def row(name: str, age: timedelta, published: timedelta | None) -> OutboxRow:
        at = now - age
        return OutboxRow(
            id=new_id(at), topic=name, payload={}, created_at=at,
            published_at=None if published is None else now - published,
        )  # fmt: skip

    day = timedelta(days=1)
    async with database.unit_of_work(SYSTEM) as work:
        work.session.add_all([row("old", 8 * day, 8 * day) for _ in range(5)])
        work.session.add(row("late", 8 * day, 6 * day))
        work.session.add(row("young", 6 * day, 6 * day))
        work.session.add(row("waiting", 30 * day, None))
    await house(database, rules).step()
    async with database.unit_of_work(SYSTEM) as work:
        left = (await work.session.scalars(select(OutboxRow.topic))).all()
    assert sorted(left) == ["late", "waiting", "young"]


async def test_fired_timers_go_after_a_month_and_armed_ones_never(
    database: Database, clock: FixedClock, rules: Rules
) -> None:
    now, day = clock.now(), timedelta(days=1)
    clock.advance(-40 * day)
    async with database.unit_of_work(SYSTEM) as work:
        old, late, armed = (
            timers.arm(work, kind, UUID(int=1), now) for kind in ("old", "late", "armed")
        )
        old.fired_at, late.fired_at = now - 31 * day, now - 29 * day
        kept = {late.id, armed.id}
    clock.advance(now - clock.now())
    await house(database, rules).step()
    async with database.unit_of_work(SYSTEM) as work:
        assert set(await work.session.scalars(select(Timer.id))) == kept


async def test_what_was_counted_goes_after_a_day(
    database: Database, clock: FixedClock, rules: Rules
) -> None:
    now = clock.now()

    def rows(at: datetime) -> list[object]:
        return [
            Attempt(id=new_id(at), bucket="b", at=at),
            Passcode(
                id=new_id(at), phone_index=b"i", code_hash=b"h", created_at=at,
                expires_at=at, tries=0,
            ),
        ]  # fmt: skip

    async with database.unit_of_work(SYSTEM) as work:
        work.session.add_all([*rows(now - timedelta(hours=25)), *rows(now - timedelta(minutes=59))])
    await house(database, rules).step()
    async with database.unit_of_work(SYSTEM) as work:
        assert len((await work.session.scalars(select(Attempt))).all()) == 1
        assert len((await work.session.scalars(select(Passcode))).all()) == 1


async def test_numbers_are_ready_for_today_and_tomorrow_and_old_days_go(
    database: Database, clock: FixedClock, rules: Rules
) -> None:
    today = clock.now().astimezone(rules.zone).date()
    days = [today - timedelta(days=age) for age in (400, 8, 7, 6)]
    async with database.unit_of_work(SYSTEM) as work:
        for day in days:
            await work.session.execute(text("select prepare_ticket_numbers(:day)"), {"day": day})
        await work.session.execute(text("create sequence ticket_codebook"))
    await house(database, rules).step()
    await house(database, rules).step()
    async with database.unit_of_work(SYSTEM) as work:
        names = await work.session.scalars(
            text("select sequencename from pg_sequences where schemaname = current_schema()")
        )
        left = {name for name in names if name.startswith("ticket_code")}
    kept = [today - timedelta(days=6), today, today + timedelta(days=1)]
    assert left == {"ticket_codebook", *(_sequence(day) for day in kept)}


def _sequence(day: date) -> str:
    return f"ticket_code_{day:%Y%m%d}"


async def test_two_housekeepers_do_not_wait_for_each_other(
    database: Database, clock: FixedClock, rules: Rules
) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(
            text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"),
            {"name": f"{CITY} housekeeping"},
        )
        async with asyncio.timeout(5):
            assert await house(database, rules).step() > 0


async def test_a_loop_goes_on_after_a_failure_and_tells_it_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_module, "BACKOFF", (0.01, 0.02))
    stop, calls = asyncio.Event(), 0

    async def step() -> float:
        nonlocal calls
        calls += 1
        if calls == 8:
            stop.set()
        if 2 <= calls <= 5:
            raise ConnectionRefusedError("nobody there")
        return 0.0

    with capture_logs() as logs:
        await Loop("it", step, stop).run()
    assert calls == 8
    assert [entry["event"] for entry in logs] == ["fails", "works_again"]
    assert logs[1]["tries"] == 4


async def test_a_loop_that_rests_stops_at_once() -> None:
    stop = asyncio.Event()

    async def step() -> float:
        return 3600.0

    task = asyncio.create_task(Loop("it", step, stop).run())
    await asyncio.sleep(0.02)
    stop.set()
    async with asyncio.timeout(1):
        await task


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same() -> None:
    lost = 0

    async def stubborn() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if lost == 2:
                    raise
                lost += 1

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await end([task])
    assert task.cancelled() and lost == 2


def test_rules_are_read_anew_on_another_day_and_kept_where_they_cannot_be(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = RulesOfTheDay(CITY, clock)
    first = rules()
    assert rules() is first
    clock.advance(timedelta(hours=14))  # midnight in Beijing
    second = rules()
    assert second is not first

    def broken(*_: object) -> Rules:
        raise ValueError("a comma is missing")

    monkeypatch.setattr("domain.dispatch.rules_of_the_day.load_rules", broken)
    clock.advance(timedelta(days=1))
    with capture_logs() as logs:
        assert rules() is second
        assert rules() is second
    assert [entry["event"] for entry in logs] == ["rules_not_read"]


async def test_a_signing_key_that_has_served_its_time_gets_a_successor(
    database: Database, clock: FixedClock, rules: Rules
) -> None:
    async def keys() -> int:
        async with database.unit_of_work(SYSTEM) as work:
            return len((await work.session.scalars(select(SigningKey))).all())

    keeper = house(database, rules)
    await keeper.step()
    assert await keys() == 1
    clock.advance(ROTATED_EVERY - timedelta(hours=1))
    await keeper.step()
    assert await keys() == 1, "not before its time"
    clock.advance(timedelta(hours=1))
    await keeper.step()
    await keeper.step()
    assert await keys() == 2, "one successor, however often the house is kept"
