"""Bounds on the raw JSON values of variables, checked before they are coerced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schema.limits.errors import LimitCode, LimitExceeded
from schema.limits.numbers import Limits
from schema.limits.text import check_literal

__all__ = ["check_variables"]


def check_variables(variables: Mapping[str, Any], limits: Limits) -> None:
    """Bound nesting, list lengths, string lengths and the number of values; refuse bad text.

    Object keys count as values and as strings. Values are those of decoded JSON. Linear, without
    recursion, and over after `limits.variable_values` values.

    Raises LimitExceeded: NESTING_EXCEEDED, LIST_EXCEEDED, STRING_EXCEEDED, VARIABLES_EXCEEDED,
    INVALID_TEXT.
    """
    seen = 0
    pending: list[tuple[Any, int]] = [(variables, 0)]
    while pending:
        value, nesting = pending.pop()
        seen += 1
        if seen > limits.variable_values:
            message = f"The variables hold more than {limits.variable_values} values."
            raise LimitExceeded(
                message, code=LimitCode.VARIABLES_EXCEEDED, limit=limits.variable_values
            )
        if isinstance(value, str):
            check_literal(value, limits)
        elif isinstance(value, Mapping | list | tuple):
            # The mapping of the variables itself is no level of a value.
            if nesting > limits.variable_nesting:
                message = f"A variable nests more than {limits.variable_nesting} values deep."
                raise LimitExceeded(
                    message, code=LimitCode.NESTING_EXCEEDED, limit=limits.variable_nesting
                )
            pending.extend((child, nesting + 1) for child in children(value, limits, seen))


def children(
    value: Mapping[str, Any] | list[Any] | tuple[Any, ...], limits: Limits, seen: int
) -> Iterable[Any]:
    """What a container holds: items, or keys and values.

    Raises LimitExceeded: LIST_EXCEEDED; VARIABLES_EXCEEDED where an object alone is too much.
    """
    if isinstance(value, Mapping):
        if seen + 2 * len(value) > limits.variable_values:
            message = f"The variables hold more than {limits.variable_values} values."
            raise LimitExceeded(
                message, code=LimitCode.VARIABLES_EXCEEDED, limit=limits.variable_values
            )
        return [*value.keys(), *value.values()]
    if len(value) > limits.list_length:
        message = f"A list in the variables has more than {limits.list_length} items."
        raise LimitExceeded(message, code=LimitCode.LIST_EXCEEDED, limit=limits.list_length)
    return value
