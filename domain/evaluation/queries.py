"""What citizens said of each unit in a period, counted in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, select

from domain.feedback.models import Callback, CallbackStatus
from domain.kernel.vocabulary import Satisfaction, UnitGroup
from domain.units.models import Unit

_FROM_VALID = (
    Callback.contacted.is_not(None),
    Callback.resolved.is_not(None),
    Callback.satisfaction.is_not(None),
)


def tallies(group: UnitGroup, begin: ColumnElement[Any], end: ColumnElement[Any]) -> Subquery:
    """One row a unit of the group: `valid`, `contacted`, `resolved`, and a count an answer.

    A callback is valid where the citizen was reached and answered all three questions; it belongs
    to the unit that led the round and to the period [begin, end) in which it was answered. Units
    without any are in the list with zeros; a district counts what it led itself.
    """
    valid = and_(
        Callback.unit_id == Unit.id,
        Callback.status == CallbackStatus.ANSWERED.value,
        Callback.answered_at >= begin,
        Callback.answered_at < end,
        *_FROM_VALID,
    )
    statement = (
        select(
            Unit.id.label("unit_id"),
            Unit.code.label("unit_code"),
            func.count(Callback.id).label("valid"),
            func.count().filter(Callback.contacted.is_(True)).label("contacted"),
            func.count().filter(Callback.resolved.is_(True)).label("resolved"),
            *(
                func.count()
                .filter(Callback.satisfaction == answer.value)
                .label(answer.value.lower())
                for answer in Satisfaction
            ),
        )
        .select_from(Unit)
        .outerjoin(Callback, valid)
        .where(Unit.level == group.value)
        .group_by(Unit.id, Unit.code)
    )
    return statement.subquery()
