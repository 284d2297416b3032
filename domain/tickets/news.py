"""Whom news of a ticket concerns: the first, cheap question; the row's predicate is the last."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.actor import Actor, Role
from domain.kernel.vocabulary import TicketStatus
from domain.tickets.models import Audience, Ticket
from domain.tickets.workflow import Action, Step


@dataclass(frozen=True, slots=True)
class News:
    """One history entry, as it is told to subscribers, and the people whom it may concern."""

    event_id: UUID
    ticket_id: UUID
    kind: str
    status: str
    public: bool
    citizen_id: UUID | None = None
    submitter: str = ""
    units: frozenset[UUID] = frozenset()


_SUPERVISED = frozenset(
    {
        Step.OVERDUE.value, Step.ESCALATE.value, Step.REWORK.value,
        Step.TASK_OVERDUE.value, Step.REPORT_IN_LATE.value, Step.REPORT_IN_ESCALATE.value,
        Action.CONTEST.value, Step.RULING_DUE.value, Action.SUPERVISE.value,
        Step.SUPERVISION_REPORTED.value, Step.SUPERVISION_OVERDUE.value,
    }
)  # fmt: skip
_JUDGED = frozenset({Action.RECORD_CALLBACK.value, Action.EVALUATE.value})
_CENTRE_WORKS_ON = frozenset({TicketStatus.RECEIVED.value, TicketStatus.REPLIED.value})


def concerns(actor: Actor, news: News) -> bool:
    """Whether the actor works on what the news is about (subscription `inbox`).

    Units: the tickets given to them or below them. Agents: what waits for triage or callback.
    Supervisors: what ran late, is contested or supervised. Evaluators: what citizens said.
    Citizens and partners: their own.
    """
    if actor.role is Role.HANDLER:
        return actor.unit_id in news.units
    if actor.role is Role.AGENT:
        return news.status in _CENTRE_WORKS_ON
    if actor.role is Role.SUPERVISOR:
        return news.kind in _SUPERVISED
    if actor.role is Role.EVALUATOR:
        return news.kind in _JUDGED
    own = actor.citizen_id is not None and actor.citizen_id == news.citizen_id
    return news.public and (own or actor.subject == news.submitter)


async def addressed(session: AsyncSession, news: News) -> News:
    """The news with its ticket's citizen, submitter and audience."""
    ticket = (
        await session.execute(
            select(Ticket.citizen_id, Ticket.submitter).where(Ticket.id == news.ticket_id)
        )
    ).one_or_none()
    units = await session.scalars(
        select(Audience.unit_id).where(Audience.ticket_id == news.ticket_id)
    )
    return News(
        news.event_id,
        news.ticket_id,
        news.kind,
        news.status,
        news.public,
        ticket.citizen_id if ticket else None,
        ticket.submitter if ticket else "",
        frozenset(units.all()),
    )
