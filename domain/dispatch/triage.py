"""The centre's decisions: answer at once, redirect, classify, dispatch by hand."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from domain.classification.commands import record_correction
from domain.dispatch import conferring, merging, parts, recusal
from domain.dispatch.assigning import assign, take_from_accused, take_from_units
from domain.dispatch.city import City, Rules
from domain.dispatch.copies import district_copies
from domain.dispatch.models import TransferCause
from domain.dispatch.moving import change_level
from domain.dispatch.splitting import close_parts, parts_of, require_parts_done
from domain.kernel.errors import Fault, InvalidInput
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import CategorySource, ResponseLevel, TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets import audience, queries
from domain.tickets.commands import MOST_CONTENT, MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Step, transition
from domain.units import queries as units
from domain.units.models import Unit


class TriageOutcome(StrEnum):
    """What becomes of a ticket that is not dispatched (B11)."""

    ANSWER = "ANSWER"  # 直接答复
    REDIRECT = "REDIRECT"  # 转接、告知渠道


async def triage_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    outcome: TriageOutcome,
    answer: str,
    ground: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """分流: end a ticket in the centre, with what the citizen is told and, for a redirect, why.

    `ground` is a code of the profile's list (B11 1-6). Raises InvalidInput, NotFound, NotAllowed,
    Conflict, NotPossibleNow.
    """
    faults = check_text("answer", answer, most=MOST_CONTENT)
    faults += _ground_faults(rules, outcome, ground)
    if faults:
        raise InvalidInput(*faults)
    action = Action.ANSWER if outcome is TriageOutcome.ANSWER else Action.REDIRECT
    await merging.lock_group(work, ticket_id)
    ticket = await queries.lock_for(work, ticket_id, action, expected_version)
    ticket.triage_ground, ticket.answer, ticket.closed_at = ground, answer, work.now
    advance(work, ticket, action, remark=answer, ground=ground)
    await require_parts_done(work, ticket)
    await close_parts(work, ticket)
    await conferring.end(work, ticket)
    await merging.tell_followers(work, ticket, answer, ground)
    return ticket


def _ground_faults(rules: Rules, outcome: TriageOutcome, code: str | None) -> list[Fault]:
    if code is None:
        needed = outcome is TriageOutcome.REDIRECT
        return [Fault("ground", "is needed for a redirect")] if needed else []
    ground = rules.profile.triage_ground(code)
    if ground is None:
        known = ", ".join(ground.code for ground in rules.profile.triage_grounds)
        return [Fault("ground", f"must be one of {known}")]
    fits = (ground.status is TicketStatus.ANSWERED) == (outcome is TriageOutcome.ANSWER)
    return [] if fits else [Fault("ground", f"leads to {ground.status.value}")]


async def classify_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    *,
    category: str | None = None,
    level: ResponseLevel | None = None,
    accused_unit_code: str | None = None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """定类定级: set the category or the level; clocks that run follow a new level.

    被反映单位: the unit that it is about. A protected ticket is taken away from it, and from units
    below it, and goes to the unit above or back to the centre (J32); so are those that follow it
    and its parts.

    Another category than before is kept for training (`classification.record_correction`).

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("reason", reason, most=MOST_REMARK, required=False)
    if category is None and level is None and accused_unit_code is None:
        faults.append(Fault("category", "or level or accusedUnitCode must be given"))
    if faults:
        raise InvalidInput(*faults)
    if accused_unit_code is not None:
        await merging.lock_group(work, ticket_id)
    ticket = await queries.lock_for(work, ticket_id, Action.CLASSIFY, expected_version)
    if accused_unit_code is not None:
        await parts_of(work, ticket)  # locks them, as all tickets before the tree
        await units.hold_tree(work)
    if faults := await queries.category_faults(work, category):
        raise InvalidInput(*faults)
    accused = await recusal.accused_unit(work, accused_unit_code)
    before = {"category": ticket.category_code, "level": ticket.level}
    moved = level is not None and level.value != ticket.level
    if category is not None:
        ticket.category_code = category
        ticket.category_source = CategorySource.CENTRE.value
        await record_correction(work, ticket, before["category"])
    if level is not None:
        ticket.level, ticket.level_reason = level.value, reason or "坐席调整"
    after = {"category": ticket.category_code, "level": ticket.level}
    advance(work, ticket, Action.CLASSIFY, remark=reason, before=before, after=after)
    if moved and ticket.lead_unit_id is not None:
        await change_level(work, rules, [ticket], reason or "")
    if accused is not None:
        await _accuse(work, rules, ticket, accused, reason)
    return ticket


