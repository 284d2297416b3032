"""Many tickets at a new level: their clocks follow, in a few statements for all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from domain.dispatch import clocks
from domain.dispatch.city import Rules
from domain.dispatch.models import ClockSegment
from domain.dispatch.segments import Segment, since_start
from domain.dispatch.ticking import KINDS, read_segment, record, running
from domain.kernel import timers
from domain.kernel.membership import among
from domain.kernel.vocabulary import ClockName, ResponseLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket

_Clock = tuple[UUID, str]


async def change_levels(
    work: UnitOfWork, rules: Rules, tickets: Sequence[Ticket], reason: str
) -> None:
    """Let the running clocks of dispatched tickets follow the level that each now has.

    The tickets are locked. Their timers are armed anew; what they ran, and their pauses, stay.
    """
    dispatched = {ticket.id: ticket for ticket in tickets if ticket.lead_unit_id is not None}
    if not dispatched:
        return
    await timers.disarm_all(work, list(dispatched), KINDS)
    found, lengths = await _segments(work, dispatched)
    for ticket in dispatched.values():
        level = ResponseLevel(ticket.level)
        for number, clock in enumerate(running(ticket)):
            segment = clocks.change_level(
                rules.profile, clock, level, work.now, round=ticket.round, text=reason
            )
            earlier = since_start(found[ticket.id, clock.value])
            position = lengths[ticket.id] + number
            record(work, rules, ticket, clock, [*earlier, segment], segment, position)


async def _segments(
    work: UnitOfWork, tickets: dict[UUID, Ticket]
) -> tuple[dict[_Clock, list[Segment]], Counter[UUID]]:
    """The segments of each clock in its ticket's present round, and how many a ticket has."""
    rows = await work.session.execute(
        select(
            ClockSegment.ticket_id,
            ClockSegment.clock,
            ClockSegment.round,
            ClockSegment.kind,
            ClockSegment.at,
            ClockSegment.cause,
            ClockSegment.detail,
        )
        .where(among(ClockSegment.ticket_id, tickets))
        .order_by(ClockSegment.ticket_id, ClockSegment.position)
    )
    found: defaultdict[_Clock, list[Segment]] = defaultdict(list)
    lengths: Counter[UUID] = Counter()
    for ticket_id, clock, round_, *segment in rows:
        lengths[ticket_id] += 1
        if round_ == tickets[ticket_id].round:
            found[ticket_id, ClockName(clock).value].append(read_segment(*segment))
    return found, lengths
