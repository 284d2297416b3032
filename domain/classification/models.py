"""Tables of classification: what was suggested, and what people made of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table


class CategorySuggestion(Table):
    """分类建议: one category that a model proposed for a ticket as it came in (append-only).

    `rank` is 1 for the first. The model's name and version say which one it was, for good.
    """

    __tablename__ = "category_suggestion"
    __table_args__ = (
        UniqueConstraint("ticket_id", "rank"),
        CheckConstraint("probability between 0 and 1", name="probability_share"),
        CheckConstraint("rank >= 1", name="rank_positive"),
        Index("ix_category_suggestion_category_code", "category_code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    rank: Mapped[int]
    category_code: Mapped[str] = mapped_column(ForeignKey("category.code"))
    probability: Mapped[float]
    model: Mapped[str]
    model_version: Mapped[str]
    suggested_at: Mapped[datetime]


class CategoryCorrection(Table):
    """分类更正: the category that somebody of the centre gave a ticket (append-only).

    Training data: the ticket's text is referred to and not copied. `suggestion_id` is what the
    model had put first, where it had suggested anything; `previous_code` what stood there before.
    """

    __tablename__ = "category_correction"
    __table_args__ = (
        Index("ix_category_correction_ticket_id_id", "ticket_id", "id"),
        Index("ix_category_correction_category_code", "category_code"),
        Index("ix_category_correction_previous_code", "previous_code"),
        Index("ix_category_correction_suggestion_id", "suggestion_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    category_code: Mapped[str] = mapped_column(ForeignKey("category.code"))
    previous_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"))
    suggestion_id: Mapped[UUID | None] = mapped_column(ForeignKey("category_suggestion.id"))
    actor_role: Mapped[str]
    actor_subject: Mapped[str]
    at: Mapped[datetime]
