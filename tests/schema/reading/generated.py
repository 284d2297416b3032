"""Queries drawn from the schema itself: every field, argument, fragment and directive of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from hypothesis import strategies as st

from tests.schema.reading.world import PRINTED

T = TypeVar("T")

# Not read from tables: they would send the operation to the generic executor.
PLAIN = {
    ("Query", name)
    for name in (
        "triageGrounds",
        "contestGrounds",
        "scoringMonth",
        "calendar",
        "calendarWarnings",
        "suggestCategory",
    )
}
# What PostgreSQL alone can reckon; tests/schema/reading/test_merge_suggestions.py looks at it.
PLAIN |= {("Query", "mergeSuggestions")}
WEIGHTS = {"tickets": 12, "nodes": 6, "edges": 6, "node": 6, "actor": 3}  # where there is most
LONG = "x" * 70  # longer than PostgreSQL's names, so that only the end tells aliases apart


@dataclass(frozen=True, slots=True)
class Words:
    """What arguments are taken from: things that exist, and things that do not."""

    ids: Sequence[str]
    ticket_codes: Sequence[str]
    unit_codes: Sequence[str]
    moments: Sequence[str]
    cursors: Mapping[str, Sequence[str]]  # by order


@dataclass(frozen=True, slots=True)
class Drawn:
    """One query and the values of its variables."""

    document: str
    variables: dict[str, Any]


@dataclass(slots=True)
class Generator:
    """Writes one query. `left` bounds the number of fields."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    words: Words
    left: int = 30
    names: int = 0
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    # -- choices -------------------------------------------------------------------------------

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) < percent)

    def pick(self, items: Sequence[T]) -> T:
        number: int = self.draw(st.integers(0, len(items) - 1))
        return items[number]

    def some(self, items: Sequence[T], most: int) -> list[T]:
        return [self.pick(items) for _ in range(self.draw(st.integers(1, most)))]

    def name(self, start: str) -> str:
        self.names += 1
        return f"{start}{self.names}"

    # -- documents -----------------------------------------------------------------------------

    def query(self) -> Drawn:
        assert PRINTED.query_type is not None
        body = self.selections(PRINTED.query_type, (), set())
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in self.variables.items())
        head = f"query Q({declared})" if declared else "query Q"
        values = {name: value for name, (_, value) in self.variables.items()}
        return Drawn("\n".join([f"{head} {body}", *self.fragments]), values)

    def selections(self, kind: Any, path: tuple[str, ...], keys: set[str]) -> str:
        """A selection set; `keys` are the response keys that the object has already."""
        if isinstance(kind, GraphQLInterfaceType):
            return self.abstract(kind, path, keys)
        fields = self.fields_of(kind, path)
        most = 3 if kind.name == "Query" else 6
        parts = []
        for name in self.some(fields, most):
            parts.append(self.wrapped(kind, self.one_field(kind, name, path, keys), path, keys))
            if self.left <= 0:
                break
        return "{ " + " ".join(parts) + " }"

    def fields_of(self, kind: GraphQLObjectType, path: tuple[str, ...]) -> list[str]:
        """What may be selected here: leaves only where the query is deep or long enough."""
        fields = []
        for name, definition in kind.fields.items():
            inner = get_named_type(definition.type)
            again = name in {"children", "parent"} and path.count(name) >= 1
            deep = len(path) >= 9 or self.left <= 0 or again
            if (kind.name, name) not in PLAIN and (is_leaf_type(inner) or not deep):
                fields += [name] * WEIGHTS.get(name, 1 if is_leaf_type(inner) else 3)
        return [*fields, "__typename"]

    def abstract(self, kind: GraphQLInterfaceType, path: tuple[str, ...], keys: set[str]) -> str:
        parts = [self.aliased("id", "", keys), self.aliased("__typename", "", keys)]
        members = self.some(sorted(PRINTED.get_possible_types(kind), key=str), 3)
        parts += [
            f"... on {member.name} {self.selections(member, path, keys)}" for member in members
        ]
        return "{ " + " ".join(parts) + " }"

    def one_field(
        self, kind: GraphQLObjectType, name: str, path: tuple[str, ...], keys: set[str]
    ) -> str:
        self.left -= 1
        if name == "__typename":
            return self.aliased(name, "", keys)
        definition = kind.fields[name]
        inner = get_named_type(definition.type)
        text = self.aliased(name, self.arguments(kind, name, definition), keys)
        if is_leaf_type(inner):
            return text
        below: set[str] = set()
        # Asked for twice, it is merged.
        times = 2 if self.chance(10) else 1
        return " ".join(
            f"{text} {self.selections(inner, (*path, name), below)}" for _ in range(times)
        )

    def aliased(self, name: str, arguments: str, keys: set[str]) -> str:
        """The field with its arguments, under a key that is new to the object."""
        if name not in keys and not self.chance(25):
            keys.add(name)
            return name + arguments
        alias = self.name(LONG if self.chance(20) else "a")
        keys.add(alias)
        return f"{alias}: {name}{arguments}"

    def wrapped(
        self, kind: GraphQLObjectType, text: str, path: tuple[str, ...], keys: set[str]
    ) -> str:
        """The selection as it is, or in a fragment, or under a directive."""
        if self.chance(8):
            return f"... {self.directive()} {{ {text} }}"
        if self.chance(8):
            # An interface may be the condition where the field is one of its own.
            is_id = text == "id" or text.endswith(": id")
            condition = self.pick([kind.name, *(i.name for i in kind.interfaces if is_id)])
            return f"... on {condition} {self.directive()} {{ {text} }}"
        if self.chance(8):
            name = self.name("F")
            self.fragments.append(f"fragment {name} on {kind.name} {{ {text} }}")
            return " ".join([f"...{name} {self.directive()}"] * self.pick((1, 2)))
        return text

    def directive(self) -> str:
        if not self.chance(50):
            return ""
        value = self.chance(60)
        written = str(value).lower()
        if self.chance(50):
            written = self.variable("Boolean!", value)
        return f"@{self.pick(('skip', 'include'))}(if: {written})"

    def variable(self, type_: str, value: Any) -> str:
        name = self.name("v")
        self.variables[name] = (type_, value)
        return f"${name}"

    # -- arguments -----------------------------------------------------------------------------

    def arguments(self, kind: GraphQLObjectType, name: str, definition: GraphQLField) -> str:
        if not definition.args:
            return ""
        given = self.values(kind, name, definition)
        parts = []
        for argument, value in given.items():
            type_ = definition.args[argument].type
            if self.chance(40):
                parts.append(f"{argument}: {self.variable(str(type_), value)}")
            else:
                parts.append(f"{argument}: {self.literal(value, type_)}")
        return f"({', '.join(parts)})" if parts else ""

    def values(
        self, kind: GraphQLObjectType, name: str, definition: GraphQLField
    ) -> dict[str, Any]:
        given: dict[str, Any] = {}
        paged = "first" in definition.args
        for argument, about in definition.args.items():
            if argument in {"first", "last", "after", "before"} and paged:
                continue
            required = str(about.type).endswith("!")
            if required or self.chance(50):
                given[argument] = self.value(kind, name, argument, get_nullable_type(about.type))
        if "first" in definition.args:
            given |= self.paging(name, definition, given.get("orderBy"))
        return given

    def paging(self, name: str, definition: GraphQLField, order: str | None) -> dict[str, Any]:
        """A page forward or backward, from a cursor of an earlier answer or from the end."""
        backward = "last" in definition.args and self.chance(40)
        size, edge = ("last", "before") if backward else ("first", "after")
        known = {
            "history": "HISTORY", "units": "CODE", "callbacks": "DUE", "contests": "RAISED",
            "supervisions": "OPENED", "extensions": "REQUESTED", "suspensions": "REVIEW",
            "emergencyLines": "LINE_OPENED",
            "whistles": "WHISTLED",
            "catalogueVersions": "CATALOGUE_VERSIONS", "catalogueProposals": "CATALOGUE_PROPOSALS",
        }  # fmt: skip
        cursors = self.words.cursors[known.get(name) or order or "SUBMITTED_AT_DESC"]
        given: dict[str, Any] = {}
        if backward or self.chance(70):
            given[size] = self.pick((1, 2, 3, 5, 7, 100 if name == "tickets" else 6))
        if cursors and self.chance(40):
            given[edge] = self.pick(cursors)
        return given

    def value(self, kind: GraphQLObjectType, name: str, argument: str, type_: Any) -> Any:
        if argument == "ids":
            return self.some(self.words.ids, 6)
        if argument == "id":
            return self.pick(self.words.ids)
        if argument == "code":
            codes = self.words.ticket_codes if name == "ticket" else self.words.unit_codes
            return self.pick(codes)
        if isinstance(type_, GraphQLEnumType):
            return self.pick(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            names = sorted({self.pick(list(type_.fields)) for _ in range(self.pick((1, 1, 2, 3)))})
            return {
                inner: self.filter_value(type_.name, inner, type_.fields[inner].type)
                for inner in names
            }
        if argument == "number":
            return self.pick((1, 2, 0))
        if argument == "month":
            return self.pick(("2026-11", "2026-12", "2026-10", "1999-01"))
        if argument in {"from", "before"}:
            return self.pick(self.words.moments)
        if argument == "parent":
            return self.pick(("HOUSING", "", "HOUSING.HEATING", "'; --"))
        return self.chance(50)  # due

    def filter_value(self, filter_: str, name: str, type_: Any) -> Any:
        inner = get_named_type(type_)
        if isinstance(inner, GraphQLEnumType):
            return self.some(list(inner.values), 4)
        if inner.name == "Boolean":
            return self.chance(50)
        if inner.name == "DateTime":
            return self.pick(self.words.moments)
        if name == "code":
            return self.pick(self.words.ticket_codes)
        if name == "ground":
            return self.pick(("WRONG_AREA", "NONE"))
        if name == "category":
            return self.pick(("HOUSING.HEATING", "NONE"))
        if name == "name":
            return self.pick(("街道", "朝阳", "里", "%", "_", "\\", "'"))
        return self.pick(self.words.unit_codes)

    def literal(self, value: Any, type_: Any) -> str:
        """A value as GraphQL writes it, some of its parts perhaps as variables."""
        type_ = get_nullable_type(type_)
        if isinstance(value, dict):
            fields = type_.fields
            parts = [
                f"{name}: {self.part(inner, fields[name].type)}" for name, inner in value.items()
            ]
            return "{" + ", ".join(parts) + "}"
        if isinstance(value, list):
            if len(value) == 1 and self.chance(50):
                return self.literal(value[0], type_.of_type)  # a list of one needs no brackets
            return f"[{', '.join(self.part(inner, type_.of_type) for inner in value)}]"
        if is_list_type(type_):
            type_ = get_nullable_type(type_.of_type)
        if isinstance(type_, GraphQLEnumType):
            return str(value)
        return orjson.dumps(value).decode()

    def part(self, value: Any, type_: Any) -> str:
        if self.chance(15):
            return self.variable(str(type_), value)
        return self.literal(value, type_)


@st.composite
def queries(draw: Any, words: Words) -> Drawn:
    """A valid query and its variables."""
    return Generator(draw, words).query()
