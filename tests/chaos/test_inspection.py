"""The inspection sees what it is there to see: every fault that is planted is found."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.accounts.protection import Protection
from domain.dispatch.city import City, Rules, load_rules
from domain.dispatch.handling import accept_ticket
from domain.dispatch.intake import ContactDetails, Submission, submit_ticket
from domain.feedback.handling import record_contact, reply_to_ticket
from domain.feedback.judging import Judgement, record_callback
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.vocabulary import Satisfaction
from domain.tickets.code import prepare_day
from jobs.timers import Timers
from schema.identifiers import format_id
from tests.chaos.inspection import Findings, inspect
from tests.chaos.load import Ledger, Promise, title_of
from tests.chaos.outcome import Outcome
from tests.chaos.passing import Coming, set_back
from tests.chaos.trial import STREETS, URGENT
from tests.support.engines import CITY

AGENT = Actor(Role.AGENT, "agent")
UNIT, ADDRESS = next(iter(STREETS.items()))

# Each is what a crash between two statements could leave behind, were a step not one transaction.
PLANTED = {
    "half": [
        "delete from assignment where role = 'LEAD' and ticket_id = :dispatched",
        "delete from audience where ticket_id = :dispatched",
        "delete from clock_segment where clock = 'CONTACT' and ticket_id = :dispatched",
        "delete from timer where fired_at is null and subject_id = :late",
        "delete from timer where kind = 'escalation.REPLY' and subject_id = :late",
        "update timer set due_at = due_at + interval '1 s' where fired_at is null"
        " and subject_id = :dispatched",
        "update ticket set deadline = deadline + interval '1 s' where id = :dispatched",
        "update ticket set lead_unit_id = null where id = :dispatched",
        "update ticket set status = 'ACCEPTED' where id = :dispatched",
        "update ticket set accepted_at = now() where id = :dispatched",
        "update ticket set overdue_at = null where id = :late",
        "update ticket set lead_unit_id = (select id from unit limit 1) where id = :received",
        "delete from ticket_event where position = 1 and ticket_id = :dispatched",
        "update ticket_event set remark = 'another' where position = 1 and ticket_id = :dispatched",
        "delete from outbox where payload->>'ticket' = cast(cast(:dispatched as uuid) as text)",
        "delete from reply where round = 2 and ticket_id = :closed",
        "delete from contact where round = 1 and ticket_id = :closed",
        "update callback set status = 'SCHEDULED' where round = 2 and ticket_id = :closed",
        "update ticket set closed_at = null where id = :closed",
        "update assignment set ended_at = null where role = 'COPY' and ticket_id = :closed",
        "insert into timer (id, kind, subject_id, due_at, payload, armed_at) select"
        " gen_random_uuid(), 'clock.REPLY', :closed, now(), payload, now()"
        " from timer where subject_id = :late limit 1",
    ],
    "missed": [
        "update timer set fired_at = now() where fired_at is null and subject_id = :dispatched",
    ],
    "twice": [
        "update timer set fired_at = null where subject_id = :late",
        "insert into ticket_event select (jsonb_populate_record(e, jsonb_build_object("
        "'id', gen_random_uuid(), 'position', e.position + 100))).* from ticket_event e"
        " where kind = 'OVERDUE' and ticket_id = :late",
    ],
    "news": ["update outbox set published_at = null where payload->>'kind' = 'CLOSE'"],
}


class RolledBack(Exception):
    """What was planted is taken away again."""


class House:
    """Four tickets: waiting, dispatched, overdue, closed after a rework."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database = database
        self.clock = clock
        self.rules: Rules = load_rules(CITY, clock.now())
        self.city = City(CITY, lambda: self.rules)
        self.ids: dict[str, UUID] = {}
        self.coming: list[Coming] = []

    async def fill(self) -> None:
        async with self.database.unit_of_work(SYSTEM) as work:
            await prepare_day(work.session, work.now.date())
            unit = await work.session.scalar(text(f"select id from unit where code = '{UNIT}'"))
        for name in ("received", "dispatched", "late", "closed"):
            await self._submit(name)
        await self._close(self.ids["closed"], Actor(Role.HANDLER, "handler", unit_id=unit))
        begin = self.clock.now() + timedelta(seconds=1)
        within = timedelta(seconds=9)
        late = [self.ids["late"]]
        self.coming = await set_back(self.database, self.rules, late, begin, within)
        self.clock.advance(within + timedelta(seconds=1))
        loop = Timers(self.database, lambda: self.rules, asyncio.Event())
        while await loop.step() == 0:
            pass
        self.clock.advance(timedelta(seconds=3))
        async with self.database.unit_of_work(SYSTEM) as work:
            await work.session.execute(text("update outbox set published_at = now()"))

    async def _submit(self, name: str) -> None:
        submission = Submission(
            title=title_of(name),
            content=URGENT,
            address=None if name == "received" else ADDRESS,
            contact=ContactDetails("13800000000"),
            idempotency_key=name,
        )
        async with self.database.unit_of_work(AGENT) as work:
            protection = Protection(bytes(32))
            self.ids[name] = await submit_ticket(work, self.city, protection, submission)

    async def _close(self, ticket_id: UUID, handler: Actor) -> None:
        for good in (False, True):
            async with self.database.unit_of_work(handler) as work:
                await accept_ticket(work, ticket_id)
            async with self.database.unit_of_work(handler) as work:
                await record_contact(work, ticket_id, "已联系")
            async with self.database.unit_of_work(handler) as work:
                await reply_to_ticket(work, self.rules, ticket_id, "已办", True)
            answer = Satisfaction.SATISFIED if good else Satisfaction.DISSATISFIED
            async with self.database.unit_of_work(AGENT) as work:
                judgement = Judgement(True, True, good, answer)
                await record_callback(work, self.rules, ticket_id, judgement)

    async def inspect(self, planted: str | None = None) -> Findings:
        """What an inspection finds, with something planted for as long as it lasts."""
        findings: Findings | None = None
        with suppress(RolledBack):
            async with self.database.unit_of_work(SYSTEM) as work:
                await work.session.execute(text("set local session_replication_role = 'replica'"))
                if planted is not None:
                    statement = text(planted)
                    names = {name: self.ids[name] for name in statement.compile().params}
                    done = await work.session.execute(statement, names)
                    assert done.rowcount > 0, planted  # type: ignore[attr-defined]
                findings = await inspect(work, self.rules)
                raise RolledBack
        assert findings is not None
        return findings


