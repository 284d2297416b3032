"""What citizens say of a reply, and what follows: close, call again, or rework."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.dispatch.assigning import assign
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.parts import joint_units
from domain.dispatch.triage import district_copies
from domain.feedback import calls
from domain.feedback.calling import Answers, asks_for_rework, outcome
from domain.feedback.models import Callback, CallbackSource, CallbackStatus
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import CallbackOutcome, Satisfaction
from domain.kernel.work import UnitOfWork
from domain.supervision.problems import after_rework_asked
from domain.tickets import queries
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Step
from domain.units.models import Unit


@dataclass(frozen=True, slots=True)
class Judgement:
    """The three questions of a callback, and a remark; None where not asked or not answered."""

    reached: bool
    contacted: bool | None = None
    resolved: bool | None = None
    satisfaction: Satisfaction | None = None
    remark: str | None = None

    def answers(self) -> Answers:
        return Answers(self.reached, self.contacted, self.resolved, self.satisfaction)


async def record_callback(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    judgement: Judgement,
    expected_version: int | None = None,
) -> Ticket:
    """回访: what one call brought back. Unreached calls come again on another day.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    _check(judgement)
    ticket = await queries.lock_for(work, ticket_id, Action.RECORD_CALLBACK, expected_version)
    return await _judge(work, rules, ticket, judgement, Action.RECORD_CALLBACK)


async def evaluate_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    judgement: Judgement,
    expected_version: int | None = None,
) -> Ticket:
    """自评: the citizen's own answer; it counts like a callback's, and no call follows.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    _check(judgement)
    ticket = await queries.lock_for(work, ticket_id, Action.EVALUATE, expected_version)
    days = rules.profile.callback.evaluation_days
    if ticket.replied_at is not None and work.now > ticket.replied_at + timedelta(days=days):
        raise NotPossibleNow(f"a reply can be evaluated for {days} days")
    return await _judge(work, rules, ticket, judgement, Action.EVALUATE)


def _check(judgement: Judgement) -> None:
    faults = check_text("remark", judgement.remark, most=MOST_REMARK, required=False)
    questions = {
        "contacted": judgement.contacted,
        "resolved": judgement.resolved,
        "satisfaction": judgement.satisfaction,
    }
    for name, answer in questions.items():
        if not judgement.reached and answer is not None:
            faults.append(Fault(name, "cannot be known: the citizen was not reached"))
    if faults:
        raise InvalidInput(*faults)


async def _judge(
    work: UnitOfWork, rules: Rules, ticket: Ticket, judgement: Judgement, action: Action
) -> Ticket:
    rules = await rules_now(work, rules)
    attempts = await calls.attempts_of(work, ticket.id, ticket.round)
    present = attempts[-1] if attempts else None
    if present is None or present.status != CallbackStatus.SCHEDULED.value:
        raise NotPossibleNow("this round has been judged already")
    _check_is_due(work, present, judgement)
    verdict = outcome(rules.profile, judgement.answers(), ticket.round, attempts=len(attempts))
    _fill(work, present, judgement, action)
    advance(
        work, ticket, action, unit_id=present.unit_id, remark=judgement.remark,
        reached=judgement.reached, contacted=judgement.contacted, resolved=judgement.resolved,
        satisfaction=judgement.satisfaction, attempt=present.attempt, outcome=verdict.value,
    )  # fmt: skip
    await work.flush()
    if asks_for_rework(rules.profile, judgement.answers()):
        await after_rework_asked(work, rules, ticket)
    if verdict is CallbackOutcome.RETRY and not calls.schedule_next(work, rules, ticket, attempts):
        verdict = rules.profile.callback.unreachable
    if verdict is CallbackOutcome.REWORK:
        await _rework(work, rules, ticket, judgement)
    elif verdict is not CallbackOutcome.RETRY:
        advance(work, ticket, Step.CLOSE, unit_id=present.unit_id, outcome=verdict.value)
        ticket.closed_at = work.now
    return ticket


def _check_is_due(work: UnitOfWork, call: Callback, judgement: Judgement) -> None:
    """Three unanswered calls on one afternoon are one attempt: the others wait for their day.

    Raises NotPossibleNow. An answer is taken whenever it comes.
    """
    if not judgement.reached and call.attempt > 1 and work.now < call.due_at:
        raise NotPossibleNow("the citizen is called again on another day")


def _fill(work: UnitOfWork, call: Callback, judgement: Judgement, action: Action) -> None:
    own = action is Action.EVALUATE
    reached = judgement.reached
    call.status = (CallbackStatus.ANSWERED if reached else CallbackStatus.UNREACHED).value
    call.source = (CallbackSource.CITIZEN if own else CallbackSource.CALL).value
    call.answered_at = work.now
    call.contacted = judgement.contacted
    call.resolved = judgement.resolved
    call.satisfaction = judgement.satisfaction.value if judgement.satisfaction else None
    call.remark = judgement.remark
    call.called_by = None if own else work.actor.subject


async def _rework(work: UnitOfWork, rules: Rules, ticket: Ticket, judgement: Judgement) -> None:
    """重办: the same lead once more, with the shorter clock of its round (J27).

    The citizen judged the lead's reply, so the rework is the lead's; whether the joint units get
    their tasks again is the city's choice.
    """
    lead = await work.session.get(Unit, ticket.lead_unit_id, with_for_update={"read": True})
    assert lead is not None
    again = rules.profile.joint.again_on_rework
    joint = await joint_units(work, ticket.id) if again else []
    ticket.round += 1
    copies = await district_copies(work, lead)
    reason = judgement.remark or "市民不满意或未解决，退回重办"
    await assign(work, rules, ticket, lead, copies, joint=joint, reason=reason, move=Step.REWORK)
