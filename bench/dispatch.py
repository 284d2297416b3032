"""Dispatch: one ticket from submit to its stored assignment, over HTTP, in a large city.

One after another over one connection, so that it is the time of one dispatch and not of a queue.
The answer is read back from the database in it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from statistics import median
from typing import Final

from sqlalchemy import select

from bench import callers, dataset, load, subjects
from bench.ground import CITY, Ground
from bench.report import Report
from bench.writes import check_stored, submissions
from domain.catalogue.drafting import EntryForm, draft_catalogue, put_entry
from domain.catalogue.entries import FALLBACK_RANK
from domain.catalogue.publishing import publish_catalogue
from domain.catalogue.queries import in_force, rows_of
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.tickets.models import Category
from domain.units.models import Unit

TICKETS: Final = 500_000
ENTRIES: Final = 300
TARGET_MS: Final = 25.0
ROUNDS: Final = 3
SECONDS: Final = 5

_AGENTS = 40
_DISTRICTS = select(Unit.code).where(Unit.level == "DISTRICT").order_by(Unit.code)
_CATEGORIES = select(Category.code).where(Category.parent_code.is_not(None)).order_by(Category.code)


def run(ground: Ground) -> Report:
    """Measure and print."""
    report = Report(ceilings={"dispatch.p95_ms": TARGET_MS})
    large = replace(ground, database="bench_large")
    dataset.prepare(large, TICKETS)
    with large.copied() as copy:
        report.add("dispatch.entries", asyncio.run(_fill_catalogue(copy)))
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


async def _fill_catalogue(ground: Ground) -> int:
    """Publish a version with ENTRIES entries: the shipped ones, then one category in one district
    each. Returns how many are in force."""
    database = Database(ground.database_url, city=CITY, pool_size=1)
    reason = "压测"
    try:
        async with database.unit_of_work(SYSTEM) as work:
            draft = await draft_catalogue(work, reason=reason)
            await work.flush()
            shipped = await rows_of(work.session, draft.id)
            begin = max(row.rank for row in shipped if row.rank < FALLBACK_RANK) + 1
            areas = (await work.session.scalars(_DISTRICTS)).all()
            categories = (await work.session.scalars(_CATEGORIES)).all()
            for number in range(ENTRIES - len(shipped)):
                form = EntryForm(
                    rank=begin + number,
                    name=f"条目{number}",
                    category=categories[number // len(areas)],
                    area=areas[number % len(areas)],
                )
                await put_entry(work, draft.id, form, reason=reason)
            await work.flush()
            await publish_catalogue(work, draft.id, reason=reason)
        async with database.unit_of_work(SYSTEM) as work:
            version = await work.session.scalar(select(in_force(work.now)))
            assert version is not None
            return len(await rows_of(work.session, version))
    finally:
        await database.close()
