"""Whether each ticket is whole: everything that a step writes is there, or nothing of it.

Every check says what it found in words; a town without a fault has an empty list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from domain.dispatch.city import Rules
from domain.dispatch.models import ClockSegment
from domain.feedback.models import Callback, Contact, Reply
from domain.kernel.outbox import OutboxRow
from domain.kernel.timers import Timer
from domain.kernel.work import UnitOfWork
from domain.tickets.assignments import Assignment
from domain.tickets.history import verify
from domain.tickets.models import Audience, Ticket, TicketEvent
from domain.units.models import Unit
from tests.chaos.ticking import RISE, clock_faults

_CLOCKED = frozenset({"DISPATCHED", "ACCEPTED", "REPLIED", "CLOSED"})


class Fault(NamedTuple):
    """What is wrong with one ticket: `half` done, or a point of a clock fired `twice` or `missed`,
    or something in `news`."""

    sort: str
    code: str
    words: str


@dataclass(slots=True)
class Whole:
    """A ticket and all rows that belong to it."""

    ticket: Ticket
    events: list[TicketEvent] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    segments: list[ClockSegment] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    audience: set[UUID] = field(default_factory=set)
    contacts: list[Contact] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    news: list[str] = field(default_factory=list)

    def count(self, kind: str, round_: int | None = None) -> int:
        """How often that entry stands in the history, of one round or of all."""
        return sum(event.kind == kind and round_ in {None, event.round} for event in self.events)


@dataclass(frozen=True, slots=True)
class Findings:
    """What an inspection saw."""

    wholes: dict[UUID, Whole]
    faults: list[Fault]
    fired: int

    def of(self, sort: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.sort == sort]


async def inspect(
    work: UnitOfWork, rules: Rules, *, slack: timedelta = timedelta(seconds=2)
) -> Findings:
    """Look at every ticket of the database. A point of a clock may be `slack` late, no more."""
    wholes = await _read(work)
    assigned = select(Assignment.unit_id)
    units = await work.session.execute(select(Unit.id, Unit.lineage).where(Unit.id.in_(assigned)))
    lineages = {unit: lineage for unit, lineage in units}  # noqa: C416 - rows are no pairs
    pending = await _pending_news(work)
    work.session.expunge_all()  # what was seen stays as it was seen
    by = work.now - slack
    faults = [
        Fault(sort, whole.ticket.code, words)
        for whole in wholes.values()
        for sort, words in _all_faults(rules, whole, lineages, by)
    ]
    faults += [Fault("news", "outbox", f"{topic} waits") for topic in pending]
    fired = sum(timer.fired_at is not None for each in wholes.values() for timer in each.timers)
    return Findings(wholes, faults, fired)


def _all_faults(
    rules: Rules, whole: Whole, lineages: Mapping[UUID, Sequence[UUID]], by: datetime
) -> Iterator[tuple[str, str]]:
    for words in _faults(whole, lineages):
        yield "half", words
    yield from clock_faults(rules, whole.ticket, whole.events, whole.segments, whole.timers, by)


async def _read(work: UnitOfWork) -> dict[UUID, Whole]:
    async def rows(model: type[Any], *order: Any) -> Sequence[Any]:
        return (await work.session.scalars(select(model).order_by(*order))).all()

    wholes = {ticket.id: Whole(ticket) for ticket in await rows(Ticket, Ticket.id)}
    parts: dict[str, Sequence[Any]] = {
        "events": await rows(TicketEvent, TicketEvent.position),
        "assignments": await rows(Assignment, Assignment.id),
        "segments": await rows(ClockSegment, ClockSegment.position),
        "contacts": await rows(Contact, Contact.id),
        "replies": await rows(Reply, Reply.round),
        "callbacks": await rows(Callback, Callback.round, Callback.attempt),
    }
    for name, members in parts.items():
        for member in members:
            getattr(wholes[member.ticket_id], name).append(member)
    for timer in await rows(Timer, Timer.id):
        if timer.subject_id in wholes:  # an order of supervision has its own
            wholes[timer.subject_id].timers.append(timer)
    for row in await rows(Audience, Audience.ticket_id):
        wholes[row.ticket_id].audience.add(row.unit_id)
    for news in await rows(OutboxRow, OutboxRow.id):
        if news.topic == "ticket_event":
            wholes[UUID(news.payload["ticket"])].news.append(news.payload["event"])
    return wholes


async def _pending_news(work: UnitOfWork) -> Sequence[str]:
    waiting = select(OutboxRow.topic).where(OutboxRow.published_at.is_(None))
    return (await work.session.scalars(waiting)).all()


def _faults(whole: Whole, lineages: Mapping[UUID, Sequence[UUID]]) -> Iterator[str]:
    ticket = whole.ticket
    if not verify(ticket, whole.events):
        yield "its history does not verify"
    if ticket.version != ticket.history_length:
        yield f"version {ticket.version} after {ticket.history_length} entries"
    if whole.events and whole.events[-1].status != ticket.status:
        yield f"it is {ticket.status}, its history says {whole.events[-1].status}"
    if Counter(whole.news) != Counter(str(event.id) for event in whole.events):
        yield f"{len(whole.news)} pieces of news for {len(whole.events)} entries"
    units = [lineages[assignment.unit_id] for assignment in whole.assignments]
    if whole.audience != {unit for lineage in units for unit in lineage}:
        yield "its audience is not that of its assignments"
    if ticket.status == "RECEIVED":
        yield from _received_faults(whole)
    elif ticket.status in _CLOCKED:
        yield from _dispatched_faults(whole)
        yield from _handled_faults(whole)
    else:
        yield f"nobody brought it to {ticket.status}"


def _received_faults(whole: Whole) -> Iterator[str]:
    ticket = whole.ticket
    if (ticket.lead_unit_id, ticket.deadline, ticket.dispatched_at) != (None, None, None):
        yield "it is RECEIVED and has a lead or a deadline"
    if whole.assignments or whole.segments or whole.timers:
        yield "it is RECEIVED and has assignments, clocks or timers"
    if [event.kind for event in whole.events] != ["SUBMIT"]:
        yield f"it is RECEIVED after {[event.kind for event in whole.events]}"


def _dispatched_faults(whole: Whole) -> Iterator[str]:
    ticket = whole.ticket
    kinds = [event.kind for event in whole.events[:2]]
    if kinds != ["SUBMIT", "DISPATCH"] or whole.count("DISPATCH") != 1:
        yield f"its history begins with {kinds}"
    if ticket.round != 1 + whole.count("REWORK"):
        yield f"round {ticket.round} after {whole.count('REWORK')} reworks"
    active = [each for each in whole.assignments if each.ended_at is None]
    leads = [each for each in active if each.role == "LEAD"]
    if [each.unit_id for each in leads] != [ticket.lead_unit_id]:
        yield f"{len(leads)} active lead assignments"
    if any(each.round != ticket.round for each in active):
        yield "an assignment of an earlier round is active"
    roles = Counter((each.role, each.round) for each in whole.assignments)
    for round_ in range(1, ticket.round + 1):
        if roles["LEAD", round_] != 1 or roles["COPY", round_] != roles["COPY", 1]:
            yield f"round {round_} has not the assignments of round 1"


def _handled_faults(whole: Whole) -> Iterator[str]:
    ticket, present = whole.ticket, whole.ticket.round
    marks = {
        "ACCEPT": ticket.accepted_at,
        "RECORD_CONTACT": ticket.contacted_at,
        "REPLY": ticket.replied_at,
        **{kind: getattr(ticket, name) for kind, name in RISE.items()},
        "CLOSE": ticket.closed_at,
    }
    for kind, mark in marks.items():
        if (mark is not None) != (whole.count(kind, present) > 0):
            yield f"{kind} stands in the ticket or in the history, not in both"
    for round_ in range(1, present + 1):
        for kind in ("ACCEPT", "RECORD_CONTACT", "REPLY", "RECORD_CALLBACK", "CLOSE"):
            if whole.count(kind, round_) > 1:
                yield f"{kind} was done twice in round {round_}"
        written = {
            "RECORD_CONTACT": sum(each.round == round_ for each in whole.contacts),
            "REPLY": sum(each.round == round_ for each in whole.replies),
        }
        for kind, rows in written.items():
            if rows != whole.count(kind, round_):
                yield f"{rows} rows for {kind} of round {round_}"
        yield from _callback_faults(whole, round_)


def _callback_faults(whole: Whole, round_: int) -> Iterator[str]:
    found = [each.status for each in whole.callbacks if each.round == round_]
    judged = whole.count("RECORD_CALLBACK", round_)
    expected = ["ANSWERED" if judged else "SCHEDULED"] * whole.count("REPLY", round_)
    if found != expected:
        yield f"callbacks {found} in round {round_}, {expected} expected"
    # What a callback leads to is written with it: the end, or the next round.
    followed = whole.count("CLOSE", round_) + whole.count("REWORK", round_ + 1)
    if judged != followed:
        yield f"{judged} callbacks of round {round_} led to {followed} ends or reworks"
