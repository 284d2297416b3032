"""Global ids (Relay): opaque to clients, `Type_uuid` to us.

Plain text rather than base64: PostgreSQL makes it with one concatenation a row, and an operator can
read it in a log. Clients are told that it is opaque.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Text, cast

from schema.reading.objects import text_literal

MAX_LENGTH = 100


def global_id(kind: str) -> Callable[[FromClause], ColumnElement[str]]:
    """An SQL expression factory for the `id` field of the type `kind`."""

    def expression(row: FromClause) -> ColumnElement[str]:
        return text_literal(kind + "_").concat(cast(row.c.id, Text))

    return expression


def format_id(kind: str, id_: UUID) -> str:
    return f"{kind}_{id_}"


def parse_id(text: object) -> tuple[str, UUID] | None:
    """Return (type, uuid) of a global id, or None for anything that is none."""
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        return None
    kind, separator, rest = text.partition("_")
    if not separator or len(rest) != 36:
        return None
    try:
        id_ = UUID(rest)
    except ValueError:
        return None
    return (kind, id_) if str(id_) == rest.lower() else None
