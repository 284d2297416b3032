"""The unit speaks with the citizen: contact (联系) and reply (答复)."""

from __future__ import annotations

from uuid import UUID

from domain.dispatch import merging, splitting
from domain.dispatch.city import Rules
from domain.dispatch.ticking import stop_clocks
from domain.feedback.calls import schedule_first
from domain.feedback.following import reply_to_followers
from domain.feedback.models import Contact, Reply
from domain.kernel.errors import InvalidInput, NotPossibleNow
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
    """答复: the unit's result, point to point; all clocks end and a callback is scheduled (J27);
    merged tickets that follow are replied to with it.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("content", content, most=MOST_CONTENT):
        raise InvalidInput(*faults)
    await merging.lock_group(work, ticket_id)
    ticket = await queries.lock_for(work, ticket_id, Action.REPLY, expected_version)
    await _reply(work, rules, ticket, Action.REPLY, content, resolved)
    return ticket


async def conclude_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    content: str,
    resolved: bool,
    expected_version: int | None = None,
) -> Ticket:
    """汇总答复: the centre puts the replies of all parts of a ticket together into its reply.

    It counts for the unit that leads the whole. Raises InvalidInput, NotFound, NotAllowed,
    Conflict, NotPossibleNow.
    """
    if faults := check_text("content", content, most=MOST_CONTENT):
        raise InvalidInput(*faults)
    await merging.lock_group(work, ticket_id)
    ticket = await queries.lock_for(work, ticket_id, Action.CONCLUDE, expected_version)
    if not await splitting.has_parts(work, ticket):
        raise NotPossibleNow("CONCLUDE is for tickets that were split")
    await _reply(work, rules, ticket, Action.CONCLUDE, content, resolved)
    return ticket


async def _reply(
    work: UnitOfWork, rules: Rules, ticket: Ticket, move: Action, content: str, resolved: bool
) -> None:
    lead = ticket.lead_unit_id
    advance(work, ticket, move, unit_id=lead, remark=content, resolved=resolved)
    assert lead is not None
    await splitting.require_parts_done(work, ticket)
    ticket.replied_at = work.now
    await stop_clocks(work, ticket, list(ClockName))
    work.add(
        Reply(
            id=work.new_id(),
            ticket_id=ticket.id,
            unit_id=lead,
            round=ticket.round,
            content=content,
            resolved=resolved,
            replied_at=work.now,
        )
    )
    if ticket.part_of_id is not None:
        return  # its citizen is asked once, about the whole
    schedule_first(work, rules, ticket, lead)
    await reply_to_followers(work, rules, ticket, content, resolved)
