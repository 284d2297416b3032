"""Opaque cursors: the keys of a row in one named order, and nothing else.

A cursor from another order, a shortened one, or noise is an `InvalidCursor`; the values in it are
only ever bound, never part of a statement.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Date, DateTime, Integer, Text, cast, func
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from schema.errors import PublicError
from schema.reading.objects import sql

MAX_LENGTH = 512


class InvalidCursor(PublicError):
    """The cursor is none of ours, or belongs to another order."""

    def __init__(self) -> None:
        super().__init__("this cursor does not belong to this list and order", "INVALID_CURSOR")


def encode(name: str, keys: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    """SQL that makes a row's cursor: base64url of a JSON array [order, key, ..., id]."""
    label = sql(f"'{name}'")
    array = func.json_build_array(label, *(cast(key, Text) for key in keys))
    text = func.encode(func.convert_to(cast(array, Text), sql("'UTF8'")), sql("'base64'"))
    return func.translate(text, sql(r"E'+/=\n'"), sql("'-_'"))


def decode(cursor: object, name: str, types: Sequence[Any]) -> list[Any]:
    """Return the keys of a cursor of the order `name`, as values of the given column types.

    Raises InvalidCursor.
    """
    if not isinstance(cursor, str) or not cursor or len(cursor) > MAX_LENGTH:
        raise InvalidCursor
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = orjson.loads(
            base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
        )
        if not isinstance(parts, list) or len(parts) != len(types) + 1 or parts[0] != name:
            raise InvalidCursor
        return [_value(part, type_) for part, type_ in zip(parts[1:], types, strict=True)]
    except (ValueError, OverflowError, binascii.Error, UnicodeError, TypeError):
        raise InvalidCursor from None


def _value(text: object, type_: Any) -> Any:
    if not isinstance(text, str) or "\x00" in text:
        raise InvalidCursor
    if isinstance(type_, PG_UUID):
        return UUID(text)
    if isinstance(type_, DateTime):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise InvalidCursor
        return moment.astimezone(UTC)
    if isinstance(type_, Date):
        return date.fromisoformat(text)
    if isinstance(type_, Integer):
        number = int(text)
        if not -(2**63) <= number < 2**63:
            raise InvalidCursor
        return number
    return text
