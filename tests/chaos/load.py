"""The people of a town: they submit and handle tickets, and ask again until they are answered.

What they were told is kept in a ledger. A command is sent with the version that was read, so that
one whose answer was lost cannot be done a second time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from schema.identifiers import parse_id

PATIENCE = 75.0
"""Seconds after which somebody who is not answered has been forgotten: more than any outage."""

ONE_ANSWER = 4.0
"""Seconds that one answer may take; whoever waits longer asks again while the first still runs."""

MATTER = "HOUSING.HEATING"
"""A category that the place decides: no department leads it, and none has a part in it."""

PROBLEM = "... on Problem { code message }"
SUBMIT = (
    "mutation($input: SubmitTicketInput!) { done: submitTicket(input: $input) "
    "{ ... on SubmitTicketPayload { ticket { id code lead { code } } } " + PROBLEM + " } }"
)
READ = """query($code: String!) { ticket(code: $code) {
  id version status round history(first: 50) { nodes { kind round } } } }"""

Told = tuple[str, int]
"""A step that somebody was told of: its kind and its round."""


class Wrong(AssertionError):
    """Somebody was answered what they must never be answered."""


@dataclass(slots=True)
class Promise:
    """A ticket that somebody was told of."""

    key: str
    id: str
    code: str
    lead: str | None
    told: set[Told] = field(default_factory=set)

    @property
    def uuid(self) -> UUID:
        """The id that the global id stands for."""
        parsed = parse_id(self.id)
        if parsed is None:
            raise Wrong(f"{self.id} is no id")
        return parsed[1]


@dataclass(slots=True)
class Ledger:
    """All that was asked and answered."""

    asked: set[str] = field(default_factory=set)
    promises: dict[str, Promise] = field(default_factory=dict)
    unanswered: Counter[str] = field(default_factory=Counter)

    def keep(self, key: str, ticket: Mapping[str, Any]) -> Promise:
        """Write down an answer to a submission; the same key never has two answers."""
        lead = ticket["lead"]["code"] if ticket["lead"] else None
        found = Promise(key, ticket["id"], ticket["code"], lead)
        kept = self.promises.setdefault(key, found)
        if (kept.id, kept.code) != (found.id, found.code):
            raise Wrong(f"{key} is {kept.code} and {found.code}")
        return kept


def title_of(key: str) -> str:
    """The title of the ticket that is submitted under a key."""
    return f"停电演练{key}"


class Caller:
    """Somebody with a token, who asks again after every failure that is not their own."""

    def __init__(self, http: httpx.AsyncClient, token: str, ledger: Ledger) -> None:
        self._http = http
        self._headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/graphql-response+json",
        }
        self.ledger = ledger

    async def ask(self, document: str, **variables: Any) -> Any:
        """Return `data`. Raises Wrong for a refusal, and after PATIENCE without an answer."""
        deadline = time.monotonic() + PATIENCE
        body = {"query": document, "variables": variables}
        pause = 0.05
        while True:
            data, why = await self._once(body)
            if data is not None:
                return data
            self.ledger.unanswered[why] += 1
            if time.monotonic() > deadline:
                raise Wrong(f"no answer in {PATIENCE:g} s, the last: {why}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    async def _once(self, body: dict[str, Any]) -> tuple[Any, str]:
        """Return the data, or None and why there is none."""
        try:
            answer = await self._http.post(
                "/graphql", json=body, headers=self._headers, timeout=ONE_ANSWER
            )
        except httpx.TransportError as error:
            return None, type(error).__name__
        if answer.status_code >= 500:
            return None, f"status {answer.status_code}"
        content = answer.json()
        errors = content.get("errors")
        if not errors and answer.status_code == 200:
            return content["data"], ""
        codes = {error["extensions"]["code"] for error in errors}
        if not codes <= {"INTERNAL", "UNAVAILABLE"}:
            raise Wrong(f"{answer.status_code}: {content}")
        return None, ", ".join(sorted(codes))

    async def submit(self, key: str, **given: Any) -> Promise:
        """Submit a ticket under its key, which its title carries too, until it is acknowledged."""
        given |= {"title": title_of(key), "idempotencyKey": key, "category": MATTER}
        self.ledger.asked.add(key)
        done = (await self.ask(SUBMIT, input=given))["done"]
        if "ticket" not in done:
            raise Wrong(f"{key}: {done}")
        return self.ledger.keep(key, done["ticket"])

    async def read(self, promise: Promise) -> dict[str, Any]:
        """Read a ticket that was promised; what is read is written down as told."""
        ticket = (await self.ask(READ, code=promise.code))["ticket"]
        if ticket is None or ticket["id"] != promise.id:
            raise Wrong(f"{promise.code} was acknowledged and reads as {ticket}")
        seen = {(entry["kind"], entry["round"]) for entry in ticket["history"]["nodes"]}
        if missing := promise.told - seen:
            raise Wrong(f"{promise.code} has lost {missing}")
        found: dict[str, Any] = ticket
        return found

    async def take(self, promise: Promise, kind: str, mutation: str, **given: Any) -> None:
        """Take one step of the ticket's present round, once, however often it has to be asked."""
        name = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {name}Input!) {{ done: {mutation}(input: $input) "
            f"{{ ... on {name}Payload {{ ticket {{ id }} }} {PROBLEM} }} }}"
        )
        ticket = await self.read(promise)
        told = (kind, ticket["round"])
        while True:
            given |= {"ticketId": promise.id, "expectedVersion": ticket["version"]}
            done = (await self.ask(document, input=given))["done"]
            if "ticket" in done:
                break
            # The version moved: by a clock, or by this very step, whose answer was lost.
            if done["code"] != "CONFLICT":
                raise Wrong(f"{promise.code} {told}: {done}")
            ticket = await self.read(promise)
            if told in {(entry["kind"], entry["round"]) for entry in ticket["history"]["nodes"]}:
                break
        promise.told.add(told)


@dataclass(slots=True)
class Office:
    """The centre, and the handlers of each street by its code."""

    agent: Caller
    handlers: Mapping[str, Caller]

    async def walk(self, promise: Promise, steps: int, chance: random.Random) -> None:
        """Handle a dispatched ticket: `steps` of accept, contact, reply, callback, and so on.

        Every third callback finds it unsolved: the rework's steps follow.
        """
        assert promise.lead is not None
        handler = self.handlers[promise.lead]
        while steps > 0:
            ways: list[tuple[Caller, str, str, dict[str, Any]]] = [
                (handler, "ACCEPT", "acceptTicket", {}),
                (handler, "RECORD_CONTACT", "recordContact", {"note": "已电话联系"}),
                (handler, "REPLY", "replyToTicket", {"content": "已办妥", "resolved": True}),
            ]
            for caller, kind, mutation, given in ways[:steps]:
                await caller.take(promise, kind, mutation, **given)
                await asyncio.sleep(chance.uniform(0, 0.3))
            steps -= len(ways)
            if steps <= 0:
                return
            solved = chance.random() > 0.3
            judged: dict[str, Any] = {"reached": True, "contacted": True, "resolved": solved}
            judged["satisfaction"] = "SATISFIED" if solved else "DISSATISFIED"
            await self.agent.take(promise, "RECORD_CALLBACK", "recordCallback", **judged)
            steps = 0 if solved else steps - 1
