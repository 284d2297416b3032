"""What operations cost: compared with the objects that running them makes."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import (
    DocumentNode,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_introspection_query,
    get_variable_values,
    is_leaf_type,
    parse,
    validate,
)
from graphql.execution import VariableValues
from graphql.type import get_named_type, get_nullable_type, is_list_type
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.limits import LimitCode, Limits, check_cost, compile_cost, cost, costing
from schema.limits import cost as cost_of

SDL = """
type Query {
  tickets(first: Int = 3, last: Int): TicketConnection!
  recent(first: Int): [Ticket!]!
  nodes(ids: [ID!]!): [Ticket]!
  unit: Unit
  units: [Unit!]!
  tags: [String!]!
  expensive: Int
}
type TicketConnection { edges: [TicketEdge!]!  nodes: [Ticket!]!  totalCount: Int! }
type TicketEdge { node: Ticket!  cursor: String! }
type Ticket {
  id: ID!
  lead: Unit
  history(first: Int, last: Int): TicketConnection!
  units: [Unit!]!
}
type Unit { name: String!  parent: Unit  tickets(first: Int = 2): TicketConnection! }
type Mutation { accept: Ticket  reply: Ticket }
type Subscription { changed: Ticket }
"""
DEFAULTS = Limits(default_page=4, assumed_size=2, page=6)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Tickets and units, with one list that declares its size and one dear leaf."""
    built = build_schema(SDL)
    assert built.query_type is not None
    built.query_type.fields["units"].extensions["cost"] = {"assumed_size": 5}
    built.query_type.fields["expensive"].extensions["cost"] = {"weight": 7}
    return built


def made_by(schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any]) -> int:
    """The objects that running an operation makes, when each list is as long as it may be."""
    made = 0

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        nonlocal made
        type_ = get_nullable_type(info.return_type)
        if is_leaf_type(get_named_type(type_)):
            return ["x"] if is_list_type(type_) else 1
        paged = "first" in info.parent_type.fields[info.field_name].args
        page = arguments.get("first") or arguments.get("last") or DEFAULTS.default_page
        if not is_list_type(type_):
            made += 1
            return {"page": page} if paged else {}
        if paged:
            size = page
        elif "ids" in arguments:
            size = len(arguments["ids"])
        elif "page" in (source or {}):
            size = source["page"]
        else:
            size = 5 if info.parent_type.name == "Query" else DEFAULTS.assumed_size
        made += size
        return [{} for _ in range(size)]

    result = execute_sync(schema, document, {}, None, variables, field_resolver=resolve)
    assert result.errors is None
    return made


def coerced(schema: GraphQLSchema, node: OperationDefinitionNode, given_: Any) -> dict[str, Any]:
    """The coerced variables of an operation."""
    result = get_variable_values(schema, node.variable_definitions or (), given_)
    assert isinstance(result, VariableValues)
    return result.coerced


HEADER = "query($n:Int $m:Int=2 $p:Boolean! $q:Boolean=true $ids:[ID!]!)"
FRAGMENTS = (
    " fragment OnTicket on Ticket{id lead{name ...OnUnit @include(if:$p)} units{name}}"
    " fragment OnUnit on Unit{name parent{name t2:tickets(first:2){nodes{id}}}}"
)
SWITCHES = ("", "", "", "@skip(if:$p)", "@include(if:$p)", "@include(if:$q)@skip(if:$p)")
# Each way to write a field has its own key, so that what is generated can always be merged.
FIELDS = {
    "Query": {
        "tickets": "TicketConnection",
        "t1:tickets(first:1)": "TicketConnection",
        "tn:tickets(first:$n)": "TicketConnection",
        "tm:tickets(first:$m)": "TicketConnection",
        "t0:tickets(first:null)": "TicketConnection",
        "recent": "Ticket",
        "rn:recent(first:$n)": "Ticket",
        "nodes(ids:$ids)": "Ticket",
        'two:nodes(ids:["1","2"])': "Ticket",
        'one:nodes(ids:"1")': "Ticket",
        "unit": "Unit",
        "units": "Unit",
        "tags": None,
        "again:tags": None,
    },
    "TicketConnection": {"edges": "TicketEdge", "nodes": "Ticket", "totalCount": None},
    "TicketEdge": {"node": "Ticket", "cursor": None},
    "Ticket": {
        "id": None,
        "lead": "Unit",
        "other:lead": "Unit",
        "history": "TicketConnection",
        "hl:history(last:3)": "TicketConnection",
        "units": "Unit",
    },
    "Unit": {"name": None, "parent": "Unit", "tickets": "TicketConnection"},
}


