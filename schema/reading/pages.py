"""Connections: keyset pages of the Relay specification, as SQL.

The page of rows is cut first, by its index, and only then joined: what a row shows is computed for
at most one row more than the page has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLObjectType, get_named_type
from sqlalchemy import ColumnElement, FromClause, Select, func, select
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by

from schema.errors import PublicError
from schema.reading import cursors
from schema.reading.declare import Order, Pages
from schema.reading.objects import EMPTY_LIST, Level, Shape, json_object, sql, text_literal, within
from schema.reading.values import MOST

if TYPE_CHECKING:
    from schema.reading.bindings import FieldArguments
    from schema.reading.planner import Planner


PLACE = "place_in_page"


class InvalidPage(PublicError):
    """The size of a page is out of bounds, or its two ends contradict each other."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "INVALID_PAGE")


class Page:
    """One page of one connection: its direction, size and bounds."""

    def __init__(self, reading: Pages, arguments: FieldArguments) -> None:
        forward, backward = arguments.has("first"), arguments.has("last")
        if forward and backward:
            raise InvalidPage("give either first or last, not both")
        if (arguments.has("after") and backward) or (arguments.has("before") and not backward):
            raise InvalidPage("after goes with first, before goes with last")
        self.backward = backward
        self.size = self._size(reading, arguments)
        self.edge = "before" if backward else "after"
        self.bounded = arguments.has(self.edge)
        orders = reading.orders
        self.order = orders if isinstance(orders, Order) else orders(arguments)
        self.peeks = False

    def _size(self, reading: Pages, arguments: FieldArguments) -> int:
        name = "last" if self.backward else "first"
        size = arguments.value_now(name) if arguments.has(name) else reading.default_first
        if not 1 <= size <= MOST:
            raise InvalidPage(f"{name} must be between 1 and {MOST}")
        return int(size)

    def sorted_by(self, row: FromClause) -> list[ColumnElement[Any]]:
        falling = self.order.descending is not self.backward
        keys = self.order.keys(row)
        return [key.desc() if falling else key.asc() for key in keys]

    def beyond(self, row: FromClause, arguments: FieldArguments) -> ColumnElement[bool]:
        """Rows after (or before) the cursor: (a, b) > (x, y), spelled so that an index serves."""
        keys = list(self.order.keys(row))
        types = [key.type for key in keys]
        name = self.order.name

        def part(number: int) -> Any:
            return arguments.bind_with(
                lambda cursor: cursors.decode(cursor, name, types)[number],
                self.edge,
                type_=types[number],
            )

        bounds = [part(number) for number in range(len(keys))]
        falling = self.order.descending is not self.backward
        left: ColumnElement[Any] = keys[0] if len(keys) == 1 else func.row(*keys)
        right: ColumnElement[Any] = bounds[0] if len(keys) == 1 else func.row(*bounds)
        beyond: ColumnElement[bool] = left < right if falling else left > right
        return beyond


def page_statement(
    planner: Planner,
    kind: GraphQLObjectType,
    reading: Pages,
    arguments: FieldArguments,
    group: Sequence[FieldNode],
    shape: Shape,
    outer: Level | None,
) -> Select[Any]:
    """The statement of one connection: a single row whose column `json` is the connection."""
    page = Page(reading, arguments)
    node_kind = get_named_type(kind.fields["nodes"].type)
    assert isinstance(node_kind, GraphQLObjectType)
    fields = planner.selector.collect(kind, (node.selection_set for node in group))
    page.peeks = any(nodes[0].name.value == "pageInfo" for nodes in fields.values())
    base = planner.level(node_kind)
    conditions = _conditions(planner, base, reading, arguments, outer)
    above = outer.row if outer is not None else None
    name = planner.name(base.row)
    level = Level(node_kind, _cut(page, base, conditions, arguments, name, above), name)
    builder = _Connection(planner, level, page, base, conditions, above)
    pairs = [(key, builder.field(kind, key, nodes, shape)) for key, nodes in fields.items()]
    return builder.statement(pairs)


def _conditions(
    planner: Planner,
    base: Level,
    reading: Pages,
    arguments: FieldArguments,
    outer: Level | None,
) -> list[ColumnElement[bool]]:
    conditions = list(reading.where(base.row, arguments))
    if reading.on is not None and outer is not None:
        conditions.append(planner.sure(reading.on, outer, base))
    visible = planner.visible(base)
    if visible is not None:
        conditions.append(visible)
    return conditions


def _cut(
    page: Page,
    base: Level,
    conditions: list[ColumnElement[bool]],
    arguments: FieldArguments,
    name: str,
    outer: FromClause | None,
) -> FromClause:
    """The rows of the page, called `name`, and one more where it is asked whether there are more.

    They are numbered in the order of the page; where nobody asks for the number, PostgreSQL drops
    the window from its plan.
    """
    # Every column by one word: to name fifty, twice a page, was half of the time that a plan takes.
    rows = select(sql(f"{base.name}.*")).select_from(base.row).where(*conditions)
    if page.bounded:
        rows = rows.where(page.beyond(base.row, arguments))
    ordered = rows.order_by(*page.sorted_by(base.row))
    cut = within(ordered.limit(sql(str(page.size + page.peeks))), outer, f"{name}_cut")
    numbered = select(sql(f"{name}_cut.*"), func.row_number().over().label(PLACE))
    return within(numbered.select_from(cut), outer, name)


def _cursor_of(order: Order, row: FromClause) -> ColumnElement[str]:
    return cursors.encode(order.name, order.keys(row))


