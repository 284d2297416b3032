"""After a declaration of holidays: the deadlines of open tickets follow, chunk by chunk.

A timer of the declaration carries the walk: each firing looks at one chunk and arms the next, so a
worker that dies loses nothing and no ticket is held for long. The walk is done twice: a command
that read the old calendar just before the declaration may commit behind the first walk. What has
moved already does not move again.

What offices set one another (office_limits.py) is looked at again by its own timer, which each walk
brings forward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from domain.dispatch import clocks, task_moving
from domain.dispatch.calendars import APPLY, rules_now
from domain.dispatch.city import Rules
from domain.dispatch.explanation import instant_in_chinese
from domain.dispatch.models import ClockSegment
from domain.dispatch.moving import Change, move
from domain.dispatch.segments import Segment, Timeline
from domain.dispatch.task_moving import TaskMoved
from domain.dispatch.ticking import Recorded, recorded, running
from domain.kernel import timers
from domain.kernel.holidays import HolidayDeclaration
from domain.kernel.limit import CalendarKind
from domain.kernel.membership import among
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ClockName
from domain.kernel.work import UnitOfWork
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step, transition

CHUNK = 200
AGAIN_AFTER = timedelta(minutes=2)
"""Longer than any command's transaction lives; the database ends one that idles for 30 seconds."""

_STATUSES = sorted(status.value for status in transition(Step.CALENDAR_CHANGE).sources)
_Deadlines = Mapping[tuple[UUID, str], datetime | None]


@dataclass(frozen=True, slots=True)
class _Moved:
    """From where to where a clock's deadline moves."""

    clock: ClockName
    before: datetime
    after: datetime


