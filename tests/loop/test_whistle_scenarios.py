"""吹哨报到, through GraphQL as the street, the called units, and those above (S, B33)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.loop.steps import DISTRICT, STREET, at, citizen_of, replied, submitted
from tests.support.city import Caller, Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLED, OTHER = "BJ-ZJW", "BJ-SWJ"
WHISTLE = """id open closeReason caller { code } reports { id late dueAt reportedAt confirmed rating
  callerRating escalatedTo unit { code } }"""


async def on_whistle(caller: Caller, mutation: str, **given: Any) -> Any:
    """The whistle after a mutation, or the problem that refused it."""
    return await caller.mutate(mutation, f"whistle {{ {WHISTLE} }}", "", given)


async def whistled(city: Hotline, *units: str, **more: Any) -> tuple[Any, Any]:
    """A ticket of the street, and its whistle for these units."""
    ticket = await submitted(citizen_of(city))
    place = (city.clock.now() + timedelta(hours=3)).isoformat()
    given = {"purpose": "积水会商", "place": "小区东门", "at": place, "unitCodes": list(units)}
    street = city.caller("handler", unit=STREET)
    return ticket, await on_whistle(street, "whistle", ticketId=ticket["id"], **given, **more)


async def test_called_units_report_in_and_both_sides_rate_each_other_once(city: Hotline) -> None:
    ticket, made = await whistled(city, CALLED, DISTRICT)
    street, called = (city.caller("handler", unit=code) for code in (STREET, CALLED))
    assert [report["unit"]["code"] for report in made["reports"]] == [CALLED, DISTRICT]
    assert at(made["reports"][0]["dueAt"]) == city.clock.now() + timedelta(hours=24)
    assert (await called.ticket(ticket["code"]))["availableActions"] == ["REPORT_IN", "RECUSE"]
    assert await city.caller("handler", unit=OTHER).ticket(ticket["code"]) is None
    one = {"whistleId": made["id"]}
    early = await on_whistle(called, "rateWhistle", **one, rating=5)
    assert early["code"] == "NOT_POSSIBLE_NOW", "who did not come rates nobody"
    judged = {"reportInId": made["reports"][0]["id"], "confirmed": True}
    assert (await on_whistle(street, "confirmReportIn", **judged, rating=4))["code"] == (
        "NOT_POSSIBLE_NOW"
    )
    done = await on_whistle(called, "reportIn", **one, what="已带泵车到场")
    assert done["reports"][0]["reportedAt"] and not done["reports"][0]["late"]
    assert (await on_whistle(called, "reportIn", **one, what="再报"))["code"] == "NOT_POSSIBLE_NOW"
    bad = await on_whistle(street, "confirmReportIn", **judged, rating=6)
    assert [fault["path"] for fault in bad["fields"]] == ["rating"]
    await on_whistle(street, "confirmReportIn", **judged, rating=4, remark="及时")
    await on_whistle(called, "rateWhistle", **one, rating=5)
    for again in (
        on_whistle(street, "confirmReportIn", **judged, rating=1),
        on_whistle(called, "rateWhistle", **one, rating=1),
    ):
        assert (await again)["code"] == "NOT_POSSIBLE_NOW"
    open_ = await on_whistle(street, "closeWhistle", **one)
    assert open_["code"] == "NOT_POSSIBLE_NOW" and "朝阳区" in open_["message"]
    closed = await on_whistle(street, "closeWhistle", **one, reason="区里已电话处理")
    assert closed["open"] is False
    assert [(r["rating"], r["callerRating"]) for r in closed["reports"]] == [(4, 5), (None, None)]


async def test_a_missing_report_in_goes_up_by_itself(city: Hotline) -> None:
    ticket, made = await whistled(city, CALLED)
    await city.caller("handler", unit=STREET).do("acceptTicket", ticketId=ticket["id"])
    due, street = at(made["reports"][0]["dueAt"]), city.caller("handler", unit=STREET)
    document = f"query($c: String!) {{ ticket(code: $c) {{ whistles {{ {WHISTLE} }} }} }}"
    for moment, late, to in (
        (due - timedelta(seconds=1), False, None),
        (due, True, None),
        (due + timedelta(days=1), True, "DISTRICT"),
        (due + timedelta(days=2), True, "CITY"),
    ):
        city.move(moment)
        await city.fire()
        await city.fire()
        seen = await street.send(document, c=ticket["code"])
        [report] = seen["ticket"]["whistles"][0]["reports"]
        assert (report["late"], report["escalatedTo"]) == (late, to)
    events = await city.rows(
        "select kind from ticket_event where ticket_id = :id and kind like 'REPORT_IN%'",
        id=uuid_of(ticket),
    )
    kinds = [row["kind"] for row in events]
    assert kinds == ["REPORT_IN_LATE", "REPORT_IN_ESCALATE", "REPORT_IN_ESCALATE"]
    called = city.caller("handler", unit=CALLED)
    done = await on_whistle(called, "reportIn", whistleId=made["id"], what="到场")
    assert done["reports"][0]["late"], "late is late, also when it comes"


async def test_who_reported_in_and_what_was_closed_never_runs_late(city: Hotline) -> None:
    _, first = await whistled(city, CALLED)
    _, second = await whistled(city, CALLED)
    street, called = (city.caller("handler", unit=code) for code in (STREET, CALLED))
    await on_whistle(called, "reportIn", whistleId=first["id"], what="到场")
    await on_whistle(street, "closeWhistle", whistleId=second["id"], reason="不必了")
    refused = await on_whistle(called, "reportIn", whistleId=second["id"], what="到场")
    assert refused["code"] == "NOT_POSSIBLE_NOW"
    city.move(city.clock.now() + timedelta(days=9))
    await city.fire()
    rows = await city.rows(
        "select late_at from report_in where whistle_id = any(:ids)",
        ids=[uuid_of({"id": w["id"].replace("Whistle", "Ticket")}) for w in (first, second)],
    )
    assert [row["late_at"] for row in rows] == [None, None]


async def test_work_is_not_pushed_down_by_a_whistle(city: Hotline) -> None:
    """B17, N: a department whistles nobody, a district no street, nobody a community."""
    place = {"purpose": "会商", "place": "东门", "at": city.clock.now().isoformat()}
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city))
    one = {"ticketId": ticket["id"]}
    await agent.do("dispatchTicket", **one, unitCode=CALLED)
    before = await city.row("select count(*) as n from whistle")
    lead = city.caller("handler", unit=CALLED)
    assert "WHISTLE" not in (await lead.ticket(ticket["code"]))["availableActions"]
    refused = await on_whistle(lead, "whistle", **one, **place, unitCodes=[STREET])
    assert refused["code"] == "NOT_POSSIBLE_NOW"
    await agent.do("dispatchTicket", **one, unitCode=DISTRICT)
    district = city.caller("handler", unit=DISTRICT)
    community = await city.row("select code from unit where level = 'COMMUNITY' limit 1")
    for code in (STREET, community["code"], DISTRICT, "11", "nowhere"):
        refused = await on_whistle(district, "whistle", **one, **place, unitCodes=[code])
        assert [fault["path"] for fault in refused["fields"]] == ["unitCodes.0"], code
    assert await city.row("select count(*) as n from whistle") == before
    street = city.caller("handler", unit=STREET)
    assert (await on_whistle(street, "whistle", **one, **place, unitCodes=[CALLED]))["code"] in {
        "NOT_FOUND", "NOT_ALLOWED",
    }  # fmt: skip


async def test_the_reply_and_a_new_dispatch_end_the_duty(city: Hotline) -> None:
    first, told = await whistled(city, CALLED)
    second, made = await whistled(city, CALLED)
    await replied(city, first)
    await city.caller("agent").do("dispatchTicket", ticketId=second["id"], unitCode=DISTRICT)
    called = city.caller("handler", unit=CALLED)
    for whistle in (told, made):
        refused = await on_whistle(called, "reportIn", whistleId=whistle["id"], what="到场")
        assert refused["code"] in {"NOT_POSSIBLE_NOW", "NOT_ALLOWED"}
    for ticket in (first, second):
        armed = await city.rows(
            "select 1 from timer where subject_id = :id and fired_at is null "
            "and kind like 'whistle.%'",
            id=uuid_of(ticket),
        )
        assert armed == []


async def test_queues_and_figures(city: Hotline) -> None:
    begin = city.clock.now().isoformat()
    _, made = await whistled(city, "BJ-JTW")
    called, street = city.caller("handler", unit="BJ-JTW"), city.caller("handler", unit=STREET)
    queue = """query($c: String!, $a: Boolean) { whistles(filter: {calledCode: $c, awaited: $a})
      { nodes { id } } }"""

    async def ids(caller: Caller, *, awaited: bool) -> list[str]:
        found = await caller.send(queue, c="BJ-JTW", a=awaited)
        return [node["id"] for node in found["whistles"]["nodes"]]

    assert await ids(called, awaited=True) == await ids(street, awaited=True) == [made["id"]]
    assert await ids(city.caller("handler", unit=OTHER), awaited=True) == []
    await on_whistle(called, "reportIn", whistleId=made["id"], what="到场")
    assert await ids(called, awaited=True) == []
    assert await ids(called, awaited=False) == [made["id"]]
    report = made["reports"][0]["id"]
    await on_whistle(street, "confirmReportIn", reportInId=report, confirmed=True, rating=3)
    document = """query($f: DateTime!, $b: DateTime!) { reportInFigures(from: $f, before: $b) {
      unit { code } called onTime late denied meanRating } }"""
    end = (city.clock.now() + timedelta(seconds=1)).isoformat()
    found = await street.send(document, f=begin, b=end)
    [own] = [row for row in found["reportInFigures"] if row["unit"]["code"] == "BJ-JTW"]
    figures = {"called": 1, "onTime": 1, "late": 0, "denied": 0, "meanRating": 3.0}
    assert own == {"unit": {"code": "BJ-JTW"}, **figures}
    assert (await citizen_of(city).send(document, f=begin, b=end))["reportInFigures"] == []


async def test_closing_and_reporting_in_at_once(city: Hotline) -> None:
    for _ in range(3):
        _, made = await whistled(city, CALLED)
        one = {"whistleId": made["id"]}
        street, called = (city.caller("handler", unit=code) for code in (STREET, CALLED))
        closed, reported = await asyncio.gather(
            on_whistle(street, "closeWhistle", **one, reason="不必了"),
            on_whistle(called, "reportIn", **one, what="到场"),
        )
        assert closed["open"] is False
        row = await city.row(
            "select reported_at, closed_at from report_in r join whistle w on w.id = r.whistle_id "
            "where w.id = cast(:id as uuid)",
            id=made["id"].removeprefix("Whistle_"),
        )
        assert (row["reported_at"] is None) is ("message" in reported)
        assert row["closed_at"] is not None
