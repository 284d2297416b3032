"""The history: append-only, hash-chained, and the only door through which a status changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson

from domain.kernel.vocabulary import TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket, TicketEvent
from domain.tickets.workflow import Action, Step, next_status

ORIGIN = bytes(32)  # what the first entry's digest follows

# Entries that the citizen is shown; the others are the offices' own business.
_PUBLIC = frozenset(
    {
        Step.SUBMIT, Step.REWORK, Step.CLOSE, Action.SUPPLEMENT, Action.URGE, Action.WITHDRAW,
        Action.EVALUATE, Action.ANSWER, Action.REDIRECT, Action.DISPATCH, Action.ACCEPT,
        Action.RECORD_CONTACT, Action.REPLY, Action.MERGE, Action.UNMERGE, Action.SPLIT,
        Action.CONCLUDE, Action.SUSPEND, Action.RESUME, Step.FOLLOW, Step.PROMOTE,
        Step.REDISPATCH, Step.EXTEND, Step.CALENDAR_CHANGE,
    }
)  # fmt: skip


def advance(
    work: UnitOfWork,
    ticket: Ticket,
    move: Action | Step,
    *,
    unit_id: UUID | None = None,
    remark: str | None = None,
    **detail: Any,
) -> TicketEvent:
    """Take one step: check the table, set the status, write the history, publish the news.

    The ticket's row must be locked by the caller. `detail` is JSON without personal data.
    Raises NotPossibleNow.
    """
    status = TicketStatus(ticket.status) if ticket.history_length else None
    ticket.status = next_status(status, move).value
    ticket.version += 1
    event = _append(work, ticket, move, unit_id, remark, detail)
    work.publish(
        "ticket_event",
        {
            "event": str(event.id),
            "ticket": str(ticket.id),
            "kind": event.kind,
            "status": event.status,
            "public": event.public,
        },
    )
    return event


def _append(
    work: UnitOfWork,
    ticket: Ticket,
    move: Action | Step,
    unit_id: UUID | None,
    remark: str | None,
    detail: dict[str, Any],
) -> TicketEvent:
    event = TicketEvent(
        id=work.new_id(),
        ticket_id=ticket.id,
        position=ticket.history_length,
        kind=move.value,
        status=ticket.status,
        round=ticket.round,
        actor_role=work.actor.role.value,
        actor_subject=work.actor.subject,
        unit_id=unit_id,
        remark=remark,
        detail=detail,
        public=move in _PUBLIC,
        at=work.now,
        digest=b"",
    )
    event.digest = digest(ticket.history_head, event)
    ticket.history_length += 1
    ticket.history_head = event.digest
    work.record(event)
    return event


def digest(previous: bytes, event: TicketEvent) -> bytes:
    """SHA-256 over the previous digest and the entry's canonical JSON (keys sorted, UTC)."""
    entry = {
        "id": str(event.id),
        "ticket": str(event.ticket_id),
        "position": event.position,
        "kind": event.kind,
        "status": event.status,
        "round": event.round,
        "role": event.actor_role,
        "subject": event.actor_subject,
        "unit": str(event.unit_id) if event.unit_id else None,
        "remark": event.remark,
        "detail": event.detail,
        "public": event.public,
        "at": event.at,
    }
    text = orjson.dumps(entry, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return hashlib.sha256(previous + text).digest()


def verify(ticket: Ticket, events: Iterable[TicketEvent]) -> bool:
    """Whether the entries, in order of position, are exactly what was written."""
    head, count = ORIGIN, 0
    for event in events:
        if event.position != count or event.digest != digest(head, event):
            return False
        head, count = event.digest, count + 1
    return count == ticket.history_length and head == ticket.history_head
