"""The worker: one program that fires timers, empties the outbox, runs jobs and keeps house.

Its loops run side by side and fail on their own: timers need PostgreSQL alone and go on while
Redis is away. Any number of workers may run on one database.
"""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvloop

from channels.sender import Sender, choose_sender
from domain.accounts.protection import Protection
from domain.dispatch.rules_of_the_day import RulesOfTheDay
from domain.kernel.collector import settle_collector
from domain.kernel.database import Database
from domain.kernel.presence import worker_application
from domain.kernel.settings import Settings, WrongSetting
from jobs import measures
from jobs.housekeeping import Housekeeping
from jobs.loop import Loop, end
from jobs.queue import Queue, connect
from jobs.relay import Relay
from jobs.sending import Desk
from jobs.timers import Timers
from jobs.watching import Watching

STOP_WITHIN = 4.5
"""Seconds that the steps at hand get to end when the worker is told to stop."""

_log = structlog.get_logger("worker")


def run(settings: Settings, secret: bytes) -> None:
    """Work until SIGTERM or SIGINT. Raises WrongSetting, UnknownCity."""
    uvloop.run(_until_signal(settings, secret))


async def _until_signal(settings: Settings, secret: bytes) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    measures.expose(settings.worker_metrics_port)
    settle_collector()
    await work(settings, secret, stop)


async def work(
    settings: Settings, secret: bytes, stop: asyncio.Event, *, sender: Sender | None = None
) -> None:
    """Work until `stop` is set; then end the steps at hand, within STOP_WITHIN seconds.

    `sender` is the gateway for short messages, the log's in development. Neither PostgreSQL nor
    Redis need be there. Raises WrongSetting where their URLs are missing, and UnknownCity.
    """
    if settings.database_url is None or settings.redis_url is None:
        raise WrongSetting("DATABASE_URL and REDIS_URL: are needed to work")
    database = Database(
        settings.database_url,
        city=settings.city,
        pool_size=settings.database_pool,
        application=worker_application(settings.city),
    )
    rules = RulesOfTheDay(settings.city, database.clock)
    protection = Protection(secret)
    desk = Desk(database, protection, choose_sender(settings, sender))
    redis = connect(settings.redis_url, settings.city)
    queue = Queue(settings.redis_url, desk, stop)
    jobs = Loop("jobs", queue.step, stop)
    queue.on_start = jobs.recovered
    loops = [
        Loop("timers", Timers(database, rules, stop).step, stop),
        Loop("outbox", Relay(database, redis).step, stop),
        Loop("watching", Watching(database, rules).step, stop),
        Loop("housekeeping", Housekeeping(database, rules, stop, protection).step, stop),
        jobs,
    ]
    _log.info("works", city=settings.city)
    try:
        await _run(loops, stop)
    finally:
        await redis.aclose(close_connection_pool=True)
        await database.close()
    _log.info("stopped")


async def _run(loops: list[Loop], stop: asyncio.Event) -> None:
    tasks = [asyncio.create_task(loop.run(), name=loop.name) for loop in loops]
    told = asyncio.create_task(stop.wait())
    try:
        ended, _ = await asyncio.wait([told, *tasks], return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():  # a fault of ours: the whole worker is to be started again
            raise RuntimeError("a loop of the worker ended") from next(iter(ended)).exception()
        _, late = await asyncio.wait(tasks, timeout=STOP_WITHIN)
    finally:
        await end([told, *tasks])
    if late:
        _log.warning("cut_short", loops=sorted(task.get_name() for task in late))
