"""Whistle (吹哨) and report-in (报到) as they are read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import ColumnElement, FromClause, exists, select

from domain.kernel.aliases import alias_of
from domain.tickets.assignments import Assignment
from domain.tickets.policy import words_of_ticket
from domain.whistles.models import ReportIn as ReportInRow
from domain.whistles.models import Whistle as WhistleRow
from domain.whistles.policy import visible_to
from schema.enums import UnitLevel
from schema.node import Node, identifier
from schema.reading.declare import Many, One, column, read, reads
from schema.units.types import Unit

if TYPE_CHECKING:
    from schema.tickets.types import Ticket


def _ticket() -> type:
    from schema.tickets.types import Ticket

    return Ticket


def is_open(whistle: FromClause) -> ColumnElement[bool]:
    """Not closed, and not ended by giving the ticket out anew."""
    report, part = alias_of(ReportInRow), alias_of(Assignment)
    going_on = exists(
        select(1).where(
            report.c.whistle_id == whistle.c.id,
            part.c.id == report.c.assignment_id,
            part.c.ended_at.is_(None),
        )
    )
    return whistle.c.closed_at.is_(None) & going_on


@reads(ReportInRow, visible_to, node=True)
@strawberry.type(description="One called unit's reporting in (报到).")
class ReportIn(Node):
    id: strawberry.ID = identifier("ReportIn")
    whistle: Annotated[Whistle, strawberry.lazy("schema.whistles.types")] | None = read(
        One(lambda: Whistle, on=lambda report, whistle: whistle.c.id == report.c.whistle_id),
        description="The whistle that called it (哨声).",
    )
    unit: Unit = read(
        One(lambda: Unit, on=lambda report, unit: unit.c.id == report.c.unit_id),
        description="The called unit (被呼叫单位).",
    )
    called_at: datetime = column(description="When it was called (呼叫时间).")
    due_at: datetime = column(description="Until when it must report in (报到时限).")
    reported_at: datetime | None = column(description="When it reported in (报到时间).")
    arrived_at: datetime | None = column(description="When it was there, as it says (到场时间).")
    what: str | None = column(
        words_of_ticket("what"), description="What it does there, as it says (到场工作)."
    )
    late: bool = column(
        lambda report: report.c.late_at.is_not(None),
        description="Not reported in on time (是否超期).",
    )
    escalated_to: UnitLevel | None = column(
        description="The level that its lateness was brought before (提级至)."
    )
    confirmed: bool | None = column(
        description="Whether the caller says that it came; null before its word (街道确认)."
    )
    confirmed_at: datetime | None = column(description="When the caller said so (确认时间).")
    rating: int | None = column(description="The caller's of the unit, 1 to 5 (街道评价).")
    remark: str | None = column(
        words_of_ticket("remark"), description="What the caller said (街道评语)."
    )
    caller_rating: int | None = column(description="The unit's of the caller, 1 to 5 (单位评价).")
    caller_remark: str | None = column(
        words_of_ticket("caller_remark"), description="What the unit said (单位评语)."
    )


@reads(WhistleRow, visible_to, node=True)
@strawberry.type(description="A street or district calls units to a place (吹哨).")
class Whistle(Node):
    id: strawberry.ID = identifier("Whistle")
    ticket: Annotated[Ticket, strawberry.lazy("schema.tickets.types")] | None = read(
        One(_ticket, on=lambda whistle, ticket: ticket.c.id == whistle.c.ticket_id),
        description="The ticket (工单).",
    )
    caller: Unit = read(
        One(lambda: Unit, on=lambda whistle, unit: unit.c.id == whistle.c.unit_id),
        description="The unit that whistled (吹哨单位).",
    )
    round: int = column(description="In which round of the ticket (轮次).")
    purpose: str = column(words_of_ticket("purpose"), description="Why (事由).")
    place: str = column(words_of_ticket("place"), description="Where to (集合地点).")
    at: datetime = column(
        lambda whistle: whistle.c.meet_at, description="When to be there (集合时间)."
    )
    whistled_at: datetime = column(description="When the whistle was blown (吹哨时间).")
    closed_at: datetime | None = column(description="When it was closed (解除时间).")
    close_reason: str | None = column(
        words_of_ticket("close_reason"), description="Why, where not all were confirmed (解除理由)."
    )
    open: bool = column(
        is_open,
        description="False once it was closed, or the ticket was given out anew (是否有效).",
    )
    reports: list[ReportIn] = read(
        Many(
            lambda: ReportIn,
            on=lambda whistle, report: report.c.whistle_id == whistle.c.id,
            order=lambda report: [report.c.id],
        ),
        description="The called units' reporting in (报到).",
    )
