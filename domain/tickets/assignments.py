"""Assignments: which unit has which part in a ticket."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table, one_of


class AssignmentRole(StrEnum):
    """What a unit is to a ticket."""

    LEAD = "LEAD"  # 主办
    JOINT = "JOINT"  # 联合双派：各有任务、时限和答复
    CO_HANDLER = "CO_HANDLER"  # 协办
    COPY = "COPY"  # 抄送
    HANDED_DOWN = "HANDED_DOWN"  # 街道交办社区
    CALLED = "CALLED"  # 吹哨所呼叫
    CONFEREE = "CONFEREE"  # 派单前会商


class OpinionStance(StrEnum):
    """会商意见: whose a unit that was asked says a matter is."""

    RESPONSIBLE = "RESPONSIBLE"  # 应由本单位主办
    SHARED = "SHARED"  # 本单位可配合办理
    NOT_RESPONSIBLE = "NOT_RESPONSIBLE"  # 不属本单位职责


class Assignment(Table):
    """派单: one unit's part in one ticket. Ended assignments stay as a record.

    The lead's own times stand on the ticket. A JOINT part is a task with its own acceptance,
    contact, reply and deadline (联合双派, B14), over when it is replied to or excused. `request`
    and `deadline` of a CO_HANDLER or HANDED_DOWN part are what the lead asked for, and until when.
    `accepted_at` of a CALLED part is its reporting in. A CONFEREE was asked before the dispatch
    (`request`); `reply` and `stance` are its opinion. `replied_at` says that a part is done.
    `locked`: a ruling gave it to the unit, or left it there; it cannot be contested again (B12).
    """

    __tablename__ = "assignment"
    __table_args__ = (
        one_of("role", AssignmentRole),
        one_of("stance", OpinionStance),
        CheckConstraint("stance is null or replied_at is not null", name="opinion_whole"),
        Index(
            "ux_assignment_lead",
            "ticket_id",
            unique=True,
            postgresql_where=text("role = 'LEAD' and ended_at is null"),
        ),
        Index("ix_assignment_ticket_id_id", "ticket_id", "id"),
        Index(
            "ix_assignment_unit_part",
            "unit_id",
            "ticket_id",
            postgresql_where=text(
                "role in ('JOINT', 'CO_HANDLER', 'HANDED_DOWN', 'CALLED') and ended_at is null"
            ),
        ),
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
    stance: Mapped[str | None]
    locked: Mapped[bool] = mapped_column(default=False, server_default=false())
    contacted_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    reply: Mapped[str | None]
    resolved: Mapped[bool | None]
    progress: Mapped[str | None]
    progress_at: Mapped[datetime | None]
    excused_at: Mapped[datetime | None]
    excuse: Mapped[str | None]
    request: Mapped[str | None]
    deadline: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
