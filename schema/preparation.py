"""From the text of a document to one that is ready for execution."""

from __future__ import annotations

import strawberry
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails

from schema.documents import CompiledReads, DocumentCache, PreparedDocument, PreparedOperation
from schema.limits import (
    Limits,
    check_document,
    check_text,
    compile_cost,
    compile_plain,
    validation_rules,
)

_CACHED_DOCUMENTS = 2_000
_CACHED_CHARACTERS = 8_000_000


class InvalidDocument(Exception):
    """A document does not pass validation; `errors` say why."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(f"{len(errors)} validation errors")
        self.errors = errors


class Preparation:
    """Makes documents of one schema ready and keeps those used last.

    `production` hides introspection and suggestions. `reads` compiles query operations; without it
    the executor runs them all. Nothing here knows of a caller, a database or an hour.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: Limits,
        *,
        production: bool,
        reads: CompiledReads | None = None,
    ) -> None:
        if schema.extensions or schema.directives:
            # Each would cost every request its context managers; none is run on this path.
            raise ValueError("schema extensions and operation directives are not executed here")
        self.schema = schema._schema
        self.limits = limits
        self.production = production
        self._reads = reads
        self._cache = DocumentCache(documents=_CACHED_DOCUMENTS, characters=_CACHED_CHARACTERS)
        self._rules = validation_rules(
            introspection=not production, suggestions=not production, limits=limits
        )

    def document(self, text: str) -> PreparedDocument:
        """Return the document, ready for execution; from the cache where it was seen before.

        Raises LimitExceeded, GraphQLSyntaxError or InvalidDocument. Errors are not cached:
        the limits bound what the same bad document can cost again.
        """
        found = self._cache.get(text)
        if found is None:
            found = self._prepare(text)
            self._cache.put(found)
        return found

    def _prepare(self, text: str) -> PreparedDocument:
        """The order matters: each step makes the next one safe to take."""
        check_text(text, self.limits)
        node = parse(text)
        check_document(node, self.schema, self.limits)
        errors = self._faults(node)
        if errors:
            raise InvalidDocument(errors)
        prepared = PreparedDocument(text, node)
        for definition in node.definitions:
            if isinstance(definition, FragmentDefinitionNode):
                prepared.fragments[definition.name.value] = FragmentDetails(definition, None)
        for definition in node.definitions:
            if isinstance(definition, OperationDefinitionNode):
                operation = self._operation(prepared, definition)
                prepared.operations[operation.name] = operation
        return prepared

    def _faults(self, node: DocumentNode) -> list[GraphQLError]:
        return validate(
            self.schema,
            node,
            self._rules,
            max_errors=self.limits.errors,
            hide_suggestions=self.production,
        )

    def _operation(
        self, prepared: PreparedDocument, node: OperationDefinitionNode
    ) -> PreparedOperation:
        operation = PreparedOperation(
            document=prepared,
            node=node,
            name=node.name.value if node.name else None,
            kind=node.operation,
            takes_variables=bool(node.variable_definitions),
            cost=compile_cost(self.schema, prepared.node, node, self.limits),
        )
        if self._reads is not None and node.operation is OperationType.QUERY:
            operation.read = self._reads.prepare(prepared, node)
        if operation.read is not None:
            operation.plain = compile_plain(self.schema, node, self.limits)
        return operation
