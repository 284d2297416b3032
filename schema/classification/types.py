"""Suggested categories (分类建议) as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.classification.models import CategorySuggestion as SuggestionRow
from domain.tickets.policy import of_visible_ticket
from schema.reading.declare import One, column, read, reads

if TYPE_CHECKING:
    from schema.tickets.types import Category


def _category() -> type:
    from schema.tickets.types import Category

    return Category


@reads(SuggestionRow, of_visible_ticket)
@strawberry.type(description="A category that a model proposed as the ticket came in (分类建议).")
class CategorySuggestion:
    rank: int = column(description="1 for the first (次序).")
    category: Annotated[Category, strawberry.lazy("schema.tickets.types")] | None = read(
        One(_category, on=lambda row, category: category.c.code == row.c.category_code),
        description="The category (分类).",
    )
    probability: float = column(description="How probable the model held it, 0 to 1 (概率).")
    model: str = column(description="Which model (模型).")
    model_version: str = column(description="Which version of it (模型版本).")
