"""After the reply: calls, the citizen's own word, rework, and what citizens do meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.loop.steps import STREET, at, citizen_of, judged, replied, submitted
from tests.support.cities import SHANGHAI, local
from tests.support.city import Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNSOLVED = {"resolved": False, "satisfaction": "DISSATISFIED"}


def in_calling_hours(due: datetime) -> bool:
    here = due.astimezone(SHANGHAI)
    if here.weekday() < 5:
        return 9 <= here.hour < 12 or 14 <= here.hour < 20
    return 10 <= here.hour < 12 or 14 <= here.hour < 18


def waiting(ticket: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for call in ticket["callbacks"] if call["status"] == "SCHEDULED"]


async def queue(city: Hotline, ticket: dict[str, Any], *, due: bool = True) -> int:
    """How often the ticket stands in the agents' queue of callbacks."""
    wanted = "callbacks(due: $due, first: 100) { nodes { ticket { id } } }"
    document = f"query($due: Boolean!) {{ {wanted} }}"
    found = await city.caller("agent").send(document, due=due)
    return [node["ticket"]["id"] for node in found["callbacks"]["nodes"]].count(ticket["id"])


async def test_who_is_never_reached_is_called_on_three_days_and_closed_unscored(
    city: Hotline,
) -> None:
    agent = city.caller("agent")
    city.move(local("2026-11-27 19:30"))  # Friday evening: the first call cannot be today
    ticket = await replied(city, await submitted(citizen_of(city)))
    days = []
    for attempt in (1, 2, 3):
        (call,) = waiting(ticket)
        due = at(call["dueAt"])
        assert call["attempt"] == attempt and in_calling_hours(due), due.astimezone(SHANGHAI)
        assert due > city.clock.now()
        assert (await queue(city, ticket), await queue(city, ticket, due=False)) == (0, 1)
        days.append(due.astimezone(SHANGHAI).date())
        city.move(due)
        assert await queue(city, ticket) == 1, "its time has come"
        ticket = await agent.do("recordCallback", ticketId=ticket["id"], reached=False)
    assert len(set(days)) == 3 and days[0].isoformat() == "2026-11-28"
    assert ticket["status"] == "CLOSED" and waiting(ticket) == []
    assert {call["status"] for call in ticket["callbacks"]} == {"UNREACHED"}
    late = await judged(agent, ticket)
    assert late["code"] == "NOT_POSSIBLE_NOW"


