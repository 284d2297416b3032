"""`python -m bench [reads] [writes] [dispatch]`: measure, print, and end with 1 for a miss."""

from __future__ import annotations

import sys
from importlib import import_module

from api.engines.program import StartFailed
from api.engines.supervisor import Interrupted
from bench.ground import ground
from bench.report import Report

MEASUREMENTS = ("reads", "writes", "dispatch")


def main(names: list[str]) -> int:
    """Run the named measurements, or all. Returns 1 where a target was missed, else 0."""
    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        print(f"there is no measurement {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
        return 2
    reports: list[Report] = []
    with ground() as engines:
        reports += [import_module(f"bench.{name}").run(engines) for name in names or MEASUREMENTS]
    for report in reports:
        report.print_values()
    missed = [line for report in reports for line in report.missed()]
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StartFailed, Interrupted) as fault:
        sys.exit(f"bench: {fault or 'stopped'}")
