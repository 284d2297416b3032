"""Who sees which ticket: nobody by any way through the graph that another way would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest

from domain.dispatch.city import load_rules
from domain.kernel.actor import Role
from tests.schema.paths import FIGURES, Paths, collected, written
from tests.schema.reading.reference import Reference
from tests.schema.reading.world import World
from tests.support.data import (
    DISTRICT,
    FILLED_AT,
    OTHER_DISTRICT,
    OTHER_STREET,
    ROOT,
    SISTER,
    STREET,
    Town,
)
from tests.support.desk import Desk
from tests.support.engines import CITY

EVERYBODY = (
    *("public", "citizen", "neighbour", "partner", "rival", STREET, SISTER, DISTRICT, ROOT),
    *(OTHER_STREET, OTHER_DISTRICT, "community", "agent", "supervisor", "evaluator", "admin"),
)
# One of each predicate.
WALKERS = ("public", "citizen", "rival", STREET, "agent", "evaluator")
# What each root of the offices is asked for.
_OFFICES = {
    **{f"Query.{name}": "(first: 100)" for name in ("contests", "supervisions", "whistles")},
    **{f"Query.{name}": "(first: 100)" for name in ("extensions", "suspensions")},
    "Query.supervisionFigures": '(month: "2026-11")',
    "Query.calendar": "(year: 2026)",
    "Query.catalogueVersion": "(number: 1)",
    "Query.reportInFigures": FIGURES,
}
ALL_TICKETS = """query($after: String) { tickets(first: 100, after: $after) {
  nodes { id } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture(scope="module")
def world(desk: Desk) -> World:
    return World(desk, load_rules(CITY, FILLED_AT))


def seen_by(desk: Desk, town: Town, who: str) -> set[str]:
    seen: set[str] = set()
    page = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        found = desk.data(town.actors[who], ALL_TICKETS, after=page["endCursor"])["tickets"]
        seen |= {node["id"] for node in found["nodes"]}
        page = found["pageInfo"]
    return seen


def ids_of(tickets: list[UUID]) -> set[str]:
    return {f"Ticket_{id_}" for id_ in tickets}


# -- the matrix -----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_sees_exactly_their_own(who: str, desk: Desk, town: Town, world: World) -> None:
    expected = ids_of(list(Reference(world, town.actors[who], FILLED_AT).seen))
    assert seen_by(desk, town, who) == expected
    if who not in {"public", "community"}:
        assert expected, "or nothing is tested"


def test_one_citizen_and_one_partner_know_nothing_of_another(desk: Desk, town: Town) -> None:
    for one, other in (("citizen", "neighbour"), ("partner", "rival")):
        assert not seen_by(desk, town, one) & seen_by(desk, town, other)
    # The partner's ticket is its citizen's too.
    assert seen_by(desk, town, "citizen") & seen_by(desk, town, "partner")


def test_units_see_their_branch_of_the_tree(desk: Desk, town: Town) -> None:
    street, sister = seen_by(desk, town, STREET), seen_by(desk, town, SISTER)
    district, other = seen_by(desk, town, DISTRICT), seen_by(desk, town, OTHER_DISTRICT)
    assert street | sister < district
    # Who had a ticket before still sees it.
    given_on = {
        each for stage in ("redispatched", "relieved", "upheld") for each in town.codes[stage]
    }
    assert not street & sister - ids_of(sorted(given_on))
    assert not street & other - ids_of(sorted(given_on))
    assert district | other <= seen_by(desk, town, ROOT) < seen_by(desk, town, "agent")
    assert seen_by(desk, town, "community") == set()


def test_a_unit_that_handed_a_ticket_on_still_sees_it(desk: Desk, town: Town) -> None:
    moved = desk.rows(
        """select t.id from ticket t join assignment a on a.ticket_id = t.id
        join unit u on u.id = a.unit_id where u.code = $1 and a.ended_at is not null
        and t.lead_unit_id <> u.id and t.accused_unit_id is null""",
        STREET,
    )
    tickets = ids_of([row["id"] for row in moved]) & ids_of(town.codes["redispatched"])
    assert tickets
    for who in (STREET, DISTRICT, OTHER_STREET, OTHER_DISTRICT):
        assert tickets <= seen_by(desk, town, who), who
    assert not tickets & seen_by(desk, town, SISTER)


def test_a_rework_stays_in_sight_of_those_who_saw_it(desk: Desk, town: Town) -> None:
    again = desk.rows(
        """select t.id, u.code from ticket t join unit u on u.id = t.lead_unit_id
        where t.round > 1 and u.code = any($1)""",
        [STREET, SISTER, OTHER_STREET, DISTRICT, OTHER_DISTRICT],
    )
    assert again
    for row in again:
        assert f"Ticket_{row['id']}" in seen_by(desk, town, row["code"])


# -- every way ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paths(world: World) -> Paths:
    """Ways that ask for as much as can be asked for."""
    tables = world.tables
    some = [f"Ticket_{row['id']}" for row in tables["ticket"][:50]]
    some += [f"TicketEvent_{row['id']}" for row in tables["ticket_event"][:20]]
    some += [f"Callback_{row['id']}" for row in tables["callback"][:20]]
    some += [f"Extension_{row['id']}" for row in tables["extension"][:9]]
    some += [f"Suspension_{row['id']}" for row in tables["suspension"][:3]]
    leads = {row["lead_unit_id"] for row in tables["ticket"]} - {None}
    some += [f"Unit_{id_}" for id_ in leads][:9]
    ticket, replay = tables["ticket"][-1], tables["catalogue_replay"][0]
    return Paths(
        {
            "Query.node": f'(id: "Ticket_{ticket["id"]}")',
            "Query.nodes": f"(ids: {orjson.dumps(some[:100]).decode()})",
            "Query.ticket": f'(code: "{ticket["code"]}")',
            "Query.tickets": "(first: 100)",
            "Query.unit": f'(code: "{DISTRICT}")',
            "Query.units": f'(first: 100, filter: {{parentCode: "{DISTRICT}"}})',
            "Query.callbacks": "(first: 100, due: false)",
            **_OFFICES,
            "Query.scores": '(month: "2026-11", group: DISTRICT)',
            "Query.mergeSuggestions": f'(ticketId: "Ticket_{ticket["id"]}")',
            "Query.catalogueReplay": f'(id: "CatalogueReplay_{replay["id"]}")',
            "Unit.tickets": "(first: 3)",
            "Ticket.history": "(first: 3)",
        }
    )


def ways_to_tickets(paths: Paths) -> list[list[str]]:
    """Ways to a ticket from anywhere, and from a ticket over units to another."""
    inner = [
        ["tickets(first: 100)", "nodes", *steps]
        for steps in (
            ["lead", "tickets(first: 5)", "nodes"],
            ["assignments", "unit", "tickets(first: 5)", "edges", "node"],
            ["history(first: 5)", "edges", "node", "unit", "tickets(first: 5)", "nodes"],
            ["callbacks", "ticket", "lead", "parent", "tickets(first: 5)", "nodes"],
            ["replies", "unit", "children", "tickets(first: 5)", "nodes"],
        )
    ]
    return paths.ways_to("Ticket") + inner


SHOWN = "t: __typename ticket_: id hidden_: citizen { maskedName maskedPhone } kind confidential"


def rows_of(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        if "ticket_" in found:
            yield found
        for value in found.values():
            yield from rows_of(value)
    elif isinstance(found, list):
        for value in found:
            yield from rows_of(value)


@pytest.mark.parametrize("who", WALKERS)
def test_no_way_leads_to_a_ticket_that_is_not_theirs(
    who: str, desk: Desk, town: Town, world: World, paths: Paths
) -> None:
    actor = town.actors[who]
    allowed = ids_of(list(Reference(world, actor, FILLED_AT).seen))
    ways = ways_to_tickets(paths)
    assert len(ways) > 80
    met: set[str] = set()
    for begin in range(0, len(ways), 8):
        texts = [written(way, SHOWN)[2:-2] for way in ways[begin : begin + 8]]
        document = " ".join(f"w{number}: {text}" for number, text in enumerate(texts))
        for key, answer in desk.data(actor, f"{{ {document} }}").items():
            way = ways[begin + int(key[1:])]
            found = list(rows_of(answer))
            ids = {row["ticket_"] for row in found}
            assert ids <= allowed, (way, ids - allowed)
            met |= ids
            for row in found:
                hidden = row["confidential"] or row["kind"] == "REPORT"
                blind = actor.role in {Role.EVALUATOR, Role.ADMIN}
                none = blind or (hidden and actor.role is Role.HANDLER)
                assert (row["hidden_"] is None) is none, way
    assert bool(met) is bool(allowed)


def test_the_public_meets_nothing_that_belongs_to_a_ticket(
    desk: Desk, town: Town, paths: Paths
) -> None:
    public = town.actors["public"]
    for kind in (
        "TicketEvent",
        "Callback",
        "Reply",
        "Assignment",
        "ClockSegment",
        "Citizen",
        "Extension",
        "Suspension",
        "SingleClock",
        *("Whistle", "ReportIn", "TaskSegment"),
    ):
        ways = paths.shortest()
        assert kind in ways
        found = desk.data(public, written(ways[kind], "found_: __typename"))
        assert collected(found)["found_"] == [], kind


# -- the whistle-blower ---------------------------------------------------------------------------


def test_a_hidden_citizen_leaves_no_trace_with_a_unit(desk: Desk, town: Town, world: World) -> None:
    """Neither name nor number, nor the subject of a token that other tickets would give away."""
    handler = town.actors[STREET]
    document = """query($id: ID!) { node(id: $id) { ... on Ticket {
      citizen { maskedName maskedPhone }
      history(first: 100) { nodes { actor kind } edges { node { actor } } }
      assignments { reason } callbacks { remark } replies { content } clock { explanation }
      availableActions } } }"""
    for id_ in town.codes["hidden"]:
        found = desk.data(handler, document, id=f"Ticket_{id_}")["node"]
        assert found["citizen"] is None
        text = orjson.dumps(found).decode()
        ticket = world.by_id["ticket"][id_]
        citizen = world.by_id["citizen"][ticket["citizen_id"]]
        for trace in (citizen["masked_phone"], citizen["masked_name"], str(citizen["id"])):
            assert trace not in text
        assert any(node["actor"] == handler.subject for node in found["history"]["nodes"])


def test_no_way_leads_the_accused_to_a_report_on_them(desk: Desk, town: Town, world: World) -> None:
    """Not even to one that was in their hands before the centre knew whom it was about (J32)."""
    reports = town.codes["accusing"]
    ids = [f"Ticket_{id_}" for id_ in reports]
    for name, kind in (
        ("ticket_event", "TicketEvent"), ("callback", "Callback"), ("extension", "Extension"),
        ("supervision_order", "SupervisionOrder"),
    ):  # fmt: skip
        ids += [f"{kind}_{row['id']}" for row in world.tables[name] if row["ticket_id"] in reports]
    assert len(ids) > 12
    replay = world.tables["catalogue_replay"][0]
    codes = {world.by_id["ticket"][id_]["code"] for id_ in reports}
    paths = Paths(
        {
            "Query.node": f'(id: "{ids[0]}")',
            "Query.nodes": f"(ids: {orjson.dumps(ids).decode()})",
            "Query.ticket": f'(code: "{min(codes)}")',
            "Query.tickets": "(first: 100)",
            "Query.unit": f'(code: "{STREET}")',
            "Query.units": f'(first: 100, filter: {{parentCode: "{DISTRICT}"}})',
            "Query.callbacks": "(first: 100, due: false)",
            "Query.scores": '(month: "2026-11", group: DISTRICT)',
            "Query.mergeSuggestions": f'(ticketId: "{ids[0]}")',
            **_OFFICES,
            "Query.catalogueReplay": f'(id: "CatalogueReplay_{replay["id"]}")',
            "Unit.tickets": "(first: 9)",
            "Ticket.history": "(first: 9)",
        }
    )
    goals = (
        ("Ticket", "id code"), ("TicketEvent", "id remark"), ("Callback", "id"),
        ("Citizen", "maskedPhone"), ("Assignment", "reason"), ("Extension", "id"),
        ("SupervisionOrder", "id"), ("Contest", "id"), ("Whistle", "id"), ("ReportIn", "id"),
    )  # fmt: skip
    accused, above = town.actors[STREET], town.actors[DISTRICT]
    ways = [(way, shown) for goal, shown in goals for way in paths.ways_to(goal, steps=2)]
    assert len(ways) > 50
    for begin in range(0, len(ways), 25):
        texts = [written(*way)[2:-2] for way in ways[begin : begin + 25]]
        document = " ".join(f"w{number}: {text}" for number, text in enumerate(texts))
        for key, answer in desk.data(accused, f"{{ {document} }}").items():
            text = orjson.dumps(answer).decode()
            way = ways[begin + int(key[1:])]
            assert not any(secret in text for secret in (*ids, *codes)), way
    for who in ("community", STREET):
        found = desk.data(town.actors[who], written([paths.call("Query", "nodes")], "id"))
        assert found["nodes"] == [None] * len(ids)
    found = desk.data(above, written([paths.call("Query", "nodes")], "id"))
    assert [row["id"] for row in found["nodes"]] == ids, "the unit above handles them"


def test_a_protected_text_shows_a_unit_no_number(desk: Desk, town: Town) -> None:
    document = "query($id: ID!) { node(id: $id) { ... on Ticket { content kind } } }"
    for id_ in town.codes["accusing"]:
        seen = {
            who: desk.data(town.actors[who], document, id=f"Ticket_{id_}")["node"]
            for who in (DISTRICT, "agent", "citizen")
        }
        assert "0000" not in seen[DISTRICT]["content"] and "*******" in seen[DISTRICT]["content"]
        assert "138-0000-0001" in seen["agent"]["content"]
        assert "138-0000-0001" in seen["citizen"]["content"]


def test_who_stepped_back_sees_nothing_of_the_ticket(desk: Desk, town: Town) -> None:
    [ticket] = town.codes["recused"]
    events = desk.rows("select id from ticket_event where ticket_id = $1", ticket)
    ids = [f"Ticket_{ticket}", *(f"TicketEvent_{row['id']}" for row in events)]
    document = (
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } tickets(first: 100) { nodes { id } } }"
    )
    for who in (STREET, "supervisor"):
        found = desk.data(town.actors[who], document, ids=ids)
        assert found["nodes"] == [None] * len(ids)
        assert ids[0] not in {node["id"] for node in found["tickets"]["nodes"]}
    for who in (DISTRICT, "agent"):
        assert [
            node["id"] for node in desk.data(town.actors[who], document, ids=ids)["nodes"]
        ] == ids


def test_a_hidden_citizen_is_not_revealed_to_a_unit_and_nothing_is_recorded(
    written_desk: Desk, town: Town
) -> None:
    document = """mutation($id: ID!) { revealContact(input: {ticketId: $id, purpose: "联系市民"}) {
      ... on Problem { code } ... on RevealContactPayload { phone } } }"""
    handler, agent = town.actors[STREET], town.actors["agent"]
    for id_ in town.codes["hidden"]:
        refused = written_desk.data(handler, document, id=f"Ticket_{id_}")
        assert refused == {"revealContact": {"code": "NOT_FOUND"}}
    assert written_desk.rows("select * from disclosure") == []
    # The centre may, and it is on record: the refusal above was not for want of a citizen.
    shown = written_desk.data(agent, document, id=f"Ticket_{town.codes['hidden'][0]}")
    assert shown["revealContact"]["phone"].endswith("13800000001")
    assert len(written_desk.rows("select * from disclosure")) == 1


def test_staff_are_seen_by_the_admin_alone(desk: Desk, town: Town) -> None:
    document = (
        "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Staff { subject unit { code } } } }"
    )
    ids = [f"Staff_{id_}" for id_ in town.staff.values()]
    for who in EVERYBODY:
        found = desk.data(town.actors[who], document, ids=ids)["nodes"]
        if who == "admin":
            assert [row["subject"] for row in found] == list(town.staff)
        else:
            assert found == [None] * len(ids), who


# -- the clock ------------------------------------------------------------------------------------


def test_the_deadline_is_what_the_last_segment_of_the_reply_clock_says(
    desk: Desk, town: Town
) -> None:
    document = """{ tickets(first: 100) { nodes { status round deadline lead { code }
      clock { deadline segments { clock round kind deadline limit level } explanation } } } }"""
    tickets = desk.data(town.actors["agent"], document)["tickets"]["nodes"]
    checked = 0
    for ticket in tickets:
        own = [s for s in ticket["clock"]["segments"] if s["round"] == ticket["round"]]
        reply = [segment for segment in own if segment["clock"] == "REPLY"]
        assert ticket["clock"]["deadline"] == ticket["deadline"]
        if reply and ticket["lead"] and ticket["status"] not in {"WITHDRAWN"}:
            assert reply[-1]["deadline"] == ticket["deadline"]
            assert all(s["limit"] and s["level"] for s in reply if s["kind"] == "RUN")
            assert ticket["clock"]["explanation"]
            checked += 1
        assert {s["clock"] for s in own} in (set(), {"ACCEPT", "CONTACT", "REPLY"})
    assert checked > 30
