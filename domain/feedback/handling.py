"""The unit speaks with the citizen: contact (联系) and reply (答复)."""

from __future__ import annotations

from uuid import UUID

from domain.dispatch import joint, merging, splitting
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.extensions import lapse
from domain.dispatch.parts import PART_KINDS
from domain.dispatch.ticking import KINDS, stop_clocks
from domain.feedback.calls import schedule_first
from domain.feedback.following import reply_to_followers
from domain.feedback.models import Contact, Reply
from domain.kernel import timers
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

    A joint unit's contact is on record by the same step, and ends the clock of its own task.
    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("note", note, most=MOST_REMARK):
        raise InvalidInput(*faults)
    steps = (Action.RECORD_CONTACT, Action.RECORD_TASK_CONTACT)
    ticket, step = await queries.lock_for_one_of(work, ticket_id, steps, expected_version)
    if step is Action.RECORD_TASK_CONTACT:
        unit_id = await joint.contact_for_task(work, ticket, note)
    else:
        assert ticket.lead_unit_id is not None
        unit_id = ticket.lead_unit_id
        advance(work, ticket, step, unit_id=unit_id, remark=note)
    work.add(
        Contact(
            id=work.new_id(),
            ticket_id=ticket.id,
            unit_id=unit_id,
            round=ticket.round,
            note=note,
            at=work.now,
        )
    )
    if step is Action.RECORD_CONTACT and ticket.contacted_at is None:
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
    """答复: the lead's result, point to point; all clocks end and a callback is scheduled (J27);
    merged tickets that follow are replied to with it.

    It waits for the joint units (B14). A joint unit replies to its own task by the same step, and
    that stays between the offices.
    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("content", content, most=MOST_CONTENT):
        raise InvalidInput(*faults)
    await merging.lock_group(work, ticket_id)
    steps = (Action.REPLY, Action.REPLY_TO_TASK)
    ticket, step = await queries.lock_for_one_of(work, ticket_id, steps, expected_version)
    if step is Action.REPLY_TO_TASK:
        await joint.reply_to_task(work, ticket, content, resolved)
        return ticket
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
    await joint.require_joint_replies(work, ticket)
    ticket.replied_at = work.now
    await timers.disarm(work, ticket.id, (*KINDS, *PART_KINDS))
    await lapse(work, [ticket.id])
    rules = await rules_now(work, rules)
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
