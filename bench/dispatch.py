"""Dispatch: one ticket from submit to its stored assignment, in a large city.

Measured twice, one after another each time, so that it is the time of one dispatch and not of a
queue: in the process of the API, from the command's begin to the end of its commit; and over HTTP
on one connection, where the request is checked and planned as well, and the answer read back from
the database. The ceiling is for both: the second is the first at its strictest.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from statistics import median
from typing import Final

import uvloop
from sqlalchemy import select

from bench import callers, dataset, load, subjects
from bench.ground import CITY, Ground
from bench.report import Report
from bench.writes import check_stored, complaint, submissions
from domain.accounts.protection import Protection
from domain.catalogue.drafting import EntryForm, draft_catalogue, put_entry
from domain.catalogue.entries import FALLBACK_RANK
from domain.catalogue.publishing import publish_catalogue
from domain.catalogue.queries import in_force, rows_of
from domain.dispatch.city import City
from domain.dispatch.intake import ContactDetails, Submission, submit_ticket
from domain.dispatch.rules_of_the_day import RulesOfTheDay
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.collector import settle_collector
from domain.kernel.database import Database
from domain.kernel.vocabulary import TicketKind
from domain.tickets.models import Category
from domain.units.models import Unit

TICKETS: Final = 500_000
ENTRIES: Final = 300
TARGET_MS: Final = 25.0
ROUNDS: Final = 3
SECONDS: Final = 5
COMMANDS: Final = 1_000
"""How many are sent in the process itself, after a tenth as many to warm up."""

_AGENTS = 40
_DISTRICTS = select(Unit.code).where(Unit.level == "DISTRICT").order_by(Unit.code)
_CATEGORIES = select(Category.code).where(Category.parent_code.is_not(None)).order_by(Category.code)


def run(ground: Ground) -> Report:
    """Measure and print."""
    ceilings = dict.fromkeys(("dispatch.p95_ms", "dispatch.http.p95_ms"), TARGET_MS)
    report = Report(ceilings=ceilings)
    large = replace(ground, database="bench_large")
    dataset.prepare(large, TICKETS)
    with large.copied() as copy:
        report.add("dispatch.entries", asyncio.run(fill_catalogue(copy)))
        settle_collector()
        _add_shares(report, "dispatch", [uvloop.run(_in_process(copy))])
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
    report.add_runs("dispatch.http", {"ours": rounds})
    _add_shares(report, "dispatch.http", rounds)
    report.add("dispatch.tickets", TICKETS)
    return report


def _add_shares(report: Report, name: str, rounds: list[load.Pressed]) -> None:
    for share, said in ((0.50, "p50"), (0.95, "p95"), (0.99, "p99")):
        report.add(f"{name}.{said}_ms", median(each.percentile(share) for each in rounds))


async def _in_process(ground: Ground) -> load.Pressed:
    """Submit one after another, as a process of the API does once it knows who asks for what."""
    database = Database(ground.database_url, city=CITY)
    city = City(CITY, RulesOfTheDay(CITY, database.clock))
    protection = Protection(b"only for measuring, 32 bytes long")
    agent = Actor(Role.AGENT, "agent-bench")
    following = _complaints()
    latencies = array("d")

    async def submit(many: int) -> None:
        for submission in islice(following, many):
            begin = time.perf_counter()
            async with database.unit_of_work(agent) as work:
                await submit_ticket(work, city, protection, submission)
            latencies.append(time.perf_counter() - begin)

    try:
        await submit(COMMANDS // 10)
        del latencies[:]
        await submit(COMMANDS)
    finally:
        await database.close()
    return load.Pressed(sum(latencies), array("d", sorted(latencies)), 0, b"")


def _complaints() -> Iterator[Submission]:
    """The complaints that are sent over HTTP as well, of other citizens."""
    for number in count():
        said = complaint(number)
        yield Submission(
            title=said["title"],
            content=said["content"],
            kind=TicketKind(said["kind"]),
            category=said["category"],
            address=said["address"],
            contact=ContactDetails(f"139{number:08d}", "李建军"),
        )


async def fill_catalogue(ground: Ground) -> int:
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
