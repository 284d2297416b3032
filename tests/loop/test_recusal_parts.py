"""回避: no part of a report comes to whom it is about, and none that it has stays (J32)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loop.promises import promises_hold
from tests.loop.steps import DISTRICT, STREET, citizen_of, judged, replied, submitted
from tests.support.city import Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOINT, HELPER, SISTER = "BJ-ZJW", "BJ-SWJ", "110105014"
HEATING = "BJ-RELI"
WORDS = {"ground": "WRONG_AREA", "reason": "不在辖区"}
CALL = {"purpose": "会商", "place": "东门", "at": "2026-11-24T10:00:00+08:00"}


async def hold(city: Hotline, ticket: Any) -> None:
    await promises_hold(city.database, city.rules, [uuid_of(ticket)])


def parts(ticket: Any, *, ended: bool = False) -> set[tuple[str, str]]:
    return {
        (part["role"], part["unit"]["code"])
        for part in ticket["assignments"]
        if ended or part["endedAt"] is None
    }


async def accuse(city: Hotline, ticket: Any, unit: str) -> Any:
    agent = city.caller("agent")
    return await agent.do("classifyTicket", ticketId=ticket["id"], accusedUnitCode=unit)


async def statuses(city: Hotline, ticket: Any) -> list[str]:
    document = "query($c: String!) { ticket(code: $c) { contests { status } } }"
    seen = (await city.caller("agent").send(document, c=ticket["code"]))["ticket"]
    return [contest["status"] for contest in seen["contests"]]


async def test_no_way_beside_the_lead_leads_to_the_accused(city: Hotline) -> None:
    agent, street = city.caller("agent"), city.caller("handler", unit=STREET)
    ticket = await submitted(citizen_of(city), kind="REPORT", accusedUnitCode=JOINT)
    one = {"ticketId": ticket["id"]}
    assert ticket["lead"]["code"] == STREET
    dispatch = {"unitCode": STREET, "jointUnitCodes": [HELPER, JOINT]}
    refusals = [
        (await agent.do("dispatchTicket", **one, **dispatch), "jointUnitCodes.1"),
        (
            await agent.do("dispatchTicket", **one, unitCode=STREET, coHandlerCodes=[JOINT]),
            "coHandlerCodes.0",
        ),
        (await agent.do("askCoHandler", **one, unitCodes=[JOINT], request="请协助"), "unitCodes.0"),
        (
            await street.mutate(
                "whistle", "whistle { id }", "", {**one, **CALL, "unitCodes": [JOINT]}
            ),
            "unitCodes.0",
        ),
    ]
    await street.do("contestDispatch", **one, **WORDS)
    upheld = {"ruling": "UPHELD", "reason": "查明", "unitCode": JOINT}
    refusals.append(
        (await city.caller("supervisor").do("ruleOnContest", **one, **upheld), "unitCode")
    )
    for refused, path in refusals:
        assert [fault["path"] for fault in refused["fields"]] == [path], refused
    seen = await agent.ticket(ticket["code"])
    assert JOINT not in {unit for _, unit in parts(seen, ended=True)}
    assert await statuses(city, ticket) == ["OPEN"], "nothing was ruled"
    assert await city.caller("handler", unit=JOINT).ticket(ticket["code"]) is None
    await hold(city, ticket)


async def test_the_catalogue_passes_by_whom_a_report_is_about(city: Hotline) -> None:
    given = {"category": "HOUSING.HEATING.COLD", "confidential": True}
    ticket = await submitted(citizen_of(city), **given, accusedUnitCode=HEATING)
    assert parts(ticket) == {("LEAD", STREET), ("COPY", DISTRICT), ("COPY", "BJ-CGW")}
    assert await city.caller("handler", unit=HEATING).ticket(ticket["code"]) is None
    ticket = await submitted(citizen_of(city), **given, accusedUnitCode=STREET)
    assert parts(ticket) == {("LEAD", DISTRICT), ("JOINT", HEATING), ("COPY", "BJ-CGW")}
    assert ticket["history"]["nodes"][-1]["remark"].endswith("须回避，改派朝阳区")
    await hold(city, ticket)


async def test_a_contest_of_the_accused_lapses_and_the_next_unit_may_contest(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city), kind="REPORT")
    one = {"ticketId": ticket["id"]}
    await city.caller("handler", unit=STREET).do("contestDispatch", **one, **WORDS)
    done = await accuse(city, ticket, STREET)
    assert (done["status"], done["lead"]["code"]) == ("DISPATCHED", DISTRICT)
    assert {kind for kind, _, _ in await city.timers(ticket)} == {"ACCEPT", "CONTACT", "REPLY"}
    assert await statuses(city, ticket) == ["LAPSED"]
    again = await city.caller("handler", unit=DISTRICT).do("contestDispatch", **one, **WORDS)
    assert again["status"] == "CONTESTED", again
    assert await statuses(city, ticket) == ["LAPSED", "OPEN"]
    await hold(city, ticket)
    ruling = {"ruling": "REJECTED", "reason": "查明"}
    ruled = await city.caller("supervisor").do("ruleOnContest", **one, **ruling)
    assert (ruled["status"], ruled["lead"]["code"]) == ("DISPATCHED", DISTRICT)
    assert await statuses(city, ticket) == ["LAPSED", "REJECTED"]
    await hold(city, ticket)


async def test_the_accused_loses_its_part_and_the_lead_does_not_wait_for_it(city: Hotline) -> None:
    agent, street = city.caller("agent"), city.caller("handler", unit=STREET)
    ticket = await submitted(citizen_of(city), kind="REPORT")
    one = {"ticketId": ticket["id"]}
    both = {"unitCode": STREET, "jointUnitCodes": [JOINT, HELPER]}
    await agent.do("dispatchTicket", **one, **both)
    await street.do("acceptTicket", **one)
    await street.mutate("whistle", "whistle { id }", "", {**one, **CALL, "unitCodes": [JOINT]})
    done = await accuse(city, ticket, JOINT)
    assert (done["status"], done["lead"]["code"]) == ("ACCEPTED", STREET)
    assert {unit for _, unit in parts(done)} == {STREET, HELPER, DISTRICT}
    armed = {kind for kind, _, _ in await city.timers(ticket)}
    assert "whistle.REPORT_IN" not in armed and "task.REPLY" in armed, "the helper's go on"
    assert await city.caller("handler", unit=JOINT).ticket(ticket["code"]) is None
    await hold(city, ticket)
    done = await accuse(city, ticket, STREET)
    assert (done["status"], done["lead"]["code"]) == ("DISPATCHED", DISTRICT)
    assert ("JOINT", HELPER) in parts(done), "who is free of it goes on beside the new lead"
    await hold(city, ticket)


async def test_a_suspension_ends_with_the_part_of_the_accused(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city), kind="REPORT")
    one = {"ticketId": ticket["id"]}
    await city.caller("handler", unit=STREET).do("acceptTicket", **one)
    plan = {"measures": "分步整改", "reviewOn": "2026-12-10", "reason": "待供货"}
    done = await city.caller("supervisor").do("suspendTicket", **one, **plan)
    assert done["status"] == "SUSPENDED"
    done = await accuse(city, ticket, STREET)
    assert (done["status"], done["lead"]["code"]) == ("DISPATCHED", DISTRICT)
    assert done["deadline"] is not None
    await hold(city, ticket)
    await replied(city, ticket, DISTRICT)


async def test_what_follows_a_report_and_its_parts_are_kept_away_too(city: Hotline) -> None:
    agent, street = city.caller("agent"), city.caller("handler", unit=STREET)
    primary, follower = [await submitted(citizen_of(city), kind="REPORT") for _ in range(2)]
    merged = {"ticketId": follower["id"], "primaryId": primary["id"], "reason": "同一事项"}
    assert (await agent.do("mergeTicket", **merged))["status"] == "MERGED"
    two = [
        {"title": "甲", "content": "甲事", "unitCode": STREET},
        {"title": "乙", "content": "乙事", "unitCode": SISTER},
    ]
    await agent.do("splitTicket", ticketId=primary["id"], parts=two, reason="两件事")
    codes = "query($c: String!) { ticket(code: $c) { parts { code } } }"
    found = (await agent.send(codes, c=primary["code"]))["ticket"]["parts"]
    every = [primary["code"], follower["code"], *(part["code"] for part in found)]
    assert len(every) == 4 and await street.ticket(every[1]) is not None
    done = await accuse(city, primary, STREET)
    assert done["lead"]["code"] == DISTRICT
    assert [await street.ticket(code) for code in every] == [None] * 4
    leads = [(await agent.ticket(code))["lead"] for code in every]
    assert [lead and lead["code"] for lead in leads] == [DISTRICT, None, DISTRICT, SISTER]
    for code in every:
        await hold(city, await agent.ticket(code))


async def test_who_was_taken_off_sees_no_order_and_no_contest_of_it(city: Hotline) -> None:
    boss, relative = city.caller("supervisor"), city.caller("supervisor", subject="relative")
    ticket = await submitted(citizen_of(city))
    given = {"ticketId": ticket["id"], "grade": "KEY", "reason": "群众反映强烈"}
    order = await boss.mutate("openSupervision", "supervision { id }", "", given)
    await city.caller("handler", unit=STREET).do("contestDispatch", ticketId=ticket["id"], **WORDS)
    queues = """{ supervisions(first: 100) { nodes { id } }
      contests(first: 100) { nodes { ticket { code } } } }"""

    async def seen(who: Any) -> tuple[bool, bool]:
        found = await who.send(queues)
        contests = [one["ticket"]["code"] for one in found["contests"]["nodes"] if one["ticket"]]
        orders = [one["id"] for one in found["supervisions"]["nodes"]]
        return order["id"] in orders, ticket["code"] in contests

    assert await seen(relative) == (True, True)
    await relative.do("recuse", ticketId=ticket["id"], reason="亲属")
    assert await seen(relative) == (False, False)
    assert await seen(boss) == (True, True)
    ruling = {"orderId": order["id"], "ruling": "SATISFIED", "reason": "已阅"}
    refused = await relative.mutate("closeSupervision", "supervision { id }", "", ruling)
    assert refused["code"] == "NOT_FOUND"


async def test_what_a_citizen_says_of_a_rework_is_masked_for_units(city: Hotline) -> None:
    citizen = citizen_of(city)
    ticket = await submitted(citizen, confidential=True)
    await replied(city, ticket)
    words = "还没修好，请打我电话 138-0000-0001。"
    unsolved = {"resolved": False, "satisfaction": "DISSATISFIED", "remark": words}
    assert (await judged(citizen, ticket, **unsolved))["round"] == 2
    document = "query($c: String!) { ticket(code: $c) { assignments { reason } } }"
    for who, hidden in (("agent", False), ("handler", True)):
        caller = city.caller(who, unit=STREET if who == "handler" else None)
        told = str(await caller.send(document, c=ticket["code"]))
        assert ("0000" not in told) is hidden and "还没修好" in told
