"""The budget of points an actor may spend: in the process, so that it holds without Redis.

A leaky bucket an actor: it holds `burst` points and drains at `rate` points a second (the general
cell rate algorithm). With n processes behind one address an actor has at most n budgets; what must
be exact over all processes (logins, codes) is counted in PostgreSQL (`accounts.attempts`).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from domain.kernel.actor import Role
from domain.kernel.errors import RateLimited

_REMEMBERED = 50_000

STAFF = (20_000.0, 100_000.0)
# points a second, and points at once; a page of 20 tickets with units and history costs about 300
BUDGETS: Mapping[Role, tuple[float, float]] = {
    **dict.fromkeys(Role, STAFF),
    Role.PUBLIC: (200.0, 5_000.0),
    Role.CITIZEN: (500.0, 10_000.0),
}


class Rates:
    """The buckets of one process, those used last."""

    def __init__(self, budgets: Mapping[Role, tuple[float, float]] = BUDGETS) -> None:
        self._budgets = budgets
        self._full_until: OrderedDict[str, float] = OrderedDict()

    async def admit(self, context: Any, cost: int) -> None:
        """Take `cost` points from the caller's bucket. Raises RateLimited when it is empty."""
        actor = context.actor
        name = actor.subject if actor.role is not Role.PUBLIC else f"public:{actor.address}"
        self.take(name, actor.role, cost, time.monotonic())

    def take(self, name: str, role: Role, cost: int, now: float) -> None:
        """Take points at the moment `now` (seconds). Raises RateLimited."""
        rate, burst = self._budgets[role]
        begun = max(self._full_until.get(name, now), now)
        until = begun + cost / rate
        if until - now > burst / rate:
            raise RateLimited("too many requests; slow down", until - now - burst / rate)
        self._full_until[name] = until
        self._full_until.move_to_end(name)
        if len(self._full_until) > _REMEMBERED:
            self._full_until.popitem(last=False)
