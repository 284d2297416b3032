"""The queues of who decides, and the working calendar."""

from __future__ import annotations

import datetime
from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, FromClause, literal_column

from domain.dispatch import calendars
from domain.kernel.vocabulary import ExtensionStatus
from schema.access import allowed
from schema.clocks.types import Extension, Suspension
from schema.context import Context
from schema.errors import PublicError
from schema.reading.connection import Connection
from schema.reading.declare import Arguments, Order, Pages, reading
from schema.reading.paging import After, First

_YEARS = range(2000, 2101)


@strawberry.type(description="A day that differs from the week (日期安排).")
class CalendarDay:
    date: datetime.date = strawberry.field(description="The local day (日期).")
    is_workday: bool = strawberry.field(description="Whether it is worked (是否上班).")
    name: str = strawberry.field(description="The holiday it belongs to (节日名称).")
    declared: bool = strawberry.field(
        description="Declared here, later than the data files (是否后来公布)."
    )


@strawberry.type(description="A year's holidays and make-up workdays (工作日历).")
class WorkingCalendar:
    year: int = strawberry.field(description="The year (年份).")
    published: bool = strawberry.field(
        description="Whether its arrangement is known; else Monday to Friday count (是否公布)."
    )
    days: list[CalendarDay] = strawberry.field(description="In order (日期).")


@strawberry.type(description="A year whose holidays should be known by now (日历提醒).")
class CalendarWarning:
    year: int = strawberry.field(description="The year (年份).")
    message: str = strawberry.field(description="What to do, in Chinese (提醒).")


def _with_status(extension: FromClause, arguments: Arguments) -> list[ColumnElement[bool]]:
    wanted = arguments.choice("status")
    if wanted is None:
        return []
    word = ExtensionStatus(getattr(wanted, "value", wanted)).value
    return [extension.c.status == literal_column(f"'{word}'")]


def _open(suspension: FromClause, _arguments: Arguments) -> list[ColumnElement[bool]]:
    return [suspension.c.ended_at.is_(None)]


@strawberry.type
class ClockQueries:
    @reading(
        Pages(
            lambda: Extension,
            orders=Order("REQUESTED", lambda extension: [extension.c.id]),
            where=_with_status,
        ),
        description="Requests for more time, oldest first; for staff (延期申请).",
    )
    def extensions(
        self,
        status: Annotated[
            ExtensionStatus | None, strawberry.argument(description="In this state only (状态).")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Extension]: ...

    @reading(
        Pages(
            lambda: Suspension,
            orders=Order("REVIEW", lambda row: [row.c.review_on, row.c.id]),
            where=_open,
        ),
        description="Suspensions that last, the next review first; for staff (挂账台账).",
    )
    def suspensions(
        self,
        first: First = None,
        after: After = None,
    ) -> Connection[Suspension]: ...

    @strawberry.field(description="A year's holidays and make-up workdays; for staff (工作日历).")
    async def calendar(
        self,
        info: strawberry.Info,
        year: Annotated[int, strawberry.argument(description="2000 to 2100 (年份).")],
    ) -> WorkingCalendar | None:
        context: Context = info.context
        if not allowed(context.actor.role, "Query", "calendar"):
            return None
        if year not in _YEARS:
            raise PublicError("year must be 2000 to 2100", "INVALID_YEAR")
        services = context.services
        async with services.database.unit_of_work(context.actor) as work:
            found = await calendars.year_of(work, services.city.rules, year)
        days = [
            CalendarDay(date=at, is_workday=is_workday, name=name, declared=declared)
            for at, is_workday, name, declared in found.days
        ]
        return WorkingCalendar(year=year, published=found.published, days=days)

    @strawberry.field(description="Years whose holidays are missing; for the admin (日历提醒).")
    async def calendar_warnings(self, info: strawberry.Info) -> list[CalendarWarning]:
        context: Context = info.context
        if not allowed(context.actor.role, "Query", "calendarWarnings"):
            return []
        services = context.services
        async with services.database.unit_of_work(context.actor) as work:
            rules = await calendars.rules_now(work, services.city.rules)
            today = work.now.astimezone(rules.zone).date()
        return [
            CalendarWarning(year=year, message=calendars.warning_of(year))
            for year in calendars.unpublished_years(rules.calendar, today)
        ]
