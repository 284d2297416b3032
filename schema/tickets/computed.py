"""What only Python can say of a ticket: the actions that are open to the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.kernel.vocabulary import TicketStatus
from domain.tickets.policy import standing
from domain.tickets.workflow import Party, available_actions
from schema.reading.declare import Computed, Reader


def _actions(rows: Sequence[dict[str, Any]], _reader: Reader) -> list[list[str]]:
    return [
        [
            action.value
            for action in available_actions(TicketStatus(row["status"]), Party(row["who"]))
        ]
        for row in rows
    ]


AVAILABLE_ACTIONS = Computed(
    needs={"status": lambda ticket: ticket.c.status, "who": standing}, compute=_actions
)
