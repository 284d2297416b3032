"""What is refused leaves no trace: no row, no version, no history, no timer, no news."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from domain.dispatch import intake
from domain.dispatch.city import City
from domain.kernel.actor import Actor, Role
from domain.kernel.errors import InvalidInput
from tests.loop.steps import STREET, WORDS, citizen_of, judged, replied, submitted
from tests.support.city import Caller, Hotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEXT_DOOR = "110106001"
# Every step on a ticket, with input that is good as far as it goes.
STEPS: dict[str, dict[str, Any]] = {
    "addSupplement": {"content": "补充"},
    "urgeTicket": {},
    "withdrawTicket": {},
    "evaluateTicket": {"contacted": True, "resolved": True, "satisfaction": "SATISFIED"},
    "triageTicket": {"outcome": "ANSWER", "answer": "答复"},
    "classifyTicket": {"level": "L1"},
    "dispatchTicket": {"unitCode": NEXT_DOOR},
    "acceptTicket": {},
    "recordContact": {"note": "联系"},
    "replyToTicket": {"content": "答复", "resolved": True},
    "recordCallback": {"reached": False},
}
ACTION_OF = {
    "addSupplement": "SUPPLEMENT",
    "urgeTicket": "URGE",
    "withdrawTicket": "WITHDRAW",
    "evaluateTicket": "EVALUATE",
    "triageTicket": "ANSWER",
    "classifyTicket": "CLASSIFY",
    "dispatchTicket": "DISPATCH",
    "acceptTicket": "ACCEPT",
    "recordContact": "RECORD_CONTACT",
    "replyToTicket": "REPLY",
    "recordCallback": "RECORD_CALLBACK",
}
_WRITTEN = (
    "ticket", "ticket_event", "assignment", "clock_segment", "timer", "outbox", "audience",
    "contact", "reply", "callback", "supplement", "idempotency_key", "citizen",
)  # fmt: skip


async def everything(city: Hotline) -> dict[str, str]:
    """A digest of each table that a step writes."""
    columns = ", ".join(
        f"(select md5(string_agg(t::text, '|' order by t::text)) from {table} t) as {table}"
        for table in _WRITTEN
    )
    return dict(await city.row(f"select {columns}"))


def everybody(city: Hotline, owner: Caller) -> dict[str, Caller]:
    """The owner, and one of every other sort."""
    return {
        "owner": owner,
        "stranger": citizen_of(city),
        "partner": city.caller("partner", channel="WEIBO", subject="elsewhere"),
        "agent": city.caller("agent"),
        "supervisor": city.caller("supervisor"),
        "evaluator": city.caller("evaluator"),
        "admin": city.caller("admin"),
        "lead": city.caller("handler", unit=STREET),
        "copy": city.caller("handler", unit="110105"),
        "next door": city.caller("handler", unit=NEXT_DOOR),
        "nobody": city.nobody,
    }


async def test_who_may_do_what_is_what_the_ticket_offers(city: Hotline) -> None:
    """For every role, step and status: it is refused where `availableActions` does not offer it,
    for the right reason, and nothing was written."""
    owner = citizen_of(city)
    people = everybody(city, owner)
    for caller in people.values():
        await caller.token()
    ticket = await submitted(owner)
    for status in ("DISPATCHED", "REPLIED", "CLOSED"):
        before = await everything(city)
        for name, caller in people.items():
            seen = await caller.ticket(ticket["code"])
            offered = set() if seen is None else set(seen["availableActions"])
            city.clock.advance(timedelta(minutes=1))  # there are more steps than a minute allows
            for mutation, given in STEPS.items():
                if ACTION_OF[mutation] in offered:
                    continue
                stale = {"ticketId": ticket["id"], "expectedVersion": 0}
                done = await caller.do(mutation, **stale, **given)
                assert done["code"] in _refusals(name, mutation, seen), (name, mutation, done)
        assert await everything(city) == before
        if status == "DISPATCHED":
            await replied(city, ticket)
        elif status == "REPLIED":
            await judged(owner, ticket)
    assert (await owner.ticket(ticket["code"]))["status"] == "CLOSED"


_OPEN_TO = {
    "stranger": {"addSupplement", "urgeTicket", "withdrawTicket", "evaluateTicket"},
    "partner": {"addSupplement", "urgeTicket", "withdrawTicket", "evaluateTicket"},
    "next door": {"acceptTicket", "recordContact", "replyToTicket"},
}


def _refusals(name: str, mutation: str, seen: Any) -> set[str]:
    """The right answers to a step that is not offered, with a stale version: what it tells."""
    if name == "nobody":
        return {"UNAUTHENTICATED"}
    if seen is None:
        return {"NOT_FOUND"} if mutation in _OPEN_TO[name] else {"NOT_ALLOWED"}
    return {"NOT_ALLOWED", "CONFLICT"}


async def test_what_is_not_there_and_what_is_not_yours_look_the_same(city: Hotline) -> None:
    ticket, other = await submitted(citizen_of(city)), citizen_of(city)
    ids = [ticket["id"], "Ticket_00000000-0000-7000-8000-000000000000", "Unit_x", "", "Ticket_"]
    given = {"content": "补充", "expectedVersion": 77}
    answers = [await other.do("addSupplement", ticketId=one, **given) for one in ids]
    assert answers == [answers[0]] * len(ids) and answers[0]["code"] == "NOT_FOUND"
    assert await other.ticket(ticket["code"]) is None
    node = await other.send("query($id: ID!) { node(id: $id) { id } }", id=ticket["id"])
    assert node == {"node": None}


async def test_a_stale_version_is_a_conflict_for_who_may_act(city: Hotline) -> None:
    owner, handler = citizen_of(city), city.caller("handler", unit=STREET)
    ticket = await submitted(owner)
    await owner.do("addSupplement", ticketId=ticket["id"], content="补充")
    before = await everything(city)
    one = {"ticketId": ticket["id"], "expectedVersion": ticket["version"]}
    assert (await handler.do("acceptTicket", **one))["code"] == "CONFLICT"
    assert (await owner.do("urgeTicket", **one))["code"] == "CONFLICT"
    copy = city.caller("handler", unit="110105")
    assert (await copy.do("acceptTicket", **one))["code"] == "NOT_ALLOWED"
    assert await everything(city) == before
    seen = await handler.ticket(ticket["code"])
    fresh = {"ticketId": ticket["id"], "expectedVersion": seen["version"]}
    assert (await handler.do("acceptTicket", **fresh))["status"] == "ACCEPTED"


async def test_every_fault_of_a_submission_is_told_at_once(city: Hotline) -> None:
    before = await everything(city)
    given = {
        "title": " ",
        "content": "长" * 8001,
        "address": "址" * 501,
        "category": "NO.SUCH",
        "location": {"longitude": 500.0, "latitude": -91.0},
        "unitCode": "999999999",
        "contact": {"phone": "12345", "name": "\t"},
        "idempotencyKey": "k" * 201,
    }
    refused = await city.caller("agent").do("submitTicket", **given)
    assert refused["code"] == "INVALID_INPUT"
    assert sorted(fault["path"] for fault in refused["fields"]) == [
        "address", "category", "contact.name", "contact.phone", "content", "idempotencyKey",
        "location.latitude", "location.longitude", "title", "unitCode",
    ]  # fmt: skip
    assert "12345" not in str(refused), "no personal data in a refusal"
    assert await everything(city) == before


async def test_a_citizens_own_faults_are_told_at_once(city: Hotline) -> None:
    refused = await citizen_of(city).do(
        "submitTicket",
        title="题" * 201,
        content="",
        unitCode=STREET,
        channel="PHONE",
        contact={"phone": "13911110001"},
    )
    paths = sorted(fault["path"] for fault in refused["fields"])
    assert paths == ["channel", "contact", "content", "title", "unitCode"]


async def test_only_some_roles_submit(city: Hotline) -> None:
    before = await everything(city)
    for caller in (
        city.caller("handler", unit=STREET),
        city.caller("evaluator"),
        city.caller("admin"),
    ):
        refused = await caller.do("submitTicket", **WORDS, contact={"phone": "13911110001"})
        assert refused["code"] == "NOT_ALLOWED"
    assert (await city.nobody.do("submitTicket", **WORDS))["code"] == "UNAUTHENTICATED"
    without = await city.caller("agent").do("submitTicket", **WORDS)
    assert [fault["path"] for fault in without["fields"]] == ["contact"]
    assert await everything(city) == before


@pytest.mark.parametrize(
    ("mutation", "field", "most"),
    [
        ("addSupplement", "content", 8000),
        ("urgeTicket", "remark", 2000),
        ("withdrawTicket", "reason", 2000),
        ("recordContact", "note", 2000),
        ("replyToTicket", "content", 8000),
        ("classifyTicket", "reason", 2000),
        ("dispatchTicket", "reason", 2000),
        ("triageTicket", "answer", 8000),
        ("recordCallback", "remark", 2000),
    ],
)
async def test_texts_that_are_too_long_or_blank(
    city: Hotline, mutation: str, field: str, most: int
) -> None:
    owner = citizen_of(city)
    ticket = await submitted(owner)
    people = {"acceptTicket", "recordContact", "replyToTicket"}
    side = {"addSupplement", "urgeTicket", "withdrawTicket"}
    caller = city.caller("agent")
    if mutation in side:
        caller = owner
    elif mutation in people:
        caller = city.caller("handler", unit=STREET)
    before = await everything(city)
    for words in ("长" * (most + 1), "", " \t\n　"):
        given = {**STEPS[mutation], field: words, "ticketId": ticket["id"]}
        required = field in STEPS[mutation]
        if words.strip() == "" and words and not required:
            continue
        refused = await caller.do(mutation, **given)
        assert [fault["path"] for fault in refused["fields"]] == [field], (words[:3], refused)
    assert await everything(city) == before


@pytest.mark.parametrize("text", ["a\x00b", "半个\ud83d字"], ids=["NUL", "lone surrogate"])
async def test_what_is_no_text_gets_no_ticket(city: Hotline, text: str) -> None:
    citizen = citizen_of(city)
    await citizen.token()  # the citizen is known by now
    before = await everything(city)
    document = "mutation($input: SubmitTicketInput!) { submitTicket(input: $input) { __typename } }"
    for field in ("title", "content", "address", "category", "idempotencyKey"):
        given = {**WORDS, field: text}
        raw = {"query": document, "variables": {"input": given}}
        response = await city.http.post(
            "http://city.test/graphql",
            content=json.dumps(raw).encode("ascii"),  # with escapes, which hold any half
            headers={**await citizen.headers(), "content-type": "application/json"},
        )
        assert 400 <= response.status_code < 500, response.text
        assert "data" not in response.json()
    assert await everything(city) == before


@pytest.mark.parametrize("text", ["a\x00b", "半个\ud83d字"], ids=["NUL", "lone surrogate"])
async def test_the_domain_refuses_it_too_whoever_asks(city: Hotline, text: str) -> None:
    """Channels that are not GraphQL come straight here, with a key as well."""
    before = await everything(city)
    submission = intake.Submission(
        text, text, category=text, address=text, idempotency_key=text, unit_code=text,
        contact=intake.ContactDetails("13911110001", text),
    )  # fmt: skip
    beijing = City("beijing", lambda: city.rules)
    with pytest.raises(InvalidInput) as refused:
        async with city.database.unit_of_work(Actor(Role.AGENT, "agent")) as work:
            await intake.submit_ticket(work, beijing, city.protection, submission)
    assert sorted(fault.path for fault in refused.value.faults) == [
        "address", "category", "contact.name", "content", "idempotencyKey", "title", "unitCode",
    ]  # fmt: skip
    assert await everything(city) == before


@pytest.mark.parametrize(
    "words",
    [
        "暖气不热😡🥶👨‍👩‍👧",
        "𠮷野家门口𡋾积水，㐂",
        "\u202eمرحبا\u202c שלום",
        "e\u0301 与 é 不同；全角ＡＢＣ；　空格　",
        "'; drop table ticket; -- \\ \" ${x} {{y}} %s\r\n\t末尾 ",
    ],
    ids=["emoji", "rare", "right-to-left", "unnormalised", "quotes"],
)
async def test_words_are_kept_exactly(city: Hotline, words: str) -> None:
    citizen, handler = citizen_of(city), city.caller("handler", unit=STREET)
    ticket = await citizen.do(
        "submitTicket", title=words, content=words, address=f"朝阳区八里庄街道 {words}",
        category="HOUSING.HEATING",
    )  # fmt: skip
    seen = await handler.ticket(ticket["code"])
    assert (seen["title"], seen["content"]) == (words, words)
    assert seen["address"] == f"朝阳区八里庄街道 {words}"
    stored = await city.row("select title, content from ticket where code = :c", c=seen["code"])
    assert (stored["title"], stored["content"]) == (words, words)
    await handler.do("acceptTicket", ticketId=ticket["id"])
    done = await handler.do("replyToTicket", ticketId=ticket["id"], content=words, resolved=True)
    assert done["replies"][0]["content"] == words


async def test_lengths_are_counted_in_characters(city: Hotline) -> None:
    """Four thousand bytes of emoji are as long as a thousand letters."""
    citizen = citizen_of(city)
    ticket = await citizen.do("submitTicket", title="😀" * 200, content="𠮷" * 8000)
    assert (len(ticket["title"]), len(ticket["content"])) == (200, 8000)
    refused = await citizen.do("submitTicket", title="😀" * 201, content="𠮷" * 8001)
    assert [fault["path"] for fault in refused["fields"]] == ["title", "content"]
