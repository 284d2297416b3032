"""The same reads the usual way: resolvers and data loaders, cached parsing and validation.

What a careful team writes with the same libraries on the same server; no token, no visibility, no
limits. `python -m bench.plain PORT` serves it for the database at DATABASE_URL.
"""

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import strawberry
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from bench.ground import CITY

_TICKET = "select id, code, title, status, level, submitted_at, lead_unit_id from ticket"


@strawberry.type
class Unit:
    row: strawberry.Private[Any]
    id: strawberry.ID
    code: str
    name: str

    @strawberry.field
    async def parent(self, info: strawberry.Info) -> "Unit | None":
        return await _unit(info, self.row["parent_id"])


@strawberry.type
class TicketEvent:
    kind: str
    status: str
    at: datetime
    remark: str | None


@strawberry.type
class TicketEventConnection:
    nodes: list[TicketEvent]


@strawberry.type
class Ticket:
    row: strawberry.Private[Any]
    id: strawberry.ID
    code: str
    title: str
    status: str
    level: str
    submitted_at: datetime

    @strawberry.field
    async def lead(self, info: strawberry.Info) -> Unit | None:
        return await _unit(info, self.row["lead_unit_id"])

    @strawberry.field
    async def history(self, info: strawberry.Info, first: int) -> TicketEventConnection:
        rows = await info.context["histories"].load((self.row["id"], first))
        return TicketEventConnection(
            nodes=[TicketEvent(kind=r[1], status=r[2], at=r[3], remark=r[4]) for r in rows]
        )


@strawberry.type
class TicketConnection:
    nodes: list[Ticket]


@strawberry.type
class Query:
    @strawberry.field
    async def tickets(self, info: strawberry.Info, first: int) -> TicketConnection:
        rows = await info.context["pool"].fetch(f"{_TICKET} order by id desc limit $1", first)
        return TicketConnection(nodes=[_ticket(row) for row in rows])

    @strawberry.field
    async def ticket(self, info: strawberry.Info, code: str) -> Ticket | None:
        row = await info.context["pool"].fetchrow(f"{_TICKET} where code = $1", code)
        return None if row is None else _ticket(row)


def _ticket(row: Any) -> Ticket:
    return Ticket(
        row=row,
        id=strawberry.ID(f"Ticket_{row['id']}"),
        code=row["code"],
        title=row["title"],
        status=row["status"],
        level=row["level"],
        submitted_at=row["submitted_at"],
    )


async def _unit(info: strawberry.Info, unit_id: UUID | None) -> Unit | None:
    if unit_id is None:
        return None
    row = await info.context["units"].load(unit_id)
    if row is None:
        return None
    return Unit(row=row, id=strawberry.ID(f"Unit_{row['id']}"), code=row["code"], name=row["name"])


def _loaders(pool: asyncpg.Pool) -> dict[str, Any]:
    async def units(ids: list[UUID]) -> list[Any]:
        rows = await pool.fetch(
            "select id, code, name, parent_id from unit where id = any($1)", ids
        )
        found = {row["id"]: row for row in rows}
        return [found.get(unit_id) for unit_id in ids]

    async def histories(keys: list[tuple[UUID, int]]) -> list[Sequence[Any]]:
        rows = await pool.fetch(
            "select ticket_id, kind, status, at, remark from ticket_event"
            " where ticket_id = any($1) and position < $2 order by ticket_id, position",
            [key[0] for key in keys],
            max(key[1] for key in keys),
        )
        found: dict[UUID, list[Any]] = {key[0]: [] for key in keys}
        for row in rows:
            found[row["ticket_id"]].append(row)
        return [found[key[0]][: key[1]] for key in keys]

    return {"units": DataLoader(units), "histories": DataLoader(histories), "pool": pool}


class _Endpoint(GraphQL[Any, None]):
    pool: asyncpg.Pool

    async def get_context(self, request: Any, response: Any) -> Any:
        return _loaders(self.pool)


def create_app() -> Starlette:
    """The ASGI application."""
    caches: Any = [ParserCache(), ValidationCache()]
    schema = strawberry.Schema(query=Query, extensions=caches)
    endpoint = _Endpoint(schema)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        endpoint.pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"],
            min_size=2,
            max_size=16,
            server_settings={
                "search_path": f"{CITY},public",
                "timezone": "Asia/Shanghai",
                "jit": "off",
            },
        )
        yield
        await endpoint.pool.close()

    return Starlette(lifespan=lifespan, routes=[Route("/graphql", endpoint)])


if __name__ == "__main__":
    Server(
        "bench.plain:create_app",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        factory=True,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()
