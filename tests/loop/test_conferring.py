"""会商: units are asked whose a ticket is, before it is given to anybody (B12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loop.promises import promises_hold
from tests.loop.steps import STREET, at, citizen_of, replied, submitted
from tests.loop.test_office_limits import declared
from tests.support.cities import local
from tests.support.city import Caller, Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

WATER, HOUSING, HEATING = "BJ-SWJ", "BJ-ZJW", "BJ-CGW"
PARTS = """query($c: String!) { ticket(code: $c) { status availableActions assignments {
  role unit { code } request reply stance deadline repliedAt endedAt }
  history(first: 30) { nodes { kind remark unit { code } } } } }"""
HARD = {"address": None, "content": "地下管线漏水，产权不清，几家单位都说不归自己管。"}


async def seen(caller: Caller, ticket: dict[str, Any]) -> Any:
    return (await caller.send(PARTS, c=ticket["code"]))["ticket"]


async def asked(city: Hotline, *units: str) -> tuple[Any, Caller]:
    """A ticket that is conferred on, and its citizen."""
    citizen = citizen_of(city)
    ticket = await submitted(citizen, **HARD)
    assert ticket["status"] == "RECEIVED"
    agent = city.caller("agent")
    given = {"unitCodes": list(units), "question": "管线归谁维护？"}
    done = await agent.do("confer", ticketId=ticket["id"], **given)
    assert done["status"] == "RECEIVED", done
    return ticket, citizen


async def sound(city: Hotline, ticket: dict[str, Any]) -> None:
    await promises_hold(city.database, city.rules, [uuid_of(ticket)])


async def test_units_say_whose_it_is_and_the_centre_decides(city: Hotline) -> None:
    agent = city.caller("agent")
    water, housing = (city.caller("handler", unit=unit) for unit in (WATER, HOUSING))
    stranger = city.caller("handler", unit=HEATING)
    ticket, citizen = await asked(city, WATER, HOUSING)
    one = {"ticketId": ticket["id"]}
    assert (await seen(water, ticket))["availableActions"] == ["GIVE_OPINION", "RECUSE"]
    assert (await seen(stranger, ticket)) is None
    foreign = await stranger.do("giveOpinion", **one, stance="SHARED", opinion="不知")
    assert foreign["code"] == "NOT_FOUND"
    done = await water.do("giveOpinion", **one, stance="NOT_RESPONSIBLE", opinion="属小区二次供水")
    assert done["availableActions"] == ["RECUSE"]
    twice = await water.do("giveOpinion", **one, stance="RESPONSIBLE", opinion="改口")
    assert twice["code"] == "NOT_POSSIBLE_NOW"
    await housing.do("giveOpinion", **one, stance="RESPONSIBLE", opinion="物业专项维修")
    whole = await seen(agent, ticket)
    assert [(part["unit"]["code"], part["stance"]) for part in whole["assignments"]] == [
        (WATER, "NOT_RESPONSIBLE"), (HOUSING, "RESPONSIBLE"),
    ]  # fmt: skip
    assert {part["request"] for part in whole["assignments"]} == {"管线归谁维护？"}
    assert at(whole["assignments"][0]["deadline"]) == local("2026-11-24 10:00"), "a working day"
    more = await agent.do("confer", **one, unitCodes=[WATER], question="再问")
    assert [fault["path"] for fault in more["fields"]] == ["unitCodes.0"]
    await sound(city, ticket)
    given = await agent.do("dispatchTicket", **one, unitCode=HOUSING)
    assert (given["status"], given["lead"]["code"]) == ("DISPATCHED", HOUSING)
    parts = (await seen(agent, ticket))["assignments"]
    ended = {part["unit"]["code"] for part in parts if part["endedAt"] is not None}
    assert ended == {WATER, HOUSING}, "nobody is asked any longer"
    assert {kind for kind, _, _ in await city.timers(given)} == {"ACCEPT", "CONTACT", "REPLY"}
    own = await seen(citizen, ticket)
    assert [one["kind"] for one in own["history"]["nodes"]] == ["SUBMIT", "DISPATCH"]
    assert "CONFEREE" not in {part["role"] for part in own["assignments"]}, "the offices' business"
    await sound(city, ticket)
    await replied(city, given, HOUSING)


async def test_who_says_nothing_in_time_is_told_of_once(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket, _ = await asked(city, WATER, HOUSING)
    city.move(local("2026-11-23 15:00"))
    more = {"unitCodes": [HEATING], "question": "供热管线是否相邻？"}
    await agent.do("confer", ticketId=ticket["id"], **more)
    water = city.caller("handler", unit=WATER)
    await water.do("giveOpinion", ticketId=ticket["id"], stance="SHARED", opinion="可配合关阀")
    city.move(local("2026-11-24 10:00"))
    await city.fire()
    await city.fire()
    due = [
        entry["remark"]
        for entry in (await seen(agent, ticket))["history"]["nodes"]
        if entry["kind"] == "OPINIONS_DUE"
    ]
    assert due == ["1个单位逾期未反馈会商意见"], "who was asked later has time left"
    late = city.caller("handler", unit=HOUSING)
    done = await late.do("giveOpinion", ticketId=ticket["id"], stance="SHARED", opinion="迟复")
    assert done["availableActions"] == ["RECUSE"], "a late opinion is better than none"
    heating = city.caller("handler", unit=HEATING)
    await heating.do("giveOpinion", ticketId=ticket["id"], stance="NOT_RESPONSIBLE", opinion="无")
    city.move(local("2026-11-24 15:00"))
    await city.fire()
    kinds = [entry["kind"] for entry in (await seen(agent, ticket))["history"]["nodes"]]
    assert kinds.count("OPINIONS_DUE") == 1, "the second three all said something"
    await sound(city, ticket)


async def test_an_answer_ends_the_asking_and_so_does_a_withdrawal(city: Hotline) -> None:
    agent, water = city.caller("agent"), city.caller("handler", unit=WATER)
    answered, _ = await asked(city, WATER)
    withdrawn, citizen = await asked(city, WATER)
    one = {"ticketId": answered["id"]}
    done = await agent.do("triageTicket", **one, outcome="ANSWER", answer="已由物业抢修。")
    assert done["status"] == "ANSWERED"
    assert (await citizen.do("withdrawTicket", ticketId=withdrawn["id"]))["status"] == "WITHDRAWN"
    over = {"NOT_ALLOWED": answered, "NOT_POSSIBLE_NOW": withdrawn}
    for code, ticket in over.items():
        given = {"ticketId": ticket["id"], "stance": "SHARED", "opinion": "可配合"}
        assert (await water.do("giveOpinion", **given))["code"] == code
        assert await city.timers(ticket) == []
    city.move(local("2026-11-25 10:00"))
    await city.fire()
    assert "OPINIONS_DUE" not in [
        entry["kind"] for entry in (await seen(agent, answered))["history"]["nodes"]
    ]


async def test_only_the_centre_asks_and_only_before_a_dispatch(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city))
    given = {"ticketId": ticket["id"], "unitCodes": [WATER], "question": "归谁？"}
    late = await agent.do("confer", **given)
    assert late["code"] == "NOT_POSSIBLE_NOW"
    waiting = await submitted(citizen_of(city), **HARD)
    given = {**given, "ticketId": waiting["id"]}
    for who in (city.caller("handler", unit=STREET), city.caller("evaluator"), citizen_of(city)):
        assert (await who.do("confer", **given))["code"] == "NOT_ALLOWED"
    bad = await agent.do("confer", **given | {"unitCodes": ["nowhere"], "question": " "})
    assert {fault["path"] for fault in bad["fields"]} == {"question"}
    bad = await agent.do("confer", **given | {"unitCodes": ["nowhere"]})
    assert {fault["path"] for fault in bad["fields"]} == {"unitCodes.0"}
    assert (await seen(agent, waiting))["assignments"] == []


async def test_who_a_report_is_about_is_not_asked(city: Hotline) -> None:
    agent = city.caller("agent")
    report = await submitted(
        citizen_of(city), **HARD, kind="REPORT", accusedUnitCode=WATER, confidential=True
    )
    given = {"ticketId": report["id"], "question": "归谁？"}
    refused = await agent.do("confer", **given, unitCodes=[WATER])
    assert [fault["path"] for fault in refused["fields"]] == ["unitCodes.0"]
    assert await seen(city.caller("handler", unit=WATER), report) is None
    done = await agent.do("confer", **given, unitCodes=[HOUSING])
    assert done["status"] == "RECEIVED"
    asked_unit = await city.caller("handler", unit=HOUSING).ticket(report["code"])
    assert asked_unit["citizen"] is None


async def test_a_holiday_gives_the_units_their_day(city: Hotline) -> None:
    ticket, _ = await asked(city, WATER)
    agent = city.caller("agent")
    await declared(city, "2026-11-24")
    whole = await seen(agent, ticket)
    assert at(whole["assignments"][0]["deadline"]) == local("2026-11-25 10:00")
    assert [one["kind"] for one in whole["history"]["nodes"]].count("DEADLINE_MOVED") == 1
    city.move(local("2026-11-24 12:00"))
    await city.fire()
    kinds = [one["kind"] for one in (await seen(agent, ticket))["history"]["nodes"]]
    assert "OPINIONS_DUE" not in kinds
    await sound(city, ticket)
