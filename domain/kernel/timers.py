"""Timers: what must happen at a time is a row.

A timer is fired by the command that marks it fired, in the same transaction; so it fires exactly
once with any number of workers, whatever is killed. Order of locks everywhere: ticket first, then
its timers. A worker therefore takes the subjects' locks before it takes the timers' (jobs/timers).

The part of a timer's kind before the dot is its family: it says what the subject is, and so whose
lock comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Index, Text, delete, func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.limit import CalendarKind
from domain.kernel.membership import among
from domain.kernel.tables import Table
from domain.kernel.work import UnitOfWork

RETRY_AFTER = (timedelta(seconds=2), timedelta(seconds=15), timedelta(minutes=2))


class Timer(Table):
    """One thing that is due at one time for one subject (a ticket)."""

    __tablename__ = "timer"
    __table_args__ = (
        Index("ix_timer_due", "due_at", "id", postgresql_where=text("fired_at is null")),
        Index("ix_timer_subject", "subject_id", postgresql_where=text("fired_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    due_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]
    armed_at: Mapped[datetime]
    fired_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    last_failure: Mapped[str | None]


def arm(work: UnitOfWork, kind: str, subject_id: UUID, due_at: datetime, **payload: Any) -> Timer:
    """Arm a timer. A time in the past is due at once."""
    timer = Timer(
        id=work.new_id(),
        kind=kind,
        subject_id=subject_id,
        due_at=due_at,
        payload=payload,
        armed_at=work.now,
        failures=0,
    )
    work.record(timer)
    return timer


async def disarm(
    work: UnitOfWork, subject_id: UUID, kinds: Sequence[str] | None = None, **payload: Any
) -> None:
    """Remove the armed timers of a subject; fired ones stay as a record.

    With `payload`, only those that carry it: a subject can have several of a kind. A list means any
    of its values, which are text.
    """
    await work.flush()
    statement = delete(Timer).where(Timer.subject_id == subject_id, Timer.fired_at.is_(None))
    if kinds is not None:
        statement = statement.where(Timer.kind.in_(kinds))
    for name, value in payload.items():
        if isinstance(value, list):
            statement = statement.where(Timer.payload[name].astext.in_(value))
        else:
            statement = statement.where(Timer.payload.contains({name: value}))
    await work.session.execute(statement)


async def take_back(
    work: UnitOfWork, armed: Sequence[tuple[UUID, str]]
) -> Mapping[tuple[UUID, str], dict[str, Any]]:
    """Remove the armed timers of those (subject, kind), for all of them at once.

    Returns the payloads of those that there were.
    """
    await work.flush()
    subjects = literal([subject for subject, _ in armed], ARRAY(PG_UUID(as_uuid=True)))
    kinds = literal([kind for _, kind in armed], ARRAY(Text()))
    pairs = select(func.unnest(subjects), func.unnest(kinds))
    rows = await work.session.execute(
        delete(Timer)
        .where(tuple_(Timer.subject_id, Timer.kind).in_(pairs), Timer.fired_at.is_(None))
        .returning(Timer.subject_id, Timer.kind, Timer.payload)
        .execution_options(synchronize_session=False)
    )
    return {(subject, kind): payload for subject, kind, payload in rows}


async def look_again(work: UnitOfWork) -> None:
    """Bring forward the armed timers whose limit counts in working time: the calendar changed.

    Whoever they stand for computes the end anew, and arms them for it. One that a command holds is
    left to that command.
    """
    await work.flush()
    held = (
        select(Timer.id)
        .where(
            Timer.fired_at.is_(None),
            Timer.due_at > work.now,
            Timer.payload["limit"]["calendar"].astext == CalendarKind.WORKING.value,
        )
        .order_by(Timer.id)
        .with_for_update(skip_locked=True)
    )
    await work.session.execute(
        update(Timer)
        .where(Timer.id.in_(held))
        .values(due_at=work.now)
        .execution_options(synchronize_session=False)
    )


async def take_back_parts(
    work: UnitOfWork, name: str, armed: Sequence[tuple[UUID, str, str]]
) -> Mapping[tuple[str, str], dict[str, Any]]:
    """As `take_back`, of those (subject, kind, part), where the payload's `name` is the part.

    Returns the payloads of those that there were, by (part, kind).
    """
    await work.flush()
    subjects = literal([subject for subject, _, _ in armed], ARRAY(PG_UUID(as_uuid=True)))
    kinds = literal([kind for _, kind, _ in armed], ARRAY(Text()))
    parts = literal([part for _, _, part in armed], ARRAY(Text()))
    wanted = select(func.unnest(subjects), func.unnest(kinds), func.unnest(parts))
    rows = await work.session.execute(
        delete(Timer)
        .where(
            tuple_(Timer.subject_id, Timer.kind, Timer.payload[name].astext).in_(wanted),
            Timer.fired_at.is_(None),
        )
        .returning(Timer.kind, Timer.payload)
        .execution_options(synchronize_session=False)
    )
    return {(payload[name], kind): payload for kind, payload in rows}


class Due(NamedTuple):
    """A timer that was seen to be due; another worker may have fired it since."""

    id: UUID
    kind: str
    subject_id: UUID
    due_at: datetime

    @property
    def family(self) -> str:
        return self.kind.partition(".")[0]


async def next_due(session: AsyncSession) -> datetime | None:
    """When the earliest armed timer is due, which may be past; None where none is armed."""
    return await session.scalar(
        select(Timer.due_at).where(Timer.fired_at.is_(None)).order_by(Timer.due_at).limit(1)
    )


async def due(session: AsyncSession, now: datetime, limit: int) -> list[Due]:
    """The timers that are due, the longest due first; takes no lock."""
    rows = await session.execute(
        select(Timer.id, Timer.kind, Timer.subject_id, Timer.due_at)
        .where(Timer.fired_at.is_(None), Timer.due_at <= now)
        .order_by(Timer.due_at, Timer.id)
        .limit(limit)
    )
    return [Due(*row) for row in rows]


async def take(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> Sequence[Timer]:
    """Lock those of the timers that are still due, in order of time.

    The caller has locked their subjects before.
    """
    rows = await session.scalars(
        select(Timer)
        .where(among(Timer.id, ids), Timer.fired_at.is_(None), Timer.due_at <= now)
        .order_by(Timer.due_at, Timer.id)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def mark_fired(session: AsyncSession, timers: Sequence[Timer], now: datetime) -> None:
    """Record that the timers fired: one statement for all of them."""
    await session.execute(
        update(Timer)
        .where(among(Timer.id, [timer.id for timer in timers]))
        .values(fired_at=now)
        .execution_options(synchronize_session=False)
    )


def postpone(timer: Timer, now: datetime, failure: str) -> None:
    """Keep a timer that failed: it comes back later, and its failures are counted and seen."""
    timer.failures += 1
    timer.last_failure = failure[:500]
    timer.due_at = now + RETRY_AFTER[min(timer.failures, len(RETRY_AFTER)) - 1]
