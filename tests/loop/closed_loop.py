"""The closed loop as a front end drives it: one script that speaks only HTTP.

    python -m tests.loop.closed_loop [--url http://127.0.0.1:8000/graphql]

Tokens come from `jiesu token`; everything else is GraphQL. It walks the loop of a complaint with
one rework to its end and reads the unit's score; each step is asserted, and printed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

TICKET = """
fragment Whole on Ticket {
  id code status level round version urgeCount deadline isOverdue availableActions
  routeReason routeExplanation
  lead { code name parent { code name } }
  citizen { maskedPhone }
  assignments { role round unit { code } }
  replies { round content resolved }
  callbacks { round attempt status source contacted resolved satisfaction unit { code } }
  clock { deadline explanation segments { clock kind cause round limit deadline } }
  history(first: 50) { nodes { kind status round } totalCount }
}
"""
PROBLEM = (
    "... on Problem { __typename code message } ... on InvalidInput { fields { path message } }"
)


@dataclass(frozen=True)
class Client:
    """One caller of the API."""

    url: str
    token: str | None
    http: httpx.Client

    def send(self, document: str, **variables: Any) -> Any:
        """Return `data` of an operation that must not have errors."""
        headers = {"accept": "application/graphql-response+json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        body = {"query": document, "variables": variables}
        answer = self.http.post(self.url, json=body, headers=headers)
        content = answer.json()
        assert answer.status_code == 200, content
        assert "errors" not in content, content
        return content["data"]

    def do(self, mutation: str, **given: Any) -> Any:
        """Return the ticket after a mutation, or the problem that refused it."""
        kind = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {kind}Input!) {{ done: {mutation}(input: $input) "
            f"{{ ... on {kind}Payload {{ ticket {{ ...Whole }} }} {PROBLEM} }} }} {TICKET}"
        )
        done = self.send(document, input=given)["done"]
        return done.get("ticket", done)


Say = Callable[[str], None]


def walk(client_of: Callable[..., Client], say: Say = print, tag: str = "") -> dict[str, Any]:
    """Walk the loop once; returns the closed ticket. `client_of(role, **options)` makes callers."""
    citizen = client_of("citizen", phone="13800000017")
    agent = client_of("agent")
    unit = "110105015"
    handler = client_of("handler", unit=unit)
    stranger = client_of("handler", unit="110106001")

    before = _score(client_of("evaluator"), unit)
    ticket = citizen.do(
        "submitTicket",
        title=f"家里暖气不热{tag}",
        content="从供暖那天起，家里只有十四度，老人受不了。",
        address="朝阳区八里庄街道八里庄北里12号楼3单元",
        category="HOUSING.HEATING" if _knows(citizen, "HOUSING.HEATING") else None,
        idempotencyKey=f"loop-1{tag}" if tag else None,
    )
    assert ticket["status"] == "DISPATCHED" and ticket["lead"]["code"] == unit, ticket
    say(f"submitted and dispatched: {ticket['code']} → {ticket['lead']['name']}")
    assert {(a["role"], a["unit"]["code"]) for a in _seen(agent, ticket)["assignments"]} == {
        ("LEAD", unit),
        ("COPY", "110105"),
    }
    assert _seen(stranger, ticket) is None, "another unit's handler sees nothing"
    refused = stranger.do("acceptTicket", ticketId=ticket["id"])
    assert refused["code"] == "NOT_FOUND", refused

    ticket = _round(ticket, handler, say)
    ticket = agent.do(
        "recordCallback",
        ticketId=ticket["id"],
        reached=True,
        contacted=True,
        resolved=False,
        satisfaction="DISSATISFIED",
        remark="还是不热",
    )
    assert (ticket["status"], ticket["round"]) == ("DISPATCHED", 2), ticket
    say("callback: unsolved → rework, round 2, the same lead")
    ticket = _round(ticket, handler, say)
    ticket = citizen.do(
        "evaluateTicket",
        ticketId=ticket["id"],
        contacted=True,
        resolved=True,
        satisfaction="SATISFIED",
    )
    assert ticket["status"] == "CLOSED", ticket
    say("the citizen is satisfied: closed")

    after = _score(client_of("evaluator"), unit)
    assert after["valid"] == before["valid"] + 2, (before, after)
    assert after["contacted"] == before["contacted"] + 2, (before, after)
    assert after["resolved"] == before["resolved"] + 1, (before, after)
    assert after["composite"] is not None, after
    say(
        f"score of {after['unit']['name']}: {after['composite']} from {after['valid']} callbacks, "
        f"rank {after['rank']}"
    )
    return ticket


def _round(ticket: dict[str, Any], handler: Client, say: Say) -> dict[str, Any]:
    early = handler.do("replyToTicket", ticketId=ticket["id"], content="已办", resolved=True)
    assert early["code"] == "NOT_POSSIBLE_NOW", "no reply before it was accepted"
    stale = handler.do("acceptTicket", ticketId=ticket["id"], expectedVersion=1)
    assert stale["code"] == "CONFLICT", stale
    ticket = handler.do(
        "acceptTicket", ticketId=ticket["id"], expectedVersion=_seen(handler, ticket)["version"]
    )
    assert ticket["status"] == "ACCEPTED" and "REPLY" in ticket["availableActions"], ticket
    ticket = handler.do("recordContact", ticketId=ticket["id"], note="电话联系，约定上门测温")
    ticket = handler.do(
        "replyToTicket", ticketId=ticket["id"], content="热力站已检修，复测二十度。", resolved=True
    )
    assert ticket["status"] == "REPLIED", ticket
    assert ticket["callbacks"][-1]["status"] == "SCHEDULED", ticket
    say(f"round {ticket['round']}: accepted, contacted, replied; a callback is scheduled")
    return ticket


def _seen(client: Client, ticket: dict[str, Any]) -> Any:
    document = f"query($code: String!) {{ ticket(code: $code) {{ ...Whole }} }} {TICKET}"
    return client.send(document, code=ticket["code"])["ticket"]


def _knows(client: Client, category: str) -> bool:
    top = category.split(".")[0]
    below = client.send("query($p: String) { categories(parent: $p) { code } }", p=top)
    return any(found["code"] == category for found in below["categories"])


def _score(client: Client, unit: str) -> Any:
    month = client.send("{ scoringMonth }")["scoringMonth"]
    document = """query($month: String!) { scores(month: $month, group: STREET) {
      unit { code name } rank valid contacted resolved
      responseRate resolutionRate satisfactionRate composite bonus } }"""
    scores = client.send(document, month=month)["scores"]
    return next(score for score in scores if score["unit"]["code"] == unit)


def tokens_by_command(url: str, http: httpx.Client) -> Callable[..., Client]:
    """Callers whose tokens `jiesu token` prints."""
    command = str(Path(sys.executable).parent / "jiesu")

    def client_of(role: str, **options: str) -> Client:
        arguments = [command, "token", "--role", role]
        for name, value in options.items():
            arguments += [f"--{name}", value]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)
        return Client(url, done.stdout.strip(), http)

    return client_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000/graphql")
    url = parser.parse_args().url
    with httpx.Client(timeout=30) as http:
        walk(tokens_by_command(url, http))
    print("the loop is closed")


if __name__ == "__main__":
    main()
