"""The active units above the community, as a replay needs them: a few hundred, read at once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.aliases import alias_of
from domain.kernel.vocabulary import UnitLevel
from domain.units.models import Unit


class Branches:
    """Units by code; a `matching.Tree`, and the lineages of its places."""

    __slots__ = ("_lineages", "_units")

    def __init__(self, units: Iterable[tuple[str, str, str, str | None]]) -> None:
        """Units as (code, name, level, code of the unit above)."""
        self._units = {code: (name, level, above) for code, name, level, above in units}
        self._lineages: dict[str, tuple[str, ...]] = {}

    def __contains__(self, code: object) -> bool:
        return code in self._units

    def lineage_of(self, code: str | None) -> tuple[str, ...]:
        """The codes from the root down to the unit; none for a unit that is not known."""
        if code is None or code not in self._units:
            return ()
        known = self._lineages.get(code)
        if known is None:
            known = self._lineages[code] = (*self.lineage_of(self._units[code][2]), code)
        return known

    def street_of(self, code: str) -> str | None:
        return self._at(code, UnitLevel.STREET)

    def district_of(self, code: str) -> str | None:
        return self._at(code, UnitLevel.DISTRICT)

    def _at(self, code: str, level: UnitLevel) -> str | None:
        return next((each for each in self.lineage_of(code) if self._units[each][1] == level), None)

    def label(self, code: str) -> str:
        district = self.district_of(code)
        name = self._units[code][0]
        return name if district in (None, code) else self._units[district][0] + name


async def branches(session: AsyncSession) -> Branches:
    """The active units that tickets go to."""
    unit, above = Unit.__table__, alias_of(Unit)
    rows = await session.execute(
        select(unit.c.code, unit.c.name, unit.c.level, above.c.code)
        .select_from(unit.outerjoin(above, above.c.id == unit.c.parent_id))
        .where(unit.c.retired_at.is_(None), unit.c.level != UnitLevel.COMMUNITY.value)
    )
    return Branches(tuple(row) for row in rows)
