"""Scores: 三率 of every unit of a group in a month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import DateTime, FromClause, literal

from domain.evaluation.period import month_of, window
from domain.evaluation.queries import tallies
from domain.evaluation.scores import Score, scores
from domain.kernel.vocabulary import Satisfaction
from domain.kernel.vocabulary import UnitGroup as Group
from schema.access import allowed
from schema.enums import UnitGroup
from schema.errors import PublicError
from schema.reading.declare import (
    Arguments,
    Computed,
    One,
    Reader,
    Rows,
    column,
    everyone,
    read,
    reading,
    reads,
)
from schema.tickets.lists import aware
from schema.units.types import Unit

_COUNTS = ("valid", "contacted", "resolved", *(answer.value.lower() for answer in Satisfaction))


def _figure(name: str) -> Computed:
    """One figure of the score, computed for the whole group, because the rank needs all."""

    def compute(rows: Sequence[dict[str, Any]], reader: Reader) -> list[Any]:
        found: list[Score] = scores(reader.rules.profile, rows)
        return [getattr(score, name) for score in found]

    return Computed({count: _count(count) for count in _COUNTS}, compute)


def _count(name: str) -> Any:
    return lambda row: row.c[name]


@reads(lambda _role: tallies(Group.STREET, literal(None), literal(None)), everyone)
@strawberry.type(description="How citizens judged one unit in one month (三率).")
class UnitScore:
    unit: Unit = read(
        One(lambda: Unit, on=lambda row, unit: unit.c.id == row.c.unit_id),
        description="The unit (单位).",
    )
    rank: int | None = read(
        _figure("rank"), description="Among its group by composite; null without a score (排名)."
    )
    valid: int = column(description="Valid callbacks: all three questions answered (有效回访数).")
    contacted: int = column(description="Of them: the unit contacted the citizen (响应数).")
    resolved: int = column(description="Of them: solved (解决数).")
    response_rate: float | None = read(
        _figure("response"), description="contacted / valid, 0 to 1; null without any (响应率)."
    )
    resolution_rate: float | None = read(
        _figure("resolution"), description="resolved / valid, 0 to 1 (解决率)."
    )
    satisfaction_rate: float | None = read(
        _figure("satisfaction"), description="Weighted satisfied / valid, 0 to 1 (满意率)."
    )
    composite: float | None = read(
        _figure("composite"), description="Weighted sum of the rates, 0 to 100 (综合得分)."
    )
    bonus: float = column(
        lambda _row: literal(0), description="Bonus points; none are granted yet (加分)."
    )


def _source(arguments: Arguments) -> FromClause:
    group = arguments.choice("group")
    moment = DateTime(timezone=True)
    begin = arguments.bind_with_rules(month_bound(0), "month", type_=moment)
    end = arguments.bind_with_rules(month_bound(1), "month", type_=moment)
    return tallies(Group(group.value), begin, end)


def month_bound(number: int) -> Any:
    """What turns a month into the begin (0) or end (1) of its window, by the city's rules."""

    def of(month: str, rules: Any) -> datetime:
        try:
            return window(rules.profile, month)[number]
        except ValueError:
            raise PublicError("month must be such as 2026-11", "INVALID_MONTH") from None

    return of


@strawberry.type
class EvaluationQueries:
    @reading(
        Rows(lambda: UnitScore, source=_source, order=lambda row: [row.c.unit_code]),
        description="The scores of a group's units in a month, by unit code; for staff (考评).",
    )
    def scores(
        self,
        month: Annotated[
            str, strawberry.argument(description="Such as `2026-11`; the city's own window (月份).")
        ],
        group: Annotated[UnitGroup, strawberry.argument(description="Which group (分组).")],
    ) -> list[UnitScore]: ...

    @strawberry.field(description="The month whose window a moment belongs to; for staff (考评月).")
    def scoring_month(
        self,
        info: strawberry.Info,
        at: Annotated[
            datetime | None, strawberry.argument(description="Which moment; now by default (时间).")
        ] = None,
    ) -> str | None:
        reader: Reader = info.context.reader
        if not allowed(reader.actor.role, "Query", "scoringMonth"):
            return None
        try:
            return month_of(reader.rules.profile, reader.now if at is None else aware(at))
        except (OverflowError, ValueError):
            raise PublicError("the moment is out of the calendar", "INVALID_MOMENT") from None
