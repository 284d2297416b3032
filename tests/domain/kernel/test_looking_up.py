"""A look-up stands alone; a unit of work on the same connection is a transaction as ever."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.actor import SYSTEM
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from tests.support.engines import CITY

_TRANSACTION = text("select pg_current_xact_id()::text")


@pytest.fixture
async def narrow(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """A database that is reached over one connection."""
    database = Database(database_url, city=CITY, clock=clock, pool_size=1)
    yield database
    await database.close()


async def transactions(session: AsyncSession) -> set[str]:
    """The transactions that three statements of a session run in."""
    return {str(await session.scalar(_TRANSACTION)) for _ in range(3)}


async def test_there_is_no_transaction_around_it(narrow: Database) -> None:
    for _ in range(2):
        async with narrow.look_up() as session:
            assert len(await transactions(session)) == 3
        async with narrow.unit_of_work(SYSTEM) as work:
            assert len(await transactions(work.session)) == 1


async def test_the_connection_comes_back_where_it_fails(narrow: Database) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with narrow.look_up() as session:
                await session.scalar(_TRANSACTION)
                raise ZeroDivisionError
    async with narrow.unit_of_work(SYSTEM) as work:
        assert len(await transactions(work.session)) == 1
