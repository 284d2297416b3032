"""The unit speaks with the citizen: contact (联系) and reply (答复)."""

from __future__ import annotations

from uuid import UUID

from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.extensions import lapse
from domain.dispatch.ticking import stop_clocks
from domain.feedback.calls import schedule_first
from domain.feedback.models import Contact, Reply
from domain.kernel.errors import InvalidInput
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import ClockName
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.commands import MOST_CONTENT, MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action


async def record_contact(
    work: UnitOfWork, ticket_id: UUID | None, note: str, expected_version: int | None = None
) -> Ticket:
    """联系: the lead unit spoke with the citizen; the first contact of a round ends its clock.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("note", note, most=MOST_REMARK):
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.RECORD_CONTACT, expected_version)
    assert ticket.lead_unit_id is not None
    advance(work, ticket, Action.RECORD_CONTACT, unit_id=ticket.lead_unit_id, remark=note)
    work.add(
        Contact(
            id=work.new_id(),
            ticket_id=ticket.id,
            unit_id=ticket.lead_unit_id,
            round=ticket.round,
            note=note,
            at=work.now,
        )
    )
    if ticket.contacted_at is None:
        ticket.contacted_at = work.now
        await stop_clocks(work, ticket, [ClockName.CONTACT])
    return ticket


async def reply_to_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    content: str,
    resolved: bool,
    expected_version: int | None = None,
) -> Ticket:
    """答复: the unit's result, point to point; all clocks end and a callback is scheduled (J27).

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("content", content, most=MOST_CONTENT):
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.REPLY, expected_version)
    assert ticket.lead_unit_id is not None
    advance(
        work, ticket, Action.REPLY, unit_id=ticket.lead_unit_id, remark=content, resolved=resolved
    )
    ticket.replied_at = work.now
    await stop_clocks(work, ticket, list(ClockName))
    await lapse(work, [ticket.id])
    rules = await rules_now(work, rules)
    work.add(
        Reply(
            id=work.new_id(),
            ticket_id=ticket.id,
            unit_id=ticket.lead_unit_id,
            round=ticket.round,
            content=content,
            resolved=resolved,
            replied_at=work.now,
        )
    )
    schedule_first(work, rules, ticket)
    return ticket
