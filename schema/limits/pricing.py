"""What the schema says about the price of one field.

A field may declare `extensions["cost"]` on its GraphQLField, or, in Strawberry,
`strawberry.field(metadata={"cost": {...}})`:

- `weight`: points for each item (default: object 1, leaf 0, mutation or subscription 10);
- `assumed_size`: items of a list without pages (default: `Limits.assumed_size`);
- `sized_by`: the name of a list argument as long as the answer (default: `ids`, if there is one).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLOutputType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_introspection_type,
    is_list_type,
)

from schema.limits.amounts import Amount, largest, product
from schema.limits.errors import LimitCode, LimitExceeded
from schema.limits.numbers import Limits

__all__ = ["Price", "price_of"]

OBJECT = 1
ROOT_OF_COMMAND = 10  # a mutation, with its locks and history; a subscription, with its stay
INTROSPECTION = 10  # each object field: it answers from memory, but for every type of the schema
PAGING = ("first", "last")


@dataclass(frozen=True, slots=True)
class Price:
    """`weight` points for each of `size` items; `page`: the page size handed on to the lists of
    a connection, None where the field is none."""

    weight: Amount
    size: Amount
    page: Amount | None


def price_of(
    definition: GraphQLField,
    node: FieldNode,
    schema: GraphQLSchema,
    limits: Limits,
    page: Amount | None,
    root: GraphQLNamedType | None,
) -> Price:
    """The price of a field as a document asks for it.

    `page`: the page size of the connection that the field stands in, if it does. `root`: the
    root type, where the field is a root field.
    """
    declared = declared_cost(definition)
    type_ = get_named_type(definition.type)
    if is_introspection_type(type_):
        return Price(INTROSPECTION if is_composite_type(type_) else 0, 1, None)
    if root is not None and root in (schema.mutation_type, schema.subscription_type):
        weight = ROOT_OF_COMMAND
    else:
        weight = OBJECT if is_composite_type(type_) else 0
    weight = declared.get("weight", weight)
    own_page = page_of(definition, node, limits)
    if not lists_in(definition.type):
        return Price(weight, 1, own_page)
    size = own_page if own_page is not None else declared_size(definition, node, declared)
    if size is None:
        size = page if page is not None else limits.assumed_size
    for _ in range(lists_in(definition.type) - 1):
        size = product(size, limits.assumed_size)
    return Price(weight, size, None)


def declared_cost(definition: GraphQLField) -> Mapping[str, Any]:
    """What a field declares, in graphql-core's way or in Strawberry's."""
    declared = definition.extensions.get("cost")
    if declared is None:
        field = definition.extensions.get("strawberry-definition")
        declared = (getattr(field, "metadata", None) or {}).get("cost")
    return declared or {}


def declared_size(
    definition: GraphQLField, node: FieldNode, declared: Mapping[str, Any]
) -> Amount | None:
    """The items of a list without pages, where the field says how many."""
    name = declared.get("sized_by", "ids")
    argument = definition.args.get(name)
    if argument is not None and is_list_type(get_nullable_type(argument.type)):
        return length_of(argument_value(node, name), argument)
    size: int | None = declared.get("assumed_size")
    return size


def lists_in(type_: GraphQLOutputType) -> int:
    """How many lists a type has around its named type."""
    count = 0
    inner: Any = type_
    while hasattr(inner, "of_type"):
        count += isinstance(inner, GraphQLList)
        inner = inner.of_type
    return count


def page_of(definition: GraphQLField, node: FieldNode, limits: Limits) -> Amount | None:
    """The page size that a field is asked for; None for a field without pages.

    The larger of `first` and `last`; where neither is given, the default of the schema, else
    `limits.default_page`.
    """
    arguments = {name: definition.args[name] for name in PAGING if name in definition.args}
    if not arguments:
        return None
    given = [
        rows_asked_for(argument_value(node, name), argument, limits)
        for name, argument in arguments.items()
    ]
    asked = largest([amount for amount in given if amount is not None])
    if isinstance(asked, int):
        return asked or limits.default_page
    return lambda variables: asked(variables) or limits.default_page


def rows_asked_for(
    value: ValueNode | None, argument: GraphQLArgument, limits: Limits
) -> Amount | None:
    """The rows that one of the paging arguments asks for, 0 where a variable is null."""
    default = default_of(argument)
    if isinstance(value, VariableNode):
        name = value.name.value
        return lambda variables: checked_page(variables.get(name, default), limits)
    if isinstance(value, IntValueNode):
        rows = int(value.value)
        # Refused when the operation is run, like a variable: compiling raises nothing.
        return rows if 1 <= rows <= limits.page else lambda _: checked_page(rows, limits)
    if isinstance(value, NullValueNode) or not isinstance(default, int):
        return None
    return default


def checked_page(rows: Any, limits: Limits) -> int:
    """A page size within its bounds, 0 where it is null.

    Raises LimitExceeded: PAGE_EXCEEDED.
    """
    if not isinstance(rows, int):
        return 0
    if not 1 <= rows <= limits.page:
        message = f"A page has 1 to {limits.page} rows."
        raise LimitExceeded(message, code=LimitCode.PAGE_EXCEEDED, limit=limits.page)
    return rows


def length_of(value: ValueNode | None, argument: GraphQLArgument) -> Amount:
    """The length of a list argument."""
    default = default_of(argument)
    if isinstance(value, VariableNode):
        name = value.name.value
        return lambda variables: items_in(variables.get(name, default))
    if value is None:
        return items_in(default)
    return len(value.values) if isinstance(value, ListValueNode) else 1


def items_in(value: Any) -> int:
    """The items of a coerced list; a single value is a list of one."""
    if value is None or value is Undefined:
        return 0
    return len(value) if isinstance(value, list | tuple) else 1


def argument_value(node: FieldNode, name: str) -> ValueNode | None:
    """The value written for an argument, None where there is none."""
    for argument in node.arguments or ():
        if argument.name.value == name:
            return argument.value
    return None


def default_of(argument: GraphQLArgument) -> Any:
    """The default that the schema gives an argument, Undefined where it gives none."""
    default = argument.default
    if default is None:
        return argument.default_value
    if isinstance(default.literal, IntValueNode):
        return int(default.literal.value)
    if isinstance(default.literal, ListValueNode):
        return list(default.literal.values)
    return default.value
