"""mergeSuggestions: what a ticket may be a repeat of, with the reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import strawberry
from sqlalchemy import Double, FromClause, Interval, literal
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from domain.tickets.suggestions import suggestions
from schema.mutation import uuid_of
from schema.reading.declare import (
    Arguments,
    Computed,
    One,
    Reader,
    Rows,
    column,
    everyone,
    read,
    reading,
    reads,
)
from schema.tickets.types import Ticket

_REASONS = {"same_citizen": "同一市民", "same_category": "同一分类", "near": "同一地点或相距很近"}
_NEEDS: dict[str, Any] = {name: lambda row, name=name: row.c[name] for name in ("alike", *_REASONS)}


def _why(rows: Sequence[dict[str, Any]], _reader: Reader) -> list[str]:
    return ["、".join(_reasons(row)) for row in rows]


def _reasons(row: dict[str, Any]) -> list[str]:
    held = [words for name, words in _REASONS.items() if row[name]]
    return [*held, f"文字相似{row['alike']:.0%}"]


@reads(lambda _role: suggestions(literal(None), literal(None), literal(None)), everyone)
@strawberry.type(description="A ticket that another may be a repeat of (并单提示).")
class MergeSuggestion:
    ticket: Ticket | None = read(
        One(lambda: Ticket, on=lambda row, ticket: ticket.c.id == row.c.ticket_id),
        description="The ticket that could be the primary (可并入的工单).",
    )
    score: float = column(description="How much they have in common, 0 to 1 (得分).")
    same_citizen: bool = column(description="Of the same citizen (同一市民).")
    same_category: bool = column(description="Of the same category (同一分类).")
    near: bool = column(description="At the same address, or within the city's metres (同一地点).")
    alike: float = column(description="How alike the texts are, 0 to 1 (文字相似度).")
    why: str = read(Computed(_NEEDS, _why), description="The reasons in words (理由).")


def _source(arguments: Arguments) -> FromClause:
    return suggestions(
        arguments.bind_with(
            lambda text: uuid_of("Ticket", text), "ticketId", type_=PG_UUID(as_uuid=True)
        ),
        arguments.bind_with_rules(
            lambda _id, rules: timedelta(days=rules.profile.merging.window_days),
            "ticketId",
            type_=Interval(),
        ),
        arguments.bind_with_rules(
            lambda _id, rules: float(rules.profile.merging.metres), "ticketId", type_=Double()
        ),
    )


@strawberry.type
class SuggestionQueries:
    @reading(
        Rows(
            lambda: MergeSuggestion,
            source=_source,
            order=lambda row: [row.c.score.desc(), row.c.ticket_id],
        ),
        description="Open tickets that this one may be a repeat of, at most five (并单提示).",
    )
    def merge_suggestions(
        self,
        ticket_id: Annotated[
            strawberry.ID, strawberry.argument(description="The ticket's global id (工单标识).")
        ],
    ) -> list[MergeSuggestion]: ...
