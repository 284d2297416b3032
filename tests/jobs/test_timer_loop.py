"""The timer loop on a real database: once, in order, without stopping for one bad timer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from domain.dispatch.city import Rules
from domain.dispatch.handling import accept_ticket
from domain.kernel import timers
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import DomainError
from domain.kernel.outages import is_conflict
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ResponseLevel
from domain.tickets.history import verify
from domain.tickets.models import Ticket, TicketEvent
from jobs.outages import is_outage
from jobs.timers import Timers
from tests.jobs.tickets import dispatched, history, ticket_of

MakeTimers = Callable[[], Timers]
RISE = ["WARN", "OVERDUE", "ESCALATE", "ESCALATE"]


async def until_quiet(loop: Timers, steps: int = 100) -> None:
    """Step until nothing is due."""
    for _ in range(steps):
        if await loop.step() > 0.1:
            return
    raise AssertionError("something stays due")


async def armed(database: Database) -> list[Timer]:
    """The timers of clocks; what follows from their points has timers of its own."""
    async with database.unit_of_work(SYSTEM) as work:
        rows = await work.session.scalars(
            select(Timer)
            .where(Timer.fired_at.is_(None), Timer.kind.regexp_match("^(clock|comet)"))
            .order_by(Timer.due_at)
        )
        return list(rows)


async def steps_of(database: Database) -> Counter[tuple[UUID, str, str, str]]:
    """How often each ticket's each clock reached each step."""
    async with database.unit_of_work(SYSTEM) as work:
        rows = await work.session.scalars(
            select(TicketEvent).where(TicketEvent.kind.in_(set(RISE)))
        )
        return Counter(
            (row.ticket_id, row.detail["clock"], row.kind, row.detail.get("to", "")) for row in rows
        )


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(" ".join(statement.split())[:60])

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_nothing_happens_before_its_time(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers
) -> None:
    [ticket_id] = await dispatched(database, rules, unit_id, 1)
    loop = make_timers()
    clock.advance(timedelta(minutes=22, seconds=29, milliseconds=900))  # 75 % of 30 minutes less
    seconds = await loop.step()
    assert 0 < seconds <= 0.1 + 1e-6  # it rests until the moment, no longer
    assert len(await history(database, ticket_id)) == 2
    clock.advance(timedelta(milliseconds=100))
    assert await loop.step() == 0
    assert [entry.kind for entry in await history(database, ticket_id)][2:] == ["WARN"]


async def test_each_clock_warns_falls_due_and_escalates_at_its_own_time(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers
) -> None:
    [ticket_id] = await dispatched(database, rules, unit_id, 1)
    loop, begin = make_timers(), clock.now()
    minutes = {"ACCEPT": 30, "CONTACT": 60, "REPLY": 120}
    day = 24 * 60
    expected = sorted(
        (begin + timedelta(minutes=at), clock_name, kind)
        for clock_name, limit in minutes.items()
        for at, kind in [
            (limit * 0.75, "WARN"),
            (limit, "OVERDUE"),
            (limit + day, "ESCALATE"),
            (limit + 3 * day, "ESCALATE"),
        ]
    )
    for at in sorted({at for at, _, _ in expected}):
        clock.advance(at - clock.now())
        await until_quiet(loop)
    entries = [e for e in (await history(database, ticket_id))[2:] if e.kind in RISE]
    assert [(e.at, e.detail["clock"], e.kind) for e in entries] == expected
    assert await armed(database) == []


async def test_after_an_outage_the_points_follow_one_another_in_order(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers
) -> None:
    [ticket_id] = await dispatched(database, rules, unit_id, 1)
    begin = clock.now()
    clock.advance(timedelta(days=10))
    loop = make_timers()
    for _ in range(4):
        assert await loop.step() == 0  # no rest between the points
    assert await loop.step() > 0
    entries = [e for e in (await history(database, ticket_id))[2:] if e.kind in RISE]
    for name, minutes in {"ACCEPT": 30, "CONTACT": 60, "REPLY": 120}.items():
        own = [entry for entry in entries if entry.detail["clock"] == name]
        assert [entry.kind for entry in own] == RISE
        deadline = begin + timedelta(minutes=minutes)
        assert [entry.detail["due"] for entry in own] == [
            (begin + timedelta(minutes=minutes * 0.75)).isoformat(),
            deadline.isoformat(),
            (deadline + timedelta(days=1)).isoformat(),
            (deadline + timedelta(days=3)).isoformat(),
        ]
        # What is told late is recorded when it is told.
        assert {entry.at for entry in own} == {clock.now()}
    ticket = await ticket_of(database, ticket_id)
    assert ticket.overdue_at == begin + timedelta(minutes=30)  # since the first limit that passed
    assert ticket.escalated_to == "CITY"
    assert verify(ticket, await history(database, ticket_id))
    assert await armed(database) == []