async def test_three_unanswered_calls_of_one_afternoon_are_one_attempt(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket = await replied(city, await submitted(citizen_of(city)))
    ticket = await agent.do("recordCallback", ticketId=ticket["id"], reached=False)
    again = await agent.do("recordCallback", ticketId=ticket["id"], reached=False)
    assert again["code"] == "NOT_POSSIBLE_NOW"
    seen = await agent.ticket(ticket["code"])
    assert seen["version"] == ticket["version"] and len(waiting(seen)) == 1
    done = await judged(agent, ticket)
    assert done["status"] == "CLOSED", "who calls back by themselves is heard at any time"


async def test_a_reply_can_be_evaluated_for_the_citys_days(city: Hotline) -> None:
    citizen = citizen_of(city)
    days = city.rules.profile.callback.evaluation_days
    ticket = await replied(city, await submitted(citizen))
    city.move(at(ticket["callbacks"][0]["dueAt"]) + timedelta(days=days + 1))
    late = await judged(citizen, ticket)
    assert late["code"] == "NOT_POSSIBLE_NOW"
    assert (await citizen.ticket(ticket["code"]))["status"] == "REPLIED"


async def test_answers_of_somebody_who_was_not_reached_are_refused(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket = await replied(city, await submitted(citizen_of(city)))
    given = {"contacted": True, "resolved": False, "satisfaction": "SATISFIED"}
    refused = await agent.do("recordCallback", ticketId=ticket["id"], reached=False, **given)
    assert {fault["path"] for fault in refused["fields"]} == set(given)
    seen = await agent.ticket(ticket["code"])
    assert len(waiting(seen)) == 1 and seen["version"] == ticket["version"]


async def test_rework_goes_on_until_the_citys_last_round(city: Hotline) -> None:
    """Two rounds of rework; what is still unsolved then is closed and counted as it is."""
    agent, citizen = city.caller("agent"), citizen_of(city)
    ticket = await submitted(citizen, category="HOUSING.HEATING")
    assert at(ticket["deadline"]) == local("2026-11-24 10:00")
    for following in (2, 3):
        done = await judged(agent, await replied(city, ticket), **UNSOLVED)
        assert (done["status"], done["round"], done["lead"]["code"]) == (
            "DISPATCHED",
            following,
            STREET,
        )
        assert at(done["deadline"]) - city.clock.now() == timedelta(hours=12), "half the limit"
        assert {clock for clock, _, _ in await city.timers(done)} == {"ACCEPT", "CONTACT", "REPLY"}
        assert sum(part["endedAt"] is None for part in done["assignments"]) == 2
        ticket = done
    done = await judged(agent, await replied(city, ticket), **UNSOLVED)
    assert (done["status"], done["round"]) == ("CLOSED", 3)
    assert [call["status"] for call in done["callbacks"]] == ["ANSWERED"] * 3
    assert [call["resolved"] for call in done["callbacks"]] == [False] * 3
    assert [reply["round"] for reply in done["replies"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({}, "CLOSED"),
        ({"satisfaction": "BASICALLY_SATISFIED"}, "CLOSED"),
        ({"contacted": False}, "CLOSED"),
        ({"resolved": False}, "DISPATCHED"),
        ({"satisfaction": "DISSATISFIED"}, "DISPATCHED"),
        ({"satisfaction": "VERY_DISSATISFIED"}, "DISPATCHED"),
        ({"satisfaction": None}, "CLOSED"),
        ({"resolved": None, "satisfaction": None}, "CLOSED"),
    ],
)
async def test_what_follows_from_the_answers(
    city: Hotline, answers: dict[str, Any], status: str
) -> None:
    agent = city.caller("agent")
    done = await judged(agent, await replied(city, await submitted(citizen_of(city))), **answers)
    assert done["status"] == status
    assert waiting(done) == []


async def test_the_citizens_own_word_ends_the_calling(city: Hotline) -> None:
    citizen, agent = citizen_of(city), city.caller("agent")
    ticket = await replied(city, await submitted(citizen))
    done = await judged(citizen, ticket)
    assert done["status"] == "CLOSED"
    (call,) = done["callbacks"]
    assert (call["status"], call["source"]) == ("ANSWERED", "CITIZEN")
    assert await queue(city, ticket, due=False) == 0
    assert (await judged(agent, ticket))["code"] == "NOT_POSSIBLE_NOW"
    assert (await judged(citizen, ticket))["code"] == "NOT_POSSIBLE_NOW", "and only once"


async def test_a_citizen_may_evaluate_after_calls_that_did_not_reach_them(city: Hotline) -> None:
    citizen, agent = citizen_of(city), city.caller("agent")
    ticket = await replied(city, await submitted(citizen))
    await agent.do("recordCallback", ticketId=ticket["id"], reached=False)
    done = await judged(citizen, ticket, **UNSOLVED)
    assert (done["status"], done["round"]) == ("DISPATCHED", 2)
    assert [call["status"] for call in done["callbacks"]] == ["UNREACHED", "ANSWERED"]
    closed = await judged(agent, await replied(city, done))
    assert closed["status"] == "CLOSED", "the second closure was judged too"
    assert [call["round"] for call in closed["callbacks"]] == [1, 1, 2]


async def test_a_ticket_is_urged_once_a_local_day(city: Hotline) -> None:
    citizen = citizen_of(city)
    ticket = await submitted(citizen)
    city.move(local("2026-11-23 23:59"))
    first = await citizen.do("urgeTicket", ticketId=ticket["id"], remark="还没人来")
    assert first["urgeCount"] == 1
    second = await citizen.do("urgeTicket", ticketId=ticket["id"])
    assert (second["code"], second["retryAfter"]) == ("RATE_LIMITED", 60)
    seen = await citizen.ticket(ticket["code"])
    assert (seen["urgeCount"], seen["version"]) == (1, first["version"]), "not counted"
    city.move(local("2026-11-24 00:00"))
    assert (await citizen.do("urgeTicket", ticketId=ticket["id"]))["urgeCount"] == 2
    await replied(city, ticket)
    late = await citizen.do("urgeTicket", ticketId=ticket["id"])
    assert late["code"] == "NOT_POSSIBLE_NOW", "rather than: come back tomorrow"


async def test_a_supplement_reaches_the_unit(city: Hotline) -> None:
    citizen, handler = citizen_of(city), city.caller("handler", unit=STREET)
    ticket = await submitted(citizen)
    words = "补充：三层和五层的灯也坏了 🔦"
    done = await citizen.do("addSupplement", ticketId=ticket["id"], content=words)
    assert done["status"] == "DISPATCHED" and done["deadline"] == ticket["deadline"]
    seen = await handler.ticket(ticket["code"])
    assert seen["history"]["nodes"][-1]["remark"] == words
    await replied(city, ticket)
    late = await citizen.do("addSupplement", ticketId=ticket["id"], content=words)
    assert late["code"] == "NOT_POSSIBLE_NOW"
    kept = await city.row("select count(*) from supplement where ticket_id in "
                          "(select id from ticket where code = :c)", c=ticket["code"])  # fmt: skip
    assert kept["count"] == 1


@pytest.mark.parametrize("given", [{"confidential": True}, {"kind": "REPORT"}])
async def test_a_unit_never_learns_who_must_be_protected(
    city: Hotline, given: dict[str, Any]
) -> None:
    citizen, agent = citizen_of(city), city.caller("agent")
    handler = city.caller("handler", unit=STREET)
    hidden, plain = await submitted(citizen, **given), await submitted(citizen)
    assert (await agent.ticket(hidden["code"]))["citizen"] is not None
    assert (await handler.ticket(plain["code"]))["citizen"] is not None
    assert (await handler.ticket(hidden["code"]))["citizen"] is None
    disclosed = "select count(*) from disclosure"
    before = await city.row(disclosed)
    reveal = """mutation($id: ID!) { revealContact(input: {ticketId: $id, purpose: "核实情况"}) {
      ... on RevealContactPayload { phone } ... on Problem { code } } }"""
    refused = await handler.send(reveal, id=hidden["id"])
    assert refused["revealContact"] == {"code": "NOT_FOUND"}
    assert await city.row(disclosed) == before
    shown = await handler.send(reveal, id=plain["id"])
    assert shown["revealContact"]["phone"].startswith("139")
    assert (await city.row(disclosed))["count"] == before["count"] + 1
    whole = str(await handler.answer(
        "query($c: String!) { ticket(code: $c) { citizen { maskedPhone } "
        "history(first: 20) { nodes { actor remark } } callbacks { remark } } }",
        c=hidden["code"],
    ))  # fmt: skip
    assert "139" not in whole, whole
