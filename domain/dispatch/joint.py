"""联合双派: a joint unit has a task of its own; the ticket's status stays the lead's (S, B14)."""

from __future__ import annotations

from uuid import UUID

from domain.dispatch import parts, task_clocks
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import ClockName
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action
from domain.units.models import Unit


async def accept_task(work: UnitOfWork, ticket: Ticket) -> None:
    """签收: the actor's unit has its joint task in hand. The ticket is locked for ACCEPT_TASK.

    Raises NotPossibleNow.
    """
    task = await _own_task(work, ticket)
    if task.accepted_at is not None:
        raise NotPossibleNow("your unit has accepted its task already")
    advance(work, ticket, Action.ACCEPT_TASK, unit_id=task.unit_id, task=str(task.id))
    task.accepted_at = work.now
    await task_clocks.stop(work, task, [ClockName.ACCEPT])


async def contact_for_task(work: UnitOfWork, ticket: Ticket, note: str) -> UUID:
    """联系: a joint unit spoke with the citizen; returns its id. Locked for RECORD_TASK_CONTACT.

    Raises NotPossibleNow.
    """
    task = await _taken_task(work, ticket)
    advance(
        work, ticket, Action.RECORD_TASK_CONTACT, unit_id=task.unit_id, remark=note,
        task=str(task.id),
    )  # fmt: skip
    if task.contacted_at is None:
        task.contacted_at = work.now
        await task_clocks.stop(work, task, [ClockName.CONTACT])
    return task.unit_id


async def reply_to_task(work: UnitOfWork, ticket: Ticket, content: str, resolved: bool) -> None:
    """反馈: a joint unit's result, to the lead (B14); its clocks end. Locked for REPLY_TO_TASK.

    Raises NotPossibleNow.
    """
    task = await _taken_task(work, ticket)
    advance(
        work, ticket, Action.REPLY_TO_TASK, unit_id=task.unit_id, remark=content,
        task=str(task.id), resolved=resolved, late=task.overdue_at is not None,
    )  # fmt: skip
    task.replied_at, task.reply, task.resolved = work.now, content, resolved
    await task_clocks.stop(work, task, list(ClockName))


async def report_progress(
    work: UnitOfWork, ticket_id: UUID | None, progress: str, expected_version: int | None = None
) -> Ticket:
    """阶段性进展: a joint unit that cannot be done in time says why, and how far it is (B14).

    Its clock goes on: only a reply, or a supervisor, ends the task.
    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("progress", progress, most=MOST_REMARK):
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.REPORT_PROGRESS, expected_version)
    task = await _taken_task(work, ticket)
    advance(
        work, ticket, Action.REPORT_PROGRESS, unit_id=task.unit_id, remark=progress,
        task=str(task.id),
    )  # fmt: skip
    task.progress, task.progress_at = progress, work.now
    return ticket


async def excuse_joint_unit(
    work: UnitOfWork,
    ticket_id: UUID | None,
    unit_code: str,
    reason: str,
    expected_version: int | None = None,
) -> Ticket:
    """免除联合单位: a supervisor lets the lead reply without that unit's part; why is on record.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("reason", reason, most=MOST_REMARK):
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.EXCUSE_JOINT_UNIT, expected_version)
    tasks = await parts.present(work, ticket.id, AssignmentRole.JOINT)
    task = await _task_of(work, [task for task in tasks if parts.is_open(task)], unit_code)
    advance(
        work, ticket, Action.EXCUSE_JOINT_UNIT, unit_id=task.unit_id, remark=reason,
        task=str(task.id),
    )  # fmt: skip
    task.excused_at, task.excuse = work.now, reason
    await task_clocks.stop(work, task, list(ClockName))
    return ticket


async def require_joint_replies(work: UnitOfWork, ticket: Ticket) -> None:
    """The lead replies when the joint units have reported to it, or were excused (B14).

    Raises NotPossibleNow with the names of the units that are missing.
    """
    if names := await parts.names_of_open_tasks(work, ticket.id):
        raise NotPossibleNow(f"these joint units have not replied: {'、'.join(names)}")


async def _own_task(work: UnitOfWork, ticket: Ticket) -> Assignment:
    task = await parts.own(work, ticket.id, AssignmentRole.JOINT)
    if task is None or not parts.is_open(task):
        raise NotPossibleNow("your unit's task is over")
    return task


async def _taken_task(work: UnitOfWork, ticket: Ticket) -> Assignment:
    task = await _own_task(work, ticket)
    if task.accepted_at is None:
        raise NotPossibleNow("your unit must accept its task first")
    return task


async def _task_of(work: UnitOfWork, tasks: list[Assignment], unit_code: str) -> Assignment:
    if not tasks:
        raise NotPossibleNow("no joint unit has an open task")
    for task in tasks:
        unit = await work.session.get(Unit, task.unit_id)
        if unit is not None and unit.code == unit_code:
            return task
    raise InvalidInput(Fault("unitCode", "is not the code of a joint unit with an open task"))
