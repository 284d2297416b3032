"""A ticket's clocks in the database: started, moved and stopped together with their timers.

Each clock has at most one armed timer, for its next point: the warning, then the deadline, then
each escalation. Firing one arms the next (firing.py), so after an outage the points that were
missed follow one another at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from domain.dispatch import clocks
from domain.dispatch.city import Rules
from domain.dispatch.models import ClockSegment
from domain.dispatch.segments import Cause, Segment, SegmentKind, since_start
from domain.kernel import timers
from domain.kernel.limit import Limit
from domain.kernel.vocabulary import ClockName, ResponseLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket

WARNING, DEADLINE, ESCALATION = "WARNING", "DEADLINE", "ESCALATION"


def timer_kind(clock: ClockName) -> str:
    """The kind under which a clock's timers are armed."""
    return f"clock.{clock.value}"


KINDS = tuple(timer_kind(clock) for clock in ClockName)


async def start_clocks(work: UnitOfWork, rules: Rules, ticket: Ticket, *, again: bool) -> None:
    """Start all clocks of the ticket's present round, from now, at its level.

    `again` says whether clocks of the ticket ran before; their segments stay on record.
    """
    position = await _length(work, ticket.id) if again else 0
    level = ResponseLevel(ticket.level)
    for number, clock in enumerate(ClockName):
        segment = clocks.start(rules.profile, clock, level, work.now, round=ticket.round)
        record(work, rules, ticket, clock, [segment], segment, position + number)


async def change_level(work: UnitOfWork, rules: Rules, ticket: Ticket, reason: str) -> None:
    """Let the clocks that run follow the ticket's new level."""
    moved = running(ticket)
    await timers.disarm(work, ticket.id, [timer_kind(clock) for clock in moved])
    position = await _length(work, ticket.id)
    level = ResponseLevel(ticket.level)
    for number, clock in enumerate(moved):
        earlier = await segments_of(work, ticket.id, clock, ticket.round)
        segment = clocks.change_level(
            rules.profile, clock, level, work.now, round=ticket.round, text=reason
        )
        record(work, rules, ticket, clock, [*earlier, segment], segment, position + number)


async def stop_clocks(work: UnitOfWork, ticket: Ticket, which: Sequence[ClockName]) -> None:
    """A clock whose duty is done has no point left to fire."""
    await timers.disarm(work, ticket.id, [timer_kind(clock) for clock in which])


def running(ticket: Ticket) -> list[ClockName]:
    """The clocks whose duty is not done yet."""
    done = {
        ClockName.ACCEPT: ticket.accepted_at,
        ClockName.CONTACT: ticket.contacted_at,
        ClockName.REPLY: ticket.replied_at,
    }
    return [clock for clock in ClockName if done[clock] is None]


def record(
    work: UnitOfWork,
    rules: Rules,
    ticket: Ticket,
    clock: ClockName,
    segments: Sequence[Segment],
    new: Segment,
    position: int,
) -> None:
    """Write a clock's new segment, the deadline by all of them, and its next timer."""
    due = clocks.deadline(segments, rules.calendar, rules.zone)
    warning = clocks.warning_at(rules.profile, segments, rules.calendar, rules.zone)
    assert due is not None and warning is not None
    work.follow(
        ClockSegment(
            id=work.new_id(),
            ticket_id=ticket.id,
            position=position,
            clock=clock.value,
            round=ticket.round,
            kind=new.kind.value,
            at=new.at,
            detail=_written(new),
            cause=new.cause.value,
            deadline=due,
        )
    )
    if clock is ClockName.REPLY:
        ticket.deadline = due
    arm(work, ticket, clock, WARNING, warning)


def arm(
    work: UnitOfWork, ticket: Ticket, clock: ClockName, point: str, at: datetime, **more: Any
) -> None:
    """Arm a clock's timer for a point of the present round."""
    timers.arm(work, timer_kind(clock), ticket.id, at, point=point, round=ticket.round, **more)


async def segments_of(
    work: UnitOfWork, ticket_id: UUID, clock: ClockName, round_: int
) -> Sequence[Segment]:
    """The segments of one clock in one round since it was started last, in order."""
    await work.flush()
    rows = await work.session.scalars(
        select(ClockSegment)
        .where(
            ClockSegment.ticket_id == ticket_id,
            ClockSegment.clock == clock.value,
            ClockSegment.round == round_,
        )
        .order_by(ClockSegment.position)
    )
    return since_start([read_segment(row.kind, row.at, row.cause, row.detail) for row in rows])


async def _length(work: UnitOfWork, ticket_id: UUID) -> int:
    await work.flush()
    count = await work.session.scalar(
        select(func.count()).where(ClockSegment.ticket_id == ticket_id)
    )
    return int(count or 0)


def _written(segment: Segment) -> dict[str, Any]:
    return {
        "limit": segment.limit.model_dump(mode="json") if segment.limit else None,
        "level": segment.level.value if segment.level else None,
        "text": segment.text,
    }


def read_segment(kind: str, at: datetime, cause: str, detail: dict[str, Any]) -> Segment:
    """A segment from its row; `detail` is the JSON that `_written` made."""
    limit = Limit.model_validate(detail["limit"]) if detail["limit"] else None
    level = ResponseLevel(detail["level"]) if detail["level"] else None
    return Segment(SegmentKind(kind), at, Cause(cause), limit, level, detail["text"])
