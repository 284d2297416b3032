"""The real schema on a real database without HTTP: what somebody asks, and what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncpg
import orjson

from domain.accounts.protection import Protection
from domain.dispatch.city import City, load_rules
from domain.kernel.actor import Actor
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from schema.answers import Answer
from schema.build import build_field_plans, build_preparation, build_schema
from schema.context import Context, Services
from schema.limits import Limits
from schema.operations import OperationRequest, Operations
from schema.reading.pool import open_pool
from schema.subscriptions.stream import Events
from tests.support.data import FILLED_AT, SECRET
from tests.support.engines import CITY

T = TypeVar("T")
SCHEMA = build_schema()


class CountingPool:
    """asyncpg's pool, which remembers every statement that really went to the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.statements: list[str] = []
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    async def fetchval(self, query: str, *args: Any) -> Any:
        self.calls.append((query, args))
        async with self.pool.acquire() as connection:
            with connection.query_logger(self._note):
                return await connection.fetchval(query, *args)

    def _note(self, record: Any) -> None:
        self.statements.append(record.query)


class Desk:
    """Answers operations of any actor; `limits` are wide, so that the planner is what is tested."""

    def __init__(self, url: str, limits: Limits | None = None) -> None:
        self.runner = asyncio.Runner()
        self.clock = FixedClock(FILLED_AT)
        self.database = Database(url, city=CITY, clock=self.clock, pool_size=4)
        self._tables: asyncpg.Connection[Any] | None = None
        rules = load_rules(CITY, FILLED_AT)
        self.zone = rules.zone
        self.pool = CountingPool(
            self.run(open_pool(url, city=CITY, zone=rules.profile.zone, size=4))
        )
        self.services = Services(
            database=self.database,
            read_pool=self.pool,
            primary_pool=self.pool,
            city=City(CITY, lambda: rules),
            protection=Protection(SECRET),
            field_plans=build_field_plans(),
            events=Events(Limits().actor_subscriptions),
            issuer="tests",
            audience="tests",
        )
        self.operations = Operations(build_preparation(production=False, limits=limits or WIDE))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run to the end on the desk's own event loop."""
        return self.runner.run(coroutine)

    def answer(
        self, actor: Actor, document: str, variables: dict[str, Any] | None = None
    ) -> Answer:
        """The finished answer to one operation."""
        context = Context.of(self.services, actor, "r-1")
        request = OperationRequest(document, variables=variables)
        return self.run(self.operations.execute(request, context, mutations_allowed=True))

    def ask_at_once(self, actor: Actor, document: str, variables: dict[str, Any]) -> list[Any]:
        """The responses to one operation that is sent twice in the same moment."""

        async def both() -> list[Answer]:
            return await asyncio.gather(*(
                self.operations.execute(
                    OperationRequest(document, variables=variables),
                    Context.of(self.services, actor, f"r-{number}"),
                    mutations_allowed=True,
                )
                for number in range(2)
            ))  # fmt: skip

        return [orjson.loads(answer.body) for answer in self.run(both())]

    def ask(self, actor: Actor, document: str, variables: dict[str, Any] | None = None) -> Any:
        """The response as JSON."""
        return orjson.loads(self.answer(actor, document, variables).body)

    def data(self, actor: Actor, document: str, **variables: Any) -> Any:
        """`data` of an operation that must have no errors."""
        response = self.ask(actor, document, variables)
        assert "errors" not in response, (document, response)
        return response["data"]

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Rows straight from the tables; JSON columns are text."""
        return self.run(self._rows(statement, values))

    async def _rows(self, statement: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        if self._tables is None:
            settings = {"search_path": f"{CITY},public"}
            self._tables = await asyncpg.connect(self.database.url, server_settings=settings)
        return [dict(row) for row in await self._tables.fetch(statement, *values)]

    def close(self) -> None:
        if self._tables is not None:
            self.run(self._tables.close())
        self.run(self.pool.pool.close())
        self.run(self.database.close())
        self.runner.close()


WIDE = Limits(
    cost=10**9, aliases=500, directives=500, depth=40, tokens=50_000, document_length=10**6,
    expansion=10**6, overlap=10**7, root_fields=50, nesting=200,
)  # fmt: skip


@contextmanager
def open_desk(url: str, limits: Limits | None = None) -> Iterator[Desk]:
    """A desk, closed at the end."""
    desk = Desk(url, limits)
    try:
        yield desk
    finally:
        desk.close()
