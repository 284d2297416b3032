"""Statements of root fields: a row, a list of rows, a connection, objects by global id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import (
    FieldNode,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)
from sqlalchemy import ARRAY, ColumnElement, Select, Text, case, func, literal_column, select
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from schema.errors import PublicError
from schema.identifiers import parse_id
from schema.reading.bindings import FieldArguments
from schema.reading.declare import Lookup, Pages, Row, Rows, closed
from schema.reading.objects import Shape, json_list, text_literal
from schema.reading.plan import Plan
from schema.reading.planner import Planner
from schema.reading.types import find_readable, reading_of

MOST_IDS = 100  # as many as a page has rows


def plan_field(planner: Planner, parent: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Plan:
    """Compile one root field (or one field of a payload) of the selection `nodes` on `parent`.

    A field that is shut to the role is null, an empty list or an empty page. Raises PublicError
    for arguments that shape the statement and are out of bounds.
    """
    name = nodes[0].name.value
    definition = parent.fields[name]
    reading = reading_of(definition)
    if not planner.allowed(planner.role, parent.name, name):
        reading = closed(reading)
    group, shape = list(nodes), Shape()
    arguments = planner.arguments(definition, group[0])
    kind = get_named_type(definition.type)
    listed = is_list_type(get_nullable_type(definition.type))
    if isinstance(reading, Lookup):
        statement = _lookup(planner, reading, arguments, group, shape)
    else:
        assert isinstance(kind, GraphQLObjectType)
        if isinstance(reading, Pages):
            statement = planner.pages(kind, reading, arguments, group, shape)
        elif isinstance(reading, Row):
            statement = _row(planner, kind, reading, arguments, group, shape)
        elif isinstance(reading, Rows):
            statement = _rows(planner, kind, reading, arguments, group, shape)
        else:
            raise TypeError(f"{name} is not a root that can be read")
    return Plan(statement, planner.bindings, shape, b"[]" if listed else b"null")


def _row(
    planner: Planner,
    kind: GraphQLObjectType,
    reading: Row,
    arguments: FieldArguments,
    group: list[FieldNode],
    shape: Shape,
) -> Select[Any]:
    level = planner.level(kind)
    expression, inner = planner.object(level, group)
    shape.adopt(inner)
    return planner.select_from(level, expression).where(*reading.where(level.row, arguments))


def _rows(
    planner: Planner,
    kind: GraphQLObjectType,
    reading: Rows,
    arguments: FieldArguments,
    group: list[FieldNode],
    shape: Shape,
) -> Select[Any]:
    level = planner.level(kind, reading.source(arguments) if reading.source else None)
    expression, inner = planner.object(level, group)
    shape.adopt(inner)
    rows = (
        planner.select_from(level, expression)
        .where(*reading.where(level.row, arguments))
        .order_by(*reading.order(level.row))
        .limit(literal_column(str(int(reading.limit))))
    )
    return json_list(rows)


def _lookup(
    planner: Planner,
    reading: Lookup,
    arguments: FieldArguments,
    group: list[FieldNode],
    shape: Shape,
) -> Select[Any]:
    """One statement for ids of any type: each selected type joins where the id names it."""
    ids, kinds = _wanted(reading, arguments)
    wanted = (
        func.unnest(ids, kinds).table_valued("id", "kind", with_ordinality="place").render_derived()
    )
    source: Any = wanted
    branches: list[tuple[Any, ColumnElement[Any]]] = []
    for kind in _node_kinds(planner):
        level = planner.level(kind)
        expression, inner = planner.object(level, group)
        shape.adopt(inner)
        found = (
            planner.select_from(level, expression)
            .where(level.row.c.id == wanted.c.id, wanted.c.kind == text_literal(kind.name))
            .lateral()
        )
        source = source.outerjoin(found, literal_column("true"))
        branches.append((found.c.json.is_not(None), found.c.json))
    rows = select(case(*branches).label("json")).select_from(source).order_by(wanted.c.place)
    return json_list(rows) if reading.many else rows


def _wanted(reading: Lookup, arguments: FieldArguments) -> tuple[Any, Any]:
    def parsed(value: Any) -> list[tuple[Any, Any]]:
        given = value if reading.many else [value]
        if len(given) > MOST_IDS:
            raise PublicError(f"at most {MOST_IDS} ids at once", "TOO_MANY_IDS")
        return [parse_id(text) or (None, None) for text in given]

    ids = arguments.bind_with(
        lambda value: [id_ for _, id_ in parsed(value)], reading.argument, type_=ARRAY(PG_UUID())
    )
    kinds = arguments.bind_with(
        lambda value: [kind for kind, _ in parsed(value)], reading.argument, type_=ARRAY(Text())
    )
    return ids, kinds


def _node_kinds(planner: Planner) -> list[GraphQLObjectType]:
    kinds = []
    for kind in planner.selector.schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            readable = find_readable(kind)
            if readable is not None and readable.node:
                kinds.append(kind)
    return kinds
