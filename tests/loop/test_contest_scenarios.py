"""A unit contests a dispatch: within its time, once, on a ground; and a supervisor rules on it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.loop.steps import STREET, at, citizen_of, judged, replied, submitted
from tests.support.cities import local
from tests.support.city import Caller, Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

SISTER, THIRD, FOURTH = "110105014", "110105001", "110105002"
REASON = {"ground": "WRONG_AREA", "reason": "地址在平房乡辖区"}
CONTESTS = """contests { id status ground reason round suggested { code } to { code } unit { code }
  rulingReason ruledBy rulingDueAt } assignments { locked unit { code } endedAt }
  transfers { from { code } to { code } cause } supervisions { trigger grade unit { code } }"""


async def contest(city: Hotline, ticket: dict[str, Any], unit: str = STREET, **more: Any) -> Any:
    handler = city.caller("handler", unit=unit)
    return await handler.do("contestDispatch", ticketId=ticket["id"], **(REASON | more))


async def rule(caller: Caller, ticket: dict[str, Any], to: str | None = None, **more: Any) -> Any:
    given: dict[str, Any] = {"ruling": "REJECTED", "reason": "查明"}
    if to is not None:
        given |= {"ruling": "UPHELD", "unitCode": to}
    return await caller.do("ruleOnContest", ticketId=ticket["id"], **(given | more))


async def seen(caller: Caller, ticket: dict[str, Any]) -> Any:
    document = f"query($id: ID!) {{ node(id: $id) {{ ... on Ticket {{ {CONTESTS} }} }} }}"
    return (await caller.send(document, id=ticket["id"]))["node"]


async def test_an_upheld_contest_gives_the_ticket_to_the_unit_that_a_ruling_names(
    city: Hotline,
) -> None:
    supervisor = city.caller("supervisor")
    citizen = citizen_of(city)
    ticket = await submitted(citizen)
    city.move(local("2026-11-23 16:00"))
    done = await contest(city, ticket, evidence="辖区图", suggestedUnitCode=SISTER)
    assert (done["status"], done["availableActions"]) == ("CONTESTED", ["RECUSE"])
    assert done["deadline"] == ticket["deadline"], "the clock runs on"
    queue = '{ contests(filter: {status: [OPEN], unitCode: "%s"}) { nodes { ticket { id } } } }'
    waiting = (await supervisor.send(queue % STREET))["contests"]["nodes"]
    assert {"ticket": {"id": ticket["id"]}} in waiting
    city.move(local("2026-11-24 10:00"))
    done = await rule(supervisor, ticket, SISTER)
    assert (done["status"], done["lead"]["code"]) == ("DISPATCHED", SISTER)
    assert at(done["deadline"]) == local("2026-12-01 10:00"), "clocks from the ruling"
    armed = await city.timers(done)
    assert sorted(clock for clock, _, _ in armed) == ["ACCEPT", "CONTACT", "REPLY"]
    whole = await seen(supervisor, ticket)
    [one] = whole["contests"]
    assert (one["status"], one["to"]["code"], one["suggested"]["code"]) == (
        "UPHELD", SISTER, SISTER,
    )  # fmt: skip
    assert whole["transfers"] == [
        {"from": {"code": STREET}, "to": {"code": SISTER}, "cause": "RULING"}
    ]
    again = await contest(city, ticket, SISTER)
    assert again["code"] == "NOT_POSSIBLE_NOW", "assigned by a ruling: never returned again"
    history = await city.rows(
        "select detail from ticket_event e join ticket t on t.id = e.ticket_id "
        "where t.code = :code and e.kind = 'RULE_ON_CONTEST'",
        code=ticket["code"],
    )
    assert history[0]["detail"]["contest_upheld"] == {
        "from": STREET, "to": SISTER, "ground": "WRONG_AREA",
        "category": ticket["category"]["code"],
    }  # fmt: skip
    kinds = [each["kind"] for each in (await citizen.ticket(ticket["code"]))["history"]["nodes"]]
    assert kinds == ["SUBMIT", "DISPATCH", "REDISPATCH"], "what offices argue is their business"
    own = await seen(citizen, ticket)
    assert own["contests"] == own["transfers"] == [] and own["assignments"][0]["locked"] is None


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_rejected_contest_leaves_everything_as_it_was_and_locks(
    city: Hotline, accepted: bool
) -> None:
    supervisor = city.caller("supervisor")
    handler = city.caller("handler", unit=STREET)
    ticket = await submitted(citizen_of(city))
    if accepted:
        await handler.do("acceptTicket", ticketId=ticket["id"])
    before = await city.timers(ticket)
    await contest(city, ticket)
    done = await rule(supervisor, ticket)
    assert done["status"] == ("ACCEPTED" if accepted else "DISPATCHED")
    assert done["deadline"] == ticket["deadline"] and await city.timers(ticket) == before
    whole = await seen(handler, ticket)
    assert [part["locked"] for part in whole["assignments"] if part["unit"]["code"] == STREET] == [
        True
    ]
    refused = await contest(city, ticket)
    assert refused["code"] == "NOT_POSSIBLE_NOW"
    assert (await handler.ticket(ticket["code"]))["version"] == done["version"]
    again = await rule(supervisor, ticket, SISTER)
    assert again["code"] == "NOT_POSSIBLE_NOW", "ruled on once"
    if not accepted:
        await replied(city, ticket)


async def test_who_may_contest_until_when_and_on_what_ground(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    district = await contest(city, ticket, "110105")
    assert district["code"] == "NOT_ALLOWED", "it sees the ticket, and does not lead"
    assert (await contest(city, ticket, "110106"))["code"] == "NOT_FOUND"
    wrong = await contest(city, ticket, ground="NO_SUCH", reason=" ", evidence="x" * 8001)
    assert {fault["path"] for fault in wrong["fields"]} == {"ground", "reason", "evidence"}
    itself = await contest(city, ticket, suggestedUnitCode=STREET)
    assert itself["fields"][0]["path"] == "suggestedUnitCode"
    city.move(local("2026-11-25 10:00") + timedelta(seconds=1))
    late = await contest(city, ticket)
    assert late["code"] == "NOT_POSSIBLE_NOW", "two working days from the dispatch"
    untouched = await city.caller("agent").ticket(ticket["code"])
    assert untouched["status"] == "DISPATCHED"
    assert await city.rows("select 1 as one from contest where reason = :r", r="x") == []


async def test_a_rework_is_not_contested(city: Hotline) -> None:
    ticket = await replied(city, await submitted(citizen_of(city)))
    done = await judged(city.caller("agent"), ticket, resolved=False, satisfaction="DISSATISFIED")
    assert (done["status"], done["round"]) == ("DISPATCHED", 2)
    assert (await contest(city, ticket))["code"] == "NOT_POSSIBLE_NOW"


async def test_who_may_rule_and_how(city: Hotline) -> None:
    supervisor = city.caller("supervisor")
    contact = {"phone": "13900000077"}
    ticket = await submitted(supervisor, contact=contact)
    await contest(city, ticket)
    assert (await rule(supervisor, ticket))["code"] == "NOT_ALLOWED", "the submitter's own"
    assert (await rule(city.caller("agent"), ticket))["code"] == "NOT_ALLOWED"
    other = city.caller("supervisor", subject="another")
    for given in ({"unitCode": SISTER}, {"ruling": "UPHELD"}):
        wrong = await rule(other, ticket, **given)
        assert wrong["fields"][0]["path"] == "unitCode"
    wrong = await rule(other, ticket, STREET)
    assert wrong["fields"][0]["path"] == "unitCode", "it is the one that contests"
    both = await other.do("ruleOnContest", ruling="REJECTED", reason="查明")
    assert both["fields"][0]["path"] == "ticketId"
    assert (await other.ticket(ticket["code"]))["status"] == "CONTESTED"
    [one] = (await seen(other, ticket))["contests"]
    given = {"contestId": one["id"], "ruling": "REJECTED", "reason": "查明"}
    assert (await other.do("ruleOnContest", **given))["status"] == "DISPATCHED"
    assert (await other.do("ruleOnContest", **given))["code"] == "NOT_POSSIBLE_NOW"
    assert (await seen(other, ticket))["contests"][0]["ruledBy"] == "another"


async def test_of_two_arbiters_at_once_one_wins(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    await contest(city, ticket)
    one, other = city.caller("supervisor"), city.caller("supervisor", subject="another")
    done = await asyncio.gather(rule(one, ticket, SISTER), rule(other, ticket))
    lost = [each["code"] for each in done if "code" in each and "message" in each]
    assert len(lost) == 1 and lost[0] in {"NOT_POSSIBLE_NOW", "CONFLICT"}
    kinds = await city.rows(
        "select count(*) as n from ticket_event where ticket_id = :id and kind in "
        "('REDISPATCH', 'REINSTATE')",
        id=(await city.row("select id from ticket where code = :c", c=ticket["code"]))["id"],
    )
    assert kinds[0]["n"] == 1


async def test_a_contest_that_nobody_rules_on_is_brought_before_the_supervisors(
    city: Hotline,
) -> None:
    ticket = await submitted(citizen_of(city))
    await contest(city, ticket)
    [one] = (await seen(city.caller("supervisor"), ticket))["contests"]
    assert at(one["rulingDueAt"]) == local("2026-11-24 10:00")
    city.move(local("2026-11-24 09:59"))
    await city.fire()
    assert "RULING_DUE" not in await kinds_of(city, ticket)
    city.move(local("2026-11-24 10:00"))
    await city.fire()
    await city.fire()
    assert (await kinds_of(city, ticket)).count("RULING_DUE") == 1
    done = await rule(city.caller("supervisor"), ticket)
    assert done["status"] == "DISPATCHED", "it can still be ruled on"


async def kinds_of(city: Hotline, ticket: dict[str, Any]) -> list[str]:
    seen_ = await city.caller("supervisor").ticket(ticket["code"])
    return [each["kind"] for each in seen_["history"]["nodes"]]


async def test_while_it_is_contested_clocks_run_and_the_citizen_may_take_it_back(
    city: Hotline,
) -> None:
    citizen = citizen_of(city)
    ticket = await submitted(citizen, category="HOUSING.HEATING")
    await contest(city, ticket)
    city.move(at(ticket["deadline"]))
    await city.fire()
    kinds = await kinds_of(city, ticket)
    assert "OVERDUE" in kinds and "SUPERVISE" in kinds
    done = await citizen.do("withdrawTicket", ticketId=ticket["id"])
    assert done["status"] == "WITHDRAWN" and await city.timers(ticket) == []
    [one] = (await seen(city.caller("supervisor"), ticket))["contests"]
    assert one["status"] == "LAPSED"
    assert (await rule(city.caller("supervisor"), ticket))["code"] == "NOT_POSSIBLE_NOW"


async def test_three_transfers_make_a_problem_ticket_and_the_heat_map_counts_them(
    city: Hotline,
) -> None:
    supervisor, agent = city.caller("supervisor"), city.caller("agent")
    before = await heat(supervisor)
    ticket = await submitted(citizen_of(city))
    await contest(city, ticket)
    await rule(supervisor, ticket, SISTER)
    await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=THIRD)
    assert (await seen(supervisor, ticket))["supervisions"] == []
    await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=FOURTH)
    [order] = (await seen(supervisor, ticket))["supervisions"]
    assert order == {"trigger": "TRANSFERS", "grade": "KEY", "unit": {"code": FOURTH}}
    after = await heat(supervisor)
    assert after - before == Counter(
        {
            (STREET, SISTER, "count"): 1,
            (STREET, SISTER, "contested"): 1,
            (STREET, SISTER, "upheld"): 1,
            (SISTER, THIRD, "count"): 1,
            (SISTER, THIRD, "byHand"): 1,
            (THIRD, FOURTH, "count"): 1,
            (THIRD, FOURTH, "byHand"): 1,
        }
    )
    assert await heat(supervisor, month="1999-01") == Counter()
    assert await heat(citizen_of(city)) == Counter()


async def heat(caller: Caller, **given: Any) -> Counter[tuple[str, str | None, str]]:
    """The heat map, a count for each pair of units and figure."""
    document = """query($month: String) { bounces(month: $month) {
      from { code } to { code } count contested upheld rejected byHand } }"""
    found: Counter[tuple[str, str | None, str]] = Counter()
    for row in (await caller.send(document, **given))["bounces"]:
        pair = row["from"]["code"], row["to"] and row["to"]["code"]
        for name in ("count", "contested", "upheld", "rejected", "byHand"):
            found[*pair, name] += row[name]
    return +found
