"""The same code with another city's data: places, clocks, weights, months."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.loop.steps import at, citizen_of, judged, replied, scores, seven_answers, submitted
from tests.support.cities import local
from tests.support.city import Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

STREET, DISTRICT = "370102002", "370102"
ADDRESS = "济南市历下区千佛山街道7号"


async def test_an_address_in_jinan_goes_to_its_street(jinan: Hotline) -> None:
    ticket = await submitted(citizen_of(jinan), address=ADDRESS)
    assert (ticket["lead"]["code"], ticket["lead"]["name"]) == (STREET, "千佛山街道")
    assert {part["unit"]["code"] for part in ticket["assignments"]} == {STREET, DISTRICT}
    elsewhere = await submitted(citizen_of(jinan), address="朝阳区八里庄街道12号楼")
    assert elsewhere["status"] == "RECEIVED", "Beijing's streets are not Jinan's"


async def test_the_clock_is_jinans(jinan: Hotline) -> None:
    """Five working days (J24), where Beijing has seven days."""
    ticket = await submitted(citizen_of(jinan), address=ADDRESS)
    assert ticket["level"] == "L3"
    assert at(ticket["deadline"]) == local("2026-11-30 10:00")
    jinan.move(local("2026-11-27 16:00"))
    friday = await submitted(citizen_of(jinan), address=ADDRESS)
    assert at(friday["deadline"]) == local("2026-12-04 16:00")
    assert "5个工作日" in friday["clock"]["explanation"]


async def test_the_same_answers_give_other_figures(jinan: Hotline) -> None:
    """Beijing makes 70.29 of them, by 0.1, 0.5 and 0.4; Jinan weighs 0.30, 0.35 and 0.35."""
    jinan.move(local("2027-03-02 10:00"))
    await seven_answers(jinan, STREET, ADDRESS)
    score = (await scores(jinan.caller("evaluator"), "2027-03"))[STREET]
    assert (score["valid"], score["contacted"], score["resolved"]) == (7, 5, 5)
    weighed = Decimal("0.30") * 5 + Decimal("0.35") * 5 + Decimal("0.35") * Decimal("4.8")
    assert score["composite"] == float(round(100 * weighed / 7, 2)) == 70.43


async def test_the_month_is_the_calendars(jinan: Hotline) -> None:
    jinan.move(local("2027-06-30 20:00"))
    agent = jinan.caller("agent")
    tickets = [
        await replied(jinan, await submitted(citizen_of(jinan), address=ADDRESS), STREET)
        for _ in range(2)
    ]
    for ticket, moment in zip(tickets, ("2027-06-30 23:59", "2027-07-01 00:00"), strict=True):
        jinan.move(local(moment))
        await judged(agent, ticket)
    evaluator = jinan.caller("evaluator")
    months = [(await scores(evaluator, month))[STREET]["valid"] for month in ("2027-06", "2027-07")]
    assert months == [1, 1]


async def test_the_loop_closes_in_jinan(jinan: Hotline) -> None:
    citizen, agent = citizen_of(jinan), jinan.caller("agent")
    ticket = await replied(jinan, await submitted(citizen, address=ADDRESS), STREET)
    again = await judged(agent, ticket, resolved=False, satisfaction="DISSATISFIED")
    assert (again["status"], again["round"]) == ("DISPATCHED", 2)
    done = await judged(citizen, await replied(jinan, again, STREET))
    assert done["status"] == "CLOSED"
