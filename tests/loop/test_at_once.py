"""Several at once on the same tickets, each in a transaction of its own: no deadlock, nothing
that a constraint had to stop, and every promise holds afterwards."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from domain.dispatch import line_desk, succession
from domain.kernel.actor import Actor, Role
from domain.kernel.errors import DomainError
from domain.kernel.vocabulary import ResponseLevel, TicketKind
from domain.kernel.work import UnitOfWork
from domain.tickets.workflow import Action
from domain.units.queries import id_of_code
from jobs.timers import Timers
from tests.loop.promises import rebuilt_is_the_same
from tests.loop.test_state_machine import GIVEN, WHICH, WHO, Tickets
from tests.loop.world import ADDRESSES, DISTRICTS, STREETS, World

ADMIN = Actor(Role.ADMIN, "admin")
TOGETHER = 4
Deed = Callable[[], Awaitable[DomainError | None]]


class Meeting(Tickets):
    """Two tickets on which several steps are taken in the same moment."""

    met: Counter[str]

    @initialize(
        addresses=st.lists(st.sampled_from(ADDRESSES), min_size=2, max_size=2),
        category=st.sampled_from([None, "HOUSING.HEATING.COLD"]),
    )
    def several(self, addresses: list[str | None], category: str | None) -> None:
        for who, address in zip(("citizen", "partner"), addresses, strict=True):
            self._submit(who, TicketKind.HELP, address, category)

    @rule(
        choices=st.lists(
            st.tuples(WHICH, st.integers(0, 59), GIVEN), min_size=2, max_size=TOGETHER
        ),
        others=st.lists(st.tuples(WHICH, WHO, st.sampled_from(Action), GIVEN), max_size=1),
        beside=st.sampled_from(["", "", "clocks", "move", "line"]),
        hours=st.sampled_from([0, 0, 3, 30]),
        street=st.sampled_from(STREETS),
        district=st.sampled_from(DISTRICTS),
    )
    def at_once(
        self,
        choices: list[tuple[int, int, dict[str, Any]]],
        others: list[tuple[int, str, Action, dict[str, Any]]],
        beside: str,
        hours: int,
        street: str,
        district: str,
    ) -> None:
        """Steps that are open, one that may not be, and beside them a worker, an admin, a line."""
        world = self.world
        steps = [way for choice in choices if (way := self._way(*choice)) is not None]
        steps += [
            (self._ticket(which).id, who, action, given) for which, who, action, given in others
        ]
        world.clock.advance(timedelta(hours=hours, seconds=1))
        deeds = [self._deed(*step) for step in steps]
        deeds += {
            "": [],
            "clocks": [self._clocks, self._clocks],
            "move": [lambda: self._move(street, district)],
            "line": [self._line],
        }[beside]
        before = {id_: self._versions(id_) for id_ in self.tickets}

        async def all_of_them() -> list[DomainError | BaseException | None]:
            async with asyncio.timeout(20):
                return await asyncio.gather(*(deed() for deed in deeds), return_exceptions=True)

        results = world.run(all_of_them())
        strange = [each for each in results if isinstance(each, BaseException)]
        strange = [each for each in strange if not isinstance(each, DomainError)]
        assert strange == [], [step[1:3] for step in steps]
        for id_, version in before.items():
            done = [
                one for one, end in zip(steps, results, strict=False) if one[0] == id_ and not end
            ]
            assert self._versions(id_) >= version + len(done), "each step is in the history"
        self.met.update(
            "done" if end is None else type(end).__name__ for end in results[: len(steps)]
        )

    def _way(
        self, which: int, choice: int, given: dict[str, Any]
    ) -> tuple[UUID, str, Action, dict[str, Any]] | None:
        ticket = self._ticket(which)
        ways = self._open(ticket)
        if not ways:
            return None
        who, action = ways[choice * len(ways) // 60]
        return ticket.id, who, action, given

    def _versions(self, ticket: UUID) -> int:
        found: int = self.world.run(self.world.ticket(ticket)).version
        return found

    def _deed(self, ticket: UUID, who: str, action: Action, given: dict[str, Any]) -> Deed:
        world = self.world
        other = self._ticket(given["which"]).id
        act = world.act(action, {**given, "other": other})
        if action is Action.SPLIT:
            self.splits += 1
            if self.splits > 1:
                act = world.act(Action.SUPPLEMENT, given)  # a part costs what a submission costs

        async def deed() -> DomainError | None:
            return await self._refusal(world.people[who], lambda work: act(work, ticket))

        return deed

    async def _refusal(
        self, actor: Actor, act: Callable[[UnitOfWork], Awaitable[object]]
    ) -> DomainError | None:
        try:
            async with self.world.database.unit_of_work(actor) as work:
                await act(work)
        except DomainError as refusal:
            return refusal
        return None

    async def _clocks(self) -> None:
        world = self.world
        await Timers(world.database, lambda: world.rules, asyncio.Event()).step()

    async def _move(self, street: str, district: str) -> DomainError | None:
        async def move(work: UnitOfWork) -> None:
            unit = await id_of_code(work.session, street)
            await succession.move_with_tickets(work, unit, await id_of_code(work.session, district))

        return await self._refusal(ADMIN, move)

    async def _line(self) -> DomainError | None:
        """Open a line that takes every ticket of the streets' districts, and close it again."""
        supervisor = self.world.people["supervisor"]
        wish = line_desk.LineWish(
            code="AT-ONCE", name="扫雪", level=ResponseLevel.L2, reason="演练", areas=DISTRICTS
        )
        made: list[UUID] = []

        async def open_(work: UnitOfWork) -> None:
            made.append((await line_desk.open_line(work, wish)).id)

        refusal = await self._refusal(supervisor, open_)
        if refusal is None:
            refusal = await self._refusal(
                supervisor, lambda work: line_desk.close_line(work, made[0])
            )
        return refusal


@pytest.fixture(scope="module")
def world(city_url: str) -> Iterator[World]:
    made = World(city_url, pool_size=TOGETHER + 3)
    yield made
    made.close()


def test_whoever_meets_on_a_ticket_leaves_it_whole(world: World) -> None:
    class Here(Meeting):
        pass

    Here.world, Here.met = world, Counter()
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=6,
            stateful_step_count=14,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Here.met["done"] > 20 and len(Here.met) > 1, Here.met
    world.run(rebuilt_is_the_same(world.database))
