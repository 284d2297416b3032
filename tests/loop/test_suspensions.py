"""挂账 (J24): measures, a day of review, clocks that stand; and nothing is forgotten or lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.loop.promises import promises_hold
from tests.loop.steps import DISTRICT, STREET, at, citizen_of, submitted
from tests.support.cities import local
from tests.support.city import Caller, Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLAN = {"measures": "更换整栋供暖管道，分三段施工", "reason": "材料须订制"}
CLOCKS = """query($c: String!) { ticket(code: $c) { clock { clocks {
  clock state deadline warningAt explanation } } suspensions {
  measures reviewOn reviewedAt endedAt } } }"""


def above(city: Hotline) -> Caller:
    return city.caller("handler", unit=DISTRICT)


async def suspended(city: Hotline, review: str = "2026-12-10", **given: Any) -> tuple[Any, Caller]:
    """A ticket suspended at 12:30, two and a half hours after it came, and its citizen."""
    citizen = citizen_of(city)
    ticket = await submitted(citizen, **given)
    await city.caller("handler", unit=STREET).do("acceptTicket", ticketId=ticket["id"])
    city.move(local("2026-11-23 12:30"))
    done = await above(city).do("suspendTicket", ticketId=ticket["id"], reviewOn=review, **PLAN)
    assert done["status"] == "SUSPENDED", done
    return done, citizen


async def sound(city: Hotline, ticket: dict[str, Any]) -> None:
    await promises_hold(city.database, city.rules, [uuid_of(ticket)])


async def test_the_clocks_stand_and_say_so(city: Hotline) -> None:
    ticket, citizen = await suspended(city)
    assert (ticket["deadline"], ticket["isOverdue"]) == (None, False)
    assert [timer[0] for timer in await city.timers(ticket)] == ["suspension.REVIEW"]
    told = ticket["clock"]["explanation"]
    assert "11月23日12:30挂账，停止计时，定于2026年12月10日复查（更换整栋供暖管道" in told
    assert told.endswith("目前停止计时，恢复后再行计算。")
    seen = (await citizen.send(CLOCKS, c=ticket["code"]))["ticket"]
    assert [(one["clock"], one["state"]) for one in seen["clock"]["clocks"]] == [
        ("ACCEPT", "DONE"), ("CONTACT", "STOPPED"), ("REPLY", "STOPPED"),
    ]  # fmt: skip
    assert [one["deadline"] for one in seen["clock"]["clocks"][1:]] == [None, None]
    assert seen["suspensions"][0]["reviewOn"] == "2026-12-10"
    await sound(city, ticket)


async def test_nothing_of_its_time_is_lost(city: Hotline) -> None:
    ticket, _ = await suspended(city)
    city.move(local("2026-11-26 12:30"))
    done = await city.caller("supervisor").do("resumeTicket", ticketId=ticket["id"])
    assert done["status"] == "ACCEPTED"
    assert at(done["deadline"]) == local("2026-12-03 10:00"), "three days later, to the minute"
    assert {timer[:2] for timer in await city.timers(done)} == {
        ("CONTACT", "WARNING"), ("REPLY", "WARNING"),
    }  # fmt: skip
    await sound(city, done)


async def test_no_point_comes_while_it_stands(city: Hotline) -> None:
    ticket, _ = await suspended(city, "2026-12-31")
    city.move(local("2026-12-30 18:00"))
    await city.fire()
    seen = await above(city).ticket(ticket["code"])
    assert seen["version"] == ticket["version"], "five weeks, and no card of any colour"


async def test_the_review_comes_by_itself_and_the_ticket_goes_on(city: Hotline) -> None:
    ticket, citizen = await suspended(city, "2026-12-05")  # a Saturday: Monday at the opening
    city.move(local("2026-12-07 08:59"))
    await city.fire()
    assert (await citizen.ticket(ticket["code"]))["status"] == "SUSPENDED"
    city.move(local("2026-12-07 09:00"))
    await city.fire()
    seen = await above(city).ticket(ticket["code"])
    assert seen["status"] == "ACCEPTED"
    assert [one["kind"] for one in seen["history"]["nodes"]][-2:] == ["REVIEW_DUE", "RESUME"]
    assert at(seen["deadline"]) == local("2026-12-07 09:00") + timedelta(days=6, hours=21.5)
    [kept] = (await citizen.send(CLOCKS, c=ticket["code"]))["ticket"]["suspensions"]
    assert at(kept["endedAt"]) == at(kept["reviewedAt"]) == local("2026-12-07 09:00")
    await city.fire()
    assert (await above(city).ticket(ticket["code"]))["version"] == seen["version"], "once"
    await sound(city, seen)


async def test_in_jinan_a_supervisor_is_asked_first(jinan: Hotline) -> None:
    street, address = "370102002", "济南市历下区千佛山街道7号"
    supervisor = jinan.caller("supervisor")
    ticket = await submitted(citizen_of(jinan), address=address)
    await jinan.caller("handler", unit=street).do("acceptTicket", ticketId=ticket["id"])
    await supervisor.do("suspendTicket", ticketId=ticket["id"], reviewOn="2026-12-08", **PLAN)
    jinan.move(local("2026-12-08 09:00"))
    await jinan.fire()
    seen = await supervisor.ticket(ticket["code"])
    assert seen["status"] == "SUSPENDED" and seen["history"]["nodes"][-1]["kind"] == "REVIEW_DUE"
    jinan.move(local("2026-12-10 09:00"))  # two working days, and nobody decided
    await jinan.fire()
    seen = await supervisor.ticket(ticket["code"])
    assert seen["status"] == "ACCEPTED" and seen["history"]["nodes"][-1]["kind"] == "RESUME"
    assert at(seen["deadline"]) == local("2026-12-17 09:00"), "all five working days are left"


async def test_a_level_that_changes_keeps_the_stop(city: Hotline) -> None:
    ticket, _ = await suspended(city)
    city.move(local("2026-11-25 12:00"))
    done = await city.caller("agent").do("classifyTicket", ticketId=ticket["id"], level="L4")
    assert (done["status"], done["deadline"]) == ("SUSPENDED", None)
    await sound(city, done)
    city.move(local("2026-11-26 12:30"))
    done = await above(city).do("resumeTicket", ticketId=ticket["id"])
    assert at(done["deadline"]) == local("2026-12-11 10:00"), "15 days and the three it stood"
    await sound(city, done)


async def test_a_level_whose_limit_was_used_up_before_the_stop_is_overdue(city: Hotline) -> None:
    ticket, _ = await suspended(city)
    city.move(local("2026-11-25 12:00"))
    done = await city.caller("agent").do("classifyTicket", ticketId=ticket["id"], level="L1")
    assert done["isOverdue"] and at(done["deadline"]) == local("2026-11-23 12:00")
    await city.fire()
    seen = await above(city).ticket(ticket["code"])
    assert "OVERDUE" in [one["kind"] for one in seen["history"]["nodes"]]
    await sound(city, seen)
    city.clock.advance(timedelta(minutes=1))
    back = await city.caller("agent").do("classifyTicket", ticketId=ticket["id"], level="L3")
    assert back["deadline"] is None and back["escalatedTo"] is None
    row = await city.row("select overdue_at from ticket where id = :id", id=uuid_of(ticket))
    assert row["overdue_at"] is None
    await sound(city, back)


async def test_the_citizen_goes_on_speaking_and_may_take_it_back(city: Hotline) -> None:
    ticket, citizen = await suspended(city)
    more = await citizen.do("addSupplement", ticketId=ticket["id"], content="夜里更冷")
    urged = await citizen.do("urgeTicket", ticketId=ticket["id"])
    assert (more["status"], urged["status"], urged["deadline"]) == ("SUSPENDED", "SUSPENDED", None)
    handler = city.caller("handler", unit=STREET)
    contacted = await handler.do("recordContact", ticketId=ticket["id"], note="说明进展")
    assert contacted["status"] == "SUSPENDED", contacted
    refused = await handler.do(
        "replyToTicket", ticketId=ticket["id"], content="已修好", resolved=True
    )
    assert refused["code"] == "NOT_POSSIBLE_NOW"
    await sound(city, contacted)
    done = await citizen.do("withdrawTicket", ticketId=ticket["id"])
    assert done["status"] == "WITHDRAWN" and await city.timers(done) == []
    await sound(city, done)


async def test_nobody_stops_their_own_clock(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    handler = city.caller("handler", unit=STREET)
    await handler.do("acceptTicket", ticketId=ticket["id"])
    given = {"ticketId": ticket["id"], "reviewOn": "2026-12-10"} | PLAN
    for who in (handler, city.caller("agent"), city.caller("admin"), citizen_of(city)):
        assert (await who.do("suspendTicket", **given))["code"] == "NOT_ALLOWED"
    stranger = city.caller("handler", unit="110106")
    assert (await stranger.do("suspendTicket", **given))["code"] == "NOT_FOUND"
    seen = await handler.ticket(ticket["code"])
    assert (seen["status"], seen["deadline"]) == ("ACCEPTED", ticket["deadline"])


async def test_the_day_of_review_lies_ahead_and_within_the_maximum(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    await city.caller("handler", unit=STREET).do("acceptTicket", ticketId=ticket["id"])
    for day in ("2026-11-23", "2026-11-22", "2027-02-22"):
        refused = await above(city).do("suspendTicket", ticketId=ticket["id"], reviewOn=day, **PLAN)
        assert [fault["path"] for fault in refused["fields"]] == ["reviewOn"], day
    kept = await city.rows("select id from suspension where ticket_id = :id", id=uuid_of(ticket))
    assert kept == []


async def test_what_ran_out_cannot_be_stopped(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    await city.caller("handler", unit=STREET).do("acceptTicket", ticketId=ticket["id"])
    city.move(at(ticket["deadline"]))
    refused = await above(city).do(
        "suspendTicket", ticketId=ticket["id"], reviewOn="2026-12-10", **PLAN
    )
    assert refused["code"] == "NOT_POSSIBLE_NOW"


async def test_a_contact_that_is_late_stays_late_while_the_reply_stands(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    await city.caller("handler", unit=STREET).do("acceptTicket", ticketId=ticket["id"])
    city.move(local("2026-11-25 10:00"))  # two working days
    await city.fire()
    done = await above(city).do("suspendTicket", ticketId=ticket["id"], reviewOn="2026-12-10",
                                **PLAN)  # fmt: skip
    assert {timer[:2] for timer in await city.timers(done)} == {
        ("CONTACT", "ESCALATION"), ("suspension.REVIEW", "DAY"),
    }  # fmt: skip
    city.move(local("2026-12-01 10:00"))
    await city.fire()
    seen = await above(city).ticket(ticket["code"])
    assert seen["escalatedTo"] == "CITY" and seen["status"] == "SUSPENDED"
    await sound(city, seen)


async def test_a_milder_level_takes_back_the_marks_of_what_is_no_longer_overdue(
    city: Hotline,
) -> None:
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city), category="HOUSING.HEATING")
    city.move(local("2026-11-25 12:00"))
    await city.fire()
    seen = await agent.ticket(ticket["code"])
    assert seen["isOverdue"] and seen["escalatedTo"] == "DISTRICT"
    some = await agent.do("classifyTicket", ticketId=ticket["id"], level="L3", reason="误定")
    row = await city.row(
        "select overdue_at, escalated_to, warned_at from ticket where id = :id", id=uuid_of(ticket)
    )
    # Sign-in and contact, in working days, are over at that level too.
    assert not some["isOverdue"] and row["overdue_at"] is not None
    await city.caller("handler", unit=STREET).do("acceptTicket", ticketId=ticket["id"])
    await sound(city, some)

    other = await submitted(citizen_of(city), category="HOUSING.HEATING")
    city.move(city.clock.now() + timedelta(hours=5))
    await city.fire()
    row = await city.row("select overdue_at from ticket where id = :id", id=uuid_of(other))
    assert row["overdue_at"] is not None, "its sign-in"
    done = await agent.do("classifyTicket", ticketId=other["id"], level="L3", reason="误定")
    row = await city.row(
        "select overdue_at, escalated_to, warned_at from ticket where id = :id", id=uuid_of(other)
    )
    assert dict(row) == {"overdue_at": None, "escalated_to": None, "warned_at": None}
    assert {timer[1] for timer in await city.timers(done)} == {"WARNING"}
    await sound(city, done)
