"""三率: response, resolution and satisfaction rate, the composite, and the ranking. Pure and exact.

One formula (rules: Callback and evaluation, P): the denominator of all three rates is the number of
valid callbacks. The weights are the city profile's. Totals are pooled by adding tallies; rates are
never averaged. A unit without a valid callback has no rate, which is not the same as zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from domain.feedback.calling import Answers
from domain.kernel.profile import Profile

_Score = TypeVar("_Score", Fraction, Decimal)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of valid callbacks; `satisfied_weighted` is the sum of their satisfaction weights.

    Raises ValueError for counts that cannot be.
    """

    valid: int = 0
    contacted: int = 0
    resolved: int = 0
    satisfied_weighted: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        parts = (self.contacted, self.resolved, self.satisfied_weighted)
        if self.valid < 0 or not all(0 <= part <= self.valid for part in parts):
            raise ValueError("no part of a tally can be negative or more than its valid callbacks")

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.valid + other.valid,
            self.contacted + other.contacted,
            self.resolved + other.resolved,
            self.satisfied_weighted + other.satisfied_weighted,
        )

    @classmethod
    def of(cls, profile: Profile, callbacks: Iterable[Answers]) -> Tally:
        """Count the valid ones among the callbacks; the others leave no trace."""
        weights = profile.evaluation.satisfied
        counted = (
            cls(1, bool(answers.contacted), bool(answers.resolved), weights[answers.satisfaction])
            for answers in callbacks
            if answers.valid and answers.satisfaction is not None
        )
        return sum(counted, cls())


@dataclass(frozen=True, slots=True)
class Rates:
    """The three rates as exact fractions of 1 and the composite as one of 100; None = no score."""

    response: Fraction | None
    resolution: Fraction | None
    satisfaction: Fraction | None
    composite: Fraction | None


NO_SCORE = Rates(None, None, None, None)


def rates(tally: Tally, profile: Profile) -> Rates:
    """Return the rates of a tally; all None where it has no valid callback."""
    if tally.valid == 0:
        return NO_SCORE
    weights = profile.evaluation.composite
    response = Fraction(tally.contacted, tally.valid)
    resolution = Fraction(tally.resolved, tally.valid)
    satisfaction = Fraction(tally.satisfied_weighted) / tally.valid
    composite = 100 * (
        Fraction(weights.response) * response
        + Fraction(weights.resolution) * resolution
        + Fraction(weights.satisfaction) * satisfaction
    )
    return Rates(response, resolution, satisfaction, composite)


def shown(value: Fraction, profile: Profile) -> Decimal:
    """Return a composite as it is published: rounded half up to the profile's decimals."""
    scaled = value * 10**profile.evaluation.decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole).scaleb(-profile.evaluation.decimals)


def rank(composites: Sequence[_Score | None]) -> list[int | None]:
    """Return the rank of each composite, 1 for the highest; None has no rank.

    Equal composites share a rank and the next one is skipped (1, 2, 2, 4). Pass what is published
    (`shown`), so that two units with the same figure never stand on different ranks.
    """
    scored = sorted((value for value in composites if value is not None), reverse=True)
    places: dict[_Score, int] = {}
    for place, value in enumerate(scored, start=1):
        places.setdefault(value, place)
    return [None if value is None else places[value] for value in composites]
