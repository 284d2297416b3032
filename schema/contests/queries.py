"""Reads of contests: the queue, the grounds, who returns what to whom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import ARRAY, ColumnElement, DateTime, FromClause, Text, any_, literal, select

from domain.contests.bounces import bounces
from domain.contests.queries import status_of
from domain.kernel.aliases import alias_of
from domain.units.models import Unit
from schema.contests.inputs import ContestFilter
from schema.contests.types import Bounce, Contest
from schema.evaluation.queries import month_bound
from schema.reading.connection import Connection
from schema.reading.declare import Arguments, Order, Pages, Rows, reading
from schema.reading.paging import After, First
from schema.tickets.lists import aware

_MOMENT = DateTime(timezone=True)
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@strawberry.type(description="A ground on which a unit may contest a dispatch (异议理由).")
class ContestGround:
    code: str = strawberry.field(description="For `contestDispatch` (编码).")
    label: str = strawberry.field(description="In Chinese (名称).")
    english: str = strawberry.field(description="In English (英文).")
    source: str = strawberry.field(description="Where it comes from (出处).")


def _conditions(contest: FromClause, a: Arguments) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if a.has("filter", "status"):
        wanted = a.bind("filter", "status", type_=ARRAY(Text()))
        conditions.append(status_of(contest) == any_(wanted))
    if a.has("filter", "unitCode"):
        unit = alias_of(Unit)
        code = a.bind("filter", "unitCode", type_=Text())
        named = select(unit.c.id).where(unit.c.code == code).scalar_subquery()
        conditions.append(contest.c.unit_id == named)
    if a.has("filter", "ground"):
        conditions.append(contest.c.ground == a.bind("filter", "ground", type_=Text()))
    if a.has("filter", "raisedFrom"):
        begin = a.bind_with(aware, "filter", "raisedFrom", type_=_MOMENT)
        conditions.append(contest.c.raised_at >= begin)
    if a.has("filter", "raisedBefore"):
        end = a.bind_with(aware, "filter", "raisedBefore", type_=_MOMENT)
        conditions.append(contest.c.raised_at < end)
    return conditions


def _source(a: Arguments) -> FromClause:
    """`month` where it is given, else from `from` on and before `before`."""
    begin: ColumnElement[Any] = literal(_FIRST, _MOMENT)
    end: ColumnElement[Any] = literal(_LAST, _MOMENT)
    if a.has("month"):
        begin = a.bind_with_rules(month_bound(0), "month", type_=_MOMENT)
        end = a.bind_with_rules(month_bound(1), "month", type_=_MOMENT)
    else:
        if a.has("from"):
            begin = a.bind_with(aware, "from", type_=_MOMENT)
        if a.has("before"):
            end = a.bind_with(aware, "before", type_=_MOMENT)
    return bounces(begin, end)


@strawberry.type
class ContestQueries:
    @strawberry.field(description="The grounds on which a dispatch is contested (异议理由).")
    def contest_grounds(self, info: strawberry.Info) -> list[ContestGround]:
        grounds = info.context.services.city.rules.profile.contest_grounds
        return [
            ContestGround(
                code=ground.code, label=ground.label, english=ground.english, source=ground.source
            )
            for ground in grounds
        ]

    @reading(
        Pages(
            lambda: Contest,
            orders=Order("RAISED", lambda contest: [contest.c.id]),
            where=_conditions,
        ),
        description="Contests that you may see, the oldest first; for staff (异议队列).",
    )
    def contests(
        self,
        filter: Annotated[  # noqa: A002
            ContestFilter | None, strawberry.argument(description="Which of them (筛选).")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Contest]: ...

    @reading(
        Rows(
            lambda: Bounce,
            source=_source,
            order=lambda row: [
                row.c.count.desc(),
                row.c.from_unit_id,
                row.c.to_unit_id,
                row.c.category_code,
            ],
        ),
        description="Who returns what to whom, the most frequent first; for staff (退单流向).",
    )
    def bounces(
        self,
        month: Annotated[
            str | None,
            strawberry.argument(description="Such as `2026-11`; the city's own window (月份)."),
        ] = None,
        from_: Annotated[
            datetime | None,
            strawberry.argument(name="from", description="Without `month`: since then (起)."),
        ] = None,
        before: Annotated[
            datetime | None, strawberry.argument(description="Without `month`: until then (止).")
        ] = None,
    ) -> list[Bounce]: ...
