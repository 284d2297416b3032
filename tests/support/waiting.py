"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import psutil


def wait_until(
    condition: Callable[[], bool], seconds: float = 20.0, why: Callable[[], str] = lambda: ""
) -> None:
    """Return as soon as the condition holds. Raises AssertionError after `seconds`, saying why."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s {why()}"
        time.sleep(0.01)


def all_gone(processes: Iterable[psutil.Process]) -> bool:
    """Tell whether none of them runs; one that only waits to be reaped does not."""
    return not any(_runs(process) for process in processes)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
