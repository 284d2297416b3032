"""`kill -9` of everything, at any moment, for real."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.town import VICTIMS, Town
from tests.chaos.trial import Plan, Trial

SEED = "JIESU_CHAOS_SEED"


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")


@pytest.fixture
def town() -> Iterator[Town]:
    with tempfile.TemporaryDirectory(prefix="jiesu-chaos-") as name:
        town = Town(Path(name).resolve() / "data")
        try:
            yield town
        finally:
            town.end()
            say(town.said[-4000:])  # shown where the test failed


@pytest.mark.chaos
async def test_nothing_is_lost_half_done_or_done_twice(town: Town) -> None:
    seed = int(os.environ.get(SEED) or random.randrange(10**6))
    say(f"{SEED}={seed}")
    town.start()
    await town.is_ready()
    outcome = await Trial(town, Plan(seed), say).run()
    say(str(outcome))
    assert outcome.faults() == []
    assert all(outcome.strikes[victim] >= 2 for victim in VICTIMS), outcome.strikes
    assert outcome.strikes["emptied"] == 2 and outcome.strikes["supervisor"] == 1
    assert outcome.findings.fired >= 200

    assert await town.interrupt() == 0, town.said
    assert town.processes() == []
    assert "Stopping" in town.said
