"""arq, kept going: it ends when Redis goes away, and is started again when Redis is back.

Jobs are carried as JSON: arq's own way would run whatever code somebody wrote into Redis.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from jobs.loop import end
from jobs.sending import Desk, send_login_code

JOB_TIMEOUT = 10
"""Seconds for one job. A worker that is killed holds its job back for this long and ten more."""

POLL = 0.1
AT_ONCE = 10
FINISH = 3.0
"""Seconds that jobs at hand get when the worker stops; when Redis goes away, their full time."""

REDIS_TIMEOUT = 2.0


def connect(redis_url: str, city: str) -> ArqRedis:
    """Return the client for the city's queue; it connects when it is first used."""
    pool = ConnectionPool.from_url(
        redis_url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT
    )
    return ArqRedis(
        pool,
        job_serializer=orjson.dumps,
        job_deserializer=orjson.loads,
        default_queue_name=f"jiesu:{city}:jobs",
    )


class Queue:
    """The jobs of one city's queue."""

    def __init__(self, redis_url: str, desk: Desk, stop: asyncio.Event) -> None:
        self._redis_url = redis_url
        self._desk = desk
        self._stop = stop
        self.on_start: Callable[[], None] = lambda: None
        """Called when Redis answered and jobs are taken."""

    async def step(self) -> float:
        """Work until `stop` is set, or raise what ended arq."""
        redis = connect(self._redis_url, self._desk.database.city)
        worker = Worker(
            functions=[func(send_login_code)],
            queue_name=redis.default_queue_name,
            redis_pool=redis,
            ctx={"desk": self._desk},
            on_startup=self._started,
            handle_signals=False,
            max_jobs=AT_ONCE,
            job_timeout=JOB_TIMEOUT,
            poll_delay=POLL,
            keep_result=0,  # the outbox row is the result; and its id may be queued again
            retry_jobs=False,  # the relay offers again
            job_serializer=orjson.dumps,
            job_deserializer=orjson.loads,
        )
        running = asyncio.create_task(worker.async_run())
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            # Whatever ended it, a job at hand ends by itself: cut off between the gateway's answer
            # and the commit, it would be done twice.
            await self._finish(worker)
            if running.done() and not running.cancelled():
                running.result()
        finally:
            stopping.cancel()
            await _end(running, worker, redis)
        return 0.0

    async def _started(self, ctx: dict[Any, Any]) -> None:
        self.on_start()

    async def _finish(self, worker: Worker) -> None:
        worker.allow_pick_jobs = False
        if worker.tasks:
            seconds = FINISH if self._stop.is_set() else JOB_TIMEOUT
            await asyncio.wait(worker.tasks.values(), timeout=seconds)


async def _end(running: asyncio.Task[None], worker: Worker, redis: ArqRedis) -> None:
    arq_loop = [worker.main_task] if worker.main_task is not None else []
    await end([running, *arq_loop, *worker.tasks.values()])
    with suppress(RedisError, OSError):
        await redis.aclose(close_connection_pool=True)
