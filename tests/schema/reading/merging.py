"""The fields of merged, split and protected tickets, over rows in memory."""

from __future__ import annotations

import re
from typing import Any

from domain.kernel.actor import Role
from domain.tickets.workflow import Condition
from tests.schema.reading.queues import Queues
from tests.schema.reading.world import Found, Row

_LONG_NUMBER = re.compile(r"[0-9０-９](?:[ 　—－-]?[0-9０-９]){6,}")

# The offices' words with a ticket, which may hold its citizen's; masked for units like the rest.
_OFFICE_WORDS = {
    "Assignment": {"reason", "reply", "progress", "excuse", "request"},
    "ReportIn": {"what", "remark", "caller_remark"},
    "Whistle": {"purpose", "place", "close_reason"},
    "Contest": {"reason", "evidence", "ruling_reason"},
    "Extension": {"reason", "decision"},
    "Suspension": {"measures", "reason"},
}


class MergingFields(Queues):
    """What the fields that name other tickets give, and words that are masked for units."""

    def _ties(self, row: Row) -> set[Condition]:
        heard = row["status"] != "MERGED" or row["replied_at"] is not None
        found = {
            Condition.ASKED_ABOUT: heard and row["part_of_id"] is None,
            Condition.WAS_SPLIT: bool(self._tied("part_of_id", row)),
        }
        return {condition for condition, holds in found.items() if holds}

    def _tied(self, name: str, ticket: Row) -> list[Row]:
        rows = [found for found in self.world.tables["ticket"] if found[name] == ticket["id"]]
        return sorted(rows, key=lambda found: found["id"])

    def _seen_tied(self, name: str, ticket: Row) -> list[Found]:
        rows = [found for found in self._tied(name, ticket) if found["id"] in self.seen]
        return [Found("Ticket", found) for found in rows]

    def ticket_part_of(self, row: Row) -> Found | None:
        seen = row["part_of_id"] in self.seen
        return Found("Ticket", self.world.by_id["ticket"][row["part_of_id"]]) if seen else None

    def ticket_parts(self, row: Row) -> list[Found]:
        return self._seen_tied("part_of_id", row)

    def ticket_accused_unit(self, row: Row) -> Found | None:
        return self._unit(row["accused_unit_id"])

    def _words(self, text: str | None, ticket: Row) -> str | None:
        hidden = ticket["confidential"] or ticket["kind"] == "REPORT"
        if text is None or not hidden or self.actor.role is not Role.HANDLER:
            return text
        return _LONG_NUMBER.sub("*" * 7, text)

    def _column(self, kind: str, name: str, row: Row) -> Any:
        if name in _OFFICE_WORDS.get(kind, ()):
            return self._words(row[name], self.world.by_id["ticket"][row["ticket_id"]])
        return row[name]

    def ticket_title(self, row: Row) -> str | None:
        return self._words(row["title"], row)

    def ticket_content(self, row: Row) -> str | None:
        return self._words(row["content"], row)

    def ticket_address(self, row: Row) -> str | None:
        return self._words(row["address"], row)

    def ticketevent_remark(self, row: Row) -> str | None:
        return self._words(row["remark"], self.world.by_id["ticket"][row["ticket_id"]])

    callback_remark = ticketevent_remark

    def reply_content(self, row: Row) -> str | None:
        return self._words(row["content"], self.world.by_id["ticket"][row["ticket_id"]])

    def ticket_primary(self, row: Row) -> Found | None:
        seen = row["primary_id"] in self.seen
        return Found("Ticket", self.world.by_id["ticket"][row["primary_id"]]) if seen else None

    def ticket_following(self, row: Row) -> Found | None:
        primary = self.world.by_id["ticket"].get(row["primary_id"])
        return Found("Following", primary) if primary else None

    def ticket_followers(self, row: Row) -> list[Found]:
        return self._seen_tied("primary_id", row)

    following_lead = Queues.ticket_lead
