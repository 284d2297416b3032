"""Contest (派单异议), transfer (转派) and bounce (退单流向) as they are read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import literal

from domain.contests.bounces import bounces
from domain.contests.models import Contest as ContestRow
from domain.contests.queries import status_of
from domain.dispatch.models import Transfer as TransferRow
from domain.tickets.policy import for_offices, words_of_ticket
from schema.node import Node, identifier
from schema.reading.declare import One, column, everyone, read, reads
from schema.supervision.enums import (
    ContestRuling,
    ContestStatus,
    TransferCause,
)
from schema.units.types import Unit

if TYPE_CHECKING:
    from schema.tickets.types import Category, Ticket


def _ticket() -> type:
    from schema.tickets.types import Ticket

    return Ticket


def _category() -> type:
    from schema.tickets.types import Category

    return Category


@reads(ContestRow, for_offices, node=True)
@strawberry.type(description="A unit says that a ticket is not its own (派单异议).")
class Contest(Node):
    id: strawberry.ID = identifier("Contest")
    ticket: Annotated[Ticket, strawberry.lazy("schema.tickets.types")] | None = read(
        One(_ticket, on=lambda contest, ticket: ticket.c.id == contest.c.ticket_id),
        description="The ticket (工单).",
    )
    unit: Unit = read(
        One(lambda: Unit, on=lambda contest, unit: unit.c.id == contest.c.unit_id),
        description="The unit that contests (提出单位).",
    )
    round: int = column(description="In which round (轮次).")
    status: ContestStatus = column(status_of, description="Where it stands (状态).")
    ground: str = column(description="A code of `contestGrounds` (理由编码).")
    reason: str = column(words_of_ticket("reason"), description="In words (理由).")
    evidence: str | None = column(
        words_of_ticket("evidence"), description="What speaks for it (依据)."
    )
    suggested: Unit | None = read(
        One(lambda: Unit, on=lambda contest, unit: unit.c.id == contest.c.suggested_unit_id),
        description="The unit that it suggests instead (建议单位).",
    )
    raised_by: str = column(description="Who contested (提出人).")
    raised_at: datetime = column(description="When (提出时间).")
    ruling_due_at: datetime = column(description="By when a ruling is due (应裁定时间).")
    ruling: ContestRuling | None = column(description="What was decided (裁定).")
    ruling_reason: str | None = column(
        words_of_ticket("ruling_reason"), description="Why (裁定理由)."
    )
    ruled_by: str | None = column(description="By whom (裁定人).")
    ruled_at: datetime | None = column(description="When (裁定时间).")
    to: Unit | None = read(
        One(lambda: Unit, on=lambda contest, unit: unit.c.id == contest.c.to_unit_id),
        description="The unit that the ruling gave it to (改派单位).",
    )


@reads(TransferRow, for_offices)
@strawberry.type(description="A ticket went from one lead to another (转派).")
class Transfer:
    from_: Unit = read(
        One(lambda: Unit, on=lambda row, unit: unit.c.id == row.c.from_unit_id),
        description="The unit that it left (原主办单位).",
        name="from",
    )
    to: Unit = read(
        One(lambda: Unit, on=lambda row, unit: unit.c.id == row.c.to_unit_id),
        description="The unit that it went to (新主办单位).",
    )
    cause: TransferCause = column(description="Why (缘由).")
    round: int = column(description="In which round (轮次).")
    at: datetime = column(description="When (时间).")


@reads(lambda _role: bounces(literal(None), literal(None)), everyone)
@strawberry.type(description="How often one unit returned tickets to another (退单流向).")
class Bounce:
    from_: Unit = read(
        One(lambda: Unit, on=lambda row, unit: unit.c.id == row.c.from_unit_id),
        description="The unit that it came from (退出单位).",
        name="from",
    )
    to: Unit | None = read(
        One(lambda: Unit, on=lambda row, unit: unit.c.id == row.c.to_unit_id),
        description="Given to it, or suggested; null where no unit was named (去向单位).",
    )
    category: Annotated[Category, strawberry.lazy("schema.tickets.types")] | None = read(
        One(_category, on=lambda row, category: category.c.code == row.c.category_code),
        description="The tickets' category (分类).",
    )
    count: int = column(description="Contests and transfers by hand together (合计).")
    contested: int = column(description="Contests (异议数).")
    upheld: int = column(description="Of them upheld (成立数).")
    rejected: int = column(description="Of them rejected (不成立数).")
    by_hand: int = column(description="Transfers by the centre's hand (人工改派数).")
