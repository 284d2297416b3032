"""Lists of tickets: their orders and the conditions of a filter."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Text,
    any_,
    func,
    literal_column,
    select,
)

from domain.kernel.aliases import alias_of
from domain.kernel.visibility import present
from domain.tickets.code import read_code
from domain.tickets.lines import EmergencyLine
from domain.units.models import Unit
from schema.errors import PublicError
from schema.reading.declare import Arguments, Order

# Until these are over, a deadline can be missed.
RUNNING = ("RECEIVED", "DISPATCHED", "CONTESTED", "ACCEPTED", "SUSPENDED")
_FAR = literal_column("timestamptz '9999-12-31 00:00:00+00'", DateTime(timezone=True))

NEWEST_FIRST = Order("SUBMITTED_AT_DESC", lambda ticket: [ticket.c.id], descending=True)
OLDEST_FIRST = Order("SUBMITTED_AT_ASC", lambda ticket: [ticket.c.id])
DEADLINE_FIRST = Order(
    "DEADLINE_ASC",
    lambda ticket: [ticket.c.priority, func.coalesce(ticket.c.deadline, _FAR), ticket.c.id],
)
_ORDERS = {order.name: order for order in (NEWEST_FIRST, OLDEST_FIRST, DEADLINE_FIRST)}


def newest_first(_arguments: Arguments) -> Order:
    """The order of lists that offer no choice; ids are UUIDv7, so theirs is the order of time."""
    return NEWEST_FIRST


def chosen_order(arguments: Arguments) -> Order:
    """The order that `orderBy` names."""
    choice = arguments.choice("orderBy")
    return NEWEST_FIRST if choice is None else _ORDERS[getattr(choice, "value", choice)]


def overdue(ticket: FromClause) -> ColumnElement[bool]:
    """Whether the reply is due and not there."""
    return (ticket.c.deadline <= present()) & ticket.c.status.in_(
        [literal_column(f"'{status}'") for status in RUNNING]
    )


def ticket_conditions(ticket: FromClause, arguments: Arguments) -> list[ColumnElement[bool]]:
    """The conditions of a `TicketFilter`; what it does not name, it does not narrow."""
    if not arguments.has("filter"):
        return []
    conditions: list[ColumnElement[bool]] = []
    for name, column in _MEMBERS.items():
        if arguments.has("filter", name):
            wanted = arguments.bind("filter", name, type_=ARRAY(Text()))
            conditions.append(ticket.c[column] == any_(wanted))
    for name, column in _EQUALS.items():
        if arguments.has("filter", name):
            conditions.append(ticket.c[column] == arguments.bind("filter", name, type_=Text()))
    conditions += _units(ticket, arguments) + _times(ticket, arguments)
    if arguments.has("filter", "overdue"):
        is_overdue = overdue(ticket)
        # Not its negation: what waits for triage has no deadline, and null is neither.
        late = arguments.choice("filter", "overdue")
        conditions.append(is_overdue if late else is_overdue.is_not(True))
    return conditions


_MEMBERS = {"status": "status", "kind": "kind", "level": "level", "channel": "channel"}
_EQUALS = {"category": "category_code"}


def _units(ticket: FromClause, arguments: Arguments) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if arguments.has("filter", "unitCode"):
        unit = alias_of(Unit)
        code = arguments.bind("filter", "unitCode", type_=Text())
        named = select(unit.c.id).where(unit.c.code == code).scalar_subquery()
        conditions.append(ticket.c.lead_unit_id == named)
    if arguments.has("filter", "code"):
        code = arguments.bind_with(read_code, "filter", "code", type_=Text())
        conditions.append(ticket.c.code == code)
    if arguments.has("filter", "line"):
        line = alias_of(EmergencyLine)
        code = arguments.bind("filter", "line", type_=Text())
        of_code = select(line.c.id).where(line.c.code == code)
        conditions.append(ticket.c.line_id.in_(of_code))
    return conditions


def _times(ticket: FromClause, arguments: Arguments) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    moment = DateTime(timezone=True)
    if arguments.has("filter", "submittedFrom"):
        begin = arguments.bind_with(aware, "filter", "submittedFrom", type_=moment)
        conditions.append(ticket.c.submitted_at >= begin)
    if arguments.has("filter", "submittedBefore"):
        end = arguments.bind_with(aware, "filter", "submittedBefore", type_=moment)
        conditions.append(ticket.c.submitted_at < end)
    return conditions


def aware(moment: datetime) -> datetime:
    """The moment in UTC. Raises PublicError without an offset, or out of the calendar."""
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass
    raise PublicError("a moment needs an offset and a year from 1 to 9999", "INVALID_MOMENT")
