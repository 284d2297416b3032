"""From a GraphQL type or field to what it was declared to read."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLField, GraphQLObjectType

from schema.reading.declare import READS, Readable


def reading_of(definition: GraphQLField) -> Any:
    """How a field is read, or None where it is not a readable field."""
    strawberry_field = definition.extensions.get("strawberry-definition")
    return strawberry_field.metadata.get(READS) if strawberry_field is not None else None


def python_name(definition: GraphQLField) -> str:
    return str(definition.extensions["strawberry-definition"].python_name)


def find_readable(kind: GraphQLObjectType) -> Readable | None:
    """What a type reads, or None where it is not declared with `reads`."""
    declared = kind.extensions.get("strawberry-definition")
    return getattr(declared.origin, "__reads__", None) if declared is not None else None


def readable_of(kind: GraphQLObjectType) -> Readable:
    """What a type reads. Raises TypeError where it is not declared with `reads`."""
    readable = find_readable(kind)
    if readable is None:
        raise TypeError(f"{kind.name} is not declared as readable")
    return readable