@pytest.fixture
async def house(database: Database, clock: FixedClock) -> House:
    house = House(database, clock)
    await house.fill()
    return house


async def test_every_planted_fault_is_found(house: House) -> None:
    sound = await house.inspect()
    assert sound.faults == []
    statuses = {name: sound.wholes[id_].ticket.status for name, id_ in house.ids.items()}
    assert list(statuses.values()) == ["RECEIVED", "DISPATCHED", "DISPATCHED", "CLOSED"]
    assert sound.fired == 1 + 2 + 3  # a warning, a deadline, an escalation, and what came before
    unseen = [
        (sort, planted)
        for sort, statements in PLANTED.items()
        for planted in statements
        if not (await house.inspect(planted)).of(sort)
    ]
    assert unseen == []
    assert (await house.inspect()).faults == []


async def test_what_was_told_is_compared_with_what_is_there(house: House) -> None:
    findings = await house.inspect()

    def outcome(*told: tuple[str, int]) -> Outcome:
        ledger = Ledger(asked=set(house.ids))
        for name, ticket_id in house.ids.items():
            code = findings.wholes[ticket_id].ticket.code
            ledger.promises[name] = Promise(name, format_id("Ticket", ticket_id), code, UNIT)
        ledger.promises["closed"].told.update(told)
        return Outcome(ledger, Counter(), findings)

    fine = outcome(("REPLY", 1), ("REPLY", 2))
    fine.compare_tickets()
    fine.compare_points(house.coming)
    assert fine.faults() == []
    assert fine.lateness and min(fine.lateness) >= 0

    forgotten = outcome(("REPLY", 3))
    forgotten.ledger.asked.add("sunk")
    forgotten.ledger.promises["sunk"] = Promise(
        "sunk", format_id("Ticket", UUID(int=7)), "20261123-000009-9", None
    )
    forgotten.compare_tickets()
    closed = findings.wholes[house.ids["closed"]].ticket.code
    assert forgotten.lost == [
        "lost: 20261123-000009-9 of sunk",
        f"lost: ('REPLY', 3) of {closed}",
    ]

    double = outcome()
    double.findings.wholes[house.ids["late"]].ticket.title = title_of("dispatched")
    double.compare_tickets()
    assert [words.split(":")[0] for words in double.lost] == ["lost"]
    assert double.doubled == ["twice: dispatched made 2 tickets"]


async def test_a_point_too_few_or_too_many_is_found(house: House) -> None:
    findings = await house.inspect()
    for kind, lost, doubled in (("ESCALATE", True, False), ("WARN", False, True)):
        [overdue] = [each for each in house.coming if each.kind == "OVERDUE"]
        outcome = Outcome(Ledger(), Counter(), findings)
        outcome.compare_points([overdue._replace(kind=kind)])
        assert (bool(outcome.lost), bool(outcome.doubled)) == (lost, doubled)
