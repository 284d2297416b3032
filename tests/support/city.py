"""A city's application in this process, on a real database and a real Redis, whose clock is moved
by hand; and its callers, who speak GraphQL over ASGI."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from api.app import Application
from api.command.token import TokenWish, make_token
from api.rates import Rates
from domain.accounts.protection import Protection
from domain.dispatch.city import Rules, load_rules
from domain.kernel.actor import SYSTEM, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.settings import Settings
from domain.kernel.vocabulary import Channel
from jobs.queue import connect
from jobs.relay import Relay
from jobs.timers import Timers

SECRET = bytes(range(32))
URL = "http://city.test/graphql"
UNBOUNDED = (1e12, 1e12)  # points a second, and at once

TICKET = """
fragment Whole on Ticket {
  id code kind status level title content channel address round version urgeCount
  submittedAt deadline isOverdue closedAt confidential answer triageGround availableActions
  routeReason routeExplanation escalatedTo
  category { code }
  categorySource
  categorySuggestions { rank category { code } probability model modelVersion }
  lead { code name }
  citizen { maskedName maskedPhone }
  assignments { role round unit { code } acceptedAt endedAt }
  following { status round lead { code } repliedAt }
  replies { round content resolved }
  callbacks { round attempt status source dueAt contacted resolved satisfaction unit { code } }
  clock { deadline explanation segments { clock kind cause round at level limit deadline } }
  history(first: 50) { nodes { kind status round remark } }
}
"""
PROBLEM = """
  ... on Problem { __typename code message }
  ... on InvalidInput { fields { path message } }
  ... on RateLimited { retryAfter }
"""
UNIT = "unit { id code name level active version parent { code } }"


def settings_of(database_url: str, redis_url: str, city: str = "beijing", **more: Any) -> Settings:
    """The settings of a process of the API, as the environment would give them."""
    given: dict[str, Any] = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "JIESU_CITY": city,
        "JIESU_SECRET": base64.b64encode(SECRET).decode(),
        "JIESU_DATABASE_POOL": 6,
    }
    return Settings(**{**given, **more})


def uuid_of(ticket: dict[str, Any]) -> UUID:
    """The ticket's id in the database."""
    return UUID(ticket["id"].removeprefix("Ticket_"))


@asynccontextmanager
async def started(application: Application) -> AsyncIterator[Application]:
    """Run the application's lifespan as a server does. Raises RuntimeError where it fails."""
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    outbox: asyncio.Queue[Any] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    life = asyncio.create_task(application(scope, inbox.get, outbox.put))
    try:
        inbox.put_nowait({"type": "lifespan.startup"})
        said = await outbox.get()
        if said["type"] != "lifespan.startup.complete":
            raise RuntimeError(said.get("message"))
        yield application
    finally:
        inbox.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.gather(life, return_exceptions=True)


@lru_cache(maxsize=8)
def _rules_at(city: str, now: datetime) -> Rules:
    return load_rules(city, now)


@dataclass(eq=False)
class Hotline:
    """One process of the API; `again` makes another one on the same database and Redis.

    `application` is None where the process is another one than ours, behind `url`.
    """

    settings: Settings
    clock: FixedClock
    application: Application | None
    database: Database
    http: httpx.AsyncClient
    url: str = URL
    _callers: dict[TokenWish, Caller] = field(default_factory=dict)

    @property
    def rules(self) -> Rules:
        return _rules_at(self.settings.city, self.clock.now())

    @property
    def protection(self) -> Protection:
        return Protection(SECRET)

    @property
    def subscribers(self) -> int:
        """How many subscriptions this process serves."""
        assert self.application is not None and self.application._opened is not None
        return len(self.application._opened.services.events)

    def caller(
        self,
        role: str,
        *,
        unit: str | None = None,
        phone: str | None = None,
        subject: str | None = None,
        channel: str | None = None,
    ) -> Caller:
        """Somebody with a token as `jiesu token` prints it; the same wish, the same caller."""
        way = Channel(channel) if channel else None
        wish = TokenWish(Role(role), unit, subject, phone, way)
        return self._callers.setdefault(wish, Caller(self, wish))

    @property
    def nobody(self) -> Caller:
        """Somebody without a token."""
        return Caller(self, None)

    def move(self, to: datetime) -> None:
        """Let it be that moment."""
        self.clock.advance(to - self.clock.now())

    async def row(self, statement: str, **values: Any) -> Any:
        """The first row of a statement, by its columns' names; None where there is none."""
        async with self.database.unit_of_work(SYSTEM) as work:
            return (await work.session.execute(text(statement), values)).mappings().first()

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """All rows of a statement, for what the API does not show."""
        async with self.database.unit_of_work(SYSTEM) as work:
            found = await work.session.execute(text(statement), values)
            return [dict(row) for row in found.mappings()]

    async def timers(self, ticket: dict[str, Any]) -> list[tuple[str, str, datetime]]:
        """Clock, point and time of a ticket's armed timers, in order of time."""
        armed = await self.rows(
            "select kind, payload->>'point' as point, due_at from timer "
            "where subject_id = :id and fired_at is null order by due_at, kind",
            id=uuid_of(ticket),
        )
        return [(row["kind"].removeprefix("clock."), row["point"], row["due_at"]) for row in armed]

    async def fire(self) -> None:
        """Let a worker fire every timer that is due."""
        timers = Timers(self.database, lambda: self.rules, asyncio.Event())
        while await timers.step() == 0:
            pass

    async def relay(self) -> None:
        """Let a worker hand on the news of the outbox."""
        assert self.settings.redis_url is not None
        redis = connect(self.settings.redis_url, self.settings.city)
        try:
            while await Relay(self.database, redis).step() == 0:
                pass
        finally:
            await redis.aclose(close_connection_pool=True)

    @asynccontextmanager
    async def again(self) -> AsyncIterator[Hotline]:
        """Another process: nothing in memory is shared with this one."""
        url, redis = self.settings.database_url, self.settings.redis_url
        assert url is not None and redis is not None
        async with hotline(url, redis, self.clock, city=self.settings.city) as other:
            yield other


