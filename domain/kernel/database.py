"""The database handle. It alone knows which city (PostgreSQL schema) it speaks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from domain.kernel.actor import Actor
from domain.kernel.arrays import tell_arrays
from domain.kernel.clock import Clock, SystemClock
from domain.kernel.work import UnitOfWork


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def _prepare(connection: Any, _record: object) -> None:
    tell_arrays(connection.driver_connection)


class Database:
    """The write side of one city's database: an engine and the units of work on it."""

    def __init__(
        self,
        url: str,
        *,
        city: str,
        clock: Clock | None = None,
        pool_size: int = 16,
        application: str = "jiesu",
    ) -> None:
        self.url = url
        self.city = city
        self.clock: Clock = clock or SystemClock()
        self.engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=False,
            json_serializer=_dumps,
            json_deserializer=orjson.loads,
            connect_args={
                "server_settings": {
                    "search_path": f"{city},public",
                    "application_name": application,
                    "timezone": "UTC",
                    "lock_timeout": "5s",
                    "statement_timeout": "15s",
                    "idle_in_transaction_session_timeout": "30s",
                },
                "timeout": 10,
            },
        )
        event.listen(self.engine.sync_engine, "connect", _prepare)
        # What the process keeps of this database from one unit of work to the next, by revision.
        kept: dict[str, Any] = {}
        self._sessions = async_sessionmaker(
            self.engine, expire_on_commit=False, info={"kept": kept}
        )
        self._alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def unit_of_work(self, actor: Actor) -> AsyncIterator[UnitOfWork]:
        """Open a transaction; commit when the block ends well, roll back when it raises.

        There is no other commit in the code: what a command wrote (state, history, timers, outbox)
        becomes true together or not at all.
        """
        session: AsyncSession = self._sessions()
        try:
            work = UnitOfWork(session, actor, self.clock.now())
            yield work
            await work.finish()
            await session.commit()
        except BaseException:
            await session.rollback()
            raise
        finally:
            await session.close()

    @asynccontextmanager
    async def look_up(self) -> AsyncIterator[AsyncSession]:
        """Open a session for one statement that only reads.

        It stands alone: a transaction around it would be two messages more to the server.
        """
        async with self._sessions(bind=self._alone) as session:
            yield session

    async def close(self) -> None:
        await self.engine.dispose()
