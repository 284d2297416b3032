"""News reaches those whom it concerns, in every process, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest
import websockets
from httpx_sse import aconnect_sse
from websockets.typing import Subprotocol

from domain.kernel.clock import FixedClock, SystemClock
from domain.kernel.database import Database
from jobs.loop import Loop
from jobs.queue import connect
from jobs.relay import Relay
from schema.limits import Limits
from tests.jobs.frail_redis import frail_redis
from tests.loop.conftest import MONDAY
from tests.loop.following import Follower, following, listening, until
from tests.loop.steps import DISTRICT, STREET, citizen_of, judged, replied, submitted
from tests.support.city import Caller, Hotline, hotline, settings_of
from tests.support.serving import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGED = "subscription($id: ID!) { ticketChanged(ticketId: $id) { code status version } }"
INBOX = "subscription { inbox { kind status ticket { code } } }"


async def test_changes_are_pushed_in_another_process(city: Hotline) -> None:
    citizen = citizen_of(city)
    ticket = await submitted(citizen)
    await city.relay()
    async with city.again() as other:
        await listening(city, 2)
        elsewhere = Caller(other, citizen.wish)
        async with (
            following(citizen, CHANGED, id=ticket["id"]) as here,
            following(elsewhere, CHANGED, id=ticket["id"]) as there,
        ):
            handler = other.caller("handler", unit=STREET)
            done = await handler.do("acceptTicket", ticketId=ticket["id"])
            await city.relay()
            told = {"code": done["code"], "status": "ACCEPTED", "version": done["version"]}
            for follower in (here, there):
                assert await follower.news() == {"ticketChanged": told}
        assert (city.subscribers, other.subscribers) == (0, 0), "who leaves is forgotten"


async def test_who_may_not_see_a_ticket_cannot_follow_it(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    for caller in (citizen_of(city), city.caller("handler", unit="110106001")):
        async with following(caller, CHANGED, id=ticket["id"]) as follower:
            assert await follower.end() == "NOT_FOUND"
        async with following(caller, CHANGED, id="Ticket_nonsense") as follower:
            assert await follower.end() == "NOT_FOUND"
    for document, given in ((CHANGED, {"id": ticket["id"]}), (INBOX, {})):
        async with following(city.nobody, document, **given) as follower:
            assert await follower.end() == "UNAUTHENTICATED"
    assert city.subscribers == 0


async def test_an_actor_has_a_hundred_over_all_sockets(city: Hotline) -> None:
    """One socket has a bound of its own; who opens many is counted all the same."""
    citizen, most = citizen_of(city), Limits().actor_subscriptions
    async with AsyncExitStack() as stack:
        mine = [await stack.enter_async_context(following(citizen, INBOX)) for _ in range(most)]
        async with following(citizen, INBOX) as follower:
            assert await follower.end() == "SUBSCRIPTIONS_EXCEEDED"
        async with following(citizen_of(city), INBOX) as follower:
            assert city.subscribers == most + 1, "another citizen is not hindered"
        assert all(one.silent for one in mine)
    async with following(citizen, INBOX):
        assert city.subscribers == 1


async def _told(follower: Follower, count: int) -> list[tuple[str, str]]:
    news = [(await follower.news())["inbox"] for _ in range(count)]
    return [(one["kind"], one["ticket"]["code"]) for one in news]


async def test_the_inbox_of_each_role(city: Hotline) -> None:
    """Everybody hears what they work on, once, in order; and nothing else."""
    citizen, agent = citizen_of(city), city.caller("agent")
    await city.relay()
    await listening(city)
    people = {
        "citizen": citizen,
        "stranger": citizen_of(city),
        "lead": city.caller("handler", unit=STREET),
        "district": city.caller("handler", unit=DISTRICT),
        "next door": city.caller("handler", unit="110106001"),
        "agent": agent,
        "supervisor": city.caller("supervisor"),
        "evaluator": city.caller("evaluator"),
        "admin": city.caller("admin"),
    }
    async with AsyncExitStack() as stack:
        inboxes = {
            name: await stack.enter_async_context(following(caller, INBOX))
            for name, caller in people.items()
        }
        ticket = await submitted(citizen)
        await agent.do("classifyTicket", ticketId=ticket["id"], level="L2", reason="复核")
        done = await replied(city, ticket)
        await judged(agent, done, resolved=False)
        await city.relay()
        way = ["SUBMIT", "DISPATCH", "CLASSIFY", "ACCEPT", "RECORD_CONTACT", "REPLY"]
        way += ["RECORD_CALLBACK", "REWORK"]
        expected = {
            "citizen": [kind for kind in way if kind not in {"CLASSIFY", "RECORD_CALLBACK"}],
            "stranger": [],
            "lead": way,
            "district": way,
            "next door": [],
            "agent": ["SUBMIT", "REPLY", "RECORD_CALLBACK"],
            "supervisor": ["REWORK"],
            "evaluator": ["RECORD_CALLBACK"],
            "admin": [],
        }
        for name, kinds in expected.items():
            told = await _told(inboxes[name], len(kinds))
            assert told == [(kind, ticket["code"]) for kind in kinds], name
        await asyncio.sleep(0.05)
        assert [name for name, inbox in inboxes.items() if not inbox.silent] == []


async def test_an_account_that_is_switched_off_hears_no_more(city: Hotline) -> None:
    admin, citizen = city.caller("admin"), citizen_of(city)
    handler = city.caller("handler", unit=STREET, subject="zhang.san")
    staff = await admin.mutate(
        "createStaff", "staff { id version }", "",
        {"subject": "zhang.san", "name": "张三", "role": "HANDLER", "unitCode": STREET},
    )  # fmt: skip
    ticket = await submitted(citizen)
    await city.relay()
    async with (
        following(handler, CHANGED, id=ticket["id"]) as changes,
        following(handler, INBOX) as inbox,
    ):
        await citizen.do("addSupplement", ticketId=ticket["id"], content="补充一")
        await city.relay()
        assert (await changes.news())["ticketChanged"]["version"] == ticket["version"] + 1
        assert (await inbox.news())["inbox"]["kind"] == "SUPPLEMENT"
        off = await admin.mutate(
            "updateStaff", "staff { active }", "", {"staffId": staff["id"], "active": False}
        )
        assert off == {"active": False}
        city.clock.advance(timedelta(seconds=11))  # what a process may remember a token for
        await citizen.do("addSupplement", ticketId=ticket["id"], content="补充二")
        await city.relay()
        assert (await changes.end(), await inbox.end()) == ("UNAUTHENTICATED",) * 2


async def test_a_token_that_has_run_out_hears_no_more(city: Hotline) -> None:
    citizen = citizen_of(city)
    ticket = await submitted(citizen)
    await city.relay()
    async with following(citizen, CHANGED, id=ticket["id"]) as follower:
        city.clock.advance(timedelta(hours=13))
        await city.caller("agent").do("classifyTicket", ticketId=ticket["id"], level="L2")
        await city.relay()
        assert await follower.end() == "UNAUTHENTICATED"


async def test_a_ticket_that_is_no_longer_visible_ends_what_follows_it(city: Hotline) -> None:
    """A community leads it, without a copy; then the street moves to another district."""
    admin, agent = city.caller("admin"), city.caller("agent")
    street = await admin.change(
        "createUnit", code="110105907", name="望潮街道", level="STREET", parentCode=DISTRICT
    )
    await admin.change(
        "createUnit", code="110105907001", name="望潮社区", level="COMMUNITY",
        parentCode="110105907",
    )  # fmt: skip
    ticket = await submitted(citizen_of(city), address=None)
    await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode="110105907001")
    await city.relay()
    old, new = city.caller("handler", unit=DISTRICT), city.caller("handler", unit="110115")
    assert await old.ticket(ticket["code"]) is not None
    async with following(old, CHANGED, id=ticket["id"]) as follower:
        moved = await admin.change("moveUnit", unitId=street["id"], parentCode="110115")
        assert moved["parent"]["code"] == "110115"
        await agent.do("classifyTicket", ticketId=ticket["id"], level="L2")
        await city.relay()
        assert await follower.end() is None, "in order, and with no word of the ticket"
    assert await old.ticket(ticket["code"]) is None
    assert await new.ticket(ticket["code"]) is not None


async def test_what_was_missed_while_redis_was_away_is_read_again(city_url: str) -> None:
    with frail_redis() as redis:
        async with hotline(city_url, redis.url, FixedClock(MONDAY)) as city:
            citizen, agent = citizen_of(city), city.caller("agent")
            ticket = await submitted(citizen)
            await city.relay()
            await listening(city)
            async with following(citizen, CHANGED, id=ticket["id"]) as follower:
                redis.kill()
                done = await agent.do("classifyTicket", ticketId=ticket["id"], level="L2")
                assert done["level"] == "L2", "nothing waits for Redis"
                assert follower.silent
                redis.start()
                refreshed = (await follower.news())["ticketChanged"]
                assert refreshed["version"] == done["version"]
                await listening(city)
                await city.relay()
                again = (await follower.news())["ticketChanged"]
                assert again == refreshed, "the outbox kept the news and tells it late"


@asynccontextmanager
async def _relaying(url: str, redis_url: str) -> AsyncIterator[None]:
    """A worker's outbox loop."""
    stop, database = asyncio.Event(), Database(url, city="beijing", pool_size=2)
    redis = connect(redis_url, "beijing")
    task = asyncio.create_task(Loop("outbox", Relay(database, redis).step, stop).run())
    try:
        yield
    finally:
        stop.set()
        await task
        await redis.aclose(close_connection_pool=True)
        await database.close()


