"""Identifiers: UUIDv7, so that the order of ids is the order of time (RFC 9562, 5.7)."""

from __future__ import annotations

import os
import threading
from datetime import datetime
from itertools import count
from uuid import UUID

_lock = threading.Lock()
_numbers = count(1)


def new_id(at: datetime) -> UUID:
    """Return a new UUIDv7 for the moment `at`.

    Ids made in one process for one millisecond ascend, so that keyset pages over ids follow the
    order of submission: a counter of 26 bits comes before the 48 random ones (RFC 9562, 6.2,
    method 1). It never starts anew, because units of work of different moments take turns; with the
    twelve bits of `rand_a` alone it would turn over in the midst of somebody's work every day.
    """
    milliseconds = int(at.timestamp() * 1000) & 0xFFFFFFFFFFFF
    with _lock:
        counter = next(_numbers)
    high, low = counter >> 14 & 0xFFF, counter & 0x3FFF
    random = int.from_bytes(os.urandom(6))
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low << 48 | random)
