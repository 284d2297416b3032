"""What only Python can say of a ticket: the actions open to the viewer, the clock in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from domain.dispatch.explanation import Language, explain
from domain.dispatch.models import ClockSegment
from domain.dispatch.segments import since_start
from domain.dispatch.ticking import read_segment
from domain.kernel.vocabulary import ClockName, TicketStatus
from domain.tickets.policy import judged, standing, whole
from domain.tickets.workflow import Party, available_actions
from schema.enums import described
from schema.reading.declare import Computed, Reader


class ExplanationLanguage(StrEnum):
    """The languages that explanations are written in."""

    ZH = "ZH"
    EN = "EN"


described(
    ExplanationLanguage,
    "ExplanationLanguage",
    "The language of an explanation (语言).",
    {"ZH": "Chinese (中文).", "EN": "English (英文)."},
)


def _actions(rows: Sequence[dict[str, Any]], _reader: Reader) -> list[list[str]]:
    return [
        [
            action.value
            for action in available_actions(
                TicketStatus(row["status"]),
                Party(row["who"]),
                judged=row["judged"],
                whole=row["whole"],
            )
        ]
        for row in rows
    ]


AVAILABLE_ACTIONS = Computed(
    needs={
        "status": lambda ticket: ticket.c.status,
        "who": standing,
        "judged": judged,
        "whole": whole,
    },
    compute=_actions,
)


def _reply_segments(ticket: FromClause) -> ColumnElement[Any]:
    segment = ClockSegment.__table__.alias()
    entry = func.json_build_array(segment.c.kind, segment.c.at, segment.c.cause, segment.c.detail)
    return (
        select(func.json_agg(aggregate_order_by(entry, segment.c.position)))
        .where(
            segment.c.ticket_id == ticket.c.id,
            segment.c.clock == ClockName.REPLY.value,
            segment.c.round == ticket.c.round,
        )
        .scalar_subquery()
    )


def _explanations(
    rows: Sequence[dict[str, Any]], reader: Reader, language: StrEnum | None
) -> list[str | None]:
    rules = reader.rules
    wanted: Language = "en" if language == ExplanationLanguage.EN else "zh"
    found: list[str | None] = []
    for row in rows:
        segments = [
            read_segment(kind, datetime.fromisoformat(at), cause, detail)
            for kind, at, cause, detail in row["segments"] or ()
        ]
        counted = since_start(segments)
        found.append(explain(counted, rules.calendar, rules.zone, wanted) if counted else None)
    return found


EXPLANATION = Computed(needs={"segments": _reply_segments}, compute=_explanations)
