"""The catalogue at work: who leads what, drafts and versions, replays, proposals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.kernel.actor import SYSTEM
from tests.loop.catalogue import COLD, WAGES, change, draft_with, in_force, restore
from tests.loop.steps import DISTRICT, STREET, citizen_of, replied, submitted
from tests.support.city import Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def clean(city: Hotline) -> AsyncIterator[Hotline]:
    """The city, in which the shipped version is in force again afterwards."""
    yield city
    await restore(city)


def given_to(ticket: dict[str, Any]) -> set[tuple[str, str]]:
    return {(part["role"], part["unit"]["code"]) for part in ticket["assignments"]}


# -- what it decides ------------------------------------------------------------------------------


async def test_street_and_enterprise_get_a_cold_flat_at_once(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city), category=COLD)
    assert given_to(ticket) == {
        ("LEAD", STREET), ("JOINT", "BJ-RELI"), ("COPY", DISTRICT), ("COPY", "BJ-CGW"),
    }  # fmt: skip
    for unit, sees in (("BJ-RELI", True), ("BJ-CGW", True), ("BJ-ZLS", False)):
        seen = await city.caller("handler", unit=unit).ticket(ticket["code"])
        assert (seen is not None) is sees, unit
        if seen is not None:
            steps = ["ACCEPT_TASK", "RECUSE"] if unit == "BJ-RELI" else []
            assert seen["availableActions"] == steps
    told = await city.caller("agent").ticket(ticket["code"])
    assert "第1版第10条“暖气不热”" in told["routeExplanation"]
    assert "八里庄街道" in told["routeExplanation"]
    citizen = await submitted(citizen_of(city), category=COLD)
    said = [citizen["routeExplanation"], citizen["assignments"], citizen["history"]]
    assert "第1版" not in str(said), "which entry it was is the offices' business"


async def test_the_joint_part_ends_with_the_round(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city), category=COLD)
    await city.caller("agent").do("dispatchTicket", ticketId=ticket["id"], unitCode="110105014")
    parts = (await city.caller("agent").ticket(ticket["code"]))["assignments"]
    ended = {part["role"] for part in parts if part["endedAt"] is not None}
    assert ended == {"LEAD", "JOINT", "COPY"}
    assert [part["role"] for part in parts if part["endedAt"] is None] == ["LEAD", "COPY"]


async def test_wages_go_to_the_department_with_the_street(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city), category=WAGES)
    assert given_to(ticket) == {("LEAD", "BJ-RLSB"), ("JOINT", STREET), ("COPY", DISTRICT)}
    placeless = await submitted(citizen_of(city), category=WAGES, address="厂里")
    assert given_to(placeless) == {("LEAD", "BJ-RLSB")}
    done = await replied(city, placeless, "BJ-RLSB")
    assert done["status"] == "REPLIED"


async def test_what_no_entry_knows_goes_as_the_place_says(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    assert given_to(ticket) == {("LEAD", STREET), ("COPY", DISTRICT)}
    told = await city.caller("agent").ticket(ticket["code"])
    assert told["routeExplanation"].endswith("（依派单目录第1版第9999条“其余按地点”）")
    row = await city.row("select * from ticket where id = :id", id=uuid_of(ticket))
    assert (row["place_code"], row["catalogue_number"], row["catalogue_rank"]) == (STREET, 1, 9999)


async def test_a_named_unit_outweighs_the_catalogue(city: Hotline) -> None:
    contact = {"phone": "13911112222"}
    agent = city.caller("agent")
    ticket = await submitted(agent, contact=contact, category=WAGES, unitCode="110105014")
    assert given_to(ticket) == {("LEAD", "110105014"), ("COPY", DISTRICT)}
    row = await city.row("select * from ticket where id = :id", id=uuid_of(ticket))
    assert (row["place_code"], row["catalogue_number"], row["catalogue_rank"]) == (None,) * 3


async def test_an_entry_gives_a_level_but_never_takes_danger_away(clean: Hotline) -> None:
    admin = clean.caller("admin")
    draft = await draft_with(
        admin, {"rank": 1, "category": "CIVIL", "lead": "PLACE", "level": "L4"}
    )
    done = await change(admin, "publishCatalogue", draftId=draft["id"])
    assert done["inForce"], done
    calm = await submitted(citizen_of(clean), category="CIVIL.ELDERLY")
    assert calm["level"] == "L4"
    danger = await submitted(citizen_of(clean), category="CIVIL.ELDERLY", content="养老院着火了！")
    assert danger["level"] == "L1"


# -- drafts and versions --------------------------------------------------------------------------


async def test_a_draft_decides_nothing_until_its_day(clean: Hotline) -> None:
    city, admin = clean, clean.caller("admin")
    before = await in_force(city)
    draft = await draft_with(admin, {"rank": 1, "category": "CITY", "lead": "BJ-CGW"})
    street = await submitted(citizen_of(city), category="CITY.GREEN")
    tomorrow = city.clock.now() + timedelta(days=1)
    done = await change(
        admin, "publishCatalogue", draftId=draft["id"], effectiveAt=tomorrow.isoformat()
    )
    assert (done["status"], done["inForce"]) == ("PUBLISHED", False)
    assert (await in_force(city))["number"] == before["number"]
    still = await submitted(citizen_of(city), category="CITY.GREEN")
    city.move(tomorrow)
    now = await submitted(citizen_of(city), category="CITY.GREEN")
    leads = [ticket["lead"]["code"] for ticket in (street, still, now)]
    assert leads == [STREET, STREET, "BJ-CGW"]
    back = await change(admin, "rollBackCatalogue", number=before["number"])
    assert back["inForce"] and back["number"] > done["number"]
    assert back["steps"][-1] == {"kind": "ROLL_BACK", "reason": "调整", "actor": "admin"}
    again = await submitted(citizen_of(city), category="CITY.GREEN")
    assert again["lead"]["code"] == STREET, "another process would see it as this one does"
    async with city.again() as other:
        assert (await submitted(citizen_of(other), category="CITY"))["lead"]["code"] == STREET


async def test_two_admins_at_one_draft_and_one_is_told(city: Hotline) -> None:
    one, other = city.caller("admin"), city.caller("admin", subject="admin-2")
    draft = await change(one, "draftCatalogue")
    entry = {"draftId": draft["id"], "name": "条", "lead": "PLACE", "expectedVersion": 1}
    done = await asyncio.gather(
        change(one, "putCatalogueEntry", rank=1, **entry),
        change(other, "putCatalogueEntry", rank=2, **entry),
    )
    assert sorted(answer.get("code", "") for answer in done) == ["", "CONFLICT"]
    rows = await city.rows(
        "select rank from catalogue_entry where version_id = :id and rank < 10",
        id=draft["id"].removeprefix("CatalogueVersion_"),
    )
    assert len(rows) == 1


async def test_every_fault_is_told_at_once_and_nothing_is_published(city: Hotline) -> None:
    admin = city.caller("admin")
    draft = await draft_with(
        admin,
        {"rank": 1, "category": "NONE", "area": "NOWHERE", "lead": "BJ-GONE"},
        {"rank": 2, "lead": "PLACE", "joint": ["STREET", "BJ-OLD"], "copies": ["X"]},
        {"rank": 2, "lead": "PLACE"},
    )
    before = (await in_force(city))["number"]
    refused = await change(admin, "publishCatalogue", draftId=draft["id"])
    assert {fault["path"] for fault in refused["fields"]} == {
        "entries.1.category", "entries.1.area", "entries.1.lead", "entries.2.joint",
        "entries.2.copies", "entries.2.rank",
    }  # fmt: skip
    assert (await in_force(city))["number"] == before
    past = (city.clock.now() - timedelta(hours=1)).isoformat()
    late = await change(admin, "publishCatalogue", draftId=draft["id"], effectiveAt=past)
    assert [fault["path"] for fault in late["fields"]] == ["effectiveAt"]


async def test_the_form_of_an_entry_is_checked_at_once(city: Hotline) -> None:
    admin = city.caller("admin")
    draft = await change(admin, "draftCatalogue")
    refused = await change(
        admin, "putCatalogueEntry", draftId=draft["id"], rank=9999, name=" ", lead="",
        fromTime="25:00", keywords=["", "x" * 41], reason="",
    )  # fmt: skip
    assert {fault["path"] for fault in refused["fields"]} == {
        "rank", "name", "lead", "fromTime", "toTime", "keywords.0", "keywords.1", "reason",
    }  # fmt: skip


async def test_the_fallback_stays(city: Hotline) -> None:
    admin = city.caller("admin")
    draft = await change(admin, "draftCatalogue")
    [last] = [entry for entry in draft["entries"] if entry["isFallback"]]
    for mutation, more in (
        ("removeCatalogueEntry", {}),
        ("moveCatalogueEntry", {"rank": 5}),
        ("putCatalogueEntry", {"draftId": draft["id"], "rank": 5, "name": "x", "lead": "PLACE"}),
    ):
        refused = await change(admin, mutation, entryId=last["id"], **more)
        assert refused["code"] == "NOT_POSSIBLE_NOW", mutation
    gone = await change(admin, "discardDraft", draftId=draft["id"])
    assert gone["status"] == "DISCARDED"
    assert [step["kind"] for step in gone["steps"]] == ["DRAFT", "DISCARD"]
    late = await change(admin, "discardDraft", draftId=draft["id"])
    assert late["code"] == "NOT_POSSIBLE_NOW"


async def test_what_can_never_decide_is_a_warning(clean: Hotline) -> None:
    admin = clean.caller("admin")
    draft = await draft_with(
        admin,
        {"rank": 1, "category": "RURAL", "lead": "PLACE"},
        {"rank": 2, "category": "RURAL.LAND", "area": DISTRICT, "lead": "BJ-NYJ"},
    )
    published: Any = await admin.mutate(
        "publishCatalogue", "warnings { rank shadowedBy message }", "",
        {"draftId": draft["id"], "reason": "发布"},
    )  # fmt: skip
    assert [(each["rank"], each["shadowedBy"]) for each in published] == [(2, 1)]


@pytest.mark.parametrize(
    "change_",
    [
        "update catalogue_version set reason = 'x' where number = 1",
        "delete from catalogue_version where number = 1",
        "update catalogue_entry set lead = 'BJ-ZJW' where version_id = {v}",
        "delete from catalogue_entry where version_id = {v}",
        "insert into catalogue_entry select gen_random_uuid(), version_id, 1, name, category_code,"
        " area_code, kinds, from_time, to_time, line_code, keywords, lead, joint, copies, level"
        " from catalogue_entry where version_id = {v} limit 1",
        "update catalogue_step set reason = 'x'",
    ],
)
async def test_what_was_published_cannot_be_changed(city: Hotline, change_: str) -> None:
    first = "(select id from catalogue_version where number = 1)"
    with pytest.raises(DBAPIError, match="append-only"):
        async with city.database.unit_of_work(SYSTEM) as work:
            await work.session.execute(text(change_.format(v=first)))


# -- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["citizen", "handler", "agent", "supervisor", "evaluator"])
async def test_only_the_admin_writes(city: Hotline, who: str) -> None:
    more = {"citizen": {"phone": "13911114444"}, "handler": {"unit": STREET}}.get(who, {})
    caller = city.caller(who, **more)
    count = "select count(*) as n from catalogue_version"
    before = (await city.row(count))["n"]
    refused = await change(caller, "draftCatalogue")
    assert refused["code"] == "NOT_ALLOWED"
    assert (await change(caller, "rollBackCatalogue", number=1))["code"] == "NOT_ALLOWED"
    assert (await city.row(count))["n"] == before
    seen = (await caller.send("{ catalogue { number } }"))["catalogue"]
    assert (seen is None) is (who == "citizen")
