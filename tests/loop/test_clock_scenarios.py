"""The clocks of a ticket as it is handed on, reclassified, taken back and left lying."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.loop.steps import STREET, at, citizen_of, replied, submitted
from tests.support.cities import local
from tests.support.city import Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEATING = {"category": "HOUSING.HEATING.COLD"}


def reply_segments(ticket: dict[str, Any]) -> list[tuple[str, str | None]]:
    segments = ticket["clock"]["segments"]
    return [(one["kind"], one["level"]) for one in segments if one["clock"] == "REPLY"]


async def test_a_level_that_changes_counts_from_the_start(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city))
    assert ticket["level"] == "L3" and at(ticket["deadline"]) == local("2026-11-30 10:00")
    before = await city.timers(ticket)
    city.move(local("2026-11-23 14:30"))
    done = await agent.do("classifyTicket", ticketId=ticket["id"], level="L2", reason="老人独居")
    assert (done["level"], at(done["deadline"])) == ("L2", local("2026-11-24 10:00"))
    assert done["deadline"] == done["clock"]["deadline"]
    assert reply_segments(done) == [("RUN", "L3"), ("LEVEL_CHANGE", "L2")]
    armed = await city.timers(done)
    assert {timer[0] for timer in armed} == {"ACCEPT", "CONTACT", "REPLY"} and len(armed) == 3
    assert not set(before) & set(armed), "nothing of the old clocks is left"
    assert {clock: due for clock, _, due in armed} == {
        "ACCEPT": local("2026-11-23 11:30"),
        "CONTACT": local("2026-11-23 13:00"),
        "REPLY": local("2026-11-24 04:00"),
    }
    city.move(local("2026-11-23 14:31"))
    back = await agent.do("classifyTicket", ticketId=ticket["id"], level="L3")
    assert at(back["deadline"]) == local("2026-11-30 10:00")
    assert len(await city.timers(back)) == 3


async def test_only_the_clocks_that_still_run_follow_a_level(city: Hotline) -> None:
    agent, handler = city.caller("agent"), city.caller("handler", unit=STREET)
    ticket = await submitted(citizen_of(city))
    await handler.do("acceptTicket", ticketId=ticket["id"])
    await handler.do("recordContact", ticketId=ticket["id"], note="已联系")
    done = await agent.do("classifyTicket", ticketId=ticket["id"], level="L1", reason="险情")
    assert [clock for clock, _, _ in await city.timers(done)] == ["REPLY"]
    assert at(done["deadline"]) == local("2026-11-23 12:00")


async def test_a_stricter_level_may_be_overdue_at_once(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city))
    city.move(local("2026-11-24 09:00"))
    done = await agent.do("classifyTicket", ticketId=ticket["id"], level="L1", reason="险情")
    assert done["isOverdue"] is True and at(done["deadline"]) == local("2026-11-23 12:00")
    await city.fire()
    seen = await agent.ticket(ticket["code"])
    kinds = [entry["kind"] for entry in seen["history"]["nodes"]]
    assert kinds.count("WARN") == kinds.count("OVERDUE") == 3, "each of the three clocks"
    await city.fire()
    assert (await agent.ticket(ticket["code"]))["version"] == seen["version"], "fired once"


async def test_a_category_alone_moves_no_clock(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city))
    before = await city.timers(ticket)
    done = await agent.do("classifyTicket", ticketId=ticket["id"], category="HOUSING.HEATING")
    assert done["category"]["code"] == "HOUSING.HEATING" and done["level"] == "L3"
    assert await city.timers(done) == before
    assert done["deadline"] == ticket["deadline"]


async def test_a_ticket_handed_on_before_acceptance_starts_anew(city: Hotline) -> None:
    """Re-dispatched by hand: one lead, clocks from now, and every later step still works."""
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city), **HEATING)
    before = await city.timers(ticket)
    city.move(local("2026-11-23 15:00"))
    done = await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode="BJ-CGW", reason="供热")
    assert (done["lead"]["code"], done["round"]) == ("BJ-CGW", 1)
    assert at(done["deadline"]) == local("2026-11-24 15:00") == at(done["clock"]["deadline"])
    active = [part for part in done["assignments"] if part["endedAt"] is None]
    assert [(part["role"], part["unit"]["code"]) for part in active] == [("LEAD", "BJ-CGW")]
    armed = await city.timers(done)
    assert len(armed) == 3 and not set(before) & set(armed)
    assert "11月24日15:00" in done["clock"]["explanation"]
    former, lead = city.caller("handler", unit=STREET), city.caller("handler", unit="BJ-CGW")
    refused = await former.do("acceptTicket", ticketId=ticket["id"])
    assert refused["code"] == "NOT_ALLOWED", "it still sees the ticket, and leads no longer"
    changed = await agent.do("classifyTicket", ticketId=ticket["id"], level="L1", reason="冻伤")
    assert at(changed["deadline"]) == local("2026-11-23 17:00"), "from the second start"
    city.move(local("2026-11-23 16:59"))
    await city.fire()
    seen = await agent.ticket(ticket["code"])
    assert "WARN" in [entry["kind"] for entry in seen["history"]["nodes"]]
    failed = await city.rows("select last_failure from timer where failures > 0")
    assert failed == []
    await replied(city, seen, "BJ-CGW")
    assert (await lead.ticket(ticket["code"]))["deadline"] == changed["deadline"]


async def test_what_is_left_lying_goes_up_level_by_level(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city))
    deadline = at(ticket["deadline"])
    reached = []
    for wait in (timedelta(), timedelta(days=1), timedelta(days=3), timedelta(days=30)):
        city.move(deadline + wait)
        await city.fire()
        seen = await agent.ticket(ticket["code"])
        history = [entry["kind"] for entry in seen["history"]["nodes"]]
        clocks = [kind for kind in history if not kind.startswith("SUPERVI")]
        reached.append((seen["escalatedTo"], len(clocks)))
    levels = [level for level, _ in reached]
    assert levels[-1] == "CITY" and reached[-1] == reached[-2], "after the city there is no more"
    assert history[:2] == ["SUBMIT", "DISPATCH"]
    assert {kind: history.count(kind) for kind in set(history[2:])} == {
        "WARN": 3,
        "OVERDUE": 3,
        "ESCALATE": 6,
        "SUPERVISE": 3,  # the lead, then the district and the city, for what lay before them
        "SUPERVISION_OVERDUE": 3,
    }
    assert seen["status"] == "DISPATCHED" and await city.timers(seen) == []


async def test_taking_a_ticket_back_ends_its_timers(city: Hotline) -> None:
    citizen = citizen_of(city)
    ticket = await submitted(citizen)
    assert len(await city.timers(ticket)) == 3
    done = await citizen.do("withdrawTicket", ticketId=ticket["id"], reason="已自行解决")
    assert (done["status"], done["availableActions"]) == ("WITHDRAWN", [])
    assert done["deadline"] is None and done["isOverdue"] is False
    assert await city.timers(ticket) == []
    city.move(local("2026-12-31 10:00"))
    await city.fire()
    assert (await citizen.ticket(ticket["code"]))["version"] == done["version"]
    handler = city.caller("handler", unit=STREET)
    late = await handler.do("acceptTicket", ticketId=ticket["id"])
    assert late["code"] == "NOT_POSSIBLE_NOW"
    assert (await handler.ticket(ticket["code"]))["status"] == "WITHDRAWN"


async def test_a_reply_ends_all_clocks_and_keeps_its_deadline(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    done = await replied(city, ticket)
    assert await city.timers(done) == []
    assert done["deadline"] == ticket["deadline"] and done["isOverdue"] is False
    city.move(at(ticket["deadline"]) + timedelta(days=1))
    seen = await city.caller("agent").ticket(ticket["code"])
    assert seen["isOverdue"] is False, "it was replied to in time"
