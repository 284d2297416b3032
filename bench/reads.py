"""Reads: our API, PostGraphile, plain resolvers, the bare statement; in turn on the same data."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, Final

import asyncpg
import orjson

from bench import callers, dataset, load, statements, subjects
from bench.ground import CITY, Ground
from bench.report import Report
from bench.selections import LIST, OWN, SINGLE, Selection

ROUNDS: Final = 3
SECONDS: Final = 6.0
# A round is taken in slices, each subject's in turn: what else the machine does meanwhile falls on
# all of them alike.
_SLICES: Final = 4
TARGETS: Final = {"reads.list.vs_postgraphile": 1.3, "reads.single.vs_postgraphile": 1.0}

_AGENTS = 200
_STREETS = 60
_TICKETS = 400

Runs = dict[str, list[load.Pressed]]


class AnswersDiffer(Exception):
    """Two subjects answered the same question differently: their speeds cannot be compared."""


@dataclass(frozen=True, slots=True)
class Served:
    """The servers that run, and what of the data is asked for."""

    ground: Ground
    ports: Mapping[str, int]
    processes: Mapping[str, int]
    agents: Sequence[str]
    handlers: Sequence[str]
    streets: Sequence[str]
    codes: Sequence[str]


@dataclass(slots=True)
class Question:
    """One selection and the requests by which each subject is asked for it."""

    selection: Selection
    requests: dict[str, list[bytes]] = field(default_factory=dict)


def run(ground: Ground) -> Report:
    """Measure and print. Raises AnswersDiffer, StartFailed."""
    dataset.prepare(ground)
    with ExitStack() as stack:
        served = _serve(ground, stack)
        report = Report(TARGETS)
        for question in _questions(served):
            _compare(served, question)
            _measure(served, question, report)
        _measure_bare(served, report)
        return report


def _serve(ground: Ground, stack: ExitStack) -> Served:
    programs = {
        "ours": subjects.ours,
        "postgraphile": subjects.peer,
        "plain": subjects.plain,
    }
    ports, processes = {}, {}
    for name, program in programs.items():
        ports[name] = subjects.free_port()
        processes[name] = stack.enter_context(ground.running(program(ground, ports[name])))
    streets, codes = asyncio.run(_choose(ground.database_url))
    return Served(
        ground,
        ports,
        processes,
        callers.agents(ground, _AGENTS),
        callers.handlers(ground, [code for code, _ in streets]),
        [unit_id for _, unit_id in streets],
        codes,
    )


async def _choose(url: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Streets with a page of tickets and more, and tickets from all over the year."""
    connection = await asyncpg.connect(url, server_settings={"search_path": f"{CITY},public"})
    try:
        streets = await connection.fetch(
            "select u.code, u.id::text from unit u where u.level = 'STREET' and"
            " (select count(*) from ticket t where t.lead_unit_id = u.id) > 100"
            " order by md5(u.code) limit $1",
            _STREETS,
        )
        codes = await connection.fetch(
            "select code from ticket where status = 'CLOSED' order by md5(code) limit $1", _TICKETS
        )
    finally:
        await connection.close()
    return [tuple(row) for row in streets], [row[0] for row in codes]


def _questions(served: Served) -> Iterator[Question]:
    page = {"first": 20}
    agents = served.agents
    yield Question(
        LIST,
        {
            "ours": [_request(LIST.ours, page, token) for token in agents],
            "postgraphile": [_request(LIST.peers, page)],
            "plain": [_request(LIST.ours, page)],
        },
    )
    ones = [{"code": code} for code in served.codes]
    yield Question(
        SINGLE,
        {
            "ours": [
                _request(SINGLE.ours, one, agents[number % len(agents)])
                for number, one in enumerate(ones)
            ],
            "postgraphile": [_request(SINGLE.peers, one) for one in ones],
            "plain": [_request(SINGLE.ours, one) for one in ones],
        },
    )
    yield Question(
        OWN,
        {
            "ours": [_request(OWN.ours, page, token) for token in served.handlers],
            "postgraphile": [
                _request(OWN.peers, {**page, "unit": unit}) for unit in served.streets
            ],
        },
    )


