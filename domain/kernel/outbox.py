"""The outbox: what must leave the house after a commit is a row first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.membership import among
from domain.kernel.tables import Table


class OutboxRow(Table):
    """One piece of news. Its id is what the receiver de-duplicates on."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_pending", "id", postgresql_where=text("published_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


def events_channel(city: str) -> str:
    """The Redis channel on which every API process of the city hears its `ticket_event` news.

    A message is the JSON of the row's payload with the row's id as `id`.
    """
    return f"jiesu:{city}:events"


async def take_pending(
    session: AsyncSession, topics: Collection[str], limit: int
) -> Sequence[OutboxRow]:
    """Lock up to `limit` unpublished rows of the topics, oldest first; rows that another relay
    holds are left to it."""
    rows = await session.scalars(
        select(OutboxRow)
        .where(OutboxRow.published_at.is_(None), OutboxRow.topic.in_(topics))
        .order_by(OutboxRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def pending(
    session: AsyncSession, topics: Collection[str], limit: int
) -> list[tuple[UUID, str]]:
    """The id and topic of up to `limit` unpublished rows of the topics, oldest first; no lock."""
    rows = await session.execute(
        select(OutboxRow.id, OutboxRow.topic)
        .where(OutboxRow.published_at.is_(None), OutboxRow.topic.in_(topics))
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return [(row.id, row.topic) for row in rows]


async def take_one(session: AsyncSession, row_id: UUID) -> OutboxRow | None:
    """Lock one unpublished row; None where it was published, or somebody holds it."""
    row: OutboxRow | None = await session.scalar(
        select(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.published_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    return row


async def oldest_pending(session: AsyncSession) -> datetime | None:
    """When the oldest unpublished row was written; None where all are published."""
    return await session.scalar(
        select(OutboxRow.created_at)
        .where(OutboxRow.published_at.is_(None))
        .order_by(OutboxRow.id)
        .limit(1)
    )


async def mark_published(session: AsyncSession, ids: Sequence[UUID], at: datetime) -> None:
    """Record that the rows were handed on."""
    await session.execute(
        update(OutboxRow)
        .where(among(OutboxRow.id, ids))
        .values(published_at=at)
        .execution_options(synchronize_session=False)
    )
