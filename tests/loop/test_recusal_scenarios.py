"""回避: a report stays away from whom it is about, and people from their own affairs (J32)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loop.following import following, listening
from tests.loop.promises import promises_hold
from tests.loop.steps import DISTRICT, STREET, citizen_of, replied, submitted
from tests.support.city import Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = {"kind": "REPORT", "accusedUnitCode": STREET}
OTHER = "110105014"
DEPARTMENT = "BJ-ZJW"


async def test_a_report_on_the_street_goes_to_its_district(city: Hotline) -> None:
    citizen = citizen_of(city)
    ticket = await submitted(citizen, **REPORT)
    assert (ticket["status"], ticket["lead"]["code"]) == ("DISPATCHED", DISTRICT)
    handler = city.caller("handler", unit=STREET)
    assert await handler.ticket(ticket["code"]) is None
    refused = await handler.do("acceptTicket", ticketId=ticket["id"])
    assert refused["code"] == "NOT_FOUND"
    assert (await city.caller("handler", unit=DISTRICT).ticket(ticket["code"])) is not None
    await promises_hold(city.database, city.rules, [uuid_of(ticket)])
    await replied(city, ticket, DISTRICT)


async def test_the_district_too_is_passed_by_and_the_centre_decides(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city), kind="REPORT", accusedUnitCode=DISTRICT)
    assert (ticket["status"], ticket["lead"]) == ("RECEIVED", None), "above it is only the city"
    agent = city.caller("agent")
    for code in (DISTRICT, STREET):
        refused = await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=code)
        assert [fault["path"] for fault in refused["fields"]] == ["unitCode"]
    seen = await agent.ticket(ticket["code"])
    assert (seen["version"], seen["assignments"]) == (ticket["version"], [])
    done = await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=DEPARTMENT)
    assert done["lead"]["code"] == DEPARTMENT
    for code in (DISTRICT, STREET):
        assert await city.caller("handler", unit=code).ticket(ticket["code"]) is None


async def test_a_unit_that_has_it_in_hand_loses_it(city: Hotline) -> None:
    agent, handler = city.caller("agent"), city.caller("handler", unit=STREET)
    ticket = await submitted(citizen_of(city), kind="REPORT")
    await handler.do("acceptTicket", ticketId=ticket["id"])
    assert await handler.ticket(ticket["code"]) is not None
    done = await agent.do("classifyTicket", ticketId=ticket["id"], accusedUnitCode=STREET)
    assert (done["status"], done["lead"]["code"]) == ("DISPATCHED", DISTRICT)
    assert {clock for clock, _, _ in await city.timers(done)} == {"ACCEPT", "CONTACT", "REPLY"}
    assert [part["unit"]["code"] for part in done["assignments"] if not part["endedAt"]] == [
        DISTRICT
    ]
    assert await handler.ticket(ticket["code"]) is None
    refused = await handler.do("replyToTicket", ticketId=ticket["id"], content="无", resolved=True)
    assert refused["code"] == "NOT_FOUND"
    await promises_hold(city.database, city.rules, [uuid_of(ticket)])
    again = await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=STREET)
    assert again["code"] == "INVALID_INPUT"


@pytest.mark.parametrize("given", [{"kind": "COMPLAINT"}, {"kind": "HELP"}])
async def test_an_open_complaint_still_goes_to_the_unit(city: Hotline, given: Any) -> None:
    """Only what is protected is kept away: an open complaint is the unit's own to answer."""
    ticket = await submitted(citizen_of(city), accusedUnitCode=STREET, **given)
    assert ticket["lead"]["code"] == STREET
    hidden = await submitted(citizen_of(city), accusedUnitCode=STREET, confidential=True, **given)
    assert hidden["lead"]["code"] == DISTRICT


async def test_unknown_accused_units_are_refused(city: Hotline) -> None:
    citizen = citizen_of(city)
    for code in ("nowhere", "11"):
        refused = await citizen.do(
            "submitTicket", title="举报", content="举报", kind="REPORT", accusedUnitCode=code
        )
        assert [fault["path"] for fault in refused["fields"]] == ["accusedUnitCode"]


async def test_reports_are_merged_among_those_on_the_same_unit_only(city: Hotline) -> None:
    agent = city.caller("agent")
    report, plain = await submitted(citizen_of(city), **REPORT), await submitted(citizen_of(city))
    same = await submitted(citizen_of(city), **REPORT)
    one = {"ticketId": report["id"], "reason": "同一事项"}
    refused = await agent.do("mergeTicket", **one, primaryId=plain["id"])
    assert refused["code"] == "NOT_POSSIBLE_NOW"
    assert (await agent.do("mergeTicket", **one, primaryId=same["id"]))["status"] == "MERGED"
    assert await city.caller("handler", unit=STREET).ticket(report["code"]) is None


async def test_who_steps_back_neither_sees_nor_acts_nor_hears(city: Hotline) -> None:
    mine = city.caller("handler", unit=STREET, subject="relative")
    other = city.caller("handler", unit=STREET, subject="colleague")
    ticket = await submitted(citizen_of(city))
    news = "subscription { inbox { kind ticket { code } } }"
    done = await mine.do("recuse", ticketId=ticket["id"], reason="当事人是亲属")
    assert done is None, "the ticket is not there for them any more"
    assert await mine.ticket(ticket["code"]) is None
    assert (await mine.do("acceptTicket", ticketId=ticket["id"]))["code"] == "NOT_FOUND"
    await city.relay()
    await listening(city)
    async with following(mine, news) as deaf, following(other, news) as hears:
        accepted = await other.do("acceptTicket", ticketId=ticket["id"])
        assert accepted["status"] == "ACCEPTED"
        await city.relay()
        while (await hears.news())["inbox"]["kind"] != "ACCEPT":
            pass
        later = await submitted(citizen_of(city))
        await city.relay()
        first = (await deaf.news())["inbox"]["ticket"]["code"]
        assert first == later["code"], "what came before it was not for them"


async def test_a_supervisor_takes_people_off(city: Hotline) -> None:
    supervisor, agent = city.caller("supervisor"), city.caller("agent", subject="cousin")
    ticket = await submitted(citizen_of(city), address="不知道在哪")
    given = {"ticketId": ticket["id"], "subject": "cousin", "reason": "投诉人的亲属"}
    assert (await agent.do("recuseStaff", **given))["code"] == "NOT_ALLOWED"
    assert (await supervisor.do("recuseStaff", **given))["status"] == "RECEIVED"
    assert (await supervisor.do("recuseStaff", **given))["status"] == "RECEIVED", "twice is once"
    assert await agent.ticket(ticket["code"]) is None
    refused = await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=STREET)
    assert refused["code"] == "NOT_FOUND"
    reveal = """mutation($id: ID!) { revealContact(input: {ticketId: $id, purpose: "核实情况"}) {
      ... on Problem { code } } }"""
    assert (await agent.send(reveal, id=ticket["id"]))["revealContact"]["code"] == "NOT_FOUND"
    rows = await city.rows("select subject from recusal where ticket_id = :t", t=uuid_of(ticket))
    assert [row["subject"] for row in rows] == ["cousin"]
    assert (await city.caller("agent").ticket(ticket["code"])) is not None
