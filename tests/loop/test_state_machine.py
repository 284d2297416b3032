"""Anybody does anything at any time to tickets in a real database, and the promises hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.accounts.commands import upsert_citizen
from domain.accounts.protection import Protection
from domain.dispatch import clocks, handling, intake, succession, triage
from domain.dispatch.city import City, load_rules
from domain.dispatch.ticking import running, segments_of
from domain.feedback import handling as speaking
from domain.feedback import judging
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import DomainError, NotAllowed, NotFound, NotPossibleNow, RateLimited
from domain.kernel.vocabulary import (
    ClockName,
    ResponseLevel,
    Satisfaction,
    TicketKind,
    TicketStatus,
    UnitLevel,
)
from domain.kernel.work import UnitOfWork
from domain.tickets import audience, commands, queries
from domain.tickets.history import verify
from domain.tickets.models import Ticket
from domain.tickets.policy import party_of
from domain.tickets.workflow import ENDED, Action, Party, Step, available_actions, next_status
from domain.units.queries import id_of_code
from jobs.timers import Timers
from tests.support.city import SECRET

STREETS = ("110105015", "110105014")
DISTRICTS = ("110105", "110106")
ADDRESSES = ("朝阳区八里庄街道12号楼", "八里庄街道", "朝阳区", None)
Act = Callable[[UnitOfWork, UUID], Awaitable[object]]


class World:
    """A city's database and the people in it, driven from synchronous code."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = FixedClock(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
        self.database = Database(url, city="beijing", clock=self.clock, pool_size=2)
        self.rules = load_rules("beijing", self.clock.now())
        self.city = City("beijing", self.rules)
        self.protection = Protection(SECRET)
        self.people: dict[str, Actor] = self.run(self._people())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        self.run(self.database.close())
        self.loop.close()

    async def _people(self) -> dict[str, Actor]:
        async with self.database.unit_of_work(SYSTEM) as work:
            one = await upsert_citizen(work, self.protection, "13800000001", None)
            other = await upsert_citizen(work, self.protection, "13800000002", None)
            units = {
                code: await id_of_code(work.session, code) for code in (*STREETS, *DISTRICTS, "11")
            }
        people = {
            "citizen": Actor(Role.CITIZEN, f"citizen:{one.id}", citizen_id=one.id),
            "other": Actor(Role.CITIZEN, f"citizen:{other.id}", citizen_id=other.id),
            "partner": Actor(Role.PARTNER, "partner", channel="WEIBO"),
        }
        people |= {role: Actor(Role(role), role) for role in ("agent", "supervisor", "evaluator")}
        return people | {
            code: Actor(Role.HANDLER, f"handler-{code}", unit_id=unit)
            for code, unit in units.items()
        }

    def act(self, who: str, action: Action, given: dict[str, Any]) -> Act:
        """The command that an action is."""
        rules, city = self.rules, self.city
        judgement = judging.Judgement(*given["answers"])
        own = judging.Judgement(True, *(given["answers"][1:]))
        outcome = triage.TriageOutcome
        acts: dict[Action, Act] = {
            Action.SUPPLEMENT: lambda w, t: commands.add_supplement(w, t, "补充"),
            Action.URGE: lambda w, t: commands.urge_ticket(w, rules.profile, t),
            Action.WITHDRAW: lambda w, t: commands.withdraw_ticket(w, t),
            Action.EVALUATE: lambda w, t: judging.evaluate_ticket(w, rules, t, own),
            Action.ANSWER: lambda w, t: triage.triage_ticket(w, rules, t, outcome.ANSWER, "答"),
            Action.REDIRECT: lambda w, t: triage.triage_ticket(
                w, rules, t, outcome.REDIRECT, "答", "LEGAL_ROUTE"
            ),
            Action.CLASSIFY: lambda w, t: triage.classify_ticket(w, rules, t, level=given["level"]),
            Action.DISPATCH: lambda w, t: triage.dispatch_ticket(w, city, t, given["unit"]),
            Action.ACCEPT: lambda w, t: handling.accept_ticket(w, t),
            Action.RECORD_CONTACT: lambda w, t: speaking.record_contact(w, t, "联系"),
            Action.REPLY: lambda w, t: speaking.reply_to_ticket(w, rules, t, "答复", True),
            Action.RECORD_CALLBACK: lambda w, t: judging.record_callback(w, rules, t, judgement),
        }
        return acts[action]

    async def perform(self, who: str, ticket: UUID, act: Act) -> DomainError | None:
        """Do it in a unit of work of its own; the refusal, where it was refused."""
        self.clock.advance(timedelta(seconds=1))
        try:
            async with self.database.unit_of_work(self.people[who]) as work:
                await act(work, ticket)
        except DomainError as refusal:
            return refusal
        return None

    async def ticket(self, ticket_id: UUID) -> Ticket:
        async with self.database.unit_of_work(SYSTEM) as work:
            found = await work.session.get(Ticket, ticket_id)
        assert found is not None
        return found

    async def sees(self, who: str, ticket_id: UUID) -> bool:
        """Whether the policy shows the ticket; asked as the reads ask it."""
        from sqlalchemy import select

        from domain.kernel.visibility import parameters
        from domain.tickets.policy import visible_to

        actor, row = self.people[who], Ticket.__table__
        statement = select(row.c.id).where(row.c.id == ticket_id)
        seen = visible_to(actor.role, row)
        if seen is not None:
            statement = statement.where(seen)
        async with self.database.unit_of_work(SYSTEM) as work:
            return await work.session.scalar(statement, parameters(actor)) is not None


