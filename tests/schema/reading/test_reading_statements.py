"""One statement a root read, and plans that go by indexes: seen in the database itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from graphql import get_named_type

from domain.kernel.actor import Actor
from schema.access import allowed
from tests.schema.reading.widest import widest
from tests.support.data import DISTRICT, STREET, Town
from tests.support.desk import SCHEMA, Desk

GRAPHQL = SCHEMA._schema
FIGURES = 'from: "2026-11-01T00:00:00+08:00", before: "2026-12-01T00:00:00+08:00"'


def roots(town: Town, ticket: dict[str, Any]) -> dict[str, str]:
    """Each root field with arguments that find something, and everything below it."""
    ids = [f"Ticket_{ticket['id']}", f"Staff_{town.staff['agent']}"]
    arguments = {
        "node": f'(id: "{ids[0]}")',
        "nodes": f"(ids: {orjson.dumps(ids).decode()})",
        "ticket": f'(code: "{ticket["code"]}")',
        "tickets": "(first: 5)",
        "unit": f'(code: "{STREET}")',
        "units": "(first: 5)",
        "callbacks": "(first: 5, due: false)",
        "extensions": "(first: 5)",
        "suspensions": "(first: 5)",
        "contests": "(first: 5)",
        "bounces": "",
        "supervisions": "(first: 5)",
        "supervisionFigures": '(month: "2026-11")',
        "emergencyLines": "(first: 5)",
        "catalogue": "",
        "catalogueVersion": "(number: 1)",
        "catalogueVersions": "(first: 5)",
        "catalogueReplay": f'(id: "CatalogueReplay_{town.catalogue["replay"]}")',
        "catalogueProposals": "(first: 5)",
        "scores": '(month: "2026-11", group: DISTRICT)',
        "whistles": "(first: 5)",
        "reportInFigures": f"({FIGURES})",
        "categories": "",
        "viewer": "",
    }
    assert GRAPHQL.query_type is not None
    fields = GRAPHQL.query_type.fields
    plain = {
        *{"triageGrounds", "contestGrounds", "scoringMonth", "calendar", "calendarWarnings"},
        *{"suggestCategory", "mergeSuggestions"},
    }
    assert set(arguments) == set(fields) - plain
    # What a node may be is below the other roots too, and there it is asked two levels deep.
    depth = dict.fromkeys(fields, 2) | {"node": 1, "nodes": 1}
    return {
        name: f"{name}{given} {{ {widest(get_named_type(fields[name].type), depth[name])} }}"
        for name, given in arguments.items()
    }


@pytest.mark.parametrize("who", ["admin", STREET])
def test_each_root_read_is_one_statement_however_wide(who: str, desk: Desk, town: Town) -> None:
    actor = town.actors[who]
    [ticket] = desk.rows(
        """select t.id, t.code from ticket t join reply r on r.ticket_id = t.id
        join unit u on u.id = t.lead_unit_id where u.code = $1 limit 1""",
        STREET,
    )
    for name, text in roots(town, ticket).items():
        begin = len(desk.pool.statements)
        found = desk.data(actor, f"{{ {text} }}")
        assert len(desk.pool.statements) == begin + 1, name
        assert found[name] or not allowed(actor.role, "Query", name), name


def test_several_roots_are_as_many_statements(desk: Desk, town: Town) -> None:
    document = """{ a: tickets(first: 1) { totalCount nodes { id } }
      b: tickets(first: 1) { totalCount } viewer { role } __typename }"""
    begin = len(desk.pool.statements)
    desk.data(town.actors["agent"], document)
    assert len(desk.pool.statements) == begin + 3


def test_a_page_of_a_hundred_is_one_statement_as_well(desk: Desk, town: Town) -> None:
    document = """{ tickets(first: 100) { nodes { lead { parent { name } } citizen { maskedPhone }
      history(first: 100) { nodes { unit { code } ticket { code } } } clock { explanation }
      callbacks { unit { tickets(first: 3) { nodes { availableActions } } } } } } }"""
    begin = len(desk.pool.statements)
    assert len(desk.data(town.actors["agent"], document)["tickets"]["nodes"]) > 50
    assert len(desk.pool.statements) == begin + 1


# -- plans among many tickets ---------------------------------------------------------------------


def plan_nodes(desk: Desk, actor: Actor, document: str) -> list[dict[str, Any]]:
    """The nodes of the generic plan of a document's one statement, under the pool's settings."""
    begin = len(desk.pool.calls)
    desk.data(actor, document)
    [(sql, args)] = desk.pool.calls[begin:]

    async def explain() -> Any:
        async with desk.pool.pool.acquire() as connection:
            await connection.execute(f"prepare asked as {sql}")
            nulls = f"({', '.join(['null'] * len(args))})" if args else ""
            found = await connection.fetchval(f"explain (format json) execute asked{nulls}")
            await connection.execute("deallocate asked")
            return orjson.loads(found)

    def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield node
        for child in node.get("Plans", ()):
            yield from walk(child)

    [plan] = desk.run(explain())
    return list(walk(plan["Plan"]))


LARGE = {"ticket", "ticket_event", "audience", "assignment", "callback"}
CARD = """code title status deadline isOverdue lead { name parent { name } } citizen { maskedPhone }
  assignments { role unit { name } } clock { segments { deadline } } callbacks { status }
  replies { content } history(first: 4) { nodes { kind at unit { name } } }"""


@pytest.mark.parametrize(
    ("who", "field"),
    [
        (STREET, "tickets(first: 20)"),
        (DISTRICT, "tickets(first: 20)"),
        (STREET, "tickets(first: 20, filter: {status: [DISPATCHED, ACCEPTED]})"),
        (STREET, "tickets(first: 20, orderBy: DEADLINE_ASC)"),
        ("citizen", "tickets(first: 20)"),
        ("partner", "tickets(first: 20)"),
        ("agent", "tickets(first: 20)"),
        ("agent", "tickets(last: 20)"),
        ("agent", "tickets(first: 20, orderBy: DEADLINE_ASC)"),
        ("agent", 'tickets(first: 20, filter: {unitCode: "110105"})'),
        ("agent", "tickets(first: 20, filter: {status: [RECEIVED]})"),
        ("agent", 'tickets(first: 20, filter: {code: "20261123-000001-1"})'),
    ],
)
def test_lists_of_tickets_go_by_indexes(who: str, field: str, crowded: Desk, town: Town) -> None:
    document = f"{{ {field} {{ nodes {{ {CARD} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    nodes = plan_nodes(crowded, town.actors[who], document)
    scanned = [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]
    assert not LARGE & set(scanned), scanned
    assert any(node["Node Type"].startswith(("Index", "Bitmap Index")) for node in nodes)
    if who == "agent" and "DEADLINE" in field:
        assert "ix_ticket_priority_due_id" in {node.get("Index Name") for node in nodes}


def test_single_objects_go_by_indexes(crowded: Desk, town: Town) -> None:
    [row] = crowded.rows("select code, id from ticket where lead_unit_id is not null limit 1")
    for document in (
        f'{{ ticket(code: "{row["code"]}") {{ {CARD} }} }}',
        f'{{ node(id: "Ticket_{row["id"]}") {{ ... on Ticket {{ {CARD} }} }} }}',
        f'{{ unit(code: "{STREET}") {{ tickets(first: 5) {{ nodes {{ {CARD} }} }} }} }}',
    ):
        nodes = plan_nodes(crowded, town.actors[STREET], document)
        scanned = [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]
        assert not LARGE & set(scanned), (document, scanned)


def test_the_queue_of_callbacks_goes_by_its_index(crowded: Desk, town: Town) -> None:
    document = "{ callbacks(first: 20) { nodes { id dueAt ticket { code } } } }"
    nodes = plan_nodes(crowded, town.actors["agent"], document)
    assert "ix_callback_priority_due" in {node.get("Index Name") for node in nodes}
