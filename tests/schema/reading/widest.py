"""Selections of everything: each field below a type, to a depth."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from tests.support.desk import SCHEMA

GRAPHQL = SCHEMA._schema


def widest(kind: Any, depth: int) -> str:
    """A selection of everything below a type, to a depth."""
    if not isinstance(kind, GraphQLObjectType):
        members = sorted(GRAPHQL.get_possible_types(kind), key=lambda member: member.name)
        return " ".join(
            f"... on {member.name} {{ {_prefixed(member, depth)} }}" for member in members
        )
    parts = ["__typename"]
    for name, definition in kind.fields.items():
        inner = get_named_type(definition.type)
        if is_leaf_type(inner):
            parts.append(name)
        elif depth and name != "children":
            pages = "(first: 2)" if "first" in definition.args else ""
            parts.append(f"{name}{pages} {{ {widest(inner, _rest(kind, inner, depth))} }}")
    return " ".join(parts)


def _rest(kind: GraphQLObjectType, inner: Any, depth: int) -> int:
    """A ticket's own tickets (those that follow it, its parts) are shown with their leaves."""
    return 0 if inner is kind else depth - 1


def _prefixed(kind: GraphQLObjectType, depth: int) -> str:
    """Fields of different types under keys of their own, so that they need not agree."""
    text = []
    for name, definition in kind.fields.items():
        inner = get_named_type(definition.type)
        if is_leaf_type(inner):
            text.append(f"{kind.name}_{name}: {name}")
        elif depth and name != "children":
            pages = "(first: 2)" if "first" in definition.args else ""
            below = widest(inner, _rest(kind, inner, depth))
            text.append(f"{kind.name}_{name}: {name}{pages} {{ {below} }}")
    return " ".join(text)
