"""Time that passes: clocks are set back, so that their points come due while the storm blows.

The shortest limit of a city is minutes long, the storm seconds. What is set back is what the rest
of the code computes with (a clock's start), and with it what is derived from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text, update

from domain.dispatch import clocks
from domain.dispatch.city import Rules
from domain.dispatch.models import ClockSegment
from domain.dispatch.ticking import read_segment, timer_kind
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ClockName
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket

WARN, OVERDUE, ESCALATE = "WARN", "OVERDUE", "ESCALATE"
_POINTS = (WARN, OVERDUE, ESCALATE)


class Coming(NamedTuple):
    """A clock of round 1 whose point `kind` is to come at `at`; the points before it are past."""

    ticket_id: UUID
    clock: ClockName
    kind: str
    at: datetime

    @property
    def kinds(self) -> tuple[str, ...]:
        """The points that must have fired once `at` is past, in order."""
        return _POINTS[: _POINTS.index(self.kind) + 1]


async def set_back(
    database: Database, rules: Rules, tickets: Sequence[UUID], begin: datetime, within: timedelta
) -> list[Coming]:
    """Set the clocks of tickets that are in round 1 back; their points are spread over `within`.

    In turn a clock's warning, its deadline or its first escalation comes due, so that of some the
    earlier points have to be caught up with. Their limits must be on the wall clock.
    """
    async with database.unit_of_work(SYSTEM) as work:
        # Segments are append-only, and nobody but the time itself may move them.
        await work.session.execute(text("set local session_replication_role = 'replica'"))
        rows = await work.session.scalars(
            select(Ticket).where(Ticket.id.in_(tickets)).order_by(Ticket.id).with_for_update()
        )
        found = rows.all()
        moments = _spread(begin, within, len(found) * len(ClockName))
        return [
            await _set_back(work, rules, ticket, clock, kind, at)
            for ticket in found
            for clock, (kind, at) in zip(ClockName, moments, strict=False)
        ]


def _spread(begin: datetime, within: timedelta, parts: int) -> Iterator[tuple[str, datetime]]:
    # A stride that shares no factor with the number mixes the clocks of one ticket over the time.
    for number in count():
        place = number * 7919 % parts
        # In turn, and for the clocks of the next ticket in another turn.
        yield _POINTS[(number + number // 3) % 3], begin + within * (place / parts)


async def _set_back(
    work: UnitOfWork, rules: Rules, ticket: Ticket, clock: ClockName, kind: str, at: datetime
) -> Coming:
    row = await work.session.scalar(
        select(ClockSegment).where(
            ClockSegment.ticket_id == ticket.id, ClockSegment.clock == clock.value
        )
    )
    assert row is not None and ticket.round == 1
    points = _points(rules, row)
    row.at += at - points[kind]
    points = _points(rules, row)
    row.deadline = points[OVERDUE]
    if clock is ClockName.REPLY:
        ticket.deadline = row.deadline
    await work.session.execute(
        update(Timer)
        .where(Timer.subject_id == ticket.id, Timer.kind == timer_kind(clock))
        .values(due_at=points[WARN])
    )
    return Coming(ticket.id, clock, kind, points[kind])


def _points(rules: Rules, row: ClockSegment) -> dict[str, datetime]:
    segments = [read_segment(row.kind, row.at, row.cause, row.detail)]
    warning = clocks.warning_at(rules.profile, segments, rules.calendar, rules.zone)
    due = clocks.deadline(segments, rules.calendar, rules.zone)
    assert warning is not None and due is not None
    first = clocks.escalations(rules.profile, due, rules.calendar, rules.zone)[0]
    return {WARN: warning, OVERDUE: due, ESCALATE: first.at}
