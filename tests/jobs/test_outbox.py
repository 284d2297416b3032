"""The outbox leaves the house: at least once, whatever happens to Redis, and codes once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import orjson
import pytest
from arq.connections import ArqRedis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy import select
from structlog.testing import capture_logs

from domain.accounts.protection import Protection
from domain.kernel.actor import SYSTEM
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.outbox import OutboxRow, events_channel
from jobs import relay as relay_module
from jobs.queue import Queue, connect
from jobs.relay import Relay
from jobs.sending import Desk, send_login_code
from tests.jobs.codes import PHONE, SECRET, Gateway, ask_for_code
from tests.jobs.frail_redis import FrailRedis, frail_redis
from tests.jobs.waiting import until
from tests.support.engines import CITY


@pytest.fixture
def frail() -> Iterator[FrailRedis]:
    with frail_redis() as redis:
        yield redis


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[ArqRedis]:
    redis = connect(url, CITY)
    try:
        yield redis
    finally:
        await redis.aclose(close_connection_pool=True)


@asynccontextmanager
async def queue_at_work(url: str, desk: Desk) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(Queue(url, desk, stop).step())
    try:
        yield
    finally:
        stop.set()
        await task


async def waiting(database: Database) -> list[OutboxRow]:
    async with database.unit_of_work(SYSTEM) as work:
        rows = await work.session.scalars(
            select(OutboxRow).where(OutboxRow.published_at.is_(None)).order_by(OutboxRow.id)
        )
        return list(rows)


async def tell(database: Database, *numbers: int) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        for number in numbers:
            work.publish("ticket_event", {"event": str(number)})


async def hear(ear: PubSub, count: int) -> list[dict[str, str]]:
    """The next `count` messages."""
    heard: list[dict[str, str]] = []
    async with asyncio.timeout(10):
        while len(heard) < count:
            message = await ear.get_message(ignore_subscribe_messages=True, timeout=1)
            if message is not None:
                heard.append(orjson.loads(message["data"]))
    return heard


def desk_of(database: Database, gateway: Gateway) -> Desk:
    return Desk(database, Protection(SECRET), gateway)


async def test_events_reach_those_who_listen_in_order_with_the_rows_id(
    database: Database, redis_url: str
) -> None:
    await tell(database, *range(450))
    rows = {str(row.id): row.payload for row in await waiting(database)}
    async with connected(redis_url) as redis, redis.pubsub() as ear:
        await ear.subscribe(events_channel(CITY))
        relay = Relay(database, redis)
        rests = [await relay.step() for _ in range(3)]
        heard = await hear(ear, 450)
    assert [message["event"] for message in heard] == [str(number) for number in range(450)]
    assert all(rows[message["id"]]["event"] == message["event"] for message in heard)
    assert not await waiting(database)
    assert rests[:2] == [0.0, 0.0] and rests[2] > 0  # full batches are followed at once


async def test_two_relays_share_the_news(database: Database, redis_url: str) -> None:
    await tell(database, *range(400))
    async with connected(redis_url) as redis, redis.pubsub() as ear:
        await ear.subscribe(events_channel(CITY))
        await asyncio.gather(*(Relay(database, redis).step() for _ in range(2)))
        while await waiting(database):
            await Relay(database, redis).step()
        heard = await hear(ear, 400)
        assert await ear.get_message(ignore_subscribe_messages=True, timeout=0.1) is None
    assert {message["event"] for message in heard} == {str(number) for number in range(400)}


async def test_while_redis_is_away_the_rows_wait(database: Database, frail: FrailRedis) -> None:
    await tell(database, 1)
    await ask_for_code(database)
    frail.kill()
    async with connected(frail.url) as redis:
        relay = Relay(database, redis)
        with pytest.raises(RedisAway):
            await relay.step()
        assert len(await waiting(database)) == 2
        frail.start()
        await relay.step()
        [left] = await waiting(database)
        assert left.topic == "login_code"  # offered; done when it is sent
        assert await redis.zcard(redis.default_queue_name) == 1


async def test_news_that_nobody_knows_is_left_alone(database: Database, redis_url: str) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        work.publish("comet", {})
    await tell(database, 1)
    async with connected(redis_url) as redis:
        await Relay(database, redis).step()
    assert [row.topic for row in await waiting(database)] == ["comet"]


async def test_a_login_code_is_sent_once(database: Database, redis_url: str) -> None:
    code = await ask_for_code(database)
    gateway = Gateway()
    async with connected(redis_url) as redis, queue_at_work(redis_url, desk_of(database, gateway)):
        relay = Relay(database, redis)
        for _ in range(3):
            await relay.step()
        await until(lambda: gateway.sent)
        await until(lambda: _none(database))
        await relay.step()
        stored = [await redis.dump(key) or b"" for key in await redis.keys("*")]
    [message] = gateway.sent
    assert (message.code, message.phone.clear) == (code, PHONE)
    assert gateway.tries == 1
    assert not any(code.encode() in value or PHONE.encode() in value for value in stored)


async def _none(database: Database) -> bool:
    return not await waiting(database)


async def test_an_emptied_redis_loses_no_code_and_doubles_none(
    database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "OFFER_AGAIN", 0.1)
    await ask_for_code(database)
    gateway = Gateway()
    async with connected(redis_url) as redis:
        relay = Relay(database, redis)
        await relay.step()
        assert await redis.zcard(redis.default_queue_name) == 1
        await redis.flushall()
        async with queue_at_work(redis_url, desk_of(database, gateway)):
            await asyncio.sleep(0.2)
            assert gateway.tries == 0  # it really was lost
            await relay.step()
            await until(lambda: gateway.sent)
            gateway.open.clear()
            await redis.flushall()
            await asyncio.sleep(0.1)
            await relay.step()
            await until(lambda: _none(database))
    assert gateway.tries == 1


async def test_one_row_in_many_hands_is_sent_once(database: Database) -> None:
    await ask_for_code(database)
    [row] = await waiting(database)
    gateway = Gateway()
    context = {"desk": desk_of(database, gateway)}
    gateway.open.clear()
    first = asyncio.create_task(send_login_code(context, str(row.id)))
    await until(lambda: gateway.tries)
    await asyncio.gather(*(send_login_code(context, str(row.id)) for _ in range(5)))
    gateway.open.set()
    await first
    await send_login_code(context, str(row.id))
    assert gateway.tries == len(gateway.sent) == 1


async def test_a_busy_gateway_is_asked_again(
    database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "OFFER_AGAIN", 0.05)
    code = await ask_for_code(database)
    gateway = Gateway(failures=2)
    with capture_logs() as logs:
        async with (
            connected(redis_url) as redis,
            queue_at_work(redis_url, desk_of(database, gateway)),
        ):
            relay = Relay(database, redis)

            async def sent() -> bool:
                await relay.step()
                return bool(gateway.sent)

            await until(sent)
            await until(lambda: _none(database))
    assert gateway.tries == 3 and len(gateway.sent) == 1
    assert [entry["event"] for entry in logs] == ["login_code_not_sent"] * 2
    assert code not in str(logs) and PHONE not in str(logs)


async def test_a_job_at_hand_outlives_redis(database: Database, frail: FrailRedis) -> None:
    await ask_for_code(database)
    gateway = Gateway()
    gateway.open.clear()
    queue = Queue(frail.url, desk_of(database, gateway), asyncio.Event())
    async with connected(frail.url) as redis:
        await Relay(database, redis).step()
    working = asyncio.create_task(queue.step())
    await until(lambda: gateway.tries)
    frail.kill()
    await asyncio.sleep(0.3)
    assert await waiting(database)  # not sent yet
    gateway.open.set()
    with pytest.raises(RedisAway):
        await working
    assert not await waiting(database)
    assert gateway.tries == len(gateway.sent) == 1


async def test_a_code_that_has_ended_is_not_sent(database: Database, clock: FixedClock) -> None:
    await ask_for_code(database)
    [row] = await waiting(database)
    gateway = Gateway()
    clock.advance(timedelta(minutes=5))
    await send_login_code({"desk": desk_of(database, gateway)}, str(row.id))
    assert gateway.tries == 0
    assert not await waiting(database)


async def test_a_job_for_a_row_that_is_gone_does_nothing(database: Database) -> None:
    gateway = Gateway()
    await send_login_code({"desk": desk_of(database, gateway)}, str(UUID(int=1)))
    assert gateway.tries == 0
