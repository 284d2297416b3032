"""Bounds on a parsed document, checked before it is validated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLCompositeType,
    GraphQLSchema,
    ListValueNode,
    Node,
    OperationDefinitionNode,
    get_named_type,
    is_composite_type,
    is_introspection_type,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS

from schema.limits.errors import LimitCode, LimitExceeded
from schema.limits.expansion import Expansion, Level
from schema.limits.numbers import Limits
from schema.limits.overlap import comparisons

__all__ = ["check_document"]


def check_document(document: DocumentNode, schema: GraphQLSchema, limits: Limits) -> None:
    """Bound directives, list literals, depth, aliases, root fields, expansion and overlap.

    For a parsed document that need not be valid: fragments may be missing or cyclic. The work is
    linear in the written document plus at most `limits.expansion` selections, and `validate` has
    only bounded work left after it.

    Raises LimitExceeded: DIRECTIVES_EXCEEDED, LIST_EXCEEDED, OPERATIONS_EXCEEDED, DEPTH_EXCEEDED,
    ALIASES_EXCEEDED, ROOT_FIELDS_EXCEEDED, EXPANSION_EXCEEDED, OVERLAP_EXCEEDED.
    """
    check_written(document, limits)
    expansion = Expansion(document, limits)
    operations = sum(isinstance(node, OperationDefinitionNode) for node in document.definitions)
    if operations > limits.operations:
        message = f"The document has more than {limits.operations} operations."
        refuse(message, LimitCode.OPERATIONS_EXCEEDED, limits.operations)
    overlap = 0
    for root in expansion.roots():
        overlap = check_root(root, expansion, schema, limits, overlap)


def check_written(document: DocumentNode, limits: Limits) -> None:
    """Bound what is written in the document, wherever it stands.

    Raises LimitExceeded: DIRECTIVES_EXCEEDED, LIST_EXCEEDED.
    """
    directives = 0
    for node in nodes_of(document):
        if isinstance(node, DirectiveNode):
            directives += 1
            if directives > limits.directives:
                refuse(
                    f"The document has more than {limits.directives} directives.",
                    LimitCode.DIRECTIVES_EXCEEDED,
                    limits.directives,
                    node,
                )
        elif isinstance(node, ListValueNode) and len(node.values) > limits.list_length:
            refuse(
                f"A list has more than {limits.list_length} items.",
                LimitCode.LIST_EXCEEDED,
                limits.list_length,
                node,
            )


def check_root(
    root: OperationDefinitionNode | FragmentDefinitionNode,
    expansion: Expansion,
    schema: GraphQLSchema,
    limits: Limits,
    overlap: int,
) -> int:
    """Bound one operation or unused fragment; returns the comparisons of the document so far.

    Raises LimitExceeded, see `check_document`.
    """
    parent = type_of_root(root, schema)
    aliases = 0
    pending = [([root.selection_set], 1, limits.depth)]
    while pending:
        selection_sets, depth, deepest = pending.pop()
        level = expansion.merge(selection_sets)
        overlap += comparisons(level)
        aliases += aliases_of(level)
        check_counts(level if depth == 1 else None, overlap, aliases, limits)
        for nodes in level.fields.values():
            if depth > deepest:
                message = f"The document nests fields more than {deepest} deep."
                refuse(message, LimitCode.DEPTH_EXCEEDED, deepest, nodes[0])
            nested = [node.selection_set for node in nodes if node.selection_set]
            if nested:
                introspects = depth == 1 and is_introspection(nodes, parent, schema)
                bound = limits.introspection_depth if introspects else deepest
                pending.append((nested, depth + 1, bound))
    return overlap


def check_counts(root: Level | None, overlap: int, aliases: int, limits: Limits) -> None:
    """Bound what has been counted so far; `root` is the level, where it is the root's.

    Raises LimitExceeded: OVERLAP_EXCEEDED, ALIASES_EXCEEDED, ROOT_FIELDS_EXCEEDED.
    """
    if root is not None and len(root.fields) > limits.root_fields:
        message = f"The operation has more than {limits.root_fields} root fields."
        refuse(message, LimitCode.ROOT_FIELDS_EXCEEDED, limits.root_fields)
    if aliases > limits.aliases:
        message = f"The operation has more than {limits.aliases} aliases."
        refuse(message, LimitCode.ALIASES_EXCEEDED, limits.aliases)
    if overlap > limits.overlap:
        message = f"Merging the document's fields takes more than {limits.overlap} comparisons."
        refuse(message, LimitCode.OVERLAP_EXCEEDED, limits.overlap)


def aliases_of(level: Level) -> int:
    """Response keys of a level that are aliases. One that repeats the field's name is none."""
    return sum(any(node.name.value != key for node in nodes) for key, nodes in level.fields.items())


def type_of_root(
    root: OperationDefinitionNode | FragmentDefinitionNode, schema: GraphQLSchema
) -> GraphQLCompositeType | None:
    """The type that a root selects from; None where the schema has no such type."""
    if isinstance(root, OperationDefinitionNode):
        return schema.get_root_type(root.operation)
    condition = schema.get_type(root.type_condition.name.value)
    return condition if is_composite_type(condition) else None


def is_introspection(
    nodes: list[FieldNode], parent: GraphQLCompositeType | None, schema: GraphQLSchema
) -> bool:
    """Whether a root field reads the schema itself, which is deep by its nature."""
    if parent is None:
        return False
    definitions = [schema.get_field(parent, node.name.value) for node in nodes]
    return all(
        definition and is_introspection_type(get_named_type(definition.type))
        for definition in definitions
    )


def nodes_of(document: DocumentNode) -> Iterator[Node]:
    """Every node of a document, in no particular order, without recursion."""
    pending: list[Node] = [document]
    while pending:
        node = pending.pop()
        yield node
        for key in QUERY_DOCUMENT_KEYS.get(node.kind, ()):
            child = getattr(node, key, None)
            if isinstance(child, Node):
                pending.append(child)
            elif child:
                pending.extend(child)


def refuse(message: str, code: LimitCode, limit: int, node: Node | None = None) -> NoReturn:
    """Raise LimitExceeded, pointing at a node where there is one."""
    raise LimitExceeded(message, code=code, limit=limit, nodes=[node] if node else None)
