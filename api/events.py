"""The line from Redis to this process's subscribers; cut at any time, and joined again."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.tickets.news import News, addressed
from schema.subscriptions.stream import Events

_log = structlog.get_logger("events")
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0


def channel(city: str) -> str:
    """The pub/sub channel on which the worker tells news of a city's tickets."""
    return f"jiesu:{city}:events"


class EventLine:
    """Listens to the news and hands it to the subscribers of this process.

    While Redis is away nothing arrives; when it is back, whoever follows one ticket is asked to
    read it again, and the outbox delivers what it kept.
    """

    def __init__(self, redis: Redis, database: Database, city: str, events: Events) -> None:
        self._redis = redis
        self._database = database
        self._channel = channel(city)
        self._events = events
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._listen(), name="event-line")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._redis.aclose()

    async def _listen(self) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as line:
                    await line.subscribe(self._channel)
                    self._events.refresh()
                    wait = _FIRST_WAIT
                    async for message in line.listen():
                        await self._hear(message["data"])
            except (RedisError, OSError) as error:
                _log.warning("events.line_cut", error=type(error).__name__, retry_in=wait)
            except Exception:
                _log.exception("events.line_failed", retry_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _hear(self, data: bytes) -> None:
        """One piece of news; what nobody here listens for costs no statement."""
        if len(self._events) == 0:
            return
        try:
            news = _read(orjson.loads(data))
        except (ValueError, KeyError, TypeError):
            _log.warning("events.unreadable")
            return
        try:
            async with self._database.unit_of_work(SYSTEM) as work:
                news = await addressed(work.session, news)
        except Exception:
            _log.exception("events.not_addressed")
            self._events.refresh()
            return
        self._events.publish(news)


def _read(payload: dict[str, Any]) -> News:
    return News(
        event_id=UUID(payload["event"]),
        ticket_id=UUID(payload["ticket"]),
        kind=payload["kind"],
        status=payload["status"],
        public=payload["public"],
    )
