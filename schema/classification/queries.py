"""Suggestions while an agent is still writing."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import Text

from domain.classification.commands import suggest
from domain.dispatch.intake import MOST_TITLE
from domain.kernel.work import UnitOfWork
from domain.tickets.commands import MOST_CONTENT
from schema.access import allowed
from schema.context import Context
from schema.errors import PublicError
from schema.mutation import perform
from schema.reading.declare import Row, reading
from schema.tickets.types import Category


@strawberry.type(description="A category for a text that is no ticket yet (分类建议).")
class SuggestedCategory:
    category_code: strawberry.Private[str]
    probability: float = strawberry.field(description="How probable, 0 to 1 (概率).")
    model: str = strawberry.field(description="Which model (模型).")
    model_version: str = strawberry.field(description="Which version of it (模型版本).")
    would_be_set: bool = strawberry.field(
        description="Whether a ticket with this text would get it by itself (是否自动定类)."
    )

    @reading(
        Row(
            lambda: Category,
            where=lambda category, a: [category.c.code == a.parent("category_code", Text())],
        ),
        description="The category (分类).",
    )
    def category(self) -> Category | None: ...


@strawberry.type
class ClassificationQueries:
    @strawberry.field(
        description="What a complaint that is being written is about; for agents (分类建议)."
    )
    async def suggest_category(
        self,
        info: strawberry.Info,
        content: Annotated[
            str, strawberry.argument(description="At most 8,000 characters (内容).")
        ],
        title: Annotated[
            str | None, strawberry.argument(description="At most 200 characters (标题).")
        ] = None,
    ) -> list[SuggestedCategory]:
        context: Context = info.context
        if not allowed(context.actor.role, "Query", "suggestCategory"):
            return []
        if len(content) > MOST_CONTENT or len(title or "") > MOST_TITLE:
            raise PublicError("the text is longer than a ticket's may be", "TEXT_TOO_LONG")
        city = context.services.city

        async def ask(work: UnitOfWork) -> list[SuggestedCategory]:
            numbers = city.rules.profile.classification
            found = await suggest(work, city.classifier, numbers, title or "", content)
            return [
                SuggestedCategory(
                    category_code=guess.category,
                    probability=guess.probability,
                    model=found.model,
                    model_version=found.model_version,
                    would_be_set=guess.category == found.category,
                )
                for guess in found.guesses
            ]

        return await perform(info, ask)
