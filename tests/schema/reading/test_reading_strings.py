"""Every string that reaches the planner: it is data, whatever it looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type, parse

from domain.kernel.actor import Actor
from schema.access import allowed
from schema.reading.bindings import Bindings
from schema.reading.planner import Planner
from schema.reading.roots import plan_field
from schema.reading.selection import Selector
from tests.support.data import STREET, Town
from tests.support.desk import SCHEMA, Desk

GRAPHQL = SCHEMA._schema
MARK = "hqxzj"  # stands in no statement by itself
STRINGS = (
    f"{MARK}'; drop table ticket; --",
    f"{MARK}' or '1'='1",
    f'{MARK}"; select 1; "',
    f"{MARK}\\' \\\\ \\",
    f"{MARK}%_%",
    f"{MARK}$1 $2::text :p0 %(p0)s {{}} ?",
    f"{MARK}/* */ -- \n\r\t",
    f"{MARK}\x00",
    f"{MARK}😀𠮷é́",
    f"{MARK}\u202eעברית\u200f",
    f"{MARK}\ud800",
    f"{MARK}\udfff\ud800",
    MARK * 60,
    f"Ticket_{MARK}",
    f"{MARK}_0190a1b2-0000-7000-8000-000000000000",
    "\x00_0190a1b2-0000-7000-8000-000000000000",
    "\ud800_0190a1b2-0000-7000-8000-000000000000",
    "Ticket_0190a1b2-0000-7000-8000-00000000000\x00",
    "",
    " ",
    "null",
)
# Codes of refusals that a caller can act on. INTERNAL is none of them.
KNOWN = {
    "INVALID_TEXT", "INVALID_CURSOR", "INVALID_NAME", "INVALID_MONTH", "INVALID_MOMENT",
    "INVALID_PAGE", "TEXT_TOO_LONG", "TOO_MANY_IDS", "INVALID_VARIABLE", "LIMIT_EXCEEDED",
}  # fmt: skip


def string_places() -> list[tuple[str, str, str, Callable[[str], Any]]]:
    """Every place of a root read that takes a string: (field, argument, its type, made from)."""
    places: list[tuple[str, str, str, Callable[[str], Any]]] = []
    assert GRAPHQL.query_type is not None
    for name, definition in GRAPHQL.query_type.fields.items():
        for argument, about in definition.args.items():
            inner = get_named_type(about.type)
            if isinstance(inner, GraphQLInputObjectType):
                for key, part in inner.fields.items():
                    if get_named_type(part.type).name in {"String", "ID"}:
                        places.append((name, argument, str(about.type), lambda s, k=key: {k: s}))  # type: ignore[misc]
            elif inner.name in {"String", "ID"}:
                listed = "[" in str(about.type)
                make = (lambda s: [s, s]) if listed else (lambda s: s)
                places.append((name, argument, str(about.type), make))
    return places


PLACES = string_places()
GUESSING = "suggestCategory"  # looks nothing up: every text may be about something


def document_of(field: str, argument: str, type_: str) -> str:
    """A query that hands a variable to that argument, and gives the others something that fits."""
    assert GRAPHQL.query_type is not None
    definition = GRAPHQL.query_type.fields[field]
    needed = {"group": "STREET", "month": '"2026-11"', "content": '"暖气不热"'}
    others = [
        f"{name}: {needed[name]}"
        for name, about in definition.args.items()
        if isinstance(about.type, GraphQLNonNull) and name != argument and name in needed
    ]
    if argument == "before":
        others.append("last: 3")
    kind = get_named_type(definition.type)
    below = "" if kind.name == "String" else " { __typename }"
    if kind.name.endswith("Connection"):
        below = " { totalCount nodes { __typename } pageInfo { endCursor } }"
    arguments = ", ".join([f"{argument}: $s", *others])
    return f"query($s: {type_}) {{ found: {field}({arguments}){below} }}"


def assert_clean(response: Any) -> None:
    """Nothing but an answer, or errors that have a code for the caller."""
    for error in response.get("errors", ()):
        assert error["extensions"]["code"] in KNOWN, error


def plan_of(document: str, variables: dict[str, Any], actor: Actor) -> Any:
    """The plan of a document's only root field."""
    operation: Any = parse(document).definitions[0]
    assert GRAPHQL.query_type is not None
    selector = Selector(GRAPHQL, {}, variables)
    planner = Planner(selector, actor.role, allowed, Bindings())
    return plan_field(planner, GRAPHQL.query_type, operation.selection_set.selections)


