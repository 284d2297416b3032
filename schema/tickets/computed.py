"""What only Python can say of a ticket: the actions open to the viewer, the clock in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, case, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from domain.dispatch.explanation import Language, explain
from domain.dispatch.models import ClockSegment, TaskSegment
from domain.dispatch.segments import since_start
from domain.dispatch.ticking import read_segment
from domain.kernel.actor import Role
from domain.kernel.visibility import actor_role
from domain.kernel.vocabulary import ClockName, TicketStatus
from domain.tickets import policy as tasks
from domain.tickets.policy import standing
from domain.tickets.workflow import Condition, Party, available_actions
from domain.whistles import policy as whistles
from schema.enums import described
from schema.reading.declare import Computed, Reader
from schema.reading.objects import text_literal


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
                TicketStatus(row["status"]), Party(row["who"]), _conditions(row["holding"])
            )
        ]
        for row in rows
    ]


def _conditions(names: str) -> frozenset[Condition]:
    return frozenset(Condition(name) for name in names.split())


_SPACE, _NONE = literal_column("' '", Text()), literal_column("''", Text())


def holding(ticket: FromClause) -> ColumnElement[str]:
    """The names of the conditions that hold for the actor, with spaces between.

    Asked for those only whose actions have conditions: units and supervisors.
    """
    named = tasks.conditions(ticket) | whistles.conditions(ticket)
    words = [case((holds, text_literal(name.value))) for name, holds in named.items()]
    asked = actor_role().in_(
        [text_literal(Role.HANDLER.value), text_literal(Role.SUPERVISOR.value)]
    )
    return case((asked, func.concat_ws(_SPACE, *words)), else_=_NONE)


AVAILABLE_ACTIONS = Computed(
    needs={"status": lambda ticket: ticket.c.status, "who": standing, "holding": holding},
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


def _task_segments(task: FromClause) -> ColumnElement[Any]:
    segment = TaskSegment.__table__.alias()
    entry = func.json_build_array(segment.c.kind, segment.c.at, segment.c.cause, segment.c.detail)
    return (
        select(func.json_agg(aggregate_order_by(entry, segment.c.position)))
        .where(
            segment.c.assignment_id == task.c.id,
            segment.c.clock == ClockName.REPLY.value,
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
TASK_EXPLANATION = Computed(needs={"segments": _task_segments}, compute=_explanations)
