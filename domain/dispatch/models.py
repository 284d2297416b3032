"""Tables of dispatch: how the clocks ran, what was asked for and decided about them, and who handed
a ticket to whom.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table, one_of
from domain.kernel.vocabulary import ClockName, ExtensionStatus


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
    deadline: Mapped[datetime | None]  # None while the clock stands


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
    deadline: Mapped[datetime | None]  # None while the clock stands


class Extension(Table):
    """延期申请: the lead's request for more time, and the decision of the next level (B15)."""

    __tablename__ = "extension"
    __table_args__ = (
        one_of("status", ExtensionStatus),
        Index("ix_extension_ticket_id_id", "ticket_id", "id"),
        Index("ix_extension_status_id", "status", "id"),
        Index(
            "ux_extension_requested",
            "ticket_id",
            unique=True,
            postgresql_where=text("status = 'REQUESTED'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    round: Mapped[int]
    status: Mapped[str]
    limit: Mapped[str]  # ISO 8601, or PnWD
    reason: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    decision: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class Suspension(Table):
    """挂账: explicit measures, and the day on which they are reviewed (J24)."""

    __tablename__ = "suspension"
    __table_args__ = (
        Index("ix_suspension_ticket_id_id", "ticket_id", "id"),
        Index("ix_suspension_review", "review_on", "id", postgresql_where=text("ended_at is null")),
        Index(
            "ux_suspension_open",
            "ticket_id",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    round: Mapped[int]
    measures: Mapped[str]
    reason: Mapped[str]
    review_on: Mapped[date]
    suspended_by: Mapped[str]
    suspended_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class TransferCause(StrEnum):
    """Why a ticket went from one unit to another."""

    HAND = "HAND"  # 人工改派
    RULING = "RULING"  # 异议成立，经裁定改派


class Transfer(Table):
    """转派: the ticket left one lead for another, by hand or by a ruling (append-only).

    What a successor of a retired unit takes over is no transfer: nobody sent it back.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        one_of("cause", TransferCause),
        Index("ix_transfer_ticket_id_id", "ticket_id", "id"),
        Index("ix_transfer_at", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int]
    from_unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    to_unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    cause: Mapped[str]
    at: Mapped[datetime]
