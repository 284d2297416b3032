"""A lock on something that has no row yet."""

from __future__ import annotations

import hashlib

from sqlalchemy import func, select

from domain.kernel.work import UnitOfWork


async def hold_until_commit(work: UnitOfWork, kind: str, name: bytes) -> None:
    """Wait for the lock of that name and keep it to the end of the unit of work.

    Statements after it see what earlier holders committed (READ COMMITTED). Two names that share
    a hash only wait for each other.
    """
    digest = hashlib.sha256(kind.encode() + b"\0" + name).digest()
    number = int.from_bytes(digest[:8], signed=True)
    await work.session.execute(select(func.pg_advisory_xact_lock(number)))
