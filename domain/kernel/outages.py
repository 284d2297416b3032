"""Which failures lie with the surroundings, and which with what was being done.

What fails because the database is away may be tried again as it was; what fails by itself may not.
"""

from __future__ import annotations

from asyncpg import InterfaceError, InternalClientError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# Classes and codes of SQLSTATE (PostgreSQL, appendix A).
_AWAY = ("08", "53", "57P", "58")  # connection, resources, the server's operator, system
_CONFLICT = ("40", "55P03", "57014")  # rollback for a deadlock, lock timeout, statement timeout


def is_outage(error: BaseException) -> bool:
    """Whether the database or the way to it is away."""
    if isinstance(error, OSError | TimeoutError | PoolTimeout):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, InternalClientError):
        return True  # the connection broke in the middle of an exchange
    if isinstance(original, InterfaceError):
        return "closed" in str(original)  # the connection was closed under the statement
    return _sqlstate(error).startswith(_AWAY)


def is_conflict(error: BaseException) -> bool:
    """Whether others were in the way: the same may go well the next time."""
    return _sqlstate(error).startswith(_CONFLICT)


def _sqlstate(error: BaseException) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(original, "sqlstate", None) or "")
