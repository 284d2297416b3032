"""The closed loop as a front end drives it, in this process and over a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.command.token import TokenWish, make_token
from domain.accounts.protection import Protection
from domain.kernel.actor import SYSTEM, Role
from domain.kernel.database import Database
from domain.tickets.history import verify
from domain.tickets.models import Ticket
from domain.tickets.queries import history_of
from tests.loop.closed_loop import Client, walk
from tests.support.city import SECRET, URL, Hotline, settings_of, uuid_of
from tests.support.serving import serving


class _IntoTheLoop(httpx.BaseTransport):
    """Carries what a thread asks to the application in the event loop, and the answer back."""

    def __init__(self, city: Hotline, loop: asyncio.AbstractEventLoop) -> None:
        self._city = city
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = self._city.http.request(
            request.method, request.url, content=request.read(), headers=request.headers
        )
        answer = asyncio.run_coroutine_threadsafe(asked, self._loop).result(30)
        return httpx.Response(answer.status_code, content=answer.content)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_loop_closes_in_this_process(city: Hotline) -> None:
    loop = asyncio.get_running_loop()
    with httpx.Client(transport=_IntoTheLoop(city, loop)) as http:

        def client_of(role: str, **options: str) -> Client:
            minting = city.caller(role, **options).token()
            return Client(URL, asyncio.run_coroutine_threadsafe(minting, loop).result(30), http)

        said: list[str] = []
        for round_ in ("", "-again"):
            ticket = await asyncio.to_thread(walk, client_of, said.append, round_)
            await _is_whole(city.database, ticket)
    assert "the citizen is satisfied: closed" in said


async def _is_whole(database: Database, ticket: dict[str, Any]) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        row = await work.session.get(Ticket, uuid_of(ticket))
        assert row is not None and row.status == "CLOSED"
        assert verify(row, await history_of(work, row.id))


@pytest.fixture
def served(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a real server on a database of the test's own."""
    with serving(settings_of(database_url, redis_url), tmp_path) as url:
        yield url


def test_the_loop_closes_over_a_real_server(served: str, database_url: str, redis_url: str) -> None:
    settings = settings_of(database_url, redis_url)

    async def token_of(wish: TokenWish) -> str:
        database = Database(database_url, city="beijing", pool_size=1)
        try:
            return await make_token(database, Protection(SECRET), settings, wish)
        finally:
            await database.close()

    with httpx.Client(timeout=30) as http:

        def client_of(role: str, **options: Any) -> Client:
            return Client(served, asyncio.run(token_of(TokenWish(Role(role), **options))), http)

        said: list[str] = []
        ticket = walk(client_of, said.append)
    assert ticket["status"] == "CLOSED" and len(said) == 6
