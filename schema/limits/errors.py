"""The one error by which a limit refuses a request."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from graphql import GraphQLError, Node

__all__ = ["LimitCode", "LimitExceeded"]


class LimitCode(StrEnum):
    """What was too much; clients may rely on these words in `extensions.code`."""

    DOCUMENT_EXCEEDED = "DOCUMENT_EXCEEDED"
    TOKENS_EXCEEDED = "TOKENS_EXCEEDED"
    NESTING_EXCEEDED = "NESTING_EXCEEDED"
    OPERATIONS_EXCEEDED = "OPERATIONS_EXCEEDED"
    DEPTH_EXCEEDED = "DEPTH_EXCEEDED"
    ALIASES_EXCEEDED = "ALIASES_EXCEEDED"
    DIRECTIVES_EXCEEDED = "DIRECTIVES_EXCEEDED"
    ROOT_FIELDS_EXCEEDED = "ROOT_FIELDS_EXCEEDED"
    EXPANSION_EXCEEDED = "EXPANSION_EXCEEDED"
    OVERLAP_EXCEEDED = "OVERLAP_EXCEEDED"
    COST_EXCEEDED = "COST_EXCEEDED"
    PAGE_EXCEEDED = "PAGE_EXCEEDED"
    LIST_EXCEEDED = "LIST_EXCEEDED"
    STRING_EXCEEDED = "STRING_EXCEEDED"
    VARIABLES_EXCEEDED = "VARIABLES_EXCEEDED"
    INVALID_TEXT = "INVALID_TEXT"


class LimitExceeded(GraphQLError):
    """A request goes beyond a limit. The message never repeats what the request contains.

    `extensions` holds `code`, `limit` (the number that was exceeded, in the unit that `Limits`
    gives; 0 for INVALID_TEXT, of which no character is allowed) and what `facts` adds.
    """

    def __init__(
        self,
        message: str,
        *,
        code: LimitCode,
        limit: int,
        nodes: Sequence[Node] | None = None,
        facts: dict[str, int] | None = None,
    ) -> None:
        super().__init__(
            message,
            nodes=nodes,
            extensions={"code": code.value, "limit": limit, **(facts or {})},
        )
