"""One unit of work: what one command sees and writes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.actor import Actor
from domain.kernel.ids import new_id
from domain.kernel.outbox import OutboxRow
from domain.kernel.records import insert_records, values_of
from domain.kernel.tables import Table


class UnitOfWork:
    """A session, the actor, and one `now` for everything that happens in it."""

    def __init__(self, session: AsyncSession, actor: Actor, now: datetime) -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self._following: list[object] = []
        self._records: list[Table] = []
        self._written: list[tuple[Table, dict[str, Any]]] = []

    def new_id(self) -> UUID:
        return new_id(self.now)

    def add(self, row: object) -> None:
        self.session.add(row)

    def follow(self, row: object) -> None:
        """Add a row that belongs to another one of this unit of work and is written after it.

        What follows is written together, table by table, when the unit of work is flushed; so the
        row that it belongs to is written once, as it is by then.
        """
        self._following.append(row)

    def record(self, row: Table) -> None:
        """Add a row that this unit of work does not change once it is written: an entry, a timer.

        Records are written last, in one statement, and the session does not follow them: of
        what it takes to write a row, the better part is being ready for its changes. What is set
        on one after the next `flush` would be lost, and is refused at the end (`finish`).
        """
        self._records.append(row)

    async def flush(self) -> None:
        """Write what was added, then what follows it, then the records."""
        self._written += [(record, values_of(record)) for record in await self._write()]

    async def finish(self) -> None:
        """Write what is left, as the last thing before the commit.

        Raises RuntimeError where a record was changed after it was written: that would be lost.
        """
        for record, written in self._written:
            if values_of(record) != written:
                raise RuntimeError(f"a {type(record).__name__} was changed after it was written")
        await self._write()

    async def _write(self) -> list[Table]:
        """Returns the records that were written."""
        await self.session.flush()
        if self._following:
            self.session.add_all(self._following)
            self._following.clear()
            await self.session.flush()
        records, self._records = self._records, []
        if records:
            await self.session.execute(*insert_records(records))
        return records

    def publish(self, topic: str, payload: dict[str, Any]) -> None:
        """Put news into the outbox; it leaves the house after the commit, at least once."""
        self.record(OutboxRow(id=self.new_id(), topic=topic, payload=payload, created_at=self.now))
