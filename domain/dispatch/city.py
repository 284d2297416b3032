"""One city as dispatch sees it: its numbers, its working calendar, its places."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.classification.classifier import Classifier
from domain.dispatch.gazetteer import Gazetteer
from domain.dispatch.place_names import Place
from domain.kernel.calendar import WorkCalendar, holiday_rows
from domain.kernel.holidays import note_revision, present_revision
from domain.kernel.profile import Profile, effective_profile, load_profile
from domain.kernel.vocabulary import UnitLevel
from domain.units.models import Unit, UnitTree


class UnknownCity(Exception):
    """There is no data for a city of this name."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a city decided: its profile in force and its working calendar. Immutable."""

    profile: Profile
    calendar: WorkCalendar

    @property
    def zone(self) -> ZoneInfo:
        return self.profile.zone_info


def load_rules(city: str, now: datetime) -> Rules:
    """Read the profile in force at `now` and the holidays from the city's data files.

    Raises UnknownCity, and InvalidProfile for a profile that contradicts itself.
    """
    folder = files("cities") / city
    if not folder.is_dir():
        raise UnknownCity(f"there is no data for a city called {city}")
    texts = [
        entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.startswith("profile") and entry.name.endswith(".toml")
    ]
    profiles = [load_profile(text) for text in texts]
    zone = profiles[0].zone_info if profiles else None
    profile = effective_profile(profiles, now.astimezone(zone).date())
    if profile is None:
        raise UnknownCity(f"no profile of {city} is in force on that day")
    rows = holiday_rows(_holidays())
    return Rules(profile, WorkCalendar.of(rows, profile.working_hours))


def _holidays() -> str:
    return (files("cities") / "holidays.csv").read_text(encoding="utf-8")


@cache
def holiday_names() -> Mapping[date, str]:
    """What the days of the data files are called, in Chinese."""
    rows = csv.DictReader(_holidays().splitlines())
    return MappingProxyType({date.fromisoformat(r["date"]): r["holiday_zh"] for r in rows})


class City:
    """The rules, the model of categories, and the gazetteer of the units in the database.

    The gazetteer is built anew when the tree's revision changed; commands that route ask for it
    with the revision that they read in their own transaction.
    """

    def __init__(
        self, name: str, rules: Callable[[], Rules], classifier: Classifier | None = None
    ) -> None:
        """`rules` gives those of the present day (`rules_of_the_day`).

        `classifier` suggests categories; by default it does so by the shipped model.
        """
        self.name = name
        self.classifier = classifier or Classifier()
        self._rules = rules
        self._gazetteer: Gazetteer | None = None
        self._revision = -1
        self._lock = asyncio.Lock()

    @property
    def rules(self) -> Rules:
        """The rules in force today."""
        return self._rules()

    async def gazetteer(self, session: AsyncSession) -> Gazetteer:
        """The places of the active units, as the transaction of `session` sees them."""
        known = await session.execute(select(UnitTree.revision, present_revision()))
        revision, declared = known.one_or_none() or (0, 0)
        note_revision(session, declared)
        if self._gazetteer is not None and revision == self._revision:
            return self._gazetteer
        async with self._lock:
            if self._gazetteer is None or revision != self._revision:
                places = await _places(session)
                self._gazetteer = await asyncio.to_thread(
                    Gazetteer.of, places, _districts(self.name)
                )
                self._revision = revision
            return self._gazetteer


def _districts(city: str) -> dict[str, object] | None:
    source = files("cities") / city / "districts.geojson"
    if not source.is_file():
        return None
    found: dict[str, object] = json.loads(source.read_text(encoding="utf-8"))
    return found


async def _places(session: AsyncSession) -> Sequence[Place]:
    parent = Unit.__table__.alias()
    unit = Unit.__table__
    rows = await session.execute(
        select(unit.c.code, unit.c.name, unit.c.level, parent.c.code, unit.c.aliases)
        .select_from(unit.outerjoin(parent, parent.c.id == unit.c.parent_id))
        .where(unit.c.retired_at.is_(None))
        .order_by(func.length(unit.c.code), unit.c.code)
    )
    return [
        Place(code, name, UnitLevel(level), parent_code, tuple(aliases))
        for code, name, level, parent_code, aliases in rows
    ]
