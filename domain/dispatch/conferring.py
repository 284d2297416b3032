"""会商: before a hard ticket is given to anybody, the centre asks units whose it is (B12).

A unit that is asked sees the ticket and gives its opinion once, within the city's time. Nobody is
bound by it: the centre dispatches, answers or redirects whenever it likes, which ends the asking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.dispatch import office_limits, parts
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.parts import OPINIONS
from domain.kernel import timers
from domain.kernel.errors import Fault, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.assignments import AssignmentRole, OpinionStance
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action, Step


async def confer(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    unit_codes: Sequence[str],
    question: str,
    expected_version: int | None = None,
) -> Ticket:
    """会商: the centre asks units for their opinion on a ticket that waits for triage (B12).

    More units can be asked later; who was asked is not asked again. Raises InvalidInput, NotFound,
    NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("question", question, most=MOST_REMARK)
    if not unit_codes:
        faults.append(Fault("unitCodes", "must name at least one unit"))
    parts.refuse(faults)
    ticket = await queries.lock_for(work, ticket_id, Action.CONFER, expected_version)
    advance(work, ticket, Action.CONFER, remark=question, units=list(unit_codes))
    asked = {part.unit_id for part in await parts.present(work, ticket.id, AssignmentRole.CONFEREE)}
    found, faults = await parts.units_to_ask(work, ticket, "unitCodes", unit_codes, asked)
    parts.refuse(faults)
    rules = await rules_now(work, rules)
    due = office_limits.arm(work, rules, OPINIONS, ticket.id, rules.profile.conference.opinion)
    for unit in found:
        parts.give_part(
            work, ticket, unit, AssignmentRole.CONFEREE, "派单前会商", request=question, due_at=due
        )
    parts.admit(work, ticket, found)
    return ticket


async def give_opinion(
    work: UnitOfWork,
    ticket_id: UUID | None,
    stance: OpinionStance,
    opinion: str,
    expected_version: int | None = None,
) -> Ticket:
    """会商意见: a unit says, once, whether the matter is its own, and why.

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    parts.refuse(check_text("opinion", opinion, most=MOST_REMARK))
    ticket = await queries.lock_for(work, ticket_id, Action.GIVE_OPINION, expected_version)
    part = await parts.own(work, ticket.id, AssignmentRole.CONFEREE)
    advance(
        work, ticket, Action.GIVE_OPINION, unit_id=work.actor.unit_id, remark=opinion,
        stance=stance.value,
    )  # fmt: skip
    if part is None or part.replied_at is not None:
        raise NotPossibleNow("your unit has given its opinion")
    part.replied_at, part.reply, part.stance = work.now, opinion, stance.value
    return ticket


async def end(work: UnitOfWork, ticket: Ticket) -> None:
    """The centre has decided without a unit: nobody is asked any longer."""
    await timers.disarm(work, ticket.id, [OPINIONS])
    for part in await parts.present(work, ticket.id, AssignmentRole.CONFEREE):
        part.ended_at = work.now


async def fire(
    work: UnitOfWork, rules: Rules, tickets: Mapping[UUID, Ticket], due: Sequence[Timer]
) -> None:
    """The time for opinions is up: the history tells the centre who has not said anything."""
    rules = await rules_now(work, rules)
    waiting = await parts.awaited(
        work, {timer.subject_id for timer in due}, AssignmentRole.CONFEREE
    )
    for timer in due:
        ticket = tickets[timer.subject_id]
        begun = datetime.fromisoformat(timer.payload["since"])
        silent = [
            part for part in waiting if part.ticket_id == ticket.id and part.assigned_at == begun
        ]
        if not silent or ticket.status != TicketStatus.RECEIVED.value:
            continue
        before = silent[0].deadline or timer.due_at
        after = office_limits.ends_at(rules, timer, before)
        if after != before:
            for part in silent:
                part.deadline = after
            office_limits.tell(work, rules, ticket, "会商意见", (before, after), unit_id=None)
        if after > work.now:
            office_limits.wait_on(work, timer, after)
        else:
            advance(
                work, ticket, Step.OPINIONS_DUE, remark=f"{len(silent)}个单位逾期未反馈会商意见",
                units=[str(part.unit_id) for part in silent],
            )  # fmt: skip
