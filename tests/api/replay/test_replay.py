"""A replay against the real application: what is sent, again and again, and what is not."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.command.replay import Replay, replay
from api.replay.rows import Wishes, read_rows
from api.replay.sending import NotWelcome, Pace
from api.replay.tally import Tally
from domain.kernel.clock import FixedClock
from tests.support.cities import CITIES
from tests.support.city import URL, Hotline, hotline

Rows = list[dict[str, str]]


@pytest.fixture
async def city(database_url: str, redis_url: str, clock: FixedClock) -> AsyncIterator[Hotline]:
    async with hotline(database_url, redis_url, clock) as running:
        yield running


@pytest.fixture(scope="module")
def sample() -> Rows:
    return read_rows(CITIES / "beijing" / "sample_complaints.csv")


def way_to(city: Hotline) -> httpx.ASGITransport:
    assert city.application is not None
    return httpx.ASGITransport(city.application)


class Weather(httpx.AsyncBaseTransport):
    """The way to the server, which loses requests and answers as `losses` says, one a request.

    "request": never arrives. "answer": arrives, is carried out, and the answer is lost.
    """

    def __init__(self, city: Hotline, losses: list[str | None]) -> None:
        self._way = way_to(city)
        self._losses = losses
        self.arrived = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loss = self._losses.pop(0) if self._losses else None
        if loss == "request":
            raise httpx.ConnectError("lost")
        self.arrived += 1
        response = await self._way.handle_async_request(request)
        await response.aread()
        if loss == "answer":
            raise httpx.ReadError("lost")
        return response


async def client(
    city: Hotline, transport: httpx.AsyncBaseTransport | None = None, **who: Any
) -> Any:
    token = await city.caller(who.pop("role", "agent"), **who).token()
    return httpx.AsyncClient(
        headers={"authorization": f"Bearer {token}"},
        transport=transport or way_to(city),
    )


async def run(
    city: Hotline,
    rows: Rows,
    *,
    wishes: Wishes | None = None,
    pace: Pace | None = None,
    **more: Any,
) -> Tally:
    plan = Replay(URL, rows, more.pop("run", "r"), wishes or Wishes({}), pace or Pace(4))
    async with await client(city, **more) as http:
        tally, _ = await replay(plan, http, city.clock.now())
    return tally


async def tickets(city: Hotline) -> int:
    row = await city.row("select count(*) as n from ticket")
    return int(row["n"])


async def test_the_sample_arrives_and_is_accounted_for(city: Hotline, sample: Rows) -> None:
    tally = await run(city, sample)
    assert tally.sent == len(sample) == await tickets(city)
    assert not tally.refused
    assert not tally.failed
    stored = await city.rows("select level, count(*) as n from ticket group by level")
    assert tally.levels == {row["level"]: row["n"] for row in stored}
    led = await city.row("select count(lead_unit_id) as n from ticket")
    assert tally.dispatched.total() == led["n"] > 40
    assert tally.waiting.total() == len(sample) - led["n"] > 0
    assert len(tally.latencies) == len(sample)
    assert tally.latencies == sorted(tally.latencies)


async def test_sent_again_nothing_is_doubled(city: Hotline, sample: Rows) -> None:
    await run(city, sample[:10])
    city.clock.advance(timedelta(minutes=5))
    tally = await run(city, sample[:12])
    assert tally.earlier == 10
    assert await tickets(city) == 12
    await run(city, sample[:12], run="another")
    assert await tickets(city) == 24


async def test_an_answer_that_is_lost_makes_no_second_ticket(city: Hotline, sample: Rows) -> None:
    losses: list[str | None] = [None, "answer", "answer", "request", None, "answer"]
    weather = Weather(city, losses)
    tally = await run(city, sample[:3], transport=weather, pace=Pace(1))
    assert tally.sent == 3 == await tickets(city)
    assert not tally.failed
    assert weather.arrived > 4  # the greeting, three rows, and what was sent twice


async def test_a_server_that_is_away_ends_it_and_the_rest_is_not_sent(
    city: Hotline, sample: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.replay.sending._FIRST_PAUSE", 0.001)
    weather = Weather(city, [None, None, *["request"] * 200])
    plan = Replay(URL, sample[:20], "r", Wishes({}), Pace(2))
    async with await client(city, weather) as http:
        tally, sender = await replay(plan, http, city.clock.now())
    assert "away" in sender.gave_up
    assert 1 <= tally.failed["ConnectError"] <= 2
    assert tally.sent < 20
    assert await tickets(city) <= 1
    assert (await run(city, sample[:20])).sent == 20 == await tickets(city)


async def test_faults_are_told_and_leave_nothing(city: Hotline, sample: Rows) -> None:
    rows = [
        {**sample[0], "title": "长" * 201},
        {**sample[0], "phone": "123"},
        {**sample[0], "title": "", "content": ""},
        {**sample[0], "category": "NO.SUCH"},
    ]
    tally = await run(city, rows)
    assert tally.refused.total() == 4
    assert "title must have at most 200 characters" in tally.refused
    assert "title must not be empty; content must not be empty" in tally.refused
    assert any(why.startswith("contact.phone") for why in tally.refused)
    assert any(why.startswith("category") for why in tally.refused)
    assert await tickets(city) == 0
    assert (await run(city, rows[:1], wishes=Wishes({}, fit=True))).refused == {}
    assert await tickets(city) == 1


async def test_a_token_that_is_not_taken_sends_nothing(city: Hotline, sample: Rows) -> None:
    plan = Replay(URL, sample[:2], "r", Wishes({}), Pace())
    transport = way_to(city)
    headers = {"authorization": "Bearer no.such.token"}
    async with httpx.AsyncClient(headers=headers, transport=transport) as http:
        with pytest.raises(NotWelcome):
            await replay(plan, http, city.clock.now())
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(NotWelcome):
            await replay(plan, http, city.clock.now())
    assert await tickets(city) == 0


async def test_a_role_that_may_not_submit_is_refused(city: Hotline, sample: Rows) -> None:
    tally = await run(city, sample[:2], role="evaluator")
    assert tally.refused.total() == 2
    assert await tickets(city) == 0


async def test_a_partner_replays_too(city: Hotline, sample: Rows) -> None:
    rows = [{**row, "channel": ""} for row in sample[:3]]
    tally = await run(city, rows, role="partner", channel="PARTNER")
    assert tally.sent == 3 == await tickets(city)
    assert not tally.refused


async def test_ctrl_c_ends_between_two_rows(city: Hotline, sample: Rows) -> None:
    plan = Replay(URL, sample[:24], "r", Wishes({}), Pace(2, rate=60))
    async with await client(city) as http:
        asyncio.get_running_loop().call_later(0.15, os.kill, os.getpid(), signal.SIGINT)
        tally, sender = await replay(plan, http, city.clock.now())
    assert sender.gave_up == "interrupted"
    assert tally.sent < 24
    assert not tally.failed
    assert tally.sent == await tickets(city)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert (await run(city, sample[:24])).sent == 24 == await tickets(city)


async def test_the_rate_is_kept(city: Hotline, sample: Rows) -> None:
    begun = time.monotonic()
    tally = await run(city, sample[:6], pace=Pace(8, rate=20))
    assert time.monotonic() - begun >= 5 / 20
    assert tally.sent == 6
