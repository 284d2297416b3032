"""What merged tickets hear: the primary's reply, and a callback of their own citizen's.

Reporters of merged tickets never heard again in other systems. Here everything that the primary's
reply starts is started for every follower too, in the same transaction and as many statements
whether one follows or a hundred.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import update

from domain.dispatch import merging
from domain.dispatch.city import Rules
from domain.feedback.calls import schedule_first
from domain.feedback.models import Callback, CallbackStatus, Reply
from domain.kernel.errors import InvalidInput
from domain.kernel.membership import among
from domain.kernel.texts import check_text
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Step


async def reply_to_followers(
    work: UnitOfWork, rules: Rules, primary: Ticket, content: str, resolved: bool
) -> None:
    """Give every follower the primary's reply, and schedule a call to its own citizen.

    The call counts for the unit that led the primary, in the primary's round.
    """
    lead = primary.lead_unit_id
    assert lead is not None
    for follower in await merging.followers_of(work, primary):
        follower.round, follower.replied_at = primary.round, work.now
        advance(work, follower, Step.FOLLOW, unit_id=lead, remark=content, resolved=resolved)
        work.follow(
            Reply(
                id=work.new_id(),
                ticket_id=follower.id,
                unit_id=lead,
                round=follower.round,
                content=content,
                resolved=resolved,
                replied_at=work.now,
            )
        )
        schedule_first(work, rules, follower, lead)


async def await_next_reply(work: UnitOfWork, primary: Ticket) -> None:
    """The primary was given back for a rework: whoever was not called yet is called after it."""
    followers = await merging.followers_of(work, primary)
    await cancel_calls(work, [primary.id, *(follower.id for follower in followers)])
    for follower in followers:
        follower.round, follower.replied_at = primary.round, None
        advance(work, follower, Step.FOLLOW, remark="主单退回重办", unit_id=primary.lead_unit_id)


async def cancel_calls(work: UnitOfWork, tickets: Iterable[UUID]) -> None:
    """Calls that wait for these tickets are not made any more."""
    await work.flush()
    await work.session.execute(
        update(Callback)
        .where(
            among(Callback.ticket_id, tickets),
            Callback.status == CallbackStatus.SCHEDULED.value,
        )
        .values(status=CallbackStatus.CANCELLED.value)
        .execution_options(synchronize_session=False)
    )


async def unmerge_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    reason: str,
    expected_version: int | None = None,
) -> Ticket:
    """撤销并单: back to where it was; what had a unit is dispatched to it afresh, with new clocks.

    After a reply of the primary it goes on in the next round: that reply is not its own.
    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("reason", reason, most=MOST_REMARK):
        raise InvalidInput(*faults)
    await merging.lock_group(work, ticket_id)
    ticket = await queries.lock_for(work, ticket_id, Action.UNMERGE, expected_version)
    if ticket.replied_at is not None:
        ticket.round += 1
        ticket.replied_at = None
    advance(work, ticket, Action.UNMERGE, remark=reason)
    ticket.primary_id = None
    await cancel_calls(work, [ticket.id])
    await merging.give_back(work, rules, ticket)
    return ticket
