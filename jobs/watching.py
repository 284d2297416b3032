"""Looks for many tickets that are one problem, once in five minutes, by one worker at a time."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select

from domain.dispatch.city import Rules
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.supervision.watching import watch

EVERY = 300.0
"""Seconds between two looks; what gathers within hours is not urgent to the minute."""


class Watching:
    """The watch over one city's tickets (domain/supervision/watching)."""

    def __init__(self, database: Database, rules: Callable[[], Rules]) -> None:
        self._database = database
        self._rules = rules

    async def step(self) -> float:
        """Look, until nothing new is found; return the seconds until the next look."""
        while await self._look():
            pass
        return EVERY

    async def _look(self) -> int:
        """One look in a unit of work of its own; nothing, where another worker is at it."""
        async with self._database.unit_of_work(SYSTEM) as work:
            name = f"{self._database.city} watching"
            mine = select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))
            return await watch(work, self._rules()) if await work.session.scalar(mine) else 0
