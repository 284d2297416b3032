"""What a ruling on a contest means for all that hangs on the ticket beside its lead."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loop.promises import promises_hold
from tests.loop.steps import STREET, at, citizen_of, submitted
from tests.loop.test_contest_scenarios import SISTER, THIRD, contest, rule
from tests.loop.test_holidays import STREET as OF_JINAN
from tests.loop.test_holidays import declare, ticket_of
from tests.support.cities import local
from tests.support.city import Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOINT = "BJ-ZJW"
PROPOSALS = """{ catalogueProposals(status: OPEN, first: 100) { nodes { id count ground
  category { code } area { code } fromUnit { code } toUnit { code }
  cases { ticket { id } } } } }"""


async def proposals(city: Hotline, *tickets: dict[str, Any]) -> list[Any]:
    """The open proposals that rest on rulings on these tickets."""
    wanted = {ticket["id"] for ticket in tickets}
    listed = (await city.caller("supervisor").send(PROPOSALS))["catalogueProposals"]["nodes"]
    return [one for one in listed if wanted & {case["ticket"]["id"] for case in one["cases"]}]


async def contested(city: Hotline, **more: Any) -> dict[str, Any]:
    ticket = await submitted(citizen_of(city), **more)
    done = await contest(city, ticket)
    assert done["status"] == "CONTESTED"
    return ticket


async def test_upheld_rulings_propose_a_change_of_the_catalogue(city: Hotline) -> None:
    supervisor = city.caller("supervisor")
    first, second, other, rejected = [await contested(city) for _ in range(4)]
    assert await proposals(city, first, second, other, rejected) == [], "only a ruling proposes"
    for ticket, to in ((first, SISTER), (second, SISTER), (other, THIRD)):
        assert (await rule(supervisor, ticket, to))["lead"]["code"] == to
    await rule(supervisor, rejected)
    assert await proposals(city, rejected) == []
    [one] = await proposals(city, first, second)
    assert (one["fromUnit"]["code"], one["toUnit"]["code"]) == (STREET, SISTER)
    assert (one["count"], one["ground"]) == (2, "WRONG_AREA")
    assert [case["ticket"]["id"] for case in one["cases"]] == [first["id"], second["id"]]
    [one] = await proposals(city, other)
    assert (one["toUnit"]["code"], one["count"]) == (THIRD, 1)
    query = "{ catalogueProposals(first: 100) { nodes { id } } }"
    hidden = await city.caller("handler", unit=SISTER).send(query)
    assert hidden["catalogueProposals"] == {"nodes": []}, "for the centre"


async def test_a_ruling_that_is_refused_proposes_nothing(city: Hotline) -> None:
    ticket = await contested(city)
    refused = await rule(city.caller("supervisor"), ticket, STREET)
    assert refused["code"] == "INVALID_INPUT"
    assert await proposals(city, ticket) == []


async def asked_for_time(city: Hotline) -> dict[str, Any]:
    """A contested ticket whose lead had asked for more time before."""
    ticket = await submitted(citizen_of(city))
    handler = city.caller("handler", unit=STREET)
    await handler.do("acceptTicket", ticketId=ticket["id"])
    asked = await handler.do(
        "requestExtension", ticketId=ticket["id"], limit="P2WD", reason="等待配件"
    )
    assert "message" not in asked
    await contest(city, ticket)
    return ticket


async def status_of_requests(city: Hotline, ticket: dict[str, Any]) -> list[tuple[str, bool]]:
    rows = await city.rows(
        "select status, decided_at is not null as decided from extension where ticket_id = :id",
        id=uuid_of(ticket),
    )
    return [(row["status"], row["decided"]) for row in rows]


async def test_what_the_former_lead_asked_for_lapses_with_the_lead(city: Hotline) -> None:
    supervisor = city.caller("supervisor")
    upheld, rejected = await asked_for_time(city), await asked_for_time(city)
    assert await status_of_requests(city, upheld) == [("REQUESTED", False)]
    due = (await rule(supervisor, upheld, SISTER))["deadline"]
    assert await status_of_requests(city, upheld) == [("LAPSED", True)]
    await rule(supervisor, rejected)
    assert await status_of_requests(city, rejected) == [("REQUESTED", False)], "it goes on"
    answers = []
    for ticket in (upheld, rejected):
        row = await city.row("select id from extension where ticket_id = :id", id=uuid_of(ticket))
        one = f"Extension_{row['id']}"
        answers.append(await supervisor.do("decideExtension", extensionId=one, approve=True))
    assert answers[0]["code"] == "NOT_POSSIBLE_NOW"
    assert (await supervisor.ticket(upheld["code"]))["deadline"] == due
    assert answers[1]["deadline"] > rejected["deadline"], "granted to the lead that stayed"
    ids = [uuid_of(upheld), uuid_of(rejected)]
    await promises_hold(city.database, city.rules, ids)


async def test_a_suspended_ticket_is_not_contested(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    await city.caller("handler", unit=STREET).do("acceptTicket", ticketId=ticket["id"])
    await city.caller("supervisor").do(
        "suspendTicket", ticketId=ticket["id"], measures="分步整改", reason="待供货",
        reviewOn="2026-12-01",
    )  # fmt: skip
    refused = await contest(city, ticket)
    assert refused["code"] == "NOT_POSSIBLE_NOW"
    assert (await city.caller("agent").ticket(ticket["code"]))["status"] == "SUSPENDED"


async def test_joint_units_go_on_beside_the_lead_that_a_ruling_names(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    agent, supervisor = city.caller("agent"), city.caller("supervisor")
    await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=STREET, jointUnitCodes=[JOINT])
    await contest(city, ticket)
    beside = city.caller("handler", unit=JOINT)
    assert (await beside.do("acceptTicket", ticketId=ticket["id"]))["status"] == "CONTESTED"
    city.move(local("2026-11-24 10:00"))
    assert (await rule(supervisor, ticket, SISTER))["status"] == "DISPATCHED"
    rows = await city.rows(
        "select u.code, a.role, a.locked, a.accepted_at from assignment a "
        "join unit u on u.id = a.unit_id where a.ticket_id = :id and a.ended_at is null "
        "and a.role in ('LEAD', 'JOINT') order by a.role",
        id=uuid_of(ticket),
    )
    assert [(row["code"], row["role"], row["locked"], row["accepted_at"]) for row in rows] == [
        (JOINT, "JOINT", False, None), (SISTER, "LEAD", True, None),
    ]  # fmt: skip
    assert (await beside.ticket(ticket["code"]))["availableActions"] == ["ACCEPT_TASK", "RECUSE"]
    await promises_hold(city.database, city.rules, [uuid_of(ticket)])


async def test_declared_holidays_move_the_time_to_contest_and_to_rule(jinan: Hotline) -> None:
    ticket = await ticket_of(jinan)
    assert (await declare(jinan, "2026-11-24", "2026-11-25"))["days"] == 2
    jinan.move(local("2026-11-26 10:00"))
    given = {"ticketId": ticket["id"], "ground": "WRONG_AREA", "reason": "不在辖区"}
    done = await jinan.caller("handler", unit=OF_JINAN).do("contestDispatch", **given)
    assert done["status"] == "CONTESTED", "two working days, of which two were declared holidays"
    query = "query($c: String!) { ticket(code: $c) { contests { rulingDueAt } } }"
    seen = await jinan.caller("supervisor").send(query, c=ticket["code"])
    assert at(seen["ticket"]["contests"][0]["rulingDueAt"]) == local("2026-11-27 10:00")
