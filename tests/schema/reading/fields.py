"""The fields of objects, one plain function each, over rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.actor import STAFF, Actor, Role
from domain.kernel.vocabulary import TicketStatus
from domain.tickets.workflow import Condition, available_actions, party
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

    def _sees_extension(self, row: Row) -> bool:
        raise NotImplementedError

    def _is_below(self, unit_id: UUID | None) -> bool:
        raise NotImplementedError

    def _tickets(
        self, wanted: Mapping[str, Any] | None, among: Iterable[Row] | None = None
    ) -> list[Row]:
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

    def ticket_category_suggestions(self, row: Row) -> list[Found]:
        rows = sorted(self._of_seen("category_suggestion", row), key=lambda found: found["rank"])
        return [Found("CategorySuggestion", found) for found in rows]

    categorysuggestion_category = ticket_category

    def ticket_is_overdue(self, row: Row) -> bool:
        return self._is_late(row)

    def ticket_citizen(self, row: Row) -> Found | None:
        role, hidden = self.actor.role, row["confidential"] or row["kind"] == "REPORT"
        if role in {Role.EVALUATOR, Role.ADMIN} or (role is Role.HANDLER and hidden):
            return None
        citizen = self.world.by_id["citizen"].get(row["citizen_id"])
        return Found("Citizen", citizen) if citizen else None

    def _line_of(self, ticket: Row) -> Row | None:
        return self.world.by_id["emergency_line"].get(ticket["line_id"])

    def ticket_line(self, row: Row) -> Found | None:
        line = self._line_of(row)
        return Found("EmergencyLine", line) if line and self.actor.role in STAFF else None

    def emergencyline_id(self, row: Row) -> str:
        return f"EmergencyLine_{row['id']}"

    def emergencyline_taken(self, row: Row) -> int:
        return sum(ticket["line_id"] == row["id"] for ticket in self.world.tables["ticket"])

    def ticket_lead(self, row: Row) -> Found | None:
        return self._unit(row["lead_unit_id"])

    def _unit(self, id_: UUID | None) -> Found | None:
        unit = self.world.by_id["unit"].get(id_)
        return Found("Unit", unit) if unit else None

    def ticket_assignments(self, row: Row) -> list[Found]:
        rows = sorted(self._of_seen("assignment", row), key=lambda found: found["id"])
        if self.actor.role in {Role.CITIZEN, Role.PARTNER}:
            rows = [found for found in rows if found["role"] != "CONFEREE"]
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
        parts = [
            found
            for found in self.world.by_ticket["assignment"].get(row["id"], [])
            if found["ended_at"] is None
        ]
        roles = {found["role"] for found in parts if found["unit_id"] == actor.unit_id}
        who = party(
            actor.role,
            submitter=submitter,
            lead=lead,
            joint="JOINT" in roles,
            co_handler="CO_HANDLER" in roles,
            handed_down="HANDED_DOWN" in roles,
            called="CALLED" in roles,
            conferee="CONFEREE" in roles,
            above=self._is_below(row["lead_unit_id"]),
        )
        holding = self._holding(row, parts)
        return [
            action.value for action in available_actions(TicketStatus(row["status"]), who, holding)
        ]

    def _holding(self, row: Row, parts: Sequence[Row]) -> set[Condition]:
        """What else decides which actions are open: tasks, the lead's level, whistles."""
        unit = self.actor.unit_id
        tasks = [
            part
            for part in parts
            if part["role"] == "JOINT" and part["replied_at"] is part["excused_at"] is None
        ]
        mine = [task for task in tasks if task["unit_id"] == unit]
        lead = self.world.by_id["unit"].get(row["lead_unit_id"], {"level": None})
        calls = [
            call
            for call in self.world.by_ticket["report_in"].get(row["id"], [])
            if any(part["id"] == call["assignment_id"] for part in parts)
        ]
        whistles = self.world.by_id["whistle"]
        open_calls = [call for call in calls if whistles[call["whistle_id"]]["closed_at"] is None]
        heard = [call for call in calls if call["reported_at"] is not None]
        found = {
            Condition.TASK_NEW: any(task["accepted_at"] is None for task in mine),
            Condition.TASK_TAKEN: any(task["accepted_at"] is not None for task in mine),
            Condition.TASKS_OPEN: bool(tasks),
            Condition.OPINION_AWAITED: any(
                (part["role"], part["unit_id"], part["replied_at"]) == ("CONFEREE", unit, None)
                for part in parts
            ),
            Condition.STREET_LEADS: lead["level"] == "STREET",
            Condition.GRASSROOTS_LEAD: lead["level"] in {"STREET", "DISTRICT"},
            Condition.CALLED_IN: any(
                call["unit_id"] == unit and call["reported_at"] is None for call in open_calls
            ),
            Condition.REPORT_TO_CONFIRM: any(call["confirmed"] is None for call in heard),
            Condition.WHISTLE_TO_RATE: any(
                call["unit_id"] == unit and call["caller_rating"] is None for call in heard
            ),
            Condition.WHISTLE_OPEN: bool(open_calls),
        }
        return self._ties(row) | {condition for condition, holds in found.items() if holds}

    def _ties(self, row: Row) -> set[Condition]:
        raise NotImplementedError

    def ticket_history(self, row: Row, **args: Any) -> Page:
        events = self.world.by_ticket["ticket_event"].get(row["id"], [])
        seen = [event for event in events if self._sees_event(event)]
        return self._page("TicketEvent", "HISTORY", seen, lambda event: event["position"], args)

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
    callback_ticket = extension_ticket = suspension_ticket = ticketevent_ticket

    def callback_id(self, row: Row) -> str:
        return f"Callback_{row['id']}"

    # -- whistles ------------------------------------------------------------------------------

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
        led = (t for t in self.world.tables["ticket"] if t["lead_unit_id"] == row["id"])
        rows = self._tickets(args.get("filter"), led)
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
