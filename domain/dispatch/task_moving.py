"""What moves the clocks of joint tasks that run: a level, a stop and its end, another calendar.

They go with the lead's (moving.py), of many tickets at once, by the same rule (points.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from domain.dispatch import clocks, parts
from domain.dispatch.city import Rules
from domain.dispatch.models import TaskSegment
from domain.dispatch.points import is_past, is_warned, next_point
from domain.dispatch.segments import Segment, Timeline, since_start
from domain.dispatch.task_clocks import arm, running, segments_of, timer_kind, write
from domain.kernel import timers
from domain.kernel.membership import among
from domain.kernel.vocabulary import ClockName, ResponseLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.models import Ticket

_Recorded = Mapping[tuple[UUID, ClockName], Sequence[Segment]]
_New = Mapping[tuple[UUID, ClockName], Segment]
_Armed = Mapping[tuple[str, str], dict[str, Any]]


class TaskMoved(NamedTuple):
    """From where to where the deadline of one clock of a task moves."""

    task: Assignment
    clock: ClockName
    before: datetime
    after: datetime


async def change_level(
    work: UnitOfWork, rules: Rules, tickets: Sequence[Ticket], reason: str
) -> None:
    """Let the clocks of open tasks follow the level that each ticket now has."""
    levels = {ticket.id: ResponseLevel(ticket.level) for ticket in tickets}

    def at_its_level(task: Assignment, clock: ClockName, _: Sequence[Segment]) -> Segment:
        level = levels[task.ticket_id]
        return clocks.change_level(
            rules.profile, clock, level, work.now, round=task.round, text=reason
        )

    await _move_all(work, rules, tickets, at_its_level)


async def suspend(work: UnitOfWork, rules: Rules, ticket: Ticket, segment: Segment) -> None:
    """Stop every clock that has time left, with its ticket (挂账, J24)."""

    def stop(_: Assignment, __: ClockName, earlier: Sequence[Segment]) -> Segment | None:
        return None if is_past(rules, earlier, work.now) else segment

    await _move_all(work, rules, [ticket], stop)


async def resume(
    work: UnitOfWork, rules: Rules, tickets: Sequence[Ticket], segment: Segment
) -> None:
    """Let every clock that stands run again, with its ticket."""

    def go_on(_: Assignment, __: ClockName, earlier: Sequence[Segment]) -> Segment | None:
        return segment if Timeline.of(earlier).stands else None

    await _move_all(work, rules, tickets, go_on)


async def moved_by_calendar(
    work: UnitOfWork, rules: Rules, tickets: Sequence[UUID]
) -> Mapping[UUID, Sequence[TaskMoved]]:
    """Which clocks of open tasks end otherwise by the calendar as it now stands, by ticket."""
    moved: defaultdict[UUID, list[TaskMoved]] = defaultdict(list)
    tasks = await parts.awaited(work, tickets, AssignmentRole.JOINT)
    if not tasks:
        return moved
    found = await segments_of(work, [task.id for task in tasks])
    stored = await _deadlines(work, [task.id for task in tasks])
    for task in tasks:
        for clock in running(task):
            before = stored[task.id, clock.value]
            after = _deadline(rules, since_start(found[task.id, clock]))
            if before is not None and after is not None and before != after:
                moved[task.ticket_id].append(TaskMoved(task, clock, before, after))
    return moved


async def follow_calendar(
    work: UnitOfWork, rules: Rules, moves: Sequence[TaskMoved], text: str
) -> None:
    """Put the moves on record and arm each clock anew; the tickets are locked."""
    if not moves:
        return
    tasks = list({each.task.id: each.task for each in moves}.values())
    found = await segments_of(work, [task.id for task in tasks])
    new = {
        (each.task.id, each.clock): clocks.calendar_changed(
            work.now, text, (each.before, each.after)
        )
        for each in moves
    }
    await _move(work, rules, tasks, found, new)


async def _move_all(
    work: UnitOfWork,
    rules: Rules,
    tickets: Sequence[Ticket],
    segment_for: Callable[[Assignment, ClockName, Sequence[Segment]], Segment | None],
) -> None:
    tasks = await parts.awaited(work, [ticket.id for ticket in tickets], AssignmentRole.JOINT)
    if not tasks:
        return
    found = await segments_of(work, [task.id for task in tasks])
    new: dict[tuple[UUID, ClockName], Segment] = {}
    for task in tasks:
        for clock in running(task):
            segment = segment_for(task, clock, since_start(found[task.id, clock]))
            if segment is not None:
                new[task.id, clock] = segment
    await _move(work, rules, tasks, found, new)


async def _move(
    work: UnitOfWork, rules: Rules, tasks: Sequence[Assignment], found: _Recorded, new: _New
) -> None:
    tickets = {task.id: task.ticket_id for task in tasks}
    moving = [(tickets[task], timer_kind(clock), str(task)) for task, clock in new]
    if not moving:
        return
    armed = await timers.take_back_parts(work, "task", moving)
    for task in tasks:
        _move_task(work, rules, task, found, new, armed)


def _move_task(
    work: UnitOfWork, rules: Rules, task: Assignment, found: _Recorded, new: _New, armed: _Armed
) -> None:
    position = sum(len(found[task.id, clock]) for clock in ClockName)
    came_back = False
    for clock in running(task):
        segment = new.get((task.id, clock))
        if segment is None:
            continue
        earlier = since_start(found[task.id, clock])
        segments = [*earlier, segment]
        due = _deadline(rules, segments)
        write(work, task, clock, segment, position, due)
        position += 1
        before = armed.get((str(task.id), timer_kind(clock)))
        stood = Timeline.of(earlier).stands
        point = next_point(rules, segments, due, work.now, before, stood=stood)
        if point is not None:
            arm(work, task, clock, point.name, point.at)
        late = before is None and not stood
        came_back |= late and (due is None or due > work.now)
    if came_back:
        _no_longer_overdue(work, rules, task, found, new)


def _no_longer_overdue(
    work: UnitOfWork, rules: Rules, task: Assignment, found: _Recorded, new: _New
) -> None:
    """A clock has time again: the task's marks go where no other clock of it is overdue."""
    warned = False
    for clock in running(task):
        segment = new.get((task.id, clock))
        segments = [*since_start(found[task.id, clock]), *([segment] if segment else [])]
        if is_past(rules, segments, work.now):
            return
        warned |= is_warned(rules, segments, work.now)
    task.overdue_at = None
    if not warned:
        task.warned_at = None


def _deadline(rules: Rules, segments: Sequence[Segment]) -> datetime | None:
    return clocks.deadline(segments, rules.calendar, rules.zone)


async def _deadlines(
    work: UnitOfWork, tasks: Sequence[UUID]
) -> Mapping[tuple[UUID, str], datetime | None]:
    """The deadline that each clock has on record."""
    rows = await work.session.execute(
        select(TaskSegment.assignment_id, TaskSegment.clock, TaskSegment.deadline)
        .ext(distinct_on(TaskSegment.assignment_id, TaskSegment.clock))
        .where(among(TaskSegment.assignment_id, tasks))
        .order_by(TaskSegment.assignment_id, TaskSegment.clock, TaskSegment.position.desc())
    )
    return {(task, clock): deadline for task, clock, deadline in rows}
