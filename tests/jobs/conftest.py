"""What the tests of the worker share: a unit, the city's rules, a timer loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest

from domain.dispatch.city import Rules, load_rules
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from jobs.timers import Timers
from tests.jobs.tickets import make_unit
from tests.support.engines import CITY


@pytest.fixture
def rules(clock: FixedClock) -> Rules:
    """The rules of Beijing as shipped."""
    return load_rules(CITY, clock.now())


@pytest.fixture
async def unit_id(database: Database) -> UUID:
    """A unit to dispatch to."""
    return await make_unit(database)


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def make_timers(database: Database, rules: Rules, stop: asyncio.Event) -> Callable[[], Timers]:
    """Makes timer loops on the test's database; each call is another worker's."""
    return lambda: Timers(database, lambda: rules, stop)
