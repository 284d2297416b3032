"""Opening an order: by a supervisor's hand, or by rule. One open order a trigger and subject."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.dispatch import office_limits
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.kernel.errors import InvalidInput, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import SupervisionGrade, SupervisionTrigger, TicketStatus
from domain.kernel.work import UnitOfWork
from domain.supervision import queries
from domain.supervision.models import (
    SupervisedTicket,
    SupervisionOrder,
    SupervisionStatus,
    SupervisionStep,
    SupervisionStepKind,
)
from domain.tickets import queries as ticket_queries
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import SUPERVISED, Action, next_status

DEADLINE = "supervision.deadline"


async def open_supervision(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    grade: SupervisionGrade,
    reason: str,
    expected_version: int | None = None,
) -> SupervisionOrder:
    """督办: a supervisor orders the lead unit to bring a ticket on and to report (J28).

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("reason", reason, most=MOST_REMARK):
        raise InvalidInput(*faults)
    ticket = await ticket_queries.lock_for(work, ticket_id, Action.SUPERVISE, expected_version)
    next_status(TicketStatus(ticket.status), Action.SUPERVISE)
    trigger = SupervisionTrigger.HAND
    if await queries.open_subjects(work, trigger, [str(ticket.id)]):
        raise NotPossibleNow("an order opened by hand is open on this ticket already")
    rules = await rules_now(work, rules)
    return write_order(work, rules, [ticket], trigger, grade, reason, subject=str(ticket.id))


async def open_by_rule(
    work: UnitOfWork,
    rules: Rules,
    tickets: Sequence[Ticket],
    trigger: SupervisionTrigger,
    reason: str,
) -> None:
    """Open an order on each of the tickets, which are locked; not where one is open already."""
    live = [ticket for ticket in tickets if TicketStatus(ticket.status) in SUPERVISED]
    if not live:
        return
    known = await queries.open_subjects(work, trigger, [str(ticket.id) for ticket in live])
    rules = await rules_now(work, rules)
    grade = rules.profile.supervision.grades[trigger]
    for ticket in live:
        if str(ticket.id) not in known:
            write_order(work, rules, [ticket], trigger, grade, reason, subject=str(ticket.id))


def write_order(
    work: UnitOfWork,
    rules: Rules,
    tickets: Sequence[Ticket],
    trigger: SupervisionTrigger,
    grade: SupervisionGrade,
    reason: str,
    *,
    subject: str,
    topic: str | None = None,
    unit_id: UUID | None = None,
) -> SupervisionOrder:
    """Write an order on locked tickets, the last of which it is about; their histories tell it.

    It goes to the unit that leads that ticket, or to `unit_id`.
    """
    main = tickets[-1]
    to = unit_id or main.lead_unit_id
    assert to is not None
    id_ = work.new_id()
    order = SupervisionOrder(
        id=id_,
        ticket_id=main.id,
        unit_id=to,
        trigger=trigger.value,
        subject=subject,
        topic=topic,
        grade=grade.value,
        status=SupervisionStatus.OPEN.value,
        reason=reason,
        opened_by=work.actor.subject,
        opened_at=work.now,
        deadline=arm(work, rules, id_, grade),
        version=1,
    )
    work.add(order)
    link(work, order, tickets)
    note(work, order, 0, SupervisionStepKind.OPENED, reason)
    return order


def link(work: UnitOfWork, order: SupervisionOrder, tickets: Sequence[Ticket]) -> None:
    """Put locked tickets under an order; the histories of those that are not over tell it."""
    for ticket in tickets:
        work.follow(SupervisedTicket(order_id=order.id, ticket_id=ticket.id))
        if TicketStatus(ticket.status) in SUPERVISED:
            advance(
                work, ticket, Action.SUPERVISE, unit_id=order.unit_id, remark=order.reason,
                order=str(order.id), trigger=order.trigger, grade=order.grade,
            )  # fmt: skip


def arm(work: UnitOfWork, rules: Rules, order_id: UUID, grade: SupervisionGrade) -> datetime:
    """Ask for a report from now on; return when it is due. `rules` hold the calendar of now."""
    limit = rules.profile.supervision.limits[grade]
    return office_limits.arm(work, rules, DEADLINE, order_id, limit)


def note(
    work: UnitOfWork,
    order: SupervisionOrder,
    position: int,
    kind: SupervisionStepKind,
    text: str | None,
) -> None:
    """Record what happened to an order, with its grade and deadline as they now are."""
    work.follow(
        SupervisionStep(
            id=work.new_id(),
            order_id=order.id,
            position=position,
            kind=kind.value,
            grade=order.grade,
            deadline=order.deadline,
            text=text,
            actor=work.actor.subject,
            at=work.now,
        )
    )
