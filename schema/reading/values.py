"""Argument values, prepared once per document and fetched per request.

A `Value` knows at planning time whether it is present; what it is, is only known when the
statement runs. Presence, booleans and enums shape a plan (`shape_of`); nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
)
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

MOST = 100  # rows a page

Variables = Mapping[str, Any]
Value = Callable[[Variables], Any]


def _constant(value: Any) -> Value:
    return lambda _variables: value


def value_of(node: ValueNode | None, type_: GraphQLInputType, default: Value) -> Value:
    """Return the function that fetches the value of an argument's literal from the variables."""
    if node is None:
        return default
    if isinstance(node, VariableNode):
        name = node.name.value
        return lambda variables: variables[name] if name in variables else default(variables)
    if isinstance(node, NullValueNode):
        return _constant(None)
    if isinstance(node, ListValueNode | ObjectValueNode) and _has_variables(node):
        return _composed(node, get_nullable_type(type_))
    return _constant(coerce_input_literal(node, type_))


def _has_variables(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(_has_variables(item) for item in node.values)
    if isinstance(node, ObjectValueNode):
        return any(_has_variables(item.value) for item in node.fields)
    return isinstance(node, VariableNode)


def _composed(node: ListValueNode | ObjectValueNode, type_: Any) -> Value:
    if isinstance(node, ListValueNode):
        inner = type_.of_type if is_list_type(type_) else type_
        items = [value_of(item, inner, _constant(None)) for item in node.values]
        return lambda variables: [item(variables) for item in items]
    given = {item.name.value: item.value for item in node.fields}
    fields = {
        field.out_name or name: value_of(given.get(name), field.type, _default(field))
        for name, field in type_.fields.items()
    }

    def fetch(variables: Variables) -> dict[str, Any]:
        values = {name: field(variables) for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not Undefined}

    return fetch


def _default(definition: Any) -> Value:
    """The default of an argument or input field, or Undefined."""
    if definition.default is None and definition.default_value is Undefined:
        return _constant(Undefined)
    return _constant(coerce_default_value(definition))


def argument_values(field: GraphQLField, node: FieldNode) -> dict[str, Value]:
    """The values of all arguments of one field, by GraphQL name; absent ones give Undefined."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    return {
        name: value_of(given.get(name), argument.type, _default(argument))
        for name, argument in field.args.items()
    }


def dig(value: Any, path: tuple[str, ...]) -> Any:
    """Follow `path` into nested input objects; None where anything on the way is absent."""
    for name in path:
        if value is None or value is Undefined:
            return None
        value = value.get(name)
    return None if value is Undefined else value


def shape_of(value: Any, type_: Any) -> Any:
    """What of a variable's value decides the form of a statement: hashable and of few forms."""
    if value is None:
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if 1 <= value <= MOST else True  # the size of a page stands in the statement
    nullable = get_nullable_type(type_)
    if is_enum_type(nullable):
        return value.value if isinstance(value, Enum) else value
    if is_input_object_type(nullable):
        return tuple(
            (name, shape_of(value[name], field.type))
            for name, field in nullable.fields.items()
            if value.get(name) is not None
        )
    return True
