"""/healthz: the process lives. /readyz: it can do its work, or what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.presence import worker_last_seen

_PATIENCE = 2.0
_SEEN_WITHIN = 15  # seconds

Check = Callable[[], Awaitable[None]]


class NotReady(Exception):
    """A part is not as it must be; the message names it without a secret."""


class Readiness:
    """Asks each part side by side; none may take longer than two seconds."""

    def __init__(self, database: Database, redis: Redis, head: str | None) -> None:
        self._database = database
        self._redis = redis
        self._head = head

    async def __call__(self, _request: Request) -> Response:
        checks: dict[str, Check] = {
            "database": self._check_database,
            "migrations": self._check_migrations,
            "redis": self._check_redis,
            "worker": self._check_worker,
        }
        results = await asyncio.gather(*(self._ask(check) for check in checks.values()))
        parts = dict(zip(checks, results, strict=True))
        ready = all(state == "ok" for state in results)
        return JSONResponse({"ready": ready, **parts}, status_code=200 if ready else 503)

    async def _ask(self, check: Check) -> str:
        try:
            async with asyncio.timeout(_PATIENCE):
                await check()
        except NotReady as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"
        except Exception as error:
            return f"not reachable ({type(error).__name__})"
        return "ok"

    async def _scalar(self, statement: str) -> Any:
        async with self._database.unit_of_work(SYSTEM) as work:
            return await work.session.scalar(text(statement))

    async def _check_database(self) -> None:
        await self._scalar("select 1")

    async def _check_migrations(self) -> None:
        present = await self._scalar("select version_num from alembic_version")
        if present != self._head:
            raise NotReady(f"the database is at {present}, the code wants {self._head}")

    async def _check_redis(self) -> None:
        await self._redis.ping()

    async def _check_worker(self) -> None:
        async with self._database.unit_of_work(SYSTEM) as work:
            seen = await worker_last_seen(work.session, self._database.city)
        if seen is None:
            raise NotReady("no worker is there")
        age = (datetime.now(UTC) - seen).total_seconds()
        if age > _SEEN_WITHIN:
            raise NotReady(f"the worker was last seen {int(age)} seconds ago")


async def healthz(_request: Request) -> Response:
    """Alive: answers without asking anybody."""
    return JSONResponse({"alive": True})
