"""A trial of a town: people at work, clocks that come due, and a storm that kills everything.

start → the office works → storm (in its middle the power is lost) → calm → inspection
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
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

    `rounds` of strikes, and as many more as `storm` seconds take, hit each victim once and empty
    Redis once; between two rounds the town goes down as a whole. Around each strike, for `within`,
    the clocks of new urgent tickets come due: so many are `left_alone`, so many are `handled` in
    the same moment.
    """

    seed: int
    rounds: int = 2
    storm: float = 0.0
    answers: int = 3
    left_alone: int = 6
    handled: int = 2
    within: timedelta = timedelta(seconds=1)


class Trial:
    """One trial of one town, which runs and is ready."""

    def __init__(self, town: Town, plan: Plan, say: Callable[[str], None] = print) -> None:
        self.town = town
        self.plan = plan
        self.say = say
        self.ledger = Ledger()
        self.strikes: Counter[str] = Counter()
        self.coming: list[Coming] = []
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
            async with asyncio.TaskGroup() as group:
                queue: asyncio.Queue[Promise] = asyncio.Queue()
                for citizen in citizens:
                    group.create_task(self._complain(citizen, queue))
                for _ in range(HANDLERS):
                    group.create_task(self._handle(office, queue))

                async def time_passes() -> None:
                    handled = await self._time_passes(citizens)
                    for promise in handled:
                        group.create_task(self._handle_urgent(office, promise))

                await self._storm(time_passes)
                self._over = True
            self._tell(f"the storm is over; asked again after {dict(self.ledger.unanswered)}")
            await self._calm()
            self._tell("nothing waits any more")
            for promise in self.ledger.promises.values():
                await office.agent.read(promise)
        return await self._outcome()

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

    async def _time_passes(self, citizens: Sequence[Caller]) -> list[Promise]:
        """Let new urgent tickets come due from now on; returns those that are to be handled."""
        count = self.plan.left_alone + self.plan.handled
        urgent = await asyncio.gather(
            *(
                citizens[number % len(citizens)].submit(
                    f"urgent-{next(self._numbers)}",
                    content=URGENT,
                    address=self._chance.choice(list(STREETS.values())),
                )
                for number in range(count)
            )
        )
        begin = datetime.now(UTC) + timedelta(seconds=0.2)
        ids = [promise.uuid for promise in urgent]
        async with self.town.database() as database:
            coming = await set_back(database, self.rules, ids, begin, self.plan.within)
        handled = urgent[: self.plan.handled]
        left = set(ids[self.plan.handled :])
        self.coming += [each for each in coming if each.ticket_id in left]
        return handled

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

    async def _storm(self, time_passes: Callable[[], Awaitable[None]]) -> None:
        begun, number = time.monotonic(), 0
        while number < self.plan.rounds or time.monotonic() - begun < self.plan.storm:
            strikes = [*VICTIMS, "emptied"]
            self._fate.shuffle(strikes)
            if number > 0:
                strikes.insert(0, "supervisor" if number % 2 else "power")
            for strike in strikes:
                await self._some_answers()
                await time_passes()
                await asyncio.sleep(self.plan.within.total_seconds() * self._fate.random())
                await self._strike(strike)
                self._tell(f"{strike} struck; {len(self.ledger.promises)} were acknowledged")
            number += 1
        await self._some_answers()

    async def _some_answers(self) -> None:
        """Wait until the town is at work again: a storm that hits nobody proves nothing."""
        answered = len(self.ledger.promises) + self.plan.answers
        await until(
            lambda: len(self.ledger.promises) >= answered,
            why=lambda: f"no answers: {self.ledger.unanswered}\n{self.town.said[-4000:]}",
        )

    async def _strike(self, strike: str) -> None:
        self.strikes[strike] += 1
        if strike == "supervisor":
            await self.town.lose_supervisor()
            self.strikes["postgres"] += 1
        elif strike == "power":
            await self.town.lose_power()
            self.strikes.update(list(VICTIMS))
        else:
            await self._hit(strike)
            return
        self.town.start()
        await self.town.is_ready()
        assert "new data directory" not in self.town.said

    async def _hit(self, strike: str) -> None:
        def hit() -> bool:
            if strike == "emptied":
                return self.town.empty_redis()
            return self.town.kill(strike, self._fate)

        await until(hit, why=lambda: f"{strike} does not run\n{self.town.said[-4000:]}")

    async def _calm(self) -> None:
        """Wait until the town is well, every clock has come due, and nothing waits any more."""
        await self.town.is_well()
        last = max(each.at for each in self.coming)
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

    async def _outcome(self) -> Outcome:
        async with self.town.database() as database, database.unit_of_work(SYSTEM) as work:
            findings = await inspect(work, self.rules)
        outcome = Outcome(self.ledger, self.strikes, findings)
        outcome.compare_tickets()
        outcome.compare_points(self.coming)
        return outcome
