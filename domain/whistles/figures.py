"""How units report in when they are called, unit by unit (S, B33: both sides are evaluated)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double, Subquery, case, cast, func, select

from domain.kernel.aliases import alias_of
from domain.units.models import Unit
from domain.whistles.models import ReportIn


def figures(begin: Any, end: Any) -> Subquery:
    """The calls of [begin, end) by called unit: unit_id, unit_code, called, on_time, late, denied
    (counts) and mean_rating (1 to 5, null without any). None leaves a bound open.

    A call that the caller denies (nobody came) is not on time, whatever was reported.
    """
    report, unit = alias_of(ReportIn), alias_of(Unit)
    denied = report.c.confirmed.is_(False)
    in_time = report.c.reported_at.is_not(None) & report.c.late_at.is_(None)
    on_time = in_time & report.c.confirmed.is_distinct_from(False)
    statement = (
        select(
            report.c.unit_id,
            unit.c.code.label("unit_code"),
            func.count().label("called"),
            func.count(case((on_time, 1))).label("on_time"),
            func.count(report.c.late_at).label("late"),
            func.count(case((denied, 1))).label("denied"),
            cast(func.avg(report.c.rating), Double).label("mean_rating"),
        )
        .select_from(report.join(unit, unit.c.id == report.c.unit_id))
        .group_by(report.c.unit_id, unit.c.code)
    )
    if begin is not None:
        statement = statement.where(report.c.called_at >= begin)
    if end is not None:
        statement = statement.where(report.c.called_at < end)
    return statement.subquery()
