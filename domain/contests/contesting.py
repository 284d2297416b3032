"""A unit contests a dispatch: whether it may, by the rules alone, and the step itself (B12, P)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.contests import queries
from domain.contests.models import Contest, ContestRuling
from domain.dispatch import clocks, office_limits
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.profile import Profile
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import FIRST_ROUND
from domain.kernel.work import UnitOfWork
from domain.tickets import queries as tickets
from domain.tickets.assignments import Assignment
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action
from domain.units import queries as units

RULING = "contest.ruling"
MOST_EVIDENCE = 8000


def refusal(
    rules: Rules, assignment: Assignment, earlier: Sequence[Contest], now: datetime
) -> str | None:
    """Why an assignment cannot be contested; None where it can. Pure.

    It can for the city's time from the dispatch, so often as the city allows, in the first round
    (the city may allow reworks too), and never where a ruling gave it to the unit or left it there.
    """
    profile = rules.profile.contest
    ruled = any(
        contest.ruling == ContestRuling.REJECTED.value and contest.unit_id == assignment.unit_id
        for contest in earlier
    )
    if assignment.locked or ruled:
        return "the unit has the ticket by a ruling, which cannot be contested"
    if assignment.round > FIRST_ROUND and not profile.reworks:
        return "a rework cannot be contested"
    if sum(one.assignment_id == assignment.id for one in earlier) >= profile.per_assignment:
        return f"an assignment can be contested {profile.per_assignment} times"
    if now > clocks.after(profile.within, assignment.assigned_at, rules.calendar, rules.zone):
        return f"a dispatch can be contested within {profile.within.in_english()}"
    return None


async def contest_dispatch(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    *,
    ground: str,
    reason: str,
    evidence: str | None = None,
    suggested_unit_code: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """派单异议: the lead says that the ticket is not its own; a supervisor rules on it.

    The clocks run on. `ground` is a code of the profile's list. Raises InvalidInput, NotFound,
    NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("reason", reason, most=MOST_REMARK)
    faults += check_text("evidence", evidence, most=MOST_EVIDENCE, required=False)
    faults += _ground_faults(rules.profile, ground)
    if faults:
        raise InvalidInput(*faults)
    ticket = await tickets.lock_for(work, ticket_id, Action.CONTEST, expected_version)
    rules = await rules_now(work, rules)
    accepted = ticket.accepted_at is not None
    contest_id = work.new_id()
    advance(
        work, ticket, Action.CONTEST, unit_id=ticket.lead_unit_id, remark=reason,
        contest=str(contest_id), ground=ground,
    )  # fmt: skip
    assignment = await queries.present_assignment(work, ticket)
    earlier = await queries.contests_of(work, ticket.id)
    if why := refusal(rules, assignment, earlier, work.now):
        raise NotPossibleNow(why)
    suggested = await _suggested(work, suggested_unit_code, assignment.unit_id)
    due = office_limits.arm(
        work, rules, RULING, ticket.id, rules.profile.contest.ruling, contest=str(contest_id)
    )
    work.add(
        Contest(
            id=contest_id,
            ticket_id=ticket.id,
            assignment_id=assignment.id,
            unit_id=assignment.unit_id,
            round=ticket.round,
            ground=ground,
            reason=reason,
            evidence=evidence,
            suggested_unit_id=suggested,
            accepted=accepted,
            raised_by=work.actor.subject,
            raised_at=work.now,
            ruling_due_at=due,
        )
    )
    return ticket


def _ground_faults(profile: Profile, code: str) -> list[Fault]:
    if profile.contest_ground(code) is not None:
        return []
    known = ", ".join(ground.code for ground in profile.contest_grounds)
    return [Fault("ground", f"must be one of {known}")]


async def _suggested(work: UnitOfWork, code: str | None, own: UUID) -> UUID | None:
    """The unit that is suggested instead. Raises InvalidInput where it is none, or the same."""
    if code is None:
        return None
    unit = await units.active_by_code(work.session, code)
    if unit is None or unit.id == own:
        raise InvalidInput(Fault("suggestedUnitCode", "is not the code of another active unit"))
    return unit.id
