"""A small Strawberry schema with a query, a mutation and subscriptions, for the transports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import strawberry
import structlog
from starlette.requests import HTTPConnection

from domain.kernel.errors import NotAllowed, NotFound, RateLimited, Unauthenticated
from schema.errors import PublicError
from schema.finished import Finished
from schema.limits import Limits
from schema.operations import Operations
from schema.preparation import Preparation

SECRET = "13800138000"


@dataclass
class Witness:
    """What really happened, however the answer looks."""

    mutations: list[str] = field(default_factory=list)
    queries: int = 0
    opened: int = 0
    closed: int = 0
    events: int = 0
    contexts: list[str] = field(default_factory=list)


@dataclass
class ToyContext:
    """The context of one toy operation."""

    request_id: str
    actor: str
    witness: Witness


async def toy_context(connection: HTTPConnection, witness: Witness) -> ToyContext:
    """Make a context: `Bearer good` is known, no token is public, others are refused."""
    token = connection.headers.get("authorization", "")
    if token == "Bearer slow-down":
        raise RateLimited("too many requests", 7.2)
    if token == "Bearer banned":
        raise NotAllowed("not you")
    if token == "Bearer broken":
        raise RuntimeError(f"token store is down, token was {SECRET}")
    if token not in {"", "Bearer good"}:
        raise Unauthenticated("the token is not valid")
    request_id = connection.state.request_id
    witness.contexts.append(request_id)
    return ToyContext(request_id, "citizen" if token else "public", witness)


@strawberry.type
class Shelf:
    """A list of numbers, finished by somebody else."""

    name: str
    size: int


@strawberry.input
class BookInput:
    """A book to add."""

    title: str
    pages: int = 1


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, info: strawberry.Info, name: str = "world") -> str:
        info.context.witness.queries += 1
        return f"hello {name}"

    @strawberry.field
    def actor(self, info: strawberry.Info) -> str:
        return str(info.context.actor)

    @strawberry.field
    def unfinished(self, info: strawberry.Info) -> int:
        return int(info.context.witness.opened - info.context.witness.closed)

    @strawberry.field
    async def slow(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    @strawberry.field
    def counted(self, name: str = "x") -> str | None:
        """For compiled reads; the executor never comes here in a test that uses them."""
        return f"executor {name}"

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(f"database row of {SECRET} is broken")

    @strawberry.field
    def broken_hard(self) -> str:
        raise RuntimeError(f"database row of {SECRET} is broken")

    @strawberry.field
    def refused(self) -> str | None:
        raise NotFound("there is no such shelf")

    @strawberry.field
    def misused(self) -> str | None:
        raise PublicError("the cursor is not one of ours", "CURSOR_INVALID", argument="after")

    @strawberry.field
    def surrogate(self) -> str:
        return "\ud800"

    @strawberry.field(graphql_type=Shelf | None)
    def shelf(self) -> Any:
        return Finished(b'{"name": "\xe4\xb9\xa6", \n "size": 3}')

    @strawberry.field(graphql_type=list[Shelf])
    def shelves(self) -> Any:
        return [Finished(b'{"name":"a"}'), Finished(b'{"name":"b"}')]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def add_book(self, info: strawberry.Info, book: BookInput) -> str:
        info.context.witness.mutations.append(book.title)
        return book.title


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(
        self, info: strawberry.Info, to: int, pause: float = 0.0
    ) -> AsyncGenerator[int, None]:
        info.context.witness.opened += 1
        try:
            for number in range(to):
                await asyncio.sleep(pause)
                yield number
        finally:
            info.context.witness.closed += 1

    @strawberry.subscription
    async def forever(self, info: strawberry.Info) -> AsyncGenerator[int, None]:
        info.context.witness.opened += 1
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            info.context.witness.closed += 1

    @strawberry.subscription
    async def failing(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError(f"the queue lost {SECRET}")

    @strawberry.subscription
    async def unseen(self) -> AsyncGenerator[int, None]:
        raise NotFound("there is no such ticket")
        yield 0

    @strawberry.subscription
    async def heavy(self, info: strawberry.Info, size: int) -> AsyncGenerator[str, None]:
        info.context.witness.opened += 1
        try:
            while True:
                info.context.witness.events += 1
                yield "x" * size
                await asyncio.sleep(0)
        finally:
            info.context.witness.closed += 1


def toy_schema() -> strawberry.Schema:
    """Build the schema."""
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)


def toy_operations(
    limits: Limits | None = None, *, production: bool = False, reads: Any = None, **arguments: Any
) -> Operations:
    """Build operations over the toy schema; in development unless told otherwise."""
    return Operations(toy_preparation(limits, production=production, reads=reads), **arguments)


def toy_preparation(
    limits: Limits | None = None, *, production: bool = False, reads: Any = None
) -> Preparation:
    """Build what makes the toy schema's documents ready."""
    return Preparation(toy_schema(), limits or Limits(), production=production, reads=reads)


def toy_application() -> Any:
    """Build the ASGI application that a real server runs: the endpoint at every path."""
    from api.graphql import GraphQLEndpoint, TransportSettings

    # Its process has a terminal of its own that nobody reads.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    witness = Witness()

    async def context(connection: HTTPConnection) -> ToyContext:
        return await toy_context(connection, witness)

    settings = TransportSettings(explorer=True, body_timeout=0.6, keep_alive=0.2)
    return GraphQLEndpoint(toy_operations(), context, settings)