@st.composite
def selections(draw: st.DrawFn, type_: str, depth: int) -> str:
    """A selection set of a type, always valid and never empty."""
    parts = ["__typename"]
    for _ in range(draw(st.integers(1, 3))):
        field = draw(st.sampled_from(sorted(FIELDS[type_])))
        switch = draw(st.sampled_from(SWITCHES))
        target = FIELDS[type_][field]
        if target is None:
            parts.append(f"{field} {switch}")
        elif depth > 0:
            parts.append(f"{field} {switch} {draw(selections(target, depth - 1))}")
    if draw(st.booleans()):
        switch = draw(st.sampled_from(SWITCHES))
        if depth > 0 and draw(st.booleans()):
            parts.append(f"... {switch} {draw(selections(type_, depth - 1))}")
        elif type_ in {"Ticket", "Unit"}:
            parts.append(f"...On{type_} {switch}")
    return "{" + " ".join(parts) + "}"


# Every variable and fragment is used, whatever is drawn.
USES = (
    "u1:tickets(first:$n){totalCount @include(if:$q)} u3:tickets(first:$m){totalCount}"
    " u2:nodes(ids:$ids){id @skip(if:$p) ...OnTicket}"
)
booleans = st.booleans()


@settings(max_examples=100)
@given(
    body=selections("Query", 3),
    variables=st.fixed_dictionaries(
        {"p": booleans, "ids": st.lists(st.just("1"), max_size=3)},
        optional={"q": booleans, "n": st.none() | st.integers(1, 6), "m": st.integers(1, 6)},
    ),
)
def test_the_cost_is_the_number_of_objects_made(
    body: str, variables: dict[str, Any], schema: GraphQLSchema
) -> None:
    text = f"{HEADER}{{...{body} {USES}}}{FRAGMENTS}"
    document = parse(text)
    assert not validate(schema, document)
    [node, *_] = document.definitions
    assert isinstance(node, OperationDefinitionNode)
    values = coerced(schema, node, variables)
    points = compile_cost(schema, document, node, DEFAULTS)
    made = made_by(schema, document, variables)
    assert points(values) == made
    # Asked again, and after other values, it is the same.
    points(coerced(schema, node, {"p": not variables["p"], "ids": [], "q": False}))
    assert points(values) == made


def points_of(schema: GraphQLSchema, text: str, **variables: Any) -> int:
    """The points of the first operation of a document."""
    document = parse(text)
    node = document.definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    return cost_of(schema, document, node, coerced(schema, node, variables))


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{tags expensive}", 7),
        ("{unit{name}}", 1),
        ("{x:unit{name} y:unit{name}}", 2),
        ("{unit{name} unit{parent{name}}}", 2),
        ("{tickets{totalCount}}", 1),
        ("{tickets{nodes{id}}}", 1 + 3),
        ("{tickets(first:10){edges{node{id}}}}", 1 + 10 * 2),
        ("{tickets(last:100){nodes{history(first:4){nodes{id}}}}}", 1 + 100 * (1 + 1 + 4)),
        ("{unit @skip(if:true){name}}", 0),
        ("{unit @include(if:false){name} ...@include(if:true){unit{name}}}", 1),
        ("mutation{accept{id} reply{lead{name}}}", 10 + 11),
        ("subscription{changed{lead{name}}}", 11),
        ("{__typename}", 0),
    ],
)
def test_the_price_list(text: str, points: int, schema: GraphQLSchema) -> None:
    assert points_of(schema, text) == points


def test_a_full_page_of_the_portal_is_well_below_the_bound(schema: GraphQLSchema) -> None:
    text = (
        "{tickets(first:100){edges{node{id lead{name parent{name}}"
        " history(first:4){edges{node{id}}}}}}}"
    )
    assert points_of(schema, text) == 1 + 100 * (2 + 2 + 1 + 8) < Limits().cost / 3


def test_introspection_costs_something_and_not_too_much(schema: GraphQLSchema) -> None:
    points = points_of(schema, get_introspection_query())
    assert 100 < points < Limits().cost / 2


def test_the_bound_of_cost(refused: Any) -> None:
    check_cost(5_000, Limits())
    with refused(LimitCode.COST_EXCEEDED, 5_000):
        check_cost(5_001, Limits())
    with pytest.raises(Exception, match="5001 points") as caught:
        check_cost(5_001, Limits())
    assert caught.value.extensions["cost"] == 5_001  # type: ignore[attr-defined]


@pytest.mark.parametrize("rows", [0, -1, 101, 10**9])
def test_a_page_has_its_bounds(rows: int, schema: GraphQLSchema, refused: Any) -> None:
    text = "query($n:Int $p:Boolean=false){tickets(first:$n) @skip(if:$p){totalCount}}"
    assert points_of(schema, text, n=100) == points_of(schema, text, n=1) == 1
    with refused(LimitCode.PAGE_EXCEEDED, 100):
        points_of(schema, text, n=rows)
    with refused(LimitCode.PAGE_EXCEEDED, 100):
        points_of(schema, text.replace("$n)", f"{rows})"), n=1)
    with refused(LimitCode.PAGE_EXCEEDED, 100):
        points_of(schema, "query($n:Int){tickets(last:$n){nodes{id}}}", n=rows)
    # What is skipped is not asked for.
    assert points_of(schema, text, n=rows, p=True) == 0


