"""Orders of supervision: by hand and by rule, reported on, ruled on, overdue; and escalations."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from jobs.watching import Watching
from tests.loop.steps import ADDRESS, STREET, at, citizen_of, judged, replied, submitted
from tests.support.cities import local
from tests.support.city import Caller, Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

DISTRICT, ROOT = "110105", "11"
ORDER = """supervision { id grade trigger status reason topic deadline isOverdue report ruling
  rulingReason openedBy version closedAt unit { code } tickets { code }
  steps { kind grade text actor deadline } }"""
ON_TICKET = f"{ORDER.replace('supervision {', 'supervisions {')}"
UNSOLVED = {"resolved": False, "satisfaction": "DISSATISFIED"}


async def ordered(caller: Caller, mutation: str, **given: Any) -> Any:
    """The order after a mutation, or the problem."""
    return await caller.mutate(mutation, ORDER, "", given)


async def opened(city: Hotline, ticket: dict[str, Any], grade: str = "KEY") -> Any:
    supervisor = city.caller("supervisor")
    return await ordered(
        supervisor, "openSupervision", ticketId=ticket["id"], grade=grade, reason="群众反映强烈"
    )


async def over(city: Hotline, ticket: dict[str, Any], caller: Caller | None = None) -> Any:
    """The orders over a ticket."""
    document = f"query($id: ID!) {{ node(id: $id) {{ ... on Ticket {{ {ON_TICKET} }} }} }}"
    who = caller or city.caller("supervisor")
    return (await who.send(document, id=ticket["id"]))["node"]["supervisions"]


async def told(city: Hotline, ticket: dict[str, Any]) -> list[str]:
    seen = await city.caller("supervisor").ticket(ticket["code"])
    kinds = [each["kind"] for each in seen["history"]["nodes"]]
    return [kind for kind in kinds if kind.startswith("SUPERVI")]


async def test_an_order_is_reported_on_returned_and_closed(city: Hotline) -> None:
    supervisor, handler = city.caller("supervisor"), city.caller("handler", unit=STREET)
    citizen = citizen_of(city)
    ticket = await submitted(citizen)
    order = await opened(city, ticket)
    assert (order["status"], order["trigger"], order["unit"]["code"]) == ("OPEN", "HAND", STREET)
    assert at(order["deadline"]) == local("2026-11-26 10:00"), "KEY: three working days"
    one = {"orderId": order["id"]}
    early = await ordered(supervisor, "closeSupervision", **one, ruling="SATISFIED", reason="同意")
    assert early["code"] == "NOT_POSSIBLE_NOW", "there is no report yet"
    done = await ordered(handler, "submitSupervisionReport", **one, report="已约谈施工方")
    assert (done["status"], done["report"]) == ("REPORTED", "已约谈施工方")
    twice = await ordered(handler, "submitSupervisionReport", **one, report="再报")
    assert twice["code"] == "NOT_POSSIBLE_NOW"
    city.move(local("2026-11-27 10:00"))
    await city.fire()
    done = await ordered(supervisor, "closeSupervision", **one, ruling="RETURNED", reason="未见效")
    assert (done["status"], done["grade"]) == ("OPEN", "KEY"), "a report stops the clock"
    assert at(done["deadline"]) == local("2026-12-02 10:00"), "due anew"
    stale = await ordered(
        handler, "submitSupervisionReport", **one, report="已解决", expectedVersion=1
    )
    assert stale["code"] == "CONFLICT"
    await ordered(handler, "submitSupervisionReport", **one, report="已解决")
    done = await ordered(supervisor, "closeSupervision", **one, ruling="SATISFIED", reason="同意")
    assert (done["status"], done["ruling"], done["version"]) == ("CLOSED", "SATISFIED", 5)
    assert [step["kind"] for step in done["steps"]] == [
        "OPENED", "REPORTED", "RETURNED", "REPORTED", "CLOSED",
    ]  # fmt: skip
    assert [step["text"] for step in done["steps"]][1] == "已约谈施工方", "nothing is lost"
    assert await told(city, ticket) == [
        "SUPERVISE", "SUPERVISION_REPORTED", "SUPERVISION_RETURNED", "SUPERVISION_REPORTED",
        "SUPERVISION_CLOSED",
    ]  # fmt: skip
    own = await citizen.ticket(ticket["code"])
    assert [each["kind"] for each in own["history"]["nodes"]] == ["SUBMIT", "DISPATCH"]
    assert await over(city, ticket, citizen) == []


async def test_who_may_do_what_with_an_order(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    order = await opened(city, ticket)
    one = {"orderId": order["id"]}
    for who, code in (
        (city.caller("handler", unit=DISTRICT), "NOT_ALLOWED"),
        (city.caller("handler", unit="110106"), "NOT_FOUND"),
        (city.caller("supervisor"), "NOT_ALLOWED"),
        (citizen_of(city), "NOT_ALLOWED"),
        (city.nobody, "UNAUTHENTICATED"),
    ):
        refused = await ordered(who, "submitSupervisionReport", **one, report="已办")
        assert refused["code"] == code
    ruling = {"ruling": "WITHDRAWN", "reason": "误发"}
    for who in (city.caller("agent"), city.caller("handler", unit=STREET)):
        assert (await ordered(who, "closeSupervision", **one, **ruling))["code"] == "NOT_ALLOWED"
    agent = await ordered(
        city.caller("agent"), "openSupervision", ticketId=ticket["id"], grade="KEY", reason="急"
    )
    assert agent["code"] == "NOT_ALLOWED"
    assert (await opened(city, ticket))["code"] == "NOT_POSSIBLE_NOW", "one by hand is open"
    triage = await submitted(citizen_of(city), kind="CONSULTATION")
    assert (await opened(city, triage))["code"] == "NOT_POSSIBLE_NOW", "no unit leads it"
    [only] = await over(city, ticket)
    assert only["version"] == 1 and await over(city, triage) == []
    done = await ordered(city.caller("supervisor"), "closeSupervision", **one, **ruling)
    assert (done["status"], done["ruling"]) == ("CLOSED", "WITHDRAWN")
    assert (await opened(city, ticket))["status"] == "OPEN"
    desk = "{ supervisions(first: 100) { nodes { id } } }"
    for who, sees in ((STREET, True), (DISTRICT, True), ("110106", False)):
        found = (await city.caller("handler", unit=who).send(desk))["supervisions"]["nodes"]
        assert ({"id": order["id"]} in found) is sees
    assert (await citizen_of(city).send(desk))["supervisions"]["nodes"] == []


async def test_an_order_without_a_report_rises_grade_by_grade_and_no_higher(city: Hotline) -> None:
    supervisor = city.caller("supervisor")
    ticket = await replied(city, await submitted(citizen_of(city)))
    order = await opened(city, ticket, "ROUTINE")
    grades = [order["grade"]]
    for _ in range(4):
        city.move(at(order["deadline"]) - timedelta(seconds=1))
        await city.fire()
        [before] = await over(city, ticket)
        assert before["grade"] == grades[-1] and before["isOverdue"] is False
        city.move(at(order["deadline"]))
        await city.fire()
        await city.fire()
        [order] = await over(city, ticket)
        grades.append(order["grade"])
    assert grades == ["ROUTINE", "KEY", "TASK_FORCE", "DISCIPLINE", "DISCIPLINE"]
    assert order["isOverdue"] is True and order["version"] == 5
    assert (await told(city, ticket)).count("SUPERVISION_OVERDUE") == 4
    desk = """{ supervisions(filter: {overdue: true, grade: [DISCIPLINE], unitCode: "110105"})
      { nodes { id } } }"""
    found = (await supervisor.send(desk))["supervisions"]["nodes"]
    assert {"id": order["id"]} in found, "below its district"


async def test_what_is_overdue_is_supervised_once_and_escalations_have_their_own_clock(
    city: Hotline,
) -> None:
    ticket = await submitted(citizen_of(city))
    deadline = at(ticket["deadline"])
    city.move(deadline)
    await city.fire()
    [order] = await over(city, ticket)
    assert (order["trigger"], order["grade"], order["openedBy"]) == ("OVERDUE", "ROUTINE", "system")
    city.move(deadline + timedelta(days=3))
    await city.fire()
    triggers = [one["trigger"] for one in await over(city, ticket)]
    assert triggers.count("OVERDUE") == 1
    assert triggers.count("ESCALATION") == 2, "the sign-in lay before the district and the city"
    document = """query($id: ID!) { node(id: $id) { ... on Ticket {
      escalations { level clock at deadline endedAt unit { code } } } } }"""
    agent = city.caller("agent")
    found = (await agent.send(document, id=ticket["id"]))["node"]["escalations"]
    reply = [row for row in found if row["clock"] == "REPLY"]
    assert [(row["level"], row["unit"]["code"]) for row in reply] == [
        ("DISTRICT", DISTRICT),
        ("CITY", ROOT),
    ]
    for row, days in zip(reply, (1, 2), strict=True):
        assert at(row["deadline"]) - at(row["at"]) == timedelta(days=days)
        assert row["endedAt"] is None
    assert (await citizen_of(city).send(document, id=ticket["id"]))["node"] is None
    await replied(city, ticket)
    found = (await agent.send(document, id=ticket["id"]))["node"]["escalations"]
    assert {at(row["endedAt"]) for row in found} == {city.clock.now()}
    assert (await over(city, ticket))[0]["status"] == "OPEN", "a reply is no report"


async def test_urges_and_reworks_make_a_problem_ticket(city: Hotline) -> None:
    citizen, agent = citizen_of(city), city.caller("agent")
    ticket = await submitted(citizen)
    for _ in range(3):
        assert await over(city, ticket) == []
        await citizen.do("urgeTicket", ticketId=ticket["id"])
        city.move(city.clock.now() + timedelta(days=1))
    [order] = await over(city, ticket)
    assert (order["trigger"], order["grade"]) == ("URGES", "ROUTINE")
    for _ in range(2):
        ticket = await judged(agent, await replied(city, ticket), **UNSOLVED)
        assert len(await over(city, ticket)) == 1
    ticket = await judged(agent, await replied(city, ticket), **UNSOLVED)
    assert ticket["status"] == "CLOSED", "the city's rounds are used up"
    problem = (await over(city, ticket))[1]
    assert (problem["trigger"], problem["grade"], problem["status"]) == ("REWORKS", "KEY", "OPEN")
    handler = city.caller("handler", unit=STREET)
    version = (await agent.ticket(ticket["code"]))["version"]
    one = {"orderId": problem["id"]}
    done = await ordered(handler, "submitSupervisionReport", **one, report="已专题研究")
    assert done["status"] == "REPORTED"
    assert (await agent.ticket(ticket["code"]))["version"] == version, "what has ended stays so"


async def watch(city: Hotline) -> None:
    await Watching(city.database, lambda: city.rules).step()


async def test_one_citizens_tickets_of_one_category_are_one_order(city: Hotline) -> None:
    citizen, given = citizen_of(city), {"category": "HOUSING.PROPERTY"}
    tickets = [await submitted(citizen, **given) for _ in range(2)]
    hidden = [await submitted(citizen, **given, confidential=True) for _ in range(2)]
    await watch(city)
    assert await over(city, tickets[0]) == [], "two are not enough, and hidden ones do not count"
    city.move(city.clock.now() + timedelta(days=20))
    tickets.append(await submitted(citizen, **given))
    await asyncio.gather(watch(city), watch(city), watch(city))
    orders = [await over(city, ticket) for ticket in tickets]
    assert orders[0] == orders[1] == orders[2] and len(orders[0]) == 1
    [order] = orders[0]
    assert order["trigger"] == "REPEATED" and order["topic"]
    assert {each["code"] for each in order["tickets"]} == {each["code"] for each in tickets}
    assert [await over(city, each) for each in hidden] == [[], []]
    later = await submitted(citizen, **given)
    await watch(city)
    assert [each["id"] for each in await over(city, later)] == [order["id"]], "joins the open one"
    supervisor, one = city.caller("supervisor"), {"orderId": order["id"]}
    await ordered(supervisor, "closeSupervision", **one, ruling="WITHDRAWN", reason="已合并办理")
    await watch(city)
    assert len(await over(city, later)) == 1, "a ticket counts once"
    assert await told(city, later) == ["SUPERVISE", "SUPERVISION_CLOSED"]


async def test_many_tickets_of_one_street_and_category_are_one_order(city: Hotline) -> None:
    number = city.rules.profile.supervision.concentrated.count
    given = {"category": "ENVIRONMENT.NOISE", "address": ADDRESS}
    tickets = [await submitted(citizen_of(city), **given) for _ in range(number - 1)]
    await watch(city)
    assert await over(city, tickets[0]) == []
    city.move(city.clock.now() + timedelta(hours=23))
    tickets.append(await submitted(citizen_of(city), **given))
    await watch(city)
    [order] = await over(city, tickets[0])
    assert order["trigger"] == "CONCENTRATED" and len(order["tickets"]) == number
    assert order["unit"]["code"] == STREET
    rows = await city.rows(
        "select count(*) as n from supervision_order where trigger = 'CONCENTRATED'"
    )
    await watch(city)
    assert (
        await city.rows(
            "select count(*) as n from supervision_order where trigger = 'CONCENTRATED'"
        )
        == rows
    )


async def test_what_gathers_at_a_street_counts_whichever_units_lead_it(city: Hotline) -> None:
    number = city.rules.profile.supervision.concentrated.count
    given = {"category": "ENVIRONMENT.AIR", "address": ADDRESS}
    tickets = [await submitted(citizen_of(city), **given) for _ in range(number)]
    agent = city.caller("agent")
    for ticket in tickets[:-2]:
        done = await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode="BJ-SWJ")
        assert done["lead"]["code"] == "BJ-SWJ", done
    await watch(city)
    [order] = await over(city, tickets[0])
    assert order["trigger"] == "CONCENTRATED" and len(order["tickets"]) == number
    assert order["unit"]["code"] == "BJ-SWJ", "it goes to the unit that leads most of them"
    elsewhere = await submitted(citizen_of(city), **given | {"address": "丰台区右安门街道玉林里"})
    await watch(city)
    assert await over(city, elsewhere) == [], "another street"


async def test_the_figures_are_those_of_the_orders(city: Hotline) -> None:
    supervisor = city.caller("supervisor")
    document = """query($m: String!) { supervisionFigures(month: $m) { unit { code } open routine
      key taskForce discipline overdue closed meanDays } }"""

    async def figures(who: Caller = supervisor) -> dict[str | None, Any]:
        month = (await who.send("{ m: scoringMonth }"))["m"] or "2026-11"
        rows = (await who.send(document, m=month))["supervisionFigures"]
        return {row["unit"] and row["unit"]["code"]: row for row in rows}

    before = (await figures()).get(DISTRICT, {"key": 0, "closed": 0})
    order = await opened(city, await submitted(citizen_of(city)))
    during = await figures()
    assert during[DISTRICT]["key"] == before["key"] + 1
    for name in ("open", "routine", "key", "overdue", "closed"):
        assert during[None][name] == sum(
            row[name] for unit, row in during.items() if unit is not None
        )
    ruling = {"ruling": "WITHDRAWN", "reason": "误发"}
    await ordered(supervisor, "closeSupervision", orderId=order["id"], **ruling)
    after = await figures()
    assert after[DISTRICT]["key"] == before["key"]
    assert after[DISTRICT]["closed"] == before["closed"] + 1
    assert await figures(city.caller("handler", unit=STREET)) == {}
