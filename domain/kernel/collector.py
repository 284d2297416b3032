"""How a process that stays looks for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 20_000
"""Objects that come before the collector looks: more than any one answer or chunk leaves."""


def settle_collector() -> None:
    """Look only through what comes from now on, and seldom. For a process that has all it keeps.

    Libraries, types and the schema stay to the end, and what a request makes falls with its answer;
    looking through both again and again took a fifth of a replay's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)


@contextmanager
def collector_off() -> Iterator[None]:
    """Do not look for garbage while a process loads what it keeps: a tenth of its start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
