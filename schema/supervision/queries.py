"""The supervisors' desk: the orders, and their figures."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Text,
    any_,
    exists,
    select,
)

from domain.kernel.aliases import alias_of
from domain.supervision.figures import figures
from domain.units.models import Unit
from schema.evaluation.queries import month_bound
from schema.reading.connection import Connection
from schema.reading.declare import Arguments, Order, Pages, Rows, reading
from schema.reading.paging import After, First
from schema.supervision.inputs import SupervisionFilter
from schema.supervision.types import SupervisionFigure, SupervisionOrder, is_late


def _conditions(order: FromClause, a: Arguments) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name in ("status", "grade", "trigger"):
        if a.has("filter", name):
            wanted = a.bind("filter", name, type_=ARRAY(Text()))
            conditions.append(order.c[name] == any_(wanted))
    if a.has("filter", "unitCode"):
        unit, top = alias_of(Unit), alias_of(Unit)
        code = a.bind("filter", "unitCode", type_=Text())
        named = select(top.c.id).where(top.c.code == code).scalar_subquery()
        below = select(1).where(unit.c.id == order.c.unit_id, named == any_(unit.c.lineage))
        conditions.append(exists(below))
    if a.has("filter", "overdue"):
        late = is_late(order)
        conditions.append(late if a.choice("filter", "overdue") else ~late)
    return conditions


def _source(a: Arguments) -> FromClause:
    moment = DateTime(timezone=True)
    begin = a.bind_with_rules(month_bound(0), "month", type_=moment)
    end = a.bind_with_rules(month_bound(1), "month", type_=moment)
    return figures(begin, end)


@strawberry.type
class SupervisionQueries:
    @reading(
        Pages(
            lambda: SupervisionOrder,
            orders=Order("OPENED", lambda order: [order.c.id], descending=True),
            where=_conditions,
        ),
        description="The orders that you may see, the newest first; for staff (督办台).",
    )
    def supervisions(
        self,
        filter: Annotated[  # noqa: A002
            SupervisionFilter | None, strawberry.argument(description="Which of them (筛选).")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[SupervisionOrder]: ...

    @reading(
        Rows(
            lambda: SupervisionFigure,
            source=_source,
            order=lambda row: [row.c.unit_id.asc().nulls_first()],
        ),
        description="Open now, and closed in a month: the whole city first; centre (督办统计).",
    )
    def supervision_figures(
        self,
        month: Annotated[
            str, strawberry.argument(description="Such as `2026-11`; the city's own window (月份).")
        ],
    ) -> list[SupervisionFigure]: ...
