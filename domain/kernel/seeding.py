"""What seeding is made of: the rows that are shipped, and the account of what became of them.

Seeding adds what is missing and changes nothing that is there: what an admin renamed or moved is
the installation's own, and stays. Where the two differ, the report says so.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from sqlalchemy import text

from domain.kernel.work import UnitOfWork


async def take_time(work: UnitOfWork) -> None:
    """Let the transaction wait for another that seeds, and write a city, on a slow machine."""
    await work.session.execute(text("set local lock_timeout = '2min'"))
    await work.session.execute(text("set local statement_timeout = '2min'"))


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is held otherwise than it is shipped; it was kept as it is held."""

    code: str
    field: str
    shipped: Any
    held: Any


@dataclass(slots=True)
class Seeded:
    """How many rows were added and kept, by sort, and which of the kept ones differ."""

    added: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def keep(
        self, sort: str, code: str, shipped: Mapping[str, Any], held: Mapping[str, Any]
    ) -> None:
        """Count a kept row, and note each shipped value that is held otherwise."""
        self.kept[sort] += 1
        self.differences += [
            Difference(code, name, value, held[name])
            for name, value in shipped.items()
            if held[name] != value
        ]


def has_city(city: str) -> bool:
    """Whether data of that city is shipped."""
    return city.isascii() and city.isalpha() and (files("cities") / city).is_dir()


def shipped_rows(path: str) -> list[dict[str, str]]:
    """Read `<city>/<name>.csv` or `.csv.gz` of the shipped data; no rows where there is none."""
    source = files("cities") / path
    if not source.is_file():
        return []
    content = source.read_bytes()
    text = gzip.decompress(content) if path.endswith(".gz") else content
    return list(csv.DictReader(text.decode().splitlines()))
