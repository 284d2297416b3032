"""A document's selections merged by response key, as execution would merge them.

Types are left out of account, so that a document can be measured before it is known to be valid:
fragments may be missing, doubled or cyclic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from schema.limits.errors import LimitCode, LimitExceeded
from schema.limits.numbers import Limits

__all__ = ["Expansion", "Level", "fragments_by_name", "response_key"]

Fragments = Mapping[str, FragmentDefinitionNode]


def response_key(node: FieldNode) -> str:
    """The key under which a field's value stands in the answer (spec section 6.3.2)."""
    return node.alias.value if node.alias else node.name.value


def fragments_by_name(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """A document's fragments; of two with one name the last, as validation and execution do."""
    return {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }


@dataclass(slots=True)
class Level:
    """The fields that one response object merges.

    `containers` counts the selection sets and fragments that the fields came from: validation
    compares each of them with each other one.
    """

    fields: dict[str, list[FieldNode]] = field(default_factory=dict)
    containers: int = 0


@dataclass(slots=True)
class Expansion:
    """Spreads a document out, counting each selection it visits against `limits.expansion`.

    `visited` is the count so far: it bounds the work of everything built on an expansion.
    """

    document: DocumentNode
    limits: Limits
    visited: int = 0
    fragments: Fragments = field(init=False)
    reached: set[int] = field(init=False, default_factory=set)
    closing: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        self.fragments = fragments_by_name(self.document)
        self.closing = closing_spreads(self.fragments)

    def roots(self) -> Iterator[OperationDefinitionNode | FragmentDefinitionNode]:
        """Operations, then each fragment definition that no earlier root has reached.

        Validation looks into unused fragments too.
        """
        for definition in self.document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                yield definition
        for definition in self.document.definitions:
            if isinstance(definition, FragmentDefinitionNode) and not self.was_reached(definition):
                yield definition

    def was_reached(self, fragment: FragmentDefinitionNode) -> bool:
        """Whether a fragment definition was walked before; from now on it counts as walked."""
        known = id(fragment) in self.reached
        self.reached.add(id(fragment))
        return known

    def merge(self, selection_sets: Iterable[SelectionSetNode]) -> Level:
        """Merge the selection sets of one response object, fragments spread out.

        Raises LimitExceeded: EXPANSION_EXCEEDED.
        """
        level = Level()
        pending = list(selection_sets)
        level.containers = len(pending)
        spread: set[str] = set()
        while pending:
            for selection in pending.pop().selections:
                self.visit()
                if isinstance(selection, FieldNode):
                    level.fields.setdefault(response_key(selection), []).append(selection)
                elif isinstance(selection, FragmentSpreadNode):
                    fragment = self.follow(selection, spread)
                    if fragment is not None:
                        level.containers += 1
                        pending.append(fragment.selection_set)
                elif isinstance(selection, InlineFragmentNode):
                    pending.append(selection.selection_set)
        return level

    def follow(
        self, selection: FragmentSpreadNode, spread: set[str]
    ) -> FragmentDefinitionNode | None:
        """The fragment to spread; None where it is missing, spread already, or closes a cycle."""
        name = selection.name.value
        if name in spread or id(selection) in self.closing:
            return None
        spread.add(name)
        fragment = self.fragments.get(name)
        if fragment is not None:
            self.reached.add(id(fragment))
        return fragment

    def visit(self) -> None:
        """Count one selection.

        Raises LimitExceeded: EXPANSION_EXCEEDED.
        """
        self.visited += 1
        if self.visited > self.limits.expansion:
            message = f"The document expands to more than {self.limits.expansion} selections."
            raise LimitExceeded(
                message, code=LimitCode.EXPANSION_EXCEEDED, limit=self.limits.expansion
            )


def closing_spreads(fragments: Fragments) -> frozenset[int]:
    """Ids of the spread nodes without which no fragment contains itself.

    Depth-first and without recursion; linear in the written document.
    """
    closing: set[int] = set()
    finished: set[str] = set()
    for root in fragments:
        if root in finished:
            continue
        path = [(root, spreads_within(fragments[root].selection_set))]
        open_names = {root}
        while path:
            name, spreads = path[-1]
            node = next(spreads, None)
            if node is None:
                path.pop()
                open_names.discard(name)
                finished.add(name)
                continue
            target = node.name.value
            if target in open_names:
                closing.add(id(node))
            elif target in fragments and target not in finished:
                open_names.add(target)
                path.append((target, spreads_within(fragments[target].selection_set)))
    return frozenset(closing)


def spreads_within(selection_set: SelectionSetNode) -> Iterator[FragmentSpreadNode]:
    """The fragment spreads written anywhere within a selection set."""
    pending = [selection_set]
    while pending:
        for selection in pending.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                yield selection
            elif nested := getattr(selection, "selection_set", None):
                pending.append(nested)
