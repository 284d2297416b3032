"""A ticket's clocks in the database: started, read and ended together with their timers.

Each clock has at most one armed timer, for its next point: the warning, then the deadline, then
each escalation. Firing one arms the next (firing.py), so after an outage the points that were
missed follow one another at once. What moves a clock that runs is in moving.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from domain.dispatch import clocks
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.models import ClockSegment
from domain.dispatch.points import WARNING
from domain.dispatch.segments import Cause, Segment, SegmentKind, since_start
from domain.kernel import timers
from domain.kernel.limit import Limit
from domain.kernel.membership import among
from domain.kernel.vocabulary import ClockName, ResponseLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket


def timer_kind(clock: ClockName) -> str:
    """The kind under which a clock's timers are armed."""
    return f"clock.{clock.value}"


def escalation_kind(clock: ClockName) -> str:
    """The kind of the timers of those before whom a clock was brought; they end with its duty."""
    return f"escalation.{clock.value}"


KINDS = tuple(kind(clock) for kind in (timer_kind, escalation_kind) for clock in ClockName)


async def start_clocks(work: UnitOfWork, rules: Rules, ticket: Ticket, *, again: bool) -> None:
    """Start all clocks of the ticket's present round, from now, at its level.

    `again` says whether clocks of the ticket ran before; their segments stay on record.
    """
    rules = await rules_now(work, rules)
    position = (await recorded(work, [ticket.id])).lengths[ticket.id] if again else 0
    level = ResponseLevel(ticket.level)
    for number, clock in enumerate(ClockName):
        segment = clocks.start(rules.profile, clock, level, work.now, round=ticket.round)
        due = clocks.deadline([segment], rules.calendar, rules.zone)
        warning = clocks.warning_at(rules.profile, [segment], rules.calendar, rules.zone)
        assert due is not None and warning is not None
        write(work, ticket, clock, segment, position + number, due)
        arm(work, ticket, clock, WARNING, warning)


async def stop_clocks(work: UnitOfWork, ticket: Ticket, which: Sequence[ClockName]) -> None:
    """A clock whose duty is done has no point left to fire."""
    kinds = [kind(clock) for kind in (timer_kind, escalation_kind) for clock in which]
    await timers.disarm(work, ticket.id, kinds)


def running(ticket: Ticket) -> list[ClockName]:
    """The clocks whose duty is not done yet."""
    done = {
        ClockName.ACCEPT: ticket.accepted_at,
        ClockName.CONTACT: ticket.contacted_at,
        ClockName.REPLY: ticket.replied_at,
    }
    return [clock for clock in ClockName if done[clock] is None]


def write(
    work: UnitOfWork,
    ticket: Ticket,
    clock: ClockName,
    segment: Segment,
    position: int,
    due: datetime | None,
) -> None:
    """Put a segment on record with the deadline that follows; the ticket repeats the reply's."""
    work.record(
        ClockSegment(
            id=work.new_id(),
            ticket_id=ticket.id,
            position=position,
            clock=clock.value,
            round=ticket.round,
            kind=segment.kind.value,
            at=segment.at,
            detail=written_segment(segment),
            cause=segment.cause.value,
            deadline=due,
        )
    )
    if clock is ClockName.REPLY:
        ticket.deadline = due


def arm(
    work: UnitOfWork, ticket: Ticket, clock: ClockName, point: str, at: datetime, **more: Any
) -> None:
    """Arm a clock's timer for a point of the present round."""
    timers.arm(work, timer_kind(clock), ticket.id, at, point=point, round=ticket.round, **more)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is on record of the clocks of some tickets, with how much that is."""

    segments: Mapping[tuple[UUID, str, int], Sequence[Segment]]
    lengths: Mapping[UUID, int]

    def of(self, ticket: Ticket, clock: ClockName) -> Sequence[Segment]:
        """The segments of a clock in the ticket's present round, since it was started last."""
        return since_start(self.segments.get((ticket.id, clock.value, ticket.round), ()))


async def recorded(work: UnitOfWork, tickets: Iterable[UUID]) -> Recorded:
    """Read the segments of many tickets in one statement."""
    await work.flush()
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
    segments: defaultdict[tuple[UUID, str, int], list[Segment]] = defaultdict(list)
    lengths: defaultdict[UUID, int] = defaultdict(int)
    for ticket, clock, round_, *segment in rows:
        segments[ticket, clock, round_].append(read_segment(*segment))
        lengths[ticket] += 1
    return Recorded(segments, lengths)


def written_segment(segment: Segment) -> dict[str, Any]:
    """The JSON of a segment's row; `read_segment` reads it."""
    detail: dict[str, Any] = {
        "limit": segment.limit.model_dump(mode="json") if segment.limit else None,
        "level": segment.level.value if segment.level else None,
        "text": segment.text,
    }
    if segment.review_on is not None:
        detail["review_on"] = segment.review_on.isoformat()
    if segment.moved is not None:
        detail["moved"] = [instant.isoformat() for instant in segment.moved]
    return detail


def read_segment(kind: str, at: datetime, cause: str, detail: dict[str, Any]) -> Segment:
    """A segment from its row; `detail` is the JSON that `written_segment` made."""
    limit = Limit.model_validate(detail["limit"]) if detail["limit"] else None
    level = ResponseLevel(detail["level"]) if detail["level"] else None
    review, moved = detail.get("review_on"), detail.get("moved")
    return Segment(
        SegmentKind(kind),
        at,
        Cause(cause),
        limit,
        level,
        detail["text"],
        date.fromisoformat(review) if review else None,
        (datetime.fromisoformat(moved[0]), datetime.fromisoformat(moved[1])) if moved else None,
    )
