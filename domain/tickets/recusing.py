"""回避: a member of staff is taken off a ticket, by themselves or by a supervisor (J32)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from domain.kernel.errors import InvalidInput
from domain.kernel.texts import check_text
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.recusals import Recusal
from domain.tickets.workflow import Action

MOST_SUBJECT = 255


async def recuse(
    work: UnitOfWork, ticket_id: UUID | None, reason: str, expected_version: int | None = None
) -> Ticket:
    """本人回避: the actor steps back; from then on the ticket does not exist for them.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("reason", reason, most=MOST_REMARK):
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.RECUSE, expected_version)
    advance(work, ticket, Action.RECUSE, remark=reason)
    await _record(work, ticket, work.actor.subject, reason)
    return ticket


async def recuse_staff(
    work: UnitOfWork,
    ticket_id: UUID | None,
    subject: str,
    reason: str,
    expected_version: int | None = None,
) -> Ticket:
    """决定回避: a supervisor takes somebody off a ticket, who then neither sees nor acts on it.

    Any subject may be named: an installation that keeps its people elsewhere has no record of them.
    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("subject", subject, most=MOST_SUBJECT)
    faults += check_text("reason", reason, most=MOST_REMARK)
    if faults:
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.RECUSE_STAFF, expected_version)
    advance(work, ticket, Action.RECUSE_STAFF, remark=reason, subject=subject)
    await _record(work, ticket, subject, reason)
    return ticket


async def _record(work: UnitOfWork, ticket: Ticket, subject: str, reason: str) -> None:
    await work.session.execute(
        insert(Recusal)
        .values(
            subject=subject,
            ticket_id=ticket.id,
            reason=reason,
            decided_by=work.actor.subject,
            at=work.now,
        )
        .on_conflict_do_nothing()
    )
