"""Every SELECT on suggestions and corrections that commands and training need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from domain.classification.models import CategoryCorrection, CategorySuggestion
from domain.tickets.models import Category, Ticket


async def known_codes(session: AsyncSession, codes: Collection[str]) -> frozenset[str]:
    """Those of the category codes that the city has."""
    if not codes:
        return frozenset()
    found = await session.scalars(select(Category.code).where(Category.code.in_(sorted(codes))))
    return frozenset(found)


async def first_suggestion(session: AsyncSession, ticket_id: UUID) -> UUID | None:
    """What the model put first for a ticket, where it suggested anything."""
    statement = select(CategorySuggestion.id).where(
        CategorySuggestion.ticket_id == ticket_id, CategorySuggestion.rank == 1
    )
    found: UUID | None = await session.scalar(statement)
    return found


async def corrected_texts(session: AsyncSession) -> Sequence[tuple[str, str, str]]:
    """(title, content, category) of every ticket that was corrected, by its last correction."""
    statement = (
        select(Ticket.title, Ticket.content, CategoryCorrection.category_code)
        .join(CategoryCorrection, CategoryCorrection.ticket_id == Ticket.id)
        .ext(distinct_on(CategoryCorrection.ticket_id))
        .order_by(CategoryCorrection.ticket_id, CategoryCorrection.id.desc())
    )
    return [(title, content, code) for title, content, code in await session.execute(statement)]
