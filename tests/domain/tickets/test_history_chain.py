"""The history shows when it was tampered with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.actor import Actor, Role
from domain.kernel.errors import NotPossibleNow
from domain.tickets.history import ORIGIN, advance, digest, verify
from domain.tickets.models import Ticket, TicketEvent
from domain.tickets.workflow import Action, Step

NOW = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)
WAY = (Step.SUBMIT, Action.DISPATCH, Action.ACCEPT, Action.RECORD_CONTACT, Action.REPLY)


class Pad:
    """A unit of work that keeps what is added, without a database."""

    def __init__(self) -> None:
        self.actor, self.now = Actor(Role.AGENT, "agent-1"), NOW
        self.events: list[TicketEvent] = []
        self.news: list[tuple[str, dict[str, Any]]] = []

    def new_id(self) -> UUID:
        return uuid4()

    def record(self, row: object) -> None:
        assert isinstance(row, TicketEvent)
        self.events.append(row)

    def publish(self, topic: str, payload: dict[str, Any]) -> None:
        self.news.append((topic, payload))


def told(remark: str | None = None, **detail: Any) -> tuple[Ticket, Pad]:
    """A ticket with the history of `WAY`."""
    pad = Pad()
    ticket = Ticket(
        id=uuid4(), status="RECEIVED", round=1, version=0, history_length=0, history_head=ORIGIN
    )
    for move in WAY:
        advance(pad, ticket, move, remark=remark, **detail)  # type: ignore[arg-type]
    return ticket, pad


def copy_of(event: TicketEvent) -> TicketEvent:
    columns = [column.key for column in TicketEvent.__table__.columns]
    return TicketEvent(**{name: getattr(event, name) for name in columns})


CHANGES: dict[str, Any] = {
    "id": uuid4(),
    "ticket_id": uuid4(),
    "position": 7,
    "kind": "WITHDRAW",
    "status": "CLOSED",
    "round": 2,
    "actor_role": "admin",
    "actor_subject": "somebody else",
    "unit_id": uuid4(),
    "remark": "改过的说明",
    "detail": {"changed": True},
    "public": False,
    "at": NOW + timedelta(microseconds=1),
    "digest": bytes(32),
}


def test_what_was_written_verifies() -> None:
    ticket, pad = told("说明 😡", level="L3")
    assert verify(ticket, pad.events)
    assert (ticket.version, ticket.history_length) == (len(WAY), len(WAY))
    assert len(pad.news) == len(WAY), "each step is told once"


@pytest.mark.parametrize("name", [column.key for column in TicketEvent.__table__.columns])
@pytest.mark.parametrize("place", [0, 2, len(WAY) - 1])
def test_a_change_of_any_column_shows(name: str, place: int) -> None:
    ticket, pad = told("说明")
    events = [copy_of(event) for event in pad.events]
    value = CHANGES[name]
    if name == "public":
        value = not events[place].public
    assert getattr(events[place], name) != value
    setattr(events[place], name, value)
    assert not verify(ticket, events)


def test_an_entry_that_is_missing_added_or_moved_shows() -> None:
    ticket, pad = told()
    events = pad.events
    assert not verify(ticket, events[:-1])
    assert not verify(ticket, events[1:])
    assert not verify(ticket, [*events, events[-1]])
    assert not verify(ticket, [events[1], events[0], *events[2:]])
    assert not verify(ticket, [])


def test_a_chain_that_was_written_anew_shows_at_the_tickets_head() -> None:
    """Whoever rewrites all entries with sound digests must change the ticket too."""
    ticket, pad = told("说明")
    head, events = ORIGIN, [copy_of(event) for event in pad.events]
    for event in events:
        event.remark = "改过"
        event.digest = head = digest(head, event)
    assert not verify(ticket, events)
    ticket.history_head = head
    assert verify(ticket, events), "else nothing would be wrong with it"


def test_a_refused_step_writes_nothing() -> None:
    ticket, pad = told()
    before = (ticket.status, ticket.version, ticket.history_length, ticket.history_head)
    with pytest.raises(NotPossibleNow):
        advance(pad, ticket, Action.ACCEPT)  # type: ignore[arg-type]
    assert (ticket.status, ticket.version, ticket.history_length, ticket.history_head) == before
    assert len(pad.events) == len(pad.news) == len(WAY)


_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50)
_VALUES = st.none() | st.booleans() | st.integers(-9, 9) | _WORDS


@settings(max_examples=40)
@given(_WORDS, st.dictionaries(st.sampled_from(["a", "b", "c", "z"]), _VALUES))
def test_any_words_are_covered(remark: str, detail: dict[str, Any]) -> None:
    ticket, pad = told(remark, **detail)
    assert verify(ticket, pad.events)
    shuffled = [copy_of(event) for event in pad.events]
    for event in shuffled:
        event.detail = dict(reversed(event.detail.items()))
    assert verify(ticket, shuffled), "the order of keys, which JSONB forgets, is nothing"
