"""The messages of graphql-transport-ws, in both directions, and the codes that end a socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from api.graphql.body import request_of
from api.graphql.refusals import HttpRefusal
from schema.operations import OperationRequest

PROTOCOL = "graphql-transport-ws"
_ID_LENGTH = 128

GOING_AWAY = 1001
TOO_BIG = 1009
OVERLOADED = 1013
INVALID = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
SUBPROTOCOL = 4406
INIT_TIMEOUT = 4408
DUPLICATE = 4409
TOO_MANY_INITS = 4429


class Close(Exception):
    """Ends a socket with a code of the protocol and a reason of at most 123 bytes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Init:
    """`connection_init`; the token of its payload, where it has one."""

    authorization: str | None


@dataclass(frozen=True, slots=True)
class Ping:
    """`ping`, to be answered with the same payload."""

    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """`pong`, which needs no answer."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`subscribe`: run an operation under that id."""

    id: str
    request: OperationRequest


@dataclass(frozen=True, slots=True)
class Complete:
    """`complete`: the client no longer listens to that id."""

    id: str


Message = Init | Ping | Pong | Subscribe | Complete


def read_message(frame: dict[str, Any], *, bound: int) -> Message:
    """Return the message of an ASGI `websocket.receive` event of at most `bound` bytes.

    Raises Close (4400, or 1009 where it is too long) for anything that the protocol does not
    know, binary frames among it.
    """
    text = frame.get("text")
    if text is None:
        raise Close(INVALID, "Binary frames are not part of the protocol")
    if len(text) > bound or len(text.encode("utf-8", "replace")) > bound:
        raise Close(TOO_BIG, f"A message has at most {bound} bytes")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Close(INVALID, "A message must be JSON") from None
    if not isinstance(value, dict):
        raise Close(INVALID, "A message must be a JSON object")
    match value.get("type"):
        case "connection_init":
            return Init(_authorization(_payload(value)))
        case "ping":
            return Ping(_payload(value))
        case "pong":
            _payload(value)
            return Pong()
        case "subscribe":
            return Subscribe(_id(value), _request(value.get("payload")))
        case "complete":
            return Complete(_id(value))
    raise Close(INVALID, "A message of this type is not part of the protocol")


def _payload(value: dict[str, Any]) -> dict[str, Any] | None:
    payload = value.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Close(INVALID, "A payload must be a JSON object")
    return payload


def _authorization(payload: dict[str, Any] | None) -> str | None:
    if payload is None:
        return None
    token = payload.get("authorization", payload.get("Authorization"))
    if token is not None and not isinstance(token, str):
        raise Close(INVALID, "The authorization must be a string")
    return token


def _id(value: dict[str, Any]) -> str:
    identifier = value.get("id")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= _ID_LENGTH:
        raise Close(INVALID, f"An id is a string of 1 to {_ID_LENGTH} characters")
    return identifier


def _request(payload: object) -> OperationRequest:
    try:
        return request_of(payload)
    except HttpRefusal as refusal:
        raise Close(INVALID, refusal.message) from None


def ack() -> str:
    """Return `connection_ack`."""
    return '{"type":"connection_ack"}'


def ping() -> str:
    """Return a `ping` of the server's own."""
    return '{"type":"ping"}'


def pong(payload: dict[str, Any] | None) -> str:
    """Return the `pong` to a ping with that payload."""
    if payload is None:
        return '{"type":"pong"}'
    return orjson.dumps({"type": "pong", "payload": payload}).decode()


def next_message(identifier: str, body: bytes) -> str:
    """Return `next` with a finished response."""
    return _with_payload(identifier, b"next", body)


def error_message(identifier: str, errors: bytes) -> str:
    """Return `error` with a finished JSON list of errors."""
    return _with_payload(identifier, b"error", errors)


def complete_message(identifier: str) -> str:
    """Return `complete`."""
    return orjson.dumps({"id": identifier, "type": "complete"}).decode()


def _with_payload(identifier: str, kind: bytes, payload: bytes) -> str:
    message = b'{"id":%b,"type":"%b","payload":%b}' % (orjson.dumps(identifier), kind, payload)
    return message.decode()
