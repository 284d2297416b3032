"""The access map: complete, possible to keep, and what it says is what happens."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from sqlalchemy import False_
from sqlalchemy.sql.visitors import iterate

from domain.kernel.actor import Role
from schema.access import ACCESS, ANYONE, Rule, allowed
from schema.reading.declare import Lookup, Pages
from schema.reading.types import find_readable, reading_of
from tests.schema.paths import FIGURES, GRAPHQL, Paths, collected, targets, written
from tests.support.data import STREET, Town
from tests.support.desk import Desk

ACTORS = {
    Role.PUBLIC: "public",
    Role.CITIZEN: "citizen",
    Role.PARTNER: "partner",
    Role.HANDLER: STREET,
    Role.AGENT: "agent",
    Role.SUPERVISOR: "supervisor",
    Role.EVALUATOR: "evaluator",
    Role.ADMIN: "admin",
}


def object_types(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [
        kind
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
    ]


# -- the map itself -------------------------------------------------------------------------------


def test_every_field_has_one_rule_and_every_rule_a_field() -> None:
    fields = {(kind.name, name) for kind in object_types(GRAPHQL) for name in kind.fields}
    rules = {(kind, name) for kind, names in ACCESS.items() for name in names}
    assert fields - rules == set(), "fields without a rule are shut to everybody"
    assert rules - fields == set(), "rules without a field"


def test_no_rule_lets_the_system_in() -> None:
    """No token carries that role."""
    assert all(Role.SYSTEM not in rule for names in ACCESS.values() for rule in names.values())
    assert set(ACTORS) == ANYONE


@cache
def shows_rows(kind: GraphQLObjectType, role: Role) -> bool:
    """Whether the type's predicate of visibility may ever be true for the role."""
    readable = find_readable(kind)
    if readable is None:
        return True
    visible = readable.visible_to(role, readable.table(role).alias())
    # Predicates are made of "and" and "exists": one false in them makes the whole false.
    return visible is None or not any(isinstance(part, False_) for part in iterate(visible))


def reached(access: Mapping[str, Mapping[str, Rule]]) -> dict[str, set[Role]]:
    """For each object type the roles that may come to hold one."""
    roots = (GRAPHQL.query_type, GRAPHQL.mutation_type, GRAPHQL.subscription_type)
    roles: dict[str, set[Role]] = {root.name: set(ANYONE) for root in roots if root is not None}
    waiting = [root for root in roots if root is not None]
    while waiting:
        kind = waiting.pop()
        for name, definition in kind.fields.items():
            through = roles[kind.name] & access.get(kind.name, {}).get(name, frozenset())
            for target, _ in targets(definition):
                new = {role for role in through if shows_rows(target, role)}
                if not new <= roles.get(target.name, set()):
                    roles.setdefault(target.name, set()).update(new)
                    waiting.append(target)
    return roles


def promises_broken(access: Mapping[str, Mapping[str, Rule]]) -> set[tuple[str, str]]:
    """Required fields that a role which may hold the object may not see: null where none may be.

    A list that is shut is empty and so is a page; only single values cannot be left out.
    """
    holders = reached(access)
    broken = set()
    for kind in object_types(GRAPHQL):
        for name, definition in kind.fields.items():
            required = is_non_null_type(definition.type) and not is_list_type(
                get_nullable_type(definition.type)
            )
            page = isinstance(reading_of(definition), Pages)
            shut = holders.get(kind.name, set()) - access.get(kind.name, {}).get(name, frozenset())
            if required and not page and shut and kind is not GRAPHQL.mutation_type:
                broken.add((kind.name, name))
    # Mutations and subscriptions refuse in their own way: a problem, an error.
    return {found for found in broken if found[0] != "Subscription"}


def test_no_required_field_is_shut_to_who_may_hold_its_object() -> None:
    assert promises_broken(ACCESS) == set()


@pytest.mark.parametrize(
    ("kind", "name", "role"),
    [
        ("Unit", "code", Role.PUBLIC),
        ("Ticket", "title", Role.PARTNER),
        ("TicketEvent", "id", Role.CITIZEN),
        ("Viewer", "subject", Role.EVALUATOR),
        ("UnitScore", "valid", Role.AGENT),
        ("Staff", "name", Role.ADMIN),
        ("PageInfo", "hasNextPage", Role.PUBLIC),
    ],
)
def test_such_a_field_would_be_found(kind: str, name: str, role: Role) -> None:
    narrowed = {**ACCESS, kind: {**ACCESS[kind], name: ACCESS[kind][name] - {role}}}
    assert (kind, name) in promises_broken(narrowed)


def test_what_the_planner_takes_for_open_is_open() -> None:
    """Connections, their edges, and look-ups by id ask no rule of their own."""
    for kind in object_types(GRAPHQL):
        if kind.name.endswith(("Connection", "Edge")) or kind.name == "PageInfo":
            assert set(ACCESS[kind.name].values()) == {ANYONE}, kind.name
        for name, definition in kind.fields.items():
            if isinstance(reading_of(definition), Lookup):
                assert ACCESS[kind.name][name] == ANYONE


