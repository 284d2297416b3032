"""The supervisors' figures: orders by district, counted in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Float, Subquery, and_, cast, extract, func, select, tuple_

from domain.kernel.visibility import present
from domain.kernel.vocabulary import SupervisionGrade
from domain.supervision.models import SupervisionOrder, SupervisionStatus
from domain.units.models import Unit

_DAY = 86_400


def figures(begin: ColumnElement[Any], end: ColumnElement[Any]) -> Subquery:
    """One row a district (or department or enterprise directly below the city) with orders, and one
    of the whole city, whose `unit_id` is null.

    `open` and a count a grade are of now; `overdue` of those: the report is due and not there.
    `closed` are those closed in [begin, end), `mean_days` from opening to closing of them,
    to two decimals.
    """
    order = SupervisionOrder
    top = func.coalesce(Unit.lineage[2], Unit.lineage[1])
    is_open = order.closed_at.is_(None)
    late = and_(order.status == SupervisionStatus.OPEN.value, order.deadline <= present())
    closed = and_(order.closed_at >= begin, order.closed_at < end)
    days = extract("epoch", order.closed_at - order.opened_at) / _DAY
    return (
        select(
            top.label("unit_id"),
            func.count().filter(is_open).label("open"),
            *(
                func.count().filter(is_open, order.grade == grade.value).label(grade.value.lower())
                for grade in SupervisionGrade
            ),
            func.count().filter(late).label("overdue"),
            func.count().filter(closed).label("closed"),
            cast(func.round(func.avg(days).filter(closed), 2), Float).label("mean_days"),
        )
        .select_from(order)
        .join(Unit, Unit.id == order.unit_id)
        .where(is_open | closed)
        .group_by(func.grouping_sets(tuple_(top), tuple_()))
        .subquery()
    )
