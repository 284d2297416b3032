"""The data of the measurements are a city's: whole histories, real codes, the defined audience."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from sqlalchemy import select, text

from api.command.migrate import upgrade
from api.command.seed import seed
from bench import dataset
from domain.dispatch.models import ClockSegment
from domain.dispatch.ticking import read_segment
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.tickets import audience
from domain.tickets.code import read_code
from domain.tickets.history import verify
from domain.tickets.models import Ticket, TicketEvent
from tests.support.engines import CITY, Ground

TICKETS = 2_000
CITIZENS = 300


@pytest.fixture(scope="module")
def filled_url(ground: Ground) -> Iterator[str]:
    """A filled database, which the tests only read."""
    with pytest.MonkeyPatch.context() as patch, ground.clone(ground.template()) as url:
        patch.setattr(dataset, "CITIZENS", CITIZENS)
        asyncio.run(dataset.fill(url, TICKETS))
        yield url


@pytest.fixture
async def filled(filled_url: str) -> AsyncIterator[Database]:
    database = Database(filled_url, city=CITY)
    yield database
    await database.close()


async def test_it_is_what_the_house_would_have_written(filled: Database) -> None:
    async with filled.unit_of_work(SYSTEM) as work:
        tickets = (await work.session.scalars(select(Ticket))).all()
        events: dict[object, list[TicketEvent]] = {ticket.id: [] for ticket in tickets}
        for event in await work.session.scalars(select(TicketEvent).order_by(TicketEvent.position)):
            events[event.ticket_id].append(event)
        assert len(tickets) == TICKETS
        assert sum(map(len, events.values())) > 4 * TICKETS
        for ticket in tickets:
            history = events[ticket.id]
            assert verify(ticket, history)
            assert read_code(ticket.code) == ticket.code
            assert [event.at for event in history] == sorted(event.at for event in history)
            assert [event.id for event in history] == sorted(event.id for event in history)
            assert history[-1].status == ticket.status
        assert {"CLOSED", "ANSWERED", "ACCEPTED", "REPLIED"} <= {each.status for each in tickets}
        by_time = sorted(tickets, key=lambda ticket: ticket.submitted_at)
        assert by_time == sorted(tickets, key=lambda ticket: ticket.id)


async def test_audience_and_clocks_are_what_their_definitions_say(filled: Database) -> None:
    digest = text("select md5(string_agg(a::text, '' order by unit_id, ticket_id)) from audience a")
    async with filled.unit_of_work(SYSTEM) as work:
        before = await work.session.scalar(digest)
        await audience.rebuild(work.session)
        assert await work.session.scalar(digest) == before is not None
        segments = (await work.session.scalars(select(ClockSegment))).all()
        assert segments
        for row in segments:
            assert read_segment(row.kind, row.at, row.cause, row.detail).limit is not None


async def test_it_is_the_same_every_time(
    filled: Database, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "CITIZENS", CITIZENS)
    await asyncio.to_thread(upgrade, empty_database_url, "beijing")
    await seed(empty_database_url, "beijing")
    await dataset.fill(empty_database_url, TICKETS)
    tables = ("ticket", "ticket_event", "assignment", "audience", "reply", "callback", "citizen")
    for table in tables:
        digest = f"select md5(string_agg(t::text, '' order by t::text)) from beijing.{table} t"
        found = []
        for url in (filled.url, empty_database_url):
            connection = await asyncpg.connect(url)
            found.append(await connection.fetchval(digest))
            await connection.close()
        assert found[0] == found[1] is not None, table
