"""What becomes of an order: the unit's report, the supervisor's ruling, a missed deadline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.office_limits import ends_at, tell, wait_on
from domain.kernel import timers
from domain.kernel.actor import Role
from domain.kernel.errors import Conflict, InvalidInput, NotAllowed, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import SupervisionGrade, SupervisionTrigger, TicketStatus
from domain.kernel.work import UnitOfWork
from domain.supervision import queries
from domain.supervision.models import (
    SupervisionOrder,
    SupervisionRuling,
    SupervisionStatus,
    SupervisionStepKind,
)
from domain.supervision.opening import DEADLINE, arm, note
from domain.supervision.queries import Supervised
from domain.tickets.commands import MOST_CONTENT, MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.workflow import SUPERVISED, Step

_GRADES = list(SupervisionGrade)


async def submit_report(
    work: UnitOfWork, order_id: UUID | None, report: str, expected_version: int | None = None
) -> SupervisionOrder:
    """督办反馈: the supervised unit, or the one that leads the ticket now, says what was done.

    Of an order on a unit that let an escalation lie, that unit alone.

    The order's clock ends; the supervisor's ruling is waited for.
    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("report", report, most=MOST_CONTENT):
        raise InvalidInput(*faults)
    held = await queries.lock_order(work, order_id)
    order, unit = held.order, work.actor.unit_id
    leads = {ticket.lead_unit_id for ticket in held.tickets if ticket.id == order.ticket_id}
    if order.trigger == SupervisionTrigger.ESCALATION.value:
        leads = set()  # it is the higher unit that must say what it did
    if work.actor.role is not Role.HANDLER or unit not in {order.unit_id, *leads}:
        raise NotAllowed("the report is for the supervised unit")
    _require(order, expected_version, SupervisionStatus.OPEN)
    order.status, order.report = SupervisionStatus.REPORTED.value, report
    order.reported_at = work.now
    await timers.disarm(work, order.id, [DEADLINE])
    await _told(work, held, SupervisionStepKind.REPORTED, Step.SUPERVISION_REPORTED, report)
    return order


async def close_supervision(
    work: UnitOfWork,
    rules: Rules,
    order_id: UUID | None,
    ruling: SupervisionRuling,
    reason: str,
    expected_version: int | None = None,
) -> SupervisionOrder:
    """督办裁定: satisfied with the report, or not: then it is due anew; or the order is withdrawn.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow: only a report can be
    satisfying or be returned.
    """
    if faults := check_text("reason", reason, most=MOST_REMARK):
        raise InvalidInput(*faults)
    held = await queries.lock_order(work, order_id)
    order = held.order
    if work.actor.role is not Role.SUPERVISOR:
        raise NotAllowed("rulings are for supervisors")
    needed = [SupervisionStatus.REPORTED]
    if ruling is SupervisionRuling.WITHDRAWN:
        needed.append(SupervisionStatus.OPEN)
    _require(order, expected_version, *needed)
    order.ruling, order.ruling_reason = ruling.value, reason
    if ruling is SupervisionRuling.RETURNED:
        order.status = SupervisionStatus.OPEN.value
        rules = await rules_now(work, rules)
        order.deadline = arm(work, rules, order.id, SupervisionGrade(order.grade))
        kind, step = SupervisionStepKind.RETURNED, Step.SUPERVISION_RETURNED
    else:
        order.status, order.closed_at = SupervisionStatus.CLOSED.value, work.now
        await timers.disarm(work, order.id, [DEADLINE])
        kind, step = SupervisionStepKind.CLOSED, Step.SUPERVISION_CLOSED
    await _told(work, held, kind, step, reason, ruling=ruling.value)
    return order


async def fire(
    work: UnitOfWork, rules: Rules, orders: Mapping[UUID, Supervised], due: Sequence[Timer]
) -> None:
    """A report is not there when it is due: the order rises by one grade, and is due anew.

    The gravest grade stays as it is; from then on the order stands overdue on the desk.
    """
    rules = await rules_now(work, rules)
    timers_of = {timer.subject_id: timer for timer in due}
    counts = dict(await queries.steps_of(work, list(timers_of)))
    for order_id in sorted(timers_of):
        held, timer = orders[order_id], timers_of[order_id]
        if held.order.status != SupervisionStatus.OPEN.value:
            continue
        at = ends_at(rules, timer, held.order.deadline)
        if at != held.order.deadline:
            _follow_calendar(work, rules, held, counts[order_id], at)
            counts[order_id] += 1
        if at > work.now:
            wait_on(work, timer, at)
        else:
            _raise(work, rules, held, counts[order_id])


def _raise(work: UnitOfWork, rules: Rules, held: Supervised, position: int) -> None:
    order = held.order
    grade = SupervisionGrade(order.grade)
    if grade is not _GRADES[-1]:
        order.grade = raised(grade).value
        order.deadline = arm(work, rules, order.id, raised(grade))
    _tell(work, held, position, SupervisionStepKind.OVERDUE, Step.SUPERVISION_OVERDUE, None)


def _follow_calendar(
    work: UnitOfWork, rules: Rules, held: Supervised, position: int, at: datetime
) -> None:
    """Holidays were declared since: the report is due at another time."""
    order = held.order
    moved = (order.deadline, at)
    order.deadline = at
    order.version += 1
    note(work, order, position, SupervisionStepKind.RESCHEDULED, None)
    for ticket in held.tickets:
        if TicketStatus(ticket.status) in SUPERVISED:
            tell(work, rules, ticket, "督办反馈", moved, unit_id=order.unit_id, order=str(order.id))


def raised(grade: SupervisionGrade) -> SupervisionGrade:
    """The next graver grade; there is none above DISCIPLINE. Pure."""
    return _GRADES[min(_GRADES.index(grade) + 1, len(_GRADES) - 1)]


def _require(
    order: SupervisionOrder, expected_version: int | None, *statuses: SupervisionStatus
) -> None:
    if expected_version is not None and order.version != expected_version:
        raise Conflict("the order changed since you read it")
    if SupervisionStatus(order.status) not in statuses:
        raise NotPossibleNow(f"this is not possible while the order is {order.status}")


async def _told(
    work: UnitOfWork,
    held: Supervised,
    kind: SupervisionStepKind,
    step: Step,
    text: str,
    **detail: str,
) -> None:
    counts = await queries.steps_of(work, [held.order.id])
    _tell(work, held, counts[held.order.id], kind, step, text, **detail)


def _tell(
    work: UnitOfWork,
    held: Supervised,
    position: int,
    kind: SupervisionStepKind,
    step: Step,
    text: str | None,
    **detail: str,
) -> None:
    """Put it on the order's record and into the histories of those tickets that are not over."""
    order = held.order
    order.version += 1
    note(work, order, position, kind, text)
    for ticket in held.tickets:
        if TicketStatus(ticket.status) in SUPERVISED:
            advance(
                work, ticket, step, unit_id=order.unit_id, remark=text,
                order=str(order.id), grade=order.grade, **detail,
            )  # fmt: skip
