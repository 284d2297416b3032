"""The same key from the same actor gives the same answer, also after a crash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Index, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.errors import KeyReused
from domain.kernel.tables import Table
from domain.kernel.work import UnitOfWork

KEPT = timedelta(hours=24)  # api.md: "the same answer for 24 hours"


class IdempotencyKey(Table):
    """One key, what was asked under it, and the row that came of it."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created_at", "created_at"),)

    subject: Mapped[str] = mapped_column(primary_key=True)
    command: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    result_id: Mapped[UUID]
    created_at: Mapped[datetime]


def fingerprint(input_values: Mapping[str, Any]) -> bytes:
    """Digest of an input, independent of the order of its keys."""
    text = orjson.dumps(input_values, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(text).digest()


async def claim(
    work: UnitOfWork, command: str, key: str | None, print_: bytes, result_id: UUID
) -> UUID | None:
    """Claim `key` for a new result, or return the id of the result that it already led to.

    A second claim of the same key waits for the first one's transaction: insert and result become
    visible together. Raises KeyReused where the key came with another input.
    """
    if key is None:
        return None
    row = {
        "subject": work.actor.subject,
        "command": command,
        "key": key,
        "fingerprint": print_,
        "result_id": result_id,
        "created_at": work.now,
    }
    identity = [IdempotencyKey.subject, IdempotencyKey.command, IdempotencyKey.key]
    statement = insert(IdempotencyKey).values(row)
    expired = IdempotencyKey.created_at < work.now - KEPT
    claimed = await work.session.scalar(
        statement.on_conflict_do_update(
            index_elements=identity,
            set_={
                name: statement.excluded[name]
                for name in ("fingerprint", "result_id", "created_at")
            },
            where=expired,
        ).returning(IdempotencyKey.result_id)
    )
    if claimed is not None:
        return None
    earlier = await work.session.execute(
        select(IdempotencyKey.fingerprint, IdempotencyKey.result_id).where(
            IdempotencyKey.subject == row["subject"],
            IdempotencyKey.command == command,
            IdempotencyKey.key == key,
        )
    )
    found = earlier.one()
    if found.fingerprint != print_:
        raise KeyReused("this idempotency key was used for another input")
    return UUID(str(found.result_id))


async def forget_expired(session: AsyncSession, now: datetime) -> None:
    """Delete keys that are past their 24 hours."""
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))
