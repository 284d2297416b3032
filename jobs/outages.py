"""Outages as the worker meets them: the database's, and Redis's.

What fails because something is away is tried again as it was; what fails by itself is set aside,
so that it does not stop the rest.
"""

from __future__ import annotations

from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisTimeout

from domain.kernel import outages


def is_outage(error: BaseException) -> bool:
    """Whether the database, Redis or the way to them is away."""
    return isinstance(error, RedisAway | RedisTimeout) or outages.is_outage(error)
