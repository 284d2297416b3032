"""Root reads of units."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import ARRAY, ColumnElement, FromClause, Text, any_, func, select

from domain.kernel.aliases import alias_of
from domain.units.models import Unit as UnitRow
from schema.enums import UnitLevel
from schema.errors import PublicError
from schema.reading.connection import Connection
from schema.reading.declare import Arguments, Order, Pages, Row, reading
from schema.reading.paging import After, First
from schema.units.types import Unit

_LONGEST_PART = 50


@strawberry.input(description="Which units; what is left out does not narrow (单位筛选).")
class UnitFilter:
    level: list[UnitLevel] | None = strawberry.field(default=None, description="Levels (层级).")
    parent_code: str | None = strawberry.field(
        default=None, description="Directly below the unit of this code (上级编码)."
    )
    name: str | None = strawberry.field(
        default=None, description="The name contains this; 1 to 50 characters (名称包含)."
    )
    active: bool | None = strawberry.field(
        default=None, description="In use or retired; both by default (是否在用)."
    )


def _conditions(unit: FromClause, a: Arguments) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if a.has("filter", "level"):
        conditions.append(unit.c.level == any_(a.bind("filter", "level", type_=ARRAY(Text()))))
    if a.has("filter", "parentCode"):
        above = alias_of(UnitRow)
        code = a.bind("filter", "parentCode", type_=Text())
        parent = select(above.c.id).where(above.c.code == code).scalar_subquery()
        conditions.append(unit.c.parent_id == parent)
    if a.has("filter", "name"):
        part = a.bind_with(_part_of_name, "filter", "name", type_=Text())
        conditions.append(unit.c.name.like(func.concat("%", part, "%")))
    if a.has("filter", "active"):
        retired = unit.c.retired_at
        active = a.choice("filter", "active")
        conditions.append(retired.is_(None) if active else retired.is_not(None))
    return conditions


def _part_of_name(part: str) -> str:
    """What LIKE shall find, taken word for word. Raises PublicError for none or too much of it."""
    if not 1 <= len(part) <= _LONGEST_PART:
        raise PublicError(f"name must have 1 to {_LONGEST_PART} characters", "INVALID_NAME")
    return part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@strawberry.type
class UnitQueries:
    @reading(
        Row(
            lambda: Unit,
            where=lambda unit, a: [unit.c.code == a.bind("code", type_=Text())],
        ),
        description="A unit by its code, or null (单位).",
    )
    def unit(
        self, code: Annotated[str, strawberry.argument(description="Its code (编码).")]
    ) -> Unit | None: ...

    @reading(
        Pages(
            lambda: Unit,
            orders=Order("CODE", lambda unit: [unit.c.code]),
            where=_conditions,
        ),
        description="Units by code (单位列表).",
    )
    def units(
        self,
        filter: Annotated[  # noqa: A002
            UnitFilter | None, strawberry.argument(description="Which of them (筛选).")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Unit]: ...
