"""The table of contests."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table


class ContestRuling(StrEnum):
    """What the supervisor decides."""

    UPHELD = "UPHELD"  # 异议成立，改派
    REJECTED = "REJECTED"  # 异议不成立，不得再退


class ContestStatus(StrEnum):
    """Where a contest stands."""

    OPEN = "OPEN"  # 待裁定
    UPHELD = "UPHELD"  # 成立
    REJECTED = "REJECTED"  # 不成立
    LAPSED = "LAPSED"  # 工单已终结或收回，不再裁定


class Contest(Table):
    """派单异议: a unit says that a ticket is not its own, and what a supervisor ruled (B12, P).

    `accepted` is whether the unit had accepted the ticket: a rejected contest gives it back as it
    was. A contest without a ruling has lapsed where its ticket is not CONTESTED any more (the
    citizen took it back), or its assignment has ended (the unit must be recused, J32).
    """

    __tablename__ = "contest"
    __table_args__ = (
        CheckConstraint("ruling in ('UPHELD', 'REJECTED')", name="ruling_known"),
        CheckConstraint("(ruling is null) = (ruled_at is null)", name="ruling_whole"),
        CheckConstraint(
            "coalesce(ruling = 'UPHELD', false) = (to_unit_id is not null)", name="upheld_whole"
        ),
        Index(
            "ux_contest_unruled",
            "assignment_id",
            unique=True,
            postgresql_where=text("ruling is null"),
        ),
        Index("ix_contest_ticket_id_id", "ticket_id", "id"),
        Index("ix_contest_unit_id_id", "unit_id", "id"),
        Index("ix_contest_raised_at", "raised_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignment.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    round: Mapped[int]
    ground: Mapped[str]
    reason: Mapped[str]
    evidence: Mapped[str | None]
    suggested_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    accepted: Mapped[bool]
    raised_by: Mapped[str]
    raised_at: Mapped[datetime]
    ruling_due_at: Mapped[datetime]
    ruling: Mapped[str | None]
    ruling_reason: Mapped[str | None]
    ruled_by: Mapped[str | None]
    ruled_at: Mapped[datetime | None]
    to_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
