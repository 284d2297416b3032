"""Membership in a list of ids, as one array parameter.

`IN` writes one parameter for each member, so that every length is another statement to the
database and is parsed and planned anew; `= any(array)` is one statement for all lengths.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import InstrumentedAttribute


def among(column: InstrumentedAttribute[UUID], ids: Iterable[UUID]) -> ColumnElement[bool]:
    """The predicate that `column` is one of `ids`."""
    return column == any_(literal(list(ids), ARRAY(PG_UUID(as_uuid=True))))
