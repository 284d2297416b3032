"""The plans of single readable fields, for what the generic executor runs."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, cast

from graphql import GraphQLResolveInfo
from graphql.utilities import type_from_ast

from domain.kernel.actor import Role
from schema.reading.bindings import Bindings
from schema.reading.plan import Plan
from schema.reading.planner import Allowed, Planner
from schema.reading.roots import plan_field
from schema.reading.selection import Selector
from schema.reading.values import shape_of

_PLANS = 2_000


class FieldPlans:
    """The plans of single fields, kept by their place in a document, the role and the shape."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._plans: OrderedDict[Any, tuple[Any, Plan]] = OrderedDict()

    def plan(self, info: GraphQLResolveInfo[Any], role: Role) -> Plan:
        """Return the plan of the field that `info` stands at."""
        nodes = list(info.field_nodes)
        variables = cast("dict[str, Any]", info.variable_values)
        # A fragment's field may stand in several operations, merged with other fields in each.
        key = (id(info.operation), id(nodes[0]), role, _shape(info))
        found = self._plans.get(key)
        if found is not None and found[0] is nodes[0]:
            self._plans.move_to_end(key)
            return found[1]
        selector = Selector(info.schema, info.fragments, variables)
        planner = Planner(selector, role, self._allowed, Bindings())
        plan = plan_field(planner, info.parent_type, nodes)
        self._plans[key] = (nodes[0], plan)
        if len(self._plans) > _PLANS:
            self._plans.popitem(last=False)
        return plan


def _shape(info: GraphQLResolveInfo[Any]) -> tuple[Any, ...]:
    values = cast("dict[str, Any]", info.variable_values)
    definitions = info.operation.variable_definitions or ()
    return tuple(
        shape_of(values.get(node.variable.name.value), type_from_ast(info.schema, node.type))
        for node in definitions
    )
