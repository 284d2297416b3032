"""延期 (B15): the lead asks, the level above decides, and the citizen hears of what is granted."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.loop.steps import DISTRICT, STREET, at, citizen_of, replied, submitted
from tests.support.cities import local
from tests.support.city import Caller, Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUEUE = """query($s: ExtensionStatus) { extensions(status: $s, first: 100) {
  nodes { id status limit reason decision unit { code } ticket { id } } } }"""


def lead(city: Hotline, unit: str = STREET) -> Caller:
    return city.caller("handler", unit=unit)


async def accepted(city: Hotline, **given: Any) -> Any:
    ticket = await submitted(citizen_of(city), **given)
    done = await lead(city).do("acceptTicket", ticketId=ticket["id"])
    assert done["status"] == "ACCEPTED"
    return done


async def asked(city: Hotline, ticket: dict[str, Any], limit: str = "P3WD") -> Any:
    return await lead(city).do(
        "requestExtension", ticketId=ticket["id"], limit=limit, reason="等待配件到货"
    )


async def requests(caller: Caller, ticket: dict[str, Any], status: str | None = None) -> Any:
    found = (await caller.send(QUEUE, s=status))["extensions"]["nodes"]
    return [one for one in found if one["ticket"]["id"] == ticket["id"]]


def kinds(ticket: dict[str, Any]) -> list[str]:
    return [entry["kind"] for entry in ticket["history"]["nodes"]]


async def test_the_district_grants_what_its_street_asks_for(city: Hotline) -> None:
    ticket, district = await accepted(city), lead(city, DISTRICT)
    before = at(ticket["deadline"])
    done = await asked(city, ticket)
    assert done["deadline"] == ticket["deadline"], "the clock runs on while nobody has decided"
    [request] = await requests(district, ticket, "REQUESTED")
    assert (request["limit"], request["unit"]["code"]) == ("P3WD", STREET)
    granted = await district.do("decideExtension", extensionId=request["id"], approve=True)
    # Monday 30 November 10:00 and three working days.
    assert before == local("2026-11-30 10:00")
    assert at(granted["deadline"]) == local("2026-12-03 10:00")
    armed = [timer for timer in await city.timers(granted) if timer[0] == "REPLY"]
    assert len(armed) == 1 and armed[0][1] == "WARNING" and armed[0][2] > local("2026-11-30 10:00")
    assert "获准延期3个工作日（等待配件到货）" in granted["clock"]["explanation"]
    assert await requests(district, ticket, "REQUESTED") == []


async def test_the_citizen_is_told_the_reason_and_not_the_debate(city: Hotline) -> None:
    citizen, supervisor = citizen_of(city), city.caller("supervisor")
    ticket = await submitted(citizen)
    await lead(city).do("acceptTicket", ticketId=ticket["id"])
    for approve in (False, True):
        await asked(city, ticket)
        [request] = await requests(supervisor, ticket, "REQUESTED")
        await supervisor.do(
            "decideExtension", extensionId=request["id"], approve=approve, reason="内部意见"
        )
    seen = await citizen.ticket(ticket["code"])
    assert kinds(seen).count("EXTEND") == 1 and "REQUEST_EXTENSION" not in kinds(seen)
    assert seen["history"]["nodes"][-1]["remark"] == "延期3个工作日：等待配件到货"
    assert "内部意见" not in str(seen) and "未予批准" not in seen["clock"]["explanation"]
    shown = await citizen.send(
        "query($c: String!) { ticket(code: $c) { extensions { status } } }", c=ticket["code"]
    )
    assert shown["ticket"]["extensions"] == [{"status": "APPROVED"}]
    told = (await supervisor.ticket(ticket["code"]))["clock"]["explanation"]
    assert "申请延期3个工作日（等待配件到货）" in told and "未予批准（内部意见）" in told


async def test_nobody_grants_time_to_themselves(city: Hotline) -> None:
    ticket = await accepted(city)
    await asked(city, ticket)
    [request] = await requests(lead(city), ticket)
    for who in (lead(city), city.caller("agent"), city.caller("admin"), citizen_of(city)):
        refused = await who.do("decideExtension", extensionId=request["id"], approve=True)
        assert refused["code"] == "NOT_ALLOWED", who
    elsewhere = await lead(city, "110106").do(
        "decideExtension", extensionId=request["id"], approve=True
    )
    assert elsewhere["code"] == "NOT_FOUND"
    seen = await lead(city).ticket(ticket["code"])
    assert seen["deadline"] == ticket["deadline"]
    assert (await requests(lead(city), ticket))[0]["status"] == "REQUESTED"


async def test_a_refusal_needs_a_reason_and_moves_nothing(city: Hotline) -> None:
    ticket, supervisor = await accepted(city), city.caller("supervisor")
    timers = await city.timers(ticket)
    await asked(city, ticket)
    [request] = await requests(supervisor, ticket)
    bare = await supervisor.do("decideExtension", extensionId=request["id"], approve=False)
    assert [fault["path"] for fault in bare["fields"]] == ["reason"]
    done = await supervisor.do(
        "decideExtension", extensionId=request["id"], approve=False, reason="理由不充分"
    )
    assert done["deadline"] == ticket["deadline"] and await city.timers(done) == timers
    assert "EXTEND" not in kinds(done)
    [request] = await requests(supervisor, ticket)
    assert (request["status"], request["decision"]) == ("REFUSED", "理由不充分")
    late = await supervisor.do("decideExtension", extensionId=request["id"], approve=True)
    assert late["code"] == "NOT_POSSIBLE_NOW", "it was decided"
    assert (await supervisor.ticket(ticket["code"]))["deadline"] == ticket["deadline"]


async def test_all_extensions_together_stay_within_the_maximum(city: Hotline) -> None:
    ticket, supervisor = await accepted(city), city.caller("supervisor")
    for limit in ("P6WD", "P4D"):
        assert "message" not in await asked(city, ticket, limit)
        [request] = await requests(supervisor, ticket, "REQUESTED")
        granted = await supervisor.do("decideExtension", extensionId=request["id"], approve=True)
        city.clock.advance(timedelta(minutes=1))
    assert at(granted["deadline"]) == local("2026-12-12 10:00"), "Tuesday the 8th, and four days"
    more = await asked(city, ticket, "PT1H")
    assert more["code"] == "NOT_POSSIBLE_NOW"
    assert await requests(supervisor, ticket, "REQUESTED") == []


async def test_what_is_no_limit_is_refused(city: Hotline) -> None:
    ticket = await accepted(city)
    for limit in ("", "P3", "3 days", "P-1D", "P0D", "P1Y", "PT1H30", "P9999999D", "P3WDWD"):
        refused = await asked(city, ticket, limit)
        assert [fault["path"] for fault in refused["fields"]] == ["limit"], limit
    assert (await lead(city).ticket(ticket["code"]))["version"] == ticket["version"]


async def test_one_request_at_a_time(city: Hotline) -> None:
    ticket = await accepted(city)
    await asked(city, ticket)
    second = await asked(city, ticket, "P1WD")
    assert second["code"] == "NOT_POSSIBLE_NOW"
    assert len(await requests(lead(city), ticket)) == 1


async def test_a_request_that_nobody_decides_lapses_with_the_deadline(city: Hotline) -> None:
    ticket, supervisor = await accepted(city, category="HOUSING.HEATING"), city.caller("supervisor")
    await asked(city, ticket)
    [request] = await requests(supervisor, ticket)
    city.move(at(ticket["deadline"]))
    late = await supervisor.do("decideExtension", extensionId=request["id"], approve=True)
    assert late["code"] == "NOT_POSSIBLE_NOW", "though no worker was here yet"
    await city.fire()
    [request] = await requests(supervisor, ticket)
    assert request["status"] == "LAPSED"
    seen = await supervisor.ticket(ticket["code"])
    assert seen["isOverdue"] and "OVERDUE" in kinds(seen)
    assert "未审批，已失效" in seen["clock"]["explanation"]
    assert (await asked(city, ticket))["code"] == "NOT_POSSIBLE_NOW", "too late to ask"


@pytest.mark.parametrize("end", ["reply", "withdraw"])
async def test_a_request_ends_with_what_it_was_for(city: Hotline, end: str) -> None:
    citizen = citizen_of(city)
    ticket = await submitted(citizen)
    await lead(city).do("acceptTicket", ticketId=ticket["id"])
    await asked(city, ticket)
    if end == "reply":
        done = await lead(city).do(
            "replyToTicket", ticketId=ticket["id"], content="已修好", resolved=True
        )
    else:
        done = await citizen.do("withdrawTicket", ticketId=ticket["id"])
    assert done["status"] in {"REPLIED", "WITHDRAWN"}
    [request] = await requests(city.caller("supervisor"), ticket)
    assert request["status"] == "LAPSED"


async def test_a_request_waits_for_the_ruling_on_a_contest(city: Hotline) -> None:
    """Upheld, it lapses with the lead (test_ruling_consequences); rejected, it is decided."""
    ticket, supervisor = await accepted(city), city.caller("supervisor")
    await asked(city, ticket)
    contested = await lead(city).do(
        "contestDispatch", ticketId=ticket["id"], ground="WRONG_AREA", reason="地址在平房乡辖区"
    )
    assert contested["status"] == "CONTESTED"
    [request] = await requests(supervisor, ticket, "REQUESTED")
    early = await supervisor.do("decideExtension", extensionId=request["id"], approve=True)
    assert early["code"] == "NOT_POSSIBLE_NOW"
    assert (await lead(city).ticket(ticket["code"]))["deadline"] == ticket["deadline"]
    await supervisor.do("ruleOnContest", ticketId=ticket["id"], ruling="REJECTED", reason="查明")
    granted = await supervisor.do("decideExtension", extensionId=request["id"], approve=True)
    assert at(granted["deadline"]) > at(ticket["deadline"])


async def test_before_acceptance_there_is_nothing_to_extend(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city))
    assert "REQUEST_EXTENSION" not in (await lead(city).ticket(ticket["code"]))["availableActions"]
    assert (await asked(city, ticket))["code"] == "NOT_POSSIBLE_NOW"


async def test_after_a_warning_nobody_is_warned_of_the_same_deadline_again(city: Hotline) -> None:
    ticket, supervisor = await accepted(city, category="HOUSING.HEATING"), city.caller("supervisor")
    await lead(city).do("recordContact", ticketId=ticket["id"], note="已联系")
    city.move(at(ticket["deadline"]) - timedelta(minutes=5))
    await city.fire()
    await asked(city, ticket, "PT1H")
    [request] = await requests(supervisor, ticket, "REQUESTED")
    done = await supervisor.do("decideExtension", extensionId=request["id"], approve=True)
    # 75 % of 25 hours are over: the next that comes is the deadline.
    deadline = at(ticket["deadline"]) + timedelta(hours=1)
    assert await city.timers(done) == [("REPLY", "DEADLINE", deadline)]
    await city.fire()
    assert kinds(await supervisor.ticket(ticket["code"])).count("WARN") == 1


async def test_two_decisions_at_once_are_one(city: Hotline) -> None:
    ticket, supervisor = await accepted(city), city.caller("supervisor")
    await asked(city, ticket)
    [request] = await requests(supervisor, ticket)
    outcomes = await asyncio.gather(
        supervisor.do("decideExtension", extensionId=request["id"], approve=True),
        lead(city, DISTRICT).do("decideExtension", extensionId=request["id"], approve=True),
    )
    assert sorted(one.get("code") == "NOT_POSSIBLE_NOW" for one in outcomes) == [False, True]
    seen = await supervisor.ticket(ticket["code"])
    assert at(seen["deadline"]) == local("2026-12-03 10:00"), "once, not twice"
    kept = await city.row("select count(*) from clock_segment where ticket_id = :id "
                          "and kind = 'EXTENSION'", id=uuid_of(ticket))  # fmt: skip
    assert kept["count"] == 1


async def test_a_rework_begins_without_the_extensions_of_the_round_before(city: Hotline) -> None:
    ticket, supervisor = await accepted(city), city.caller("supervisor")
    await asked(city, ticket)
    [request] = await requests(supervisor, ticket)
    await supervisor.do("decideExtension", extensionId=request["id"], approve=True)
    done = await lead(city).do(
        "replyToTicket", ticketId=ticket["id"], content="已修好", resolved=True
    )
    done = await city.caller("agent").do(
        "recordCallback", ticketId=done["id"], reached=True, contacted=True, resolved=False,
        satisfaction="DISSATISFIED",
    )  # fmt: skip
    assert at(done["deadline"]) == city.clock.now() + timedelta(days=3.5)
    assert (await replied(city, done))["status"] == "REPLIED"
