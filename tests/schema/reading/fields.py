"""The fields of objects, one plain function each, over rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.dispatch.explanation import explain
from domain.dispatch.segments import since_start
from domain.dispatch.ticking import read_segment
from domain.kernel.actor import Actor, Role
from domain.kernel.vocabulary import TicketStatus
from domain.tickets.workflow import available_actions, party
from schema.access import ACCESS
from tests.schema.reading.world import UNFINISHED, Found, Page, Row, World


class Fields:
    """What the fields of each type give; whose rows they are, `Reference` says."""

    world: World
    actor: Actor
    now: datetime
    seen: set[UUID]

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
        raise NotImplementedError

    def _sees_event(self, event: Row) -> bool:
        raise NotImplementedError

    def _is_below(self, unit_id: UUID | None) -> bool:
        raise NotImplementedError

    def _tickets(self, wanted: Mapping[str, Any] | None) -> list[Row]:
        raise NotImplementedError

    def query_node(self, _row: Row, id: str) -> Found | None:  # noqa: A002
        raise NotImplementedError

    def _of_seen(self, name: str, ticket: Row) -> list[Row]:
        rows = self.world.by_ticket[name].get(ticket["id"], [])
        return [row for row in rows if row["ticket_id"] in self.seen]

    def _is_late(self, ticket: Row) -> bool:
        due = ticket["deadline"]
        return due is not None and due < self.now and ticket["status"] in UNFINISHED

    def _first(self, kind: str, rows: Sequence[Row]) -> Found | None:
        return Found(kind, rows[0]) if rows else None

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
        unit = self.world.by_id["unit"].get(id_)
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
        waits = "OPEN" if ticket["status"] == "CONTESTED" else "LAPSED"
        return row["ruling"] or waits

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
        events = self.world.by_ticket["ticket_event"].get(row["ticket_id"], [])
        later = [e["at"] for e in events if e["kind"] in ends and e["at"] >= row["at"]]
        return min(later, default=None)

    def ticket_clock(self, row: Row) -> Found:
        return Found("Clock", row)

    def ticket_available_actions(self, row: Row) -> list[str]:
        actor = self.actor
        submitter = row["submitter"] == actor.subject or (
            actor.citizen_id is not None and row["citizen_id"] == actor.citizen_id
        )
        lead = actor.unit_id is not None and row["lead_unit_id"] == actor.unit_id
        roles = {
            found["role"]
            for found in self.world.by_ticket["assignment"].get(row["id"], [])
            if found["unit_id"] == actor.unit_id and found["ended_at"] is None
        }
        above = self._is_below(row["lead_unit_id"])
        who = party(
            actor.role,
            submitter=submitter,
            lead=lead,
            joint="JOINT" in roles,
            co_handler="CO_HANDLER" in roles,
            above=above,
        )
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
    contest_unit = supervisionorder_unit = escalation_unit = assignment_unit
    supervisionfigure_unit = assignment_unit
    callback_ticket = contest_ticket = supervisionorder_ticket = ticketevent_ticket

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
        citizen = self.world.by_id["citizen"].get(self.actor.citizen_id)
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
