"""From counts to a unit's score, for a whole group at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from domain.evaluation.rates import Tally, rank, rates, shown
from domain.kernel.profile import Profile
from domain.kernel.vocabulary import Satisfaction


@dataclass(frozen=True, slots=True)
class Score:
    """三率 of one unit in one month: rates of 1, the composite of 100; None is no score."""

    response: float | None
    resolution: float | None
    satisfaction: float | None
    composite: float | None
    rank: int | None


def tally_of(profile: Profile, counts: Mapping[str, int]) -> Tally:
    """The tally of one row of `queries.tallies`."""
    weights = profile.evaluation.satisfied
    weighted = sum(
        (weights[answer] * counts[answer.value.lower()] for answer in Satisfaction), Decimal(0)
    )
    return Tally(counts["valid"], counts["contacted"], counts["resolved"], weighted)


def scores(profile: Profile, group: Sequence[Mapping[str, int]]) -> list[Score]:
    """The scores of all units of a group, in the order given; ranked by what is published."""
    figures = [rates(tally_of(profile, counts), profile) for counts in group]
    published = [
        None if figure.composite is None else shown(figure.composite, profile) for figure in figures
    ]
    return [
        Score(
            response=_share(figure.response),
            resolution=_share(figure.resolution),
            satisfaction=_share(figure.satisfaction),
            composite=None if composite is None else float(composite),
            rank=place,
        )
        for figure, composite, place in zip(figures, published, rank(published), strict=True)
    ]


def _share(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), 6)
