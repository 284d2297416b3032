"""A trial of a town: people at work, clocks that come due, and a storm that kills everything.

start → the office works → storm (in its middle the power is lost) → calm → inspection
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from api.command.token import TokenWish
from domain.dispatch.city import load_rules
from domain.kernel import timers
from domain.kernel.actor import SYSTEM, Role
from domain.kernel.outbox import oldest_pending
from tests.chaos.inspection import inspect
from tests.chaos.load import Caller, Ledger, Office, Promise
from tests.chaos.outcome import Outcome
from tests.chaos.passing import Coming, set_back
from tests.chaos.town import PATIENCE, VICTIMS, Town, until
from tests.support.engines import CITY

STREETS = {
    "110105015": "朝阳区八里庄街道八里庄北里12号楼3单元",
    "110106001": "丰台区右安门街道玉林里5号楼",
    "110108010": "海淀区学院路街道二里庄小区8号楼",
}
"""Street units and an address that is routed to each."""

ADDRESSES = (*STREETS.values(), None)
"""Where tickets come from; what names no place waits for triage."""

URGENT = "楼道里闻到很重的燃气味，请尽快来人处理。"
"""Its words raise the response level: the limits of the highest run on the wall clock."""

CITIZENS = 6
HANDLERS = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a trial is.

    `rounds` of strikes hit each victim once and empty Redis once; between two rounds the town goes
    down as a whole. Before each strike about `pause` seconds and so many `answers` go by.
    `left_alone` and `handled` are numbers of urgent tickets, whose clocks come due `within`.
    """

    seed: int
    rounds: int = 2
    pause: float = 0.8
    answers: int = 4
    left_alone: int = 54
    handled: int = 18
    within: timedelta = timedelta(seconds=14)


