"""The fields of what the offices do among themselves, over rows in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.schema.reading.clocks import ClockFields
from tests.schema.reading.fields import Fields
from tests.schema.reading.world import Found, Row


class OfficeFields(ClockFields):
    """What the fields of whistles, contests and orders of supervision give."""

    def ticket_contests(self, row: Row) -> list[Found]:
        return self._own("Contest", "contest", row)

    def ticket_transfers(self, row: Row) -> list[Found]:
        return self._own("Transfer", "transfer", row)

    def ticket_escalations(self, row: Row) -> list[Found]:
        return self._own("Escalation", "escalation", row)

    def _own(self, kind: str, table: str, ticket: Row) -> list[Found]:
        rows = sorted(self._of_seen(table, ticket), key=lambda found: found["id"])
        return [Found(kind, found) for found in rows]

    def ticket_supervisions(self, row: Row) -> list[Found]:
        links = self._of_seen("supervised_ticket", row)
        orders = [self.world.by_id["supervision_order"][link["order_id"]] for link in links]
        return [
            Found("SupervisionOrder", order) for order in sorted(orders, key=lambda one: one["id"])
        ]

    def contest_id(self, row: Row) -> str:
        return f"Contest_{row['id']}"

    def contest_status(self, row: Row) -> str:
        ticket = self.world.by_id["ticket"][row["ticket_id"]]
        held = self.world.by_id["assignment"][row["assignment_id"]]["ended_at"] is None
        waits = held and ticket["status"] == "CONTESTED"
        return row["ruling"] or ("OPEN" if waits else "LAPSED")

    def contest_suggested(self, row: Row) -> Found | None:
        return self._unit(row["suggested_unit_id"])

    def contest_to(self, row: Row) -> Found | None:
        return self._unit(row["to_unit_id"])

    def transfer_from(self, row: Row) -> Found | None:
        return self._unit(row["from_unit_id"])

    transfer_to = bounce_to = contest_to

    bounce_from = transfer_from

    def bounce_category(self, row: Row) -> Found | None:
        return self.category_parent({"parent_code": row["category_code"]})

    def supervisionorder_id(self, row: Row) -> str:
        return f"SupervisionOrder_{row['id']}"

    def supervisionorder_is_overdue(self, row: Row) -> bool:
        return self._order_is_late(row)

    def _order_is_late(self, order: Row) -> bool:
        return order["status"] == "OPEN" and order["deadline"] <= self.now

    def supervisionorder_tickets(self, row: Row) -> list[Found]:
        links = [x for x in self.world.tables["supervised_ticket"] if x["order_id"] == row["id"]]
        ids = sorted(link["ticket_id"] for link in links if link["ticket_id"] in self.seen)
        return [Found("Ticket", self.world.by_id["ticket"][id_]) for id_ in ids]

    def supervisionorder_steps(self, row: Row) -> list[Found]:
        rows = [x for x in self.world.tables["supervision_step"] if x["order_id"] == row["id"]]
        rows.sort(key=lambda step: step["position"])
        return [Found("SupervisionStep", step) for step in rows]

    def escalation_ended_at(self, row: Row) -> datetime | None:
        ends = {"REPLY", "DISPATCH", "WITHDRAW", "REDISPATCH", "REWORK", "CLOSE"}
        ends |= {"CONCLUDE", "MERGE", "TAKE_AWAY"}
        ends |= {"ACCEPT": {"ACCEPT"}, "CONTACT": {"RECORD_CONTACT"}}.get(row["clock"], set())
        events = self.world.by_ticket["ticket_event"].get(row["ticket_id"], [])
        later = [e["at"] for e in events if e["kind"] in ends and e["at"] >= row["at"]]
        return min(later, default=None)

    contest_unit = supervisionorder_unit = escalation_unit = Fields.assignment_unit

    supervisionfigure_unit = Fields.assignment_unit

    contest_ticket = supervisionorder_ticket = Fields.ticketevent_ticket

    def ticket_whistles(self, row: Row) -> list[Found]:
        rows = sorted(self._of_seen("whistle", row), key=lambda found: found["id"])
        return [Found("Whistle", found) for found in rows]

    def whistle_id(self, row: Row) -> str:
        return f"Whistle_{row['id']}"

    whistle_ticket, whistle_caller = Fields.ticketevent_ticket, Fields.assignment_unit

    def whistle_at(self, row: Row) -> Any:
        return row["meet_at"]

    def whistle_open(self, row: Row) -> bool:
        parts = self.world.by_id["assignment"]
        calls = self._calls(row)
        going_on = any(parts[call["assignment_id"]]["ended_at"] is None for call in calls)
        return row["closed_at"] is None and going_on

    def _calls(self, whistle: Row) -> list[Row]:
        rows = self.world.by_ticket["report_in"].get(whistle["ticket_id"], [])
        mine = [found for found in rows if found["whistle_id"] == whistle["id"]]
        return sorted(mine, key=lambda found: found["id"])

    def whistle_reports(self, row: Row) -> list[Found]:
        return [Found("ReportIn", found) for found in self._calls(row)]

    def reportin_id(self, row: Row) -> str:
        return f"ReportIn_{row['id']}"

    def reportin_whistle(self, row: Row) -> Found:
        return Found("Whistle", self.world.by_id["whistle"][row["whistle_id"]])

    def reportin_late(self, row: Row) -> bool:
        return row["late_at"] is not None

    reportin_unit = reportinfigures_unit = Fields.assignment_unit