def test_interfaces_have_no_field_that_their_types_shut() -> None:
    held = reached(ACCESS)
    for kind in GRAPHQL.type_map.values():
        if isinstance(kind, GraphQLInterfaceType):
            for name in kind.fields:
                for member in GRAPHQL.get_possible_types(kind):
                    holders = held.get(member.name, set())
                    assert holders <= ACCESS[member.name][name], (member.name, name)


# -- what happens ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paths(desk: Desk, town: Town) -> Paths:
    """Ways that come to many objects of each type."""
    [row] = desk.rows("select code from ticket where id = $1", town.codes["evaluated"][0])
    ids = [f"Staff_{id_}" for id_ in town.staff.values()]
    return Paths(
        {
            "Query.node": f'(id: "{ids[0]}")',
            "Query.nodes": f"(ids: {orjson.dumps(ids).decode()})",
            "Query.ticket": f'(code: "{row["code"]}")',
            "Query.tickets": "(first: 100)",
            "Query.unit": f'(code: "{STREET}")',
            "Query.units": "(first: 30)",
            "Query.callbacks": "(first: 100, due: false)",
            "Query.contests": "(first: 100)",
            "Query.supervisions": "(first: 100)",
            "Query.supervisionFigures": '(month: "2026-11")',
            "Query.extensions": "(first: 100)",
            "Query.suspensions": "(first: 100)",
            "Query.calendar": "(year: 2026)",
            "Query.emergencyLines": "(first: 100)",
            "Query.scores": '(month: "2026-11", group: STREET)',
            "Query.whistles": "(first: 100)",
            "Query.reportInFigures": FIGURES,
            "Query.categories": "",
            "Query.mergeSuggestions": f'(ticketId: "Ticket_{town.codes["accepted"][0]}")',
            "Query.suggestCategory": '(content: "暖气不热")',
            "Query.catalogueVersion": "(number: 1)",
            "Query.catalogueReplay": f'(id: "CatalogueReplay_{town.catalogue["replay"]}")',
            "Ticket.history": "(first: 100)",
        }
    )


def probes(kind: GraphQLObjectType, paths: Paths) -> str:
    """Every field of a type, each under a key of its own, with as little below it as may be."""
    parts = []
    for name, definition in kind.fields.items():
        inner = get_named_type(definition.type)
        below = "" if is_leaf_type(inner) else " { __typename }"
        if isinstance(reading_of(definition), Pages):
            below = " { totalCount nodes { __typename } }"
        parts.append(f"{name}_: {paths.call(kind.name, name)}{below}")
    return " ".join(parts)


NOTHING: tuple[Any, ...] = (None, [], {"totalCount": 0, "nodes": []})


# What the town has none of: nobody can be shown it.
ABSENT = {
    ("Unit", "population"),
    *{("Suspension", "reviewedAt"), ("Suspension", "endedAt")},
    # 2026 is published, and it is November.
    *{("Query", "calendarWarnings"), ("CalendarWarning", "year"), ("CalendarWarning", "message")},
    ("ReportIn", "escalatedTo"),
    *(("Assignment", "warnedAt"), ("Assignment", "overdueAt")),
}


@pytest.mark.parametrize("role", ACTORS, ids=lambda role: role.value)
def test_the_map_is_what_happens_at_every_field(
    role: Role, desk: Desk, town: Town, paths: Paths
) -> None:
    holders = reached(ACCESS)
    ways = paths.shortest()
    actor = town.actors[ACTORS[role]]
    for kind in object_types(GRAPHQL):
        if kind.name not in ways:
            continue  # only mutations lead there
        response = desk.ask(actor, written(ways[kind.name], probes(kind, paths)))
        assert "errors" not in response, (kind.name, response)
        found = collected(response["data"])
        for name in kind.fields:
            values = found[f"{name}_"]
            if not allowed(role, kind.name, name):
                assert all(value in NOTHING for value in values), (kind.name, name)
            elif kind.name in {"Ticket", "Unit", "Query", "Staff", "Viewer", "UnitScore"}:
                assert bool(values) is (role in holders[kind.name]), (kind.name, name)


def test_every_field_shows_something_to_somebody(desk: Desk, town: Town, paths: Paths) -> None:
    """So that nothing above is true only because there is nothing to see."""
    seen: set[tuple[str, str]] = set()
    ways = paths.shortest("tickets")
    kinds = [kind for kind in object_types(GRAPHQL) if kind.name in ways]
    for who in ("agent", "admin", "citizen", STREET):
        for kind in kinds:
            answer = desk.data(town.actors[who], written(ways[kind.name], probes(kind, paths)))
            found = collected(answer)
            for name in kind.fields:
                if any(value not in NOTHING for value in found[f"{name}_"]):
                    seen.add((kind.name, name))
    fields = {(kind.name, name) for kind in kinds for name in kind.fields}
    missing = fields - seen
    assert missing == ABSENT, sorted(missing ^ ABSENT)
