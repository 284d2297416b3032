"""Holidays that were declared later than the data files: an append-only log, known by revision.

The calendar in force is the files' with these days over it; of two declarations of one day the
later stands. Every process sees a declaration with its next command, because commands read the
revision in their own transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ForeignKey, Index, ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table

_SEEN = "calendar_revision"


class HolidayDeclaration(Table):
    """One declaration: from which source, why, and by whom (append-only)."""

    __tablename__ = "holiday_declaration"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(unique=True)
    source: Mapped[str]
    reason: Mapped[str]
    declared_by: Mapped[str]
    declared_at: Mapped[datetime]


class DeclaredDay(Table):
    """One day of a declaration (append-only)."""

    __tablename__ = "declared_day"
    __table_args__ = (Index("ix_declared_day_declaration_id", "declaration_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("holiday_declaration.id"))
    day: Mapped[date]
    is_workday: Mapped[bool]
    name: Mapped[str]


class Day(NamedTuple):
    """A day that differs from the week, or is said to follow it."""

    day: date
    is_workday: bool
    name: str


def present_revision() -> ScalarSelect[int]:
    """How often holidays were declared, as one more column of a statement; 0 is never."""
    newest = select(func.max(HolidayDeclaration.revision)).scalar_subquery()
    return select(func.coalesce(newest, 0)).scalar_subquery()


def note_revision(session: AsyncSession, revision: int) -> None:
    """Remember the revision that a statement of this transaction brought along."""
    session.info[_SEEN] = revision


async def revision_of(session: AsyncSession) -> int:
    """The revision as the transaction sees it; asked for only where no statement brought it."""
    if _SEEN not in session.info:
        note_revision(session, await session.scalar(select(present_revision())) or 0)
    found: int = session.info[_SEEN]
    return found


async def declared_days(session: AsyncSession, revision: int) -> Sequence[Day]:
    """The days declared up to a revision, in the order of their declarations."""
    rows = await session.execute(
        select(DeclaredDay.day, DeclaredDay.is_workday, DeclaredDay.name)
        .join(HolidayDeclaration, HolidayDeclaration.id == DeclaredDay.declaration_id)
        .where(HolidayDeclaration.revision <= revision)
        .order_by(HolidayDeclaration.revision, DeclaredDay.day)
    )
    return [Day(*row) for row in rows]
