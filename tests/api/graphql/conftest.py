"""The toy schema behind a real endpoint, spoken to in ASGI without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import structlog
from starlette.requests import HTTPConnection

from api.graphql import GraphQLEndpoint, TransportSettings
from schema.limits import Limits
from tests.support.sockets import open_socket
from tests.support.toy import ToyContext, Witness, toy_context, toy_operations

__all__ = ["open_socket"]

MakeEndpoint = Callable[..., GraphQLEndpoint]


@pytest.fixture(autouse=True)
def logs() -> Any:
    """The events logged during the test; keeps tracebacks off the terminal."""
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
def witness() -> Witness:
    """What really happened in the toy schema."""
    return Witness()


@pytest.fixture
def make_endpoint(witness: Witness) -> MakeEndpoint:
    """Build an endpoint over the toy schema: limits, settings and arguments of Operations."""

    async def context(connection: HTTPConnection) -> ToyContext:
        return await toy_context(connection, witness)

    def make(
        limits: Limits | None = None, settings: TransportSettings | None = None, **arguments: Any
    ) -> GraphQLEndpoint:
        return GraphQLEndpoint(toy_operations(limits, **arguments), context, settings)

    return make


@pytest.fixture
async def make_client(make_endpoint: MakeEndpoint) -> AsyncIterator[Callable[..., Any]]:
    """Build an HTTP client of such an endpoint, without default headers."""
    clients = []

    def make(*arguments: Any, **named: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(make_endpoint(*arguments, **named))
        client = httpx.AsyncClient(transport=transport, base_url="http://toy.test")
        client.headers.clear()
        client.headers["host"] = "toy.test"
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def client(make_client: Callable[..., Any]) -> httpx.AsyncClient:
    """A client of the endpoint as it is by default."""
    made: httpx.AsyncClient = make_client()
    return made


class Exchange:
    """One ASGI exchange driven by hand, for streams and for slow or vanishing clients."""

    def __init__(self, endpoint: GraphQLEndpoint, scope: dict[str, Any]) -> None:
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.deaf = asyncio.Event()
        self.deaf.set()
        self.broken = False
        self.task = asyncio.create_task(endpoint(scope, self._incoming.get, self._send))

    async def _send(self, message: Any) -> None:
        await self.deaf.wait()
        if self.broken:
            raise OSError("the client is gone")
        self.outgoing.put_nowait(message)

    def feed(self, **message: Any) -> None:
        """Give the endpoint a message."""
        self._incoming.put_nowait(message)

    async def next(self) -> dict[str, Any]:
        """Return the next message that the endpoint sent."""
        async with asyncio.timeout(5):
            return await self.outgoing.get()

    async def ended(self) -> None:
        """Wait until the endpoint has returned; raises what it raised."""
        async with asyncio.timeout(5):
            await self.task


def http_scope(
    method: str = "POST", headers: dict[str, str] | None = None, query_string: bytes = b""
) -> dict[str, Any]:
    """Return an ASGI scope of a request to the toy endpoint."""
    return {
        "type": "http",
        "method": method,
        "path": "/graphql",
        "query_string": query_string,
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in ({"host": "toy.test"} | (headers or {})).items()
        ],
    }


@pytest.fixture
async def exchange(make_endpoint: MakeEndpoint) -> AsyncIterator[Callable[..., Exchange]]:
    """Start an exchange with an endpoint; whatever still runs afterwards is a leak."""
    started: list[Exchange] = []

    def start(scope: dict[str, Any], endpoint: GraphQLEndpoint | None = None) -> Exchange:
        made = Exchange(endpoint or make_endpoint(), scope)
        started.append(made)
        return made

    yield start
    for one in started:
        one.task.cancel()
        await asyncio.gather(one.task, return_exceptions=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}
