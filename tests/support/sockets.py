"""A client of graphql-transport-ws, spoken to in ASGI without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from api.graphql import TransportSettings
from schema.limits import Limits

INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}


class Socket:
    """A client of the socket, on top of an ASGI exchange."""

    def __init__(self, one: Any) -> None:
        self.one = one
        one.feed(type="websocket.connect")

    def say(self, message: Any) -> None:
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        self.one.feed(type="websocket.receive", text=text)

    def subscribe(self, identifier: str, query: str, **payload: Any) -> None:
        self.say({"id": identifier, "type": "subscribe", "payload": {"query": query, **payload}})

    async def hear(self) -> Any:
        message = await self.one.next()
        assert message["type"] == "websocket.send", message
        return orjson.loads(message["text"])

    async def closed(self) -> int:
        """Skip what is said until the socket is closed; return the code."""
        while True:
            message = await self.one.next()
            if message["type"] == "websocket.close":
                await self.one.ended()
                return int(message["code"])

    async def leave(self) -> None:
        self.one.feed(type="websocket.disconnect", code=1000)
        await self.one.ended()


Connect = Callable[..., Any]


@pytest.fixture
def open_socket(exchange: Any, make_endpoint: Any) -> Connect:
    """Open a socket; with `init`, up to and including its acknowledgement."""

    async def connect(
        limits: Limits | None = None,
        transport: TransportSettings | None = None,
        *,
        headers: dict[str, str] | None = None,
        subprotocols: tuple[str, ...] = ("graphql-transport-ws",),
        init: Any = INIT,
    ) -> Socket:
        scope = {
            "type": "websocket",
            "path": "/graphql",
            "query_string": b"",
            "headers": [
                (name.encode(), value.encode())
                for name, value in ({"host": "toy.test"} | (headers or {})).items()
            ],
            "subprotocols": list(subprotocols),
        }
        socket = Socket(exchange(scope, make_endpoint(limits, transport)))
        if init is not None:
            accepted = await socket.one.next()
            assert accepted == {
                "type": "websocket.accept",
                "subprotocol": "graphql-transport-ws",
            }
            socket.say(init)
            assert await socket.hear() == ACK
        return socket

    return connect
