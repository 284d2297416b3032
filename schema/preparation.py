"""From the text of a document to one that is ready for execution."""

from __future__ import annotations

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails

from schema.documents import CompiledReads, PreparedDocument, PreparedOperation
from schema.limits import (
    Limits,
    check_document,
    check_text,
    compile_cost,
    compile_plain,
    validation_rules,
)


class InvalidDocument(Exception):
    """A document does not pass validation; `errors` say why."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(f"{len(errors)} validation errors")
        self.errors = errors


class Preparation:
    """Makes documents of one schema ready. `production` hides introspection and suggestions."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        production: bool,
        reads: CompiledReads | None = None,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._reads = reads
        self._hide_suggestions = production
        self._rules = validation_rules(
            introspection=not production, suggestions=not production, limits=limits
        )

    def prepare(self, text: str) -> PreparedDocument:
        """Return the document, ready for execution.

        The order matters: each step makes the next one safe to take.
        Raises LimitExceeded, GraphQLSyntaxError or InvalidDocument.
        """
        check_text(text, self._limits)
        node = parse(text)
        check_document(node, self._schema, self._limits)
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
            self._schema,
            node,
            self._rules,
            max_errors=self._limits.errors,
            hide_suggestions=self._hide_suggestions,
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
            cost=compile_cost(self._schema, prepared.node, node, self._limits),
        )
        if self._reads is not None and node.operation is OperationType.QUERY:
            operation.read = self._reads.prepare(prepared, node)
        if operation.read is not None:
            operation.plain = compile_plain(self._schema, node, self._limits)
        return operation
