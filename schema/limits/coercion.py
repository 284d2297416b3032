"""Coercion of variables whose errors say what was wanted, never what was given.

A variable holds a citizen's name, phone number and complaint; an error is logged and shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    get_variable_values,
    is_input_type,
    is_required_input_field,
    type_from_ast,
)
from graphql.execution import VariableValues
from graphql.pyutils import did_you_mean, suggestion_list

from schema.limits.numbers import Limits

__all__ = ["INVALID_VARIABLE", "coerce_variables", "variable_values"]

INVALID_VARIABLE = "INVALID_VARIABLE"

Path = tuple[str | int, ...]


def coerce_variables(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
    *,
    suggestions: bool = False,
    limits: Limits | None = None,
) -> dict[str, Any] | list[GraphQLError]:
    """The coerced values by variable name, defaults included; or the errors, at least one.

    See `variable_values`, which gives the same with what graphql-core's executor wants besides.
    """
    result = variable_values(schema, operation, variables, suggestions=suggestions, limits=limits)
    return result.coerced if isinstance(result, VariableValues) else result


def variable_values(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
    *,
    suggestions: bool = False,
    limits: Limits | None = None,
) -> VariableValues | list[GraphQLError]:
    """Coerce raw JSON values as graphql-core does (spec section 6.1.2).

    An error names the variable, the path inside its value and the expected type. `extensions`:
    code INVALID_VARIABLE, `variable`, and `path`, which holds names of the schema and indexes
    only. Unknown fields are named, with suggestions, only where `suggestions` is true. At most
    `limits.errors` errors are returned.
    """
    limits = limits or Limits()
    given = dict(variables or {})
    result = get_variable_values(
        schema, operation.variable_definitions or (), given, max_errors=1, hide_suggestions=True
    )
    if isinstance(result, VariableValues):
        return result
    description = Description(schema, suggestions, limits.variable_nesting)
    errors = list(islice(description.errors(operation, given), limits.errors))
    if errors:
        return errors
    # Refused by code of an input type itself: graphql-core's message may hold the value.
    return [GraphQLError("A variable has an invalid value.", extensions={"code": INVALID_VARIABLE})]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of a value."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Description:
    """Finds the faults of values that graphql-core has refused."""

    schema: GraphQLSchema
    suggestions: bool
    nesting: int

    def errors(
        self, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> Iterator[GraphQLError]:
        """One error for each fault, variable by variable."""
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            for fault in self.faults_of_variable(definition, given.get(name, Undefined)):
                place = f" at '{'.'.join(map(str, fault.path))}'" if fault.path else ""
                yield GraphQLError(
                    f"Variable '${name}' has an invalid value{place}: {fault.reason}",
                    definition,
                    extensions={
                        "code": INVALID_VARIABLE,
                        "variable": name,
                        "path": list(fault.path),
                    },
                )

    def faults_of_variable(self, definition: VariableDefinitionNode, value: Any) -> Iterator[Fault]:
        """The faults of one variable's value, which is Undefined where none was given."""
        type_ = type_from_ast(self.schema, definition.type)
        if not is_input_type(type_):
            yield Fault((), "its type is no input type of the schema.")
        elif value is not Undefined:
            yield from self.faults(value, type_, ())
        elif isinstance(type_, GraphQLNonNull) and definition.default_value is None:
            yield Fault((), f"a value of type '{type_}' is required.")

    def faults(self, value: Any, type_: GraphQLInputType, path: Path) -> Iterator[Fault]:
        """The faults of a value of the given type, depth first."""
        if len(path) > self.nesting:
            yield Fault(path, "it is nested too deeply.")
        elif isinstance(type_, GraphQLNonNull):
            if value is None:
                yield Fault(path, f"expected a value of type '{type_}', not null.")
            else:
                yield from self.faults(value, type_.of_type, path)
        elif value is None:
            return
        elif isinstance(type_, GraphQLList):
            if isinstance(value, list | tuple):
                for index, item in enumerate(value):
                    yield from self.faults(item, type_.of_type, (*path, index))
            else:
                # A single value stands for a list of one (spec section 3.11).
                yield from self.faults(value, type_.of_type, path)
        elif isinstance(type_, GraphQLInputObjectType):
            yield from self.faults_of_object(value, type_, path)
        elif not is_coercible(value, type_):
            yield Fault(path, f"expected a value of type '{type_}'.")

    def faults_of_object(
        self, value: Any, type_: GraphQLInputObjectType, path: Path
    ) -> Iterator[Fault]:
        """The faults of what should be an input object."""
        if not isinstance(value, dict):
            yield Fault(path, f"expected an object of type '{type_}'.")
            return
        for name, field in type_.fields.items():
            if name in value:
                yield from self.faults(value[name], field.type, (*path, name))
            elif is_required_input_field(field):
                yield Fault(path, f"field '{name}' of type '{field.type}' is required.")
        for name in value:
            if name not in type_.fields:
                yield Fault(path, self.unknown_field(name, type_))
        if type_.is_one_of and (len(value) != 1 or None in value.values()):
            yield Fault(path, f"type '{type_}' takes exactly one field, which is not null.")

    def unknown_field(self, name: str, type_: GraphQLInputObjectType) -> str:
        """Says that a type has no such field. The name is the caller's, and so told only in
        development."""
        if not self.suggestions:
            return f"it has a field that type '{type_}' has not."
        hint = did_you_mean(suggestion_list(name, list(type_.fields)))
        return f"it has the field '{name}' that type '{type_}' has not.{hint}"


def is_coercible(value: Any, type_: Any) -> bool:
    """Whether a scalar or enum type takes a raw value."""
    try:
        coerced = (
            type_.coerce_input_value(value, True)
            if isinstance(type_, GraphQLEnumType)
            else type_.coerce_input_value(value)
        )
    except Exception:  # a scalar's own code may raise anything
        return False
    return coerced is not Undefined
