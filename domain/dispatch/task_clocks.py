"""The clocks of joint tasks: each has its own, at the ticket's level, beside the lead's (B14).

As with the lead's, a clock has at most one armed timer: the warning, then the deadline. What comes
after a missed deadline is the supervisor's choice: excuse the unit, or supervise it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from domain.dispatch import clocks, parts
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.models import TaskSegment
from domain.dispatch.points import DEADLINE, WARNING
from domain.dispatch.segments import Segment, since_start
from domain.dispatch.ticking import read_segment, written_segment
from domain.kernel import timers
from domain.kernel.membership import among
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ClockName, ResponseLevel, TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets.assignments import Assignment
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step, transition

_STEPS = {WARNING: Step.TASK_WARN, DEADLINE: Step.TASK_OVERDUE}
_Clock = tuple[UUID, ClockName]  # task, clock


def start_tasks(
    work: UnitOfWork, rules: Rules, ticket: Ticket, tasks: Sequence[Assignment]
) -> None:
    """Start the clocks of new joint tasks, from now, at the ticket's level.

    A task in a rework round has the shorter limit of its round, as the lead has.
    """
    level = ResponseLevel(ticket.level)
    for task in tasks:
        for position, clock in enumerate(ClockName):
            segment = clocks.start(rules.profile, clock, level, work.now, round=ticket.round)
            due = clocks.deadline([segment], rules.calendar, rules.zone)
            warning = clocks.warning_at(rules.profile, [segment], rules.calendar, rules.zone)
            assert due is not None and warning is not None
            write(work, task, clock, segment, position, due)
            arm(work, task, clock, WARNING, warning)


async def stop(work: UnitOfWork, task: Assignment, which: Sequence[ClockName]) -> None:
    """A clock whose duty is done has no point left to fire."""
    kinds = [timer_kind(clock) for clock in which]
    await timers.disarm(work, task.ticket_id, kinds, task=str(task.id))


def running(task: Assignment) -> list[ClockName]:
    """The clocks of a task whose duty is not done yet."""
    if not parts.is_open(task):
        return []
    done = {
        ClockName.ACCEPT: task.accepted_at,
        ClockName.CONTACT: task.contacted_at,
        ClockName.REPLY: task.replied_at,
    }
    return [clock for clock in ClockName if done[clock] is None]


async def fire(
    work: UnitOfWork, rules: Rules, tickets: Mapping[UUID, Ticket], due: Sequence[Timer]
) -> None:
    """Take what due timers of tasks stand for into the history, in order, and arm the next points.

    `tickets` are the timers' tickets, locked. A timer of a task that is over, or of a ticket that
    is in nobody's hands, changes nothing; one whose point has moved ahead is armed anew.
    """
    rules = await rules_now(work, rules)
    ids = {UUID(timer.payload["task"]) for timer in due}
    tasks = await _tasks(work, ids)
    found = await segments_of(work, ids)
    for timer in due:
        task, clock = tasks[UUID(timer.payload["task"])], _clock_of(timer)
        ticket = tickets[timer.subject_id]
        step = _STEPS[timer.payload["point"]]
        if clock in running(task) and TicketStatus(ticket.status) in transition(step).sources:
            _fire(work, rules, ticket, task, timer, since_start(found[task.id, clock]))


def _clock_of(timer: Timer) -> ClockName:
    return ClockName(timer.kind.removeprefix("task."))


def _fire(
    work: UnitOfWork,
    rules: Rules,
    ticket: Ticket,
    task: Assignment,
    timer: Timer,
    segments: Sequence[Segment],
) -> None:
    point: str = timer.payload["point"]
    clock = _clock_of(timer)
    due = clocks.deadline(segments, rules.calendar, rules.zone)
    warning = clocks.warning_at(rules.profile, segments, rules.calendar, rules.zone)
    at = warning if point == WARNING else due
    if at is None or due is None:
        return  # it stands still; what lets it run again arms it
    if at > work.now:
        timers.arm(work, timer.kind, ticket.id, at, **timer.payload)
        return
    if point == WARNING:
        task.warned_at = work.now
        arm(work, task, clock, DEADLINE, due)
    else:
        task.overdue_at = task.overdue_at or due
    advance(
        work, ticket, _STEPS[point], unit_id=task.unit_id, clock=clock.value, task=str(task.id),
        due=at.isoformat(), deadline=due.isoformat(),
    )  # fmt: skip


def write(
    work: UnitOfWork,
    task: Assignment,
    clock: ClockName,
    segment: Segment,
    position: int,
    due: datetime | None,
) -> None:
    """Put a segment on record with the deadline that follows; the task repeats the reply's."""
    work.record(
        TaskSegment(
            id=work.new_id(),
            ticket_id=task.ticket_id,
            assignment_id=task.id,
            position=position,
            clock=clock.value,
            kind=segment.kind.value,
            at=segment.at,
            detail=written_segment(segment),
            cause=segment.cause.value,
            deadline=due,
        )
    )
    if clock is ClockName.REPLY:
        task.deadline = due


def timer_kind(clock: ClockName) -> str:
    """The kind under which a clock's timers are armed; their subject is the ticket."""
    return f"task.{clock.value}"


def arm(work: UnitOfWork, task: Assignment, clock: ClockName, point: str, at: datetime) -> None:
    """Arm a clock's timer for a point."""
    timers.arm(
        work, timer_kind(clock), task.ticket_id, at,
        point=point, round=task.round, task=str(task.id),
    )  # fmt: skip


async def _tasks(work: UnitOfWork, ids: Iterable[UUID]) -> Mapping[UUID, Assignment]:
    rows = await work.session.scalars(
        select(Assignment)
        .where(among(Assignment.id, ids))
        .execution_options(populate_existing=True)
    )
    return {task.id: task for task in rows}


async def segments_of(work: UnitOfWork, tasks: Iterable[UUID]) -> Mapping[_Clock, list[Segment]]:
    """The segments of the tasks' clocks, in order; one statement for all of them."""
    rows = await work.session.scalars(
        select(TaskSegment)
        .where(among(TaskSegment.assignment_id, tasks))
        .order_by(TaskSegment.assignment_id, TaskSegment.position)
    )
    found: defaultdict[_Clock, list[Segment]] = defaultdict(list)
    for row in rows:
        segment = read_segment(row.kind, row.at, row.cause, row.detail)
        found[row.assignment_id, ClockName(row.clock)].append(segment)
    return found
