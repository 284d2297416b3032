"""The unit: a node of the tree 市-区-街乡-社区, or a department or enterprise beside it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table, one_of
from domain.kernel.vocabulary import UnitLevel


class Unit(Table):
    """承办单位.

    `lineage` holds the ids from the root down to the unit itself: the tree is asked for ancestors
    on every dispatch and for descendants on every move, and an array answers both without
    recursion. `units.commands.move_unit` rewrites it for the whole branch; a test rebuilds it.
    """

    __tablename__ = "unit"
    __table_args__ = (
        one_of("level", UnitLevel),
        Index("ix_unit_parent_id_code", "parent_id", "code"),
        Index("ix_unit_level_code", "level", "code"),
        Index("ix_unit_lineage", "lineage", postgresql_using="gin"),
        Index(
            "ix_unit_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    level: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    lineage: Mapped[list[UUID]] = mapped_column(ARRAY(PG_UUID(as_uuid=True)))
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    duties: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    population: Mapped[int | None]
    duty_phone: Mapped[str | None]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    @property
    def active(self) -> bool:
        return self.retired_at is None


class UnitTree(Table):
    """One row: how often the tree changed. Every process that keeps the tree compares it."""

    __tablename__ = "unit_tree"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int]
