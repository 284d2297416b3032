"""The base of all tables, with names that migrations can rely on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """Base of every mapped row. Times are `timestamptz`, text is `text`, documents are `jsonb`."""

    twice_is_once: ClassVar[bool] = False
    """Whether a record that is there already is not written again (`UnitOfWork.record`)."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
        UUID: PG_UUID(as_uuid=True),
        dict[str, Any]: JSONB(),
    }


def one_of(column: str, members: type[StrEnum]) -> CheckConstraint:
    """A check that `column` holds a member of the enum: the database refuses what Python would."""
    values = ", ".join(f"'{member.value}'" for member in members)
    return CheckConstraint(f"{column} in ({values})", name=f"{column}_known")
