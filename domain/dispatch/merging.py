"""Merge (并单): a ticket follows another one that is about the same matter.

One level only: who follows is never followed. The merged ticket keeps its code, its citizen and its
own callback; what its units had to do ends. docs/decisions/0014-merging.md has the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select

from domain.dispatch import recusal, suspending
from domain.dispatch.assigning import assign, take_from_units
from domain.dispatch.city import Rules
from domain.dispatch.copies import district_copies
from domain.dispatch.parts import joint_units
from domain.dispatch.splitting import close_parts, has_parts, require_parts_done
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import FIRST_ROUND, TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import STEPS, Action, Step
from domain.units.models import Unit

_TAKES_FOLLOWERS = STEPS[Step.GAIN_FOLLOWER].sources


async def lock_group(work: UnitOfWork, ticket_id: UUID | None, *more: UUID | None) -> None:
    """Lock a ticket with all that follow it, or with its primary and their followers, by id.

    For commands whose effect reaches the others; permission is asked afterwards, by `lock_for`.
    """
    own = select(Ticket.primary_id).where(Ticket.id == ticket_id).scalar_subquery()
    statement = (
        select(Ticket)
        .where(
            or_(
                Ticket.id == ticket_id,
                *(Ticket.id == other for other in more),
                Ticket.id == own,
                Ticket.primary_id == own,
                Ticket.primary_id == ticket_id,
            )
        )
        .order_by(Ticket.id)
        .with_for_update(key_share=True)
    )
    (await work.session.scalars(statement)).all()


async def followers_of(work: UnitOfWork, primary: Ticket) -> Sequence[Ticket]:
    """The tickets that follow a locked primary, locked, the oldest first.

    Asked again after `lock_group`: one may have been merged while its locks were waited for. From
    now on none can be, because that takes the primary's lock.
    """
    await work.flush()
    statement = (
        select(Ticket)
        .where(Ticket.primary_id == primary.id, Ticket.status == TicketStatus.MERGED.value)
        .order_by(Ticket.id)
        .with_for_update(key_share=True)
    )
    return (await work.session.scalars(statement)).all()


async def merge_ticket(
    work: UnitOfWork,
    ticket_id: UUID | None,
    primary_id: UUID | None,
    reason: str,
    expected_version: int | None = None,
) -> Ticket:
    """并单: let a ticket follow another one (N: repeats of the same matter are merged).

    Tickets that followed it follow the primary from now on. Its assignments, clocks and timers end;
    its citizen is told of the primary's reply and asked on their own. Raises InvalidInput,
    NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := check_text("reason", reason, most=MOST_REMARK):
        raise InvalidInput(*faults)
    await lock_group(work, ticket_id, primary_id)
    ticket = await queries.lock_for(work, ticket_id, Action.MERGE, expected_version)
    primary = await queries.lock_for(work, primary_id, Action.MERGE)
    _check_fit(ticket, primary)
    if await has_parts(work, ticket):
        raise NotPossibleNow("a ticket that was split follows no other")
    advance(work, ticket, Action.MERGE, remark=reason, primary=primary.code)
    advance(work, primary, Step.GAIN_FOLLOWER, follower=ticket.code)
    ticket.primary_id = primary.id
    await take_from_units(work, ticket)
    repoint(work, await followers_of(work, ticket), primary)
    return ticket


def _check_fit(ticket: Ticket, primary: Ticket) -> None:
    """Raises InvalidInput, NotPossibleNow."""
    if ticket is primary:
        raise InvalidInput(Fault("primaryId", "is the ticket itself"))
    if TicketStatus(primary.status) not in _TAKES_FOLLOWERS:
        raise NotPossibleNow(f"nothing can follow a ticket that is {primary.status}")
    if ticket.part_of_id is not None or primary.part_of_id is not None:
        raise NotPossibleNow("a part goes with its own whole")
    if ticket.shut_unit_id != primary.shut_unit_id:
        raise NotPossibleNow("a report goes together with reports on the same unit only")
    if ticket.round != FIRST_ROUND:
        raise NotPossibleNow("a ticket whose citizen has judged a reply keeps its own way")


def repoint(work: UnitOfWork, followers: Sequence[Ticket], primary: Ticket) -> None:
    """Let these locked tickets follow another primary."""
    for follower in followers:
        follower.primary_id = primary.id
        advance(work, follower, Step.FOLLOW, remark="主单变更", primary=primary.code)


async def withdraw_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """撤回, where others follow: the oldest follower takes the withdrawn ticket's place.

    A ticket with parts in hand is not withdrawn: that would end what units are working on. Raises
    what `suspending.withdraw_ticket` raises.
    """
    await lock_group(work, ticket_id)
    ticket = await suspending.withdraw_ticket(work, ticket_id, reason, expected_version)
    await require_parts_done(work, ticket)
    await close_parts(work, ticket)
    followers = await followers_of(work, ticket)
    if followers:
        await _succeed(work, rules, ticket, followers)
    return ticket


async def _succeed(
    work: UnitOfWork, rules: Rules, ended: Ticket, followers: Sequence[Ticket]
) -> None:
    heir, *others = followers
    heir.primary_id = None
    heir.round = ended.round
    advance(work, heir, Step.PROMOTE, remark="主单已撤回，本单继续办理", primary=ended.code)
    repoint(work, others, heir)
    if ended.lead_unit_id is not None:
        joint = await joint_units(work, ended.id)
        await _give(work, rules, heir, ended.lead_unit_id, joint, "主单撤回，由本单接续")


async def give_back(work: UnitOfWork, rules: Rules, ticket: Ticket) -> None:
    """Dispatch a freed ticket afresh to the unit that led it last, and to the joint units that it
    was taken from with it; it waits for triage where no unit did, or that unit is gone."""
    await work.flush()
    former = await work.session.scalar(
        select(Assignment)
        .where(Assignment.ticket_id == ticket.id, Assignment.role == AssignmentRole.LEAD.value)
        .order_by(Assignment.assigned_at.desc(), Assignment.id.desc())
        .limit(1)
    )
    if former is not None:
        joint = await joint_units(work, ticket.id, ended_at=former.ended_at)
        await _give(work, rules, ticket, former.unit_id, joint, "撤销并单，退回原承办单位")


async def _give(
    work: UnitOfWork,
    rules: Rules,
    ticket: Ticket,
    unit_id: UUID,
    joint: Sequence[Unit],
    reason: str,
) -> None:
    lead = await work.session.get(Unit, unit_id, with_for_update={"read": True})
    if lead is None or not lead.active or not recusal.is_free(ticket, lead):
        return
    copies = await district_copies(work, lead)
    await assign(work, rules, ticket, lead, copies, joint=joint, reason=reason, by="merging")


async def tell_followers(
    work: UnitOfWork, primary: Ticket, answer: str, ground: str | None
) -> None:
    """The centre ended the primary: its followers end with the same answer."""
    for follower in await followers_of(work, primary):
        follower.answer, follower.triage_ground, follower.closed_at = answer, ground, work.now
        advance(work, follower, Step.CLOSE, remark=answer, ground=ground)
