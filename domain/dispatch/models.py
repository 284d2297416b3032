"""Tables of dispatch: how the clocks ran, and who handed a ticket to whom."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
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
