"""One city as dispatch sees it: its numbers, its working calendar, its places."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Select, Text, bindparam, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import NullType

from domain.catalogue.matching import Catalogue
from domain.catalogue.queries import compiled, in_force
from domain.classification.classifier import Classifier
from domain.dispatch.gazetteer import Gazetteer
from domain.dispatch.place_names import Place
from domain.kernel.aliases import alias_of
from domain.kernel.calendar import WorkCalendar, holiday_rows
from domain.kernel.holidays import note_revision, present_revision
from domain.kernel.profile import Profile, effective_profile, load_profile
from domain.kernel.vocabulary import UnitLevel
from domain.tickets.lines import Line, open_lines, read_lines
from domain.tickets.queries import is_category
from domain.units.models import Unit, UnitTree

_LEVELS = {level.value: level for level in UnitLevel}


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
    profiles = [_profile(text) for text in texts]
    zone = profiles[0].zone_info if profiles else None
    profile = effective_profile(profiles, now.astimezone(zone).date())
    if profile is None:
        raise UnknownCity(f"no profile of {city} is in force on that day")
    return Rules(profile, WorkCalendar.of(_days(_holidays()), profile.working_hours))


# Kept by the text, so that files that change are seen: every day reads them, and few change.
@lru_cache(maxsize=16)
def _profile(text: str) -> Profile:
    return load_profile(text)


@lru_cache(maxsize=2)
def _days(text: str) -> tuple[tuple[date, bool], ...]:
    return tuple(holiday_rows(text))


def _holidays() -> str:
    return (files("cities") / "holidays.csv").read_text(encoding="utf-8")


@cache
def holiday_names() -> Mapping[date, str]:
    """What the days of the data files are called, in Chinese."""
    rows = csv.DictReader(_holidays().splitlines())
    return MappingProxyType({date.fromisoformat(r["date"]): r["holiday_zh"] for r in rows})


class Bearings(NamedTuple):
    """What a submission is routed by: places, the catalogue in force, the emergency lines open."""

    gazetteer: Gazetteer
    catalogue: Catalogue
    lines: Sequence[Line]
    category_known: bool


def _bearings() -> Select[tuple[int | None, UUID | None, int, list[Any] | None, bool]]:
    return select(
        select(UnitTree.revision).limit(1).scalar_subquery(),
        in_force(bindparam("now", type_=DateTime(timezone=True))),
        present_revision(),
        open_lines(),
        is_category(bindparam("category", type_=Text())),
    )


_BEARINGS = _bearings()
"""Made once: every submission sends it, and making it takes as long as its answer."""


class City:
    """The rules, the model of categories; the gazetteer and the catalogue as the database has them.

    The gazetteer is built anew when the tree's revision changed, and the catalogue compiled anew
    when another version is in force; commands that route ask for both as their own transaction and
    its moment see them. What was published never changes, so a version's id says all.
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
        self._catalogue: Catalogue | None = None
        self._version: UUID | None = None
        self._lock = asyncio.Lock()

    @property
    def rules(self) -> Rules:
        """The rules in force today."""
        return self._rules()

    async def bearings(
        self, session: AsyncSession, now: datetime, category: str | None = None
    ) -> Bearings:
        """The places of the active units and the catalogue in force, as the transaction sees them;
        and whether there is such a category.

        One statement, unless something changed since the last call; it notes the revision of the
        calendar as well (`calendars.rules_now`).
        """
        asked = {"now": now, "category": category}
        revision, version, declared, lines, known = (await session.execute(_BEARINGS, asked)).one()
        note_revision(session, declared)
        places = await self._places(session, revision or 0)
        return Bearings(places, await self._entries(session, version), read_lines(lines), known)

    async def _places(self, session: AsyncSession, revision: int) -> Gazetteer:
        if self._gazetteer is not None and revision == self._revision:
            return self._gazetteer
        async with self._lock:
            if self._gazetteer is None or revision != self._revision:
                places = await _places(session)
                self._gazetteer = await asyncio.to_thread(_gazetteer, self.name, places)
                self._revision = revision
            return self._gazetteer

    async def _entries(self, session: AsyncSession, version: UUID | None) -> Catalogue:
        known = self._catalogue
        if known is None or version != self._version:
            known = await compiled(session, version)
            self._catalogue, self._version = known, version
        return known


@lru_cache(maxsize=2)
def _gazetteer(city: str, places: tuple[Place, ...]) -> Gazetteer:
    """Kept, because it takes a quarter of a second and most changes of the tree (a duty phone, a
    department's duties) leave every place as it was."""
    return Gazetteer.of(places, _districts(city))


def _districts(city: str) -> dict[str, object] | None:
    source = files("cities") / city / "districts.geojson"
    if not source.is_file():
        return None
    found: dict[str, object] = json.loads(source.read_text(encoding="utf-8"))
    return found


async def _places(session: AsyncSession) -> tuple[Place, ...]:
    parent = alias_of(Unit)
    unit = Unit.__table__
    # The driver gives lists already; going through each again is half of the statement's time.
    aliases = type_coerce(unit.c.aliases, NullType())
    rows = await session.execute(
        select(unit.c.code, unit.c.name, unit.c.level, parent.c.code, aliases)
        .select_from(unit.outerjoin(parent, parent.c.id == unit.c.parent_id))
        .where(unit.c.retired_at.is_(None))
        .order_by(func.length(unit.c.code), unit.c.code)
    )
    return tuple(
        Place(code, name, _LEVELS[level], parent_code, tuple(aliases))
        for code, name, level, parent_code, aliases in rows
    )
