"""An emergency line is opened, takes what matches at once, and closes without an orphan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.dispatch import intake
from domain.dispatch.city import City
from domain.kernel.actor import Actor, Role
from tests.loop.steps import STREET, citizen_of, replied, submitted
from tests.support.city import Caller, Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

ICE = {"title": "路面结冰", "content": "小区门口积雪没有清，老人已经摔了两个。"}
LINE = {
    "code": "SNOW",
    "name": "扫雪铲冰",
    "level": "L2",
    "keywords": ["积雪", "结冰"],
    "areas": ["110105"],
    "reason": "暴雪橙色预警",
}
FIELDS = "line { id code taken version openedAt closesAt closedAt closingRemark }"
QUEUE = """query($f: TicketFilter) {
  tickets(first: 50, orderBy: DEADLINE_ASC, filter: $f) { nodes { code level } } }"""
TICKET = """query($c: String!) { ticket(code: $c) { status level deadline lead { code }
  line { code } history(first: 30) { nodes { kind } } } }"""


async def opened(caller: Caller, **given: Any) -> Any:
    return await caller.mutate("openEmergencyLine", FIELDS, "", LINE | given)


async def closed(caller: Caller, line: dict[str, Any], **given: Any) -> Any:
    return await caller.mutate("closeEmergencyLine", FIELDS, "", {"lineId": line["id"], **given})


async def queue(caller: Caller, **wanted: Any) -> list[str]:
    found = await caller.send(QUEUE, f=wanted or None)
    return [ticket["code"] for ticket in found["tickets"]["nodes"]]


async def seen(caller: Caller, ticket: dict[str, Any]) -> Any:
    return (await caller.send(TICKET, c=ticket["code"]))["ticket"]


async def test_what_matches_goes_first_at_the_lines_level_and_at_once(city: Hotline) -> None:
    supervisor, handler = city.caller("supervisor"), city.caller("handler", unit=STREET)
    leak = {"title": "燃气泄漏", "content": "楼道里闻到燃气味，很浓。"}
    urgent = await submitted(citizen_of(city), **leak)
    before = await submitted(citizen_of(city), **ICE)
    far = await submitted(citizen_of(city), **ICE, address="海淀区八里庄街道1号楼")
    assert (urgent["level"], before["level"]) == ("L1", "L3")
    line = await opened(supervisor)
    assert "message" not in line, line
    await city.fire()
    after = await submitted(citizen_of(city), **ICE)
    await submitted(citizen_of(city))

    for ticket in (before, after):
        there = await seen(supervisor, ticket)
        assert (there["level"], there["line"], there["lead"]["code"]) == (
            "L2", {"code": "SNOW"}, STREET,
        )  # fmt: skip
        assert "JOIN_LINE" in [event["kind"] for event in there["history"]["nodes"]]
    assert (await seen(supervisor, before))["deadline"] < before["deadline"]
    assert (await seen(supervisor, far))["line"] is None
    mine, first = await queue(handler, status=["DISPATCHED"]), {before["code"], after["code"]}
    assert set(mine[:2]) == first
    assert urgent["code"] in mine[2:]
    assert set(await queue(supervisor, line="SNOW")) == first
    found = await supervisor.send("{ emergencyLines(open: true) { nodes { code taken } } }")
    assert found["emergencyLines"]["nodes"] == [{"code": "SNOW", "taken": 2}]

    done = await closed(supervisor, line, remark="预警解除")
    assert done["closedAt"]
    assert done["closingRemark"] == "预警解除"
    await city.fire()
    for ticket in (before, after):
        there = await seen(supervisor, ticket)
        assert (there["level"], there["lead"]["code"]) == ("L2", STREET)
        assert there["status"] == "DISPATCHED"
    assert (await queue(handler, status=["DISPATCHED"]))[0] == urgent["code"]
    later = await submitted(citizen_of(city), **ICE)
    assert (later["level"], (await seen(supervisor, later))["line"]) == ("L3", None)


async def test_its_callbacks_go_first_while_it_is_open(city: Hotline) -> None:
    supervisor, agent = city.caller("supervisor"), city.caller("agent")
    ordinary = await submitted(citizen_of(city))
    await replied(city, ordinary)
    line = await opened(supervisor)
    icy = await submitted(citizen_of(city), **ICE)
    await replied(city, icy)
    city.clock.advance(timedelta(days=2))

    async def calls() -> list[str]:
        found = await agent.send("{ callbacks(first: 50) { nodes { dueAt ticket { code } } } }")
        return [call["ticket"]["code"] for call in found["callbacks"]["nodes"]]

    assert (await calls())[0] == icy["code"]
    await closed(supervisor, line)
    await city.fire()
    found = await agent.send("{ callbacks(first: 50) { nodes { dueAt } } }")
    times = [call["dueAt"] for call in found["callbacks"]["nodes"]]
    assert times == sorted(times)
    assert ordinary["code"] in await calls()


async def test_it_closes_by_itself_and_may_be_kept_open(city: Hotline) -> None:
    supervisor, begin = city.caller("supervisor"), city.clock.now()
    line = await opened(supervisor, closesAt=(begin + timedelta(hours=2)).isoformat())
    longer = await supervisor.mutate(
        "extendEmergencyLine", FIELDS, "",
        {"lineId": line["id"], "closesAt": (begin + timedelta(hours=4)).isoformat(),
         "expectedVersion": line["version"]},
    )  # fmt: skip
    assert longer["version"] == line["version"] + 1
    city.clock.advance(timedelta(hours=3))
    await city.fire()
    icy = await submitted(citizen_of(city), **ICE)
    assert (await seen(supervisor, icy))["line"] == {"code": "SNOW"}
    stale = await closed(supervisor, line, expectedVersion=line["version"])
    assert stale["__typename"] == "Conflict"
    city.clock.advance(timedelta(hours=2))
    await city.fire()
    found = await supervisor.send("{ emergencyLines(open: true) { nodes { code } } }")
    assert found["emergencyLines"]["nodes"] == []
    assert (await closed(supervisor, line))["__typename"] == "NotPossibleNow"
    assert (await city.row("select count(*) from ticket where priority = 0"))["count"] == 0


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"keywords": []}, "categories"),
        ({"categories": ["NOWHERE"]}, "categories.0"),
        ({"areas": ["110105", "nowhere"]}, "areas.1"),
        ({"code": "雪"}, "code"),
        ({"name": " "}, "name"),
        ({"keywords": ["雪"] * 51}, "keywords"),
        ({"closesAt": "2020-01-01T00:00:00+08:00"}, "closesAt"),
    ],
)
async def test_a_wrong_line_is_refused_whole(
    city: Hotline, given: dict[str, Any], path: str
) -> None:
    before = await city.row("select count(*) from emergency_line")
    refused = await opened(city.caller("supervisor"), **given)
    assert refused["__typename"] == "InvalidInput", refused
    assert path in [field["path"] for field in refused["fields"]]
    assert await city.row("select count(*) from emergency_line") == before


async def test_one_line_of_a_code_and_only_by_the_desk(city: Hotline) -> None:
    line = await opened(city.caller("admin"), code="FLOOD")
    assert (await opened(city.caller("supervisor"), code="FLOOD"))["__typename"] == "Conflict"
    for role in ("agent", "evaluator"):
        assert (await closed(city.caller(role), line))["__typename"] == "NotAllowed"
    handler = city.caller("handler", unit=STREET)
    assert (await opened(handler, code="OTHER"))["__typename"] == "NotAllowed"
    assert (await closed(citizen_of(city), line))["__typename"] == "NotAllowed"
    assert "message" not in await closed(city.caller("supervisor"), line)


async def test_a_submission_that_is_under_way_is_neither_missed_nor_left_behind(
    city: Hotline,
) -> None:
    """It saw the line as it was when it began, and commits when the line is long another."""
    supervisor, submission = (
        city.caller("supervisor"),
        intake.Submission(
            **ICE, address="朝阳区八里庄街道12号楼", contact=intake.ContactDetails("13800000077")
        ),
    )
    rules = city.rules
    own = City("beijing", lambda: rules)
    agent = Actor(Role.AGENT, "agent")

    async def priority_of(ticket: UUID) -> int:
        found = await city.row("select priority from ticket where id = :id", id=ticket)
        return int(found["priority"])

    async with city.database.unit_of_work(agent) as slow:
        missed = await intake.submit_ticket(slow, own, city.protection, submission)
        await slow.flush()
        line = await opened(supervisor)
        await city.fire()
    assert await priority_of(missed) == 1, "the sweep could not see it"
    city.clock.advance(timedelta(minutes=2))
    await city.fire()
    assert await priority_of(missed) == 0
    async with city.database.unit_of_work(agent) as slow:
        late = await intake.submit_ticket(slow, own, city.protection, submission)
        await slow.flush()
        await closed(supervisor, line)
        await city.fire()
    assert await priority_of(late) == 0, "nobody could see it to let it go"
    city.clock.advance(timedelta(minutes=2))
    await city.fire()
    assert await priority_of(late) == 1
