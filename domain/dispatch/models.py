"""Tables of dispatch: how the clocks ran."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
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
