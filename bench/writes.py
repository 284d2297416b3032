"""Writes: `submitTicket` through our API, and the statements that it sends under pgbench, in turn.

Both write to a copy of the data, durably, as an installation does. pgbench decides nothing, reads
nothing of what it is answered and checks nobody: it is what PostgreSQL alone needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

import orjson

from bench import callers, dataset, load, statements, subjects
from bench.ground import Ground
from bench.report import Report
from bench.statements import Statement

ROUNDS: Final = 3
SECONDS: Final = 5

_AGENTS = 20
_SUBMIT = """
mutation Submit($input: SubmitTicketInput!) {
  submitTicket(input: $input) {
    ... on SubmitTicketPayload { ticket { id code status deadline lead { code name } } }
    ... on Problem { code message }
  }
}
"""
_PLACES = (
    "朝阳区望京街道某小区", "海淀区八里庄街道某小区", "东城区东华门街道某胡同",
    "丰台区方庄街道某小区", "通州区永顺镇某小区", "昌平区回龙观街道某小区",
    "西城区广安门外街道某小区", "石景山区八角街道某小区",
)  # fmt: skip

_NEW_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_CODE = re.compile(r"(\d{8})-\d{6,}-\d")
_NAMED = re.compile(r":(?=[A-Za-z_])")
_NUMBER = "next_ticket_number"


def run(ground: Ground) -> Report:
    """Measure and print."""
    report = Report()
    dataset.prepare(ground)
    with ground.copied() as copy:
        port = subjects.free_port()
        with copy.running(subjects.ours(copy, port)) as process:
            requests = list(submissions(callers.agents(copy, _AGENTS)))
            following = iter(requests)
            check_stored(load.ask(port, next(following)))
            sent = statements.capture(copy, lambda: check_stored(load.ask(port, next(following))))
            transaction = transaction_of(sent)
            script = copy.data / "submit.sql"
            script.write_text(pgbench_script(transaction), encoding="utf-8")
            _measure(copy, process, port, list(following), report)
    report.add("writes.submit.statements", len(transaction))
    return report


def complaint(number: int) -> dict[str, str]:
    """What the `number`-th complaint says, with addresses all over the city."""
    return {
        "title": "暖气不热",
        "content": "整栋楼暖气都不热，给物业打了三次电话，一直说在排气，没有人来。",
        "kind": "HELP",
        "category": "HOUSING.HEATING.COLD",
        "address": f"{_PLACES[number % len(_PLACES)]}{1 + number % 90}号楼",
    }


def submissions(tokens: Sequence[str]) -> Iterator[bytes]:
    """Complaints of as many citizens; far more than can be sent."""
    for number in range(12_000):
        given = {**complaint(number), "contact": {"phone": f"138{number:08d}", "name": "李建军"}}
        body = {"query": _SUBMIT, "variables": {"input": given}}
        yield load.post("/graphql", body, tokens[number % len(tokens)])


def check_stored(body: bytes) -> None:
    """Raise NoAnswer where it is a problem instead of a ticket."""
    answer = orjson.loads(body)
    if "ticket" not in (answer["data"]["submitTicket"] or {}):
        raise load.NoAnswer(body.decode())


def transaction_of(sent: Sequence[Statement]) -> list[Statement]:
    """The statements of the one transaction that inserts a ticket, and the read after it."""
    begins = [place for place, each in enumerate(sent) if each.sql.startswith("BEGIN")]
    ticket = next(p for p, each in enumerate(sent) if "INSERT INTO ticket " in each.sql)
    begin = max(place for place in begins if place < ticket)
    return [each for each in sent[begin:] if not each.sql.startswith("ROLLBACK")]


def _measure(copy: Ground, process: int, port: int, requests: list[bytes], report: Report) -> None:
    """Ours and pgbench in turn; each request is sent once."""
    pressed, ratios, rates = [], [], []
    sent = load.press(port, requests, 1.0).answered
    for _ in range(ROUNDS):
        sent += load.CONNECTIONS  # those that were under way at the end are not sent again
        ours = copy.press(process, port, requests[sent:], SECONDS)
        if ours.failed:
            raise load.NoAnswer(ours.sample.decode(errors="replace")[:600])
        sent += ours.answered
        bare = statements.pgbench(
            copy.data / "submit.sql", copy, seconds=SECONDS, settings=statements.WRITING
        )
        pressed.append(ours)
        rates.append(bare)
        ratios.append(ours.rate / bare)
    report.add_runs("writes.submit", {"ours": pressed})
    report.add("writes.submit.bare_tps", median(rates))
    report.add("writes.submit.vs_bare", median(ratios))


def pgbench_script(transaction: Sequence[Statement]) -> str:
    """A pgbench script: each run with ids, a code and a citizen of its own."""
    ids = {
        value: f"u{number}"
        for number, value in enumerate(
            dict.fromkeys(
                value
                for each in transaction
                for text in each.parameters
                for value in _NEW_ID.findall(text or "")
            )
        )
    }
    phone = next(each.parameters[2] for each in transaction if "INSERT INTO citizen " in each.sql)
    own = [f"uuidv7() as {name}" for name in ids.values()]
    own.append("'\\x' || encode(sha256(uuidv7()::text::bytea), 'hex') as phone")
    lines = [f"select {', '.join(own)} \\gset"]
    for each in transaction:
        values = [_value(value, ids, phone) for value in each.parameters]
        sql = _filled(" ".join(each.sql.split()), values).rstrip(";")
        lines.append(f"{sql} as n \\gset" if _NUMBER in sql else f"{sql};")
    return "\n".join(lines) + "\n"


def _filled(sql: str, values: Sequence[str]) -> str:
    """The statement with its parameters written in."""
    return re.sub(r"\$(\d+)", lambda match: values[int(match[1]) - 1], sql)


def _value(value: str | None, ids: dict[str, str], phone: str | None) -> str:
    """What stands in the script for a parameter."""
    if value is None:
        return "null"
    if value in ids:
        return f":{ids[value]}"
    if value == phone:
        return ":phone"
    # A document has ids in it, and colons that pgbench would take for the names of variables.
    escaped = _NAMED.sub(":' || '", value.replace("'", "''"))
    escaped = _CODE.sub(r"\1-' || :n || '-0", escaped)
    for one, name in ids.items():
        escaped = escaped.replace(one, f"' || :{name} || '")
    return f"('{escaped}')" if " || " in escaped else f"'{escaped}'"
