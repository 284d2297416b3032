"""Fixtures for everybody: a database, a Redis, a clock. What is not asked for is not started."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from domain.kernel.clock import FixedClock
from domain.kernel.collector import settle_collector
from domain.kernel.database import Database
from tests.support.engines import (
    CITY,
    Ground,
    ground_folder,
    redis_server,
    stop_keeper,
)

_VARIABLE = "JIESU_TEST_GROUND"

# How quick a machine is at the moment says nothing of the code: speed is `make bench`'s.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        gc.disable()  # what is loaded until the tests begin all stays
    else:  # the controller, or the one process without xdist
        os.environ[_VARIABLE] = str(ground_folder(os.getpid()))


def pytest_collection_finish() -> None:
    """Let the collector walk only through what tests make, and seldom: libraries, types and tests
    stay, and walking through them again and again was a third of the suite's time."""
    settle_collector()
    gc.set_threshold(500_000, 1_000, 1_000)
    gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        stop_keeper(Path(os.environ[_VARIABLE]))


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """The session's PostgreSQL."""
    ground = Ground(Path(os.environ[_VARIABLE]))
    yield ground
    ground.close()


@pytest.fixture
def empty_database_url(ground: Ground) -> Iterator[str]:
    """A new database with nothing in it."""
    with ground.clone("template1") as url:
        yield url


@pytest.fixture
def database_url(ground: Ground) -> Iterator[str]:
    """A new database, migrated, with the real units of Beijing in the schema `beijing`."""
    with ground.clone(ground.template()) as url:
        yield url


@pytest.fixture
def clock() -> FixedClock:
    """A clock at 10:00 on Monday 23 November 2026 in Beijing, which stands until it is moved."""
    return FixedClock(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))


@pytest.fixture
async def database(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """The handle on a database of the test's own, which tells the time by `clock`."""
    database = Database(database_url, city=CITY, clock=clock, pool_size=8)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[Path]:
    """The socket of this worker's own Redis."""
    with redis_server() as engine:
        yield engine.socket


@pytest.fixture
def redis_url(redis_socket: Path) -> str:
    """The URL of an empty Redis."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(redis_socket))
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(16).startswith(b"+OK")
    return f"unix://{redis_socket}"
