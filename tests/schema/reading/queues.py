"""The queues and figures of the offices, over rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.evaluation.period import window
from domain.kernel.actor import STAFF, Role
from tests.schema.reading.offices import OfficeFields
from tests.schema.reading.world import FAR, Found, Page, Row, code_of


class Queues(OfficeFields):
    """Answers the queries for what waits and what was counted."""

    # -- contests and supervision: for offices alone -------------------------------------------

    def _is_office(self) -> bool:
        return self.actor.role not in {Role.PUBLIC, Role.CITIZEN, Role.PARTNER}

    def _sees_order(self, order: Row) -> bool:
        links = self.world.tables["supervised_ticket"]
        own = {link["ticket_id"] for link in links if link["order_id"] == order["id"]}
        return self._is_office() and bool(own & self.seen)

    def _unit_named(self, code: str | None) -> Any:
        return next((u["id"] for u in self.world.tables["unit"] if u["code"] == code), None)

    def query_emergency_lines(self, _row: Row, **args: Any) -> Page:
        wanted = args.get("open")
        rows = [
            row
            for row in self.world.tables["emergency_line"]
            if self.actor.role in STAFF and (wanted is None or (row["closed_at"] is None) is wanted)
        ]
        key = lambda row: row["id"]  # noqa: E731
        return self._page("EmergencyLine", "LINE_OPENED", rows, key, args, falling=True)

    def query_extensions(self, _row: Row, **args: Any) -> Page:
        rows = [
            row
            for row in self.world.tables["extension"]
            if self._sees_extension(row) and args.get("status") in {None, row["status"]}
        ]
        return self._page("Extension", "REQUESTED", rows, lambda row: row["id"], args)

    def query_suspensions(self, _row: Row, **args: Any) -> Page:
        rows = [
            row
            for row in self.world.tables["suspension"]
            if row["ticket_id"] in self.seen and row["ended_at"] is None
        ]
        key: Callable[[Row], Any] = lambda row: (row["review_on"], row["id"])  # noqa: E731
        return self._page("Suspension", "REVIEW", rows, key, args)

    def query_whistles(self, _row: Row, **args: Any) -> Page:
        wanted = args.get("filter") or {}
        rows = [
            row
            for row in self.world.tables["whistle"]
            if row["ticket_id"] in self.seen and self._whistle_fits(row, wanted)
        ]
        return self._page("Whistle", "WHISTLED", rows, lambda row: row["id"], args, falling=True)

    def _whistle_fits(self, whistle: Row, wanted: Mapping[str, Any]) -> bool:
        codes = {unit["id"]: unit["code"] for unit in self.world.tables["unit"]}
        calls = self._calls(whistle)
        if (called := wanted.get("calledCode")) is not None:
            calls = [call for call in calls if codes[call["unit_id"]] == called]
        if not calls:
            return False
        awaited = any(call["reported_at"] is None for call in calls)
        tests: dict[str, Callable[[Any], bool]] = {
            "callerCode": lambda code: codes[whistle["unit_id"]] == code,
            "calledCode": lambda _code: True,
            "awaited": lambda value: awaited is value,
            "open": lambda value: self.whistle_open(whistle) is value,
        }
        return all(tests[name](value) for name, value in wanted.items() if value is not None)

    def query_report_in_figures(self, _row: Row, **args: Any) -> list[Found]:
        begin, end = (datetime.fromisoformat(args[name]) for name in ("from", "before"))
        calls: dict[Any, list[Row]] = {}
        for call in self.world.tables["report_in"]:
            if begin <= call["called_at"] < end:
                calls.setdefault(call["unit_id"], []).append(call)
        units = sorted((self.world.by_id["unit"][id_] for id_ in calls), key=code_of)
        return [Found("ReportInFigures", _figures(unit, calls[unit["id"]])) for unit in units]

    def query_contests(self, _row: Row, **args: Any) -> Page:
        wanted = args.get("filter") or {}
        tests: dict[str, Callable[[Row, Any], bool]] = {
            "status": lambda row, values: self.contest_status(row) in values,
            "unitCode": lambda row, code: row["unit_id"] == self._unit_named(code),
            "ground": lambda row, ground: row["ground"] == ground,
            "raisedFrom": lambda row, at: row["raised_at"] >= datetime.fromisoformat(at),
            "raisedBefore": lambda row, at: row["raised_at"] < datetime.fromisoformat(at),
        }
        rows = [
            row
            for row in self.world.tables["contest"]
            if self._sees_node("Contest", row)
            and all(tests[name](row, v) for name, v in wanted.items() if v is not None)
        ]
        return self._page("Contest", "RAISED", rows, lambda row: row["id"], args)

    def query_bounces(self, _row: Row, **args: Any) -> list[Found]:
        begin, end = datetime(1970, 1, 1, tzinfo=UTC), FAR
        if args.get("month") is not None:
            begin, end = window(self.world.rules.profile, args["month"])
        else:
            begin = datetime.fromisoformat(args["from"]) if args.get("from") else begin
            end = datetime.fromisoformat(args["before"]) if args.get("before") else end
        found: dict[tuple[Any, ...], Row] = {}
        tables = self.world.tables
        moves = [(row, row["raised_at"], row["ruling"], 1) for row in tables["contest"]]
        moves += [(row, row["at"], None, 0) for row in tables["transfer"] if row["cause"] == "HAND"]
        for row, at, ruling, contested in moves:
            if not begin <= at < end:
                continue
            left = row["unit_id"] if contested else row["from_unit_id"]
            to = row["to_unit_id"] or (row["suggested_unit_id"] if contested else None)
            category = self.world.by_id["ticket"][row["ticket_id"]]["category_code"]
            counts = found.setdefault(
                (left, to, category),
                {"from_unit_id": left, "to_unit_id": to, "category_code": category, "count": 0,
                 "contested": 0, "upheld": 0, "rejected": 0, "by_hand": 0},
            )  # fmt: skip
            counts["count"] += 1
            counts["contested"] += contested
            counts["by_hand"] += 1 - contested
            counts["upheld"] += ruling == "UPHELD"
            counts["rejected"] += ruling == "REJECTED"
        rows = list(found.values())
        none_last = lambda value: (value is None, str(value))  # noqa: E731
        rows.sort(
            key=lambda row: (
                -row["count"], row["from_unit_id"], none_last(row["to_unit_id"]),
                none_last(row["category_code"]),
            )
        )  # fmt: skip
        return [Found("Bounce", row) for row in rows]

    def query_supervisions(self, _row: Row, **args: Any) -> Page:
        wanted = args.get("filter") or {}
        tests: dict[str, Callable[[Row, Any], bool]] = {
            "status": lambda row, values: row["status"] in values,
            "grade": lambda row, values: row["grade"] in values,
            "trigger": lambda row, values: row["trigger"] in values,
            "unitCode": lambda row, code: self._unit_named(code) in self._line(row["unit_id"]),
            "overdue": lambda row, late: self._order_is_late(row) is late,
        }
        rows = [
            row
            for row in self.world.tables["supervision_order"]
            if self._sees_order(row)
            and all(tests[name](row, v) for name, v in wanted.items() if v is not None)
        ]
        return self._page(
            "SupervisionOrder", "OPENED", rows, lambda row: row["id"], args, falling=True
        )

    def _line(self, unit_id: UUID | None) -> list[UUID]:
        line = []
        while unit_id is not None:
            line.insert(0, unit_id)
            unit_id = self.world.by_id["unit"][unit_id]["parent_id"]
        return line

    def query_supervision_figures(self, _row: Row, month: str) -> list[Found]:
        begin, end = window(self.world.rules.profile, month)
        groups: dict[UUID | None, list[Row]] = {None: []}
        for order in self.world.tables["supervision_order"]:
            closed = order["closed_at"]
            if closed is None or begin <= closed < end:
                line = self._line(order["unit_id"])
                groups.setdefault((line[1:] or line)[0], []).append(order)
                groups[None].append(order)
        top = sorted((unit for unit in groups if unit is not None), key=str)
        figures = [self._figure(unit, groups[unit]) for unit in (None, *top)]
        return [Found("SupervisionFigure", figure) for figure in figures]

    def _figure(self, unit: UUID | None, orders: list[Row]) -> Row:
        open_ = [order for order in orders if order["closed_at"] is None]
        grades = [order["grade"] for order in open_]
        closed = [order for order in orders if order["closed_at"] is not None]
        days = [(order["closed_at"] - order["opened_at"]) / timedelta(days=1) for order in closed]
        return {
            "unit_id": unit,
            "open": len(open_),
            "routine": grades.count("ROUTINE"),
            "key": grades.count("KEY"),
            "task_force": grades.count("TASK_FORCE"),
            "discipline": grades.count("DISCIPLINE"),
            "overdue": sum(self._order_is_late(order) for order in open_),
            "closed": len(closed),
            "mean_days": round(sum(days) / len(days), 2) if days else None,
        }


def _figures(unit: Row, calls: list[Row]) -> Row:
    ratings = [call["rating"] for call in calls if call["rating"] is not None]
    late = [call for call in calls if call["late_at"] is not None]
    denied = [call for call in calls if call["confirmed"] is False]
    in_time = [call for call in calls if call["reported_at"] and call not in late + denied]
    return {
        "unit_id": unit["id"],
        "called": len(calls),
        "on_time": len(in_time),
        "late": len(late),
        "denied": len(denied),
        "mean_rating": sum(ratings) / len(ratings) if ratings else None,
    }
