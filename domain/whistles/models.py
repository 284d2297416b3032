"""Tables of the whistle: the call, and each called unit's reporting in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table


class Whistle(Table):
    """吹哨: a street or district that leads a ticket calls units to a place (S, B33)."""

    __tablename__ = "whistle"
    __table_args__ = (
        Index("ix_whistle_ticket_id_id", "ticket_id", "id"),
        Index("ix_whistle_unit_id_id", "unit_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    round: Mapped[int]
    purpose: Mapped[str]
    place: Mapped[str]
    meet_at: Mapped[datetime]
    whistled_at: Mapped[datetime]
    whistled_by: Mapped[str]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None]


class ReportIn(Table):
    """报到: one called unit's duty, what it did, and what both sides say of each other.

    `assignment_id` is the unit's CALLED part: where that has ended, the duty has ended with it.
    `rating` is the caller's of the unit, `caller_rating` the unit's of the caller; each once.
    """

    __tablename__ = "report_in"
    __table_args__ = (
        UniqueConstraint("whistle_id", "unit_id"),
        CheckConstraint("rating between 1 and 5", name="rating_range"),
        CheckConstraint("caller_rating between 1 and 5", name="caller_rating_range"),
        CheckConstraint("(confirmed is null) = (confirmed_at is null)", name="confirmed_whole"),
        Index("ix_report_in_ticket_id", "ticket_id"),
        Index("ix_report_in_unit_id_id", "unit_id", "id"),
        Index("ix_report_in_called_at_unit_id", "called_at", "unit_id"),
        Index("ix_report_in_assignment_id", "assignment_id"),
        Index(
            "ix_report_in_awaited",
            "unit_id",
            "due_at",
            postgresql_where=text("reported_at is null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    whistle_id: Mapped[UUID] = mapped_column(ForeignKey("whistle.id"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignment.id"))
    called_at: Mapped[datetime]
    due_at: Mapped[datetime]
    reported_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    what: Mapped[str | None]
    late_at: Mapped[datetime | None]
    escalated_to: Mapped[str | None]
    confirmed: Mapped[bool | None]
    confirmed_at: Mapped[datetime | None]
    rating: Mapped[int | None]
    remark: Mapped[str | None]
    caller_rating: Mapped[int | None]
    caller_remark: Mapped[str | None]
    caller_rated_at: Mapped[datetime | None]
