"""The one path that every transport takes: find the document, check, coerce, execute, answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSyntaxError, OperationType
from graphql.execution import (
    create_source_event_stream,
    default_field_resolver,
    default_type_resolver,
    execute_root_selection_set,
    map_source_to_response_event,
)
from graphql.execution.values import VariableValues
from strawberry.execution import optimized_is_awaitable

from domain.kernel.errors import RateLimited
from schema.answers import Answer, Outcome, executed, joined, plain_refusal, refusal
from schema.documents import (
    PreparedOperation,
    PreparedRead,
    TrustedDocuments,
)
from schema.errors import execution_error, execution_errors, is_public, request_error, unavailable
from schema.finished import FinishedExecutor
from schema.limits import LimitExceeded, check_cost, check_variables, variable_values
from schema.preparation import InvalidDocument, Preparation


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """What a client asks for, as it came: either `document` or `document_id` is set."""

    document: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class Operations:
    """Executes operations of one schema, whose documents `preparation` makes ready.

    `documents` are the trusted ones. `admit` is told the context and the cost of every operation
    before it runs and raises RateLimited to refuse it.

    A context has `request_id: str`; everything else of it is between its maker and the resolvers.
    """

    def __init__(
        self,
        preparation: Preparation,
        *,
        documents: TrustedDocuments | None = None,
        admit: Callable[[Any, int], Awaitable[None]] | None = None,
    ) -> None:
        self.limits = preparation.limits
        self._preparation = preparation
        self._schema = preparation.schema
        self._trusted = documents
        self._admit = admit

    def kind(self, request: OperationRequest) -> OperationType | None:
        """Return the kind of the operation asked for, or None where it will be refused."""
        found = self._find(request)
        return found.kind if isinstance(found, PreparedOperation) else None

    def _find(self, request: OperationRequest) -> PreparedOperation | Answer:
        text = request.document
        if text is None:
            text = self._trusted_text(request.document_id)
            if text is None:
                return plain_refusal(
                    Outcome.INVALID, "There is no document of this id.", "DOCUMENT_UNKNOWN"
                )
        try:
            prepared = self._preparation.document(text)
        except LimitExceeded as error:
            return refusal(Outcome.REFUSED, [request_error(error, "LIMIT_EXCEEDED")])
        except GraphQLSyntaxError as error:
            return refusal(Outcome.UNPARSABLE, [request_error(error, "DOCUMENT_UNPARSABLE")])
        except InvalidDocument as invalid:
            entries = [request_error(error, "DOCUMENT_INVALID") for error in invalid.errors]
            return refusal(Outcome.INVALID, entries)
        return prepared.operation(request.operation_name) or _undetermined(request)

    def _trusted_text(self, identifier: str | None) -> str | None:
        if self._trusted is None or identifier is None:
            return None
        return self._trusted.text(identifier)

    def _may_send(self, request: OperationRequest, context: Any) -> bool:
        trusted = self._trusted
        return (
            trusted is None
            or request.document is None
            or not trusted.required(context)
            or request.document in trusted
        )

    def _coerce(
        self, operation: PreparedOperation, request: OperationRequest
    ) -> VariableValues | Answer:
        if not operation.takes_variables:
            return VariableValues({}, {})
        raw = request.variables or {}
        if operation.plain is not None and (plain := operation.plain(raw)) is not None:
            return VariableValues({}, plain)
        try:
            check_variables(raw, self.limits)
        except LimitExceeded as error:
            return refusal(Outcome.REFUSED, [request_error(error, "LIMIT_EXCEEDED")])
        values = variable_values(
            self._schema,
            operation.node,
            raw,
            suggestions=not self._preparation.production,
            limits=self.limits,
        )
        if isinstance(values, list):
            entries = [request_error(error, "INVALID_VARIABLE") for error in values]
            return refusal(Outcome.UNCOERCIBLE, entries)
        return values

    async def _ready(
        self, request: OperationRequest, context: Any, *, mutations_allowed: bool
    ) -> tuple[PreparedOperation, VariableValues, int] | Answer:
        """Return the operation, its coerced variables and its cost, or why it is refused."""
        if self._trusted is not None and not self._may_send(request, context):
            message = "Only registered documents may be sent, by their documentId."
            return plain_refusal(Outcome.FORBIDDEN, message, "DOCUMENT_NOT_TRUSTED")
        operation = self._find(request)
        if isinstance(operation, Answer):
            return operation
        if operation.kind is OperationType.MUTATION and not mutations_allowed:
            message = "A mutation may not be sent this way."
            return plain_refusal(Outcome.MISPLACED, message, "MUTATION_NOT_ALLOWED")
        variables = self._coerce(operation, request)
        if isinstance(variables, Answer):
            return variables
        try:
            cost = operation.cost(variables.coerced)
            check_cost(cost, self.limits)
        except LimitExceeded as error:
            return refusal(Outcome.REFUSED, [request_error(error, "LIMIT_EXCEEDED")])
        if self._admit is not None:
            try:
                await self._admit(context, cost)
            except RateLimited as error:
                entry = execution_error(error, context.request_id)
                return refusal(Outcome.REFUSED, [entry], error.retry_after)
        return operation, variables, cost

    async def execute(
        self, request: OperationRequest, context: Any, *, mutations_allowed: bool
    ) -> Answer:
        """Execute a query or mutation. Never raises but for cancellation."""
        ready = await self._ready(request, context, mutations_allowed=mutations_allowed)
        if isinstance(ready, Answer):
            return ready
        operation, variables, cost = ready
        if operation.kind is OperationType.SUBSCRIPTION:
            message = "A subscription needs a socket or an event stream."
            return plain_refusal(Outcome.INVALID, message, "STREAM_NEEDED")
        return await self._run(operation, variables, cost, request, context)

    async def subscribe(
        self, request: OperationRequest, context: Any, *, mutations_allowed: bool = True
    ) -> Answer | AsyncGenerator[Answer, None]:
        """Execute any operation: one answer, or the stream of a subscription's responses.

        Closing the stream closes its source. An error of the source ends the stream with one
        FAILED answer, masked unless public; nothing but cancellation is raised.
        """
        ready = await self._ready(request, context, mutations_allowed=mutations_allowed)
        if isinstance(ready, Answer):
            return ready
        operation, variables, cost = ready
        if operation.kind is not OperationType.SUBSCRIPTION:
            return await self._run(operation, variables, cost, request, context)
        request_id: str = context.request_id
        try:
            executor = self._executor(operation, variables, request, context)
            source = create_source_event_stream(executor)
            if isawaitable(source):
                source = await source
        except Exception as error:
            return _failed([error], request_id)
        if isinstance(source, ExecutionResult):
            return _failed(source.errors or [], request_id)
        return _responses(map_source_to_response_event(executor, source), request_id, cost)

    async def _run(
        self,
        operation: PreparedOperation,
        variables: VariableValues,
        cost: int,
        request: OperationRequest,
        context: Any,
    ) -> Answer:
        try:
            if operation.read is not None:
                return await _read(operation.read, variables.coerced, cost, context)
            executor = self._executor(operation, variables, request, context)
            result = execute_root_selection_set(executor)
            if isawaitable(result):
                result = await result
            return _executed(result, context.request_id, cost)
        except Exception as error:
            return _failed([error], context.request_id)

    def _executor(
        self,
        operation: PreparedOperation,
        variables: VariableValues,
        request: OperationRequest,
        context: Any,
    ) -> FinishedExecutor:
        # Built by hand: `graphql.execute` would search the document and coerce once more.
        fragments = operation.document.fragments
        return FinishedExecutor(
            self._schema,
            {name: details.definition for name, details in fragments.items()},
            fragments,
            None,
            context,
            operation.node,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,
            hide_suggestions=self._preparation.production,
            operation_extensions=request.extensions,
        )


def _undetermined(request: OperationRequest) -> Answer:
    if request.operation_name is None:
        message, code = "The document has several operations: name one.", "OPERATION_NAME_NEEDED"
    else:
        message, code = "The document has no operation of this name.", "OPERATION_UNKNOWN"
    return plain_refusal(Outcome.INVALID, message, code)


def _failed(errors: list[Any], request_id: str) -> Answer:
    outcome = Outcome.UNAVAILABLE if unavailable(errors) else Outcome.FAILED
    return refusal(outcome, execution_errors(errors, request_id))


async def _read(read: PreparedRead, variables: dict[str, Any], cost: int, context: Any) -> Answer:
    try:
        pairs, errors = await read.run(variables, context)
    except Exception as error:
        # A required root field that failed makes the data null; what has no place in the
        # document broke before there was any.
        if unavailable([error]) or not (isinstance(error, GraphQLError) or is_public(error)):
            raise
        return executed(None, [execution_error(error, context.request_id)], cost)
    if not errors:
        return joined(pairs, [], cost)
    return joined(pairs, execution_errors(errors, context.request_id), cost)


def _executed(result: ExecutionResult, request_id: str, cost: int) -> Answer:
    if result.data is None and result.errors and unavailable(result.errors):
        return _failed(result.errors, request_id)
    entries = execution_errors(result.errors, request_id) if result.errors else []
    return executed(result.data, entries, cost)


async def _responses(
    source: AsyncGenerator[ExecutionResult, None], request_id: str, cost: int
) -> AsyncGenerator[Answer, None]:
    try:
        async for result in source:
            yield _executed(result, request_id, cost)
    except Exception as error:
        yield _failed([error], request_id)
    finally:
        await source.aclose()
