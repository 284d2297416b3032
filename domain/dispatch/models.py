"""Tables of dispatch: how the clocks ran."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table, one_of
from domain.kernel.vocabulary import ClockName


class ClockSegment(Table):
    """One entry in the list that a clock is made of (append-only)."""

    __tablename__ = "clock_segment"
    __table_args__ = (
        one_of("clock", ClockName),
        UniqueConstraint("ticket_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    position: Mapped[int]
    clock: Mapped[str]
    round: Mapped[int]
    kind: Mapped[str]
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]
    cause: Mapped[str]
    deadline: Mapped[datetime]


class TaskSegment(Table):
    """One entry in the list that a clock of a joint task is made of (append-only).

    A table of its own beside the lead's (docs/decisions/0013): whoever asks for the clocks of a
    ticket means the lead's, and finds them without having to leave others out.
    """

    __tablename__ = "task_segment"
    __table_args__ = (
        one_of("clock", ClockName),
        UniqueConstraint("assignment_id", "position"),
        Index("ix_task_segment_ticket_id", "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignment.id"))
    position: Mapped[int]
    clock: Mapped[str]
    kind: Mapped[str]
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]
    cause: Mapped[str]
    deadline: Mapped[datetime]
