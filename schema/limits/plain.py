"""The short way for variables that are plain: a few scalars, as most requests have them.

It takes only what `check_variables` and `variable_values` would take, and gives what they would
give; for everything else it gives None and they decide. A property test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLNonNull, GraphQLSchema, OperationDefinitionNode, type_from_ast

from schema.limits.numbers import Limits

__all__ = ["compile_plain"]

Plain = Callable[[Mapping[str, Any]], dict[str, Any] | None]

_SMALLEST, _LARGEST = -(2**31), 2**31 - 1


def compile_plain(
    schema: GraphQLSchema, operation: OperationDefinitionNode, limits: Limits
) -> Plain | None:
    """Return raw variables → coerced ones, or None; None at once where a variable is not plain."""
    wanted: list[tuple[str, str, bool]] = []
    for definition in operation.variable_definitions or ():
        type_ = type_from_ast(schema, definition.type)
        required = isinstance(type_, GraphQLNonNull)
        name = str(type_.of_type if isinstance(type_, GraphQLNonNull) else type_)
        if name not in _FITS or definition.default_value is not None:
            return None
        wanted.append((definition.variable.name.value, name, required))
    most = limits.string_length

    def coerce(raw: Mapping[str, Any]) -> dict[str, Any] | None:
        coerced: dict[str, Any] = {}
        for name, type_name, required in wanted:
            value = raw.get(name)
            if value is None:
                if required:
                    return None
                if name in raw:
                    coerced[name] = None
            elif _FITS[type_name](value, most):
                coerced[name] = value
            else:
                return None
        # What was not declared is ignored, but only the long way checks and bounds it.
        return coerced if len(coerced) == len(raw) else None

    return coerce


def _is_text(value: Any, most: int) -> bool:
    return type(value) is str and len(value) <= most and value.isascii() and "\x00" not in value


def _is_integer(value: Any, _most: int) -> bool:
    return type(value) is int and _SMALLEST <= value <= _LARGEST


def _is_boolean(value: Any, _most: int) -> bool:
    return type(value) is bool


_FITS: dict[str, Callable[[Any, int], bool]] = {
    "String": _is_text,
    "ID": _is_text,
    "Int": _is_integer,
    "Boolean": _is_boolean,
}
