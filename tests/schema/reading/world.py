"""The tables in memory, as the plain resolvers look through them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from graphql import (
    GraphQLObjectType,
    GraphQLResolveInfo,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from domain.dispatch.city import Rules
from tests.support.desk import SCHEMA, Desk

TABLES = (
    "ticket ticket_event unit assignment reply callback citizen category staff recusal "
    "clock_segment extension suspension declared_day "
    "category_suggestion "
    "catalogue_version catalogue_entry catalogue_step catalogue_replay catalogue_move "
    "catalogue_proposal proposal_case "
    "task_segment whistle report_in emergency_line "
    "contest transfer supervision_order supervised_ticket supervision_step escalation"
)
FAR = datetime(9999, 12, 31, tzinfo=UTC)
UNFINISHED = {"RECEIVED", "DISPATCHED", "CONTESTED", "ACCEPTED", "SUSPENDED"}
PRINTED = build_schema(SCHEMA.as_str())

Row = dict[str, Any]


class World:
    """All rows of the tables, and the cursors that were seen for them."""

    def __init__(self, desk: Desk, rules: Rules) -> None:
        self.tables: dict[str, list[Row]] = {
            name: desk.rows(f"select * from {name}") for name in TABLES.split()
        }
        for name in ("clock_segment", "ticket_event", "task_segment"):
            for row in self.tables[name]:
                row["detail"] = orjson.loads(row["detail"])
        self.by_id = {
            name: {row["id"]: row for row in rows if "id" in row}
            for name, rows in self.tables.items()
        }
        self.by_ticket: dict[str, dict[UUID, list[Row]]] = {}
        for name, rows in self.tables.items():
            grouped: dict[UUID, list[Row]] = {}
            for row in rows:
                grouped.setdefault(row.get("ticket_id"), []).append(row)  # type: ignore[arg-type]
            self.by_ticket[name] = grouped
        self.children: dict[UUID | None, list[Row]] = {}
        for row in sorted(self.tables["unit"], key=lambda unit: unit["code"]):
            self.children.setdefault(row["parent_id"], []).append(row)
        days = [(row["day"], row["is_workday"]) for row in self.tables["declared_day"]]
        self.rules = replace(rules, calendar=rules.calendar.with_days(days))
        # (order, id of the row) → cursor and back: opaque here as for every client.
        self.cursors: dict[tuple[str, UUID], str] = {}
        self.rows_of_cursors: dict[tuple[str, str], UUID] = {}

    def note_cursor(self, order: str, id_: UUID, cursor: str) -> None:
        """Remember a cursor from an answer."""
        self.cursors[order, id_] = cursor
        self.rows_of_cursors[order, cursor] = id_


@dataclass(frozen=True, slots=True)
class Found:
    """One row as an object of a type."""

    kind: str
    row: Row


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, and the whole list that it was cut from."""

    kind: str
    order: str
    rows: Sequence[Row]
    total: int
    has_next: bool
    has_previous: bool


def nothing(info: GraphQLResolveInfo[Any], args: Mapping[str, Any]) -> Any:
    """What a field without access shows: nothing, of the field's own form."""
    if is_list_type(get_nullable_type(info.return_type)):
        return []
    kind = get_named_type(info.return_type)
    if isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection"):
        return Page("", "", [], 0, args.get("before") is not None, args.get("after") is not None)
    return None


def moment(at: datetime, rules: Rules) -> str:
    """ISO 8601 with the city's offset; no more digits of a second than there are."""
    text = at.astimezone(rules.zone).isoformat()
    return re.sub(r"(\.\d*?)0+(?=\+)", r"\1", text)


@cache
def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name).removeprefix("_")


def code_of(unit: Row) -> str:
    return str(unit["code"])
