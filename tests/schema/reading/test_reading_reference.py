"""The planner against plain resolvers on the same data: the same answer for generated queries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from graphql import get_named_type
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.dispatch.city import load_rules
from tests.schema.reading.generated import Drawn, Words, queries
from tests.schema.reading.reference import Reference
from tests.schema.reading.widest import widest
from tests.schema.reading.world import PRINTED, World
from tests.support.data import (
    DEPARTMENT,
    DISTRICT,
    FILLED_AT,
    OTHER_DISTRICT,
    ROOT,
    SISTER,
    STREET,
    Town,
)
from tests.support.desk import Desk
from tests.support.engines import CITY

ACTORS = (
    *("citizen", "neighbour", "partner", "rival", "agent", "supervisor", "evaluator", "admin"),
    *("public", "community", STREET, SISTER, DISTRICT, OTHER_DISTRICT, ROOT, DEPARTMENT),
)
EXAMPLES = 15  # for each actor
GENERIC = "triageGrounds { code }"
LISTS = {
    "SUBMITTED_AT_DESC": "tickets(orderBy: SUBMITTED_AT_DESC, first: 100, after: $after)",
    "SUBMITTED_AT_ASC": "tickets(orderBy: SUBMITTED_AT_ASC, first: 100, after: $after)",
    "DEADLINE_ASC": "tickets(orderBy: DEADLINE_ASC, first: 100, after: $after)",
    "CODE": "units(first: 100, after: $after)",
    "WHISTLED": "whistles(first: 100, after: $after)",
    "LINE_OPENED": "emergencyLines(first: 100, after: $after)",
    "DUE": "callbacks(due: false, first: 100, after: $after)",
    "RAISED": "contests(first: 100, after: $after)",
    "OPENED": "supervisions(first: 100, after: $after)",
    "REQUESTED": "extensions(first: 100, after: $after)",
    "REVIEW": "suspensions(first: 100, after: $after)",
    "CATALOGUE_VERSIONS": "catalogueVersions(first: 100, after: $after)",
    "CATALOGUE_PROPOSALS": "catalogueProposals(first: 100, after: $after)",
}


def harvest(desk: Desk, town: Town, world: World) -> None:
    """Collect the cursors of every list, page by page, as a client would."""
    agent = town.actors["agent"]
    page = "{ pageInfo { hasNextPage endCursor } edges { cursor node { id } } }"
    for order, field in LISTS.items():
        after, more = None, True
        while more:
            document = f"query($after: String) {{ list: {field} {page} }}"
            found = desk.data(agent, document, after=after)["list"]
            more, after = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"]
            for edge in found["edges"]:
                world.note_cursor(order, _uuid(edge), edge["cursor"])
    document = f"""query($ids: [ID!]!) {{ nodes(ids: $ids) {{
      ... on Ticket {{ history(first: 100) {page} }} }} }}"""
    ids = [f"Ticket_{row['id']}" for row in world.tables["ticket"]]
    for begin in range(0, len(ids), 100):
        for ticket in desk.data(agent, document, ids=ids[begin : begin + 100])["nodes"]:
            for edge in ticket["history"]["edges"] if ticket else ():
                world.note_cursor("HISTORY", _uuid(edge), edge["cursor"])


def _uuid(edge: Any) -> UUID:
    return UUID(edge["node"]["id"].partition("_")[2])


@pytest.fixture(scope="module")
def world(desk: Desk, town: Town) -> World:
    world = World(desk, load_rules(CITY, FILLED_AT))
    harvest(desk, town, world)
    return world


@pytest.fixture(scope="module")
def words(world: World) -> Words:
    tables = world.tables
    ids = [f"{kind}_{row['id']}" for kind, name in (
        ("Ticket", "ticket"), ("TicketEvent", "ticket_event"), ("Callback", "callback"),
        ("Staff", "staff"), ("CatalogueVersion", "catalogue_version"),
        ("CatalogueEntry", "catalogue_entry"), ("CatalogueReplay", "catalogue_replay"),
        ("CatalogueProposal", "catalogue_proposal"),
        ("Whistle", "whistle"), ("ReportIn", "report_in"),
        ("Contest", "contest"), ("SupervisionOrder", "supervision_order"),
    ) for row in tables[name][-40:]]  # fmt: skip
    units = [unit for unit in tables["unit"] if unit["level"] in {"CITY", "DISTRICT", "STREET"}]
    ids += [f"Unit_{unit['id']}" for unit in units[:20]]
    some = tables["ticket"][0]["id"]
    ids += [f"Unit_{some}", f"Category_{some}", "Ticket_", "", "x", f"Ticket_{some}x"]
    codes = [ticket["code"] for ticket in tables["ticket"]]
    assigned = {row["unit_id"] for row in tables["assignment"]}
    unit_codes = [unit["code"] for unit in units if unit["id"] in assigned]
    moments = sorted({ticket["submitted_at"] for ticket in tables["ticket"]})
    cursors: dict[str, list[str]] = {order: [] for order in (*LISTS, "HISTORY")}
    for (order, _), cursor in world.cursors.items():
        cursors[order].append(cursor)
    return Words(
        ids=ids,
        ticket_codes=[*codes, codes[0].replace("-", ""), codes[1].replace("-", " "), "20261109"],
        unit_codes=[*unit_codes, "11", "nowhere", "' or true --"],
        moments=[at.isoformat() for at in moments[::5]],
        cursors=cursors,
    )


def mixed(document: str) -> str:
    """The same operation with a root field that is not read from tables."""
    return document.replace("{", f"{{ {GENERIC}", 1)


def assert_same(found: Any, wanted: Any, path: str = "data") -> None:
    """Equal, in the order of keys too."""
    if isinstance(wanted, dict):
        assert list(found) == list(wanted), path
        for key, value in wanted.items():
            assert_same(found[key], value, f"{path}.{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), path
        for number, value in enumerate(wanted):
            assert_same(found[number], value, f"{path}[{number}]")
    else:
        assert found == wanted, path


@pytest.mark.parametrize("who", ACTORS)
def test_the_planner_answers_as_plain_resolvers_do(
    who: str, desk: Desk, town: Town, world: World, words: Words
) -> None:
    actor = town.actors[who]
    reference = Reference(world, actor, FILLED_AT)

    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        drawn: Drawn = data.draw(queries(words))
        wanted = reference.data(drawn.document, drawn.variables)
        response = desk.ask(actor, drawn.document, drawn.variables)
        assert "errors" not in response, response["errors"]
        assert_same(response["data"], wanted)
        if data.draw(st.booleans()):
            return
        # The same operation in the generic executor, which reads field by field.
        response = desk.ask(actor, mixed(drawn.document), drawn.variables)
        assert "errors" not in response, response["errors"]
        assert response["data"].pop("triageGrounds")
        assert_same(response["data"], wanted)

    compare()


@pytest.mark.parametrize(
    "who", ["citizen", "partner", "agent", "evaluator", "admin", "public", STREET, DISTRICT]
)
def test_everything_at_once_is_the_same_too(who: str, desk: Desk, town: Town, world: World) -> None:
    """Every field of every row that the actor sees, so that no field is left to chance."""
    actor = town.actors[who]
    assert PRINTED.query_type is not None
    fields = PRINTED.query_type.fields
    for root, depth in (
        ("tickets(first: 100)", 2),
        ("tickets(first: 12)", 3),
        ("tickets(last: 100, orderBy: DEADLINE_ASC)", 1),
        ("callbacks(due: false)", 2),
        ("units(filter: {level: [CITY, DISTRICT]})", 2),
        ('scores(month: "2026-11", group: STREET)', 1),
        ("contests", 1),
        ("supervisions", 2),
        ("bounces", 1),
        ('supervisionFigures(month: "2026-11")', 1),
        ('categories(parent: "HOUSING")', 2),
        ("viewer", 2),
        ("catalogue", 1),
        ("catalogueVersions", 2),
        ("catalogueProposals", 2),
    ):
        kind = get_named_type(fields[root.partition("(")[0]].type)
        document = f"{{ {root} {{ {widest(kind, depth)} }} }}"
        assert_same(
            desk.data(actor, document), Reference(world, actor, FILLED_AT).data(document, {})
        )