WHO = st.sampled_from(
    ["citizen", "other", "partner", "agent", "supervisor", "evaluator", *STREETS, *DISTRICTS, "11"]
)
# The likely people are likely, so that tickets get somewhere.
ANSWERS = st.one_of(
    st.just((False, None, None, None)),
    st.tuples(
        st.just(True), st.booleans(), st.booleans(), st.sampled_from(Satisfaction)
    ),
)  # fmt: skip
GIVEN = st.fixed_dictionaries(
    {
        "level": st.sampled_from(ResponseLevel),
        "unit": st.sampled_from([*STREETS, "110105", "BJ-ZJW"]),
        "answers": ANSWERS,
    }
)


class Machine(RuleBasedStateMachine):
    """Up to three tickets, and whatever happens to them."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.tickets: list[UUID] = []

    @initialize(address=st.sampled_from(ADDRESSES))
    def first(self, address: str | None) -> None:
        self._submit("citizen", TicketKind.HELP, address)

    @rule(
        who=st.sampled_from(["citizen", "agent", "partner"]),
        kind=st.sampled_from([TicketKind.HELP, TicketKind.CONSULTATION]),
        address=st.sampled_from(ADDRESSES),
    )
    def submit(self, who: str, kind: TicketKind, address: str | None) -> None:
        if len(self.tickets) < 3:
            self._submit(who, kind, address)

    def _submit(self, who: str, kind: TicketKind, address: str | None) -> None:
        world = self.world
        contact = None if who == "citizen" else intake.ContactDetails("13800000001")
        submission = intake.Submission("题", "文", kind=kind, address=address, contact=contact)

        async def run() -> UUID:
            async with world.database.unit_of_work(world.people[who]) as work:
                return await intake.submit_ticket(work, world.city, world.protection, submission)

        self.tickets.append(world.run(run()))

    @rule(which=st.integers(0, 2), who=WHO, action=st.sampled_from(Action), given=GIVEN)
    def anybody(self, which: int, who: str, action: Action, given: dict[str, Any]) -> None:
        """Anybody tries anything: it works exactly where it is offered, else nothing changed."""
        world, ticket_id = self.world, self.tickets[which % len(self.tickets)]
        self._try(world.run(world.ticket(ticket_id)), who, action, given)

    @rule(which=st.integers(0, 2), choice=st.integers(0, 100), given=GIVEN)
    def somebody_who_may(self, which: int, choice: int, given: dict[str, Any]) -> None:
        """Somebody takes one of the steps that are open, so that tickets get on."""
        world, ticket_id = self.world, self.tickets[which % len(self.tickets)]
        ticket = world.run(world.ticket(ticket_id))
        open_ways = [
            (who, action)
            for who, actor in world.people.items()
            if world.run(world.sees(who, ticket_id))
            for action in available_actions(TicketStatus(ticket.status), party_of(actor, ticket))
            if action is not Action.WITHDRAW or choice > 95
        ]
        if open_ways:
            self._try(ticket, *open_ways[choice % len(open_ways)], given)

    def _try(self, before: Ticket, who: str, action: Action, given: dict[str, Any]) -> None:
        world, actor = self.world, self.world.people[who]
        visible = world.run(world.sees(who, before.id))
        role = party_of(actor, before)
        offered = available_actions(TicketStatus(before.status), role if visible else Party.NONE)
        refusal = world.run(world.perform(who, before.id, world.act(who, action, given)))
        after = world.run(world.ticket(before.id))
        if refusal is None:
            assert action in offered, f"{who} {action} in {before.status}"
            assert after.version > before.version
            return
        assert (after.version, after.status) == (before.version, before.status)
        if action in offered:
            assert isinstance(refusal, RateLimited) and action is Action.URGE, refusal
        elif not visible:
            assert type(refusal) is NotFound
        elif action not in {
            act for status in TicketStatus for act in available_actions(status, role)
        }:
            assert type(refusal) is NotAllowed
        else:
            assert type(refusal) is NotPossibleNow

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours: int) -> None:
        world = self.world
        world.clock.advance(timedelta(hours=hours))
        world.run(self._fire())

    async def _fire(self) -> None:
        world = self.world
        timers = Timers(world.database, lambda: world.rules, asyncio.Event())
        while await timers.step() == 0:
            pass

    @rule(street=st.sampled_from(STREETS), district=st.sampled_from(DISTRICTS))
    def the_admin_moves_a_street(self, street: str, district: str) -> None:
        world = self.world

        async def run() -> None:
            async with world.database.unit_of_work(Actor(Role.ADMIN, "admin")) as work:
                unit = await id_of_code(work.session, street)
                parent = await id_of_code(work.session, district)
                await succession.move_with_tickets(work, unit, parent)

        world.run(run())

    @invariant()
    def promises(self) -> None:
        self.world.run(self._promises())

    async def _promises(self) -> None:
        world = self.world
        async with world.database.unit_of_work(SYSTEM) as work:
            for ticket_id in self.tickets:
                ticket = await work.session.get(Ticket, ticket_id)
                assert ticket is not None
                await history_holds(work, ticket)
                await one_lead(work, ticket)
                await deadline_holds(work, world, ticket)
                await next_step(work, ticket)
            await audience_holds(work)
            failed = await work.session.scalar(
                text("select max(last_failure) from timer where subject_id = any(:ids)"),
                {"ids": self.tickets},
            )
            assert failed is None


async def history_holds(work: UnitOfWork, ticket: Ticket) -> None:
    """The chain is whole, each entry is a way of the table, and each is one version."""
    events = await queries.history_of(work, ticket.id)
    assert verify(ticket, events)
    status: TicketStatus | None = None
    for event in events:
        move = Action(event.kind) if event.kind in set(Action) else Step(event.kind)
        status = next_status(status, move)
        assert status.value == event.status
    assert status is not None and status.value == ticket.status
    assert ticket.version == len(events)
    news = await work.session.scalar(
        text("select count(*) from outbox where payload->>'ticket' = :id"), {"id": str(ticket.id)}
    )
    assert news == len(events), "each step is told once"


async def one_lead(work: UnitOfWork, ticket: Ticket) -> None:
    rows = await work.session.execute(
        text(
            "select unit_id from assignment "
            "where ticket_id = :id and role = 'LEAD' and ended_at is null"
        ),
        {"id": ticket.id},
    )
    leads = [row.unit_id for row in rows]
    assert leads == ([] if ticket.lead_unit_id is None else [ticket.lead_unit_id])


async def deadline_holds(work: UnitOfWork, world: World, ticket: Ticket) -> None:
    """`deadline` is what the segments of the reply clock say."""
    if ticket.lead_unit_id is None or ticket.status == "WITHDRAWN":
        assert ticket.deadline is None
        return
    segments = await segments_of(work, ticket.id, ClockName.REPLY, ticket.round)
    rules = world.rules
    assert ticket.deadline == clocks.deadline(segments, rules.calendar, rules.zone)


async def next_step(work: UnitOfWork, ticket: Ticket) -> None:
    """No ticket lies where nobody and nothing will ever touch it again."""
    rows = await work.session.execute(
        text(
            "select kind, payload->>'round' as round from timer "
            "where subject_id = :id and fired_at is null"
        ),
        {"id": ticket.id},
    )
    armed = [(row.kind, int(row.round)) for row in rows]
    calls = await work.session.scalar(
        text("select count(*) from callback where ticket_id = :id and status = 'SCHEDULED'"),
        {"id": ticket.id},
    )
    status = TicketStatus(ticket.status)
    assert calls == (1 if status is TicketStatus.REPLIED else 0)
    if status in ENDED or status in {TicketStatus.RECEIVED, TicketStatus.REPLIED}:
        assert armed == []  # RECEIVED stands in the triage queue
        return
    assert len(armed) == len(set(armed)), "a clock has one next point"
    ended = await _brought_to_the_city(work, ticket)
    due = {f"clock.{clock.value}" for clock in running(ticket)} - ended
    assert set(armed) == {(kind, ticket.round) for kind in due}


async def _brought_to_the_city(work: UnitOfWork, ticket: Ticket) -> set[str]:
    """The clocks that have no further point, since their last escalation."""
    rows = await work.session.execute(
        text(
            "select e.detail->>'clock' as clock from ticket_event e where e.ticket_id = :id "
            "and e.kind = 'ESCALATE' and e.detail->>'to' = :city and e.position > coalesce(("
            "  select max(s.position) from ticket_event s where s.ticket_id = :id"
            "  and s.kind in ('DISPATCH', 'REWORK', 'CLASSIFY')), -1)"
        ),
        {"id": ticket.id, "city": UnitLevel.CITY.value},
    )
    return {f"clock.{row.clock}" for row in rows}


async def audience_holds(work: UnitOfWork) -> None:
    """The stored audience is what its definition makes of assignments and tree."""
    everyone = text("select unit_id, ticket_id from audience")
    stored = {tuple(row) for row in await work.session.execute(everyone)}
    nested = await work.session.begin_nested()
    await audience.rebuild(work.session)
    defined = {tuple(row) for row in await work.session.execute(everyone)}
    await nested.rollback()
    assert stored == defined


@pytest.fixture(scope="module")
def world(city_url: str) -> Iterator[World]:
    made = World(city_url)
    yield made
    made.close()


def test_the_promises_hold_whatever_happens(world: World) -> None:
    def machine() -> Machine:
        made = Machine()
        made.world = world
        return made

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("table", ["ticket_event", "clock_segment"])
@pytest.mark.parametrize("change", ["update {} set at = now()", "delete from {}"])
def test_what_is_a_record_cannot_be_changed(world: World, table: str, change: str) -> None:
    machine = Machine()
    machine.world = world
    machine._submit("citizen", TicketKind.HELP, ADDRESSES[0])

    async def tamper() -> None:
        async with world.database.unit_of_work(SYSTEM) as work:
            await work.session.execute(text(change.format(table)))

    with pytest.raises(DBAPIError, match="append-only"):
        world.run(tamper())
    machine.promises()
