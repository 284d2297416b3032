"""Holidays that are declared later: every process counts with them, and open deadlines follow."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.dispatch import calendars, rescheduling
from domain.dispatch.assigning import assign
from domain.kernel.actor import SYSTEM
from domain.tickets.models import Ticket
from domain.units.queries import active_by_code
from tests.loop.promises import promises_hold
from tests.loop.steps import at, citizen_of, replied, submitted
from tests.support.cities import local
from tests.support.city import Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

STREET, ADDRESS = "370102002", "济南市历下区千佛山街道7号"


async def declare(city: Hotline, *days: str, work: bool = False, name: str = "假日") -> Any:
    document = """mutation($i: DeclareHolidaysInput!) { declareHolidays(input: $i) {
      ... on DeclareHolidaysPayload { revision days }
      ... on Problem { code message } ... on InvalidInput { fields { path } } } }"""
    given = {
        "days": [{"date": day, "isWorkday": work, "name": name} for day in days],
        "source": "国办发明电〔2026〕9号",
        "reason": "全市停工",
    }
    return (await city.caller("admin").send(document, i=given))["declareHolidays"]


async def walk(city: Hotline) -> None:
    """Both walks, to their ends."""
    await city.fire()
    city.clock.advance(rescheduling.AGAIN_AFTER)
    await city.fire()


async def ticket_of(city: Hotline) -> Any:
    ticket = await submitted(citizen_of(city), address=ADDRESS)
    assert ticket["lead"]["code"] == STREET
    return ticket


async def sound(city: Hotline, *tickets: Any) -> None:
    await promises_hold(city.database, city.rules, [uuid_of(ticket) for ticket in tickets])


async def test_open_deadlines_follow_and_say_why(jinan: Hotline) -> None:
    citizen = citizen_of(jinan)
    ticket = await submitted(citizen, address=ADDRESS)
    done = await replied(jinan, await ticket_of(jinan), STREET)
    assert at(ticket["deadline"]) == local("2026-11-30 10:00")
    assert (await declare(jinan, "2026-11-26", "2026-11-27"))["days"] == 2
    await walk(jinan)
    seen = await citizen.ticket(ticket["code"])
    assert at(seen["deadline"]) == at(seen["clock"]["deadline"]) == local("2026-12-02 10:00")
    entry = seen["history"]["nodes"][-1]
    assert entry["kind"] == "CALENDAR_CHANGE"
    assert "答复时限由11月30日10:00改为12月2日10:00" in entry["remark"]
    assert (
        "工作日历更新，截止时间由11月30日10:00改为12月2日10:00（国办发明电"
        in (seen["clock"]["explanation"])
    )
    assert (
        "截止时间为11月30日10:00"
        in ((await jinan.caller("agent").ticket(done["code"]))["clock"]["explanation"])
    ), "what was replied to keeps the deadline that it had"
    changed = [
        one["clock"] for one in seen["clock"]["segments"] if one["kind"] == "CALENDAR_CHANGE"
    ]
    assert changed == ["REPLY"], "sign-in and contact are due before the holidays"
    points = {timer[0]: timer[2] for timer in await jinan.timers(seen)}
    assert points["REPLY"] > local("2026-11-27 10:00"), "the warning has moved along"
    after = await jinan.caller("agent").ticket(done["code"])
    assert after["version"] == done["version"], "what was replied to is left alone"
    await sound(jinan, seen, after)


async def test_what_is_computed_afterwards_counts_with_them_at_once(jinan: Hotline) -> None:
    """In every process, though none was told: also before any worker was here."""
    jinan.move(local("2027-01-11 10:00"))
    await declare(jinan, "2027-01-13")
    async with jinan.again() as other:
        ticket = await ticket_of(other)
        assert at(ticket["deadline"]) == local("2027-01-19 10:00")
        await declare(other, "2027-01-14")
        ticket = await ticket_of(jinan)
        assert at(ticket["deadline"]) == local("2027-01-20 10:00")
        moved = await jinan.caller("agent").do(
            "classifyTicket", ticketId=ticket["id"], level="L4", reason="复杂"
        )
        assert at(moved["deadline"]) == local("2027-01-20 10:00")
    await walk(jinan)
    seen = await jinan.caller("agent").ticket(ticket["code"])
    assert seen["version"] == moved["version"], "it knew already"
    await sound(jinan, seen)


async def test_a_correction_replaces_a_day_and_moves_back(jinan: Hotline) -> None:
    jinan.move(local("2027-02-15 10:00"))
    await declare(jinan, "2027-02-17")
    ticket = await ticket_of(jinan)
    before = at(ticket["deadline"])
    await declare(jinan, "2027-02-17", work=True, name="调休上班")
    await walk(jinan)
    seen = await jinan.caller("agent").ticket(ticket["code"])
    assert before == local("2027-02-23 10:00") and at(seen["deadline"]) == local("2027-02-22 10:00")
    log = await jinan.rows("select count(*) as n from declared_day where day = '2027-02-17'")
    assert log[0]["n"] == 2, "both are on record"
    await sound(jinan, seen)


async def test_a_ticket_that_was_overdue_by_a_day_off_has_time_again(jinan: Hotline) -> None:
    jinan.move(local("2027-03-15 10:00"))
    ticket = await ticket_of(jinan)
    handler = jinan.caller("handler", unit=STREET)
    await handler.do("acceptTicket", ticketId=ticket["id"])
    await handler.do("recordContact", ticketId=ticket["id"], note="已联系")
    jinan.move(at(ticket["deadline"]) + timedelta(hours=1))
    await jinan.fire()
    late = await handler.ticket(ticket["code"])
    assert late["isOverdue"]
    await declare(jinan, "2027-03-17")
    await walk(jinan)
    seen = await handler.ticket(ticket["code"])
    assert not seen["isOverdue"] and at(seen["deadline"]) == local("2027-03-23 10:00")
    row = await jinan.row("select overdue_at from ticket where id = :id", id=uuid_of(ticket))
    assert row["overdue_at"] is None
    await sound(jinan, seen)


async def test_a_suspended_ticket_follows_when_it_goes_on(jinan: Hotline) -> None:
    jinan.move(local("2027-04-12 10:00"))
    ticket, supervisor = await ticket_of(jinan), jinan.caller("supervisor")
    await jinan.caller("handler", unit=STREET).do("acceptTicket", ticketId=ticket["id"])
    stopped = await supervisor.do(
        "suspendTicket", ticketId=ticket["id"], measures="分步", reason="待料",
        reviewOn="2027-05-20",
    )  # fmt: skip
    assert stopped["deadline"] is None
    await declare(jinan, "2027-05-05")
    await walk(jinan)
    assert (await supervisor.ticket(ticket["code"]))["version"] == stopped["version"]
    jinan.move(local("2027-05-03 10:00"))
    done = await supervisor.do("resumeTicket", ticketId=ticket["id"])
    assert at(done["deadline"]) == local("2027-05-11 10:00"), "the 5th is off"
    await sound(jinan, done)


async def test_a_command_that_read_the_old_calendar_is_caught_by_the_second_walk(
    jinan: Hotline,
) -> None:
    jinan.move(local("2027-06-14 10:00"))
    ticket = await ticket_of(jinan)
    before = at(ticket["deadline"])
    async with jinan.database.unit_of_work(SYSTEM) as slow:
        # A command that read its calendar, and commits behind the first walk.
        row = await slow.session.get(Ticket, uuid_of(ticket))
        assert row is not None
        old = await calendars.rules_now(slow, jinan.rules)
        await declare(jinan, "2027-06-16")
        await jinan.fire()
        unit = await active_by_code(slow.session, STREET)
        assert unit is not None
        await slow.session.refresh(row, with_for_update=True)
        await assign(slow, old, row, unit, [], reason="改派")
    seen = await jinan.caller("agent").ticket(ticket["code"])
    assert at(seen["deadline"]) == before, "by the old calendar, alas"
    jinan.clock.advance(rescheduling.AGAIN_AFTER)
    await jinan.fire()
    seen = await jinan.caller("agent").ticket(ticket["code"])
    assert at(seen["deadline"]) > before
    await sound(jinan, seen)


async def test_many_are_walked_in_chunks_each_once(
    jinan: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    jinan.move(local("2027-07-12 10:00"))
    monkeypatch.setattr(rescheduling, "CHUNK", 3)
    tickets = [await ticket_of(jinan) for _ in range(7)]
    await declare(jinan, "2027-07-14")
    async with jinan.again() as other:
        await asyncio.gather(jinan.fire(), other.fire())
    await walk(jinan)
    agent = jinan.caller("agent")
    for ticket in tickets:
        seen = await agent.ticket(ticket["code"])
        kinds = [one["kind"] for one in seen["history"]["nodes"]]
        assert kinds.count("CALENDAR_CHANGE") == 1
        assert at(seen["deadline"]) > at(ticket["deadline"])
    await sound(jinan, *tickets)
    failed = await jinan.rows("select last_failure from timer where failures > 0")
    assert failed == []


async def test_only_an_admin_declares(jinan: Hotline) -> None:
    document = """mutation { declareHolidays(input: {source: "x", reason: "x",
      days: [{date: "2026-12-24", isWorkday: false, name: "x"}]}) {
      ... on Problem { code } } }"""
    before = await jinan.row("select count(*) from holiday_declaration")
    for role in ("agent", "supervisor", "evaluator"):
        done = await jinan.caller(role).send(document)
        assert done["declareHolidays"]["code"] == "NOT_ALLOWED", role
    assert await jinan.row("select count(*) from holiday_declaration") == before


async def test_faults_are_told_all_at_once(jinan: Hotline) -> None:
    refused = await declare(jinan, "2026-12-24", "2026-12-24", "1999-01-01", name="")
    paths = [fault["path"] for fault in refused["fields"]]
    assert "days.1.date" in paths and "days.2.date" in paths and "days.0.name" in paths
    assert (await declare(jinan))["fields"] == [{"path": "days"}]


async def test_declarations_are_a_record(jinan: Hotline) -> None:
    await declare(jinan, "2026-12-25")
    for table in ("holiday_declaration", "declared_day"):
        for change in ("update {} set id = id", "delete from {}"):
            with pytest.raises(DBAPIError, match="append-only"):
                async with jinan.database.unit_of_work(SYSTEM) as work:
                    await work.session.execute(text(change.format(table)))


async def test_the_calendar_shows_what_is_known_and_warns_of_what_is_not(jinan: Hotline) -> None:
    agent, admin = jinan.caller("agent"), jinan.caller("admin")
    document = """query($y: Int!) { calendar(year: $y) { published
      days { date isWorkday name declared } } calendarWarnings { year message } }"""
    jinan.move(local("2028-11-23 10:00"))
    assert [one["year"] for one in (await admin.send(document, y=2028))["calendarWarnings"]] == [
        2028
    ]
    await declare(jinan, "2028-12-25")
    known = (await agent.send(document, y=2026))["calendar"]
    days = {day["date"]: day for day in known["days"]}
    assert known["published"] and days["2026-10-01"] == {
        "date": "2026-10-01", "isWorkday": False, "name": "国庆节", "declared": False,
    }  # fmt: skip
    known = (await agent.send(document, y=2028))["calendar"]
    assert known["days"][0] == {
        "date": "2028-12-25", "isWorkday": False, "name": "假日", "declared": True,
    }  # fmt: skip
    unknown = await admin.send(document, y=2029)
    assert unknown["calendar"] == {"published": False, "days": []}
    assert unknown["calendarWarnings"] == [], "in November nobody need worry"
    jinan.move(local("2028-12-01 00:00"))
    assert [one["year"] for one in (await admin.send(document, y=2029))["calendarWarnings"]] == [
        2029
    ]
    assert (await agent.send(document, y=2029))["calendarWarnings"] == []
    await declare(jinan, "2029-01-01", name="元旦")
    told = await admin.send(document, y=2029)
    assert told["calendar"]["published"] and told["calendarWarnings"] == []
    nobody = await citizen_of(jinan).send(document, y=2026)
    assert nobody == {"calendar": None, "calendarWarnings": []}
    assert date.fromisoformat(told["calendar"]["days"][0]["date"]) == date(2029, 1, 1)
