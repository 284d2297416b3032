"""Refusals of HTTP itself, before there is an operation to answer."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

Header = tuple[bytes, bytes]

METHODS = b"GET, HEAD, POST, OPTIONS"


class HttpRefusal(Exception):
    """A request that is not executed.

    `legacy_status` is the status towards clients that read application/json only, where it
    differs. `headers` are added to the response.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Sequence[Header] = (),
        legacy_status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.legacy_status = legacy_status or status

    def body(self) -> bytes:
        """Return the GraphQL response of it, in JSON."""
        entry = {"message": self.message, "extensions": {"code": self.code}}
        return orjson.dumps({"errors": [entry]})


def malformed(message: str) -> HttpRefusal:
    """Return the refusal of JSON that is no GraphQL-over-HTTP request."""
    return HttpRefusal(422, "REQUEST_MALFORMED", message, legacy_status=400)


def not_json(message: str) -> HttpRefusal:
    """Return the refusal of what cannot be read as JSON."""
    return HttpRefusal(400, "JSON_UNPARSABLE", message)


def method_not_allowed() -> HttpRefusal:
    """Return the refusal of an HTTP method; RFC 9110 wants the Allow header."""
    message = "Use POST, or GET for a query."
    return HttpRefusal(405, "METHOD_NOT_ALLOWED", message, headers=[(b"allow", METHODS)])


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""
