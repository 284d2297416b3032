"""Selections as execution sees them: fragments spread, duplicates merged, directives applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)


@dataclass(frozen=True, slots=True)
class Selector:
    """Collects fields of one document under one set of directive values."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def collect(
        self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]
    ) -> dict[str, list[FieldNode]]:
        """Group the fields selected on the object type `kind` by response key, in order.

        The algorithm is CollectFields of the GraphQL specification, 6.3.2.
        """
        grouped: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selections in sets:
            if selections is not None:
                self._collect(kind, selections, grouped, seen)
        return grouped

    def _collect(
        self,
        kind: GraphQLObjectType,
        selections: SelectionSetNode,
        grouped: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                grouped.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else None
                if self._applies(kind, condition):
                    self._collect(kind, node.selection_set, grouped, seen)
            elif isinstance(node, FragmentSpreadNode):
                self._spread(kind, node.name.value, grouped, seen)

    def _spread(
        self,
        kind: GraphQLObjectType,
        name: str,
        grouped: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        fragment = self.fragments[name]
        if name in seen or not self._applies(kind, fragment.type_condition.name.value):
            return
        seen.add(name)
        self._collect(kind, fragment.selection_set, grouped, seen)

    def _applies(self, kind: GraphQLObjectType, condition: str | None) -> bool:
        if condition is None or condition == kind.name:
            return True
        other = self.schema.type_map[condition]
        return is_abstract_type(other) and self.schema.is_sub_type(other, kind)

    def _included(self, node: Any) -> bool:
        for directive in node.directives or ():
            name = directive.name.value
            if name not in {"skip", "include"}:
                continue
            condition = directive.arguments[0].value
            if isinstance(condition, VariableNode):
                holds = bool(self.variables.get(condition.name.value))
            else:
                holds = bool(condition.value)
            if holds is (name == "skip"):
                return False
        return True
