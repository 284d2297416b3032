"""The clocks of joint tasks move with the lead's: a level, a stop, an emergency line, holidays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.loop.promises import promises_hold
from tests.loop.steps import DISTRICT, STREET, at, citizen_of, submitted
from tests.support.cities import local
from tests.support.city import Caller, Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOINT = "BJ-ZJW"
PLAN = {"measures": "更换整栋供暖管道，分三段施工", "reason": "材料须订制"}
TASK = """query($code: String!) { ticket(code: $code) { assignments { role unit { code }
  deadline warnedAt overdueAt endedAt explanation
  segments { clock kind cause deadline } } history(first: 60) {
  nodes { kind unit { code } } } } }"""


async def given(city: Hotline, **more: Any) -> tuple[Any, Caller]:
    """A ticket that the street leads beside a joint unit, both at work; and the joint unit."""
    ticket = await submitted(citizen_of(city), **more)
    one = {"ticketId": ticket["id"]}
    agent = city.caller("agent")
    ticket = await agent.do("dispatchTicket", **one, unitCode=STREET, jointUnitCodes=[JOINT])
    await city.caller("handler", unit=STREET).do("acceptTicket", **one)
    joint = city.caller("handler", unit=JOINT)
    await joint.do("acceptTicket", **one)
    return ticket, joint


async def seen(city: Hotline, ticket: dict[str, Any]) -> tuple[Any, list[str]]:
    """The joint task as the centre sees it, and the kinds of entries in its unit's name."""
    found = (await city.caller("supervisor").send(TASK, code=ticket["code"]))["ticket"]
    [task] = [one for one in found["assignments"] if one["role"] == "JOINT"]
    history = [one for one in found["history"]["nodes"] if (one["unit"] or {}).get("code") == JOINT]
    return task, [one["kind"] for one in history]


async def armed(city: Hotline, ticket: dict[str, Any]) -> set[tuple[str, str]]:
    """The points that are armed for the joint task's clocks."""
    found = await city.timers(ticket)
    return {(kind, point) for kind, point, _ in found if kind.startswith("task.")}


async def sound(city: Hotline, ticket: dict[str, Any]) -> None:
    await promises_hold(city.database, city.rules, [uuid_of(ticket)])


async def test_a_suspension_stops_the_task_too_and_nothing_of_its_time_is_lost(
    city: Hotline,
) -> None:
    ticket, _ = await given(city)
    before, _ = await seen(city, ticket)
    city.move(local("2026-11-23 12:30"))
    above = city.caller("handler", unit=DISTRICT)
    done = await above.do("suspendTicket", ticketId=ticket["id"], reviewOn="2026-12-10", **PLAN)
    assert done["status"] == "SUSPENDED", done
    task, _ = await seen(city, ticket)
    assert task["deadline"] is None and "停止计时" in task["explanation"]
    assert task["segments"][-1] == {
        "clock": "REPLY", "kind": "SUSPENSION", "cause": "SUSPENSION", "deadline": None,
    }  # fmt: skip
    assert await armed(city, ticket) == set()
    await sound(city, ticket)
    city.move(local("2026-12-05 12:30"))
    await city.fire()
    assert (await seen(city, ticket))[1].count("TASK_OVERDUE") == 0, "no card while it stands"
    await above.do("resumeTicket", ticketId=ticket["id"])
    task, _ = await seen(city, ticket)
    assert at(task["deadline"]) - at(before["deadline"]) == timedelta(days=12)
    assert await armed(city, ticket) == {("task.CONTACT", "WARNING"), ("task.REPLY", "WARNING")}
    await sound(city, ticket)


async def test_a_task_that_ran_out_before_the_stop_stays_overdue(city: Hotline) -> None:
    ticket, _ = await given(city)
    agent, one = city.caller("agent"), {"ticketId": ticket["id"]}
    city.move(local("2026-11-25 10:00"))  # two working days: both first contacts are late
    await city.fire()
    _, kinds = await seen(city, ticket)
    assert kinds.count("TASK_OVERDUE") == 1
    above = city.caller("handler", unit=DISTRICT)
    await above.do("suspendTicket", **one, reviewOn="2026-12-10", **PLAN)
    assert await armed(city, ticket) == set(), "the contact's points are told, the reply stands"
    city.move(local("2026-11-26 10:00"))
    await agent.do("classifyTicket", **one, level="L4")
    await above.do("resumeTicket", **one)
    task, kinds = await seen(city, ticket)
    assert kinds.count("TASK_OVERDUE") == kinds.count("TASK_WARN") == 1, "nobody is told twice"
    assert at(task["deadline"]) == at(ticket["submittedAt"]) + timedelta(days=16)
    await sound(city, ticket)


async def test_a_level_that_is_raised_by_an_emergency_line_moves_the_task(city: Hotline) -> None:
    ticket, _ = await given(
        city, title="路面结冰", content="小区门口积雪没有清，老人已经摔了两个。"
    )
    before, _ = await seen(city, ticket)
    line = {
        "code": "SNOW-TASK", "name": "扫雪铲冰", "level": "L2", "keywords": ["积雪"],
        "areas": [DISTRICT], "reason": "暴雪橙色预警",
    }  # fmt: skip
    supervisor = city.caller("supervisor")
    made = await supervisor.mutate("openEmergencyLine", "line { id }", "", line)
    await city.fire()
    task, _ = await seen(city, ticket)
    assert at(before["deadline"]) == at(ticket["submittedAt"]) + timedelta(days=7)
    assert at(task["deadline"]) == at(ticket["submittedAt"]) + timedelta(hours=24)
    changed = [one["clock"] for one in task["segments"] if one["kind"] == "LEVEL_CHANGE"]
    assert changed == ["CONTACT", "REPLY"], "what is done stays as it was"
    await sound(city, ticket)
    closing = {"lineId": made["id"], "remark": "雪停"}
    await supervisor.mutate("closeEmergencyLine", "line { id }", "", closing)


async def test_a_milder_level_gives_an_overdue_task_its_time_back_once(city: Hotline) -> None:
    ticket, _ = await given(city, content="楼道里闻到燃气味，很浓。")
    assert ticket["level"] == "L1"
    city.move(local("2026-11-23 13:00"))
    await city.fire()
    task, kinds = await seen(city, ticket)
    assert task["overdueAt"] and task["warnedAt"]
    assert kinds.count("TASK_OVERDUE") == 2, "contact and reply"
    agent = city.caller("agent")
    await agent.do("classifyTicket", ticketId=ticket["id"], level="L3", reason="已排除泄漏")
    task, _ = await seen(city, ticket)
    assert (task["overdueAt"], task["warnedAt"]) == (None, None)
    assert await armed(city, ticket) == {("task.CONTACT", "WARNING"), ("task.REPLY", "WARNING")}
    await agent.do("classifyTicket", ticketId=ticket["id"], level="L1", reason="又闻到")
    await city.fire()
    _, kinds = await seen(city, ticket)
    assert kinds.count("TASK_OVERDUE") == 4, "a deadline of its own, and told of once"
    await agent.do("classifyTicket", ticketId=ticket["id"], level="L2")
    await agent.do("classifyTicket", ticketId=ticket["id"], level="L1")
    await city.fire()
    await sound(city, ticket)
