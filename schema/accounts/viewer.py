"""Viewer: who am I?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry
from sqlalchemy import ColumnElement, FromClause, false, func, literal, select

from domain.kernel.actor import Role
from domain.kernel.visibility import actor_citizen_id, actor_role, actor_subject, actor_unit_id
from schema.access import permissions
from schema.accounts.citizen import Citizen
from schema.reading.declare import Computed, One, Reader, Row, column, read, reading, reads
from schema.roles import ViewerRole
from schema.units.types import Unit


def _oneself(_role: Role) -> FromClause:
    return select(literal(1).label("one")).subquery()


def _logged_in(role: Role, _row: FromClause) -> ColumnElement[bool] | None:
    return false() if role is Role.PUBLIC else None


def _permissions(rows: Sequence[dict[str, Any]], reader: Reader) -> list[list[str]]:
    return [permissions(reader.actor.role) for _ in rows]


@reads(_oneself, _logged_in)
@strawberry.type(description="Who asks, as the token says (当前用户).")
class Viewer:
    role: ViewerRole = column(lambda _row: func.upper(actor_role()), description="Role (角色).")
    subject: str = column(lambda _row: actor_subject(), description="The token's `sub` (标识).")
    unit: Unit | None = read(
        One(lambda: Unit, on=lambda _row, unit: unit.c.id == actor_unit_id()),
        description="A handler's unit (所属单位).",
    )
    citizen: Citizen | None = read(
        One(lambda: Citizen, on=lambda _row, citizen: citizen.c.id == actor_citizen_id()),
        description="A citizen's own masked contact (市民).",
    )
    permissions: list[str] = read(
        Computed({}, _permissions), description="The mutations open to this role (权限)."
    )


@strawberry.type
class ViewerQueries:
    @reading(
        Row(lambda: Viewer, where=lambda _row, _arguments: ()),
        description="Who am I? Null without a token (当前用户).",
    )
    def viewer(self) -> Viewer | None: ...
