"""拆单: each matter goes its own way, and nothing that somebody works on is ended by the whole."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loop.promises import promises_hold
from tests.loop.steps import STREET, citizen_of, judged, replied, scores, submitted
from tests.support.city import Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "110105014"
PARTS = [
    {"title": "路灯", "content": "路灯不亮", "unitCode": STREET},
    {"title": "路面", "content": "路面不平", "unitCode": OTHER},
]
UNSOLVED = {"resolved": False, "satisfaction": "DISSATISFIED"}


async def split(city: Hotline, ticket: Any, parts: Any = PARTS) -> Any:
    agent = city.caller("agent")
    return await agent.do("splitTicket", ticketId=ticket["id"], parts=parts, reason="两件事")


async def parts_of(city: Hotline, ticket: Any) -> list[Any]:
    """The parts in order, as the centre sees them."""
    agent = city.caller("agent")
    document = "query($c: String!) { ticket(code: $c) { parts { code partOf { code } } } }"
    found = (await agent.send(document, c=ticket["code"]))["ticket"]["parts"]
    assert {part["partOf"]["code"] for part in found} <= {ticket["code"]}
    return [await agent.ticket(part["code"]) for part in found]


async def hold(city: Hotline, *tickets: Any) -> None:
    await promises_hold(city.database, city.rules, [uuid_of(ticket) for ticket in tickets])


async def test_the_whole_closes_with_its_parts_and_is_asked_about_once(city: Hotline) -> None:
    citizen, agent = citizen_of(city), city.caller("agent")
    before = await scores(agent, "2026-12")
    ticket = await submitted(citizen, address="不知道在哪")
    done = await split(city, ticket)
    assert (done["status"], done["lead"]["code"]) == ("DISPATCHED", STREET), "the first unit leads"
    first, second = await parts_of(city, done)
    assert [part["lead"]["code"] for part in (first, second)] == [STREET, OTHER]
    assert len({first["code"], second["code"], ticket["code"]}) == 3
    for part in (first, second):
        clocks = {clock for clock, _, _ in await city.timers(part)}
        assert clocks == {"ACCEPT", "CONTACT", "REPLY"}
        assert await citizen.ticket(part["code"]) is not None
    await replied(city, first, STREET)
    handler = city.caller("handler", unit=STREET)
    await handler.do("acceptTicket", ticketId=ticket["id"])
    given = {"ticketId": ticket["id"], "content": "都好了", "resolved": True}
    for who, step in ((handler, "replyToTicket"), (agent, "concludeTicket")):
        early = await who.do(step, **given)
        assert early["code"] == "NOT_POSSIBLE_NOW", "a part is still in hand"
    assert (await agent.ticket(ticket["code"]))["status"] == "ACCEPTED"
    await replied(city, second, OTHER)
    for part in await parts_of(city, ticket):
        assert part["callbacks"] == [] and "RECORD_CALLBACK" not in part["availableActions"]
        assert (await judged(agent, part))["code"] == "NOT_POSSIBLE_NOW"
    await hold(city, ticket, first, second)
    done = await agent.do("concludeTicket", **given)
    assert done["status"] == "REPLIED" and len(done["callbacks"]) == 1
    assert (await judged(citizen, ticket))["status"] == "CLOSED"
    assert [part["status"] for part in await parts_of(city, ticket)] == ["CLOSED"] * 2
    await hold(city, ticket, first, second)
    after = await scores(agent, "2026-12")
    assert after[STREET]["valid"] - before[STREET]["valid"] == 1
    assert after[OTHER]["valid"] == before[OTHER]["valid"], "parts are not called back separately"


async def test_ending_the_whole_never_ends_an_open_part(city: Hotline) -> None:
    """Closing a parent cancelled its open children: here the parent waits."""
    citizen = citizen_of(city)
    ticket = await submitted(citizen)
    await split(city, ticket)
    parts = await parts_of(city, ticket)
    refused = await citizen.do("withdrawTicket", ticketId=ticket["id"])
    assert refused["code"] == "NOT_POSSIBLE_NOW"
    assert [part["status"] for part in await parts_of(city, ticket)] == ["DISPATCHED"] * 2
    assert (await citizen.ticket(ticket["code"]))["status"] == "DISPATCHED"
    for part in parts:
        done = await citizen.do("withdrawTicket", ticketId=part["id"])
        assert done["status"] == "WITHDRAWN"
    done = await citizen.do("withdrawTicket", ticketId=ticket["id"])
    assert done["status"] == "WITHDRAWN"
    await hold(city, ticket, *parts)


async def test_a_rework_of_the_whole_leaves_the_parts_as_they_are(city: Hotline) -> None:
    citizen, agent = citizen_of(city), city.caller("agent")
    ticket = await submitted(citizen)
    await split(city, ticket)
    for part, unit in zip(await parts_of(city, ticket), (STREET, OTHER), strict=True):
        await replied(city, part, unit)
    await replied(city, ticket)
    done = await judged(citizen, ticket, **UNSOLVED)
    assert (done["status"], done["round"]) == ("DISPATCHED", 2)
    assert [part["status"] for part in await parts_of(city, ticket)] == ["REPLIED"] * 2
    await hold(city, ticket, *(await parts_of(city, ticket)))
    assert (await judged(agent, await replied(city, ticket)))["status"] == "CLOSED"
    assert [part["status"] for part in await parts_of(city, ticket)] == ["CLOSED"] * 2


async def test_what_is_not_split(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket, other = await submitted(citizen_of(city)), await submitted(citizen_of(city))
    bad = [{**PARTS[0], "unitCode": "nowhere"}, {**PARTS[1], "category": "NOTHING"}]
    refused = await split(city, ticket, bad)
    assert {fault["path"] for fault in refused["fields"]} == {
        "parts.0.unitCode", "parts.1.category",
    }  # fmt: skip
    short = await split(city, ticket, [{**PARTS[0], "title": ""}])
    assert {fault["path"] for fault in short["fields"]} == {"parts", "parts.0.title"}
    assert (await agent.ticket(ticket["code"]))["version"] == ticket["version"]
    await split(city, ticket)
    part = (await parts_of(city, ticket))[0]
    assert (await split(city, part))["code"] == "NOT_POSSIBLE_NOW", "parts are not split again"
    for one, another in ((part, other), (other, part), (ticket, other)):
        merged = await agent.do(
            "mergeTicket", ticketId=one["id"], primaryId=another["id"], reason="同一事项"
        )
        assert merged["code"] == "NOT_POSSIBLE_NOW"
    plain = {"ticketId": other["id"], "content": "好了", "resolved": True}
    assert (await agent.do("concludeTicket", **plain))["code"] == "NOT_POSSIBLE_NOW"
    assert "CONCLUDE" not in (await agent.ticket(other["code"]))["availableActions"]
    assert "CONCLUDE" in (await agent.ticket(ticket["code"]))["availableActions"]


async def test_a_report_has_no_part_for_whom_it_is_about(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city), kind="REPORT", accusedUnitCode=STREET)
    refused = await split(city, ticket)
    assert [fault["path"] for fault in refused["fields"]] == ["parts.0.unitCode"]
    assert await parts_of(city, ticket) == []
    await split(city, ticket, [{**part, "unitCode": OTHER} for part in PARTS])
    for part in await parts_of(city, ticket):
        assert await city.caller("handler", unit=STREET).ticket(part["code"]) is None
        assert (await city.caller("handler", unit=OTHER).ticket(part["code"]))["citizen"] is None