def test_of_two_page_sizes_the_larger_counts(schema: GraphQLSchema) -> None:
    text = "query($n:Int){unit{name} recent(first:$n){history(first:$n last:5){nodes{id}}}}"
    assert points_of(schema, text, n=2) == 1 + 2 * (1 + 1 + 5)
    assert points_of(schema, text, n=7) == 1 + 7 * (1 + 1 + 7)


def test_a_cost_without_variables_is_one_number(
    schema: GraphQLSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks = 0
    level = costing.Walk.level

    def counted(self: Any, *arguments: Any) -> Any:
        nonlocal walks
        walks += 1
        return level(self, *arguments)

    monkeypatch.setattr(costing.Walk, "level", counted)
    document = parse("query($n:Int){tickets(first:$n){nodes{lead{name}}}}")
    node = document.definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    points = compile_cost(schema, document, node)
    assert [points({"n": n}) for n in (1, 2, 3)] == [1 + 2 * n for n in (1, 2, 3)]
    # One walk over four levels, whatever the page sizes are.
    assert walks == 4


def test_trying_all_switches_keeps_few_of_them(schema: GraphQLSchema) -> None:
    names = [f"v{number}" for number in range(8)]
    text = (
        f"query({' '.join(f'${name}:Boolean!' for name in names)})"
        f"{{{' '.join(f'{name}:unit @include(if:${name}){{name}}' for name in names)}}}"
    )
    document = parse(text)
    node = document.definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    points = compile_cost(schema, document, node)
    for bits in range(256):
        given_ = {name: bool(bits >> place & 1) for place, name in enumerate(names)}
        assert points(given_) == bits.bit_count()
    kept = next(
        cell.cell_contents
        for cell in points.__closure__ or ()
        if isinstance(cell.cell_contents, dict) and cell.cell_contents
    )
    assert len(kept) <= 32


def test_what_types_exclude_each_other_counts_the_dearer(toy: GraphQLSchema) -> None:
    either = "{either{...on Street{named{name}} ...on District{named{name} query{c}}}}"
    # The object, and under it `named` once and `query` once: no district holds more.
    assert points_of(toy, either) == 1 + 1 + 1


def test_documents_that_double_by_types_are_walked_once_a_level(toy: GraphQLSchema) -> None:
    """Fragments on two types that exclude each other must not double the walk."""
    levels = 11
    chain = "".join(
        f" fragment F{i} on Named{{...on Street{{named{{...F{i + 1}}}}}"
        f" ...on District{{named{{...F{i + 1}}}}}}}"
        for i in range(levels)
    )
    text = "{named{...F0}}" + chain + f" fragment F{levels} on Named{{name}}"
    assert points_of(toy, text) == 1 + levels


def test_fragments_spread_twice_are_walked_once(
    toy: GraphQLSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[Any] = []
    is_included = costing.Walk.is_included

    def counted(self: costing.Walk, selection: Any) -> bool:
        walked.append(selection)
        assert len(walked) < 1_000
        return is_included(self, selection)

    monkeypatch.setattr(costing.Walk, "is_included", counted)
    levels = 60
    chain = "".join(f" fragment F{i} on Query{{...F{i + 1} ...F{i + 1}}}" for i in range(levels))
    assert points_of(toy, "{...F0}" + chain + f" fragment F{levels} on Query{{a{{b}}}}") == 1
    assert len(walked) == 1 + 2 * levels + 2


@strawberry.type
class Row:
    name: str


@strawberry.type
class Query:
    plain: list[Row]
    declared: list[Row] = strawberry.field(metadata={"cost": {"assumed_size": 3, "weight": 2}})


def test_strawberry_declares_in_the_metadata_of_a_field() -> None:
    schema = strawberry.Schema(Query)._schema
    assert points_of(schema, "{plain{name}}") == Limits().assumed_size
    assert points_of(schema, "{declared{name}}") == 3 * 2


def test_a_list_may_name_the_argument_that_sizes_it() -> None:
    schema = build_schema("type Query{units(codes:[String!]):[Unit]} type Unit{name:String}")
    assert schema.query_type is not None
    schema.query_type.fields["units"].extensions["cost"] = {"sized_by": "codes"}
    text = "query($c:[String!]){units(codes:$c){name}}"
    assert points_of(schema, text, c=["a"] * 250) == 250
    assert points_of(schema, '{units(codes:["a","b"]){name}}') == 2


def test_an_unknown_root_costs_nothing() -> None:
    schema = build_schema("type Query{b:Int}")
    document = parse("mutation{b}")
    node = document.definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    assert cost(schema, document, node, {}) == 0
