"""From a selection set to one SQL statement in which PostgreSQL builds the JSON.

Every relation is a LATERAL join with `offset 0`: measured three times as fast as correlated
subqueries, because the planner cannot pull it up and scan the small table once a row. Predicates
of visibility go into every level, so that no path through the graph reaches a hidden row.
Response keys are GraphQL names ([_A-Za-z][_0-9A-Za-z]*), the only text that is ever a literal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)
from sqlalchemy import ColumnElement, FromClause, Select, literal_column, select, true

from domain.kernel.actor import Role
from domain.kernel.aliases import alias_of
from schema.reading.bindings import Bindings, FieldArguments
from schema.reading.declare import Column, Computed, Embedded, Many, One, Pages, closed
from schema.reading.objects import (
    EMPTY_LIST,
    NEEDS,
    NULL,
    Shape,
    json_list,
    json_object,
    text_literal,
)
from schema.reading.pages import page_statement
from schema.reading.selection import Selector
from schema.reading.types import python_name, readable_of, reading_of
from schema.reading.values import argument_values

Allowed = Callable[[Role, str, str], bool]


@dataclass(slots=True)
class Level:
    """One object under construction: its row, what it joins, and its role in the plan."""

    kind: GraphQLObjectType
    row: FromClause
    joins: list[Any] = field(default_factory=list)


class Planner:
    """Builds the statements of one operation for one role and one shape of variables."""

    def __init__(
        self, selector: Selector, role: Role, allowed: Allowed, bindings: Bindings
    ) -> None:
        self.selector = selector
        self.role = role
        self.allowed = allowed
        self.bindings = bindings
        self._carriers = 0

    # -- objects --------------------------------------------------------------------------------

    def object(self, level: Level, nodes: Sequence[FieldNode]) -> tuple[ColumnElement[Any], Shape]:
        """Return the JSON expression of one object and where its computed values stand."""
        pairs: list[tuple[str, ColumnElement[Any]]] = []
        shape = Shape()
        grouped = self.selector.collect(level.kind, (node.selection_set for node in nodes))
        for key, group in grouped.items():
            pairs.append((key, self._field(level, key, group, shape)))
        for _, carrier, computed in shape.computed:
            needs = [(name, make(level.row)) for name, make in computed.needs.items()]
            pairs.append((carrier, json_object(needs)))
        return json_object(pairs), shape

    def _field(
        self, level: Level, key: str, group: list[FieldNode], shape: Shape
    ) -> ColumnElement[Any]:
        node = group[0]
        name = node.name.value
        if name == "__typename":
            return text_literal(level.kind.name)
        definition = level.kind.fields[name]
        reading = reading_of(definition)
        if not self.allowed(self.role, level.kind.name, name):
            if not isinstance(reading, Pages):
                return _denied(definition)
            reading = closed(reading)
        if isinstance(reading, Column):
            return self._column(level, definition, reading)
        if isinstance(reading, Computed):
            self._carriers += 1
            carrier = f"{NEEDS}{self._carriers}"
            shape.computed.append((key, carrier, self._chosen(definition, node, reading)))
            return NULL
        child = Shape()
        expression = self._relation(level, definition, reading, group, child)
        if child:
            shape.children.append((key, child))
        return expression

    def _chosen(self, definition: GraphQLField, node: FieldNode, reading: Computed) -> Computed:
        """The computed value with the choices that its arguments made."""
        if not definition.args:
            return reading
        arguments = self.arguments(definition, node)
        choices = {name: arguments.choice(name) for name in definition.args}
        return replace(reading, compute=partial(reading.compute, **choices))

    def _column(
        self, level: Level, definition: GraphQLField, reading: Column
    ) -> ColumnElement[Any]:
        if reading.expression is not None:
            return reading.expression(level.row)
        return level.row.c[python_name(definition)]

    def _relation(
        self,
        level: Level,
        definition: GraphQLField,
        reading: Any,
        group: list[FieldNode],
        shape: Shape,
    ) -> ColumnElement[Any]:
        kind = get_named_type(definition.type)
        assert isinstance(kind, GraphQLObjectType)
        if isinstance(reading, Embedded):
            expression, inner = self.object(Level(kind, level.row, level.joins), group)
            shape.adopt(inner)
            return expression
        if isinstance(reading, One):
            statement = self._one(level, kind, reading, group, shape)
        elif isinstance(reading, Many):
            statement = self._many(level, kind, reading, group, shape)
        elif isinstance(reading, Pages):
            arguments = self.arguments(definition, group[0])
            statement = self.pages(kind, reading, arguments, group, shape, outer=level.row)
        else:
            raise TypeError(f"{level.kind.name}.{group[0].name.value} is not declared as readable")
        return self.join(level, statement)

    def join(self, level: Level, statement: Select[Any]) -> ColumnElement[Any]:
        """Join a statement of one column `json` laterally and return that column."""
        lateral = statement.correlate(level.row).lateral()
        level.joins.append(lateral)
        return lateral.c.json

    def _one(
        self,
        outer: Level,
        kind: GraphQLObjectType,
        reading: One,
        group: list[FieldNode],
        shape: Shape,
    ) -> Select[Any]:
        level = self.level(kind)
        expression, inner = self.object(level, group)
        shape.adopt(inner)
        statement = self.select_from(level, expression).where(reading.on(outer.row, level.row))
        if reading.only is not None:
            extra = reading.only(self.role, outer.row)
            if extra is not None:
                statement = statement.where(extra)
        return statement.offset(literal_column("0"))

    def _many(
        self,
        outer: Level,
        kind: GraphQLObjectType,
        reading: Many,
        group: list[FieldNode],
        shape: Shape,
    ) -> Select[Any]:
        level = self.level(kind)
        expression, inner = self.object(level, group)
        shape.adopt(inner)
        rows = (
            self.select_from(level, expression)
            .where(reading.on(outer.row, level.row))
            .order_by(*reading.order(level.row))
            .limit(literal_column(str(int(reading.limit))))
        )
        return json_list(rows, outer.row)

    def pages(
        self,
        kind: GraphQLObjectType,
        reading: Pages,
        arguments: FieldArguments,
        group: list[FieldNode],
        shape: Shape,
        outer: FromClause | None = None,
    ) -> Select[Any]:
        """The statement of a connection; `kind` is the connection's type."""
        return page_statement(self, kind, reading, arguments, group, shape, outer)

    # -- rows -----------------------------------------------------------------------------------

    def level(self, kind: GraphQLObjectType, row: FromClause | None = None) -> Level:
        """A fresh row of a readable type."""
        readable = readable_of(kind)
        return Level(kind, row if row is not None else alias_of(readable.table(self.role)))

    def select_from(self, level: Level, expression: ColumnElement[Any], *more: Any) -> Select[Any]:
        """SELECT `expression` as json from the level's row and joins, visible rows only."""
        source: Any = level.row
        for join in level.joins:
            source = source.outerjoin(join, true())
        statement = select(expression.label("json"), *more).select_from(source)
        visible = readable_of(level.kind).visible_to(self.role, level.row)
        return statement if visible is None else statement.where(visible)

    def arguments(self, definition: GraphQLField, node: FieldNode) -> FieldArguments:
        """The arguments of one field as bind parameters of this plan."""
        return FieldArguments(
            self.bindings, argument_values(definition, node), self.selector.variables
        )


def _denied(definition: GraphQLField) -> ColumnElement[Any]:
    """What a field shows to a role without access: as if there were nothing."""
    if is_list_type(get_nullable_type(definition.type)):
        return EMPTY_LIST
    return NULL
