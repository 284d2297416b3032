"""Limits that offices set one another: they follow holidays, and what is missed has its answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.dispatch import rescheduling
from tests.loop.promises import promises_hold
from tests.loop.steps import DISTRICT, STREET, at, citizen_of, submitted
from tests.support.cities import local
from tests.support.city import Caller, Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

STREET_OF_JINAN, ADDRESS_IN_JINAN = "370102002", "济南市历下区千佛山街道7号"
JOINT = "370102001"
ORDERS = """supervisions { id trigger grade status deadline version unit { code }
  steps { kind deadline } }"""
SEEN = f"""query($id: ID!) {{ node(id: $id) {{ ... on Ticket {{ version {ORDERS}
  contests {{ rulingDueAt }} escalations {{ level clock at deadline endedAt unit {{ code }} }}
  whistles {{ reports {{ dueAt late }} }} assignments {{ role deadline }}
  history(first: 60) {{ nodes {{ kind remark unit {{ code }} }} }} }} }} }}"""


async def seen(caller: Caller, ticket: dict[str, Any]) -> Any:
    return (await caller.send(SEEN, id=ticket["id"]))["node"]


async def declared(city: Hotline, *days: str) -> None:
    """Holidays from now on, with both walks to their ends."""
    document = """mutation($i: DeclareHolidaysInput!) { declareHolidays(input: $i) {
      ... on DeclareHolidaysPayload { revision } ... on Problem { message } } }"""
    given = {
        "days": [{"date": day, "isWorkday": False, "name": "假日"} for day in days],
        "source": "国办发明电〔2026〕9号", "reason": "全市停工",
    }  # fmt: skip
    done = await city.caller("admin").send(document, i=given)
    assert done["declareHolidays"]["revision"], done
    await city.fire()
    city.clock.advance(rescheduling.AGAIN_AFTER)
    await city.fire()


def moved(ticket: dict[str, Any]) -> list[str]:
    """What the history says of limits that moved."""
    nodes = ticket["history"]["nodes"]
    return [one["remark"] for one in nodes if one["kind"] == "DEADLINE_MOVED"]


async def in_jinan(city: Hotline) -> Any:
    ticket = await submitted(citizen_of(city), address=ADDRESS_IN_JINAN)
    assert ticket["lead"]["code"] == STREET_OF_JINAN
    return ticket


async def test_a_ruling_is_due_by_the_calendar_that_holds(jinan: Hotline) -> None:
    supervisor = jinan.caller("supervisor")
    ticket = await in_jinan(jinan)
    contest = {"ground": "WRONG_AREA", "reason": "地址在别处"}
    handler = jinan.caller("handler", unit=STREET_OF_JINAN)
    done = await handler.do("contestDispatch", ticketId=ticket["id"], **contest)
    assert done["status"] == "CONTESTED", done
    before = await seen(supervisor, ticket)
    assert at(before["contests"][0]["rulingDueAt"]) == local("2026-11-24 10:00")
    await declared(jinan, "2026-11-24")
    after = await seen(supervisor, ticket)
    assert at(after["contests"][0]["rulingDueAt"]) == local("2026-11-25 10:00")
    [told] = moved(after)
    assert told == "工作日历调整，异议裁定时限由11月24日10:00改为11月25日10:00"
    assert await jinan.timers(ticket) and (await jinan.row(
        "select count(*) from timer where subject_id = :id and kind = 'contest.ruling' "
        "and fired_at is null", id=uuid_of(ticket)))["count"] == 1  # fmt: skip
    jinan.move(local("2026-11-24 18:00"))
    await jinan.fire()
    kinds = [one["kind"] for one in (await seen(supervisor, ticket))["history"]["nodes"]]
    assert "RULING_DUE" not in kinds, "it is a holiday"
    jinan.move(local("2026-11-25 10:00"))
    await jinan.fire()
    kinds = [one["kind"] for one in (await seen(supervisor, ticket))["history"]["nodes"]]
    assert kinds.count("RULING_DUE") == 1
    citizen = await jinan.caller("agent").ticket(ticket["code"])
    await promises_hold(jinan.database, jinan.rules, [uuid_of(citizen)])


async def test_an_order_says_among_its_steps_that_its_day_moved(jinan: Hotline) -> None:
    jinan.move(local("2027-03-08 10:00"))  # a Monday
    supervisor, citizen = jinan.caller("supervisor"), citizen_of(jinan)
    ticket = await submitted(citizen, address=ADDRESS_IN_JINAN)
    order = {"ticketId": ticket["id"], "grade": "KEY", "reason": "群众反映强烈"}
    made = await supervisor.mutate("openSupervision", "supervision { version deadline }", "", order)
    assert at(made["deadline"]) == local("2027-03-11 10:00"), "three working days"
    await declared(jinan, "2027-03-09", "2027-03-10")
    [now] = (await seen(supervisor, ticket))["supervisions"]
    assert at(now["deadline"]) == local("2027-03-15 10:00"), "two days and a weekend later"
    assert [step["kind"] for step in now["steps"]] == ["OPENED", "RESCHEDULED"]
    assert now["steps"][1]["deadline"] == now["deadline"] and now["version"] == made["version"] + 1
    own = await citizen.ticket(ticket["code"])
    assert "DEADLINE_MOVED" not in [one["kind"] for one in own["history"]["nodes"]]
    jinan.move(local("2027-03-11 12:00"))
    await jinan.fire()
    [now] = (await seen(supervisor, ticket))["supervisions"]
    assert (now["grade"], len(now["steps"])) == ("KEY", 2), "not overdue by the old calendar"
    jinan.move(local("2027-03-15 10:00"))
    await jinan.fire()
    after = (await seen(supervisor, ticket))["supervisions"][0]
    assert [step["kind"] for step in after["steps"]] == ["OPENED", "RESCHEDULED", "OVERDUE"]
    assert after["grade"] == "TASK_FORCE"


async def test_a_report_in_and_a_joint_task_follow_too(jinan: Hotline) -> None:
    jinan.move(local("2027-04-12 10:00"))  # a Monday
    supervisor, citizen = jinan.caller("supervisor"), citizen_of(jinan)
    ticket = await submitted(citizen, address=ADDRESS_IN_JINAN)
    given = {"unitCode": STREET_OF_JINAN, "jointUnitCodes": [JOINT]}
    agent = jinan.caller("agent")
    ticket = await agent.do("dispatchTicket", ticketId=ticket["id"], **given)
    call = {"purpose": "会商", "place": "东门", "at": local("2027-04-12 15:00").isoformat()}
    street = jinan.caller("handler", unit=STREET_OF_JINAN)
    called = {"ticketId": ticket["id"], "unitCodes": ["370102003"]}
    made = await street.mutate("whistle", "whistle { id }", "", called | call)
    assert "message" not in made, made
    before = await seen(supervisor, ticket)
    assert at(before["whistles"][0]["reports"][0]["dueAt"]) == local("2027-04-13 10:00")
    await declared(jinan, "2027-04-13")
    after = await seen(supervisor, ticket)
    assert at(after["whistles"][0]["reports"][0]["dueAt"]) == local("2027-04-14 10:00")
    parts = {one["role"]: at(one["deadline"]) for one in after["assignments"] if one["deadline"]}
    old = {one["role"]: at(one["deadline"]) for one in before["assignments"] if one["deadline"]}
    assert parts["CALLED"] == local("2027-04-14 10:00")
    assert parts["JOINT"] == old["JOINT"] + timedelta(days=1)
    told = moved(after)
    assert len(told) == 2 and {one[:2] for one in told} == {"工作", "联合"}, told
    own = [one["kind"] for one in (await citizen.ticket(ticket["code"]))["history"]["nodes"]]
    assert "DEADLINE_MOVED" not in own and "CALENDAR_CHANGE" in own
    await promises_hold(jinan.database, jinan.rules, [uuid_of(ticket)])


async def test_what_runs_on_the_wall_clock_is_left_alone(city: Hotline) -> None:
    supervisor = city.caller("supervisor")
    ticket = await submitted(citizen_of(city))
    city.move(at(ticket["deadline"]) + timedelta(days=1))
    await city.fire()
    before = await seen(supervisor, ticket)
    reply = [one for one in before["escalations"] if one["clock"] == "REPLY"]
    assert [one["level"] for one in reply] == ["DISTRICT"]
    held = await city.rows(
        "select id, armed_at from timer where fired_at is null and subject_id = :id "
        "and kind = 'escalation.REPLY'", id=uuid_of(ticket))  # fmt: skip
    await declared(city, "2026-12-02")
    after = await seen(supervisor, ticket)
    assert after["escalations"] == before["escalations"]
    assert held == await city.rows(
        "select id, armed_at from timer where fired_at is null and subject_id = :id "
        "and kind = 'escalation.REPLY'", id=uuid_of(ticket))  # fmt: skip


async def test_a_higher_unit_that_lets_it_lie_is_supervised_itself(city: Hotline) -> None:
    supervisor = city.caller("supervisor")
    ticket = await submitted(citizen_of(city))
    city.move(at(ticket["deadline"]) + timedelta(days=1))
    await city.fire()
    [found] = (await seen(supervisor, ticket))["supervisions"]
    assert found["trigger"] == "OVERDUE"
    city.clock.advance(timedelta(days=1))
    await city.fire()
    after = await seen(supervisor, ticket)
    orders = [one for one in after["supervisions"] if one["trigger"] == "ESCALATION"]
    assert [(one["unit"]["code"], one["grade"]) for one in orders] == [(DISTRICT, "KEY")], (
        "three clocks lie before the district: one order"
    )
    await promises_hold(city.database, city.rules, [uuid_of(ticket)])
    given = {"orderId": orders[0]["id"], "report": "已约谈街道"}
    answer = "supervision { status }"
    street = city.caller("handler", unit=STREET)
    refused = await street.mutate("submitSupervisionReport", answer, "", given)
    assert refused["code"] == "NOT_ALLOWED", "it is the district that must say what it did"
    district = city.caller("handler", unit=DISTRICT)
    done = await district.mutate("submitSupervisionReport", answer, "", given)
    assert done["status"] == "REPORTED"
    city.clock.advance(timedelta(days=4))  # the city had two days from the third
    await city.fire()
    after = await seen(supervisor, ticket)
    units = [one["unit"]["code"] for one in after["supervisions"] if one["trigger"] == "ESCALATION"]
    assert units == [DISTRICT, "11"], "the city's own step, once"


async def test_an_escalation_ends_with_its_clocks_duty(city: Hotline) -> None:
    supervisor, street = city.caller("supervisor"), city.caller("handler", unit=STREET)
    ticket = await submitted(citizen_of(city))
    city.move(local("2026-11-25 11:00"))  # sign-in and contact ran out a working day ago
    await city.fire()
    before = {one["clock"]: one for one in (await seen(supervisor, ticket))["escalations"]}
    assert before["ACCEPT"]["endedAt"] is None
    await street.do("acceptTicket", ticketId=ticket["id"])
    after = {one["clock"]: one for one in (await seen(supervisor, ticket))["escalations"]}
    assert at(after["ACCEPT"]["endedAt"]) == city.clock.now()
    if "CONTACT" in after:
        await street.do("recordContact", ticketId=ticket["id"], note="已联系")
    city.clock.advance(timedelta(days=2))
    await city.fire()
    orders = (await seen(supervisor, ticket))["supervisions"]
    assert [one["trigger"] for one in orders] == [], "the district got the street to act"
