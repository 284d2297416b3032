"""A second reader of the same data: plain resolvers in plain Python, slow and obvious.

graphql-core runs the operation on the printed schema; each resolver looks through the rows of a
table in memory. Who sees which row is written down here once more, from api.md and rules.md, and
not asked of the predicates that it is compared with. Only what a role may see of a type at all
comes from the access map: that map is the specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from graphql import GraphQLResolveInfo, execute_sync, parse

from domain.evaluation.period import window
from domain.evaluation.scores import scores
from domain.kernel.actor import CENTRE, STAFF, Actor, Role
from domain.kernel.vocabulary import Satisfaction
from schema.access import allowed
from tests.schema.reading.catalogue import CatalogueFields
from tests.schema.reading.merging import MergingFields
from tests.schema.reading.world import (
    FAR,
    PRINTED,
    Found,
    Page,
    Row,
    World,
    code_of,
    moment,
    nothing,
    snake,
)


class Reference(MergingFields, CatalogueFields):
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
        off = self.world.by_ticket["recusal"].get(ticket["id"], [])
        if self.actor.is_staff and self.actor.subject in {row["subject"] for row in off}:
            return False
        if role is Role.CITIZEN:
            return bool(ticket["citizen_id"] == self.actor.citizen_id)
        if role is Role.PARTNER:
            return bool(ticket["submitter"] == self.actor.subject)
        if role is Role.HANDLER:
            if self._must_not_know(ticket):
                return False
            given = self.world.by_ticket["assignment"].get(ticket["id"], [])
            return any(self._is_below(assignment["unit_id"]) for assignment in given)
        return role is not Role.PUBLIC

    def _must_not_know(self, ticket: Row) -> bool:
        """Whether a report is about the actor's unit, or one above it (J32)."""
        unit_id = self.actor.unit_id
        while unit_id is not None and (ticket["confidential"] or ticket["kind"] == "REPORT"):
            if unit_id == ticket["accused_unit_id"]:
                return True
            unit_id = self.world.by_id["unit"][unit_id]["parent_id"]
        return False

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

    # -- fields --------------------------------------------------------------------------------

    def _field(self, source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        kind, name = info.parent_type.name, info.field_name
        if not allowed(self.actor.role, kind, name):
            return nothing(info, args)
        if isinstance(source, Page):
            return self._page_field(source, name)
        if isinstance(source, dict):
            return source[name]
        row = source.row if source is not None else {}
        method: Callable[..., Any] | None = getattr(self, f"{kind.lower()}_{snake(name)}", None)
        found = method(row, **args) if method else self._column(kind, snake(name), row)
        if isinstance(found, datetime):
            return moment(found, self.world.rules)
        return found.isoformat() if isinstance(found, date) else found

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
            table = self.world.by_id[{"Ticket": "ticket", "Unit": "unit"}.get(kind, snake(kind))]
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
            "Callback": "callback", "Staff": "staff", "Contest": "contest",
            "SupervisionOrder": "supervision_order", "Extension": "extension",
            "Suspension": "suspension", "Whistle": "whistle", "ReportIn": "report_in",
            "CatalogueVersion": "catalogue_version", "CatalogueEntry": "catalogue_entry",
            "CatalogueReplay": "catalogue_replay", "CatalogueProposal": "catalogue_proposal",
            "EmergencyLine": "emergency_line",
        }.get(kind)  # fmt: skip
        row = self.world.by_id[table].get(wanted) if table else None
        return Found(kind, row) if row is not None and self._sees_node(kind, row) else None

    def _sees_node(self, kind: str, row: Row) -> bool:
        role = self.actor.role
        rules: dict[str, Callable[[], bool]] = {
            "Ticket": lambda: row["id"] in self.seen,
            "TicketEvent": lambda: self._sees_event(row),
            "EmergencyLine": lambda: role in STAFF,
            "Extension": lambda: self._sees_extension(row),
            "Whistle": lambda: self._is_office() and row["ticket_id"] in self.seen,
            "ReportIn": lambda: self._is_office() and row["ticket_id"] in self.seen,
            "Callback": lambda: row["ticket_id"] in self.seen,
            "Suspension": lambda: row["ticket_id"] in self.seen,
            "Contest": lambda: self._is_office() and row["ticket_id"] in self.seen,
            "SupervisionOrder": lambda: self._sees_order(row),
            "CatalogueProposal": lambda: role in CENTRE,
            "Unit": lambda: True,
            "Staff": lambda: role is Role.ADMIN,
        }
        if kind in rules:
            return rules[kind]()
        return kind.startswith("Catalogue") and role in STAFF

    def query_nodes(self, row: Row, ids: list[str]) -> list[Found | None]:
        return [self.query_node(row, id_) for id_ in ids]

    def query_viewer(self, _row: Row) -> Found | None:
        return None if self.actor.role is Role.PUBLIC else Found("Viewer", {})

    def query_ticket(self, _row: Row, code: str) -> Found | None:
        return self._first("Ticket", self._tickets({"code": code}))

    def query_unit(self, _row: Row, code: str) -> Found | None:
        units = self.world.tables["unit"]
        return self._first("Unit", [unit for unit in units if unit["code"] == code])

    def query_tickets(self, _row: Row, **args: Any) -> Page:
        order = args.get("orderBy") or "SUBMITTED_AT_DESC"
        rows = self._tickets(args.get("filter"))
        if order == "DEADLINE_ASC":
            key: Callable[[Row], Any] = lambda row: (  # noqa: E731
                row["priority"], row["deadline"] or FAR, row["id"]
            )  # fmt: skip
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
        key = lambda row: (row["priority"], row["due_at"], row["id"])  # noqa: E731
        return self._page("Callback", "DUE", rows, key, args)

    def _sees_extension(self, row: Row) -> bool:
        granted = row["status"] == "APPROVED"
        staff = self.actor.role not in {Role.CITIZEN, Role.PARTNER}
        return row["ticket_id"] in self.seen and (staff or granted)

    def query_categories(self, _row: Row, parent: str | None = None) -> list[Found]:
        return self.category_children({"code": parent})

    def query_scores(self, _row: Row, month: str, group: str) -> list[Found]:
        begin, end = window(self.world.rules.profile, month)
        units = [unit for unit in self.world.tables["unit"] if unit["level"] == group]
        counts = [self._tally(unit, begin, end) for unit in sorted(units, key=code_of)]
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

    def _tickets(
        self, wanted: Mapping[str, Any] | None, among: Iterable[Row] | None = None
    ) -> list[Row]:
        """Those seen and wanted, among these or all."""
        rows = self.world.tables["ticket"] if among is None else among
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
            "line": lambda code: (self._line_of(ticket) or {}).get("code") == code,
            "overdue": lambda late: self._is_late(ticket) is late,
            "submittedFrom": lambda at: ticket["submitted_at"] >= datetime.fromisoformat(at),
            "submittedBefore": lambda at: ticket["submitted_at"] < datetime.fromisoformat(at),
        }
        return all(tests[name](value) for name, value in wanted.items() if value is not None)
