"""What a caller may read of an error: public ones as they are, all others masked and logged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from graphql import GraphQLError

from domain.kernel.errors import DomainError, RateLimited
from domain.kernel.outages import is_outage
from schema.limits import LimitExceeded

UNAVAILABLE = "UNAVAILABLE"

_log = structlog.get_logger(__name__)

# graphql-core coerces arguments here. What it raises is the caller's doing, but repeats values.
_ARGUMENT_MODULES = frozenset({"graphql.execution.values", "graphql.utilities.value_from_ast"})


class PublicError(Exception):
    """An error of the schema layer that the caller may read.

    `message` holds no personal data; `code` is SCREAMING_CASE; `extensions` go beside the code.
    Refusals of the domain need no wrapping: a `DomainError` is public as it is.
    """

    def __init__(self, message: str, code: str, **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.extensions = extensions


def request_error(error: GraphQLError, code: str) -> dict[str, Any]:
    """Return the entry of an error found before execution; `code` where it has none of its own.

    Messages of parsing, validation, coercion and limits are the caller's to read: they tell of
    the document that the caller sent, never of a value in the variables.
    """
    entry: dict[str, Any] = {"message": error.message}
    if error.locations:
        entry["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    entry["extensions"] = {"code": code, **(error.extensions or {})}
    return entry


def execution_error(error: Exception, request_id: str) -> dict[str, Any]:
    """Return the entry of an error raised while executing, masked unless it is public.

    A masked error is logged with its traceback under `request_id`, which the entry carries too.
    """
    cause = _cause(error)
    entry = _public(cause)
    if entry is None and is_outage(cause):
        _log.warning("operation.unavailable", request_id=request_id, error=type(cause).__name__)
        message = "The service is not available for a moment; try again."
        entry = {"message": message, "extensions": {"code": UNAVAILABLE, "requestId": request_id}}
    if entry is None:
        path = getattr(error, "path", None)
        _log.error("operation.failed", request_id=request_id, path=path, exc_info=cause)
        entry = {
            "message": "internal error",
            "extensions": {"code": "INTERNAL", "requestId": request_id},
        }
    if isinstance(error, GraphQLError):
        if error.locations:
            entry["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
        if error.path is not None:
            entry["path"] = error.path
    return entry


def execution_errors(errors: Iterable[Exception], request_id: str) -> list[dict[str, Any]]:
    """Return the entries of several errors; see `execution_error`."""
    return [execution_error(error, request_id) for error in errors]


def unavailable(errors: Iterable[Exception]) -> bool:
    """Whether nothing but an outage of the database was in the way."""
    causes = [_cause(error) for error in errors]
    return bool(causes) and all(_public(cause) is None and is_outage(cause) for cause in causes)


def is_public(error: Exception) -> bool:
    """Tell whether the caller may read this error's message."""
    return _public(_cause(error)) is not None


def _cause(error: Exception) -> Exception:
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def _public(cause: Exception) -> dict[str, Any] | None:
    if isinstance(cause, PublicError):
        return {"message": cause.message, "extensions": {"code": cause.code, **cause.extensions}}
    if isinstance(cause, RateLimited):
        extensions = {"code": cause.code.value, "retryAfter": cause.retry_after}
        return {"message": cause.message, "extensions": extensions}
    if isinstance(cause, DomainError):
        return {"message": cause.message, "extensions": {"code": cause.code.value}}
    if isinstance(cause, GraphQLError):
        if isinstance(cause, LimitExceeded):
            return {"message": cause.message, "extensions": dict(cause.extensions or {})}
        if _raised_in(cause) in _ARGUMENT_MODULES:
            message = "An argument of this field has no usable value."
            return {"message": message, "extensions": {"code": "ARGUMENT_INVALID"}}
    return None


def _raised_in(error: Exception) -> str:
    traceback = error.__traceback__
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return str(traceback.tb_frame.f_globals.get("__name__", ""))
