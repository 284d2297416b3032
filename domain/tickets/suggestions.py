"""并单提示: which open tickets a ticket may be a repeat of, in one statement and by indexes.

Candidates come from four short lists, each from an index of its own: what the same citizen asked
for, what is called alike, what the same unit has in hand, and what is near. They are scored by what
they have in common (N: repeats of the same person and matter; the weights are this project's).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Select,
    Subquery,
    Text,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    union,
)

from domain.kernel.aliases import alias_of
from domain.kernel.visibility import present
from domain.tickets.models import Ticket
from domain.tickets.policy import protected
from domain.tickets.recusals import not_recused
from domain.tickets.workflow import STEPS, Step

MOST = 5
_LOOKED_AT = 100  # in each list, the newest first
_ALIKE, _CITIZEN, _CATEGORY, _PLACE = 0.5, 0.2, 0.1, 0.2
_LEAST_ALIKE = 0.2
_METRES_A_DEGREE = 111_320.0
_OPEN = sorted(status.value for status in STEPS[Step.GAIN_FOLLOWER].sources)
_Condition = Callable[[FromClause], Sequence[ColumnElement[bool]]]


def suggestions(
    ticket_id: ColumnElement[Any], window: ColumnElement[Any], metres: ColumnElement[Any]
) -> Subquery:
    """At most five rows: `ticket_id`, `score` (0 to 1), and what speaks for each: `alike` (0 to 1),
    `same_citizen`, `same_category`, `near` (true or false). The best first by `score`.

    `window` is how long before now a candidate may have come in, an interval. Nothing for a ticket
    that does not exist, or that the actor was taken off.
    """
    own = alias_of(Ticket, "own")
    other = alias_of(Ticket, "other")
    lists = [_list(own, condition, window) for condition in _conditions(own, metres)]
    candidate = union(*lists).lateral("candidate")
    alike: ColumnElement[float] = func.similarity(_words(own), _words(other), type_=Double())
    same_citizen = func.coalesce(own.c.citizen_id == other.c.citizen_id, literal_column("false"))
    same_category = func.coalesce(
        own.c.category_code == other.c.category_code, literal_column("false")
    )
    near = func.coalesce(
        or_(_distance(own, other) <= metres, own.c.address == other.c.address),
        literal_column("false"),
    )
    found = (
        select(
            other.c.id.label("ticket_id"),
            alike.label("alike"),
            same_citizen.label("same_citizen"),
            same_category.label("same_category"),
            near.label("near"),
            _score(alike, same_citizen, same_category, near).label("score"),
        )
        .select_from(own)
        .join(candidate, literal_column("true"))
        .join(other, other.c.id == candidate.c.id)
        .where(
            own.c.id == ticket_id,
            not_recused(own.c.id),
            not_recused(other.c.id),
            own.c.part_of_id.is_(None),
            other.c.part_of_id.is_(None),
            _shut(own).is_not_distinct_from(_shut(other)),
            or_(alike >= _number(_LEAST_ALIKE), and_(same_citizen, or_(same_category, near))),
        )
        .order_by(literal_column("score").desc(), other.c.id)
        .limit(literal_column(str(MOST)))
    )
    return found.subquery()


def _conditions(own: FromClause, metres: ColumnElement[Any]) -> list[_Condition]:
    reach = metres / _number(_METRES_A_DEGREE)
    return [
        lambda other: [other.c.citizen_id == own.c.citizen_id],
        lambda other: [other.c.title.op("%", is_comparison=True)(own.c.title)],
        lambda other: [other.c.lead_unit_id == own.c.lead_unit_id],
        lambda other: [
            other.c.latitude.is_not(None),
            other.c.latitude.between(own.c.latitude - reach, own.c.latitude + reach),
        ],
    ]


def _list(own: FromClause, condition: _Condition, window: ColumnElement[Any]) -> Select[Any]:
    other = alias_of(Ticket)
    newest = (
        select(other.c.id)
        .where(
            *condition(other),
            other.c.id != own.c.id,
            other.c.status.in_([literal_column(f"'{status}'", Text()) for status in _OPEN]),
            other.c.submitted_at >= present() - window,
        )
        .order_by(other.c.id.desc())
        .limit(literal_column(str(_LOOKED_AT)))
        .correlate(own)
        .lateral()
    )
    return select(newest.c.id)


def _words(ticket: FromClause) -> ColumnElement[str]:
    return ticket.c.title.concat(literal_column("' '", Text())).concat(ticket.c.content)


def _shut(ticket: FromClause) -> ColumnElement[Any]:
    """`Ticket.shut_unit_id` in SQL."""
    return case((protected(ticket), ticket.c.accused_unit_id))


def _distance(own: FromClause, other: FromClause) -> ColumnElement[float]:
    """Metres between two places; exact enough for a few kilometres."""
    north = other.c.latitude - own.c.latitude
    east = (other.c.longitude - own.c.longitude) * func.cos(func.radians(own.c.latitude))
    degrees: ColumnElement[float] = func.sqrt(north * north + east * east, type_=Double())
    return degrees * _number(_METRES_A_DEGREE)


def _score(alike: ColumnElement[float], *holds: ColumnElement[bool]) -> ColumnElement[float]:
    total: ColumnElement[float] = alike * _number(_ALIKE)
    for condition, weight in zip(holds, (_CITIZEN, _CATEGORY, _PLACE), strict=True):
        total = total + case((condition, _number(weight)), else_=_number(0))
    return total


def _number(value: float) -> ColumnElement[float]:
    return literal_column(f"{value}::double precision", Double())
