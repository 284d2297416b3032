"""How complaints come in: who submits them, what they name, and where they go."""

from __future__ import annotations

from typing import Any

import pytest

from domain.accounts.passcodes import LOGIN_CODE, open_login_message
from tests.loop.steps import ADDRESS, DISTRICT, STREET, WORDS
from tests.support.city import Caller, Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def submitted(caller: Caller, **given: Any) -> Any:
    """A ticket that names no place unless `given` does."""
    ticket = await caller.do("submitTicket", **(WORDS | given))
    assert "message" not in ticket, ticket
    return ticket


def given_to(ticket: dict[str, Any]) -> set[tuple[str, str]]:
    return {(part["role"], part["unit"]["code"]) for part in ticket["assignments"]}


async def log_in(city: Hotline, phone: str) -> Caller:
    """Log in as a citizen does: the code is taken from the message that leaves for the phone."""
    ask = "mutation($p: String!) { requestLoginCode(input: {phone: $p}) { __typename } }"
    asked = await city.nobody.send(ask, p=phone)
    assert asked["requestLoginCode"]["__typename"] == "RequestLoginCodePayload"
    row = await city.row(
        "select payload from outbox where topic = :t order by id desc limit 1", t=LOGIN_CODE
    )
    message = open_login_message(city.protection, row["payload"])
    assert message.phone.clear == phone
    enter = """mutation($p: String!, $c: String!) { logIn(input: {phone: $p, code: $c}) {
      ... on LogInPayload { token } ... on Problem { code } } }"""
    wrong = f"{(int(message.code) + 1) % 10**6:06}"
    refused = await city.nobody.send(enter, p=phone, c=wrong)
    assert refused["logIn"] == {"code": "UNAUTHENTICATED"}
    entered = await city.nobody.send(enter, p=phone, c=message.code)
    again = await city.nobody.send(enter, p=phone, c=message.code)
    assert again["logIn"] == {"code": "UNAUTHENTICATED"}, "a code opens once"
    return Caller(city, None, given=entered["logIn"]["token"])


async def test_a_citizen_logs_in_by_code_and_submits(city: Hotline) -> None:
    citizen = await log_in(city, "13911110001")
    ticket = await submitted(citizen, address=ADDRESS)
    assert (ticket["status"], ticket["channel"]) == ("DISPATCHED", "WEB")
    assert ticket["lead"]["code"] == STREET
    assert given_to(ticket) == {("LEAD", STREET), ("COPY", DISTRICT)}
    assert ticket["citizen"]["maskedPhone"] == "139****0001"
    assert [entry["kind"] for entry in ticket["history"]["nodes"]] == ["SUBMIT", "DISPATCH"]
    viewer = await citizen.send("{ viewer { role citizen { maskedPhone } } }")
    assert viewer["viewer"] == {"role": "CITIZEN", "citizen": {"maskedPhone": "139****0001"}}


async def test_an_agent_submits_for_a_caller_who_then_finds_it(city: Hotline) -> None:
    agent = city.caller("agent")
    contact = {"phone": "13911110002", "name": "欧阳小明"}
    ticket = await submitted(agent, contact=contact, unitCode=STREET, channel="SMS")
    assert (ticket["channel"], ticket["routeReason"]) == ("SMS", "NAMED_UNIT")
    assert given_to(ticket) == {("LEAD", STREET), ("COPY", DISTRICT)}
    by_phone = await submitted(agent, contact={"phone": "+86 139 1111 0002"})
    assert by_phone["channel"] == "PHONE"
    citizen = await log_in(city, "13911110002")
    seen = await citizen.ticket(ticket["code"])
    assert seen["availableActions"] == ["SUPPLEMENT", "URGE", "WITHDRAW"], "the caller's own"
    mine = await citizen.send("{ tickets { nodes { code } } }")
    assert {node["code"] for node in mine["tickets"]["nodes"]} == {
        ticket["code"],
        by_phone["code"],
    }


async def test_a_partner_submits_and_sees_its_own_only(city: Hotline) -> None:
    weibo = city.caller("partner", channel="WEIBO", subject="partner-weibo")
    other = city.caller("partner", channel="WEIBO", subject="partner-other")
    contact = {"phone": "13911110003"}
    ticket = await submitted(weibo, address=ADDRESS, contact=contact)
    assert (ticket["channel"], ticket["status"]) == ("WEIBO", "DISPATCHED")
    assert ticket["availableActions"] == ["SUPPLEMENT", "URGE", "WITHDRAW"]
    assert await other.ticket(ticket["code"]) is None
    citizen = await log_in(city, "13911110003")
    assert await citizen.ticket(ticket["code"]) is not None
    named = await weibo.do("submitTicket", **WORDS, contact=contact, unitCode=STREET)
    assert [fault["path"] for fault in named["fields"]] == ["unitCode"]


async def test_a_consultation_is_answered_by_the_centre(city: Hotline) -> None:
    citizen, agent = city.caller("citizen", phone="13911110004"), city.caller("agent")
    ticket = await submitted(citizen, kind="CONSULTATION", address=ADDRESS)
    assert (ticket["status"], ticket["lead"]) == ("RECEIVED", None)
    assert ticket["assignments"] == [] and await city.timers(ticket) == []
    answer = "社区服务中心工作日九点到十七点办公。"
    done = await agent.do("triageTicket", ticketId=ticket["id"], outcome="ANSWER", answer=answer)
    assert (done["status"], done["answer"], done["availableActions"]) == ("ANSWERED", answer, [])
    seen = await citizen.ticket(ticket["code"])
    assert (seen["answer"], seen["availableActions"]) == (answer, [])
    assert seen["closedAt"] is not None and await city.timers(ticket) == []


