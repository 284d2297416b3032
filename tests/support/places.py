"""The shipped trees of units as the gazetteer takes them: the real ones."""

from __future__ import annotations

import csv
import gzip
import json
from functools import cache
from typing import Any

from domain.dispatch.gazetteer import Gazetteer
from domain.dispatch.place_names import Place
from domain.kernel.vocabulary import UnitLevel
from tests.support.cities import CITIES

CITIES_WITH_UNITS = ("beijing", "jinan")


def rows_of(city: str, name: str) -> list[dict[str, str]]:
    path = CITIES / city / name
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(text.decode().splitlines()))


@cache
def places_of(city: str) -> tuple[Place, ...]:
    """Return all units of a city: the tree down to the community, departments and enterprises."""
    rows = [
        *rows_of(city, "units.csv"),
        *({**row, "level": "COMMUNITY"} for row in rows_of(city, "communities.csv.gz")),
        *rows_of(city, "departments.csv"),
    ]
    return tuple(
        Place(
            row["code"],
            row["name"],
            UnitLevel(row["level"]),
            row["parent_code"] or None,
            tuple(filter(None, row.get("aliases", "").split("|"))),
        )
        for row in rows
    )


@cache
def districts_of(city: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((CITIES / city / "districts.geojson").read_text("utf-8"))
    return loaded


@cache
def gazetteer_of(city: str) -> Gazetteer:
    return Gazetteer.of(places_of(city), districts_of(city))