def _request(query: str, variables: Mapping[str, object], token: str | None = None) -> bytes:
    return load.post("/graphql", {"query": query, "variables": variables}, token)


def _compare(served: Served, question: Question) -> None:
    """Ask everybody the same few things. Raises AnswersDiffer."""
    for number in range(3):
        own, *others = (
            _facts(
                orjson.loads(load.ask(served.ports[name], requests[number % len(requests)]))["data"]
            )
            for name, requests in question.requests.items()
        )
        for other in others:
            if other != own:
                where = " ".join(_differences(own, other))
                raise AnswersDiffer(f"{question.selection.name}: {where}")


def _differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for name in one:
            yield from _differences(one[name], other[name], f"{path}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (each, its) in enumerate(zip(one, other, strict=True)):
            yield from _differences(each, its, f"{path}[{number}]")
    elif one != other:
        yield f"{path}: {one!r} / {other!r}"


def _facts(value: Any) -> Any:
    """The answer without what each writes in its own way: global ids, and the zone of a moment."""
    if isinstance(value, dict):
        return {name: _facts(each) for name, each in value.items() if name != "id"}
    if isinstance(value, list):
        return [_facts(each) for each in value]
    if isinstance(value, str) and value[:2] == "20" and "T" in value:
        return datetime.fromisoformat(value).timestamp()
    return value


def _measure(served: Served, question: Question, report: Report) -> None:
    """Press each in turn, in an order that moves on with each round."""
    name = question.selection.name
    runs: Runs = {subject: [] for subject in question.requests}
    for subject in question.requests:
        _press(served, subject, question, 1.0)
    order = list(question.requests)
    for turn in range(ROUNDS):
        slices: Runs = {subject: [] for subject in order}
        for number in range(_SLICES):
            first = (turn + number) % len(order)
            for subject in order[first:] + order[:first]:
                pressed = _press(served, subject, question, SECONDS / _SLICES)
                _refuse_failures(name, subject, pressed)
                slices[subject].append(pressed)
        for subject, parts in slices.items():
            runs[subject].append(load.joined(parts))
    report.add_runs(f"reads.{name}", runs)


def _press(served: Served, subject: str, question: Question, seconds: float) -> load.Pressed:
    return served.ground.press(
        served.processes[subject], served.ports[subject], question.requests[subject], seconds
    )


def _refuse_failures(name: str, subject: str, pressed: load.Pressed) -> None:
    if pressed.failed:
        raise load.NoAnswer(
            f"{subject} refused {pressed.failed} of {name}: {pressed.sample[:600]!r}"
        )


def _measure_bare(served: Served, report: Report) -> None:
    """The statement of the list alone, under pgbench: what PostgreSQL itself needs."""
    request = _request(LIST.ours, {"first": 20}, served.agents[0])
    port = served.ports["ours"]
    load.ask(port, request)
    sent = statements.capture(served.ground, lambda: load.ask(port, request))
    [statement] = [each for each in sent if "ticket_event" in each.sql]
    sql, values = statements.with_variables(statement)
    script = served.ground.data / "list.sql"
    script.write_text(sql.replace("\n", " ") + ";\n", encoding="utf-8")
    ratios = []
    for _ in range(ROUNDS):
        pressed = load.press(
            port, [_request(LIST.ours, {"first": 20}, t) for t in served.agents], 4
        )
        bare = statements.pgbench(
            script, served.ground, seconds=4, settings=statements.READING, variables=values
        )
        ratios.append((pressed.rate / bare, bare))
    report.add("reads.list.vs_bare", median(ratio for ratio, _ in ratios))
    report.add("reads.list.bare_tps", median(bare for _, bare in ratios))
