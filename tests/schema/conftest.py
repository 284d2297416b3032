"""The town that the tests of the schema share: filled once a session, copied for who writes."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crowd import BULK, multiply
from tests.support.data import Town, fill_town
from tests.support.desk import Desk, open_desk
from tests.support.engines import Ground, locked


@pytest.fixture(scope="session")
def town_source(ground: Ground) -> tuple[str, Town]:
    """The name of a filled database to be copied, made once in the session, and who is in it."""
    folder, name = Path(os.environ["JIESU_TEST_GROUND"]), "template_town"
    made = folder / "town.made"
    with locked(folder / "town.lock"):
        if not made.exists():
            with ground.clone(ground.template()) as url:
                town = asyncio.run(fill_town(url))
                ground.execute(f"drop database if exists {name} with (force)")
                copied = url.partition("?")[0].rpartition("/")[2]
                ground.execute(f"create database {name} template {copied} strategy file_copy")
            made.write_bytes(pickle.dumps(town))
    return name, pickle.loads(made.read_bytes())


@pytest.fixture(scope="session")
def town(town_source: tuple[str, Town]) -> Town:
    """Who lives in the town, and the ids of the tickets."""
    return town_source[1]


@pytest.fixture(scope="module")
def desk(ground: Ground, town_source: tuple[str, Town]) -> Iterator[Desk]:
    """A desk on the town that is only read."""
    with ground.clone(town_source[0]) as url, open_desk(url) as desk:
        yield desk


@pytest.fixture
def written_desk(ground: Ground, town_source: tuple[str, Town]) -> Iterator[Desk]:
    """A desk on a copy of the town of the test's own."""
    with ground.clone(town_source[0]) as url, open_desk(url) as desk:
        yield desk


@pytest.fixture(scope="session")
def crowded(ground: Ground, town_source: tuple[str, Town]) -> Iterator[Desk]:
    """A desk on the town with twenty thousand tickets more, spread over many units."""
    folder, name = Path(os.environ["JIESU_TEST_GROUND"]), "template_crowd"
    made = folder / "crowd.made"
    with locked(folder / "crowd.lock"):
        if not made.exists():
            with ground.clone(town_source[0]) as url:
                asyncio.run(multiply(url, BULK))
                copied = url.partition("?")[0].rpartition("/")[2]
                ground.execute(f"create database {name} template {copied} strategy file_copy")
            made.touch()
    with ground.clone(name) as url, open_desk(url) as desk:
        yield desk