@pytest.mark.parametrize(
    ("field", "argument", "type_", "make"),
    PLACES,
    ids=[f"{p[0]}-{p[1]}-{n}" for n, p in enumerate(PLACES)],
)
def test_any_string_gives_a_clean_answer(
    field: str, argument: str, type_: str, make: Callable[[str], Any], desk: Desk, town: Town
) -> None:
    document = document_of(field, argument, type_)
    before = desk.rows("select count(*) from ticket")
    for text in STRINGS:
        for actor in (town.actors["agent"], town.actors["citizen"]):
            response = desk.ask(actor, document, {"s": make(text)})
            assert_clean(response)
            if MARK in text and response.get("data"):
                found = orjson.dumps(response["data"])
                assert MARK.encode() not in found
                assert b"__typename" not in found or field == GUESSING, "no row is called so"
    assert desk.rows("select count(*) from ticket") == before
    assert all(MARK not in statement for statement in desk.pool.statements)


def test_literals_never_stand_in_a_statement(town: Town) -> None:
    actor = town.actors[STREET]
    document = """{
      tickets(filter: {code: "MARK", category: "MARK", unitCode: "MARK'", status: [RECEIVED],
                       kind: REPORT, level: [L1, L2], channel: [WEIBO], overdue: true,
                       submittedFrom: "2026-11-01T00:00:00+08:00"},
              orderBy: DEADLINE_ASC, first: 7, after: "MARK") {
        totalCount
        nodes { lead { tickets(filter: {code: "MARK", channel: [TOUTIAO]}) { totalCount } } }
      }
    }""".replace("MARK", MARK)
    sql = plan_of(document, {}, actor).sql
    for value in (MARK, "REPORT", "WEIBO", "TOUTIAO", "2026-11-01", str(actor.unit_id)):
        assert value not in sql, value
    assert sql.count("$1") >= 1
    assert "LIMIT 7" in sql or "LIMIT 8" in sql, "the size of a page is part of the plan"


def test_variables_never_stand_in_a_statement(town: Town) -> None:
    document = "query($f: UnitFilter, $a: String) { units(filter: $f, after: $a) { totalCount } }"
    given = {"f": {"name": MARK, "parentCode": MARK}, "a": MARK}
    plan = plan_of(document, given, town.actors["public"])
    assert MARK not in plan.sql


def test_aliases_are_told_apart_at_any_length(desk: Desk, town: Town) -> None:
    """PostgreSQL cuts its own names after 63 bytes; keys of JSON are no names."""
    long = "a" * 200
    fields = {f"{long}1": "code", f"{long}2": "title", f"{long}3": "status"}
    body = " ".join(f"{alias}: {name}" for alias, name in fields.items())
    agent = town.actors["agent"]
    document = (
        f"{{ {long}: tickets(first: 1) {{ {long}n: nodes {{ {body} code title status }} }} }}"
    )
    [row] = desk.data(agent, document)[long][f"{long}n"]
    for alias, name in fields.items():
        assert row[alias] == row[name]
    assert list(row) == [*fields, "code", "title", "status"]


def test_keys_that_look_like_sql_or_like_ours(desk: Desk, town: Town) -> None:
    names = [
        "null",
        "true",
        "select",
        "json",
        "p0",
        "c1",
        "place_in_page",
        "_1",
        "__x",
        "actor_role",
    ]
    body = " ".join(f"{name}: code" for name in names)
    document = f"{{ select: tickets(first: 1) {{ from: nodes {{ {body} }} }} }}"
    [row] = desk.data(town.actors["agent"], document)["select"]["from"]
    assert list(row) == names
    assert len(set(row.values())) == 1


@pytest.mark.parametrize("count", [49, 50, 51, 99, 100, 101, 240])
def test_more_fields_than_a_function_takes(count: int, desk: Desk, town: Town) -> None:
    aliases = [f"f{number}" for number in range(count - 1)]
    body = " ".join(f"{alias}: title" for alias in aliases)
    document = f"{{ tickets(first: 2) {{ nodes {{ {body} availableActions }} }} }}"
    rows = desk.data(town.actors["agent"], document)["tickets"]["nodes"]
    assert [list(row) for row in rows] == [[*aliases, "availableActions"]] * 2
    assert all(len({row[alias] for alias in aliases}) == 1 for row in rows)
    assert all(isinstance(row["availableActions"], list) for row in rows)


