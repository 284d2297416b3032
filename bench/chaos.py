"""`python -m bench.chaos --minutes 3 [--seed N]`: the trial of tests/chaos, for longer.

A real `jiesu run` on a data folder of its own is struck with `kill -9` again and again while people
submit and handle tickets; then every ticket is inspected. Exit code 1 where anything was lost, half
done or done twice.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.outcome import Outcome
from tests.chaos.town import Town
from tests.chaos.trial import Plan, Trial


async def storm(folder: Path, plan: Plan) -> tuple[Outcome, int]:
    """Run one trial in `folder`; returns what came of it and the exit code of `jiesu run`."""
    town = Town(folder / "data")
    try:
        town.start()
        await town.is_ready()
        outcome = await Trial(town, plan).run()
        return outcome, await town.interrupt()
    finally:
        town.end()


def main() -> int:
    """Returns 1 where the town did not come through whole, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    seconds = given.minutes * 60
    print(f"seed {given.seed}, {given.minutes:g} minutes")
    plan = Plan(given.seed, storm=seconds)
    with tempfile.TemporaryDirectory(prefix="jiesu-chaos-") as name:
        outcome, code = asyncio.run(storm(Path(name).resolve(), plan))
    faults = outcome.faults() + ([f"jiesu run ended with code {code}"] if code else [])
    for fault in faults:
        print(fault)
    late = sorted(outcome.lateness) or [0.0]
    print(outcome)
    print(f"chaos.acknowledged={len(outcome.ledger.promises)}")
    print(f"chaos.faults={len(faults)}")
    print(f"chaos.strikes={outcome.strikes.total()}")
    print(f"chaos.late.p50_s={late[len(late) // 2]:.2f}")
    print(f"chaos.late.max_s={late[-1]:.2f}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
