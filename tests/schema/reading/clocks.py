"""The fields of clocks, extensions and suspensions, over rows in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.dispatch.clocks import warning_at
from domain.dispatch.explanation import Request, explain
from domain.dispatch.segments import Segment, since_start
from domain.dispatch.ticking import read_segment
from domain.kernel.actor import Role
from domain.kernel.limit import CalendarKind, Limit
from domain.kernel.vocabulary import ClockName, ExtensionStatus
from tests.schema.reading.fields import Fields
from tests.schema.reading.world import Found, Row


class ClockFields(Fields):
    """What the fields of the clocks' types give."""

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
        ended = ticket["status"] in {"ANSWERED", "REDIRECTED", "CLOSED", "WITHDRAWN"}
        ended = ended or ticket["lead_unit_id"] is None
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

    extension_unit = suspension_unit = Fields.assignment_unit

    def extension_id(self, row: Row) -> str:
        return f"Extension_{row['id']}"

    def suspension_id(self, row: Row) -> str:
        return f"Suspension_{row['id']}"
