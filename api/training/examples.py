"""What a model learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Example(NamedTuple):
    """A complaint and its category."""

    title: str
    content: str
    category: str


class TooFewExamples(ValueError):
    """There is nothing to learn from."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is made; the defaults serve a city's own complaints.

    A run must stand in `fewest` texts to be learnt from. `cost` is the C of the machine. Of a
    run's weights those count that reach `share` of the greatest weight there is. `sharpness` is
    learnt where it is not given.
    """

    fewest: int = 3
    cost: float = 2.0
    share: float = 0.01
    sharpness: float | None = None


OWN_RECIPE = Recipe()  # of a city's own complaints
SAMPLE_NAME = "jiesu-sample"  # what the shipped model is called, and how it is made
SAMPLE_RECIPE = Recipe(fewest=2, cost=4.0, share=0.05, sharpness=12.0)
