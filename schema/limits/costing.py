"""What an operation costs, in points, before it is run.

A leaf costs 0, an object 1, a root field of a mutation or subscription 10. What a field contains
counts once for each item that it may give: for a connection the page size, for another list the
size that the field declares in `extensions["cost"]` (see `pricing`). Fragments are spread out and
fields merged as execution does (spec section 6.3.2), `@skip` and `@include` obeyed; what selects
under several types counts the dearest field for each response key. So the points are never less
than the objects that the answer can hold, if lists are not longer than declared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from schema.limits.amounts import Amount, largest, product, total, value_of
from schema.limits.document import nodes_of
from schema.limits.errors import LimitCode, LimitExceeded
from schema.limits.expansion import fragments_by_name, response_key
from schema.limits.numbers import Limits
from schema.limits.pricing import Price, price_of

__all__ = ["check_cost", "compile_cost", "cost"]

Cost = Callable[[Mapping[str, Any]], int]
Switches = Mapping[str, bool]
Entry = tuple[GraphQLCompositeType, FieldNode]

# A document has few combinations of directive values; a caller that tries them all gains nothing.
COMPILED_AT_MOST = 32


def cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    limits: Limits | None = None,
) -> int:
    """The points of a valid operation with these coerced variables; see `compile_cost`."""
    return compile_cost(schema, document, operation, limits)(variables)


def check_cost(points: int, limits: Limits) -> None:
    """Refuse what costs too much.

    Raises LimitExceeded: COST_EXCEEDED, with the points in `extensions.cost`.
    """
    if points > limits.cost:
        message = f"The operation costs {points} points; {limits.cost} are allowed."
        raise LimitExceeded(
            message, code=LimitCode.COST_EXCEEDED, limit=limits.cost, facts={"cost": points}
        )


def compile_cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    limits: Limits | None = None,
) -> Cost:
    """A function from coerced variables to points, to be kept with the plan of a document.

    The document has passed `check_document` and validation: fragments exist and have no cycles.
    Selections are walked once for each combination of the variables in `@skip` and `@include`;
    what remains is arithmetic on page sizes, or one number.

    The function raises LimitExceeded: PAGE_EXCEEDED where a page is not 1 to `limits.page` long.
    """
    root = schema.get_root_type(operation.operation)
    if root is None:  # validation has refused it
        return lambda _: 0
    fragments = fragments_by_name(document)
    names = switch_names(document)
    compiled: dict[tuple[bool, ...], Amount] = {}

    def points(variables: Mapping[str, Any]) -> int:
        key = tuple([bool(variables.get(name)) for name in names])
        amount = compiled.get(key)
        if amount is None:
            if len(compiled) >= COMPILED_AT_MOST:
                compiled.clear()
            switches = dict(zip(names, key, strict=True))
            walk = Walk(schema, fragments, limits or Limits(), switches)
            amount = walk.level([(root, operation.selection_set)], None, root)
            compiled[key] = amount
        return value_of(amount, variables)

    return points


def switch_names(document: DocumentNode) -> list[str]:
    """The variables that decide in `@skip` and `@include`, in a fixed order."""
    return sorted(
        {
            argument.value.name.value
            for node in nodes_of(document)
            if isinstance(node, DirectiveNode) and node.name.value in {"skip", "include"}
            for argument in node.arguments or ()
            if isinstance(argument.value, VariableNode)
        }
    )


@dataclass(slots=True)
class Walk:
    """One walk over an operation, with the values of `@skip` and `@include` known."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    limits: Limits
    switches: Switches

    def level(
        self,
        selection_sets: list[tuple[GraphQLCompositeType, SelectionSetNode]],
        page: Amount | None,
        root: GraphQLNamedType | None = None,
    ) -> Amount:
        """The points of one object's fields. `page`: the page size, within a connection."""
        fields = self.collect(selection_sets)
        return total([self.field(entries, page, root) for entries in fields.values()])

    def field(
        self, entries: list[Entry], page: Amount | None, root: GraphQLNamedType | None
    ) -> Amount:
        """The points of one response key: for each item its own price and that of its fields."""
        prices: list[Price] = []
        nested: list[tuple[GraphQLCompositeType, SelectionSetNode]] = []
        for parent, node in entries:
            definition = self.schema.get_field(parent, node.name.value)
            if definition is None:
                continue
            prices.append(price_of(definition, node, self.schema, self.limits, page, root))
            type_ = get_named_type(definition.type)
            if node.selection_set and is_composite_type(type_):
                nested.append((type_, node.selection_set))
        pages = [price.page for price in prices if price.page is not None]
        inner = self.level(nested, largest(pages) if pages else None) if nested else 0
        own = largest([price.weight for price in prices])
        # A page without rows selected costs nothing, but must be no larger than others.
        unread = [product(0, page) for page in pages]
        return product(largest([price.size for price in prices]), total([own, inner, *unread]))

    def collect(
        self, selection_sets: list[tuple[GraphQLCompositeType, SelectionSetNode]]
    ) -> dict[str, list[Entry]]:
        """The fields that one object merges, by response key, each with its parent type."""
        fields: dict[str, list[Entry]] = {}
        spread: set[str] = set()
        pending = list(selection_sets)
        while pending:
            parent, selection_set = pending.pop()
            for selection in selection_set.selections:
                if not self.is_included(selection):
                    continue
                if isinstance(selection, FieldNode):
                    fields.setdefault(response_key(selection), []).append((parent, selection))
                elif isinstance(selection, InlineFragmentNode):
                    pending.append((self.narrowed(parent, selection), selection.selection_set))
                elif isinstance(selection, FragmentSpreadNode):
                    name = selection.name.value
                    if name not in spread and name in self.fragments:
                        spread.add(name)
                        fragment = self.fragments[name]
                        pending.append((self.narrowed(parent, fragment), fragment.selection_set))
        return fields

    def narrowed(self, parent: GraphQLCompositeType, fragment: Any) -> GraphQLCompositeType:
        """The type that a fragment selects from."""
        condition = fragment.type_condition
        type_ = self.schema.get_type(condition.name.value) if condition else None
        return type_ if is_composite_type(type_) else parent

    def is_included(self, selection: SelectionNode) -> bool:
        """Whether `@skip` and `@include` leave a selection in."""
        for directive in selection.directives or ():
            name = directive.name.value
            if name in {"skip", "include"}:
                for argument in directive.arguments or ():
                    if self.is_true(argument.value) is (name == "skip"):
                        return False
        return True

    def is_true(self, value: Any) -> bool:
        """The truth of a directive's argument."""
        if isinstance(value, VariableNode):
            return self.switches.get(value.name.value, False)
        return bool(value.value)
