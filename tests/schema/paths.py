"""Ways through the graph: from Query to every type, and to every occurrence of a type."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
)

from tests.support.desk import SCHEMA

GRAPHQL = SCHEMA._schema
FIGURES = '(from: "2026-11-01T00:00:00Z", before: "2026-12-01T00:00:00Z")'
ROOTS: tuple[str, ...] = ("query_type", "mutation_type", "subscription_type")


def targets(definition: GraphQLField) -> list[tuple[GraphQLObjectType, str]]:
    """The object types that a field may give, each with the fragment that it takes to get there."""
    kind = get_named_type(definition.type)
    if isinstance(kind, GraphQLObjectType):
        return [(kind, "")]
    if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
        members = sorted(GRAPHQL.get_possible_types(kind), key=lambda member: member.name)
        return [(member, f"... on {member.name} ") for member in members]
    return []


class Paths:
    """Selections that lead somewhere; `arguments` by `Type.field` say with which arguments."""

    def __init__(self, arguments: Mapping[str, str]) -> None:
        self._arguments = arguments

    def call(self, kind: str, name: str) -> str:
        """The field with its arguments."""
        return name + self._arguments.get(f"{kind}.{name}", "")

    def shortest(self, *through: str) -> dict[str, list[str]]:
        """For each object type below Query the opening brackets of the shortest way to it.

        The root fields `through` are tried first, one after another; then the others that give
        lists, so that many objects are found; `nodes` comes last.
        """
        assert GRAPHQL.query_type is not None
        found: dict[str, list[str]] = {"Query": []}
        roots = set(GRAPHQL.query_type.fields)
        single = {"node", "nodes", "ticket", "unit"}
        single |= {"catalogue", "catalogueVersion", "catalogueReplay"}
        for shut in (*(roots - {name} for name in through), single, single - {"nodes"}):
            self._widen(found, deque([GRAPHQL.query_type]), shut)
        return found

    def _widen(
        self, found: dict[str, list[str]], queue: deque[GraphQLObjectType], shut: set[str]
    ) -> None:
        while queue:
            kind = queue.popleft()
            for name, definition in kind.fields.items():
                if kind.name == "Query" and name in shut:
                    continue
                for target, fragment in targets(definition):
                    if target.name not in found:
                        step = self.call(kind.name, name)
                        found[target.name] = [
                            *found[kind.name], step, *([fragment] if fragment else []),
                        ]  # fmt: skip
                        queue.append(target)

    def ways_to(self, goal: str, steps: int = 3) -> list[list[str]]:
        """Ways from Query to a type: the shortest way to any type, then up to so many steps.

        What a step shows depends on the type that it starts from, on its own arguments and on who
        asks; steps in a row show what one hands to the next. Longer ways are what the generated
        queries of the reference are for.
        """
        found = {
            (*before, *way)
            for name, before in self.shortest().items()
            for way in self._ways(GRAPHQL.type_map[name], goal, steps)
        }
        return [list(way) for way in sorted(found, key=lambda way: (len(way), way))]

    def _ways(self, kind: Any, goal: str, left: int) -> Iterator[list[str]]:
        for name, definition in kind.fields.items() if left else ():
            for target, fragment in targets(definition):
                step = [self.call(kind.name, name), *([fragment] if fragment else [])]
                if target.name == goal:
                    yield step
                else:
                    for way in self._ways(target, goal, left - 1):
                        yield [*step, *way]


def written(steps: list[str], inner: str) -> str:
    """The query that goes these steps and selects `inner` at their end."""
    text = inner
    for step in reversed(steps):
        text = f"{step} {{ {text} }}"
    return f"{{ {text} }}"


def collected(value: Any) -> defaultdict[str, list[Any]]:
    """Every value by its response key, however deep; what is below a probe is not looked at."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            for name, inner in here.items():
                if name.endswith("_"):
                    found[name].append(inner)
                else:
                    waiting.append(inner)
    return found
