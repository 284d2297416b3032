"""并单、拆单 of what several units work on, or whose clocks stand: nothing is left behind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loop.promises import promises_hold
from tests.loop.steps import DISTRICT, STREET, citizen_of, judged, replied, submitted
from tests.support.city import Caller, Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOINT, HELPER, SISTER = "BJ-ZJW", "BJ-SWJ", "110105014"
UNSOLVED = {"resolved": False, "satisfaction": "DISSATISFIED"}
PARTS = [
    {"title": "路灯", "content": "路灯不亮", "unitCode": STREET},
    {"title": "路面", "content": "路面不平", "unitCode": SISTER},
]


async def hold(city: Hotline, *tickets: Any) -> None:
    await promises_hold(city.database, city.rules, [uuid_of(ticket) for ticket in tickets])


def present(ticket: Any) -> set[tuple[str, str]]:
    """The parts that have not ended, but for copies."""
    return {
        (part["role"], part["unit"]["code"])
        for part in ticket["assignments"]
        if part["endedAt"] is None and part["role"] != "COPY"
    }


async def with_joint(city: Hotline, citizen: Caller, **more: Any) -> Any:
    """A ticket that the street leads, with a joint task of a department."""
    ticket = await submitted(citizen)
    given = {"unitCode": STREET, "jointUnitCodes": [JOINT], **more}
    return await city.caller("agent").do("dispatchTicket", ticketId=ticket["id"], **given)


async def merge(city: Hotline, ticket: Any, primary: Any) -> Any:
    given = {"ticketId": ticket["id"], "primaryId": primary["id"], "reason": "同一楼道"}
    return await city.caller("agent").do("mergeTicket", **given)


async def joint_reply(city: Hotline, ticket: Any) -> None:
    beside, one = city.caller("handler", unit=JOINT), {"ticketId": ticket["id"]}
    await beside.do("acceptTicket", **one)
    await beside.do("replyToTicket", **one, content="已查", resolved=True)


async def test_a_merge_ends_what_every_unit_was_asked_for(city: Hotline) -> None:
    agent, street = city.caller("agent"), city.caller("handler", unit=STREET)
    beside = city.caller("handler", unit=JOINT)
    primary = await submitted(citizen_of(city))
    ticket = await with_joint(city, citizen_of(city), coHandlerCodes=[HELPER])
    one = {"ticketId": ticket["id"]}
    await street.do("acceptTicket", **one)
    await beside.do("acceptTicket", **one)
    await street.do("requestExtension", **one, limit="P3WD", reason="等待配件")
    call = {"purpose": "会商", "place": "东门", "at": "2026-11-24T10:00:00+08:00"}
    await street.mutate("whistle", "whistle { id }", "", {**one, **call, "unitCodes": [DISTRICT]})
    assert len(await city.timers(ticket)) > 3
    done = await merge(city, ticket, primary)
    assert (done["status"], present(done), done["deadline"]) == ("MERGED", set(), None)
    assert await city.timers(ticket) == []
    asked = await city.rows("select status from extension where ticket_id = :t", t=uuid_of(ticket))
    assert [row["status"] for row in asked] == ["LAPSED"]
    refused = await beside.do("replyToTicket", **one, content="已查", resolved=True)
    assert refused["code"] == "NOT_ALLOWED", "its task is over"
    states = "query($c: String!) { ticket(code: $c) { clock { clocks { state } } } }"
    seen = (await agent.send(states, c=ticket["code"]))["ticket"]["clock"]["clocks"]
    assert {clock["state"] for clock in seen} == {"DONE"}
    await hold(city, primary, ticket)
    back = await agent.do("unmergeTicket", **one, reason="另有事项")
    assert back["status"] == "DISPATCHED"
    assert present(back) == {("LEAD", STREET), ("JOINT", JOINT)}, "as it was; help is asked anew"
    assert (await beside.ticket(ticket["code"]))["availableActions"] == ["ACCEPT_TASK", "RECUSE"]
    await hold(city, primary, ticket)


async def test_a_suspended_or_contested_ticket_is_not_merged_but_is_followed(city: Hotline) -> None:
    street, district = (city.caller("handler", unit=code) for code in (STREET, DISTRICT))
    first = citizen_of(city)
    primary, other = await with_joint(city, first), await submitted(citizen_of(city))
    one = {"ticketId": primary["id"]}
    await street.do("acceptTicket", **one)
    plan = {"measures": "分步整改", "reviewOn": "2026-12-10", "reason": "待供货"}
    assert (await district.do("suspendTicket", **one, **plan))["status"] == "SUSPENDED"
    contested = await submitted(citizen_of(city))
    words = {"ground": "WRONG_AREA", "reason": "不在辖区"}
    await street.do("contestDispatch", ticketId=contested["id"], **words)
    for held in (primary, contested):
        refused = await merge(city, held, other)
        assert refused["code"] == "NOT_POSSIBLE_NOW", "its review or ruling comes first"
    people = [citizen_of(city) for _ in range(2)]
    heir, last = [await submitted(who) for who in people]
    for follower in (heir, last):
        assert (await merge(city, follower, primary))["status"] == "MERGED"
    assert (await first.do("withdrawTicket", **one))["status"] == "WITHDRAWN"
    assert await city.timers(primary) == []
    heir = await people[0].ticket(heir["code"])
    assert heir["status"] == "DISPATCHED"
    assert present(heir) == {("LEAD", STREET), ("JOINT", JOINT)}, "who worked on it goes on"
    assert (await people[1].ticket(last["code"]))["following"]["status"] == "DISPATCHED"
    await hold(city, primary, contested, heir, last)


async def test_a_followers_unsolved_gives_the_joint_units_their_tasks_again(city: Hotline) -> None:
    agent = city.caller("agent")
    primary, follower = await with_joint(city, citizen_of(city)), await submitted(citizen_of(city))
    await merge(city, follower, primary)
    await joint_reply(city, primary)
    await replied(city, primary)
    await judged(agent, follower, **UNSOLVED)
    back = await agent.ticket(primary["code"])
    assert (back["status"], back["round"]) == ("DISPATCHED", 2)
    assert present(back) == {("LEAD", STREET), ("JOINT", JOINT)}
    await hold(city, primary, follower)


async def test_a_follower_that_goes_on_alone_takes_the_joint_units_along(city: Hotline) -> None:
    agent = city.caller("agent")
    primary, follower = await with_joint(city, citizen_of(city)), await submitted(citizen_of(city))
    await merge(city, follower, primary)
    await joint_reply(city, primary)
    await replied(city, primary)
    assert (await judged(agent, primary))["status"] == "CLOSED"
    alone = await judged(agent, follower, **UNSOLVED)
    assert (alone["status"], alone["round"]) == ("DISPATCHED", 2)
    assert present(alone) == {("LEAD", STREET), ("JOINT", JOINT)}
    await hold(city, primary, follower)


async def test_the_centre_concludes_when_the_joint_units_have_replied(city: Hotline) -> None:
    agent, supervisor = city.caller("agent"), city.caller("supervisor")
    whole = await with_joint(city, citizen_of(city))
    one = {"ticketId": whole["id"]}
    await agent.do("splitTicket", **one, parts=PARTS, reason="两件事")
    codes = "query($c: String!) { ticket(code: $c) { parts { code } } }"
    found = (await agent.send(codes, c=whole["code"]))["ticket"]["parts"]
    parts = [await agent.ticket(part["code"]) for part in found]
    for part, unit in zip(parts, (STREET, SISTER), strict=True):
        await replied(city, part, unit)
    answer = {**one, "content": "都好了", "resolved": True}
    for who in (agent, supervisor):
        assert "CONCLUDE" not in (await who.ticket(whole["code"]))["availableActions"]
        early = await who.do("concludeTicket", **answer)
        assert early["code"] == "NOT_POSSIBLE_NOW" and "住房和城乡建设" in early["message"]
    await supervisor.do("excuseJointUnit", **one, unitCode=JOINT, reason="查明与其无关")
    assert "CONCLUDE" in (await agent.ticket(whole["code"]))["availableActions"]
    done = await agent.do("concludeTicket", **answer)
    assert done["status"] == "REPLIED" and await city.timers(whole) == []
    await hold(city, whole, *parts)


async def test_the_parts_of_a_ticket_on_an_emergency_line_stand_on_it_too(city: Hotline) -> None:
    supervisor = city.caller("supervisor")
    line = {"code": "DARK", "name": "照明抢修", "level": "L1", "keywords": ["整条街停电"]}
    opened = await supervisor.mutate(
        "openEmergencyLine", "line { id }", "", {**line, "reason": "大风"}
    )
    assert "message" not in opened, opened
    ticket = await submitted(citizen_of(city), content="整条街停电，路面也不平。")
    done = await city.caller("agent").do(
        "splitTicket", ticketId=ticket["id"], parts=PARTS, reason="两件事"
    )
    assert done["status"] == "DISPATCHED"
    rows = await city.rows(
        "select level, priority, line_id from ticket where :t in (id, part_of_id)",
        t=uuid_of(ticket),
    )
    assert len(rows) == 3 and len({row["line_id"] for row in rows}) == 1
    assert {(row["level"], row["priority"]) for row in rows} == {("L1", 0)}
    await supervisor.mutate("closeEmergencyLine", "line { id }", "", {"lineId": opened["id"]})
