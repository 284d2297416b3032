"""Where a ticket goes first: the unit that an agent named, or the one that the place points to.

Pure and total: any text gets an answer, and where the answer is not certain it is the centre's
triage queue (分流席) with the candidates, never a guess. Sources: B12 (clear responsibility goes
straight to the unit; a street's ticket is copied to its district; if only the district is known,
it goes to the district), and B14 (首接负责), which makes a wrong first unit costly.

What outweighs what, from the top:

1. The unit that the agent named.
2. A district named in full (朝阳区), else one named short (朝阳). Streets and communities outside
   it are set aside, and the ticket goes to the district if nothing inside it is named. Only one
   thing overrules a district, and only a short one: a street named in full elsewhere.
3. Streets in full, communities in full, streets in short, communities in short: each narrows what
   the ones before left open, and is set aside where it contradicts them.
4. The district of the location, which decides between what the text leaves open. It never
   overrules the text: people call from elsewhere about their home.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from domain.dispatch.clues import (
    Clue,
    clue_of,
    distinct,
    districts_of,
    named_districts,
    streets_left,
)
from domain.dispatch.gazetteer import Gazetteer
from domain.dispatch.geometry import Point
from domain.dispatch.route import Match, Route, RouteReason
from domain.kernel.errors import Fault, InvalidInput

__all__ = ["Match", "Route", "RouteReason", "UnknownUnit", "route"]


class UnknownUnit(InvalidInput):
    """The agent named a unit that the city does not have."""

    def __init__(self, unit_code: str) -> None:
        super().__init__(Fault("unitCode", "no unit has this code"))
        self.unit_code = unit_code


def route(
    gazetteer: Gazetteer,
    *,
    address: str | None,
    location: Point | None,
    unit_code: str | None,
) -> Route:
    """Decide the first unit of a ticket.

    ``location`` is (longitude, latitude) in WGS-84 degrees. Any address and any location is
    answered, in time linear in the address. Raises UnknownUnit for a ``unit_code`` that is not in
    the gazetteer, and nothing else.
    """
    if unit_code is not None:
        return _named_unit(gazetteer, unit_code)
    located = None if location is None else gazetteer.district_at(location)
    mentions = distinct(gazetteer.mentions(address or ""))
    areas = {mention.text: districts_of(mention) for mention in mentions}
    named = named_districts(gazetteer, mentions, areas)
    places = [mention for mention in mentions if not areas[mention.text]]
    clues = [clue_of(gazetteer, mention, named, located) for mention in places]
    known = {clue.text: clue for clue in clues if clue is not None}
    return _Decision(gazetteer, areas, named, known, located).choose()


def _named_unit(gazetteer: Gazetteer, unit_code: str) -> Route:
    if unit_code not in gazetteer.places:
        raise UnknownUnit(unit_code)
    return Route(
        unit_code,
        RouteReason.NAMED_UNIT,
        copy_to=_copies(gazetteer, unit_code),
        gazetteer=gazetteer,
    )


def _copies(gazetteer: Gazetteer, unit_code: str) -> tuple[str, ...]:
    """Whatever goes below the district is shown to the district (B12)."""
    district = gazetteer.district_of(unit_code)
    return () if district in (None, unit_code) else (district,)


class _Decision(NamedTuple):
    """All that is known about one address, and the choice made from it.

    ``areas`` holds every form found in the text, with the districts that it names; ``clues`` those
    that name something smaller and fit the rest.
    """

    gazetteer: Gazetteer
    areas: Mapping[str, frozenset[str]]
    named: frozenset[str]
    clues: Mapping[str, Clue]
    located: str | None

    def choose(self) -> Route:
        """Choose a street, else a district, else the triage queue."""
        left = streets_left(self.clues.values())
        if not left:
            return self._by_district()
        near = frozenset(s for s in left if self.gazetteer.district_of(s) == self.located)
        narrowed = 0 < len(near) < len(left)
        streets = near if narrowed else left
        used_location = narrowed or any(clue.by_location for clue in self.clues.values())
        if len(streets) == 1:
            return self._to_street(next(iter(streets)), used_location=used_location)
        districts = {self.gazetteer.district_of(street) for street in streets}
        home = districts.pop()
        if not districts and home is not None:
            return self._answer(
                home, RouteReason.DISTRICT_ONLY, streets, used_location=used_location
            )
        return self._answer(None, RouteReason.AMBIGUOUS, streets)

    def _to_street(self, street: str, *, used_location: bool) -> Route:
        by_street = any(street in clue.codes for clue in self.clues.values())
        reason = RouteReason.STREET_NAMED if by_street else RouteReason.COMMUNITY_NAMED
        return self._answer(street, reason, used_location=used_location)

    def _by_district(self) -> Route:
        if len(self.named) == 1:
            return self._answer(next(iter(self.named)), RouteReason.DISTRICT_ONLY)
        if self.named and self.located in self.named:
            return self._answer(self.located, RouteReason.DISTRICT_ONLY, used_location=True)
        if self.named:
            return self._answer(None, RouteReason.AMBIGUOUS, self.named)
        if self.located is not None:
            return self._answer(self.located, RouteReason.LOCATION_DISTRICT, used_location=True)
        return self._answer(None, RouteReason.NOTHING_KNOWN)

    def _answer(
        self,
        unit_code: str | None,
        reason: RouteReason,
        candidates: Collection[str] = (),
        *,
        used_location: bool = False,
    ) -> Route:
        return Route(
            unit_code,
            reason,
            matched=self._matched(unit_code),
            candidates=tuple(sorted(candidates)),
            copy_to=() if unit_code is None else _copies(self.gazetteer, unit_code),
            located_in=self.located if used_location else None,
            gazetteer=self.gazetteer,
        )

    def _matched(self, unit_code: str | None) -> tuple[Match, ...]:
        matches = []
        for text, districts in self.areas.items():
            clue = self.clues.get(text)
            codes = districts & self.named if clue is None else clue.codes
            fitting = [code for code in codes if self._fits(code, unit_code)]
            matches.append(Match(text, tuple(sorted(fitting))))
        return tuple(matches)

    def _fits(self, code: str, unit_code: str | None) -> bool:
        """Whether a place bears on the unit: lies in it, or is its district."""
        if unit_code is None or unit_code in (
            self.gazetteer.street_of(code),
            self.gazetteer.district_of(code),
        ):
            return True
        return code == self.gazetteer.district_of(unit_code)
