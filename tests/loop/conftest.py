"""One application a module, on a database of the module's own, with the real units of Beijing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from domain.kernel.clock import FixedClock
from tests.support.city import Hotline, hotline
from tests.support.engines import Ground

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""10:00 on Monday 23 November 2026 in Beijing."""


@pytest.fixture(scope="module")
def city_url(ground: Ground) -> Iterator[str]:
    """A database of the module's own."""
    with ground.clone(ground.template()) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running_city(city_url: str, redis_socket: Path) -> AsyncIterator[Hotline]:
    """A process of the API."""
    async with hotline(city_url, f"unix://{redis_socket}", FixedClock(MONDAY)) as running:
        yield running


@pytest.fixture
def city(running_city: Hotline) -> Hotline:
    """The module's process of the API, in which it is 10:00 on Monday until the test moves it."""
    running_city.move(MONDAY)
    return running_city


@pytest.fixture(scope="module")
def jinan_url(ground: Ground) -> Iterator[str]:
    """A database of the module's own, with the real units of Jinan."""
    with ground.clone(ground.template("jinan")) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running_jinan(jinan_url: str, redis_socket: Path) -> AsyncIterator[Hotline]:
    """A process of the API of Jinan."""
    clock, redis = FixedClock(MONDAY), f"unix://{redis_socket}"
    async with hotline(jinan_url, redis, clock, city="jinan") as running:
        yield running


@pytest.fixture
def jinan(running_jinan: Hotline) -> Hotline:
    """The process of the API of Jinan, at 10:00 on Monday until the test moves it."""
    running_jinan.move(MONDAY)
    return running_jinan