async def test_an_agent_who_names_the_unit_of_a_consultation_dispatches_it(city: Hotline) -> None:
    contact = {"phone": "13911110005"}
    ticket = await submitted(
        city.caller("agent"), kind="CONSULTATION", contact=contact, unitCode=STREET
    )
    assert (ticket["status"], ticket["lead"]["code"]) == ("DISPATCHED", STREET)


async def test_a_redirect_names_its_ground(city: Hotline) -> None:
    citizen, agent = city.caller("citizen", phone="13911110006"), city.caller("agent")
    ticket = await submitted(citizen, kind="CONSULTATION")
    redirect = {"ticketId": ticket["id"], "outcome": "REDIRECT", "answer": "请向法院申请。"}
    for ground in (None, "NO_SUCH_GROUND", "UNLAWFUL"):
        refused = await agent.do("triageTicket", **redirect, ground=ground)
        assert [fault["path"] for fault in refused["fields"]] == ["ground"], ground
    assert (await citizen.ticket(ticket["code"]))["status"] == "RECEIVED"
    done = await agent.do("triageTicket", **redirect, ground="LEGAL_ROUTE")
    assert (done["status"], done["triageGround"]) == ("REDIRECTED", "LEGAL_ROUTE")
    assert (await citizen.ticket(ticket["code"]))["answer"] == "请向法院申请。"


async def test_an_ambiguous_address_waits_and_is_dispatched_by_hand(city: Hotline) -> None:
    citizen, agent = city.caller("citizen", phone="13911110007"), city.caller("agent")
    ticket = await submitted(citizen, address="八里庄街道便民市场门口")
    assert (ticket["status"], ticket["lead"]) == ("RECEIVED", None)
    seen = await agent.ticket(ticket["code"])
    assert seen["routeReason"] == "AMBIGUOUS"
    assert "朝阳区" in seen["routeExplanation"] and "海淀区" in seen["routeExplanation"]
    queue = await agent.send("{ tickets(filter: {status: [RECEIVED]}) { nodes { code } } }")
    assert ticket["code"] in {node["code"] for node in queue["tickets"]["nodes"]}
    haidian = "110108"
    unit = (await agent.send('{ units(filter: {name: "八里庄街道"}) { nodes { code } } }'))["units"]
    street = next(node["code"] for node in unit["nodes"] if node["code"].startswith(haidian))
    done = await agent.do(
        "dispatchTicket", ticketId=ticket["id"], unitCode=street, reason="来电人补充在海淀"
    )
    assert done["status"] == "DISPATCHED"
    assert given_to(done) == {("LEAD", street), ("COPY", haidian)}
    assert {clock for clock, _, _ in await city.timers(done)} == {"ACCEPT", "CONTACT", "REPLY"}


@pytest.mark.parametrize(
    ("given", "unit", "reason"),
    [
        ({"address": "朝阳区"}, "110105", "DISTRICT_ONLY"),
        ({"location": {"longitude": 116.30, "latitude": 39.97}}, "110108", "LOCATION_DISTRICT"),
        ({}, None, "NOTHING_KNOWN"),
    ],
)
async def test_less_than_a_street_goes_to_the_district_or_waits(
    city: Hotline, given: dict[str, Any], unit: str | None, reason: str
) -> None:
    ticket = await submitted(city.caller("citizen", phone="13911110008"), **given)
    seen = await city.caller("agent").ticket(ticket["code"])
    assert seen["routeReason"] == reason
    assert given_to(seen) == ({("LEAD", unit)} if unit else set()), "a district has no copy"
    assert seen["status"] == ("DISPATCHED" if unit else "RECEIVED")


@pytest.mark.parametrize("unit", ["BJ-ZJW", "BJ-YIDONG"])
async def test_departments_and_enterprises_lead_too(city: Hotline, unit: str) -> None:
    agent = city.caller("agent")
    ticket = await submitted(city.caller("citizen", phone="13911110009"))
    done = await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=unit)
    assert given_to(done) == {("LEAD", unit)}, "no district is told"
    handler = city.caller("handler", unit=unit)
    accepted = await handler.do("acceptTicket", ticketId=ticket["id"])
    assert accepted["status"] == "ACCEPTED"


async def test_who_may_see_a_street_ticket(city: Hotline) -> None:
    """The unit, its district and the city; not the street next door, not its communities."""
    ticket = await submitted(city.caller("citizen", phone="13911110010"), address=ADDRESS)
    community = await city.row(
        "select code from unit where parent_id = (select id from unit where code = :c)", c=STREET
    )
    seeing = {
        unit: await city.caller("handler", unit=unit).ticket(ticket["code"]) is not None
        for unit in (STREET, DISTRICT, "11", "110105014", "110106", community["code"])
    }
    assert [unit for unit, sees in seeing.items() if sees] == [STREET, DISTRICT, "11"]
    assert await city.nobody.ticket(ticket["code"]) is None
