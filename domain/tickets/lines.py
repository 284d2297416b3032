"""Emergency lines (六线一席): named intake queues for a snowstorm, a flood, a heating failure.

A line says what it takes: categories, places, words. What matches an open line goes first in every
queue and at the line's level, where that is more urgent than its own (rules: Intake and triage).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    FromClause,
    Index,
    ScalarSelect,
    Text,
    false,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.actor import STAFF, Role
from domain.kernel.tables import Table, one_of
from domain.kernel.vocabulary import ResponseLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step


class Priority(IntEnum):
    """The place of a ticket in every queue, before its deadline is looked at."""

    EMERGENCY_LINE = 0  # on a line that is open
    ORDINARY = 1


class EmergencyLine(Table):
    """应急专线. Closed lines stay as a record; at most one open line has a code."""

    __tablename__ = "emergency_line"
    __table_args__ = (
        one_of("level", ResponseLevel),
        CheckConstraint(
            "cardinality(categories) + cardinality(keywords) > 0", name="takes_something"
        ),
        Index("ux_emergency_line_open", "code", unique=True,
              postgresql_where=text("closed_at is null")),
        Index("ix_emergency_line_opened_at", "opened_at"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    level: Mapped[str]
    reason: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    closing_remark: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


@dataclass(frozen=True, slots=True)
class Line:
    """What an open line takes. Each of the three that is not empty must hold."""

    id: UUID
    code: str
    name: str
    level: ResponseLevel
    categories: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    def takes(self, category: str | None, places: Collection[str], words: str) -> bool:
        """Whether a ticket belongs on the line.

        `category` is a dotted code, matched with all that is below the line's; `places` are the
        codes of the unit that the place points to and of the units above it; `words` is title and
        content, in which one keyword is enough.
        """
        return (
            (not self.categories or any(_below(category, code) for code in self.categories))
            and (not self.areas or not set(self.areas).isdisjoint(places))
            and (not self.keywords or any(word in words for word in self.keywords))
        )


def line_for(
    lines: Iterable[Line], *, category: str | None, places: Collection[str], words: str
) -> Line | None:
    """The line that takes a ticket: of several the most urgent, then the one named first."""
    fitting = [line for line in lines if line.takes(category, places, words)]
    return min(fitting, key=lambda line: line.level, default=None)


def open_lines() -> ScalarSelect[Any]:
    """A column with the open lines as JSON, the longest open first: for a statement sent anyway."""
    row = EmergencyLine.__table__
    entry = func.json_build_array(
        row.c.id, row.c.code, row.c.name, row.c.level, row.c.categories, row.c.areas,
        row.c.keywords,
    )  # fmt: skip
    ordered = aggregate_order_by(entry, row.c.opened_at, row.c.id)
    return select(func.json_agg(ordered)).where(row.c.closed_at.is_(None)).scalar_subquery()


def read_lines(found: Sequence[Any] | None) -> Sequence[Line]:
    """The lines of what the column holds; null stands for none."""
    return [
        Line(UUID(id_), code, name, ResponseLevel(level), *map(tuple, rest))
        for id_, code, name, level, *rest in found or ()
    ]


def as_line(row: EmergencyLine) -> Line:
    """The value of a row."""
    return Line(
        row.id,
        row.code,
        row.name,
        ResponseLevel(row.level),
        tuple(row.categories),
        tuple(row.areas),
        tuple(row.keywords),
    )


def join(work: UnitOfWork, ticket: Ticket, line: Line) -> bool:
    """Put a ticket on the line; whether its level became more urgent by it."""
    before = ResponseLevel(ticket.level)
    level = min(before, line.level)  # L1 is the most urgent
    ticket.line_id, ticket.priority = line.id, Priority.EMERGENCY_LINE
    if level is not before:
        ticket.level, ticket.level_reason = level.value, reason_of(line)
    advance(
        work, ticket, Step.JOIN_LINE, unit_id=ticket.lead_unit_id,
        line=line.code, before=before.value, after=level.value,
    )  # fmt: skip
    return level is not before


def reason_of(line: Line) -> str:
    """Why a ticket of the line has its level, in words."""
    return f"列入应急专线“{line.name}”"


def visible_to(role: Role, _line: FromClause) -> ColumnElement[bool] | None:
    """Lines are the offices' own business: staff see all of them, nobody else any."""
    return None if role in STAFF or role is Role.SYSTEM else false()


def _below(category: str | None, code: str) -> bool:
    return category is not None and (category == code or category.startswith(f"{code}."))
