"""The answer to one operation: how it went, and the finished JSON of the GraphQL response."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

_ERRORS = b'{"errors":'


class Outcome(Enum):
    """How an operation went, as far as a transport must know it."""

    UNPARSABLE = "the document cannot be parsed"
    INVALID = "the document does not pass validation, or the operation cannot be determined"
    UNCOERCIBLE = "the variables do not fit the operation's declarations"
    REFUSED = "a limit is exceeded; with `retry_after`, a rate"
    FORBIDDEN = "the caller may not send this document"
    MISPLACED = "this kind of operation is not served over this transport or method"
    UNAVAILABLE = "the database is away; the same request may succeed in a moment"
    FAILED = "execution broke before there was any data"
    COMPLETE = "data and no errors"
    PARTIAL = "data, perhaps null, and errors"

    @property
    def executed(self) -> bool:
        """Whether the response has a `data` entry."""
        return self is Outcome.COMPLETE or self is Outcome.PARTIAL


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished response.

    `body` is UTF-8 JSON. It has no `data` key unless `outcome.executed`. `retry_after` is in
    seconds and set when the same request may succeed later.
    """

    outcome: Outcome
    body: bytes
    retry_after: float | None = None

    def errors(self) -> bytes:
        """Return the JSON list of errors of an answer that was not executed."""
        assert not self.outcome.executed
        return self.body[len(_ERRORS) : -1]


def refusal(
    outcome: Outcome, entries: list[dict[str, Any]], retry_after: float | None = None
) -> Answer:
    """Return the answer of an operation that was not executed, with the entries of its errors."""
    return Answer(outcome, b"%b%b}" % (_ERRORS, orjson.dumps(entries)), retry_after)


def plain_refusal(outcome: Outcome, message: str, code: str) -> Answer:
    """Return a refusal with one error that has no place in the document."""
    return refusal(outcome, [{"message": message, "extensions": {"code": code}}])


def executed(data: Any, errors: list[dict[str, Any]], cost: int) -> Answer:
    """Return the answer of an executed operation from graphql-core's `data` (a dict or None).

    Raises TypeError where a scalar of the data cannot be written as JSON.
    """
    if not errors:
        response = {"data": data, "extensions": {"cost": cost}}
        return Answer(Outcome.COMPLETE, orjson.dumps(response))
    response = {"errors": errors, "data": data, "extensions": {"cost": cost}}
    return Answer(Outcome.PARTIAL, orjson.dumps(response))


def joined(pairs: list[tuple[str, bytes]], errors: list[dict[str, Any]], cost: int) -> Answer:
    """Return the answer made of finished root fields: response key and its JSON, in order."""
    data = b",".join([b'"%b":%b' % (key.encode(), value) for key, value in pairs])
    if not errors:
        return Answer(Outcome.COMPLETE, b'{"data":{%b},"extensions":{"cost":%d}}' % (data, cost))
    body = b'%b%b,"data":{%b},"extensions":{"cost":%d}}'
    return Answer(Outcome.PARTIAL, body % (_ERRORS, orjson.dumps(errors), data, cost))
