"""Extensions (延期): the lead asks for more time, the next level decides (B15)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select, update

from domain.dispatch import clocks
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.models import Extension
from domain.dispatch.moving import extend
from domain.dispatch.ticking import recorded
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.limit import CalendarKind, Limit
from domain.kernel.membership import among
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import ClockName, ExtensionStatus
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Step


async def request_extension(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    limit: str,
    reason: str,
    expected_version: int | None = None,
) -> Ticket:
    """申请延期: ask for more time for the reply, before its deadline (B15).

    `limit` is `PnWD` for working days, else an ISO 8601 duration on the wall clock. The clock runs
    on while the request waits. Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("reason", reason, most=MOST_REMARK)
    added = read_limit(limit)
    if isinstance(added, Fault):
        faults.append(added)
    if faults or isinstance(added, Fault):
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.REQUEST_EXTENSION, expected_version)
    advance(
        work, ticket, Action.REQUEST_EXTENSION, unit_id=ticket.lead_unit_id, remark=reason,
        limit=added.limit,
    )  # fmt: skip
    rules = await rules_now(work, rules)
    await _check_request(work, rules, ticket, added, reason)
    assert ticket.lead_unit_id is not None
    work.follow(
        Extension(
            id=work.new_id(),
            ticket_id=ticket.id,
            unit_id=ticket.lead_unit_id,
            round=ticket.round,
            status=ExtensionStatus.REQUESTED.value,
            limit=added.limit,
            reason=reason,
            requested_by=work.actor.subject,
            requested_at=work.now,
        )
    )
    return ticket


async def decide_extension(
    work: UnitOfWork,
    rules: Rules,
    extension_id: UUID | None,
    approve: bool,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """审批延期: grant a request, or refuse it with a reason; the citizen hears of what is granted.

    By the level above the lead, or a supervisor. Raises InvalidInput, NotFound, NotAllowed,
    Conflict, NotPossibleNow.
    """
    if faults := check_text("reason", reason, most=MOST_REMARK, required=not approve):
        raise InvalidInput(*faults)
    ticket_id = await work.session.scalar(
        select(Extension.ticket_id).where(Extension.id == extension_id)
    )
    ticket = await queries.lock_for(work, ticket_id, Action.DECIDE_EXTENSION, expected_version)
    extension = await work.session.get(Extension, extension_id)
    assert extension is not None
    advance(
        work, ticket, Action.DECIDE_EXTENSION, unit_id=ticket.lead_unit_id, remark=reason,
        approved=approve, limit=extension.limit,
    )  # fmt: skip
    if extension.status != ExtensionStatus.REQUESTED.value:
        raise NotPossibleNow("the request was decided already")
    _check_in_time(work, ticket)
    outcome = ExtensionStatus.APPROVED if approve else ExtensionStatus.REFUSED
    extension.status, extension.decision = outcome.value, reason
    extension.decided_by, extension.decided_at = work.actor.subject, work.now
    if approve:
        await _grant(work, await rules_now(work, rules), ticket, extension)
    return ticket


async def lapse(work: UnitOfWork, tickets: Iterable[UUID]) -> None:
    """What was asked for and not decided has no object any more: overdue, replied to, ended."""
    await work.session.execute(
        update(Extension)
        .where(
            among(Extension.ticket_id, tickets), Extension.status == ExtensionStatus.REQUESTED.value
        )
        .values(status=ExtensionStatus.LAPSED.value, decided_at=work.now)
        .execution_options(synchronize_session=False)
    )


def read_limit(text: str) -> Limit | Fault:
    """The limit that an extension asks for: working days, or a duration on the wall clock."""
    kind = CalendarKind.WORKING if text.endswith("WD") else CalendarKind.WALL
    try:
        return Limit(limit=text, calendar=kind)
    except ValueError:
        return Fault("limit", "must be an ISO 8601 duration such as P3D or PT12H, or PnWD")


async def _check_request(
    work: UnitOfWork, rules: Rules, ticket: Ticket, limit: Limit, reason: str
) -> None:
    """Raises NotPossibleNow: too late, one waits already, or too long in sum."""
    _check_in_time(work, ticket)
    waiting = select(Extension.id).where(
        Extension.ticket_id == ticket.id, Extension.status == ExtensionStatus.REQUESTED.value
    )
    if await work.session.scalar(waiting) is not None:
        raise NotPossibleNow("a request of this ticket waits for its decision")
    segments = (await recorded(work, [ticket.id])).of(ticket, ClockName.REPLY)
    clocks.extend(rules.profile, segments, work.now, limit, reason)


def _check_in_time(work: UnitOfWork, ticket: Ticket) -> None:
    if ticket.deadline is None or work.now >= ticket.deadline:
        raise NotPossibleNow("the reply is overdue: an extension must be granted before that")


async def _grant(work: UnitOfWork, rules: Rules, ticket: Ticket, extension: Extension) -> None:
    limit = read_limit(extension.limit)
    assert isinstance(limit, Limit)
    before = ticket.deadline
    await extend(work, rules, ticket, limit, extension.reason)
    assert before is not None and ticket.deadline is not None
    advance(
        work, ticket, Step.EXTEND, unit_id=ticket.lead_unit_id,
        remark=f"延期{limit.in_chinese()}：{extension.reason}",
        limit=limit.limit, before=before.isoformat(), after=ticket.deadline.isoformat(),
    )  # fmt: skip
