"""One thing that a worker does over and over, whatever fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import structlog

from jobs.outages import is_outage

BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds of rest after the first, second … failure in a row; the last goes on for ever."""

REMINDER = 60.0
"""Seconds after which a failure that goes on is told again."""

Step = Callable[[], Awaitable[float]]
"""Does what there is to do now; returns the seconds of rest until it is to be called again."""

_log = structlog.get_logger("worker")


class Loop:
    """Calls `step` until `stop` is set. A step that raises is called again, ever more slowly.

    An outage (the database or Redis is away) is told when it begins, once a minute, and when it is
    over: a log that repeats itself ten times a second hides what matters.
    """

    def __init__(self, name: str, step: Step, stop: asyncio.Event) -> None:
        self.name = name
        self._step = step
        self._stop = stop
        self._failures = 0
        self._failing_since = 0.0
        self._told_at = 0.0

    async def run(self) -> None:
        """Returns when `stop` is set and the step at hand has ended."""
        while not self._stop.is_set():
            try:
                seconds = await self._step()
            except Exception as error:
                seconds = self._failed(error)
            else:
                self.recovered()
            await rest(self._stop, seconds)

    def recovered(self) -> None:
        """Tell that it works again, where it did not."""
        if self._failures:
            lasted = round(time.monotonic() - self._failing_since, 1)
            _log.info("works_again", loop=self.name, after_s=lasted, tries=self._failures)
        self._failures = 0

    def _failed(self, error: Exception) -> float:
        now = time.monotonic()
        if not self._failures:
            self._failing_since = now
        if not self._failures or now - self._told_at > REMINDER:
            self._told_at = now
            # What broke is in an outage's message; of anything else the place is needed too.
            _log.error(
                "fails", loop=self.name, error=_in_words(error), exc_info=not is_outage(error)
            )
        self._failures += 1
        return BACKOFF[min(self._failures, len(BACKOFF)) - 1]


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """Wait that long, or until `stop` is set; with no time to wait, let others run."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel the tasks until they have ended, whatever with.

    Once is not always enough: redis-py 5 can lose a cancellation that meets a timeout of its own.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=0.1)
        for task in ended:
            if not task.cancelled():
                task.exception()  # has been seen
