"""Objects that can be found by their global id."""

from __future__ import annotations

import strawberry

from schema.identifiers import global_id
from schema.reading.declare import column


@strawberry.interface(description="Anything with a global id (有全局标识的对象).")
class Node:
    id: strawberry.ID = strawberry.field(description="Global id; opaque (全局标识).")


def identifier(kind: str) -> strawberry.ID:
    """The `id` field of the type `kind`."""
    made: strawberry.ID = column(global_id(kind), description="Global id; opaque (全局标识).")
    return made
