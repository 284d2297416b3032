"""Assignments: which unit has which part in a ticket."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table, one_of


class AssignmentRole(StrEnum):
    """What a unit is to a ticket."""

    LEAD = "LEAD"  # 主办
    JOINT = "JOINT"  # 联合双派：各有任务、时限和答复
    CO_HANDLER = "CO_HANDLER"  # 协办
    COPY = "COPY"  # 抄送


class Assignment(Table):
    """派单: one unit's part in one ticket. Ended assignments stay as a record.

    `locked`: a ruling gave it to the unit, or left it there; it cannot be contested again (B12).
    """

    __tablename__ = "assignment"
    __table_args__ = (
        one_of("role", AssignmentRole),
        Index(
            "ux_assignment_lead",
            "ticket_id",
            unique=True,
            postgresql_where=text("role = 'LEAD' and ended_at is null"),
        ),
        Index("ix_assignment_ticket_id_id", "ticket_id", "id"),
        Index("ix_assignment_unit_id", "unit_id", postgresql_where=text("ended_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    role: Mapped[str]
    round: Mapped[int]
    reason: Mapped[str]
    assigned_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    locked: Mapped[bool] = mapped_column(default=False, server_default=false())
