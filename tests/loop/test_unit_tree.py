"""The admin changes the tree of units, and everything that hangs on it follows at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loop.steps import DISTRICT, STREET, citizen_of, replied, submitted
from tests.support.city import Caller, Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAXING = "110115"
RECURSIVE = """
    with recursive tree(id, path) as (
        select id, array[id] from unit where parent_id is null
        union all
        select u.id, t.path || u.id from unit u join tree t on u.parent_id = t.id
    )
    select count(*) as units, count(*) filter (where u.lineage = t.path) as right
    from unit u left join tree t on t.id = u.id
"""


async def unit_of(city: Hotline, code: str) -> Any:
    found = await city.nobody.send(
        "query($c: String!) { unit(code: $c) { id code name level active version "
        "parent { code } children { code } } }",
        c=code,
    )
    return found["unit"]


async def tree_of(city: Hotline) -> str:
    """A digest of the whole tree and of its revision."""
    row = await city.row(
        "select md5(string_agg(u::text, '|' order by code)) as units, "
        "(select revision from unit_tree) as revision from unit u"
    )
    return f"{row['units']} {row['revision']}"


async def made(city: Hotline, code: str, name: str, **given: Any) -> Any:
    """A new unit; a street below 朝阳区 unless said otherwise."""
    wanted = {"level": "STREET", "parentCode": DISTRICT} | given
    unit = await city.caller("admin").change("createUnit", code=code, name=name, **wanted)
    assert "message" not in unit, unit
    return unit


async def lead_of(caller: Caller, address: str) -> str | None:
    ticket = await submitted(caller, address=address)
    return None if ticket["lead"] is None else str(ticket["lead"]["code"])


async def test_a_new_street_is_routed_to_at_once_in_every_process(city: Hotline) -> None:
    citizen, address = citizen_of(city), "朝阳区星河街道3号院"
    async with city.again() as other:
        elsewhere = Caller(other, citizen.wish)
        assert await lead_of(citizen, address) == DISTRICT
        assert await lead_of(elsewhere, address) == DISTRICT
        unit = await made(city, "110105901", "星河街道", aliases=["星河新区"])
        assert (unit["level"], unit["parent"]["code"], unit["version"]) == ("STREET", DISTRICT, 1)
        for caller in (citizen, elsewhere):
            assert await lead_of(caller, address) == "110105901"
            assert await lead_of(caller, "星河新区3号院") == "110105901"
        await city.caller("admin").change("updateUnit", unitId=unit["id"], name="银河街道")
        for caller in (citizen, elsewhere):
            assert await lead_of(caller, "朝阳区银河街道3号院") == "110105901"
            assert await lead_of(caller, address) == DISTRICT, "nobody is called so any more"
    handler = city.caller("handler", unit="110105901")
    seen = await handler.send("{ viewer { unit { name } } tickets { totalCount } }")
    assert seen["viewer"]["unit"]["name"] == "银河街道" and seen["tickets"]["totalCount"] == 6


async def test_a_branch_moves_with_all_that_is_below_it(city: Hotline) -> None:
    admin, citizen = city.caller("admin"), citizen_of(city)
    street = await made(city, "110105902", "流云街道")
    child = await made(city, "110105902001", "流云社区", level="COMMUNITY", parentCode="110105902")
    old, new = (city.caller("handler", unit=code) for code in (DISTRICT, DAXING))
    before, after = await submitted(citizen, address="朝阳区流云街道1号"), None
    assert await old.ticket(before["code"]) is not None
    assert await new.ticket(before["code"]) is None
    moved = await admin.change("moveUnit", unitId=street["id"], parentCode=DAXING)
    assert (moved["parent"]["code"], moved["version"]) == (DAXING, street["version"] + 1)
    tree = await city.row(RECURSIVE)
    assert tree["units"] == tree["right"] > 7000
    below = await city.row("select lineage from unit where code = :c", c=child["code"])
    assert len(below["lineage"]) == 4
    assert await new.ticket(before["code"]) is not None, "the district above it now"
    assert await old.ticket(before["code"]) is not None, "it had a copy, which is on record"
    after = await submitted(citizen, address="大兴区流云街道1号")
    assert {part["unit"]["code"] for part in after["assignments"]} == {"110105902", DAXING}
    assert await old.ticket(after["code"]) is None
    definition = await city.row(
        "select (select count(*) from (table audience except select distinct unnest(u.lineage), "
        "a.ticket_id from assignment a join unit u on u.id = a.unit_id) x) as too_many, "
        "(select count(*) from (select distinct unnest(u.lineage), a.ticket_id from assignment a "
        "join unit u on u.id = a.unit_id except table audience) x) as too_few"
    )
    assert dict(definition) == {"too_many": 0, "too_few": 0}


async def test_the_tree_stays_a_tree(city: Hotline) -> None:
    """No cycle, no unit at a level where it cannot stand, no second root."""
    admin = city.caller("admin")
    ids = {code: (await unit_of(city, code))["id"] for code in ("11", DISTRICT, STREET, "BJ-ZJW")}
    before = await tree_of(city)
    for code, parent in [
        ("11", STREET),
        (DISTRICT, STREET),
        (DISTRICT, DISTRICT),
        (STREET, STREET),
        (STREET, "11"),
        (STREET, "BJ-ZJW"),
        ("BJ-ZJW", STREET),
        (STREET, "999999999"),
        (STREET, ""),
    ]:
        refused = await admin.change("moveUnit", unitId=ids[code], parentCode=parent)
        assert [fault["path"] for fault in refused["fields"]] == ["parentCode"], (code, parent)
    missing = await admin.change("moveUnit", unitId="Unit_nonsense", parentCode=DISTRICT)
    assert missing["code"] == "NOT_FOUND"
    for level, parent in [("CITY", "11"), ("DISTRICT", DISTRICT), ("COMMUNITY", DISTRICT)]:
        refused = await admin.change(
            "createUnit", code="X-1", name="名", level=level, parentCode=parent
        )
        assert [fault["path"] for fault in refused["fields"]] == ["level"], (level, parent)
    assert await tree_of(city) == before


async def test_every_fault_of_a_new_unit_is_told_at_once(city: Hotline) -> None:
    before = await tree_of(city)
    refused = await city.caller("admin").change(
        "createUnit",
        code="坏 码",
        name=" ",
        level="STREET",
        parentCode="nowhere",
        population=-1,
        dutyPhone="0" * 41,
        aliases=["好", "", "长" * 41],
    )
    assert sorted(fault["path"] for fault in refused["fields"]) == [
        "aliases.1", "aliases.2", "code", "dutyPhone", "name", "parentCode", "population",
    ]  # fmt: skip
    again = await city.caller("admin").change(
        "createUnit", code=STREET, name="另一个", level="STREET", parentCode=DISTRICT
    )
    assert [fault["path"] for fault in again["fields"]] == ["code"]
    assert await tree_of(city) == before


async def test_a_stale_version_changes_nothing(city: Hotline) -> None:
    admin = city.caller("admin")
    unit = await made(city, "110105903", "晨光街道")
    stale = {"unitId": unit["id"], "expectedVersion": unit["version"]}
    assert (await admin.change("updateUnit", **stale, population=1))["version"] == 2
    before = await tree_of(city)
    for mutation, given in [
        ("updateUnit", {"name": "别名"}),
        ("moveUnit", {"parentCode": DAXING}),
        ("retireUnit", {}),
    ]:
        assert (await admin.change(mutation, **stale, **given))["code"] == "CONFLICT"
    assert await tree_of(city) == before


async def test_nobody_but_an_admin_changes_the_tree(city: Hotline) -> None:
    unit = await unit_of(city, STREET)
    people = [
        citizen_of(city),
        city.caller("partner", channel="WEIBO", subject="p"),
        city.caller("handler", unit=STREET),
        city.caller("handler", unit="11"),
        *(city.caller(role) for role in ("agent", "supervisor", "evaluator")),
    ]
    for caller in people:
        await caller.token()
    before = await tree_of(city)
    attempts: list[tuple[str, dict[str, Any]]] = [
        ("createUnit", {"code": "Y", "name": "名", "level": "STREET", "parentCode": DISTRICT}),
        ("updateUnit", {"unitId": unit["id"], "name": "改名"}),
        ("moveUnit", {"unitId": unit["id"], "parentCode": DAXING}),
        ("retireUnit", {"unitId": unit["id"], "successorCode": "110105014"}),
    ]
    for mutation, given in attempts:
        for caller in people:
            assert (await caller.change(mutation, **given))["code"] == "NOT_ALLOWED"
        assert (await city.nobody.change(mutation, **given))["code"] == "UNAUTHENTICATED"
    assert await tree_of(city) == before


async def test_a_unit_is_not_retired_from_under_its_tickets(city: Hotline) -> None:
    admin, citizen = city.caller("admin"), citizen_of(city)
    unit = await made(city, "110105904", "暮雨街道")
    address = "朝阳区暮雨街道8号"
    first, second = [await submitted(citizen, address=address) for _ in range(2)]
    await city.caller("handler", unit="110105904").do("acceptTicket", ticketId=second["id"])
    before = await tree_of(city)
    refused = await admin.change("retireUnit", unitId=unit["id"])
    assert refused["code"] == "UNIT_HAS_OPEN_TICKETS"
    assert refused["codes"] == [first["code"], second["code"]]
    refused = await admin.change("retireUnit", unitId=unit["id"], successorCode="110105904")
    assert [fault["path"] for fault in refused["fields"]] == ["successorCode"], "not to itself"
    handed = await admin.change("retireUnit", unitId=unit["id"], successorCode=STREET)
    assert (handed["code"], handed["codes"]) == ("UNIT_HAS_OPEN_TICKETS", [second["code"]])
    assert (await citizen.ticket(first["code"]))["lead"]["code"] == "110105904", "nothing moved"
    assert await tree_of(city) == before


async def test_a_successor_takes_over_what_was_not_accepted(city: Hotline) -> None:
    admin, citizen = city.caller("admin"), citizen_of(city)
    unit, address = await made(city, "110105905", "秋水街道"), "朝阳区秋水街道8号"
    former = city.caller("handler", unit="110105905")
    await former.token()
    ticket = await submitted(citizen, address=address)
    retired = await admin.change("retireUnit", unitId=unit["id"], successorCode="110115001")
    assert (retired["active"], retired["code"]) == (False, "110105905")
    seen = await citizen.ticket(ticket["code"])
    assert (seen["lead"]["code"], seen["status"]) == ("110115001", "DISPATCHED")
    active = {part["unit"]["code"] for part in seen["assignments"] if part["endedAt"] is None}
    assert active == {"110115001", DAXING}, "and the successor's district is told"
    assert len(await city.timers(ticket)) == 3
    assert await lead_of(citizen, address) == DISTRICT, "the name leads nowhere any more"
    answer = await former.answer("{ viewer { role } }")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    reused = await admin.change(
        "createUnit", code="110105905", name="新街道", level="STREET", parentCode=DISTRICT
    )
    assert [fault["path"] for fault in reused["fields"]] == ["code"], "a code is for ever"
    agent = city.caller("agent")
    by_hand = await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode="110105905")
    assert [fault["path"] for fault in by_hand["fields"]] == ["unitCode"]
    await replied(city, seen, "110115001")


async def test_what_a_ruling_left_at_a_unit_its_successor_cannot_contest(city: Hotline) -> None:
    admin, supervisor = city.caller("admin"), city.caller("supervisor")
    unit, address = await made(city, "110105907", "听雪街道"), "朝阳区听雪街道8号"
    former, heir = city.caller("handler", unit="110105907"), city.caller("handler", unit=STREET)
    fixed, free = [await submitted(citizen_of(city), address=address) for _ in range(2)]
    contest = {"ground": "WRONG_AREA", "reason": "地址在别处"}
    await former.do("contestDispatch", ticketId=fixed["id"], **contest)
    ruling = {"ruling": "REJECTED", "reason": "查明"}
    await supervisor.do("ruleOnContest", ticketId=fixed["id"], **ruling)
    await admin.change("retireUnit", unitId=unit["id"], successorCode=STREET)
    assert (await heir.ticket(fixed["code"]))["lead"]["code"] == STREET
    refused = await heir.do("contestDispatch", ticketId=fixed["id"], **contest)
    assert refused["code"] == "NOT_POSSIBLE_NOW" and "ruling" in refused["message"]
    done = await heir.do("contestDispatch", ticketId=free["id"], **contest)
    assert done["status"] == "CONTESTED", "what nobody ruled on may still be contested"


async def test_a_unit_with_active_units_below_is_not_retired(city: Hotline) -> None:
    admin = city.caller("admin")
    street = await made(city, "110105906", "听松街道")
    child = await made(city, "110105906001", "听松社区", level="COMMUNITY", parentCode="110105906")
    refused = await admin.change("retireUnit", unitId=street["id"])
    assert [fault["path"] for fault in refused["fields"]] == ["unitId"]
    assert (await unit_of(city, "110105906"))["active"] is True
    assert (await admin.change("retireUnit", unitId=child["id"]))["active"] is False
    assert (await admin.change("retireUnit", unitId=street["id"]))["active"] is False
    below = await admin.change(
        "createUnit", code="110105906002", name="社区", level="COMMUNITY", parentCode="110105906"
    )
    assert [fault["path"] for fault in below["fields"]] == ["parentCode"]
