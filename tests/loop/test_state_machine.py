"""Anybody does anything at any time to tickets in a real database, and the promises hold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
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

from domain.dispatch import intake, succession
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.errors import InvalidInput, NotAllowed, NotFound, NotPossibleNow, RateLimited
from domain.kernel.vocabulary import ResponseLevel, Satisfaction, TicketKind, TicketStatus
from domain.supervision import commands as supervision
from domain.supervision.models import SupervisionRuling
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Party, available_actions, may
from domain.units.queries import id_of_code
from jobs.timers import Timers
from tests.loop.promises import promises_hold, rebuilt_is_the_same
from tests.loop.world import ADDRESSES, DISTRICTS, HELPER, JOINT, STREETS, UNITS, World

# What brings a ticket on is done more often than what ends it or leaves it where it is.
_LIKELY = {
    Action.ACCEPT: 6, Action.REPLY: 5, Action.RECORD_CALLBACK: 4, Action.DISPATCH: 2,
    Action.SUSPEND: 2, Action.REQUEST_EXTENSION: 2,
}  # fmt: skip
WHO = st.sampled_from(["citizen", "other", "partner", "agent", "supervisor", "evaluator", *UNITS])
ANSWERS = st.one_of(
    st.tuples(st.just(True), st.booleans(), st.booleans(), st.sampled_from(Satisfaction)),
    st.just((False, None, None, None)),
)
WHICH = st.integers(0, 2)
GIVEN = st.fixed_dictionaries(
    {
        "level": st.sampled_from(ResponseLevel),
        "category": st.sampled_from([None, "HOUSING.HEATING", "CITY.FACILITY.LAMP"]),
        "unit": st.sampled_from([*STREETS, "110105", "BJ-JTW"]),
        "answers": ANSWERS,
        "accused": st.sampled_from([None, None, None, STREETS[0], DISTRICTS[0]]),
        "which": WHICH,
        "upheld": st.booleans(),
        "limit": st.sampled_from(["P1WD", "P4WD", "PT5H", "P2D"]),
        "approve": st.booleans(),
        "days": st.integers(1, 9),
        "joint": st.sampled_from([(), (), (JOINT,), (JOINT, HELPER)]),
    }
)

# Steps that stand open and are still refused for a while: urged enough today, nobody reached
# before the next attempt's day, evaluated after the city's days; asked for help already; more time
# that nobody asked for, that is asked for twice, or too late; contested too late or again, given
# back to who contested, supervised by hand already; a part for whom the ticket is about.
UNTIMELY: dict[Action, type[Exception] | tuple[type[Exception], ...]] = {
    Action.DISPATCH: InvalidInput,
    Action.SPLIT: InvalidInput,
    Action.CONTEST: NotPossibleNow,
    Action.RULE_ON_CONTEST: InvalidInput,
    Action.SUPERVISE: NotPossibleNow,
    Action.ASK_CO_HANDLER: InvalidInput,
    Action.CONFER: InvalidInput,
    Action.HAND_DOWN: InvalidInput,
    Action.URGE: RateLimited,
    Action.RECORD_CALLBACK: NotPossibleNow,
    Action.EVALUATE: NotPossibleNow,
    # While a part is in hand; and CONCLUDE where there is none.
    Action.REPLY: NotPossibleNow,
    Action.CONCLUDE: NotPossibleNow,
    Action.WITHDRAW: NotPossibleNow,
    # The other one is ended, or the ticket itself, or one that the agent stepped back from.
    Action.MERGE: (NotPossibleNow, InvalidInput, NotFound),
    Action.REQUEST_EXTENSION: NotPossibleNow,
    Action.DECIDE_EXTENSION: NotPossibleNow,
    Action.SUSPEND: NotPossibleNow,
}


# One mutation is the lead's step or the joint unit's, by who calls it.
_AS_JOINT = {
    Action.ACCEPT: Action.ACCEPT_TASK,
    Action.RECORD_CONTACT: Action.RECORD_TASK_CONTACT,
    Action.REPLY: Action.REPLY_TO_TASK,
}
_AS_LEAD = {task: lead for lead, task in _AS_JOINT.items()}
_OF_A_WHISTLE = {
    Action.REPORT_IN, Action.CONFIRM_REPORT_IN, Action.RATE_WHISTLE, Action.CLOSE_WHISTLE,
}  # fmt: skip


def handler_of(unit: UUID) -> Actor:
    return Actor(Role.HANDLER, f"handler-{unit}", unit_id=unit)


class Tickets(RuleBasedStateMachine):
    """Some tickets, and what holds for them whatever happens."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.tickets: list[UUID] = []
        self.splits = 0

    def _submit(
        self,
        who: str,
        kind: TicketKind,
        address: str | None,
        category: str | None = None,
        *,
        secret: bool = False,
    ) -> None:
        world = self.world
        contact = None if who == "citizen" else intake.ContactDetails("13800000001")
        submission = intake.Submission(
            "题", "文", kind=kind, category=category, address=address, contact=contact,
            confidential=secret,
        )  # fmt: skip

        async def run() -> UUID:
            async with world.database.unit_of_work(world.people[who]) as work:
                return await intake.submit_ticket(work, world.city, world.protection, submission)

        self.tickets.append(world.run(run()))

    def _open(self, ticket: Ticket) -> list[tuple[str, Action]]:
        """Who may take which step now."""
        stands = self.world.run(self.world.stands(ticket.id, *self.world.people))
        status = TicketStatus(ticket.status)
        return [
            (who, action)
            for who, stand in stands.items()
            for action in available_actions(status, *stand)
        ]

    def _ticket(self, which: int) -> Ticket:
        found: Ticket = self.world.run(self.world.ticket(self.tickets[which % len(self.tickets)]))
        return found

    @invariant()
    def promises(self) -> None:
        world = self.world
        world.run(promises_hold(world.database, world.rules, self.tickets))


