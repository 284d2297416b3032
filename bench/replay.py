"""Replay: how long `replayCatalogue` takes to say where 100,000 past tickets would have gone.

One worker's loop of timers, in this process, chunk after chunk as they come due.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Final
from uuid import UUID

import uvloop
from sqlalchemy import delete, func, select, true

from bench import dataset
from bench.dispatch import TICKETS, fill_catalogue
from bench.ground import CITY, Ground
from bench.report import Report
from domain.catalogue.drafting import EntryForm, draft_catalogue, put_entry
from domain.catalogue.models import CatalogueReplay
from domain.catalogue.replaying import replay_catalogue
from domain.dispatch.route import RouteReason
from domain.dispatch.rules_of_the_day import RulesOfTheDay
from domain.kernel.actor import SYSTEM
from domain.kernel.clock import SystemClock
from domain.kernel.collector import settle_collector
from domain.kernel.database import Database
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import TicketKind
from domain.tickets.models import Ticket
from jobs.timers import Timers

REPLAYED: Final = 100_000
_ELSEWHERE = "BJ-ZJW"
WITHIN_S: Final = 15.0
"""What "in seconds" may mean at most, on a slow machine."""


def run(ground: Ground) -> Report:
    """Measure and print."""
    report = Report(ceilings={"replay.seconds": WITHIN_S})
    large = replace(ground, database="bench_large")
    dataset.prepare(large, TICKETS)
    with large.copied() as copy:
        asyncio.run(fill_catalogue(copy))
        settle_collector()
        uvloop.run(_replay(copy, report))
    return report


async def _replay(ground: Ground, report: Report) -> None:
    database = Database(ground.database_url, city=CITY)
    timers = Timers(database, RulesOfTheDay(CITY, SystemClock()), asyncio.Event())
    try:
        asked = await _ask(database)
        begin, worked = time.perf_counter(), time.process_time()
        while (found := await _look(database, asked)).status == "RUNNING":
            await timers.step()
        report.add("replay.seconds", time.perf_counter() - begin)
        report.add("replay.cpu_s", time.process_time() - worked)
        report.add("replay.tickets", found.done)
        report.add("replay.changed", found.changed)
    finally:
        await database.close()


async def _ask(database: Database) -> UUID:
    """Draft a version that sends one matter elsewhere, and replay it over the newest tickets.

    Timers of the tickets themselves are taken away: the loop is to fire nothing else.
    """
    reason = "压测"
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(delete(Timer).where(true()))
        by_rule = (
            Ticket.kind != TicketKind.CONSULTATION.value,
            Ticket.route_reason.is_distinct_from(RouteReason.NAMED_UNIT.value),
        )
        # The others were given by hand and are not replayed; nor is the last, where the range ends.
        newest = select(Ticket.submitted_at).where(*by_rule).order_by(Ticket.submitted_at.desc())
        begin = await work.session.scalar(newest.offset(REPLAYED).limit(1))
        end = await work.session.scalar(select(func.max(Ticket.submitted_at)))
        assert begin is not None and end is not None
        draft = await draft_catalogue(work, reason=reason)
        await work.flush()
        form = EntryForm(rank=1, name="试", category="HOUSING.HEATING.COLD", lead=_ELSEWHERE)
        await put_entry(work, draft.id, form, reason=reason)
        await work.flush()
        return (await replay_catalogue(work, draft.id, from_at=begin, to_at=end)).id


async def _look(database: Database, replay_id: UUID) -> CatalogueReplay:
    async with database.look_up() as session:
        found = await session.get(CatalogueReplay, replay_id)
        assert found is not None
        return found
