"""The ASGI application: what a process of the API is made of, and in which order it opens."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from api import metrics
from api.auth import Authenticator, find_staff_in, find_unit_in
from api.command.migrate import newest_revision
from api.command.secret import resolve_secret
from api.events import EventLine
from api.graphql import GraphQLEndpoint, TransportSettings
from api.health import Readiness, healthz
from api.issuers import TokenSource, built_in_issuer
from api.oidc import oidc_client, oidc_issuer
from api.rates import Rates
from domain.accounts.keys import ensure_signing_key, public_jwks
from domain.accounts.protection import Protection
from domain.accounts.queries import signing_keys
from domain.classification.classifier import Classifier
from domain.dispatch.city import City
from domain.dispatch.rules_of_the_day import RulesOfTheDay
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.clock import Clock
from domain.kernel.collector import settle_collector
from domain.kernel.database import Database
from domain.kernel.settings import Settings, WrongSetting, read_settings
from schema.build import build_field_plans, build_preparation
from schema.context import Context, Services
from schema.limits import Limits
from schema.operations import Operations
from schema.reading.pool import open_pool
from schema.subscriptions.stream import Events


@dataclass(slots=True)
class _Opened:
    """What is there once the application has started."""

    services: Services
    authenticator: Authenticator
    endpoint: GraphQLEndpoint
    readiness: Readiness


class Application:
    """One process of the API. `/graphql` is served first and without a router in between.

    Everything in it that asks for now asks `clock`; the machine's, where none is given. `rates`
    are the budgets of its callers; those of `api.rates`, where none are given. One that is `alone`
    lives as long as its process.
    """

    alone = False

    def __init__(
        self, settings: Settings, clock: Clock | None = None, rates: Rates | None = None
    ) -> None:
        if settings.database_url is None or settings.redis_url is None:
            raise WrongSetting("DATABASE_URL and REDIS_URL are needed to serve")
        self.settings = settings
        self._clock = clock
        self._rates = Rates() if rates is None else rates
        self._opened: _Opened | None = None
        self._others = Starlette(
            routes=[
                Route("/", _welcome),
                Route("/healthz", healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", metrics.metrics),
                Route("/.well-known/jwks.json", self._jwks),
            ],
            lifespan=self._lifespan,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and scope["path"] == "/graphql":
            await self._graphql(scope, receive, send)
        else:
            await self._others(scope, receive, send)

    async def _graphql(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._opened is not None
        endpoint = self._opened.endpoint
        if scope["type"] == "websocket":
            with metrics.SOCKETS.track_inprogress():
                await endpoint(scope, receive, send)
            return
        begun = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                metrics.SECONDS.observe(time.perf_counter() - begun)
                metrics.REQUESTS.labels("/graphql", message["status"]).inc()
            await send(message)

        await endpoint(scope, receive, counted)

    async def _readyz(self, request: Request) -> Response:
        assert self._opened is not None
        return await self._opened.readiness(request)

    async def _jwks(self, _request: Request) -> Response:
        """The public keys of the built-in issuer (RFC 7517)."""
        assert self._opened is not None
        database = self._opened.services.database
        async with database.unit_of_work(SYSTEM) as work:
            keys = public_jwks(await signing_keys(work.session), work.now)
        return JSONResponse(keys, headers={"cache-control": "public, max-age=60"})

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            self._opened = await _open(self.settings, self._clock, self._rates, stack)
            if self.alone:
                settle_collector()
            yield
        self._opened = None


async def _open(
    settings: Settings, clock: Clock | None, rates: Rates, stack: AsyncExitStack
) -> _Opened:
    """Open everything, in an order in which each part finds what it needs."""
    assert settings.database_url is not None and settings.redis_url is not None
    database = Database(
        settings.database_url,
        city=settings.city,
        clock=clock,
        pool_size=settings.database_pool,
        application="jiesu-api",
    )
    stack.push_async_callback(database.close)
    services = await _services(settings, database, stack)
    redis = Redis.from_url(settings.redis_url, socket_timeout=None, socket_connect_timeout=2)
    line = EventLine(redis, database, settings.city, services.events)
    line.start()
    stack.push_async_callback(line.stop)
    metrics.SUBSCRIBERS.set_function(lambda: len(services.events))
    authenticator = await _authenticator(settings, database, stack)
    readiness = Readiness(
        database, Redis.from_url(settings.redis_url, socket_timeout=2), newest_revision()
    )
    endpoint = _endpoint(settings, services, authenticator, rates)
    return _Opened(services, authenticator, endpoint, readiness)


async def _services(settings: Settings, database: Database, stack: AsyncExitStack) -> Services:
    protection = Protection(resolve_secret(settings))
    async with database.unit_of_work(SYSTEM) as work:
        await ensure_signing_key(work, protection)
    rules = RulesOfTheDay(settings.city, database.clock)
    zone, size = rules().profile.zone, settings.database_pool
    primary = await open_pool(database.url, city=settings.city, zone=zone, size=size)
    stack.push_async_callback(primary.close)
    replica = primary
    if settings.database_read_url is not None:
        replica = await open_pool(
            settings.database_read_url, city=settings.city, zone=zone, size=size
        )
        stack.push_async_callback(replica.close)
    return Services(
        database=database,
        read_pool=replica,
        primary_pool=primary,
        city=City(settings.city, rules, Classifier(settings.model)),
        protection=protection,
        field_plans=build_field_plans(),
        events=Events(Limits().actor_subscriptions),
        issuer=settings.issuer,
        audience=settings.audience,
    )


async def _authenticator(
    settings: Settings, database: Database, stack: AsyncExitStack
) -> Authenticator:
    sources: list[TokenSource] = [
        built_in_issuer(database, issuer=settings.issuer, audience=settings.audience)
    ]
    if settings.oidc_issuer is not None:
        client = await stack.enter_async_context(oidc_client())
        audience = settings.oidc_audience or ""
        sources.append(
            oidc_issuer(settings.oidc_issuer, audience, client, production=settings.production)
        )

    return Authenticator(
        sources,
        find_unit=find_unit_in(database),
        find_staff=find_staff_in(database),
        clock=database.clock,
    )


def _endpoint(
    settings: Settings, services: Services, authenticator: Authenticator, rates: Rates
) -> GraphQLEndpoint:
    preparation = build_preparation(production=settings.production)
    operations = Operations(preparation, admit=rates.admit)

    async def context(connection: HTTPConnection) -> Context:
        scope = connection.scope
        authorization = _header(scope, b"authorization")
        client = scope.get("client")
        address = client[0] if client else None

        async def authenticate() -> Actor:
            return await authenticator.authenticate(authorization, address)

        request_id: str = scope["state"]["request_id"]
        return Context.of(services, await authenticate(), request_id, authenticate)

    return GraphQLEndpoint(
        operations,
        context,
        TransportSettings(origins=frozenset(settings.origins), explorer=not settings.production),
    )


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


async def _welcome(_request: Request) -> Response:
    """A signpost for whoever opens the address in a browser."""
    return JSONResponse(
        {
            "name": "Jiesu 接诉",
            "graphql": "/graphql",
            "health": "/healthz",
            "ready": "/readyz",
            "metrics": "/metrics",
            "keys": "/.well-known/jwks.json",
        }
    )


def create_app() -> Application:
    """The application with the settings of the environment; what the server loads."""
    application = Application(read_settings())
    application.alone = True
    return application
