"""What citizens said becomes each unit's three rates, and its place."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.loop.steps import STREET, citizen_of, judged, replied, scores, seven_answers, submitted
from tests.support.cities import local
from tests.support.city import Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNSOLVED = {"resolved": False, "satisfaction": "DISSATISFIED"}


def shown(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.01"), ROUND_HALF_UP))


async def closed(city: Hotline, unit: str, **answers: Any) -> Any:
    """A ticket that `unit` led, judged once."""
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city), address=None)
    await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=unit)
    return await judged(agent, await replied(city, ticket, unit), **answers)


async def test_an_example_worked_by_hand(city: Hotline) -> None:
    """Seven valid callbacks: 5 contacted, 5 resolved, 1 + 2 + 2 × 0.9 satisfied."""
    city.move(local("2027-01-20 10:00"))
    address = "朝阳区八里庄街道12号楼"
    await seven_answers(city, STREET, address)
    score = (await scores(city.caller("evaluator"), "2027-02"))[STREET]
    seven, satisfied = Decimal(7), Decimal("4.8")
    composite = 100 * (
        Decimal("0.1") * 5 / seven + Decimal("0.5") * 5 / seven + Decimal("0.4") * satisfied / seven
    )
    assert (score["valid"], score["contacted"], score["resolved"]) == (7, 5, 5)
    assert score["composite"] == shown(composite) == 70.29
    assert score["responseRate"] == score["resolutionRate"] == pytest.approx(5 / 7, abs=1e-6)
    assert score["satisfactionRate"] == pytest.approx(4.8 / 7, abs=1e-6)
    assert (score["rank"], score["bonus"]) == (1, 0)


async def test_no_valid_callback_is_no_score_and_not_zero(city: Hotline) -> None:
    city.move(local("2027-02-20 10:00"))
    await closed(city, "110105014", satisfaction=None)
    await closed(city, "110105001", contacted=False, resolved=True, satisfaction="DISSATISFIED")
    found = await scores(city.caller("evaluator"), "2027-03")
    assert len(found) == 349, "every street stands in the list"
    for code in ("110105014", "110106001"):
        score = found[code]
        assert (score["valid"], score["contacted"], score["resolved"]) == (0, 0, 0)
        figures = {score[name] for name in ("responseRate", "resolutionRate", "satisfactionRate",
                                            "composite", "rank")}  # fmt: skip
        assert figures == {None}
    judged_badly = found["110105001"]
    assert (judged_badly["composite"], judged_badly["rank"]) == (50.0, 1), "a score, if a bad one"


async def test_the_month_turns_on_the_nineteenth_at_midnight(city: Hotline) -> None:
    """Half-open to the microsecond, by the city's own clock."""
    agent = city.caller("agent")
    turn = local("2027-04-19 00:00")
    city.move(turn - timedelta(hours=3))
    tickets = [await replied(city, await submitted(citizen_of(city))) for _ in range(3)]
    for ticket, moment in zip(
        tickets, (turn - timedelta(microseconds=1), turn, turn + timedelta(seconds=1)), strict=True
    ):
        city.move(moment)
        await judged(agent, ticket)
    evaluator = city.caller("evaluator")
    months = [(await scores(evaluator, month))[STREET]["valid"] for month in ("2027-04", "2027-05")]
    assert months == [1, 2]
    asked = "query($at: DateTime!) { scoringMonth(at: $at) }"
    before = await evaluator.send(asked, at="2027-04-18T23:59:59.999999+08:00")
    after = await evaluator.send(asked, at="2027-04-18T16:00:00Z")
    assert (before["scoringMonth"], after["scoringMonth"]) == ("2027-04", "2027-05")


async def test_each_round_belongs_to_who_led_it(city: Hotline) -> None:
    """Unsolved by one street, handed on in the rework, solved by another: two scores."""
    city.move(local("2027-05-20 10:00"))
    agent, other = city.caller("agent"), "110105014"
    ticket = await replied(city, await submitted(citizen_of(city)))
    reworked = await judged(agent, ticket, **UNSOLVED)
    assert (reworked["lead"]["code"], reworked["round"]) == (STREET, 2)
    await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode=other, reason="实属该街道")
    done = await judged(agent, await replied(city, reworked, other))
    assert [(call["round"], call["unit"]["code"]) for call in done["callbacks"]] == [
        (1, STREET),
        (2, other),
    ]
    found = await scores(city.caller("supervisor"), "2027-06")
    assert (found[STREET]["valid"], found[STREET]["resolved"]) == (1, 0)
    assert (found[other]["valid"], found[other]["resolved"]) == (1, 1)
    district = (await scores(city.caller("supervisor"), "2027-06", "DISTRICT"))["110105"]
    assert district["valid"] == 0, "a district is judged for what it led itself"


async def test_both_rounds_of_one_unit_count(city: Hotline) -> None:
    city.move(local("2027-06-20 10:00"))
    agent, citizen = city.caller("agent"), citizen_of(city)
    ticket = await submitted(citizen)
    reworked = await judged(agent, await replied(city, ticket), **UNSOLVED)
    await judged(citizen, await replied(city, reworked))
    score = (await scores(agent, "2027-07"))[STREET]
    assert (score["valid"], score["contacted"], score["resolved"]) == (2, 2, 1)


async def test_equal_scores_share_a_place(city: Hotline) -> None:
    city.move(local("2027-07-20 10:00"))
    good, better = ("110105014", "110105001"), "110105002"
    for unit in good:
        await closed(city, unit, contacted=False)
    await closed(city, better)
    await closed(city, STREET, satisfaction="BASICALLY_SATISFIED", contacted=False)
    found = await scores(city.caller("handler", unit=STREET), "2027-08")
    places = {code: (row["composite"], row["rank"]) for code, row in found.items() if row["valid"]}
    assert places == {
        better: (100.0, 1),
        good[0]: (90.0, 2),
        good[1]: (90.0, 2),
        STREET: (86.0, 4),
    }


@pytest.mark.parametrize(("group", "unit"), [("DEPARTMENT", "BJ-ZJW"), ("ENTERPRISE", "BJ-YIDONG")])
async def test_units_are_ranked_among_their_own(city: Hotline, group: str, unit: str) -> None:
    city.move(local("2027-08-20 10:00"))
    await closed(city, unit, contacted=False)
    found = await scores(city.caller("evaluator"), "2027-09", group)
    assert found[unit]["rank"] == 1 and STREET not in found
    assert unit not in await scores(city.caller("evaluator"), "2027-09")


async def test_scores_are_for_staff(city: Hotline) -> None:
    partner = city.caller("partner", channel="WEIBO", subject="p")
    for caller in (citizen_of(city), partner, city.nobody):
        assert await scores(caller, "2027-02") == {}
        assert (await caller.send("{ scoringMonth }"))["scoringMonth"] is None


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "", "二〇二六", "2026-11-19", "0000-01"])
async def test_what_is_no_month(city: Hotline, month: str) -> None:
    document = "query($m: String!) { scores(month: $m, group: STREET) { valid } }"
    answer = await city.caller("evaluator").answer(document, m=month)
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_MONTH"
