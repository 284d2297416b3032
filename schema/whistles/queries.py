"""The queues of whistles, and how units report in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, DateTime, FromClause, Text, exists, select

from domain.kernel.aliases import alias_of
from domain.units.models import Unit as UnitRow
from domain.whistles.figures import figures
from domain.whistles.models import ReportIn as ReportInRow
from schema.reading.connection import Connection
from schema.reading.declare import (
    Arguments,
    One,
    Order,
    Pages,
    Rows,
    column,
    everyone,
    read,
    reading,
    reads,
)
from schema.reading.paging import After, First
from schema.tickets.lists import aware
from schema.units.types import Unit
from schema.whistles.types import Whistle, is_open


@strawberry.input(description="Which whistles; what is left out does not narrow (哨声筛选).")
class WhistleFilter:
    caller_code: str | None = strawberry.field(
        default=None, description="Blown by the unit of this code (吹哨单位编码)."
    )
    called_code: str | None = strawberry.field(
        default=None, description="Calls the unit of this code (被呼叫单位编码)."
    )
    awaited: bool | None = strawberry.field(
        default=None,
        description="Whether a called unit has not reported in; with `calledCode`, whether that "
        "one has not (是否待报到).",
    )
    open: bool | None = strawberry.field(
        default=None, description="Whether it is still open (是否有效)."
    )


def _conditions(whistle: FromClause, a: Arguments) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if a.has("filter", "callerCode"):
        conditions.append(whistle.c.unit_id == _unit(a, "callerCode"))
    if a.has("filter", "open"):
        state = is_open(whistle)
        conditions.append(state if a.choice("filter", "open") else ~state)
    called = [] if not a.has("filter", "calledCode") else [_unit(a, "calledCode")]
    if called and not a.has("filter", "awaited"):
        conditions.append(_has_report(whistle, *called))
    if a.has("filter", "awaited"):
        awaited = _has_report(whistle, *called, awaited=True)
        if a.choice("filter", "awaited"):
            conditions.append(awaited)
        else:
            conditions += [~awaited, _has_report(whistle, *called)]
    return conditions


def _unit(a: Arguments, name: str) -> ColumnElement[object]:
    unit = alias_of(UnitRow)
    code = a.bind("filter", name, type_=Text())
    return select(unit.c.id).where(unit.c.code == code).scalar_subquery()


def _has_report(
    whistle: FromClause, *unit: ColumnElement[object], awaited: bool = False
) -> ColumnElement[bool]:
    report = alias_of(ReportInRow)
    wanted = [report.c.whistle_id == whistle.c.id, *(report.c.unit_id == each for each in unit)]
    if awaited:
        wanted.append(report.c.reported_at.is_(None))
    return exists(select(1).where(*wanted))


@reads(lambda _role: figures(None, None), everyone)
@strawberry.type(description="How one unit reported in when it was called (报到统计).")
class ReportInFigures:
    unit: Unit = read(
        One(lambda: Unit, on=lambda row, unit: unit.c.id == row.c.unit_id),
        description="The called unit (被呼叫单位).",
    )
    called: int = column(description="How often it was called (被呼叫次数).")
    on_time: int = column(
        description="Of them: reported in on time, and not denied by the caller (按时报到数)."
    )
    late: int = column(description="Of them: not reported in on time (超期报到数).")
    denied: int = column(description="Of them: the caller says that nobody came (街道否认数).")
    mean_rating: float | None = column(
        description="Mean of the callers' ratings, 1 to 5; null without any (平均评分)."
    )


def _source(a: Arguments) -> FromClause:
    moment = DateTime(timezone=True)
    return figures(
        a.bind_with(aware, "from", type_=moment), a.bind_with(aware, "before", type_=moment)
    )


@strawberry.type
class WhistleQueries:
    @reading(
        Pages(
            lambda: Whistle,
            orders=Order("WHISTLED", lambda whistle: [whistle.c.id], descending=True),
            where=_conditions,
        ),
        description="The whistles that you may see, newest first; for staff (哨声列表).",
    )
    def whistles(
        self,
        filter: Annotated[  # noqa: A002
            WhistleFilter | None, strawberry.argument(description="Which of them (筛选).")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Whistle]: ...

    @reading(
        Rows(lambda: ReportInFigures, source=_source, order=lambda row: [row.c.unit_code]),
        description="How the units that were called in a time reported in; for staff (报到统计).",
    )
    def report_in_figures(
        self,
        from_: Annotated[
            datetime, strawberry.argument(name="from", description="Called at or after (起).")
        ],
        before: Annotated[datetime, strawberry.argument(description="Called before (止).")],
    ) -> list[ReportInFigures]: ...
