"""The context of one operation: made by the application, named by a request id."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import HTTPConnection

ContextFactory = Callable[[HTTPConnection], Awaitable[Any]]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def request_id_of(scope: MutableMapping[str, Any], header: bytes | None) -> str:
    """Return the request's id: set by a layer above, sent by the client, or a new one.

    A client's id is taken only where it is safe to write into a log.
    """
    state: dict[str, Any] = scope.setdefault("state", {})
    known = state.get("request_id")
    if isinstance(known, str):
        return known
    if header is not None and _REQUEST_ID.fullmatch(header):
        request_id = header.decode("ascii")
    else:
        request_id = secrets.token_hex(8)
    state["request_id"] = request_id
    return request_id


def operation_connection(
    scope: MutableMapping[str, Any], *, request_id: str, authorization: str | None = None
) -> HTTPConnection:
    """Return the connection for one operation on a socket.

    `authorization`, from the payload of connection_init, takes the place of the upgrade's
    header, so that whoever makes contexts looks in one place only.
    """
    headers = scope["headers"]
    if authorization is not None:
        headers = [pair for pair in headers if pair[0] != b"authorization"]
        headers.append((b"authorization", authorization.encode("utf-8")))
    state = {**scope.get("state", {}), "request_id": request_id}
    return HTTPConnection({**scope, "headers": headers, "state": state})
