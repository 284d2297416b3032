"""From the bytes of a request to the operations that it asks for."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive

from api.graphql.refusals import ClientGone, HttpRefusal, malformed, not_json
from schema.operations import OperationRequest

_LENGTH_DIGITS = 18  # no bound has more, and Python refuses to read thousands of digits
_PARAMETERS = frozenset({"query", "documentId", "operationName", "variables", "extensions"})


async def read_body(
    receive: Receive, *, declared: bytes | None, bound: int, seconds: float
) -> bytes:
    """Read a body of at most `bound` bytes within `seconds`.

    `declared` is the Content-Length header: what is announced as too long is not read at all.
    Raises HttpRefusal (413, 408, 400) or ClientGone.
    """
    if declared is not None:
        if not declared.isdigit():
            raise HttpRefusal(400, "LENGTH_INVALID", "The Content-Length is not a number.")
        if len(declared) > _LENGTH_DIGITS or int(declared) > bound:
            raise _too_long(bound)
    deadline = _Deadline(seconds)
    try:
        return await _collect(receive, bound)
    except asyncio.CancelledError:
        if not deadline.is_cause():
            raise
        raise HttpRefusal(
            408,
            "BODY_TOO_SLOW",
            f"The body did not arrive within {seconds:g} seconds.",
            headers=[(b"connection", b"close")],
        ) from None
    finally:
        deadline.cancel()


class _Deadline:
    """What `asyncio.timeout` does, in a quarter of its time: every request passes here."""

    __slots__ = ("_expired", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._expired = False
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()

    def is_cause(self) -> bool:
        """Tell whether the cancellation just caught is this deadline's and nobody else's."""
        return self._expired and self._task.uncancel() == 0

    def cancel(self) -> None:
        """Stop the clock."""
        self._timer.cancel()


async def _collect(receive: Receive, bound: int) -> bytes:
    message = await receive()
    chunk: bytes = message.get("body", b"")
    size = len(chunk)
    chunks = [chunk]
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        if size > bound:
            raise _too_long(bound)
        if not message.get("more_body", False):
            return chunk if len(chunks) == 1 else b"".join(chunks)
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        chunks.append(chunk)


def _too_long(bound: int) -> HttpRefusal:
    return HttpRefusal(413, "BODY_TOO_LONG", f"A body has at most {bound} bytes.")


def requests_of_body(
    body: bytes, *, batch_length: int
) -> OperationRequest | list[OperationRequest]:
    """Return the operation of a POST body, or the list of a batch.

    Raises HttpRefusal: 400 where it is no JSON, else what `malformed` says. One malformed
    request makes the whole batch malformed: nothing of it is executed.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise not_json("The body is not JSON.") from None
    if isinstance(value, dict):
        return request_of(value)
    if not isinstance(value, list):
        raise malformed("The body must be a JSON object.")
    if not 0 < len(value) <= batch_length:
        raise malformed(f"A batch has 1 to {batch_length} requests.")
    return [request_of(item) for item in value]


def request_of(value: Any) -> OperationRequest:
    """Return the operation that a JSON object describes. Unknown keys are ignored.

    Raises HttpRefusal where it is no well-formed GraphQL-over-HTTP request.
    """
    if not isinstance(value, dict):
        raise malformed("A request must be a JSON object.")
    document = value.get("query")
    document_id = value.get("documentId")
    operation_name = value.get("operationName")
    variables = value.get("variables")
    extensions = value.get("extensions")
    if (document is None) == (document_id is None):
        raise malformed("A request has either a query or a documentId.")
    for name, part, kind in (
        ("query", document, str),
        ("documentId", document_id, str),
        ("operationName", operation_name, str),
        ("variables", variables, dict),
        ("extensions", extensions, dict),
    ):
        if part is not None and not isinstance(part, kind):
            raise malformed(f"{name} must be {'an object' if kind is dict else 'a string'}.")
    # Some clients send an empty name for none; no operation can be called that.
    return OperationRequest(document, document_id, operation_name or None, variables, extensions)


def request_of_query_string(query_string: bytes) -> OperationRequest:
    """Return the operation of a GET. An empty parameter is an absent one.

    Raises HttpRefusal where it is no well-formed GraphQL-over-HTTP request.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), strict_parsing=False, errors="strict", max_num_fields=20
        )
    except ValueError:
        raise malformed("The query string cannot be read.") from None
    value: dict[str, Any] = {}
    for name, text in pairs:
        if name not in _PARAMETERS:
            continue
        if name in value:
            raise malformed(f"{name} is given twice.")
        value[name] = _json(name, text) if name in {"variables", "extensions"} else text
    return request_of(value)


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise not_json(f"{name} is not JSON.") from None
