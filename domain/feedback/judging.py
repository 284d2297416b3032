"""What citizens say of a reply, and what follows: close, call again, or rework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.dispatch import merging, recusal, splitting
from domain.dispatch.assigning import assign
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.copies import district_copies
from domain.dispatch.parts import joint_units
from domain.feedback import calls, following
from domain.feedback.calling import Answers, asks_for_rework, outcome
from domain.feedback.models import Callback, CallbackSource, CallbackStatus
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import CallbackOutcome, Satisfaction, TicketStatus
from domain.kernel.work import UnitOfWork
from domain.supervision.problems import after_rework_asked
from domain.tickets import queries
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Step
from domain.units.models import Unit

_UNSOLVED = "市民不满意或未解决，退回重办"


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
    await merging.lock_group(work, ticket_id)
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
    await merging.lock_group(work, ticket_id)
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
        await after_rework_asked(work, rules, await _reopened(work, ticket))
    if verdict is CallbackOutcome.RETRY and not calls.schedule_next(work, rules, ticket, attempts):
        verdict = rules.profile.callback.unreachable
    if verdict is CallbackOutcome.REWORK:
        await _again(work, rules, ticket, present.unit_id, judgement)
    elif verdict is not CallbackOutcome.RETRY:
        advance(work, ticket, Step.CLOSE, unit_id=present.unit_id, outcome=verdict.value)
        ticket.closed_at = work.now
        await splitting.close_parts(work, ticket)
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


async def _reopened(work: UnitOfWork, ticket: Ticket) -> Ticket:
    """The ticket that a rework gives back: a follower's primary while that waits for answers too,
    else the ticket itself (decision 14)."""
    if ticket.primary_id is None:
        return ticket
    primary = await work.session.get(Ticket, ticket.primary_id)
    assert primary is not None
    return primary if primary.status == TicketStatus.REPLIED else ticket


async def _again(
    work: UnitOfWork, rules: Rules, ticket: Ticket, unit_id: UUID, judgement: Judgement
) -> None:
    """重办: once more (J27). A follower's answer gives its primary back while that waits for
    answers; after that the follower goes on alone, to the same units (decision 14)."""
    reopened = await _reopened(work, ticket)
    joint = await _joint_again(work, rules, ticket.primary_id or ticket.id)
    if reopened is ticket:
        reason = judgement.remark or _UNSOLVED
    else:
        # Not in the words of the follower's citizen: the primary's history is another's.
        reason = "并单市民不满意或未解决，退回重办"
    alone = reopened.primary_id is not None
    await _rework(work, rules, reopened, unit_id, joint, reason)
    if alone:
        reopened.primary_id = None
    else:
        await following.await_next_reply(work, reopened)


async def _joint_again(work: UnitOfWork, rules: Rules, replied_id: UUID) -> list[Unit]:
    """The joint units of what was replied to, where the city gives them their tasks again.

    The citizen judged the lead's reply, so the rework is the lead's; the rest is the city's choice.
    """
    return await joint_units(work, replied_id) if rules.profile.joint.again_on_rework else []


async def _rework(
    work: UnitOfWork,
    rules: Rules,
    ticket: Ticket,
    unit_id: UUID,
    joint: Sequence[Unit],
    reason: str,
) -> None:
    """The same lead once more, with the shorter clock of its round.

    Where the lead of a freed follower is gone, or must be recused, the centre finds another.
    """
    lead = await work.session.get(Unit, unit_id, with_for_update={"read": True})
    assert lead is not None
    ticket.round += 1
    if not lead.active or not recusal.is_free(ticket, lead):
        ticket.replied_at = None
        advance(work, ticket, Step.PROMOTE, remark=reason)
        return
    copies = await district_copies(work, lead)
    await assign(work, rules, ticket, lead, copies, joint=joint, reason=reason, move=Step.REWORK)