async def test_what_was_brought_before_the_city_stays_there(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers
) -> None:
    [ticket_id] = await dispatched(database, rules, unit_id, 1, level=ResponseLevel.L3)
    clock.advance(timedelta(days=5))
    await until_quiet(make_timers())
    assert (await ticket_of(database, ticket_id)).escalated_to == "CITY"  # by the sign-in clock
    clock.advance(timedelta(days=3, hours=1))
    await until_quiet(make_timers())  # now the reply's clock comes before the district
    last = (await history(database, ticket_id))[-1]
    assert (last.kind, last.detail["clock"], last.detail["to"]) == ("ESCALATE", "REPLY", "DISTRICT")
    assert (await ticket_of(database, ticket_id)).escalated_to == "CITY"


async def test_two_workers_fire_two_thousand_timers_once_each(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers
) -> None:
    tickets = await dispatched(database, rules, unit_id, 170)
    clock.advance(timedelta(days=10))  # three clocks with four points each, all in the past
    await asyncio.gather(until_quiet(make_timers()), until_quiet(make_timers()))
    steps = await steps_of(database)
    assert len(steps) == 170 * 12
    assert set(steps.values()) == {1}
    for ticket_id in tickets[:20]:
        assert verify(await ticket_of(database, ticket_id), await history(database, ticket_id))
    async with database.unit_of_work(SYSTEM) as work:
        counts = [
            await work.session.scalar(text(f"select count(*) from {source}"))
            for source in (
                "outbox where payload->>'kind' in ('WARN', 'OVERDUE', 'ESCALATE')",
                "timer where fired_at is not null and kind like 'clock.%'",
                "timer where fired_at is null and kind like 'clock.%'",
                "supervision_order where trigger = 'OVERDUE'",
            )
        ]
    assert counts == [170 * 12, 170 * 12, 0, 170]


