"""Emergency line (应急专线) as it is read."""

from __future__ import annotations

from datetime import datetime

import strawberry
from sqlalchemy import ColumnElement, FromClause, func, select

from domain.kernel.aliases import alias_of
from domain.tickets.lines import EmergencyLine as LineRow
from domain.tickets.lines import visible_to
from domain.tickets.models import Ticket as TicketRow
from schema.enums import ResponseLevel
from schema.node import Node, identifier
from schema.reading.declare import column, reads


def _taken(line: FromClause) -> ColumnElement[int]:
    ticket = alias_of(TicketRow)
    return (
        select(func.count())
        .select_from(ticket)
        .where(ticket.c.line_id == line.c.id)
        .scalar_subquery()
    )


@reads(LineRow, visible_to, node=True)
@strawberry.type(
    description="A named intake queue for an emergency: what it takes goes first (应急专线)."
)
class EmergencyLine(Node):
    id: strawberry.ID = identifier("EmergencyLine")
    code: str = column(description="Unique among the open lines (编码).")
    name: str = column(description="Its name (名称).")
    categories: list[str] = column(
        description="Category codes that it takes, with all below them; empty: any (诉求分类)."
    )
    areas: list[str] = column(
        description="Codes of the units whose places it covers; empty: the whole city (区域)."
    )
    keywords: list[str] = column(
        description="Words of which one must stand in title or content; empty: any (关键词)."
    )
    level: ResponseLevel = column(description="The least urgent level on it (响应等级).")
    reason: str = column(description="Why it was opened (开设事由).")
    opened_by: str = column(description="Who opened it (开设人).")
    opened_at: datetime = column(description="Since when (开设时间).")
    closes_at: datetime | None = column(
        description="When it closes by itself; null: when it is closed by hand (计划关闭时间)."
    )
    closed_at: datetime | None = column(description="When it closed; null while open (关闭时间).")
    closed_by: str | None = column(description="Who closed it; null while open (关闭人).")
    closing_remark: str | None = column(description="What was said at its closing (关闭说明).")
    taken: int = column(_taken, description="How many tickets it has taken so far (受理量).")
    version: int = column(description="Rises with every change; see `expectedVersion` (版本).")
