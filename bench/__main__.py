"""`python -m bench [reads] [writes] [dispatch] [replay] [classification] [--messages DIR]`.

Measures and prints. The exit code says whether a target was missed.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from api.engines.program import StartFailed
from api.engines.supervisor import Interrupted
from bench.ground import ground
from bench.report import Report

ON_THE_GROUND = ("reads", "writes", "dispatch", "replay")  # with PostgreSQL and Redis under them
MEASUREMENTS = (*ON_THE_GROUND, "classification")


def main(arguments: list[str]) -> int:
    """Run the named measurements, or all. Returns 1 where a target was missed, else 0."""
    parser = argparse.ArgumentParser("bench")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--messages", help="folder of labelled messages, not part of Jiesu")
    given = parser.parse_args(arguments)
    names: list[str] = given.names or list(MEASUREMENTS)
    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        print(f"there is no measurement {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
        return 2
    reports: list[Report] = []
    if on_the_ground := [name for name in names if name in ON_THE_GROUND]:
        with ground() as engines:
            reports += [import_module(f"bench.{name}").run(engines) for name in on_the_ground]
    if "classification" in names:
        classification = import_module("bench.classification")
        reports.append(classification.run(classification.folder_of(given.messages)))
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
