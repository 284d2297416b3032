"""What only Python can say of a ticket: the actions that are open to the viewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, case, func, literal_column

from domain.kernel.actor import Role
from domain.kernel.visibility import actor_role
from domain.kernel.vocabulary import TicketStatus
from domain.tickets import policy as tasks
from domain.tickets.policy import standing
from domain.tickets.workflow import Condition, Party, available_actions
from domain.whistles import policy as whistles
from schema.reading.declare import Computed, Reader
from schema.reading.objects import text_literal


def _actions(rows: Sequence[dict[str, Any]], _reader: Reader) -> list[list[str]]:
    return [
        [
            action.value
            for action in available_actions(
                TicketStatus(row["status"]), Party(row["who"]), _conditions(row["holding"])
            )
        ]
        for row in rows
    ]


def _conditions(names: str) -> frozenset[Condition]:
    return frozenset(Condition(name) for name in names.split())


_SPACE, _NONE = literal_column("' '", Text()), literal_column("''", Text())


def holding(ticket: FromClause) -> ColumnElement[str]:
    """The names of the conditions that hold for the actor, with spaces between.

    Those of parts are asked for those only whose actions they open: units and supervisors.
    """
    named = tasks.conditions(ticket) | whistles.conditions(ticket)
    asked = actor_role().in_(
        [text_literal(Role.HANDLER.value), text_literal(Role.SUPERVISOR.value)]
    )
    of_parts = case((asked, func.concat_ws(_SPACE, *_words(named))), else_=_NONE)
    return func.concat_ws(_SPACE, of_parts, *_words(tasks.states(ticket)))


def _words(named: Mapping[Condition, ColumnElement[bool]]) -> list[ColumnElement[str]]:
    return [case((holds, text_literal(name.value))) for name, holds in named.items()]


AVAILABLE_ACTIONS = Computed(
    needs={"status": lambda ticket: ticket.c.status, "who": standing, "holding": holding},
    compute=_actions,
)
