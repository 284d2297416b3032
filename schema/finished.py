"""JSON that PostgreSQL has already written, and the executor that lets it through untouched."""

from __future__ import annotations

from typing import Any

import orjson
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext


class Finished:
    """The finished JSON of one value: `body` is the bytes as they go into the answer."""

    __slots__ = ("body",)

    def __init__(self, body: bytes) -> None:
        self.body = body


class FinishedExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, except that a `Finished` value is complete as it stands.

    Its selection set is not executed again and its type is not checked: whoever builds a
    `Finished` answers for both (the planner of compiled reads does).
    """

    def complete_value(self, return_type: Any, *arguments: Any, **named: Any) -> Any:
        """Complete one value; graphql-core passes (…, result, position_context) by position."""
        result = named["result"] if "result" in named else arguments[3]
        if type(result) is Finished:
            return orjson.Fragment(result.body)
        return super().complete_value(return_type, *arguments, **named)
