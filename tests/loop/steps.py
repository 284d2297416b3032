"""Steps that the stories share: a ticket is submitted, taken in hand, replied to, judged."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import Any

from tests.support.city import Caller, Hotline

STREET, DISTRICT = "110105015", "110105"
ADDRESS = "朝阳区八里庄街道12号楼"
WORDS = {"title": "楼道灯不亮", "content": "三单元楼道灯坏了一周，老人摔了一跤。"}

_phones = (f"139{number:08}" for number in count(22_000_000))


def citizen_of(city: Hotline) -> Caller:
    """A citizen who was never here before."""
    return city.caller("citizen", phone=next(_phones))


async def submitted(caller: Caller, **given: Any) -> Any:
    """A ticket that was taken in; dispatched to STREET unless `given` says another address."""
    ticket = await caller.do("submitTicket", **(WORDS | {"address": ADDRESS} | given))
    assert "message" not in ticket, ticket
    return ticket


async def replied(city: Hotline, ticket: dict[str, Any], unit: str = STREET) -> Any:
    """The unit's side of one round: accepted, contacted, replied."""
    handler, one = city.caller("handler", unit=unit), {"ticketId": ticket["id"]}
    assert (await handler.do("acceptTicket", **one))["status"] == "ACCEPTED"
    contacted = await handler.do("recordContact", **one, note="已电话联系")
    assert contacted["status"] == "ACCEPTED", contacted
    done = await handler.do("replyToTicket", **one, content="已换灯。", resolved=True)
    assert done["status"] == "REPLIED", done
    return done


async def judged(caller: Caller, ticket: dict[str, Any], **answers: Any) -> Any:
    """A callback that an agent recorded, or a citizen's own evaluation."""
    given = {"contacted": True, "resolved": True, "satisfaction": "SATISFIED"} | answers
    wish = caller.wish
    if wish is not None and wish.role == "agent":
        return await caller.do("recordCallback", ticketId=ticket["id"], reached=True, **given)
    return await caller.do("evaluateTicket", ticketId=ticket["id"], **given)


async def seven_answers(city: Hotline, street: str, address: str) -> None:
    """Seven valid callbacks of one street, and two that do not count.

    Contacted in 5, resolved in 5; very satisfied 1, satisfied 2, basically satisfied 2.
    """
    agent = city.caller("agent")
    for answers in (
        {"satisfaction": "VERY_SATISFIED"},
        {"satisfaction": "SATISFIED"},
        {"satisfaction": "BASICALLY_SATISFIED"},
        {"contacted": False, "satisfaction": "BASICALLY_SATISFIED"},
        {"satisfaction": None},
    ):
        ticket = await submitted(citizen_of(city), address=address)
        done = await judged(agent, await replied(city, ticket, street), **answers)
        assert done["status"] == "CLOSED", done
    ticket = await replied(city, await submitted(citizen_of(city), address=address), street)
    await agent.do("recordCallback", ticketId=ticket["id"], reached=False)
    for answers in (
        {"resolved": False, "satisfaction": "DISSATISFIED"},
        {"contacted": False, "resolved": False, "satisfaction": "VERY_DISSATISFIED"},
    ):
        ticket = await judged(agent, ticket, **answers)
        ticket = await replied(city, ticket, street)
    assert (await judged(agent, ticket))["status"] == "CLOSED"


async def scores(caller: Caller, month: str, group: str = "STREET") -> dict[str, Any]:
    """The scores of a month, by the unit's code."""
    document = """query($m: String!, $g: UnitGroup!) { scores(month: $m, group: $g) {
      unit { code } rank valid contacted resolved responseRate resolutionRate satisfactionRate
      composite bonus } }"""
    rows = (await caller.send(document, m=month, g=group))["scores"]
    return {row["unit"]["code"]: row for row in rows}


def at(text: str | None) -> datetime:
    """The moment that a field of the API tells."""
    assert text is not None
    return datetime.fromisoformat(text)
