"""One unit of work: what one command sees and writes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.actor import Actor
from domain.kernel.ids import new_id
from domain.kernel.outbox import OutboxRow


class UnitOfWork:
    """A session, the actor, and one `now` for everything that happens in it."""

    def __init__(self, session: AsyncSession, actor: Actor, now: datetime) -> None:
        self.session = session
        self.actor = actor
        self.now = now

    def new_id(self) -> UUID:
        return new_id(self.now)

    def add(self, row: object) -> None:
        self.session.add(row)

    async def flush(self) -> None:
        await self.session.flush()

    def publish(self, topic: str, payload: dict[str, Any]) -> None:
        """Put news into the outbox; it leaves the house after the commit, at least once."""
        self.add(OutboxRow(id=self.new_id(), topic=topic, payload=payload, created_at=self.now))