@dataclass(eq=False)
class Caller:
    """Somebody who calls the API; their token is renewed as time goes on."""

    hotline: Hotline
    wish: TokenWish | None
    given: str | None = None
    _token: str | None = None
    _minted: datetime | None = None

    async def token(self) -> str | None:
        """The token of now; None for nobody, `given` where one was given."""
        if self.given is not None or self.wish is None:
            return self.given
        now = self.hotline.clock.now()
        if self._minted is None or not timedelta() <= now - self._minted < timedelta(hours=6):
            city = self.hotline
            self._token = await make_token(city.database, city.protection, city.settings, self.wish)
            self._minted = now
        return self._token

    async def headers(self) -> dict[str, str]:
        token = await self.token()
        accept = {"accept": "application/graphql-response+json"}
        return accept if token is None else accept | {"authorization": f"Bearer {token}"}

    async def answer(self, document: str, **variables: Any) -> Any:
        """The whole response to an operation, with whatever errors it has."""
        body = {"query": document, "variables": variables}
        city = self.hotline
        response = await city.http.post(city.url, json=body, headers=await self.headers())
        return response.json()

    async def send(self, document: str, **variables: Any) -> Any:
        """`data` of an operation that has no errors."""
        content = await self.answer(document, **variables)
        assert "errors" not in content, content
        return content["data"]

    async def do(self, mutation: str, **given: Any) -> Any:
        """The ticket after a mutation, or the problem that refused it."""
        return await self.mutate(mutation, "ticket { ...Whole }", TICKET, given)

    async def change(self, mutation: str, **given: Any) -> Any:
        """The unit after a mutation of the admin, or the problem that refused it."""
        more = "... on UnitHasOpenTickets { codes }" if mutation == "retireUnit" else ""
        return await self.mutate(mutation, UNIT, "", given, more)

    async def mutate(
        self, mutation: str, wanted: str, fragment: str, given: dict[str, Any], more: str = ""
    ) -> Any:
        """What a payload has under its one field, or the whole problem."""
        kind = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {kind}Input!) {{ done: {mutation}(input: $input) "
            f"{{ ... on {kind}Payload {{ {wanted} }} {PROBLEM} {more} }} }} {fragment}"
        )
        done = (await self.send(document, input=given))["done"]
        return done if "code" in done and "message" in done else next(iter(done.values()))

    async def ticket(self, code: str) -> Any:
        """The ticket as this caller sees it; None where it does not."""
        document = f"query($code: String!) {{ ticket(code: $code) {{ ...Whole }} }} {TICKET}"
        return (await self.send(document, code=code))["ticket"]


@asynccontextmanager
async def hotline(
    database_url: str,
    redis_url: str,
    clock: FixedClock,
    *,
    city: str = "beijing",
    rates: Rates | None = None,
) -> AsyncIterator[Hotline]:
    """Start a process of the API in this one, on a database that is migrated and seeded.

    Callers may spend what they like: how fast a test is must decide nothing. `rates` is for tests
    of just that.
    """
    settings = settings_of(database_url, redis_url, city)
    database = Database(database_url, city=city, clock=clock, pool_size=4, application="test")
    application = Application(settings, clock, rates or Rates(dict.fromkeys(Role, UNBOUNDED)))
    transport = httpx.ASGITransport(application)
    try:
        async with started(application), httpx.AsyncClient(transport=transport) as http:
            yield Hotline(settings, clock, application, database, http)
    finally:
        await database.close()
