"""Ways through the graph: from Query to every type, and to every occurrence of a type."""

from __future__ import annotations

from collections import deque
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

    def every_way_to(self, goal: str, most: int = 9) -> Iterator[list[str]]:
        """Every way from Query to a type that comes to no type twice, but for units."""
        assert GRAPHQL.query_type is not None
        yield from self._ways(GRAPHQL.query_type, goal, [], {"Query": 1}, most)

    def _ways(
        self,
        kind: GraphQLObjectType,
        goal: str,
        steps: list[str],
        seen: dict[str, int],
        most: int,
    ) -> Iterator[list[str]]:
        if len(steps) > most:
            return
        for name, definition in kind.fields.items():
            for target, fragment in targets(definition):
                way = [*steps, self.call(kind.name, name), *([fragment] if fragment else [])]
                if target.name == goal:
                    yield way
                elif seen.get(target.name, 0) < (2 if target.name == "Unit" else 1):
                    more = {**seen, target.name: seen.get(target.name, 0) + 1}
                    yield from self._ways(target, goal, way, more, most)


def written(steps: list[str], inner: str) -> str:
    """The query that goes these steps and selects `inner` at their end."""
    text = inner
    for step in reversed(steps):
        text = f"{step} {{ {text} }}"
    return f"{{ {text} }}"


def collected(value: Any, key: str) -> Iterator[Any]:
    """Every value under that response key, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            else:
                yield from collected(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from collected(inner, key)
