"""The clocks of joint tasks: each has its own, at the ticket's level, beside the lead's (B14).

As with the lead's, a clock has at most one armed timer: the warning, then the deadline. What comes
after a missed deadline is the supervisor's choice: excuse the unit, or supervise it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from domain.dispatch import clocks, parts
from domain.dispatch.city import Rules
from domain.dispatch.models import TaskSegment
from domain.dispatch.segments import Segment, since_start
from domain.dispatch.ticking import DEADLINE, WARNING, read_segment, written_segment
from domain.kernel import timers
from domain.kernel.membership import among
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ClockName, ResponseLevel, TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets.assignments import Assignment, AssignmentRole
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
            _record(work, rules, task, clock, [segment], position)


async def change_level(work: UnitOfWork, rules: Rules, ticket: Ticket, reason: str) -> None:
    """Let the clocks of open joint tasks follow the ticket's new level."""
    tasks = await parts.present(work, ticket.id, AssignmentRole.JOINT)
    tasks = [task for task in tasks if parts.is_open(task)]
    if not tasks:
        return
    await timers.disarm(work, ticket.id, parts.TASK_KINDS)
    found = await _segments(work, [task.id for task in tasks])
    level = ResponseLevel(ticket.level)
    for task in tasks:
        position = sum(len(found[task.id, clock]) for clock in ClockName)
        for number, clock in enumerate(running(task)):
            segment = clocks.change_level(
                rules.profile, clock, level, work.now, round=task.round, text=reason
            )
            recorded = [*found[task.id, clock], segment]
            _record(work, rules, task, clock, recorded, position + number)
        task.warned_at = None
        if task.deadline is not None and task.deadline > work.now:
            task.overdue_at = None  # the milder level gave it its time back


async def stop(work: UnitOfWork, task: Assignment, which: Sequence[ClockName]) -> None:
    """A clock whose duty is done has no point left to fire."""
    kinds = [f"task.{clock.value}" for clock in which]
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
    ids = {UUID(timer.payload["task"]) for timer in due}
    tasks = await _tasks(work, ids)
    found = await _segments(work, ids)
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
    assert at is not None and due is not None
    if at > work.now:
        timers.arm(work, timer.kind, ticket.id, at, **timer.payload)
        return
    if point == WARNING:
        task.warned_at = work.now
        timers.arm(
            work, timer.kind, ticket.id, due, point=DEADLINE, round=task.round, task=str(task.id)
        )
    else:
        task.overdue_at = task.overdue_at or due
    advance(
        work, ticket, _STEPS[point], unit_id=task.unit_id, clock=clock.value, task=str(task.id),
        due=at.isoformat(), deadline=due.isoformat(),
    )  # fmt: skip


def _record(
    work: UnitOfWork,
    rules: Rules,
    task: Assignment,
    clock: ClockName,
    segments: Sequence[Segment],
    position: int,
) -> None:
    due = clocks.deadline(segments, rules.calendar, rules.zone)
    warning = clocks.warning_at(rules.profile, segments, rules.calendar, rules.zone)
    assert due is not None and warning is not None
    new = segments[-1]
    work.record(
        TaskSegment(
            id=work.new_id(),
            ticket_id=task.ticket_id,
            assignment_id=task.id,
            position=position,
            clock=clock.value,
            kind=new.kind.value,
            at=new.at,
            detail=written_segment(new),
            cause=new.cause.value,
            deadline=due,
        )
    )
    if clock is ClockName.REPLY:
        task.deadline = due
    timers.arm(
        work, f"task.{clock.value}", task.ticket_id, warning,
        point=WARNING, round=task.round, task=str(task.id),
    )  # fmt: skip


async def _tasks(work: UnitOfWork, ids: Iterable[UUID]) -> Mapping[UUID, Assignment]:
    rows = await work.session.scalars(
        select(Assignment)
        .where(among(Assignment.id, ids))
        .execution_options(populate_existing=True)
    )
    return {task.id: task for task in rows}


async def _segments(work: UnitOfWork, tasks: Iterable[UUID]) -> Mapping[_Clock, list[Segment]]:
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
