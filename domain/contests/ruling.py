"""A supervisor rules on a contest; and what happens when nobody does (B12, P)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.catalogue.proposals import propose_change
from domain.contests import queries
from domain.contests.contesting import RULING
from domain.contests.models import Contest, ContestRuling
from domain.dispatch import extensions, recusal, suspending
from domain.dispatch.assigning import assign
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.copies import district_copies
from domain.dispatch.models import TransferCause
from domain.dispatch.office_limits import ends_at, tell, wait_on
from domain.dispatch.parts import joint_units
from domain.kernel import timers
from domain.kernel.errors import Fault, InvalidInput, NotAllowed, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import TicketStatus
from domain.kernel.work import UnitOfWork
from domain.supervision.problems import after_transfer
from domain.tickets import queries as tickets
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Step, next_status
from domain.units import queries as units
from domain.units.models import Unit


async def rule_on_contest(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    ruling: ContestRuling,
    reason: str,
    unit_code: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """异议裁定: UPHELD gives the ticket to another unit, with fresh clocks; REJECTED leaves it
    where it was, deadline and all, and locks the assignment.

    Who submitted the ticket does not rule on it. Raises InvalidInput, NotFound, NotAllowed,
    Conflict, NotPossibleNow.
    """
    faults = check_text("reason", reason, most=MOST_REMARK)
    if (ruling is ContestRuling.UPHELD) != (unit_code is not None):
        faults.append(Fault("unitCode", "is needed where the contest is upheld, and only there"))
    if faults:
        raise InvalidInput(*faults)
    ticket = await tickets.lock_for(work, ticket_id, Action.RULE_ON_CONTEST, expected_version)
    if work.actor.subject == ticket.submitter:
        raise NotAllowed("who submitted a ticket does not rule on its contest")
    next_status(TicketStatus(ticket.status), Action.RULE_ON_CONTEST)
    contest = (await queries.contests_of(work, ticket.id))[-1]
    lead = await _other_unit(work, ticket, contest, unit_code)
    await timers.disarm(work, ticket.id, [RULING])
    contest.ruling, contest.ruling_reason = ruling.value, reason
    contest.ruled_by, contest.ruled_at = work.actor.subject, work.now
    contest.to_unit_id = lead.id if lead is not None else None
    if lead is not None:
        await _uphold(work, rules, ticket, contest, lead)
    else:
        await _reject(work, ticket, contest)
    return ticket


async def _other_unit(
    work: UnitOfWork, ticket: Ticket, contest: Contest, code: str | None
) -> Unit | None:
    """The unit that the ticket goes to. Raises InvalidInput where it is none, has it now, or must
    be recused (J32)."""
    if code is None:
        return None
    unit = await units.active_by_code(work.session, code)
    if unit is None or unit.id == contest.unit_id:
        raise InvalidInput(Fault("unitCode", "is not the code of another active unit"))
    recusal.require_free(ticket, unit)
    return unit


async def rule_by_id(
    work: UnitOfWork,
    rules: Rules,
    contest_id: UUID | None,
    ruling: ContestRuling,
    reason: str,
    unit_code: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """As `rule_on_contest`, of a contest; one that was ruled on before is NotPossibleNow."""
    ticket_id = await queries.ticket_of(work, contest_id)
    ticket = await rule_on_contest(
        work, rules, ticket_id, ruling, reason, unit_code, expected_version
    )
    contest = await work.session.get(Contest, contest_id)
    if contest is None or contest.ruled_at != work.now or contest.ruled_by != work.actor.subject:
        raise NotPossibleNow("this contest was ruled on before")
    return ticket


async def _uphold(
    work: UnitOfWork, rules: Rules, ticket: Ticket, contest: Contest, lead: Unit
) -> None:
    former = await work.session.get(Unit, contest.unit_id)
    assert former is not None
    # What the catalogue learns from (propose_change): who sent it back, whose it is, and why.
    upheld = {
        "from": former.code, "to": lead.code, "ground": contest.ground,
        "category": ticket.category_code,
    }  # fmt: skip
    _note(work, ticket, contest, contest_upheld=upheld)
    await extensions.lapse(work, [ticket.id])
    await suspending.end(work, ticket)
    # The joint units are not in question: their tasks begin anew beside the new lead.
    await assign(
        work, rules, ticket, lead, await district_copies(work, lead),
        joint=await joint_units(work, ticket.id), reason=f"经裁定改派{lead.name}",
        move=Step.REDISPATCH, transfer=TransferCause.RULING,
        locked=rules.profile.contest.locks_upheld, contest=str(contest.id),
    )  # fmt: skip
    await propose_change(work, ticket=ticket, from_unit=former, to_unit=lead, ground=contest.ground)
    await after_transfer(work, rules, ticket)


async def _reject(work: UnitOfWork, ticket: Ticket, contest: Contest) -> None:
    _note(work, ticket, contest)
    back = Step.REINSTATE_ACCEPTED if contest.accepted else Step.REINSTATE
    advance(work, ticket, back, unit_id=contest.unit_id, contest=str(contest.id))
    assignment = await queries.present_assignment(work, ticket)
    assignment.locked = True


def _note(work: UnitOfWork, ticket: Ticket, contest: Contest, **more: Any) -> None:
    advance(
        work, ticket, Action.RULE_ON_CONTEST, unit_id=contest.unit_id,
        remark=contest.ruling_reason, contest=str(contest.id), ruling=contest.ruling, **more,
    )  # fmt: skip


async def fire(
    work: UnitOfWork, rules: Rules, contested: Mapping[UUID, Ticket], due: Sequence[Timer]
) -> None:
    """Nobody ruled in the city's time: the history says so, which is news to the supervisors.

    Where holidays were declared since, the time may end otherwise.
    """
    rules = await rules_now(work, rules)
    found = await queries.by_ids(work, [UUID(timer.payload["contest"]) for timer in due])
    for timer in due:
        ticket, contest = contested[timer.subject_id], found[UUID(timer.payload["contest"])]
        if ticket.status != TicketStatus.CONTESTED.value or contest.ruling is not None:
            continue
        before, after = contest.ruling_due_at, ends_at(rules, timer, contest.ruling_due_at)
        if after != before:
            contest.ruling_due_at = after
            tell(work, rules, ticket, "异议裁定", (before, after),
                 unit_id=contest.unit_id, contest=str(contest.id))  # fmt: skip
        if after > work.now:
            wait_on(work, timer, after)
        else:
            advance(work, ticket, Step.RULING_DUE, unit_id=ticket.lead_unit_id,
                    contest=str(contest.id))  # fmt: skip