@pytest.mark.parametrize("count", [1, 34, 67])
async def test_the_number_of_statements_does_not_grow_with_the_timers(
    count: int,
    database: Database,
    clock: FixedClock,
    rules: Rules,
    unit_id: UUID,
    make_timers: MakeTimers,
) -> None:
    await dispatched(database, rules, unit_id, count)  # 3 timers each: 3, 102, 201
    clock.advance(timedelta(minutes=90))
    loop = make_timers()
    with statements(database) as seen:
        assert await loop.step() == 0
    batches = -(-count * 3 // 200)
    # next due, due | lock, take, segments, tickets, fired, what is recorded of any kind
    assert len(seen) == 2 + 6 * batches, seen


async def test_a_timer_that_fails_stops_no_other(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers
) -> None:
    tickets = await dispatched(database, rules, unit_id, 20)
    poisoned = tickets[7]
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(
            update(Timer)
            .where(Timer.subject_id == poisoned, Timer.kind == "clock.CONTACT")
            .values(payload={"point": "NO_SUCH_POINT", "round": 1})
        )
    clock.advance(timedelta(minutes=90))
    loop = make_timers()
    with capture_logs() as logs:
        await until_quiet(loop)
    [told] = logs
    assert (told["event"], told["subject"]) == ("timer_failed", str(poisoned))
    steps = await steps_of(database)
    assert Counter(kind for _, _, kind, _ in steps) == {"WARN": 59, "OVERDUE": 39}
    [failed] = [timer for timer in await armed(database) if timer.failures]
    assert (failed.subject_id, failed.failures, failed.fired_at) == (poisoned, 1, None)
    assert failed.due_at == clock.now() + timers.RETRY_AFTER[0]
    assert failed.last_failure and "NO_SUCH_POINT" in failed.last_failure
    # Mended, it fires.
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(
            update(Timer)
            .where(Timer.id == failed.id)
            .values(payload={"point": "WARNING", "round": 1})
        )
    clock.advance(timers.RETRY_AFTER[0])
    await until_quiet(loop)
    assert (await steps_of(database))[poisoned, "CONTACT", "WARN", ""] == 1


async def test_a_kind_that_nobody_knows_is_kept(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers
) -> None:
    [ticket_id] = await dispatched(database, rules, unit_id, 1)
    async with database.unit_of_work(SYSTEM) as work:
        timers.arm(work, "comet.RETURN", ticket_id, work.now)
    with capture_logs() as logs:
        await until_quiet(make_timers())
    assert [entry["kind"] for entry in logs] == ["comet.RETURN"]
    [unknown] = [timer for timer in await armed(database) if timer.kind == "comet.RETURN"]
    assert unknown.failures == 1 and unknown.last_failure == "KeyError: 'comet'"


@pytest.mark.parametrize(
    "change",
    [
        {"round": 2},
        {"accepted_at": text("now()")},
        {"status": "WITHDRAWN"},
        {"status": "CLOSED"},
    ],
)
async def test_a_timer_that_has_lost_its_meaning_changes_nothing(
    change: dict[str, Any],
    database: Database,
    clock: FixedClock,
    rules: Rules,
    unit_id: UUID,
    make_timers: MakeTimers,
) -> None:
    [ticket_id] = await dispatched(database, rules, unit_id, 1)
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(update(Ticket).where(Ticket.id == ticket_id).values(**change))
    before = await ticket_of(database, ticket_id)
    clock.advance(timedelta(minutes=25))  # the sign-in warning, armed in round 1
    await until_quiet(make_timers())
    after = await ticket_of(database, ticket_id)
    assert (after.version, after.warned_at) == (before.version, None)
    assert len(await history(database, ticket_id)) == 2
    assert {timer.kind for timer in await armed(database)} == {"clock.CONTACT", "clock.REPLY"}


async def test_a_limit_that_moved_away_is_awaited(
    database: Database,
    clock: FixedClock,
    rules: Rules,
    unit_id: UUID,
    make_timers: MakeTimers,
) -> None:
    [ticket_id] = await dispatched(database, rules, unit_id, 1)
    begin = clock.now()
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(
            update(Timer)
            .where(Timer.kind == "clock.REPLY")
            .values(payload={"point": "DEADLINE", "round": 1}, due_at=begin)
        )
    await until_quiet(make_timers())  # armed for now, but the limit ends in two hours
    assert len(await history(database, ticket_id)) == 2
    [reply] = [timer for timer in await armed(database) if timer.kind == "clock.REPLY"]
    assert (reply.due_at, reply.payload["point"]) == (begin + timedelta(hours=2), "DEADLINE")


async def test_commands_and_the_worker_meet_on_the_same_tickets(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers
) -> None:
    tickets = await dispatched(database, rules, unit_id, 60)
    clock.advance(timedelta(minutes=31))
    handler = Actor(Role.HANDLER, "handler", unit_id=unit_id)
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(
            text("insert into audience (unit_id, ticket_id) select lead_unit_id, id from ticket")
        )
        await work.session.execute(text("analyze"))

    async def accept(some: list[UUID]) -> list[Exception]:
        failures: list[Exception] = []
        for ticket_id in some:
            try:
                async with database.unit_of_work(handler) as work:
                    await accept_ticket(work, ticket_id)
            except Exception as error:
                failures.append(error)
        return failures

    results = await asyncio.gather(
        accept(tickets[:30]), accept(tickets[30:]), until_quiet(make_timers()),
        until_quiet(make_timers()),
    )  # fmt: skip
    assert results[0] == results[1] == []
    steps = await steps_of(database)
    assert set(steps.values()) == {1}
    for ticket_id in tickets:
        entries = await history(database, ticket_id)
        assert verify(await ticket_of(database, ticket_id), entries)
        kinds = [entry.kind for entry in entries if entry.detail.get("clock", "ACCEPT") == "ACCEPT"]
        # However they met: after the acceptance its clock says nothing more.
        assert kinds[kinds.index("ACCEPT") + 1 :] == []
        assert kinds[2:-1] in ([], ["WARN"], ["WARN", "OVERDUE"])
    assert not [timer for timer in await armed(database) if timer.kind == "clock.ACCEPT"]


async def test_a_ticket_in_use_is_left_and_found_again(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers
) -> None:
    first, second = await dispatched(database, rules, unit_id, 2)
    clock.advance(timedelta(minutes=25))
    loop = make_timers()
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(select(Ticket).where(Ticket.id == first).with_for_update())
        assert await loop.step() == 0
        assert 0 < await loop.step() < 0.2  # it waits for nobody, and does not spin
        assert {ticket for ticket, *_ in await steps_of(database)} == {second}
    assert await loop.step() == 0
    assert {ticket for ticket, *_ in await steps_of(database)} == {first, second}


async def test_a_stopping_worker_begins_no_batch(
    database: Database, clock: FixedClock, rules: Rules, unit_id: UUID, make_timers: MakeTimers,
    stop: asyncio.Event,
) -> None:  # fmt: skip
    await dispatched(database, rules, unit_id, 1)
    clock.advance(timedelta(days=1))
    stop.set()
    await make_timers().step()
    assert not await steps_of(database)


@pytest.mark.parametrize(
    ("code", "outage", "conflict"),
    [
        ("57P01", True, False),  # the server is being stopped
        ("53300", True, False),  # too many connections
        ("08006", True, False),  # the connection broke
        ("40P01", False, True),  # deadlock
        ("55P03", False, True),  # lock timeout
        ("57014", False, True),  # statement timeout
        ("23505", False, False),  # a fault of ours
        ("P0001", False, False),
    ],
)
async def test_what_the_database_says_tells_an_outage_from_a_fault(
    code: str, outage: bool, conflict: bool, database: Database
) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.unit_of_work(SYSTEM) as work:
            await work.session.execute(
                text(f"do $$ begin raise exception 'x' using errcode = '{code}'; end $$")
            )
    assert (is_outage(caught.value), is_conflict(caught.value)) == (outage, conflict)


def test_a_refusal_is_no_outage_and_a_refused_connection_is() -> None:
    assert not is_outage(DomainError("no")) and not is_conflict(DomainError("no"))
    assert is_outage(ConnectionRefusedError())
