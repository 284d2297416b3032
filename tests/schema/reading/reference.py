"""A second reader of the same data: plain resolvers in plain Python, slow and obvious.

graphql-core runs the operation on the printed schema; each resolver looks through the rows of a
table in memory. Who sees which row is written down here once more, from api.md and rules.md, and
not asked of the predicates that it is compared with. Only what a role may see of a type at all
comes from the access map: that map is the specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from graphql import (
    GraphQLObjectType,
    GraphQLResolveInfo,
    build_schema,
    execute_sync,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
)

from domain.dispatch.city import Rules
from domain.dispatch.explanation import explain
from domain.dispatch.segments import since_start
from domain.dispatch.ticking import read_segment
from domain.evaluation.period import window
from domain.evaluation.scores import scores
from domain.kernel.actor import Actor, Role
from domain.kernel.vocabulary import Satisfaction, TicketStatus
from domain.tickets.workflow import available_actions, party
from schema.access import ACCESS, allowed
from tests.support.desk import SCHEMA, Desk

TABLES = "ticket ticket_event unit assignment reply callback citizen category staff clock_segment"
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
        for row in (*self.tables["clock_segment"], *self.tables["ticket_event"]):
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
        self.rules = rules
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


class Reference:
    """Answers the queries of one actor."""

    def __init__(self, world: World, actor: Actor, now: datetime) -> None:
        self.world = world
        self.actor = actor
        self.now = now
        self.seen = {row["id"] for row in world.tables["ticket"] if self._sees(row)}

    def data(self, document: str, variables: Mapping[str, Any]) -> Any:
        """`data` of the answer, which must be without errors."""
        result = execute_sync(
            PRINTED,
            parse(document),
            variable_values=dict(variables),
            field_resolver=self._field,
            type_resolver=lambda found, *_: found.kind,
        )
        assert not result.errors, (document, variables, result.errors)
        return result.data

    # -- who sees what (api.md, Roles; rules.md, Intake) ---------------------------------------

    def _sees(self, ticket: Row) -> bool:
        role = self.actor.role
        if role is Role.CITIZEN:
            return bool(ticket["citizen_id"] == self.actor.citizen_id)
        if role is Role.PARTNER:
            return bool(ticket["submitter"] == self.actor.subject)
        if role is Role.HANDLER:
            given = self.world.by_ticket["assignment"].get(ticket["id"], [])
            return any(self._is_below(assignment["unit_id"]) for assignment in given)
        return role is not Role.PUBLIC

    def _is_below(self, unit_id: UUID | None) -> bool:
        """Whether a unit is the actor's or stands somewhere below it."""
        while unit_id is not None:
            if unit_id == self.actor.unit_id:
                return True
            unit_id = self.world.by_id["unit"][unit_id]["parent_id"]
        return False

    def _sees_event(self, event: Row) -> bool:
        if event["ticket_id"] not in self.seen:
            return False
        return event["public"] or self.actor.role not in {Role.CITIZEN, Role.PARTNER}

    def _of_seen(self, name: str, ticket: Row) -> list[Row]:
        rows = self.world.by_ticket[name].get(ticket["id"], [])
        return [row for row in rows if row["ticket_id"] in self.seen]

    # -- fields --------------------------------------------------------------------------------

    def _field(self, source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
        kind, name = info.parent_type.name, info.field_name
        if not allowed(self.actor.role, kind, name):
            return _nothing(info, args)
        if isinstance(source, Page):
            return self._page_field(source, name)
        if isinstance(source, dict):
            return source[name]
        row = source.row if source is not None else {}
        method: Callable[..., Any] | None = getattr(self, f"{kind.lower()}_{_snake(name)}", None)
        found = method(row, **args) if method else row[_snake(name)]
        return _moment(found, self.world.rules) if isinstance(found, datetime) else found

    def _page_field(self, page: Page, name: str) -> Any:
        objects = [Found(page.kind, row) for row in page.rows]
        cursors = [self.world.cursors[page.order, row["id"]] for row in page.rows]
        if name == "edges":
            pairs = zip(cursors, objects, strict=True)
            return [{"cursor": cursor, "node": node} for cursor, node in pairs]
        if name == "nodes":
            return objects
        if name == "totalCount":
            return page.total
        return {
            "hasNextPage": page.has_next,
            "hasPreviousPage": page.has_previous,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        }

    def _page(
        self,
        kind: str,
        order: str,
        rows: Iterable[Row],
        key: Callable[[Row], Any],
        args: Mapping[str, Any],
        *,
        falling: bool = False,
    ) -> Page:
        whole = sorted(rows, key=key, reverse=falling)
        first, last = args.get("first"), args.get("last")
        after, before = args.get("after"), args.get("before")
        rest, bound = whole, after or before
        if bound is not None:
            known = self.world.rows_of_cursors[order, bound]
            table = self.world.by_id[{"Ticket": "ticket", "Unit": "unit"}.get(kind, _snake(kind))]
            edge = key(table[known])
            rising = (after is not None) is not falling
            rest = [row for row in whole if (key(row) > edge if rising else key(row) < edge)]
        if last is not None:
            cut = rest[-last:]
            return Page(kind, order, cut, len(whole), bound is not None, len(cut) < len(rest))
        cut = rest[: first or 20]
        return Page(kind, order, cut, len(whole), len(cut) < len(rest), bound is not None)

    # -- roots ---------------------------------------------------------------------------------

    def query_node(self, _row: Row, id: str) -> Found | None:  # noqa: A002
        kind, _, rest = id.partition("_")
        try:
            wanted = UUID(rest)
        except ValueError:
            return None
        table = {
            "Ticket": "ticket", "Unit": "unit", "TicketEvent": "ticket_event",
            "Callback": "callback", "Staff": "staff",
        }.get(kind)  # fmt: skip
        row = self.world.by_id[table].get(wanted) if table else None
        return Found(kind, row) if row is not None and self._sees_node(kind, row) else None

    def _sees_node(self, kind: str, row: Row) -> bool:
        if kind == "Ticket":
            return row["id"] in self.seen
        if kind == "TicketEvent":
            return self._sees_event(row)
        if kind == "Callback":
            return row["ticket_id"] in self.seen
        return kind == "Unit" or self.actor.role is Role.ADMIN

    def query_nodes(self, row: Row, ids: list[str]) -> list[Found | None]:
        return [self.query_node(row, id_) for id_ in ids]

    def query_viewer(self, _row: Row) -> Found | None:
        return None if self.actor.role is Role.PUBLIC else Found("Viewer", {})

    def query_ticket(self, _row: Row, code: str) -> Found | None:
        return self._first("Ticket", self._tickets({"code": code}))

    def query_unit(self, _row: Row, code: str) -> Found | None:
        units = self.world.tables["unit"]
        return self._first("Unit", [unit for unit in units if unit["code"] == code])

    def _first(self, kind: str, rows: Sequence[Row]) -> Found | None:
        return Found(kind, rows[0]) if rows else None

    def query_tickets(self, _row: Row, **args: Any) -> Page:
        order = args.get("orderBy") or "SUBMITTED_AT_DESC"
        rows = self._tickets(args.get("filter"))
        if order == "DEADLINE_ASC":
            key: Callable[[Row], Any] = lambda row: (row["deadline"] or FAR, row["id"])  # noqa: E731
        else:
            key = lambda row: row["id"]  # noqa: E731
        return self._page("Ticket", order, rows, key, args, falling=order == "SUBMITTED_AT_DESC")

    def query_units(self, _row: Row, **args: Any) -> Page:
        wanted = args.get("filter") or {}
        rows = [unit for unit in self.world.tables["unit"] if self._unit_fits(unit, wanted)]
        return self._page("Unit", "CODE", rows, lambda row: row["code"], args)

    def _unit_fits(self, unit: Row, wanted: Mapping[str, Any]) -> bool:
        parent = self.world.by_id["unit"].get(unit["parent_id"])
        tests: dict[str, Callable[[Any], bool]] = {
            "level": lambda levels: unit["level"] in levels,
            "parentCode": lambda code: parent is not None and parent["code"] == code,
            "name": lambda part: part in unit["name"],
            "active": lambda active: (unit["retired_at"] is None) is active,
        }
        return all(tests[name](value) for name, value in wanted.items() if value is not None)

    def query_callbacks(self, _row: Row, **args: Any) -> Page:
        rows = [
            row
            for row in self.world.tables["callback"]
            if row["ticket_id"] in self.seen
            and row["status"] == "SCHEDULED"
            and (args.get("due") is False or row["due_at"] <= self.now)
        ]
        return self._page("Callback", "DUE", rows, lambda row: (row["due_at"], row["id"]), args)

    def query_categories(self, _row: Row, parent: str | None = None) -> list[Found]:
        return self.category_children({"code": parent})

    def query_scores(self, _row: Row, month: str, group: str) -> list[Found]:
        begin, end = window(self.world.rules.profile, month)
        units = [unit for unit in self.world.tables["unit"] if unit["level"] == group]
        counts = [self._tally(unit, begin, end) for unit in sorted(units, key=_code)]
        figures = scores(self.world.rules.profile, counts)
        return [
            Found("UnitScore", {**count, "score": figure})
            for count, figure in zip(counts, figures, strict=True)
        ]

    def _tally(self, unit: Row, begin: datetime, end: datetime) -> Row:
        valid = [
            row
            for row in self.world.tables["callback"]
            if row["unit_id"] == unit["id"]
            and row["status"] == "ANSWERED"
            and begin <= row["answered_at"] < end
            and None not in (row["contacted"], row["resolved"], row["satisfaction"])
        ]
        counts = {
            word.value.lower(): sum(row["satisfaction"] == word.value for row in valid)
            for word in Satisfaction
        }
        contacted = sum(row["contacted"] for row in valid)
        resolved = sum(row["resolved"] for row in valid)
        told = {"valid": len(valid), "contacted": contacted, "resolved": resolved}
        return {"unit_id": unit["id"], **told, **counts}

    # -- tickets -------------------------------------------------------------------------------

    def _tickets(self, wanted: Mapping[str, Any] | None) -> list[Row]:
        rows = self.world.tables["ticket"]
        return [row for row in rows if row["id"] in self.seen and self._fits(row, wanted or {})]

    def _fits(self, ticket: Row, wanted: Mapping[str, Any]) -> bool:
        lead = self.world.by_id["unit"].get(ticket["lead_unit_id"])
        tests: dict[str, Callable[[Any], bool]] = {
            "status": lambda values: ticket["status"] in values,
            "kind": lambda values: ticket["kind"] in values,
            "level": lambda values: ticket["level"] in values,
            "channel": lambda values: ticket["channel"] in values,
            "category": lambda code: ticket["category_code"] == code,
            "unitCode": lambda code: lead is not None and lead["code"] == code,
            "code": lambda code: re.sub(r"\D", "", ticket["code"]) == re.sub(r"[\s-]", "", code),
            "overdue": lambda late: self._is_late(ticket) is late,
            "submittedFrom": lambda at: ticket["submitted_at"] >= datetime.fromisoformat(at),
            "submittedBefore": lambda at: ticket["submitted_at"] < datetime.fromisoformat(at),
        }
        return all(tests[name](value) for name, value in wanted.items() if value is not None)

    def _is_late(self, ticket: Row) -> bool:
        due = ticket["deadline"]
        return due is not None and due < self.now and ticket["status"] in UNFINISHED

    def ticket_id(self, row: Row) -> str:
        return f"Ticket_{row['id']}"

    def ticket_category(self, row: Row) -> Found | None:
        return self.category_parent({"parent_code": row["category_code"]})

    def ticket_is_overdue(self, row: Row) -> bool:
        return self._is_late(row)

    def ticket_citizen(self, row: Row) -> Found | None:
        role, hidden = self.actor.role, row["confidential"] or row["kind"] == "REPORT"
        if role in {Role.EVALUATOR, Role.ADMIN} or (role is Role.HANDLER and hidden):
            return None
        citizen = self.world.by_id["citizen"].get(row["citizen_id"])
        return Found("Citizen", citizen) if citizen else None

    def ticket_lead(self, row: Row) -> Found | None:
        return self._unit(row["lead_unit_id"])

    def _unit(self, id_: UUID | None) -> Found | None:
        unit = self.world.by_id["unit"].get(id_)  # type: ignore[arg-type]
        return Found("Unit", unit) if unit else None

    def ticket_assignments(self, row: Row) -> list[Found]:
        rows = sorted(self._of_seen("assignment", row), key=lambda found: found["id"])
        return [Found("Assignment", found) for found in rows]

    def ticket_replies(self, row: Row) -> list[Found]:
        rows = sorted(self._of_seen("reply", row), key=lambda found: found["round"])
        return [Found("Reply", found) for found in rows]

    def ticket_callbacks(self, row: Row) -> list[Found]:
        rows = self._of_seen("callback", row)
        rows.sort(key=lambda found: (found["round"], found["attempt"]))
        return [Found("Callback", found) for found in rows]

    def ticket_clock(self, row: Row) -> Found:
        return Found("Clock", row)

    def ticket_available_actions(self, row: Row) -> list[str]:
        actor = self.actor
        submitter = row["submitter"] == actor.subject or (
            actor.citizen_id is not None and row["citizen_id"] == actor.citizen_id
        )
        lead = actor.unit_id is not None and row["lead_unit_id"] == actor.unit_id
        who = party(actor.role, submitter=submitter, lead=lead)
        return [action.value for action in available_actions(TicketStatus(row["status"]), who)]

    def ticket_history(self, row: Row, **args: Any) -> Page:
        events = self.world.by_ticket["ticket_event"].get(row["id"], [])
        seen = [event for event in events if self._sees_event(event)]
        return self._page("TicketEvent", "HISTORY", seen, lambda event: event["position"], args)

    def clock_segments(self, row: Row) -> list[Found]:
        rows = sorted(self._of_seen("clock_segment", row), key=lambda found: found["position"])
        return [Found("ClockSegment", found) for found in rows]

    def clock_explanation(self, row: Row, language: str | None = "ZH") -> str | None:
        rules = self.world.rules
        segments = [
            read_segment(found["kind"], found["at"], found["cause"], found["detail"])
            for found in sorted(
                self.world.by_ticket["clock_segment"].get(row["id"], []),
                key=lambda found: found["position"],
            )
            if found["clock"] == "REPLY" and found["round"] == row["round"]
        ]
        counted = since_start(segments)
        wanted: Any = "en" if language == "EN" else "zh"
        return explain(counted, rules.calendar, rules.zone, wanted) if counted else None

    def clocksegment_level(self, row: Row) -> Any:
        return row["detail"]["level"]

    def clocksegment_limit(self, row: Row) -> Any:
        limit = row["detail"]["limit"]
        return limit["limit"] if limit else None

    def ticketevent_id(self, row: Row) -> str:
        return f"TicketEvent_{row['id']}"

    def ticketevent_unit(self, row: Row) -> Found | None:
        return self._unit(row["unit_id"])

    def ticketevent_actor(self, row: Row) -> Any:
        return None if row["actor_role"] == "citizen" else row["actor_subject"]

    def ticketevent_ticket(self, row: Row) -> Found | None:
        return self.query_node({}, f"Ticket_{row['ticket_id']}")

    def assignment_unit(self, row: Row) -> Found | None:
        return self._unit(row["unit_id"])

    reply_unit = callback_unit = unitscore_unit = assignment_unit
    callback_ticket = ticketevent_ticket

    def callback_id(self, row: Row) -> str:
        return f"Callback_{row['id']}"

    # -- the rest ------------------------------------------------------------------------------

    def category_parent(self, row: Row) -> Found | None:
        categories = self.world.tables["category"]
        return self._first("Category", [c for c in categories if c["code"] == row["parent_code"]])

    def category_children(self, row: Row) -> list[Found]:
        rows = [c for c in self.world.tables["category"] if c["parent_code"] == row["code"]]
        rows.sort(key=lambda found: (found["position"], found["code"]))
        return [Found("Category", found) for found in rows]

    def unit_id(self, row: Row) -> str:
        return f"Unit_{row['id']}"

    def unit_parent(self, row: Row) -> Found | None:
        return self._unit(row["parent_id"])

    def unit_children(self, row: Row) -> list[Found]:
        return [Found("Unit", child) for child in self.world.children.get(row["id"], [])]

    def unit_active(self, row: Row) -> bool:
        return row["retired_at"] is None

    def unit_tickets(self, row: Row, **args: Any) -> Page:
        rows = [t for t in self._tickets(args.get("filter")) if t["lead_unit_id"] == row["id"]]
        order = "SUBMITTED_AT_DESC"
        return self._page("Ticket", order, rows, lambda t: t["id"], args, falling=True)

    def viewer_role(self, _row: Row) -> str:
        return self.actor.role.name

    def viewer_subject(self, _row: Row) -> str:
        return self.actor.subject

    def viewer_unit(self, _row: Row) -> Found | None:
        return self._unit(self.actor.unit_id)

    def viewer_citizen(self, _row: Row) -> Found | None:
        citizen = self.world.by_id["citizen"].get(self.actor.citizen_id)  # type: ignore[arg-type]
        return Found("Citizen", citizen) if citizen else None

    def viewer_permissions(self, _row: Row) -> list[str]:
        return sorted(name for name, rule in ACCESS["Mutation"].items() if self.actor.role in rule)

    def staff_id(self, row: Row) -> str:
        return f"Staff_{row['id']}"

    def staff_role(self, row: Row) -> str:
        return str(row["role"]).upper()

    staff_unit = ticketevent_unit

    def unitscore_rank(self, row: Row) -> Any:
        return row["score"].rank

    def unitscore_response_rate(self, row: Row) -> Any:
        return row["score"].response

    def unitscore_resolution_rate(self, row: Row) -> Any:
        return row["score"].resolution

    def unitscore_satisfaction_rate(self, row: Row) -> Any:
        return row["score"].satisfaction

    def unitscore_composite(self, row: Row) -> Any:
        return row["score"].composite

    def unitscore_bonus(self, _row: Row) -> float:
        return 0.0


def _nothing(info: GraphQLResolveInfo, args: Mapping[str, Any]) -> Any:
    """What a field without access shows: nothing, of the field's own form."""
    if is_list_type(get_nullable_type(info.return_type)):
        return []
    kind = get_named_type(info.return_type)
    if isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection"):
        return Page("", "", [], 0, args.get("before") is not None, args.get("after") is not None)
    return None


def _moment(at: datetime, rules: Rules) -> str:
    """ISO 8601 with the city's offset; no more digits of a second than there are."""
    text = at.astimezone(rules.zone).isoformat()
    return re.sub(r"(\.\d*?)0+(?=\+)", r"\1", text)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name).removeprefix("_")


def _code(unit: Row) -> str:
    return str(unit["code"])