@pytest.mark.parametrize(
    "id_",
    [
        "", " ", "x", "_", "Ticket", "Ticket_", "Ticket_x", "ticket_{0}", "Unit_{0}", "Clock_{0}",
        "Citizen_{0}", "Viewer_{0}", "Node_{0}", "Ticket_{0} ", " Ticket_{0}", "Ticket_{{{0}}}",
        "Ticket_urn:uuid:{0}", "Ticket__{0}", "VGlja2V0OjE=", "1", "Ticket_{0}\n",
        "Ticket_00000000-0000-0000-0000-000000000000", "T" * 5000,
    ],
)  # fmt: skip
def test_ids_that_are_none_find_nothing(id_: str, desk: Desk, town: Town) -> None:
    given = id_.format(town.codes["closed"][0])
    agent = town.actors["agent"]
    found = desk.data(
        agent,
        "query($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { id } }",
        id=given,
        ids=[given, given],
    )
    assert found == {"node": None, "nodes": [None, None]}


def test_an_id_is_found_by_its_own_type_alone_in_any_case(desk: Desk, town: Town) -> None:
    uuid = str(town.codes["closed"][0])
    agent = town.actors["agent"]
    ask = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    given = [f"Ticket_{uuid}", f"Ticket_{uuid.upper()}", f"Callback_{uuid}", f"Ticket_{uuid}"]
    ticket = {"__typename": "Ticket", "id": f"Ticket_{uuid}"}
    assert desk.data(agent, ask, ids=given) == {"nodes": [ticket, ticket, None, ticket]}
    assert desk.data(agent, ask, ids=[]) == {"nodes": []}


def test_a_hundred_ids_are_found_and_one_more_is_refused(desk: Desk, town: Town) -> None:
    agent = town.actors["agent"]
    ask = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    given = [f"Ticket_{town.codes['closed'][0]}"] * 100
    assert [row["id"] for row in desk.data(agent, ask, ids=given)["nodes"]] == given
    sent = len(desk.pool.statements)
    [error] = desk.ask(agent, ask, {"ids": [*given, given[0]]})["errors"]
    assert error["extensions"]["code"] == "TOO_MANY_IDS"
    assert len(desk.pool.statements) == sent, "nothing was asked of the database"


@pytest.mark.parametrize("name", ["", "里" * 51, "%" * 51])
def test_a_part_of_a_name_is_bounded(name: str, desk: Desk, town: Town) -> None:
    ask = "query($f: UnitFilter) { units(filter: $f) { totalCount } }"
    [error] = desk.ask(town.actors["public"], ask, {"f": {"name": name}})["errors"]
    assert error["extensions"]["code"] == "INVALID_NAME"
    literal = f"{{ units(filter: {{name: {orjson.dumps(name).decode()}}}) {{ totalCount }} }}"
    [error] = desk.ask(town.actors["public"], literal)["errors"]
    assert error["extensions"]["code"] == "INVALID_NAME"


def test_a_part_of_a_name_is_taken_word_for_word(desk: Desk, town: Town) -> None:
    ask = "query($n: String) { units(filter: {name: $n}) { totalCount } }"
    public = town.actors["public"]
    counts = {
        name: desk.data(public, ask, n=name)["units"]["totalCount"]
        for name in ("街道", "%", "_", "街%", "街_", "\\", "\\%")
    }
    assert counts.pop("街道") > 100
    assert set(counts.values()) == {0}


@pytest.mark.parametrize(
    "month",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "2026-1",
        "2026-11-01",
        "２０２６-11",
        "0000-01",
        "10000-01",
        "2026-11\n",
        "' or '",
    ],
)
def test_a_month_that_is_none(month: str, desk: Desk, town: Town) -> None:
    ask = "query($m: String!) { scores(month: $m, group: DISTRICT) { valid } }"
    response = desk.ask(town.actors["evaluator"], ask, {"m": month})
    [error] = response["errors"]
    assert error["extensions"]["code"] == "INVALID_MONTH"
    assert error["path"] == ["scores"]


@pytest.mark.parametrize(
    "moment",
    ["2026-11-23T10:00:00", "2026-11-23", "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"],
)
def test_a_moment_without_a_place_in_time(moment: str, desk: Desk, town: Town) -> None:
    agent = town.actors["agent"]
    for name in ("submittedFrom", "submittedBefore"):
        ask = "query($f: TicketFilter) { tickets(filter: $f) { totalCount } }"
        [error] = desk.ask(agent, ask, {"f": {name: moment}})["errors"]
        assert error["extensions"]["code"] in {"INVALID_MOMENT", "INVALID_VARIABLE"}
    [error] = desk.ask(agent, "query($a: DateTime) { scoringMonth(at: $a) }", {"a": moment})[
        "errors"
    ]
    assert error["extensions"]["code"] in {"INVALID_MOMENT", "INVALID_VARIABLE"}