class _Connection:
    """Collects the columns of a page's rows and the JSON around them."""

    def __init__(
        self,
        planner: Planner,
        level: Level,
        page: Page,
        base: Level,
        conditions: list[ColumnElement[bool]],
        outer: FromClause | None,
    ) -> None:
        self.planner = planner
        self.level = level
        self.page = page
        self.base = base
        self.conditions = conditions
        self.outer = outer
        self.columns = [sql(f"{level.name}.{PLACE}").label(PLACE)]

    def field(self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode], shape: Shape) -> Any:
        name = nodes[0].name.value
        if name == "__typename":
            return text_literal(kind.name)
        if name == "totalCount":
            return self._total()
        if name == "pageInfo":
            return self._page_info(kind, nodes)
        if name == "nodes":
            expression, inner = self.planner.object(self.level, nodes)
        else:
            expression, inner = self._edges(kind, nodes)
        if inner:
            shape.children.append((key, inner))
        return self._listed(expression)

    def statement(self, pairs: list[tuple[str, Any]]) -> Select[Any]:
        source: Any = self.level.row
        for join in self.level.joins:
            source = source.outerjoin(join, sql("true"))
        rows = within(select(*self.columns).select_from(source), self.outer)
        made = [
            (key, make if isinstance(make, ColumnElement) else make(rows)) for key, make in pairs
        ]
        whole = select(json_object(made).label("json"))
        if all(isinstance(make, ColumnElement) for _, make in pairs):
            return whole  # nothing of the rows is asked for
        # One row comes out, whatever is asked for: also where nothing in it is an aggregate.
        return whole.select_from(rows).having(sql("true"))

    def _column(self, expression: ColumnElement[Any]) -> str:
        name = f"c{len(self.columns)}"
        self.columns.append(expression.label(name))
        return name

    def _listed(self, expression: ColumnElement[Any]) -> Any:
        name = self._column(expression)

        def make(rows: FromClause) -> ColumnElement[Any]:
            listed: Any = func.json_agg(self._in_order(rows, rows.c[name]))
            if self.page.peeks:
                listed = listed.filter(rows.c[PLACE] <= sql(str(self.page.size)))
            return func.coalesce(listed, EMPTY_LIST, type_=JSON())

        return make

    def _in_order(self, rows: FromClause, column: ColumnElement[Any]) -> Any:
        """Rows that come straight from the cut are in its order; a join may not keep it."""
        if self.page.backward:
            return aggregate_order_by(column, rows.c[PLACE].desc())
        if self.level.joins:
            return aggregate_order_by(column, rows.c[PLACE].asc())
        return column

    def _edges(
        self, kind: GraphQLObjectType, nodes: list[FieldNode]
    ) -> tuple[ColumnElement[Any], Shape]:
        edge_kind = get_named_type(kind.fields["edges"].type)
        assert isinstance(edge_kind, GraphQLObjectType)
        pairs: list[tuple[str, ColumnElement[Any]]] = []
        shape = Shape()
        fields = self.planner.selector.collect(edge_kind, (node.selection_set for node in nodes))
        for key, group in fields.items():
            name = group[0].name.value
            if name == "__typename":
                pairs.append((key, text_literal(edge_kind.name)))
            elif name == "cursor":
                pairs.append((key, self._cursor()))
            else:
                expression, inner = self.planner.object(self.level, group)
                pairs.append((key, expression))
                if inner:
                    shape.children.append((key, inner))
        return json_object(pairs), shape

    def _cursor(self) -> ColumnElement[Any]:
        return self.planner.sure(_cursor_of, self.level, given=(self.page.order,))

    def _page_info(self, kind: GraphQLObjectType, nodes: list[FieldNode]) -> Any:
        info_kind = get_named_type(kind.fields["pageInfo"].type)
        assert isinstance(info_kind, GraphQLObjectType)
        fields = self.planner.selector.collect(info_kind, (node.selection_set for node in nodes))
        names = {group[0].name.value for group in fields.values()}
        cursor = self._column(self._cursor()) if names & {"startCursor", "endCursor"} else None

        def make(rows: FromClause) -> ColumnElement[Any]:
            values = self._info(rows, cursor)
            values["__typename"] = text_literal(info_kind.name)
            return json_object(
                [(key, values[group[0].name.value]) for key, group in fields.items()]
            )

        return make

    def _info(self, rows: FromClause, cursor: str | None) -> dict[str, Any]:
        size = sql(str(self.page.size))
        more = func.count(sql("1")) > size
        behind = sql("true" if self.page.bounded else "false")
        backward = self.page.backward
        values: dict[str, Any] = {
            "hasNextPage": behind if backward else more,
            "hasPreviousPage": more if backward else behind,
        }
        if cursor is not None:
            values["startCursor"] = self._end(rows, cursor, first=not backward)
            values["endCursor"] = self._end(rows, cursor, first=backward)
        return values

    def _end(self, rows: FromClause, cursor: str, *, first: bool) -> ColumnElement[Any]:
        """The cursor of the first or last kept row, or null on an empty page."""
        place = rows.c[PLACE]
        ordered = aggregate_order_by(rows.c[cursor], place.asc() if first else place.desc())
        kept = func.json_agg(ordered).filter(place <= sql(str(self.page.size)))
        return kept.op("->")(sql("0"))

    def _total(self) -> ColumnElement[Any]:
        counted = select(func.count(sql("1"))).select_from(self.base.row)
        counted = counted.where(*self.conditions)
        if self.outer is not None:
            counted = counted.correlate(self.outer)
        return counted.scalar_subquery()
