"""The relay: hands the outbox's news on, at least once, whatever happens to Redis.

While Redis is away the rows wait where they are. An emptied Redis loses nothing either: broadcast
news is only for those who listen at that moment, and a job stays a row until it is done.
"""

from __future__ import annotations

import time
from uuid import UUID

import orjson
from arq.connections import ArqRedis

from domain.kernel import outbox
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.outbox import OutboxRow
from jobs import measures
from jobs.subscriptions import BROADCAST, JOBS

BATCH = 200
IDLE = 0.1
"""Seconds between two looks: what a subscriber waits for an event, at most, besides the way."""

OFFER_AGAIN = 2.0
"""Seconds after which a job that is not done is offered again. While arq knows it, that is nothing
(arq refuses a second job of one id); when Redis lost it, it is how late the job is."""

MEASURE = 1.0


class Relay:
    """The outbox of one city's database, and the Redis that carries its news."""

    def __init__(self, database: Database, redis: ArqRedis) -> None:
        self._database = database
        self._redis = redis
        self._channel = outbox.events_channel(database.city)
        self._offered: dict[UUID, float] = {}
        self._measured_at = 0.0

    async def step(self) -> float:
        """Hand on what there is; return the seconds of rest until the next look.

        Raises what an outage of the database or of Redis raises.
        """
        await self._measure()
        broadcast = await self._broadcast()
        offered = await self._offer()
        return 0.0 if BATCH in (broadcast, offered) else IDLE

    async def _broadcast(self) -> int:
        async with self._database.unit_of_work(SYSTEM) as work:
            rows = await outbox.take_pending(work.session, BROADCAST, BATCH)
            if not rows:
                return 0
            async with self._redis.pipeline(transaction=False) as pipe:
                for row in rows:
                    pipe.publish(self._channel, _message(row))
                await pipe.execute()
            await outbox.mark_published(work.session, [row.id for row in rows], work.now)
        for row in rows:
            measures.NEWS_RELAYED.labels(row.topic).inc()
        return len(rows)

    async def _offer(self) -> int:
        async with self._database.unit_of_work(SYSTEM) as work:
            waiting = await outbox.pending(work.session, JOBS.keys(), BATCH)
        now = time.monotonic()
        fresh = [each for each in waiting if now - self._offered.get(each[0], -1e9) > OFFER_AGAIN]
        self._offered = {row: self._offered[row] for row, _ in waiting if row in self._offered}
        for row, topic in fresh:
            await self._redis.enqueue_job(JOBS[topic], str(row), _job_id=str(row))
            self._offered[row] = now
        return len(fresh)

    async def _measure(self) -> None:
        now = time.monotonic()
        if now - self._measured_at < MEASURE:
            return
        async with self._database.unit_of_work(SYSTEM) as work:
            oldest = await outbox.oldest_pending(work.session)
        waited = (work.now - oldest).total_seconds() if oldest else 0.0
        measures.NEWS_WAITING.set(max(waited, 0.0))
        self._measured_at = now


def _message(row: OutboxRow) -> bytes:
    return orjson.dumps({**row.payload, "id": str(row.id)})
