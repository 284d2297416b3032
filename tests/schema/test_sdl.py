"""The committed SDL: equal to the code, described throughout, and breaking nothing unannounced."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    is_introspection_type,
    is_specified_scalar_type,
)
from graphql.utilities import get_default_value_ast

from schema.build import build_schema as build_schema_of_the_api
from schema.introduction import introduction
from schema.limits import LimitCode, Limits
from schema.sdl import BREAKING, COMMITTED, RELEASED, main, sdl
from tests.support.desk import SCHEMA

GRAPHQL = SCHEMA._schema
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CONTRACT = Path(__file__).with_name("contract.graphql")


@cache
def printed() -> GraphQLSchema:
    """The schema as a client reads it."""
    return build_schema(sdl())


def test_the_committed_sdl_is_the_code() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == sdl(), (
        "schema/schema.graphql is not what the code says: run `python -m schema.sdl` and read "
        "the difference before you commit it"
    )


def test_the_schema_is_built_the_same_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "schema.graphql"
    monkeypatch.setattr("schema.sdl.COMMITTED", written)
    main()
    build_schema_of_the_api.cache_clear()
    assert written.read_text(encoding="utf-8") == sdl()


# -- what breaks ----------------------------------------------------------------------------------


def breaking(old: GraphQLSchema, new: GraphQLSchema) -> set[str]:
    """The breaking changes, as they are written into breaking.toml."""
    changes = find_breaking_changes(old, new)
    return {f"{change.type.name}: {change.description}" for change in changes}


def recorded() -> dict[str, str]:
    """The breaking changes since the last release that were decided on, each with its reason."""
    entries = tomllib.loads(BREAKING.read_text(encoding="utf-8")).get("change", [])
    return {entry["what"]: entry["why"] for entry in entries}


def test_nothing_breaks_that_is_not_recorded() -> None:
    released = build_schema(RELEASED.read_text(encoding="utf-8"))
    found = breaking(released, printed())
    assert found == set(recorded()), (
        "clients of the last release would break: undo it, or record it with its reason in "
        "schema/breaking.toml"
    )
    assert all(len(why) > 10 for why in recorded().values())


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (r'"""Residents, where known[^"]*"""\n  population: Int\n', "", "FIELD_REMOVED"),
        ("orderBy: TicketOrder", "orderBy: TicketOrder!", "ARG_CHANGED_KIND"),
        (r'"""Praise[^"]*"""\n  PRAISE\n', "", "VALUE_REMOVED_FROM_ENUM"),
        ("note: String!", "note: String!\n  mood: String!", "REQUIRED_INPUT_FIELD_ADDED"),
    ],
)
def test_what_breaks_is_found(old: str, new: str, what: str) -> None:
    changed, count = re.subn(old, new, sdl())
    assert count == 1
    [found] = breaking(printed(), build_schema(changed))
    assert found.startswith(f"{what}: ")


# -- the contract ---------------------------------------------------------------------------------


def missing(contract: GraphQLSchema, schema: GraphQLSchema) -> Iterator[str]:
    """What the contract names and the schema has not, or has otherwise."""
    for name, wanted in contract.type_map.items():
        if name.startswith("__") or is_specified_scalar_type(wanted):
            continue
        found: Any = schema.get_type(name)
        if found is None or type(found).__mro__[-3:] != type(wanted).__mro__[-3:]:
            yield f"type {name}"
            continue
        yield from _missing_members(name, wanted, found)


def _missing_members(name: str, wanted: Any, found: Any) -> Iterator[str]:
    if isinstance(wanted, GraphQLEnumType):
        yield from (f"{name}.{value}" for value in wanted.values if value not in found.values)
        return
    if isinstance(wanted, GraphQLObjectType | GraphQLInterfaceType):
        had = {interface.name for interface in found.interfaces}
        yield from (f"{name} implements {i.name}" for i in wanted.interfaces if i.name not in had)
    for field_name, field in getattr(wanted, "fields", {}).items():
        own = found.fields.get(field_name)
        if own is None or str(own.type) != str(field.type):
            yield f"{name}.{field_name}: {field.type} (is {own and own.type})"
            continue
        if isinstance(wanted, GraphQLInputObjectType):
            yield from _missing_default(f"{name}.{field_name}", field, own)
        for argument, about in getattr(field, "args", {}).items():
            given = own.args.get(argument)
            if given is None or str(given.type) != str(about.type):
                yield f"{name}.{field_name}({argument}: {about.type}) (is {given and given.type})"
            else:
                yield from _missing_default(f"{name}.{field_name}({argument})", about, given)


