"""Tables of feedback: the unit's contact and reply, the centre's callback."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table, one_of


class CallbackStatus(StrEnum):
    """Where one attempt stands."""

    SCHEDULED = "SCHEDULED"  # 待回访
    ANSWERED = "ANSWERED"  # 已回访
    UNREACHED = "UNREACHED"  # 未接通
    CANCELLED = "CANCELLED"  # 已取消


class CallbackSource(StrEnum):
    """Who gave the answers."""

    CALL = "CALL"  # 电话回访
    CITIZEN = "CITIZEN"  # 市民自评


class Contact(Table):
    """联系: the unit spoke with the citizen, on record."""

    __tablename__ = "contact"
    __table_args__ = (Index("ix_contact_ticket_id_id", "ticket_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    round: Mapped[int]
    note: Mapped[str]
    at: Mapped[datetime]


class Reply(Table):
    """答复: the unit's result, one a round."""

    __tablename__ = "reply"
    __table_args__ = (
        UniqueConstraint("ticket_id", "round"),
        CheckConstraint("char_length(content) between 1 and 8000", name="content_length"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    round: Mapped[int]
    content: Mapped[str]
    resolved: Mapped[bool]
    replied_at: Mapped[datetime]


class Callback(Table):
    """回访: one attempt to ask the citizen, or the citizen's own evaluation.

    `unit_id` is the unit that led the round which is being judged: the score belongs to it even
    when the ticket moves on later. At most one answered callback a round, and one scheduled.
    """

    __tablename__ = "callback"
    __table_args__ = (
        one_of("status", CallbackStatus),
        one_of("source", CallbackSource),
        UniqueConstraint("ticket_id", "round", "attempt"),
        Index(
            "ux_callback_answered",
            "ticket_id",
            "round",
            unique=True,
            postgresql_where=text("status = 'ANSWERED'"),
        ),
        Index(
            "ix_callback_priority_due",
            "priority",
            "due_at",
            "id",
            postgresql_where=text("status = 'SCHEDULED'"),
        ),
        Index(
            "ix_callback_scored",
            "answered_at",
            "unit_id",
            postgresql_where=text("status = 'ANSWERED'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    round: Mapped[int]
    attempt: Mapped[int]
    status: Mapped[str]
    source: Mapped[str]
    due_at: Mapped[datetime]
    priority: Mapped[int] = mapped_column(SmallInteger(), default=1, server_default="1")
    answered_at: Mapped[datetime | None]
    contacted: Mapped[bool | None]
    resolved: Mapped[bool | None]
    satisfaction: Mapped[str | None]
    remark: Mapped[str | None]
    called_by: Mapped[str | None]
