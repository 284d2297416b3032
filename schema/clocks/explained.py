"""What only Python can say of a clock: why its deadline is what it is, and when its warning comes.

The deadline on record and the holidays that were declared come with the statement itself, so that
what is told fits what the same statement reads beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import strawberry
from sqlalchemy import ColumnElement, FromClause, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from domain.dispatch.city import Rules
from domain.dispatch.clocks import warning_at
from domain.dispatch.explanation import Language, Request, explain
from domain.dispatch.extensions import read_limit
from domain.dispatch.models import ClockSegment, Extension, TaskSegment
from domain.dispatch.segments import Segment, since_start
from domain.dispatch.ticking import read_segment
from domain.kernel.actor import STAFF
from domain.kernel.aliases import alias_of
from domain.kernel.holidays import DeclaredDay, HolidayDeclaration
from domain.kernel.limit import Limit
from domain.kernel.vocabulary import ClockName, ExtensionStatus
from schema.enums import described
from schema.reading.declare import Computed, Reader

_Needs = ColumnElement[Any]


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
InLanguage = Annotated[
    ExplanationLanguage | None, strawberry.argument(description="In which language (语言).")
]


def _segments(ticket_id: _Needs, clock: _Needs, round_: _Needs) -> _Needs:
    segment = alias_of(ClockSegment)
    entry = func.json_build_array(segment.c.kind, segment.c.at, segment.c.cause, segment.c.detail)
    return (
        select(func.json_agg(aggregate_order_by(entry, segment.c.position)))
        .where(
            segment.c.ticket_id == ticket_id, segment.c.clock == clock, segment.c.round == round_
        )
        .scalar_subquery()
    )


def _task_segments(task: FromClause) -> _Needs:
    segment = alias_of(TaskSegment)
    entry = func.json_build_array(segment.c.kind, segment.c.at, segment.c.cause, segment.c.detail)
    return (
        select(func.json_agg(aggregate_order_by(entry, segment.c.position)))
        .where(segment.c.assignment_id == task.c.id, segment.c.clock == _REPLY)
        .scalar_subquery()
    )


def _requests(ticket_id: _Needs, round_: _Needs) -> _Needs:
    """The requests that moved nothing; what was granted is a segment."""
    row = alias_of(Extension)
    entry = func.json_build_array(
        row.c.status, row.c.requested_at, row.c.limit, row.c.reason, row.c.decided_at,
        row.c.decision,
    )  # fmt: skip
    return (
        select(func.json_agg(aggregate_order_by(entry, row.c.id)))
        .where(
            row.c.ticket_id == ticket_id,
            row.c.round == round_,
            row.c.status != literal_column("'APPROVED'"),
        )
        .scalar_subquery()
    )


def _holidays(_row: FromClause) -> _Needs:
    day, declaration = alias_of(DeclaredDay), alias_of(HolidayDeclaration)
    entry = func.json_build_array(day.c.day, day.c.is_workday)
    ordered = aggregate_order_by(entry, declaration.c.revision, day.c.day)
    joined = day.join(declaration, declaration.c.id == day.c.declaration_id)
    return select(func.json_agg(ordered)).select_from(joined).scalar_subquery()


def _rules(rows: Sequence[dict[str, Any]], reader: Reader) -> Rules:
    """The rules with the holidays of the statement: all its rows saw the same."""
    rules: Rules = reader.rules
    days = rows[0]["holidays"] if rows else None
    if not days:
        return rules
    declared = [(date.fromisoformat(day), is_workday) for day, is_workday in days]
    return replace(rules, calendar=rules.calendar.with_days(declared))


def _read(row: dict[str, Any]) -> Sequence[Segment]:
    segments = [
        read_segment(kind, datetime.fromisoformat(at), cause, detail)
        for kind, at, cause, detail in row["segments"] or ()
    ]
    return since_start(segments)


def _request(
    status: str, at: str, limit: str, reason: str, decided_at: str | None, decision: str | None
) -> Request:
    added = read_limit(limit)
    assert isinstance(added, Limit)
    return Request(
        ExtensionStatus(status),
        datetime.fromisoformat(at),
        added,
        reason,
        datetime.fromisoformat(decided_at) if decided_at else None,
        decision,
    )


def _explanations(
    rows: Sequence[dict[str, Any]], reader: Reader, language: StrEnum | None
) -> list[str | None]:
    rules = _rules(rows, reader)
    wanted: Language = "en" if language == ExplanationLanguage.EN else "zh"
    for_staff = reader.actor.role in STAFF
    found: list[str | None] = []
    for row in rows:
        segments, clock = _read(row), ClockName(row["clock"])
        asked = row["requests"] if for_staff and clock is ClockName.REPLY else None
        requests = [_request(*request) for request in asked or ()]
        found.append(
            explain(
                segments,
                rules.calendar,
                rules.zone,
                wanted,
                clock=clock,
                due=datetime.fromisoformat(row["deadline"]) if row["deadline"] else None,
                requests=requests,
            )
            if segments
            else None
        )
    return found


def _warnings(rows: Sequence[dict[str, Any]], reader: Reader) -> list[str | None]:
    rules = _rules(rows, reader)
    instants = (warning_at(rules.profile, _read(row), rules.calendar, rules.zone) for row in rows)
    return [_in_json(at.astimezone(rules.zone)) if at else None for at in instants]


def _in_json(at: datetime) -> str:
    """As PostgreSQL writes it: no more digits of a second than there are."""
    whole = at.isoformat(timespec="seconds")
    fraction = f".{at.microsecond:06}".rstrip("0") if at.microsecond else ""
    return f"{whole[:19]}{fraction}{whole[19:]}"


_REPLY: _Needs = literal_column(f"'{ClockName.REPLY.value}'")

EXPLANATION = Computed(
    needs={
        "segments": lambda ticket: _segments(ticket.c.id, _REPLY, ticket.c.round),
        "requests": lambda ticket: _requests(ticket.c.id, ticket.c.round),
        "clock": lambda _ticket: _REPLY,
        "deadline": lambda ticket: ticket.c.deadline,
        "holidays": _holidays,
    },
    compute=_explanations,
)
"""Of the reply, of a ticket."""

TASK_EXPLANATION = Computed(
    needs={
        "segments": _task_segments,
        "requests": lambda _task: literal_column("null::json"),
        "clock": lambda _task: _REPLY,
        "deadline": lambda task: task.c.deadline,
        "holidays": _holidays,
    },
    compute=_explanations,
)
"""Of the report that a joint unit owes."""

ONE_EXPLANATION = Computed(
    needs={
        "segments": lambda row: _segments(row.c.ticket_id, row.c.clock, row.c.round),
        "requests": lambda row: _requests(row.c.ticket_id, row.c.round),
        "clock": lambda row: row.c.clock,
        "deadline": lambda row: row.c.deadline,
        "holidays": _holidays,
    },
    compute=_explanations,
)
"""Of one clock."""

WARNING_AT = Computed(
    needs={
        "segments": lambda row: _segments(row.c.ticket_id, row.c.clock, row.c.round),
        "holidays": _holidays,
    },
    compute=_warnings,
)
