"""Unit (承办单位) as it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import ColumnElement, FromClause

from domain.units.models import Unit as UnitRow
from schema.enums import UnitLevel
from schema.node import Node, identifier
from schema.reading.connection import Connection
from schema.reading.declare import Many, One, Pages, column, everyone, read, reading, reads
from schema.reading.paging import After, First
from schema.tickets.lists import newest_first, ticket_conditions

if TYPE_CHECKING:
    from schema.tickets.inputs import TicketFilter
    from schema.tickets.types import Ticket


def _tickets() -> type:
    from schema.tickets.types import Ticket

    return Ticket


def _led_by(unit: FromClause, ticket: FromClause) -> ColumnElement[bool]:
    return ticket.c.lead_unit_id == unit.c.id


@reads(UnitRow, everyone, node=True)
@strawberry.type(
    description="A node of the tree of units, or a department or enterprise (承办单位)."
)
class Unit(Node):
    id: strawberry.ID = identifier("Unit")
    code: str = column(description="Unique; the statistical code where there is one (编码).")
    name: str = column(description="Its name (名称).")
    level: UnitLevel = column(description="Where it stands in the tree (层级).")
    parent: Annotated[Unit, strawberry.lazy("schema.units.types")] | None = read(
        One(lambda: Unit, on=lambda unit, parent: parent.c.id == unit.c.parent_id),
        description="The unit above; null for the city (上级单位).",
    )
    children: list[Annotated[Unit, strawberry.lazy("schema.units.types")]] = read(
        Many(
            lambda: Unit,
            on=lambda unit, child: child.c.parent_id == unit.c.id,
            order=lambda child: [child.c.code],
            limit=500,
        ),
        description="The units directly below, by code; at most 500 (下级单位).",
    )
    population: int | None = column(description="Residents, where known (人口).")
    active: bool = column(
        lambda unit: unit.c.retired_at.is_(None),
        description="False once it was retired (是否在用).",
    )
    duty_phone: str | None = column(description="Its 24-hour contact (值班电话).")
    aliases: list[str] = column(description="Other names that addresses use (别名).")
    version: int = column(description="Rises with every change; see `expectedVersion` (版本).")

    @reading(
        Pages(
            _tickets,
            orders=newest_first,
            on=_led_by,
            where=ticket_conditions,
        ),
        description="The tickets that it leads and you may see, newest first (主办工单).",
    )
    def tickets(
        self,
        filter: Annotated[  # noqa: A002
            Annotated[TicketFilter, strawberry.lazy("schema.tickets.inputs")] | None,
            strawberry.argument(description="Which of them (筛选)."),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Annotated[Ticket, strawberry.lazy("schema.tickets.types")]]: ...
