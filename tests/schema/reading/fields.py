"""The fields of objects, one plain function each, over rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.dispatch.clocks import warning_at
from domain.dispatch.explanation import Request, explain
from domain.dispatch.segments import Segment, since_start
from domain.dispatch.ticking import read_segment
from domain.kernel.actor import Actor, Role
from domain.kernel.limit import CalendarKind, Limit
from domain.kernel.vocabulary import ClockName, ExtensionStatus, TicketStatus
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
        return {condition for condition, holds in found.items() if holds}

    def ticket_history(self, row: Row, **args: Any) -> Page:
        events = self.world.by_ticket["ticket_event"].get(row["id"], [])
        seen = [event for event in events if self._sees_event(event)]
        return self._page("TicketEvent", "HISTORY", seen, lambda event: event["position"], args)

    def clock_segments(self, row: Row) -> list[Found]:
        rows = sorted(self._of_seen("clock_segment", row), key=lambda found: found["position"])
        return [Found("ClockSegment", found) for found in rows]

    def ticket_extensions(self, row: Row) -> list[Found]:
        rows = [found for found in self._of_seen("extension", row) if self._sees_extension(found)]
        return [Found("Extension", found) for found in sorted(rows, key=lambda f: f["id"])]

    def ticket_suspensions(self, row: Row) -> list[Found]:
        rows = sorted(self._of_seen("suspension", row), key=lambda found: found["id"])
        return [Found("Suspension", found) for found in rows]

    def clock_clocks(self, row: Row) -> list[Found]:
        last: dict[str, Row] = {}
        for found in sorted(self._of_seen("clock_segment", row), key=lambda f: f["position"]):
            last[found["clock"]] = found
        return [Found("SingleClock", last[name]) for name in sorted(last)]

    def singleclock_state(self, row: Row) -> str:
        ticket = self.world.by_id["ticket"][row["ticket_id"]]
        done = {"ACCEPT": "accepted_at", "CONTACT": "contacted_at", "REPLY": "replied_at"}
        ended = ticket["status"] in {"ANSWERED", "REDIRECTED", "MERGED", "CLOSED", "WITHDRAWN"}
        if ended or ticket[done[row["clock"]]] is not None:
            return "DONE"
        return "STOPPED" if row["deadline"] is None else "RUNNING"

    def singleclock_warning_at(self, row: Row) -> Any:
        rules = self.world.rules
        segments = self._segments(row["ticket_id"], row["clock"], row["round"])
        return warning_at(rules.profile, segments, rules.calendar, rules.zone)

    def singleclock_explanation(self, row: Row, language: str | None = "ZH") -> str | None:
        return self._explained(row["ticket_id"], row["clock"], row, language)

    def clock_explanation(self, row: Row, language: str | None = "ZH") -> str | None:
        return self._explained(row["id"], "REPLY", row, language)

    def _segments(self, ticket_id: UUID, clock: str, round_: int) -> Sequence[Segment]:
        rows = self.world.by_ticket["clock_segment"].get(ticket_id, [])
        segments = [
            read_segment(found["kind"], found["at"], found["cause"], found["detail"])
            for found in sorted(rows, key=lambda found: found["position"])
            if found["clock"] == clock and found["round"] == round_
        ]
        return since_start(segments)

    def _explained(self, ticket_id: UUID, clock: str, row: Row, language: str | None) -> str | None:
        rules, round_, due = self.world.rules, row["round"], row["deadline"]
        counted = self._segments(ticket_id, clock, round_)
        staff = self.actor.role not in {Role.CITIZEN, Role.PARTNER, Role.PUBLIC}
        asked = self.world.by_ticket["extension"].get(ticket_id, [])
        requests = [
            Request(
                ExtensionStatus(one["status"]), one["requested_at"],
                Limit(limit=one["limit"], calendar=CalendarKind.WORKING), one["reason"],
                one["decided_at"], one["decision"],
            )
            for one in sorted(asked, key=lambda one: one["id"])
            if staff and clock == "REPLY"
            if (one["round"], one["status"] == "APPROVED") == (round_, False)
        ]  # fmt: skip
        wanted: Any = "en" if language == "EN" else "zh"
        if not counted:
            return None
        name = ClockName(clock)
        return explain(
            counted, rules.calendar, rules.zone, wanted, clock=name, due=due, requests=requests
        )

    def assignment_segments(self, row: Row) -> list[Found]:
        return [Found("TaskSegment", found) for found in self._task_segments(row)]

    def assignment_explanation(self, row: Row, language: str | None = "ZH") -> str | None:
        rules = self.world.rules
        segments = [
            read_segment(found["kind"], found["at"], found["cause"], found["detail"])
            for found in self._task_segments(row)
            if found["clock"] == "REPLY"
        ]
        wanted: Any = "en" if language == "EN" else "zh"
        return explain(segments, rules.calendar, rules.zone, wanted) if segments else None

    def _task_segments(self, row: Row) -> list[Row]:
        rows = self.world.by_ticket["task_segment"].get(row["ticket_id"], [])
        mine = [found for found in rows if found["assignment_id"] == row["id"]]
        return sorted(mine, key=lambda found: found["position"])

    def clocksegment_level(self, row: Row) -> Any:
        return row["detail"]["level"]

    def clocksegment_limit(self, row: Row) -> Any:
        limit = row["detail"]["limit"]
        return limit["limit"] if limit else None

    tasksegment_level, tasksegment_limit = clocksegment_level, clocksegment_limit

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
    extension_unit = suspension_unit = assignment_unit
    callback_ticket = extension_ticket = suspension_ticket = ticketevent_ticket
    contest_ticket = supervisionorder_ticket = ticketevent_ticket

    def extension_id(self, row: Row) -> str:
        return f"Extension_{row['id']}"

    def suspension_id(self, row: Row) -> str:
        return f"Suspension_{row['id']}"

    def callback_id(self, row: Row) -> str:
        return f"Callback_{row['id']}"

    # -- whistles ------------------------------------------------------------------------------

    def ticket_whistles(self, row: Row) -> list[Found]:
        rows = sorted(self._of_seen("whistle", row), key=lambda found: found["id"])
        return [Found("Whistle", found) for found in rows]

    def whistle_id(self, row: Row) -> str:
        return f"Whistle_{row['id']}"

    whistle_ticket, whistle_caller = ticketevent_ticket, assignment_unit

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

    reportin_unit = reportinfigures_unit = assignment_unit

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
