"""Tables of supervision: the orders, what happened to them, and the escalations."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table, one_of
from domain.kernel.vocabulary import ClockName, SupervisionGrade, SupervisionTrigger, UnitLevel


class SupervisionStatus(StrEnum):
    """Where an order stands."""

    OPEN = "OPEN"  # 待反馈
    REPORTED = "REPORTED"  # 已反馈，待审
    CLOSED = "CLOSED"  # 已办结


class SupervisionRuling(StrEnum):
    """What the supervisor says of an order."""

    SATISFIED = "SATISFIED"  # 同意办结
    RETURNED = "RETURNED"  # 退回再办
    WITHDRAWN = "WITHDRAWN"  # 撤销督办


class SupervisionStepKind(StrEnum):
    """What happened to an order."""

    OPENED = "OPENED"  # 发起
    REPORTED = "REPORTED"  # 反馈
    RETURNED = "RETURNED"  # 退回
    OVERDUE = "OVERDUE"  # 逾期升级
    RESCHEDULED = "RESCHEDULED"  # 期限随工作日历调整
    CLOSED = "CLOSED"  # 办结


class SupervisionOrder(Table):
    """督办单: an order to one unit, over one ticket or a group, with its own deadline (J28).

    `ticket_id` is the ticket that it is about, of a group the latest; `topic` says in words what
    makes the group. `subject` is what there is at most one open order of a trigger for: the ticket,
    or the group (citizen and category, street and category). `deadline` is the unit's, for its
    report; while the order is REPORTED it is the supervisor who is waited for.
    """

    __tablename__ = "supervision_order"
    __table_args__ = (
        one_of("grade", SupervisionGrade),
        one_of("trigger", SupervisionTrigger),
        one_of("status", SupervisionStatus),
        CheckConstraint(
            "ruling in (" + ", ".join(f"'{one.value}'" for one in SupervisionRuling) + ")",
            name="ruling_known",
        ),
        CheckConstraint("(status = 'CLOSED') = (closed_at is not null)", name="closed_whole"),
        CheckConstraint("status <> 'REPORTED' or report is not null", name="report_whole"),
        Index(
            "ux_supervision_order_open",
            "trigger",
            "subject",
            unique=True,
            postgresql_where=text("closed_at is null"),
        ),
        Index("ix_supervision_order_ticket_id", "ticket_id"),
        Index("ix_supervision_order_unit_id_id", "unit_id", "id"),
        Index("ix_supervision_order_status_id", "status", "id"),
        Index("ix_supervision_order_closed_at", "closed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    trigger: Mapped[str]
    subject: Mapped[str]
    topic: Mapped[str | None]
    grade: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    deadline: Mapped[datetime]
    report: Mapped[str | None]
    reported_at: Mapped[datetime | None]
    ruling: Mapped[str | None]
    ruling_reason: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int]


class SupervisedTicket(Table):
    """Which tickets an order is about; the one of `ticket_id` is always among them."""

    __tablename__ = "supervised_ticket"
    __table_args__ = (Index("ix_supervised_ticket_ticket_id", "ticket_id"),)

    order_id: Mapped[UUID] = mapped_column(ForeignKey("supervision_order.id"), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)


class SupervisionStep(Table):
    """One thing that happened to an order (append-only): grade and deadline are those after it."""

    __tablename__ = "supervision_step"
    __table_args__ = (
        one_of("kind", SupervisionStepKind),
        one_of("grade", SupervisionGrade),
        UniqueConstraint("order_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("supervision_order.id"))
    position: Mapped[int]
    kind: Mapped[str]
    grade: Mapped[str]
    deadline: Mapped[datetime]
    text: Mapped[str | None]
    actor: Mapped[str]
    at: Mapped[datetime]


class Escalation(Table):
    """提级: a clock that ran out was brought before a higher unit (append-only; B20, J29-30).

    `deadline` is by when that unit must have brought it on; holidays that are declared later move
    it, and nothing else changes. It ends when the clock's duty is done, when the ticket is given to
    a unit anew, or comes to its end; `ended_at` derives that from what happened.
    """

    __tablename__ = "escalation"
    __table_args__ = (
        one_of("clock", ClockName),
        one_of("level", UnitLevel),
        Index("ix_escalation_ticket_id_id", "ticket_id", "id"),
        Index("ix_escalation_unit_id_id", "unit_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    level: Mapped[str]
    clock: Mapped[str]
    round: Mapped[int]
    at: Mapped[datetime]
    deadline: Mapped[datetime]