class Machine(Tickets):
    """Up to three tickets, and whatever happens to them."""

    @initialize(address=st.sampled_from(ADDRESSES))
    def first(self, address: str | None) -> None:
        self._submit("citizen", TicketKind.HELP, address)

    @rule(
        who=st.sampled_from(["citizen", "agent", "partner"]),
        kind=st.sampled_from([TicketKind.HELP, TicketKind.CONSULTATION]),
        address=st.sampled_from(ADDRESSES),
        category=st.sampled_from([None, "HOUSING.HEATING.COLD", "LABOUR.WAGES"]),
        secret=st.booleans(),
    )
    def submit(self, who: str, **given: Any) -> None:
        if len(self.tickets) < 3:
            self._submit(who, **given)

    @rule(tries=st.lists(st.tuples(WHICH, WHO, st.sampled_from(Action), GIVEN), min_size=2))
    def anybody(self, tries: list[tuple[int, str, Action, dict[str, Any]]]) -> None:
        """Anybody tries anything: it works exactly where it is offered, else nothing changed."""
        for which, who, action, given in tries[:4]:
            self._try(self._ticket(which), who, action, given)

    @rule(steps=st.lists(st.tuples(WHICH, st.integers(0, 59), GIVEN), min_size=3))
    def somebody_who_may(self, steps: list[tuple[int, int, dict[str, Any]]]) -> None:
        """Somebody takes one of the steps that are open, so that tickets get on."""
        for which, choice, given in steps[:6]:
            ticket = self._ticket(which)
            ways = [
                (who, action)
                for who, action in self._open(ticket)
                for _ in range(_LIKELY.get(action, 1))
            ]
            ways.sort(key=lambda way: -_LIKELY.get(way[1], 1))
            if ways:
                self._try(ticket, *ways[choice * len(ways) // 60], given)
                self.promises()

    @rule(which=WHICH, given=GIVEN)
    def the_unit_does_its_part(self, which: int, given: dict[str, Any]) -> None:
        """Accepted and replied to in one go: the way that most tickets go."""
        for action in (Action.ACCEPT, Action.REPLY):
            ticket = self._ticket(which)
            for who, actor in self.world.people.items():
                if actor.unit_id is not None and actor.unit_id == ticket.lead_unit_id:
                    self._try(ticket, who, action, given)

    def _try(self, before: Ticket, who: str, action: Action, given: dict[str, Any]) -> None:
        world = self.world
        self.splits += action is Action.SPLIT
        if action is Action.SPLIT and self.splits > 1:
            return  # a part is a ticket too: each costs what a submission costs
        if action is Action.DECIDE_EXTENSION and not world.run(world.asked(before.id)):
            return  # there is nothing whose id could be sent
        visible = world.run(world.sees(who, before.id))
        role, holding = world.run(world.stands(before.id, who))[who]
        given = {**given, "other": self._ticket(given["which"]).id}
        part = role if visible else Party.NONE
        offered = available_actions(TicketStatus(before.status), part, holding)
        action = _AS_JOINT[action] if part is Party.JOINT and action in _AS_JOINT else action
        action = _AS_LEAD[action] if part is not Party.JOINT and action in _AS_LEAD else action
        refusal = world.run(world.perform(who, before.id, world.act(action, given)))
        after = world.run(world.ticket(before.id))
        if refusal is None:
            assert action in offered, f"{who} {action} in {before.status}"
            assert after.version > before.version
            return
        assert (after.version, after.status) == (before.version, before.status)
        if action in offered:
            assert isinstance(refusal, UNTIMELY.get(action, ())), refusal
        elif not visible:
            assert type(refusal) is NotFound
        elif not may(role, action):
            # Of what is not there, a whistle say, nobody is told whose it would be.
            assert type(refusal) in (
                {NotAllowed, NotFound} if action in _OF_A_WHISTLE else {NotAllowed}
            )
        elif action in _OF_A_WHISTLE:
            assert type(refusal) in {NotPossibleNow, NotFound}
        elif action is Action.MERGE and given["other"] == before.id:
            assert type(refusal) is InvalidInput, "a ticket never follows itself"
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

    @rule(ruling=st.sampled_from(SupervisionRuling), which=WHICH)
    def orders_are_answered_and_ruled_on(self, ruling: SupervisionRuling, which: int) -> None:
        """The supervised units report, and the supervisor rules on one of the orders."""
        world = self.world

        async def run() -> None:
            async with world.database.unit_of_work(SYSTEM) as work:
                rows = await work.session.execute(
                    text(
                        "select o.id, o.unit_id, o.ticket_id from supervision_order o "
                        "where o.closed_at is null and o.ticket_id = any(:ids) order by o.id"
                    ),
                    {"ids": self.tickets},
                )
                # Of what the supervisor was taken off, no order is there for them either.
                orders = [
                    (row.id, row.unit_id)
                    for row in rows.all()
                    if await world.sees("supervisor", row.ticket_id)
                ]
            for order, unit in orders:
                with suppress(NotPossibleNow):
                    async with world.database.unit_of_work(handler_of(unit)) as work:
                        await supervision.submit_report(work, order, "已办")
            for order, _ in orders[which : which + 1]:
                async with world.database.unit_of_work(world.people["supervisor"]) as work:
                    await supervision.close_supervision(work, world.rules, order, ruling, "已阅")

        world.run(run())

    @rule(street=st.sampled_from(STREETS), district=st.sampled_from(DISTRICTS))
    def the_admin_moves_a_street(self, street: str, district: str) -> None:
        world = self.world

        async def run() -> None:
            async with world.database.unit_of_work(Actor(Role.ADMIN, "admin")) as work:
                unit = await id_of_code(work.session, street)
                parent = await id_of_code(work.session, district)
                await succession.move_with_tickets(work, unit, parent)

        with suppress(NotPossibleNow):  # it would come below whom its report is about
            world.run(run())


@pytest.fixture(scope="module")
def world(city_url: str) -> Iterator[World]:
    made = World(city_url)
    yield made
    made.close()


def test_the_promises_hold_whatever_happens(world: World) -> None:
    class Here(Machine):
        pass

    Here.world = world
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # making it small takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
    world.run(rebuilt_is_the_same(world.database))


@pytest.mark.parametrize(
    "table", ["ticket_event", "clock_segment", "task_segment", "category_suggestion"]
)
@pytest.mark.parametrize("change", ["update {} set id = id", "delete from {}"])
def test_what_is_a_record_cannot_be_changed(world: World, table: str, change: str) -> None:
    machine = Machine()
    machine.world = world
    machine._submit("citizen", TicketKind.HELP, ADDRESSES[0])
    given = {"unit": STREETS[0], "joint": (JOINT,), "answers": (False,), "level": None}
    act = world.act(Action.DISPATCH, given)
    assert world.run(world.perform("agent", machine.tickets[0], act)) is None

    async def tamper() -> None:
        async with world.database.unit_of_work(SYSTEM) as work:
            await work.session.execute(text(change.format(table)))

    with pytest.raises(DBAPIError, match="append-only"):
        world.run(tamper())
    machine.promises()
