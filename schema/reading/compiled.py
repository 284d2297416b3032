"""Whole query operations, compiled: the way most requests take.

A plan is kept for each role and each shape of the variables (which are present, booleans, enums,
page sizes); everything else is bound when the statement runs.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_non_null_type,
)
from graphql.utilities import type_from_ast

from domain.kernel.actor import Role
from schema.documents import PreparedDocument
from schema.reading.bindings import Bindings
from schema.reading.declare import Reader
from schema.reading.plan import Plan
from schema.reading.planner import Allowed, Planner
from schema.reading.roots import plan_field
from schema.reading.selection import Selector
from schema.reading.types import reading_of
from schema.reading.values import shape_of

_PLANS_AN_OPERATION = 64


class Compiler:
    """Compiles the query operations of one schema; `allowed` is the access map."""

    def __init__(self, schema: GraphQLSchema, allowed: Allowed) -> None:
        self.schema = schema
        self.allowed = allowed

    def prepare(
        self, prepared: PreparedDocument, operation: OperationDefinitionNode
    ) -> CompiledOperation | None:
        """Return the compiled operation, or None where a root field is not read from tables."""
        query = self.schema.query_type
        assert query is not None
        fragments = {
            node.name.value: node
            for node in prepared.node.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        compiled = CompiledOperation(self, query, operation, fragments)
        return compiled if compiled.readable() else None


class CompiledOperation:
    """One query operation; see `schema.documents.PreparedRead`."""

    def __init__(
        self,
        compiler: Compiler,
        query: GraphQLObjectType,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
    ) -> None:
        self._compiler = compiler
        self._query = query
        self._operation = operation
        self._fragments = fragments
        self._variables = [
            (node.variable.name.value, type_from_ast(compiler.schema, node.type))
            for node in operation.variable_definitions or ()
        ]
        self._plans: OrderedDict[Any, list[tuple[str, Plan | bytes, bool]]] = OrderedDict()

    def readable(self) -> bool:
        """Whether every root field, under any directive values, is one that is read."""
        names = _root_names(self._operation.selection_set, self._fragments)
        fields = self._query.fields
        return all(
            name == "__typename" or (name in fields and reading_of(fields[name]) is not None)
            for name in names
        )

    async def run(
        self, variables: dict[str, Any], context: Any
    ) -> tuple[list[tuple[str, bytes]], list[Exception]]:
        """Run the operation's statements, side by side where there are several."""
        reader: Reader = context.reader
        plans = self._plans_for(reader.actor.role, variables)
        pool = context.read_pool
        if len(plans) == 1:
            key, plan, required = plans[0]
            if isinstance(plan, bytes):
                return [(key, plan)], []
            try:
                return [(key, await plan.run(pool, variables, reader))], []
            except Exception as error:
                failed = _located(error, key)
                if required:
                    raise failed from error
                return [(key, b"null")], [failed]
        return await self._side_by_side(plans, pool, variables, reader)

    async def _side_by_side(
        self,
        plans: list[tuple[str, Plan | bytes, bool]],
        pool: Any,
        variables: dict[str, Any],
        reader: Reader,
    ) -> tuple[list[tuple[str, bytes]], list[Exception]]:
        async def one(plan: Plan | bytes) -> bytes:
            return plan if isinstance(plan, bytes) else await plan.run(pool, variables, reader)

        results = await asyncio.gather(*(one(plan) for _, plan, _ in plans), return_exceptions=True)
        pairs: list[tuple[str, bytes]] = []
        errors: list[Exception] = []
        for (key, _, required), result in zip(plans, results, strict=True):
            if isinstance(result, bytes):
                pairs.append((key, result))
                continue
            if not isinstance(result, Exception):
                raise result
            failed = _located(result, key)
            if required:
                raise failed from result
            errors.append(failed)
            pairs.append((key, b"null"))
        return pairs, errors

    def _plans_for(
        self, role: Role, variables: dict[str, Any]
    ) -> list[tuple[str, Plan | bytes, bool]]:
        shape: Any = role
        if self._variables:
            shape = (
                role,
                *(shape_of(variables.get(name), type_) for name, type_ in self._variables),
            )
        plans = self._plans.get(shape)
        if plans is None:
            plans = self._plan(role, variables)
            self._plans[shape] = plans
            if len(self._plans) > _PLANS_AN_OPERATION:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(shape)
        return plans

    def _plan(self, role: Role, variables: dict[str, Any]) -> list[tuple[str, Plan | bytes, bool]]:
        schema = self._compiler.schema
        selector = Selector(schema, self._fragments, variables)
        grouped = selector.collect(self._query, (self._operation.selection_set,))
        plans: list[tuple[str, Plan | bytes, bool]] = []
        for key, nodes in grouped.items():
            name = nodes[0].name.value
            if name == "__typename":
                plans.append((key, b'"%b"' % self._query.name.encode(), True))
                continue
            required = is_non_null_type(self._query.fields[name].type)
            try:
                planner = Planner(selector, role, self._compiler.allowed, Bindings())
                plans.append((key, plan_field(planner, self._query, nodes), required))
            except Exception as error:
                raise _located(error, key) from error
        return plans


def _located(error: Exception, key: str) -> GraphQLError:
    return GraphQLError(str(error), path=[key], original_error=error)


def _root_names(
    selections: Any,
    fragments: dict[str, FragmentDefinitionNode],
    seen: frozenset[str] = frozenset(),
) -> set[str]:
    names: set[str] = set()
    for node in selections.selections:
        if isinstance(node, FieldNode):
            names.add(node.name.value)
        elif getattr(node, "selection_set", None) is not None:
            names |= _root_names(node.selection_set, fragments, seen)
        elif node.name.value not in seen:
            spread = fragments[node.name.value].selection_set
            names |= _root_names(spread, fragments, seen | {node.name.value})
    return names
