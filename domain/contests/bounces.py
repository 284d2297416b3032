"""退单流向: who returns what to whom in a period, counted in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Integer, Subquery, cast, func, literal, select, union_all

from domain.contests.models import Contest
from domain.dispatch.models import Transfer, TransferCause
from domain.tickets.models import Ticket


def bounces(begin: ColumnElement[Any], end: ColumnElement[Any]) -> Subquery:
    """One row a pair of units and category: `count`, `contested`, `upheld`, `rejected`, `by_hand`.

    Contests raised in [begin, end), from the unit that contested to the one that a ruling gave the
    ticket, else to the one that was suggested, else to none; and tickets that the centre took from
    a unit and gave to another by hand. `count` is all of them.
    """
    zero, one = cast(literal(0), Integer), cast(literal(1), Integer)
    contests = select(
        Contest.ticket_id,
        Contest.unit_id.label("from_unit_id"),
        func.coalesce(Contest.to_unit_id, Contest.suggested_unit_id).label("to_unit_id"),
        Contest.ruling.label("ruling"),
        one.label("contested"),
    ).where(Contest.raised_at >= begin, Contest.raised_at < end)
    by_hand = select(
        Transfer.ticket_id,
        Transfer.from_unit_id,
        Transfer.to_unit_id,
        literal(None).label("ruling"),
        zero.label("contested"),
    ).where(Transfer.at >= begin, Transfer.at < end, Transfer.cause == TransferCause.HAND.value)
    every = union_all(contests, by_hand).subquery()
    keys = (every.c.from_unit_id, every.c.to_unit_id, Ticket.category_code)
    return (
        select(
            *keys,
            func.count().label("count"),
            func.sum(every.c.contested).label("contested"),
            func.count().filter(every.c.ruling == "UPHELD").label("upheld"),
            func.count().filter(every.c.ruling == "REJECTED").label("rejected"),
            func.sum(1 - every.c.contested).label("by_hand"),
        )
        .select_from(every)
        .join(Ticket, Ticket.id == every.c.ticket_id)
        .group_by(*keys)
        .subquery()
    )
