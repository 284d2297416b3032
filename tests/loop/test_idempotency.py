"""The same key from the same actor gives the same ticket, whatever happens in between."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.loop.steps import ADDRESS, STREET, WORDS, citizen_of, submitted
from tests.support.city import Caller, Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def tickets_of(city: Hotline, caller: Caller) -> int:
    found = await caller.send("{ tickets { totalCount } }")
    count: int = found["tickets"]["totalCount"]
    return count


async def keys(city: Hotline, key: str) -> int:
    row = await city.row("select count(*) from idempotency_key where key = :key", key=key)
    count: int = row["count"]
    return count


async def test_the_same_key_is_the_same_ticket(city: Hotline) -> None:
    citizen = citizen_of(city)
    first = await submitted(citizen, idempotencyKey="once")
    city.clock.advance(timedelta(hours=3))
    again = await submitted(citizen, idempotencyKey="once")
    assert again["code"] == first["code"] and again["version"] == first["version"]
    assert await tickets_of(city, citizen) == 1
    assert len(await city.timers(first)) == 3, "nor were its clocks started twice"


async def test_ten_at_once_are_one_ticket(city: Hotline) -> None:
    citizen = citizen_of(city)
    done = await asyncio.gather(*(submitted(citizen, idempotencyKey="ten") for _ in range(10)))
    assert len({ticket["code"] for ticket in done}) == 1
    assert await tickets_of(city, citizen) == 1
    history = await city.rows(
        "select e.kind from ticket_event e join ticket t on t.id = e.ticket_id where t.code = :c",
        c=done[0]["code"],
    )
    assert sorted(entry["kind"] for entry in history) == ["DISPATCH", "SUBMIT"]


async def test_another_process_gives_the_same_ticket(city: Hotline) -> None:
    citizen = citizen_of(city)
    first = await submitted(citizen, idempotencyKey="crash")
    async with city.again() as other:
        assert citizen.wish is not None
        again = await submitted(Caller(other, citizen.wish), idempotencyKey="crash")
    assert again["code"] == first["code"]


@pytest.mark.parametrize(
    "other",
    [
        {"title": "另一件事"},
        {"address": None},
        {"kind": "COMPLAINT"},
        {"location": {"longitude": 116.3, "latitude": 39.9}},
        {"confidential": True},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_another_input_under_the_key_is_refused(city: Hotline, other: dict[str, Any]) -> None:
    citizen = citizen_of(city)
    key = f"reused-{next(iter(other))}"
    first = await submitted(citizen, idempotencyKey=key)
    refused = await citizen.do(
        "submitTicket", **(WORDS | {"address": ADDRESS, "idempotencyKey": key} | other)
    )
    assert refused["code"] == "KEY_REUSED"
    assert await tickets_of(city, citizen) == 1
    again = await submitted(citizen, idempotencyKey=key)
    assert again["code"] == first["code"], "and the key still leads to the first"


async def test_keys_belong_to_their_actor(city: Hotline) -> None:
    one, other = citizen_of(city), citizen_of(city)
    first = await submitted(one, idempotencyKey="shared")
    second = await submitted(other, idempotencyKey="shared")
    assert first["code"] != second["code"]
    assert (await tickets_of(city, one), await tickets_of(city, other)) == (1, 1)


async def test_a_key_lasts_a_day(city: Hotline) -> None:
    citizen = citizen_of(city)
    first = await submitted(citizen, idempotencyKey="day")
    city.clock.advance(timedelta(hours=24))
    assert (await submitted(citizen, idempotencyKey="day"))["code"] == first["code"]
    city.clock.advance(timedelta(microseconds=1))
    later = await submitted(citizen, idempotencyKey="day", title="第二天的另一件事")
    assert later["code"] != first["code"]
    again = await submitted(citizen, idempotencyKey="day", title="第二天的另一件事")
    assert again["code"] == later["code"]
    assert await keys(city, "day") == 1


async def test_ten_at_once_after_a_day_are_one_new_ticket(city: Hotline) -> None:
    citizen = citizen_of(city)
    first = await submitted(citizen, idempotencyKey="renewed")
    city.clock.advance(timedelta(hours=25))
    done = await asyncio.gather(*(submitted(citizen, idempotencyKey="renewed") for _ in range(10)))
    assert len({ticket["code"] for ticket in done} - {first["code"]}) == 1
    assert await tickets_of(city, citizen) == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"title": ""},
        {"category": "NO.SUCH"},
        {"unitCode": "110105015"},
        {"location": {"longitude": 181.0, "latitude": 0.0}},
        {"contact": {"phone": "x"}},
    ],
    ids=lambda fault: next(iter(fault)),
)
async def test_a_first_try_that_fails_does_not_burn_the_key(
    city: Hotline, fault: dict[str, Any]
) -> None:
    citizen = citizen_of(city)
    key = f"failed-{next(iter(fault))}"
    refused = await citizen.do("submitTicket", **(WORDS | {"idempotencyKey": key} | fault))
    assert refused["code"] == "INVALID_INPUT"
    assert await keys(city, key) == 0
    ticket = await submitted(citizen, idempotencyKey=key)
    assert ticket["lead"]["code"] == STREET and await keys(city, key) == 1


async def test_an_invalid_input_under_a_used_key_is_told_its_faults(city: Hotline) -> None:
    citizen = citizen_of(city)
    await submitted(citizen, idempotencyKey="faulty-later")
    refused = await citizen.do("submitTicket", title="", content="", idempotencyKey="faulty-later")
    assert [fault["path"] for fault in refused["fields"]] == ["title", "content"]


async def test_without_a_key_every_submission_is_a_ticket(city: Hotline) -> None:
    citizen = citizen_of(city)
    first, second = await submitted(citizen), await submitted(citizen)
    assert first["code"] != second["code"] and await tickets_of(city, citizen) == 2