def _missing_default(place: str, wanted: Any, found: Any) -> Iterator[str]:
    default, own = get_default_value_ast(wanted), get_default_value_ast(found)
    written = [None if node is None else node.to_dict(locations=False) for node in (default, own)]
    if written[0] != written[1]:
        yield f"{place}: another default"


def test_the_contract_is_kept() -> None:
    contract = build_schema(CONTRACT.read_text(encoding="utf-8"))
    assert list(missing(contract, printed())) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("isOverdue: Boolean!", "isOverdue: Boolean"),
        ("ticket(code: String!): Ticket", "ticket(code: ID!): Ticket"),
        ("kind: TicketKind = HELP", "kind: TicketKind = PRAISE"),
        ("MERGED", "JOINED"),
        ("maskedPhone: String!", "maskedPhone: String!\n  mood: String"),
        ("type Unit implements Node", "type Unity implements Node"),
    ],
)
def test_a_broken_contract_is_seen(old: str, new: str) -> None:
    text = CONTRACT.read_text(encoding="utf-8")
    assert old in text
    changed = text.replace(old, new)
    if new.startswith("type Unity"):
        changed = re.sub(r"\bUnit\b", "Unity", text)
    assert list(missing(build_schema(changed), printed()))


def test_every_mutation_gives_its_payload_or_a_problem() -> None:
    assert GRAPHQL.mutation_type is not None
    for name, definition in GRAPHQL.mutation_type.fields.items():
        kind = name[0].upper() + name[1:]
        assert str(definition.type) == f"{kind}Result!"
        assert {n: str(a.type) for n, a in definition.args.items()} == {"input": f"{kind}Input!"}
        members = {member.name for member in GRAPHQL.get_possible_types(definition.type.of_type)}
        problems = {member.name for member in GRAPHQL.get_possible_types(_interface("Problem"))}
        assert members - problems == {f"{kind}Payload"}
        assert len(members) > 5


def _interface(name: str) -> GraphQLInterfaceType:
    found = GRAPHQL.type_map[name]
    assert isinstance(found, GraphQLInterfaceType)
    return found


# -- words ----------------------------------------------------------------------------------------


def described() -> Iterator[tuple[str, str | None, bool]]:
    """(place, description, whether it must hold the Chinese term)."""
    for name, kind in GRAPHQL.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield name, kind.description, True
        if isinstance(kind, GraphQLEnumType):
            for value, about in kind.values.items():
                yield f"{name}.{value}", about.description, True
        for field, about in getattr(kind, "fields", {}).items():
            yield f"{name}.{field}", about.description, True
            for argument, more in getattr(about, "args", {}).items():
                yield f"{name}.{field}({argument})", more.description, True


def test_everything_is_described_with_its_chinese_term() -> None:
    places = list(described())
    assert len(places) > 500
    assert [place for place, text, _ in places if not text] == []
    assert [place for place, text, _ in places if text and not CHINESE.search(text)] == []


def test_what_is_optional_is_printed_without_a_null_default() -> None:
    assert "= null" not in sdl()
    assert "due: Boolean = true" in sdl()


def test_it_begins_with_what_no_type_can_say() -> None:
    """How to send, who you are, what errors mean, and every limit with the number in force."""
    told = printed().description
    assert told is not None and told == GRAPHQL.description == introduction(Limits())
    for word in ("Authorization", "logIn", "graphql-transport-ws", "text/event-stream"):
        assert word in told
    assert [code for code in LimitCode if f"\n- {code}: " not in told] == []
    other = introduction(replace(Limits(), depth=7, actor_subscriptions=3))
    changed = set(other.splitlines()) - set(told.splitlines())
    assert changed == {
        "- DEPTH_EXCEEDED: 7 levels of fields",
        "- SUBSCRIPTIONS_EXCEEDED: 20 subscriptions of a socket, 3 of an actor",
    }


def test_its_introduction_names_what_there_is() -> None:
    """A word that looks like a name in it is one: a field, a type, a code, a header."""
    told = introduction(Limits())
    names = {name for kind in GRAPHQL.type_map.values() for name in getattr(kind, "fields", {})}
    for owner, name in re.findall(r"`([A-Z]\w+)\.(\w+)`", told):
        kind = GRAPHQL.type_map[owner]
        assert isinstance(kind, GraphQLObjectType) and name in kind.fields
    spoken = re.findall(r"`([a-z]\w+)`", told)
    assert set(spoken) >= {"viewer", "idempotencyKey", "expectedVersion"}
    assert set(spoken) - names == {"authorization", "connection_init", "errors"}
