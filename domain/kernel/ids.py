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

    Ids made in one process for one millisecond ascend: the twelve bits of `rand_a` hold a counter
    (RFC 9562, 6.2, method 1), so that keyset pages over ids follow the order of submission. The
    counter never starts anew: units of work of different moments take turns.
    """
    milliseconds = int(at.timestamp() * 1000)
    with _lock:
        counter = next(_numbers) & 0xFFF
    value = (milliseconds & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | counter << 64
    value |= 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2
    return UUID(int=value)
