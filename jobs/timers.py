"""The timer loop: fires what is due, each timer exactly once, with any number of workers.

A batch is one unit of work: lock the subjects that nobody else holds, take their timers that are
still due, let each do what it stands for, mark them fired, commit. A worker that dies in the
middle has done nothing; the next one finds the timers as they were. Subjects that another worker
or a command holds are left for the next look.

Neither Redis nor a notification is needed: a look at one index entry, twice a second and at the
moment when the next timer is due, finds everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog

from domain.catalogue import replaying
from domain.contests import ruling
from domain.dispatch import conferring, rescheduling, suspending, sweeping, task_clocks
from domain.dispatch.city import Rules
from domain.kernel import timers
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.outages import is_conflict
from domain.kernel.timers import Due, Timer
from domain.kernel.work import UnitOfWork
from domain.supervision import commands as supervision
from domain.supervision import escalating, firing
from domain.supervision.queries import lock_by_rule as lock_orders
from domain.tickets import queries
from domain.tickets.models import Ticket
from domain.whistles import lateness
from jobs import measures
from jobs.outages import is_outage

BATCH = 200
"""Timers in one unit of work: long enough to be cheap, short enough to hold no ticket for long."""

LOOK = 2_000
"""Timers looked at together. More than a batch, so that a worker finds work beside another's."""

IDLE = 0.5
"""Seconds of rest at most: a timer may be armed for a moment that comes before the next look."""

HELD = 0.05
"""Seconds of rest when everything that is due is in other hands."""

_log = structlog.get_logger("timers")


@dataclass(frozen=True, slots=True)
class Family:
    """What the timers of one family stand for.

    `lock` locks the subjects that nobody holds, in one order, and returns them by id; `fire` does
    what their due timers stand for.
    """

    lock: Callable[[UnitOfWork, Sequence[UUID]], Awaitable[Mapping[UUID, Any]]]
    fire: Callable[[UnitOfWork, Rules, Mapping[UUID, Any], Sequence[Timer]], Awaitable[None]]


async def _lock_tickets(work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, Ticket]:
    return {ticket.id: ticket for ticket in await queries.lock_by_rule(work, ids)}


async def _replay(
    work: UnitOfWork, rules: Rules, replays: Mapping[UUID, Any], due: Sequence[Timer]
) -> None:
    await replaying.fire(work, rules.zone, replays, due)


FAMILIES: Mapping[str, Family] = {
    "clock": Family(_lock_tickets, firing.fire),
    "suspension": Family(_lock_tickets, suspending.fire),
    "calendar": Family(rescheduling.lock, rescheduling.fire),
    "replay": Family(replaying.lock, _replay),
    "task": Family(_lock_tickets, task_clocks.fire),
    "whistle": Family(_lock_tickets, lateness.fire),
    "line": Family(sweeping.lock_lines, sweeping.fire),
    "contest": Family(_lock_tickets, ruling.fire),
    "conference": Family(_lock_tickets, conferring.fire),
    "supervision": Family(lock_orders, supervision.fire),
    "escalation": Family(_lock_tickets, escalating.fire),
}


class Timers:
    """The timers of one city's database."""

    def __init__(self, database: Database, rules: Callable[[], Rules], stop: asyncio.Event) -> None:
        self._database = database
        self._rules = rules
        self._stop = stop

    async def step(self) -> float:
        """Fire what is due; return the seconds of rest until the next look.

        Raises what an outage of the database raises; everything else is dealt with here.
        """
        async with self._database.unit_of_work(SYSTEM) as work:
            following = await timers.next_due(work.session)
            if following is None:
                return IDLE
            if following > work.now:
                return min(IDLE, (following - work.now).total_seconds())
            due = await timers.due(work.session, work.now, LOOK)
        return 0.0 if await self._fire_all(due) else HELD

    async def _fire_all(self, due: Sequence[Due]) -> int:
        fired = 0
        in_families = sorted(due, key=lambda each: each.family)
        for family, members in groupby(in_families, key=lambda each: each.family):
            fired += await self._fire_family(family, list(members))
        return fired

    async def _fire_family(self, family: str, due: Sequence[Due]) -> int:
        """Fire from the front, the longest due first; where others are at that, from the back.

        So two workers that see the same timers meet in the middle, not at every batch.
        """
        fired, from_front = 0, True
        while due and not self._stop.is_set():
            batch, due = (due[:BATCH], due[BATCH:]) if from_front else (due[-BATCH:], due[:-BATCH])
            count = await self._fire(family, batch)
            from_front = from_front if count else not from_front
            fired += count
        return fired

    async def _fire(self, family: str, batch: Sequence[Due]) -> int:
        """Fire a batch; where it fails, its halves, down to the timer that it was."""
        try:
            return await self._fire_together(family, batch)
        except Exception as error:
            if is_outage(error):
                raise
            failure = error
        if len(batch) > 1:
            middle = len(batch) // 2
            first = await self._fire(family, batch[:middle])
            return first + await self._fire(family, batch[middle:])
        if not is_conflict(failure):
            await self._postpone(batch[0], failure)
        return 0

    async def _fire_together(self, name: str, batch: Sequence[Due]) -> int:
        family = FAMILIES[name]
        async with self._database.unit_of_work(SYSTEM) as work:
            subjects = await family.lock(work, list({each.subject_id for each in batch}))
            ids = [each.id for each in batch if each.subject_id in subjects]
            taken = await timers.take(work.session, ids, work.now) if ids else []
            if taken:
                await family.fire(work, self._rules(), subjects, taken)
                await timers.mark_fired(work.session, taken, work.now)
        for timer in taken:
            measures.TIMERS_FIRED.labels(timer.kind).inc()
            measures.TIMER_LATENESS.observe((work.now - timer.due_at).total_seconds())
        return len(taken)

    async def _postpone(self, due: Due, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        async with self._database.unit_of_work(SYSTEM) as work:
            for timer in await timers.take(work.session, [due.id], work.now):
                timers.postpone(timer, work.now, reason)
        measures.TIMERS_FAILED.inc()
        _log.error("timer_failed", timer=str(due.id), kind=due.kind, subject=str(due.subject_id),
                   exc_info=error)  # fmt: skip
