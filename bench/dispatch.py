"""Dispatch: one ticket from submit to its stored assignment, over HTTP, in a large city.

One after another over one connection, so that it is the time of one dispatch and not of a queue.
The answer is read back from the database in it.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Final

from bench import callers, dataset, load, subjects
from bench.ground import Ground
from bench.report import Report
from bench.writes import check_stored, submissions

TICKETS: Final = 500_000
TARGET_MS: Final = 25.0
ROUNDS: Final = 3
SECONDS: Final = 5

_AGENTS = 40


def run(ground: Ground) -> Report:
    """Measure and print."""
    report = Report(ceilings={"dispatch.p95_ms": TARGET_MS})
    large = replace(ground, database="bench_large")
    dataset.prepare(large, TICKETS)
    with large.copied() as copy:
        port = subjects.free_port()
        with copy.running(subjects.ours(copy, port)) as process:
            requests = list(submissions(callers.agents(copy, _AGENTS)))
            check_stored(load.ask(port, requests[0]))
            sent = 1 + load.press(port, requests[1:], 2.0, connections=1).answered
            rounds = []
            for _ in range(ROUNDS):
                pressed = copy.press(process, port, requests[sent + 1 :], SECONDS, connections=1)
                if pressed.failed:
                    raise load.NoAnswer(pressed.sample.decode(errors="replace")[:600])
                sent += 1 + pressed.answered
                rounds.append(pressed)
    report.add_runs("dispatch", {"ours": rounds})
    for share, name in ((0.50, "p50"), (0.95, "p95"), (0.99, "p99")):
        report.add(f"dispatch.{name}_ms", median(each.percentile(share) for each in rounds))
    report.add("dispatch.tickets", TICKETS)
    return report