async def _accuse(
    work: UnitOfWork, rules: Rules, ticket: Ticket, accused: Unit, reason: str | None
) -> None:
    """Put on record whom the ticket is about, and with it what follows it and its parts: they tell
    of the same matter."""
    ticket.accused_unit_id = accused.id
    await _take_away(work, rules, ticket)
    for follower in await merging.followers_of(work, ticket):
        follower.accused_unit_id = accused.id
        advance(work, follower, Step.FOLLOW, accused=accused.code)
        await audience.shut_out(work, follower)
    for part in await parts_of(work, ticket):
        part.accused_unit_id = accused.id
        if TicketStatus(part.status) in transition(Action.CLASSIFY).sources:
            advance(work, part, Action.CLASSIFY, remark=reason, accused=accused.code)
            await _take_away(work, rules, part)
        else:
            await audience.shut_out(work, part)


async def _take_away(work: UnitOfWork, rules: Rules, ticket: Ticket) -> None:
    """Let nobody keep a part in the ticket, nor the sight of it, who must be recused."""
    await audience.shut_out(work, ticket)
    lead = await work.session.get(Unit, ticket.lead_unit_id) if ticket.lead_unit_id else None
    if lead is None or recusal.is_free(ticket, lead):
        await take_from_accused(work, ticket)
        return
    joint = recusal.free_of(ticket, await parts.joint_units(work, ticket.id))
    reason = "涉及被反映单位，依规回避"
    advance(work, ticket, Step.TAKE_AWAY, remark=reason)
    await take_from_units(work, ticket)
    above = await recusal.instead(work, ticket, lead)
    if above is not None:
        await assign(work, rules, ticket, above, [], joint=joint, reason=reason, by="recusal")


async def dispatch_ticket(
    work: UnitOfWork,
    city: City,
    ticket_id: UUID | None,
    unit_code: str,
    reason: str | None = None,
    expected_version: int | None = None,
    *,
    joint: Sequence[str] = (),
    co_handlers: Sequence[str] = (),
) -> Ticket:
    """派单: give a ticket to a unit by hand; a street's ticket is copied to its district (B12).

    `joint` and `co_handlers` are the codes of units that get a task beside the lead (联合双派, S),
    and of units that help (协办). Raises InvalidInput with all faults at once, NotFound,
    NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("reason", reason, most=MOST_REMARK, required=False)
    if faults:
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.DISPATCH, expected_version)
    lead = await units.active_by_code(work.session, unit_code)
    faults = [] if lead else [Fault("unitCode", "is not the code of an active unit")]
    if lead is not None and not recusal.is_free(ticket, lead):
        faults.append(Fault("unitCode", recusal.REFUSAL))
    taken = {lead.id} if lead else set()
    beside, more = await parts.units_to_ask(work, ticket, "jointUnitCodes", joint, taken)
    faults += more
    taken |= {unit.id for unit in beside}
    helping, more = await parts.units_to_ask(work, ticket, "coHandlerCodes", co_handlers, taken)
    faults += more
    if faults or lead is None:
        raise InvalidInput(*faults)
    if ticket.lead_unit_id is None:
        await conferring.end(work, ticket)
    copies = await district_copies(work, lead)
    words = reason or f"人工派往{lead.name}"
    await assign(
        work, city.rules, ticket, lead, copies, joint=beside, co_handlers=helping,
        reason=words, transfer=TransferCause.HAND, by="hand",
    )  # fmt: skip
    return ticket
