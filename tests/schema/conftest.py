"""The town that the tests of the schema share: filled once a worker, copied for who writes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.data import Town, fill_town
from tests.support.desk import Desk, open_desk
from tests.support.engines import Ground


@dataclass(frozen=True, slots=True)
class _Source:
    """A filled database that nobody is connected to, to be copied."""

    name: str
    town: Town


@pytest.fixture(scope="session")
def town_source(ground: Ground) -> Iterator[_Source]:
    with ground.clone(ground.template()) as url:
        town = asyncio.run(fill_town(url))
        name = url.partition("?")[0].rpartition("/")[2]
        yield _Source(name, town)


@pytest.fixture(scope="session")
def town(town_source: _Source) -> Town:
    """Who lives in the town, and the ids of the tickets."""
    return town_source.town


@pytest.fixture(scope="module")
def desk(ground: Ground, town_source: _Source) -> Iterator[Desk]:
    """A desk on the town that is only read."""
    with ground.clone(town_source.name) as url, open_desk(url) as desk:
        yield desk


@pytest.fixture
def written_desk(ground: Ground, town_source: _Source) -> Iterator[Desk]:
    """A desk on a copy of the town of the test's own."""
    with ground.clone(town_source.name) as url, open_desk(url) as desk:
        yield desk
