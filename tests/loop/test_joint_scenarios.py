"""Several units on one ticket, through GraphQL as each of them (S, B14)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.loop.steps import STREET, at, citizen_of, judged, replied, submitted
from tests.support.city import Caller, Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEAD, JOINT, HELPER = "110105", "BJ-ZJW", "BJ-SWJ"
PARTS = """query($code: String!) { ticket(code: $code) { status availableActions assignments {
  role unit { code } acceptedAt contactedAt repliedAt reply resolved progress excuse overdueAt
  warnedAt deadline endedAt request explanation segments { clock kind limit }
} history(first: 50) { nodes { kind unit { code } remark } } } }"""


async def parts(caller: Caller, ticket: Any, role: str) -> list[Any]:
    """The present parts of that role, as the caller sees them."""
    seen = (await caller.send(PARTS, code=ticket["code"]))["ticket"]
    return [
        part for part in seen["assignments"] if part["role"] == role and part["endedAt"] is None
    ]


async def given_to_two(city: Hotline, **more: Any) -> Any:
    """A ticket that the street leads, with a joint task of a department."""
    ticket = await submitted(citizen_of(city))
    given = {"unitCode": STREET, "jointUnitCodes": [JOINT], **more}
    return await city.caller("agent").do("dispatchTicket", ticketId=ticket["id"], **given)


async def test_the_lead_waits_for_the_joint_unit(city: Hotline) -> None:
    ticket = await given_to_two(city)
    lead, beside = city.caller("handler", unit=STREET), city.caller("handler", unit=JOINT)
    one = {"ticketId": ticket["id"]}
    assert (await beside.ticket(ticket["code"]))["availableActions"] == ["ACCEPT_TASK", "RECUSE"]
    await lead.do("acceptTicket", **one)
    refused = await lead.do("replyToTicket", **one, content="已修", resolved=True)
    assert refused["code"] == "NOT_POSSIBLE_NOW" and "住房和城乡建设" in refused["message"]
    assert (await lead.ticket(ticket["code"]))["replies"] == [], "nothing was written"
    early = await beside.do("replyToTicket", **one, content="已查", resolved=True)
    assert early["code"] == "NOT_POSSIBLE_NOW", "accepted first"
    done = await beside.do("acceptTicket", **one)
    assert done["status"] == "ACCEPTED"
    steps = ["RECORD_TASK_CONTACT", "REPLY_TO_TASK", "REPORT_PROGRESS", "RECUSE"]
    assert done["availableActions"] == steps
    assert (await beside.do("acceptTicket", **one))["code"] == "NOT_POSSIBLE_NOW"
    await beside.do("recordContact", **one, note="已联系")
    assert (await lead.ticket(ticket["code"]))["status"] == "ACCEPTED"
    row = await city.row("select contacted_at from ticket where id = :id", id=uuid_of(ticket))
    assert row["contacted_at"] is None, "the lead's own contact is still due"
    await beside.do("replyToTicket", **one, content="已鉴定房屋", resolved=True)
    [task] = await parts(lead, ticket, "JOINT")
    assert (task["reply"], task["resolved"]) == ("已鉴定房屋", True)
    assert [kind for kind, *_ in await city.timers(ticket)] == ["CONTACT", "REPLY"]
    final = await lead.do("replyToTicket", **one, content="已修", resolved=True)
    assert final["status"] == "REPLIED" and len(final["replies"]) == 1


async def test_a_citizen_sees_nothing_of_what_the_offices_tell_each_other(city: Hotline) -> None:
    owner = citizen_of(city)
    ticket = await submitted(owner)
    agent, beside = city.caller("agent"), city.caller("handler", unit=JOINT)
    one = {"ticketId": ticket["id"]}
    await agent.do("dispatchTicket", **one, unitCode=STREET, jointUnitCodes=[JOINT])
    await beside.do("acceptTicket", **one)
    await beside.do("reportProgress", **one, progress="等鉴定报告")
    assert "等鉴定报告" in str(await beside.send(PARTS, code=ticket["code"]))
    assert "等鉴定报告" not in str(await owner.send(PARTS, code=ticket["code"]))


async def test_a_late_joint_task_is_late_on_its_own_and_can_be_excused(city: Hotline) -> None:
    ticket = await given_to_two(city)
    lead, beside = city.caller("handler", unit=STREET), city.caller("handler", unit=JOINT)
    one = {"ticketId": ticket["id"]}
    await lead.do("acceptTicket", **one)
    await beside.do("acceptTicket", **one)
    [task] = await parts(lead, ticket, "JOINT")
    assert at(task["deadline"]) == at(ticket["deadline"]), "the same level at the same time"
    assert task["explanation"].startswith("自11月23日10:00派单起")
    city.move(at(task["deadline"]) + timedelta(minutes=1))
    await city.fire()
    [task] = await parts(lead, ticket, "JOINT")
    assert task["warnedAt"] and task["overdueAt"]
    events = (await lead.send(PARTS, code=ticket["code"]))["ticket"]["history"]["nodes"]
    late = [event for event in events if event["kind"] == "TASK_OVERDUE"]
    assert {event["unit"]["code"] for event in late} == {JOINT}
    supervisor = city.caller("supervisor")
    for caller in (lead, city.caller("agent")):
        refused = await caller.do("excuseJointUnit", **one, unitCode=JOINT, reason="无关")
        assert refused["code"] == "NOT_ALLOWED"
    wrong = await supervisor.do("excuseJointUnit", **one, unitCode=HELPER, reason="无关")
    assert [fault["path"] for fault in wrong["fields"]] == ["unitCode"]
    await supervisor.do("excuseJointUnit", **one, unitCode=JOINT, reason="查明与其无关")
    assert (await beside.ticket(ticket["code"]))["availableActions"] == ["RECUSE"]
    done = await lead.do("replyToTicket", **one, content="已修", resolved=True)
    assert done["status"] == "REPLIED" and await city.timers(ticket) == []


async def test_a_new_level_moves_the_joint_clocks_too(city: Hotline) -> None:
    ticket = await given_to_two(city)
    agent = city.caller("agent")
    done = await agent.do("classifyTicket", ticketId=ticket["id"], level="L1", reason="险情")
    [task] = await parts(agent, ticket, "JOINT")
    assert at(task["deadline"]) == at(done["deadline"]) < at(ticket["deadline"])
    assert len(task["segments"]) == 6


async def test_a_new_dispatch_ends_all_parts_and_their_timers(city: Hotline) -> None:
    ticket = await given_to_two(city, coHandlerCodes=[HELPER])
    one = {"ticketId": ticket["id"]}
    await city.caller("handler", unit=JOINT).do("acceptTicket", **one)
    await city.caller("agent").do("dispatchTicket", **one, unitCode=LEAD)
    agent = city.caller("agent")
    assert await parts(agent, ticket, "JOINT") == await parts(agent, ticket, "CO_HANDLER") == []
    armed = await city.rows(
        "select kind from timer where subject_id = :id and fired_at is null", id=uuid_of(ticket)
    )
    assert {row["kind"] for row in armed} == {"clock.ACCEPT", "clock.CONTACT", "clock.REPLY"}
    for unit in (JOINT, HELPER):
        seen = await city.caller("handler", unit=unit).ticket(ticket["code"])
        assert seen is not None and seen["availableActions"] == []


async def test_a_rework_asks_the_joint_units_again_where_the_city_says_so(city: Hotline) -> None:
    ticket = await given_to_two(city)
    beside, one = city.caller("handler", unit=JOINT), {"ticketId": ticket["id"]}
    await beside.do("acceptTicket", **one)
    await beside.do("replyToTicket", **one, content="已查", resolved=True)
    done = await judged(city.caller("agent"), await replied(city, ticket), resolved=False)
    assert (done["status"], done["round"]) == ("DISPATCHED", 2)
    [task] = await parts(beside, ticket, "JOINT")
    assert task["acceptedAt"] is None and at(task["deadline"]) == at(done["deadline"])


async def test_every_fault_of_a_joint_dispatch_is_told_at_once(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    given = {"jointUnitCodes": [JOINT, "nowhere", JOINT], "coHandlerCodes": [STREET, JOINT]}
    one = {"ticketId": ticket["id"], "unitCode": STREET}
    refused = await city.caller("agent").do("dispatchTicket", **one, **given)
    assert [fault["path"] for fault in refused["fields"]] == [
        "jointUnitCodes.1", "jointUnitCodes.2", "coHandlerCodes.0", "coHandlerCodes.1",
    ]  # fmt: skip
    assert (await city.caller("agent").ticket(ticket["code"]))["version"] == ticket["version"]


async def test_who_helps_tells_what_it_did_and_the_lead_answers(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    lead, helper = city.caller("handler", unit=STREET), city.caller("handler", unit=HELPER)
    one = {"ticketId": ticket["id"]}
    assert await helper.ticket(ticket["code"]) is None
    due = (city.clock.now() + timedelta(days=1)).isoformat()
    past = (city.clock.now() - timedelta(days=1)).isoformat()
    asked = {**one, "unitCodes": [HELPER], "request": "请排水"}
    assert (await lead.do("askCoHandler", **asked, dueAt=past))["code"] == "INVALID_INPUT"
    assert await helper.ticket(ticket["code"]) is None, "what was refused shows nothing"
    await lead.do("askCoHandler", **asked, dueAt=due)
    assert (await lead.do("askCoHandler", **asked))["code"] == "INVALID_INPUT", "once"
    done = await helper.do("recordAssistance", **one, what="已抽水")
    assert done["status"] == "DISPATCHED"
    assert done["availableActions"] == ["RECORD_ASSISTANCE", "RECUSE"]
    assert (await helper.do("replyToTicket", **one, content="答", resolved=True))["code"] == (
        "NOT_ALLOWED"
    )
    [part] = await parts(lead, ticket, "CO_HANDLER")
    assert part["progress"] == "已抽水" and at(part["deadline"]) == at(due)


async def test_nobody_pushes_work_down_to_the_grassroots(city: Hotline) -> None:
    """B17, N: a department asks no street, nobody a community; the centre may, and answers."""
    ticket = await submitted(citizen_of(city))
    one = {"ticketId": ticket["id"]}
    agent, lead = city.caller("agent"), city.caller("handler", unit=STREET)
    asked = {**one, "request": "请协助"}
    [community, *_] = await communities(city, STREET)
    down = await lead.do("askCoHandler", **asked, unitCodes=[HELPER, community])
    assert [fault["path"] for fault in down["fields"]] == ["unitCodes.1"]
    assert (await lead.do("askCoHandler", **asked, unitCodes=["110105014"]))["id"], "sideways"
    await agent.do("dispatchTicket", **one, unitCode=JOINT)
    above = city.caller("handler", unit=JOINT)
    down = await above.do("askCoHandler", **asked, unitCodes=[STREET])
    assert [fault["path"] for fault in down["fields"]] == ["unitCodes.0"]
    assert await parts(agent, ticket, "CO_HANDLER") == [], "nothing was asked of anybody"
    assert (await above.do("askCoHandler", **asked, unitCodes=[HELPER]))["id"]
    assert (await agent.do("askCoHandler", **asked, unitCodes=[STREET]))["id"]


async def communities(city: Hotline, street: str) -> list[str]:
    rows = await city.rows(
        "select c.code from unit c join unit s on s.id = c.parent_id where s.code = :s "
        "and c.level = 'COMMUNITY' order by c.code limit 2",
        s=street,
    )
    return [row["code"] for row in rows]


async def test_a_street_hands_down_to_its_own_community_only(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    lead, one = city.caller("handler", unit=STREET), {"ticketId": ticket["id"]}
    [own, sister], [other, _] = (
        await communities(city, STREET),
        await communities(city, "110106001"),
    )
    given = {**one, "instruction": "请上门"}
    for code in (other, STREET, JOINT, "nowhere"):
        refused = await lead.do("handDown", **given, communityCode=code)
        assert [fault["path"] for fault in refused["fields"]] == ["communityCode"], code
    assert await city.caller("handler", unit=other).ticket(ticket["code"]) is None
    await lead.do("handDown", **given, communityCode=own)
    community = city.caller("handler", unit=own)
    seen = await community.ticket(ticket["code"])
    assert seen["lead"]["code"] == STREET
    assert seen["availableActions"] == ["RECORD_ASSISTANCE", "GIVE_BACK", "RECUSE"]
    assert await city.caller("handler", unit=sister).ticket(ticket["code"]) is None
    await community.do("giveBack", **one, result="居民同意周末施工")
    assert (await community.do("giveBack", **one, result="再交"))["code"] == "NOT_ALLOWED"
    assert (await lead.do("acceptTicket", **one))["status"] == "ACCEPTED"


async def test_a_report_is_not_handed_down_nor_by_a_district(city: Hotline) -> None:
    [own, _] = await communities(city, STREET)
    secret = await submitted(citizen_of(city), kind="REPORT")
    given = {"communityCode": own, "instruction": "请上门"}
    lead = city.caller("handler", unit=STREET)
    refused = await lead.do("handDown", ticketId=secret["id"], **given)
    assert refused["code"] == "NOT_POSSIBLE_NOW"
    ticket = await submitted(citizen_of(city), address="朝阳区")
    above = city.caller("handler", unit=LEAD)
    refused = await above.do("handDown", ticketId=ticket["id"], **given)
    assert refused["code"] == "NOT_POSSIBLE_NOW"
    assert "HAND_DOWN" not in (await above.ticket(ticket["code"]))["availableActions"]
    for hidden in (secret, ticket):
        assert await city.caller("handler", unit=own).ticket(hidden["code"]) is None


async def test_a_unit_with_an_open_part_is_not_retired(city: Hotline) -> None:
    ticket = await given_to_two(city, jointUnitCodes=["BJ-YJJ"])
    unit = await city.row("select id from unit where code = 'BJ-YJJ'")
    admin = city.caller("admin")
    refused = await admin.change("retireUnit", unitId=f"Unit_{unit['id']}")
    assert refused["codes"] == [ticket["code"]]
    await city.caller("supervisor").do(
        "excuseJointUnit", ticketId=ticket["id"], unitCode="BJ-YJJ", reason="撤并"
    )
    assert (await admin.change("retireUnit", unitId=f"Unit_{unit['id']}"))["active"] is False


async def test_the_lead_and_a_joint_unit_reply_at_once(city: Hotline) -> None:
    """In whichever order they come, the lead's reply is never before the joint one's."""
    for _ in range(3):
        ticket = await given_to_two(city)
        lead, beside = city.caller("handler", unit=STREET), city.caller("handler", unit=JOINT)
        one = {"ticketId": ticket["id"]}
        await lead.do("acceptTicket", **one)
        await beside.do("acceptTicket", **one)
        words = {"content": "已办", "resolved": True}
        both = [caller.do("replyToTicket", **one, **words) for caller in (lead, beside)]
        of_lead, of_joint = await asyncio.gather(*both)
        assert "code" in of_joint and "message" not in of_joint
        events = (await lead.send(PARTS, code=ticket["code"]))["ticket"]["history"]["nodes"]
        kinds = [event["kind"] for event in events]
        assert kinds.count("REPLY_TO_TASK") == 1
        if "message" in of_lead:
            assert of_lead["code"] == "NOT_POSSIBLE_NOW" and "REPLY" not in kinds
        else:
            assert kinds.index("REPLY_TO_TASK") < kinds.index("REPLY")


async def test_two_handlers_of_a_joint_unit_accept_at_once(city: Hotline) -> None:
    ticket = await given_to_two(city)
    pair = [city.caller("handler", unit=JOINT, subject=name) for name in ("one", "two")]
    done = await asyncio.gather(*(each.do("acceptTicket", ticketId=ticket["id"]) for each in pair))
    assert sorted("message" in each for each in done) == [False, True]
    events = (await pair[0].send(PARTS, code=ticket["code"]))["ticket"]["history"]["nodes"]
    assert [event["kind"] for event in events].count("ACCEPT_TASK") == 1
