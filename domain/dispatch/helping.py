"""协办与交办: others help the lead, which stays the lead and answers the citizen.

A co-handler has no clock of its own beyond a date that the lead names. A street hands a matter of
its own list down to one of its communities, never out of the street (五级).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.dispatch import parts, recusal
from domain.dispatch.city import Rules
from domain.kernel.actor import Role
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import TicketKind, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action
from domain.units import queries as units
from domain.units.models import Unit

_HELPERS = (AssignmentRole.CO_HANDLER, AssignmentRole.HANDED_DOWN)
_PARTS = (AssignmentRole.LEAD, AssignmentRole.JOINT, *_HELPERS)
_NOT_DOWN = "is nearer to the grassroots than the lead: work is not pushed down"
_GRASSROOTS = frozenset({UnitLevel.STREET, UnitLevel.COMMUNITY})


async def ask_co_handler(
    work: UnitOfWork,
    ticket_id: UUID | None,
    unit_codes: Sequence[str],
    request: str,
    due_at: datetime | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """协办: the lead, or the centre, asks other units to help.

    A lead asks sideways or up (B17, N): a department no street, and nobody a community, which its
    own street hands down to. The centre may ask whom it thinks right, and answers for it.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("request", request, most=MOST_REMARK) + due_faults(work, "dueAt", due_at)
    if not unit_codes:
        faults.append(Fault("unitCodes", "must name at least one unit"))
    parts.refuse(faults)
    ticket = await queries.lock_for(work, ticket_id, Action.ASK_CO_HANDLER, expected_version)
    _require_dispatched(ticket)
    advance(
        work, ticket, Action.ASK_CO_HANDLER, unit_id=ticket.lead_unit_id, remark=request,
        units=list(unit_codes), due=due_at.isoformat() if due_at else None,
    )  # fmt: skip
    taken = {part.unit_id for part in await parts.present(work, ticket.id, *_PARTS)}
    found, faults = await parts.units_to_ask(work, ticket, "unitCodes", unit_codes, taken)
    parts.refuse(faults + await _pushed_down(work, ticket, found, unit_codes))
    for unit in found:
        parts.give_part(
            work, ticket, unit, AssignmentRole.CO_HANDLER, "请求协办",
            request=request, due_at=due_at,
        )  # fmt: skip
    parts.admit(work, ticket, found)
    return ticket


async def _pushed_down(
    work: UnitOfWork, ticket: Ticket, asked: Sequence[Unit], codes: Sequence[str]
) -> list[Fault]:
    """The faults of units that a lead would push its own work down to (B17)."""
    if work.actor.role is not Role.HANDLER:
        return []
    lead = await work.session.get(Unit, ticket.lead_unit_id)
    among_streets = lead is not None and lead.level in _GRASSROOTS
    shut = {UnitLevel.COMMUNITY} if among_streets else _GRASSROOTS
    return [
        Fault(f"unitCodes.{codes.index(unit.code)}", _NOT_DOWN)
        for unit in asked
        if unit.level in shut
    ]


async def record_assistance(
    work: UnitOfWork, ticket_id: UUID | None, what: str, expected_version: int | None = None
) -> Ticket:
    """协办记录: what a co-handler or a community did for the lead, as often as there is anything.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    parts.refuse(check_text("what", what, most=MOST_REMARK))
    ticket = await queries.lock_for(work, ticket_id, Action.RECORD_ASSISTANCE, expected_version)
    part = await _own_part(work, ticket, *_HELPERS)
    advance(
        work, ticket, Action.RECORD_ASSISTANCE, unit_id=part.unit_id, remark=what,
        part=str(part.id),
    )  # fmt: skip
    part.accepted_at = part.accepted_at or work.now
    part.progress, part.progress_at = what, work.now
    return ticket


async def hand_down(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    community_code: str,
    instruction: str,
    due_at: datetime | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """交办社区: a street that leads has one of its own communities work on the matter.

    Only what stands on the street's list (profile, `hand_down`), and no report: its citizen would
    be the community's neighbour (J32). Raises InvalidInput, NotFound, NotAllowed, Conflict,
    NotPossibleNow.
    """
    faults = check_text("instruction", instruction, most=MOST_REMARK)
    parts.refuse(faults + due_faults(work, "dueAt", due_at))
    ticket = await queries.lock_for(work, ticket_id, Action.HAND_DOWN, expected_version)
    advance(
        work, ticket, Action.HAND_DOWN, unit_id=ticket.lead_unit_id, remark=instruction,
        community=community_code, due=due_at.isoformat() if due_at else None,
    )  # fmt: skip
    lead = await work.session.get(Unit, ticket.lead_unit_id)
    if lead is None or lead.level != UnitLevel.STREET:
        raise NotPossibleNow("only a street hands a ticket down")
    if not rules.profile.hand_down.allows(TicketKind(ticket.kind), ticket.category_code):
        raise NotPossibleNow("this matter is not on the list of what a street may hand down")
    community = await units.active_by_code(work.session, community_code)
    taken = {part.unit_id for part in await parts.present(work, ticket.id, *_PARTS)}
    faults = []
    if community is None or community.parent_id != lead.id:
        faults.append(Fault("communityCode", "is not the code of an active community below you"))
    elif community.id in taken:
        faults.append(Fault("communityCode", "has a part in the ticket already"))
    elif not recusal.is_free(ticket, community):
        faults.append(Fault("communityCode", recusal.REFUSAL))
    if faults or community is None:
        raise InvalidInput(*faults)
    parts.give_part(
        work, ticket, community, AssignmentRole.HANDED_DOWN, "街道交办",
        request=instruction, due_at=due_at,
    )  # fmt: skip
    parts.admit(work, ticket, [community])
    return ticket


async def give_back(
    work: UnitOfWork, ticket_id: UUID | None, result: str, expected_version: int | None = None
) -> Ticket:
    """交回: the community tells the street what came of it; its part is done.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    parts.refuse(check_text("result", result, most=MOST_REMARK))
    ticket = await queries.lock_for(work, ticket_id, Action.GIVE_BACK, expected_version)
    part = await _own_part(work, ticket, AssignmentRole.HANDED_DOWN)
    advance(work, ticket, Action.GIVE_BACK, unit_id=part.unit_id, remark=result, part=str(part.id))
    part.replied_at, part.reply, part.ended_at = work.now, result, work.now
    return ticket


def due_faults(work: UnitOfWork, path: str, due_at: datetime | None) -> list[Fault]:
    """The faults of a date that somebody names for others; none where there is none."""
    if due_at is None:
        return []
    if due_at.tzinfo is None:
        return [Fault(path, "needs an offset")]
    if due_at <= work.now:
        return [Fault(path, "must lie in the future")]
    return []


def _require_dispatched(ticket: Ticket) -> None:
    if ticket.lead_unit_id is None:
        raise NotPossibleNow("the ticket has no lead yet")


async def _own_part(work: UnitOfWork, ticket: Ticket, *roles: AssignmentRole) -> Assignment:
    part = await parts.own(work, ticket.id, *roles)
    if part is None:
        raise NotPossibleNow("your unit's part has ended")
    return part
