"""What the citizen does to a ticket after it was submitted."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from uuid import UUID

from domain.kernel import timers
from domain.kernel.errors import InvalidInput, RateLimited
from domain.kernel.profile import Profile
from domain.kernel.texts import check_text
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.history import advance
from domain.tickets.models import Supplement, Ticket
from domain.tickets.workflow import Action

MOST_CONTENT = 8000
MOST_REMARK = 2000


async def add_supplement(
    work: UnitOfWork, ticket_id: UUID | None, content: str, expected_version: int | None = None
) -> Ticket:
    """补充: add words to an open ticket.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("content", content, most=MOST_CONTENT)
    if faults:
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.SUPPLEMENT, expected_version)
    advance(work, ticket, Action.SUPPLEMENT, remark=content)
    work.add(Supplement(id=work.new_id(), ticket_id=ticket.id, content=content, at=work.now))
    return ticket


async def urge_ticket(
    work: UnitOfWork,
    profile: Profile,
    ticket_id: UUID | None,
    remark: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """催办: ask again; counted, and limited per local day by the profile.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow, RateLimited.
    """
    faults = check_text("remark", remark, most=MOST_REMARK, required=False)
    if faults:
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.URGE, expected_version)
    begins, ends = _local_day(work.now, profile.zone_info)
    most = profile.restraints.urges_per_day
    urged = await queries.urges_since(work, ticket.id, begins)
    advance(work, ticket, Action.URGE, unit_id=ticket.lead_unit_id, remark=remark)
    if urged >= most:
        wait = (ends - work.now).total_seconds()
        raise RateLimited(f"a ticket can be urged {most} times a day", wait)
    ticket.urge_count += 1
    return ticket


def _local_day(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The midnights before and after an instant."""
    day = now.astimezone(zone).date()
    begins, ends = (datetime.combine(day + timedelta(days=n), time(), tzinfo=zone) for n in (0, 1))
    return begins, ends


async def withdraw_ticket(
    work: UnitOfWork,
    ticket_id: UUID | None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """撤回: the citizen takes the ticket back before it was replied to; its timers end with it.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("reason", reason, most=MOST_REMARK, required=False)
    if faults:
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.WITHDRAW, expected_version)
    advance(work, ticket, Action.WITHDRAW, remark=reason)
    ticket.closed_at = work.now
    ticket.deadline = None
    await timers.disarm(work, ticket.id)
    return ticket
