"""Somebody who follows news over a WebSocket, spoken to in ASGI without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from domain.kernel.outbox import events_channel
from tests.support.city import Caller, Hotline
from tests.support.sockets import ACK, Socket

WAIT = 10.0
"""Seconds that news may take on a machine that is busy."""


class _Line:
    """One ASGI exchange, as `Socket` wants it."""

    def __init__(self, application: Any, headers: dict[str, str]) -> None:
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._outgoing: asyncio.Queue[Any] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "path": "/graphql",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": ["graphql-transport-ws"],
            "client": ("127.0.0.1", 1),
        }
        self.task = asyncio.create_task(application(scope, self._incoming.get, self._outgoing.put))

    def feed(self, **message: Any) -> None:
        self._incoming.put_nowait(message)

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(WAIT):
            message: dict[str, Any] = await self._outgoing.get()
        return message

    async def ended(self) -> None:
        async with asyncio.timeout(WAIT):
            await self.task

    @property
    def silent(self) -> bool:
        return self._outgoing.empty()


class Follower:
    """One subscription of one caller."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket

    async def news(self) -> Any:
        """`data` of the next news."""
        message = await self.socket.hear()
        assert message["type"] == "next" and "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def end(self) -> Any:
        """How it ended: None for an end in order, else the code of the error."""
        message = await self.socket.hear()
        if message["type"] == "complete":
            return None
        errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        return errors[0]["extensions"]["code"]

    @property
    def silent(self) -> bool:
        """Whether nothing has come that was not taken."""
        silent: bool = self.socket.one.silent
        return silent


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds. Raises TimeoutError."""
    async with asyncio.timeout(WAIT):
        while not await condition():  # noqa: ASYNC110 - asked of others, who set no event
            await asyncio.sleep(0.01)


async def listening(city: Hotline, processes: int = 1) -> None:
    """Wait until so many processes hear the news of the city."""
    assert city.settings.redis_url is not None
    async with Redis.from_url(city.settings.redis_url) as redis:
        channel = events_channel(city.settings.city)

        async def heard() -> bool:
            return int((await redis.pubsub_numsub(channel))[0][1]) >= processes

        await until(heard)


@asynccontextmanager
async def following(caller: Caller, document: str, **variables: Any) -> AsyncIterator[Follower]:
    """Subscribe on the caller's own process; what is published from then on is not missed."""
    city = caller.hotline
    line = _Line(city.application, {"host": "city.test"})
    socket = Socket(line)
    accepted = await line.next()
    assert accepted["type"] == "websocket.accept", accepted
    token = await caller.token()
    payload = {} if token is None else {"authorization": f"Bearer {token}"}
    socket.say({"type": "connection_init", "payload": payload})
    assert await socket.hear() == ACK
    before = city.subscribers
    socket.subscribe("1", document, variables=variables)

    async def answered() -> bool:
        return city.subscribers > before or not line.silent

    try:
        await until(answered)
        yield Follower(socket)
    finally:
        await socket.leave()