class Trial:
    """One trial of one town, which runs and is ready."""

    def __init__(self, town: Town, plan: Plan, say: Callable[[str], None] = print) -> None:
        self.town = town
        self.plan = plan
        self.say = say
        self.ledger = Ledger()
        self.strikes: Counter[str] = Counter()
        self.rules = load_rules(CITY, datetime.now(UTC))
        self._chance = random.Random(plan.seed)
        self._fate = random.Random(plan.seed)  # the storm's own: the same strikes for one seed
        self._numbers: Iterator[int] = iter(range(10**9))
        self._over = False
        self._began = time.monotonic()

    def _tell(self, words: str) -> None:
        self.say(f"{time.monotonic() - self._began:5.1f} s  {words}")

    async def run(self) -> Outcome:
        """Run it to the end. Raises AssertionError where somebody was told what is not so."""
        async with self._people() as (citizens, office):
            urgent = await self._submit_urgent(citizens)
            handled = urgent[: self.plan.handled]
            coming = await self._set_back(urgent)
            self._tell(f"{len(urgent)} urgent tickets, {len(coming)} clocks set back")
            untouched = {each.uuid for each in urgent[self.plan.handled :]}
            async with asyncio.TaskGroup() as group:
                queue: asyncio.Queue[Promise] = asyncio.Queue()
                for citizen in citizens:
                    group.create_task(self._complain(citizen, queue))
                for _ in range(HANDLERS):
                    group.create_task(self._handle(office, queue))
                for promise in handled:
                    group.create_task(self._handle_urgent(office, promise))
                await self._storm()
                self._over = True
            self._tell(f"the storm is over; asked again after {dict(self.ledger.unanswered)}")
            await self._calm(coming)
            self._tell("nothing waits any more")
            for promise in self.ledger.promises.values():
                await office.agent.read(promise)
        return await self._outcome([each for each in coming if each.ticket_id in untouched])

    @asynccontextmanager
    async def _people(self) -> AsyncIterator[tuple[list[Caller], Office]]:
        wishes = [
            *(TokenWish(Role.CITIZEN, phone=f"138000001{n:02d}") for n in range(CITIZENS)),
            TokenWish(Role.AGENT),
            *(TokenWish(Role.HANDLER, unit=unit) for unit in STREETS),
        ]
        tokens = await self.town.tokens(wishes)
        async with httpx.AsyncClient(base_url=self.town.url) as http:
            callers = [Caller(http, token, self.ledger) for token in tokens]
            handlers = dict(zip(STREETS, callers[CITIZENS + 1 :], strict=True))
            yield callers[:CITIZENS], Office(callers[CITIZENS], handlers)

    async def _submit_urgent(self, citizens: Sequence[Caller]) -> list[Promise]:
        async def submit(citizen: Caller, count: int) -> list[Promise]:
            return [
                await citizen.submit(
                    f"urgent-{next(self._numbers)}",
                    content=URGENT,
                    address=self._chance.choice(list(STREETS.values())),
                )
                for _ in range(count)
            ]

        wanted = self.plan.left_alone + self.plan.handled
        share = -(-wanted // len(citizens))
        made = await asyncio.gather(*(submit(citizen, share) for citizen in citizens))
        return [promise for each in made for promise in each][:wanted]

    async def _set_back(self, urgent: Sequence[Promise]) -> list[Coming]:
        begin = datetime.now(UTC) + timedelta(seconds=1)
        ids = [promise.uuid for promise in urgent]
        async with self.town.database() as database:
            return await set_back(database, self.rules, ids, begin, self.plan.within)

    async def _complain(self, citizen: Caller, queue: asyncio.Queue[Promise]) -> None:
        while not self._over:
            address = self._chance.choice(ADDRESSES)
            key = f"key-{next(self._numbers)}"
            given = {"content": "路灯三天不亮，夜里看不清路。", "address": address}
            promise = await citizen.submit(key, **given)
            if self._chance.random() < 0.1:  # an answer that was lost on the way to the citizen
                await citizen.submit(key, **given)
            if promise.lead is not None and self._chance.random() < 0.6:
                queue.put_nowait(promise)
            await asyncio.sleep(self._chance.uniform(0.02, 0.2))

    async def _handle(self, office: Office, queue: asyncio.Queue[Promise]) -> None:
        while not (self._over and queue.empty()):
            if queue.empty():
                await asyncio.sleep(0.05)
                continue
            # What is still waiting when the storm is over is taken in hand, and no more.
            steps = 1 if self._over else self._chance.choice((1, 2, 3, 4, 4, 8))
            await office.walk(queue.get_nowait(), steps, self._chance)

    async def _handle_urgent(self, office: Office, promise: Promise) -> None:
        """Take it in hand at any moment, so that its clocks and its handler meet."""
        await asyncio.sleep(self._chance.uniform(0, self.plan.within.total_seconds()))
        await office.walk(promise, self._chance.choice((1, 2, 3, 4)), self._chance)

    async def _storm(self) -> None:
        for number in range(self.plan.rounds):
            strikes = [*VICTIMS, "emptied"]
            self._fate.shuffle(strikes)
            if number > 0:
                await self._begin_again(number)
            for strike in strikes:
                await self._some_answers()
                await self._strike(strike)
        await self._some_answers()

    async def _some_answers(self) -> None:
        """Wait until the town is at work again: a storm that hits nobody proves nothing."""
        answered = len(self.ledger.promises) + self.plan.answers
        await asyncio.sleep(self.plan.pause * self._fate.uniform(0.5, 1.5))
        await until(
            lambda: len(self.ledger.promises) >= answered,
            why=lambda: f"no answers: {self.ledger.unanswered}\n{self.town.said[-4000:]}",
        )

    async def _strike(self, strike: str) -> None:
        hit = self.town.empty_redis if strike == "emptied" else lambda: self._kill(strike)
        await until(hit, why=lambda: f"{strike} does not run\n{self.town.said[-4000:]}")
        self.strikes[strike] += 1
        self._tell(f"{strike} struck after {len(self.ledger.promises)} acknowledged tickets")

    def _kill(self, victim: str) -> bool:
        return self.town.kill(victim, self._fate)

    async def _begin_again(self, number: int) -> None:
        """The town goes down as a whole, and is started anew on what it left."""
        await self._some_answers()
        if number % 2:
            await self.town.lose_supervisor()
            self.strikes.update(["postgres", "supervisor"])
            self._tell("the supervisor and the postmaster struck; the others went by themselves")
        else:
            await self.town.lose_power()
            self.strikes.update([*VICTIMS, "power"])
            self._tell("the power was lost")
        self.town.start()
        await self.town.is_ready()
        assert "new data directory" not in self.town.said
        self._tell("the town is there again")

    async def _calm(self, coming: Sequence[Coming]) -> None:
        """Wait until the town is well, every clock has come due, and nothing waits any more."""
        await self.town.is_well()
        last = max(each.at for each in coming)
        await until(lambda: datetime.now(UTC) > last)
        deadline = time.monotonic() + PATIENCE
        async with self.town.database() as database:
            while True:
                async with database.unit_of_work(SYSTEM) as work:
                    due = await timers.due(work.session, work.now, 1)
                    news = await oldest_pending(work.session)
                if not due and news is None:
                    return
                assert time.monotonic() < deadline, f"still waiting: {due}, news of {news}"
                await asyncio.sleep(0.1)

    async def _outcome(self, coming: Sequence[Coming]) -> Outcome:
        async with self.town.database() as database, database.unit_of_work(SYSTEM) as work:
            findings = await inspect(work, self.rules)
        outcome = Outcome(self.ledger, self.strikes, findings)
        outcome.compare_tickets()
        outcome.compare_points(coming)
        return outcome
