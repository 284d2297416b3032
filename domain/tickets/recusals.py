"""回避: people who must have nothing to do with a ticket (J32)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, exists, select
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.aliases import alias_of
from domain.kernel.tables import Table
from domain.kernel.visibility import actor_subject


class Recusal(Table):
    """One member of staff, by the `sub` of their tokens, and one ticket. Rows are only added."""

    __tablename__ = "recusal"
    __table_args__ = (Index("ix_recusal_ticket_id", "ticket_id"),)

    subject: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    reason: Mapped[str]
    decided_by: Mapped[str]
    at: Mapped[datetime]


def not_recused(ticket_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether the actor has not been taken off that ticket."""
    recusal = alias_of(Recusal)
    return ~exists(
        select(1).where(recusal.c.subject == actor_subject(), recusal.c.ticket_id == ticket_id)
    )
