"""`train` for tests: its libraries take two seconds to import, for which only who trains waits."""

from __future__ import annotations

from typing import Any

from domain.classification.model import Model


def train(*given: Any) -> Model:
    """`learning.train`."""
    from api.training.learning import train as learn

    return learn(*given)
