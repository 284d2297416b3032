"""Records of several tables are one statement, and stand in the tables as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from domain.accounts.models import Attempt
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.idempotency import IdempotencyKey
from domain.kernel.outbox import OutboxRow
from domain.kernel.records import insert_records
from domain.kernel.tables import Table
from domain.kernel.timers import Timer

NOW = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
MOMENTS = st.integers(-(10**15), 10**15).map(lambda number: NOW + timedelta(microseconds=number))


def values(row: Table) -> dict[str, Any]:
    columns = type(row).metadata.tables[row.__tablename__].c
    return {column.key: getattr(row, column.key) for column in columns}


@settings(
    max_examples=30,
    suppress_health_check=list(HealthCheck),
)
@given(
    payloads=st.lists(st.dictionaries(TEXT, JSON, max_size=3), max_size=4),
    due=st.lists(st.tuples(MOMENTS, TEXT, st.booleans()), max_size=4),
    prints=st.lists(st.tuples(TEXT, st.binary(max_size=40)), max_size=3),
)
async def test_they_are_read_as_they_were_written(
    database: Database,
    payloads: list[dict[str, Any]],
    due: list[tuple[datetime, str, bool]],
    prints: list[tuple[str, bytes]],
) -> None:
    rows: list[Table] = [
        OutboxRow(id=uuid4(), topic="t", payload=each, created_at=NOW) for each in payloads
    ]
    rows += [
        Timer(
            id=uuid4(), kind=kind or "k", subject_id=uuid4(), due_at=at, payload={}, armed_at=NOW,
            fired_at=at if fired else None, failures=0,
        )
        for at, kind, fired in due
    ]  # fmt: skip
    rows += [
        IdempotencyKey(
            subject=text, command=str(number), key=str(uuid4()), fingerprint=print_,
            result_id=uuid4(), created_at=NOW,
        )
        for number, (text, print_) in enumerate(prints)
    ]  # fmt: skip
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with database.unit_of_work(SYSTEM) as work:
            for row in rows:
                work.record(row)
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    assert len(sent) == bool(rows), sent
    async with database.unit_of_work(SYSTEM) as work:
        for row in rows:
            kind = type(row)
            key = kind.key if isinstance(row, IdempotencyKey) else kind.id  # type: ignore[attr-defined]
            found = (
                await work.session.scalars(select(kind).where(key == getattr(row, key.key)))
            ).one()
            assert values(found) == values(row)


async def test_nothing_is_written_where_one_record_cannot_be(database: Database) -> None:
    key = UUID(int=7)
    with pytest.raises(Exception, match="null value in column"):
        async with database.unit_of_work(SYSTEM) as work:
            work.record(OutboxRow(id=key, topic="t", payload={}, created_at=NOW))
            work.record(Attempt(id=key, bucket=None, at=NOW + timedelta(days=1)))
    async with database.unit_of_work(SYSTEM) as work:
        assert await work.session.get(OutboxRow, key) is None


def test_what_no_column_holds_is_refused() -> None:
    with pytest.raises(TypeError):
        insert_records([OutboxRow(id=UUID(int=1), topic="t", payload={"a": {1}}, created_at=NOW)])


async def test_what_would_be_lost_is_refused(database: Database) -> None:
    """Set before it is written, it is written; set afterwards, nothing is."""
    early, late = UUID(int=8), UUID(int=9)
    async with database.unit_of_work(SYSTEM) as work:
        row = OutboxRow(id=early, topic="t", payload={}, created_at=NOW)
        work.record(row)
        row.topic = "changed"
    with pytest.raises(RuntimeError, match="OutboxRow was changed"):
        async with database.unit_of_work(SYSTEM) as work:
            row = OutboxRow(id=late, topic="t", payload={}, created_at=NOW)
            work.record(row)
            await work.flush()
            row.topic = "changed"
    async with database.unit_of_work(SYSTEM) as work:
        found = await work.session.get(OutboxRow, early)
        assert found is not None and found.topic == "changed"
        assert await work.session.get(OutboxRow, late) is None
