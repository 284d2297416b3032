"""What moves a clock that runs: another level, more time, a stop, its end, another calendar.

The clocks of joint tasks are moved with the lead's (task_moving.py), but for an extension, which is
the lead's own.

Written for many tickets at once: their timers are taken back in one statement, and what changes is
written by the flush, one statement a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from domain.dispatch import clocks, task_moving
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.points import ESCALATION, is_past, is_warned, next_point
from domain.dispatch.segments import Segment, Timeline
from domain.dispatch.ticking import (
    Recorded,
    arm,
    recorded,
    running,
    timer_kind,
    write,
)
from domain.kernel import timers
from domain.kernel.limit import Limit
from domain.kernel.vocabulary import ClockName, ResponseLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Change:
    """A new segment for each clock of a ticket that moves."""

    ticket: Ticket
    segments: Mapping[ClockName, Segment]


async def change_level(
    work: UnitOfWork, rules: Rules, tickets: Sequence[Ticket], reason: str
) -> None:
    """Let the clocks whose duty is not done follow the level that each ticket now has."""
    if not tickets:
        return
    rules = await rules_now(work, rules)
    changes = [Change(ticket, _at_its_level(work, rules, ticket, reason)) for ticket in tickets]
    await move(work, rules, changes, await recorded(work, [ticket.id for ticket in tickets]))
    await task_moving.change_level(work, rules, tickets, reason)


def _at_its_level(
    work: UnitOfWork, rules: Rules, ticket: Ticket, reason: str
) -> Mapping[ClockName, Segment]:
    level, at = ResponseLevel(ticket.level), work.now
    return {
        clock: clocks.change_level(rules.profile, clock, level, at, round=ticket.round, text=reason)
        for clock in running(ticket)
    }


async def extend(work: UnitOfWork, rules: Rules, ticket: Ticket, limit: Limit, reason: str) -> None:
    """Add to the reply's clock (延期, B15). Raises ExtensionTooLong."""
    found = await recorded(work, [ticket.id])
    earlier = found.of(ticket, ClockName.REPLY)
    segment = clocks.extend(rules.profile, earlier, work.now, limit, reason)
    await move(work, rules, [Change(ticket, {ClockName.REPLY: segment})], found)


async def suspend(
    work: UnitOfWork, rules: Rules, ticket: Ticket, text: str, review_on: date
) -> None:
    """Stop every clock that has time left (挂账, J24); one that ran out has nothing to stop."""
    found = await recorded(work, [ticket.id])
    segment = clocks.suspend(work.now, text, review_on)
    left = [
        clock for clock in running(ticket) if not is_past(rules, found.of(ticket, clock), work.now)
    ]
    await move(work, rules, [Change(ticket, dict.fromkeys(left, segment))], found)
    await task_moving.suspend(work, rules, ticket, segment)


async def resume(work: UnitOfWork, rules: Rules, tickets: Sequence[Ticket], text: str = "") -> None:
    """Let every clock that stands run again, of many tickets at once."""
    found = await recorded(work, [ticket.id for ticket in tickets])
    segment = clocks.resume(work.now, text)
    changes = [
        Change(
            ticket,
            {
                clock: segment
                for clock in running(ticket)
                if Timeline.of(found.of(ticket, clock)).stands
            },
        )
        for ticket in tickets
    ]
    await move(work, rules, changes, found)
    await task_moving.resume(work, rules, tickets, segment)


async def move(work: UnitOfWork, rules: Rules, changes: Sequence[Change], found: Recorded) -> None:
    """Put the new segments on record after `found` and arm each clock for its next point.

    The tickets are locked by the caller, and `rules` hold the calendar of now.
    """
    pairs = [(each.ticket.id, timer_kind(clock)) for each in changes for clock in each.segments]
    if not pairs:
        return
    armed = await timers.take_back(work, pairs)
    for each in changes:
        _move(work, rules, each, found, armed)


def _move(
    work: UnitOfWork,
    rules: Rules,
    change: Change,
    found: Recorded,
    armed: Mapping[tuple[UUID, str], dict[str, Any]],
) -> None:
    ticket = change.ticket
    first = found.lengths[ticket.id]
    came_back = False
    for number, (clock, segment) in enumerate(change.segments.items()):
        earlier = found.of(ticket, clock)
        segments = [*earlier, segment]
        due = clocks.deadline(segments, rules.calendar, rules.zone)
        write(work, ticket, clock, segment, first + number, due)
        before = armed.get((ticket.id, timer_kind(clock)))
        stood = Timeline.of(earlier).stands
        point = next_point(rules, segments, due, work.now, before, stood=stood)
        if point is not None:
            more = {} if point.step is None else {"step": point.step}
            arm(work, ticket, clock, point.name, point.at, **more)
        late = not stood if before is None else before["point"] == ESCALATION
        came_back |= late and (due is None or due > work.now)
    if came_back:
        _no_longer_overdue(work, rules, change, found)


def _no_longer_overdue(work: UnitOfWork, rules: Rules, change: Change, found: Recorded) -> None:
    """A clock has time again: the ticket's marks go where no other clock of it is overdue."""
    ticket = change.ticket
    warned = False
    for clock in running(ticket):
        new = change.segments.get(clock)
        segments = [*found.of(ticket, clock), *([new] if new else [])]
        if is_past(rules, segments, work.now):
            return
        warned |= is_warned(rules, segments, work.now)
    ticket.overdue_at = ticket.escalated_to = None
    if not warned:
        ticket.warned_at = None