async def lock(work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, HolidayDeclaration]:
    """Lock the declarations that nobody else walks for."""
    rows = await work.session.scalars(
        select(HolidayDeclaration)
        .where(among(HolidayDeclaration.id, ids))
        .order_by(HolidayDeclaration.id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return {row.id: row for row in rows}


async def fire(
    work: UnitOfWork,
    rules: Rules,
    declarations: Mapping[UUID, HolidayDeclaration],
    due: Sequence[Timer],
) -> None:
    """Take one chunk of each due walk, and arm what comes after it."""
    rules = await rules_now(work, rules)
    for timer in due:
        declaration = declarations[timer.subject_id]
        if timer.payload["status"] is None:
            await timers.look_again(work)
        status = timer.payload["status"] or _STATUSES[0]
        ids = await _chunk(work, status, timer.payload["after"])
        await _follow(work, rules, declaration, ids)
        _go_on(work, timer, status, ids)


async def _chunk(work: UnitOfWork, status: str, after: str | None) -> Sequence[UUID]:
    statement = select(Ticket.id).where(Ticket.status == status).order_by(Ticket.id).limit(CHUNK)
    if after is not None:
        statement = statement.where(Ticket.id > UUID(after))
    return (await work.session.scalars(statement)).all()


def _go_on(work: UnitOfWork, timer: Timer, status: str, ids: Sequence[UUID]) -> None:
    turn: int = timer.payload["turn"]
    following: dict[str, Any] = {"turn": turn, "status": status, "after": None}
    at = work.now
    if len(ids) == CHUNK:
        following["after"] = str(ids[-1])
    elif status != _STATUSES[-1]:
        following["status"] = _STATUSES[_STATUSES.index(status) + 1]
    elif turn == 1:
        following |= {"turn": 2, "status": None}
        at += AGAIN_AFTER
    else:
        return
    timers.arm(work, APPLY, timer.subject_id, at, **following)


async def _follow(
    work: UnitOfWork, rules: Rules, declaration: HolidayDeclaration, ids: Sequence[UUID]
) -> None:
    """Move what the calendar moves. Tickets that it leaves alone are not even locked."""
    if not ids:
        return
    found, stored = await recorded(work, ids), await _deadlines(work, ids)
    tasks = await task_moving.moved_by_calendar(work, rules, ids)
    rows = await work.session.scalars(select(Ticket).where(among(Ticket.id, ids)))
    touched = [
        ticket.id for ticket in rows if ticket.id in tasks or _moves(rules, ticket, found, stored)
    ]
    if not touched:
        return
    # Between the look and the lock somebody may have been at them: look again, at these only.
    tickets = await _locked(work, touched)
    found, stored = await recorded(work, touched), await _deadlines(work, touched)
    tasks = await task_moving.moved_by_calendar(work, rules, touched)
    text = f"{declaration.source}：{declaration.reason}"
    changes = []
    of_tasks: list[TaskMoved] = []
    for ticket in tickets:
        if ticket.status not in _STATUSES:
            continue  # it came to its end since the look
        moves = _moves(rules, ticket, found, stored)
        if moves:
            _tell(work, rules, ticket, moves, text)
            segments = {each.clock: _segment(work, each, text) for each in moves}
            changes.append(Change(ticket, segments))
        _tell_of_tasks(work, rules, ticket, tasks.get(ticket.id, ()), text)
        of_tasks += tasks.get(ticket.id, ())
    await move(work, rules, changes, found)
    await task_moving.follow_calendar(work, rules, of_tasks, text)


async def _locked(work: UnitOfWork, ids: Sequence[UUID]) -> Sequence[Ticket]:
    rows = await work.session.scalars(
        select(Ticket)
        .where(among(Ticket.id, ids))
        .order_by(Ticket.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return rows.all()


async def _deadlines(work: UnitOfWork, ids: Sequence[UUID]) -> _Deadlines:
    """The deadline that each clock has on record."""
    rows = await work.session.execute(
        select(ClockSegment.ticket_id, ClockSegment.clock, ClockSegment.deadline)
        .ext(distinct_on(ClockSegment.ticket_id, ClockSegment.clock))
        .where(among(ClockSegment.ticket_id, ids))
        .order_by(ClockSegment.ticket_id, ClockSegment.clock, ClockSegment.position.desc())
    )
    return {(ticket, clock): deadline for ticket, clock, deadline in rows}


def _moves(rules: Rules, ticket: Ticket, found: Recorded, stored: _Deadlines) -> list[_Moved]:
    moves: list[_Moved] = []
    if ticket.status not in _STATUSES:
        return moves
    for clock in running(ticket):
        before, segments = stored.get((ticket.id, clock.value)), found.of(ticket, clock)
        if before is None or not _works(segments):
            continue
        after = clocks.deadline(segments, rules.calendar, rules.zone)
        if after is not None and after != before:
            moves.append(_Moved(clock, before, after))
    return moves


def _works(segments: Sequence[Segment]) -> bool:
    return any(limit.calendar is CalendarKind.WORKING for limit in Timeline.of(segments).phases)


def _segment(work: UnitOfWork, moved: _Moved, text: str) -> Segment:
    return clocks.calendar_changed(work.now, text, (moved.before, moved.after))


def _tell(
    work: UnitOfWork, rules: Rules, ticket: Ticket, moves: Sequence[_Moved], text: str
) -> None:
    told = "；".join(_in_words(rules, each) for each in moves)
    advance(
        work, ticket, Step.CALENDAR_CHANGE, unit_id=ticket.lead_unit_id, remark=f"{told}（{text}）",
        clocks={
            each.clock.value: [each.before.isoformat(), each.after.isoformat()] for each in moves
        },
    )  # fmt: skip


def _tell_of_tasks(
    work: UnitOfWork, rules: Rules, ticket: Ticket, moves: Sequence[TaskMoved], text: str
) -> None:
    """One entry for each joint task, in its unit's name."""
    for task, of_task in groupby(moves, key=lambda each: each.task):
        its = [_Moved(each.clock, each.before, each.after) for each in of_task]
        told = "；".join(_in_words(rules, each) for each in its)
        advance(
            work, ticket, Step.DEADLINE_MOVED, unit_id=task.unit_id,
            remark=f"联合办理{told}（{text}）", task=str(task.id),
        )  # fmt: skip


def _in_words(rules: Rules, moved: _Moved) -> str:
    duty = {ClockName.ACCEPT: "签收", ClockName.CONTACT: "首次联系", ClockName.REPLY: "答复"}
    year = moved.before.astimezone(rules.zone).year
    old, new = (instant_in_chinese(at, rules.zone, year) for at in (moved.before, moved.after))
    return f"{duty[moved.clock]}时限由{old}改为{new}"