async def _serve_subscribers(http: httpx.AsyncClient, url: str, count: int) -> None:
    """Wait until a server tells that it serves so many subscriptions."""

    async def serves() -> bool:
        text = (await http.get(url.replace("/graphql", "/metrics"))).text
        lines = [line for line in text.splitlines() if line.startswith("jiesu_subscri")]
        return any(float(line.rsplit(" ", 1)[1]) == count for line in lines)

    await until(serves)


async def test_sockets_and_event_streams_of_two_real_servers(city: Hotline, tmp_path: Path) -> None:
    """One Redis, one relay, two processes: a WebSocket here, an event stream there."""
    url, redis_url = city.settings.database_url, city.settings.redis_url
    assert url is not None and redis_url is not None
    settings = settings_of(url, redis_url)
    async with AsyncExitStack() as stack:
        one, other = (
            await asyncio.gather(
                *(asyncio.to_thread(stack.enter_context, serving(settings, tmp_path))
                  for _ in range(2))
            )
        )  # fmt: skip
        await stack.enter_async_context(_relaying(url, redis_url))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        real = await stack.enter_async_context(_on_the_wire(url, redis_url, http, one))
        citizen, handler = (
            real.caller("citizen", phone="13922220001"),
            real.caller("handler", unit=STREET),
        )
        ticket = await submitted(citizen)
        socket = await stack.enter_async_context(
            websockets.connect(
                one.replace("http", "ws"), subprotocols=[Subprotocol("graphql-transport-ws")]
            )
        )
        await socket.send(orjson.dumps({
            "type": "connection_init",
            "payload": {"authorization": f"Bearer {await citizen.token()}"},
        }).decode())  # fmt: skip
        assert orjson.loads(await socket.recv()) == {"type": "connection_ack"}
        wanted = {"query": CHANGED, "variables": {"id": ticket["id"]}}
        await socket.send(
            orjson.dumps({"id": "1", "type": "subscribe", "payload": wanted}).decode()
        )
        headers = {"authorization": f"Bearer {await handler.token()}"}
        stream = await stack.enter_async_context(
            aconnect_sse(http, "POST", other, json={"query": INBOX}, headers=headers)
        )
        events = stream.aiter_sse()
        await _serve_subscribers(http, one, 1)
        await _serve_subscribers(http, other, 1)
        done = await handler.do("acceptTicket", ticketId=ticket["id"])
        async with asyncio.timeout(10):
            versions = [0]
            while versions[-1] < done["version"]:  # what came before may be told late
                message = orjson.loads(await socket.recv())
                versions.append(message["payload"]["data"]["ticketChanged"]["version"])
            assert versions[-1] == done["version"]
            inbox = []
            while "ACCEPT" not in inbox:
                event = await anext(events)
                if event.event == "next":
                    inbox.append(orjson.loads(event.data)["data"]["inbox"]["kind"])


@asynccontextmanager
async def _on_the_wire(
    url: str, redis_url: str, http: httpx.AsyncClient, server: str
) -> AsyncIterator[Hotline]:
    """Callers who speak to a real server, which goes by the real clock."""
    clock = FixedClock(SystemClock().now())
    database = Database(url, city="beijing", clock=clock, pool_size=2)
    try:
        yield Hotline(settings_of(url, redis_url), clock, None, database, http, url=server)
    finally:
        await database.close()
