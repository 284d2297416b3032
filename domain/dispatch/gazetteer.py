"""The city's places, and where their names stand in a free text.

Built once from the tree of units and immutable; a look-up touches only the names that begin with
the two characters at hand, so its time grows with the text and not with the city.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from domain.dispatch.geometry import DistrictMap, Point
from domain.dispatch.place_names import ROAD_LIKE, Place, Strength, forms_of
from domain.kernel.vocabulary import UnitLevel

# After a short form these make it the name of a road, a bridge, a station, an institution or
# another city that was called after the place and may lie elsewhere: 朝阳北路, 望京站, 天坛医院.
_OTHER_THING = re.compile(
    r"[东西南北中内外]{0,2}"
    r"(?:大?街(?!道)|路|大道|胡同|巷|桥|立交|高速|地铁|站|火车站|门(?!头沟)|大厦|广场|公园|水库|机场"
    r"|市|医院|法院|学校|小学|中学|大学(?!城)|学院|幼儿园|银行|支行|体育[馆场])"
)
# Before a short form or a community these make it another place: 西王庄 is not 王庄.
_MODIFIERS = frozenset("东西南北中大小前后上下新老")
_HOUSE = re.compile(r"[东西南北]?[甲乙丙丁]?[\d一二三四五六七八九十]")
_SEPARATORS = frozenset(" \t\u3000,，、。.·・-—/|的")
_FULL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff5a]")
_HALF_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF5B))}


class Reading(NamedTuple):
    """One place that a written form can mean."""

    place: Place
    strength: Strength


class Mention(NamedTuple):
    """A written form found in a text, from ``start`` up to ``end``, and all that it can mean."""

    text: str
    start: int
    end: int
    readings: tuple[Reading, ...]

    @property
    def in_full(self) -> bool:
        """Whether it is, for one of its readings, a name with its kind of place."""
        return any(strength >= Strength.FULL for _, strength in self.readings)


class _Lexicon:
    """Written forms, found by their first two characters."""

    __slots__ = ("_forms", "_lengths")

    def __init__(self, forms: Mapping[str, list[Reading]]) -> None:
        lengths: dict[str, set[int]] = {}
        for form in forms:
            lengths.setdefault(form[:2], set()).add(len(form))
        self._lengths = {pair: sorted(found, reverse=True) for pair, found in lengths.items()}
        self._forms = {form: tuple(readings) for form, readings in forms.items()}

    def at(self, text: str, start: int) -> list[Mention]:
        """Return the forms that begin at ``start``, the longest first."""
        lengths = self._lengths.get(text[start : start + 2])
        return [] if lengths is None else self._at(text, start, lengths)

    def everywhere(self, text: str) -> list[Mention]:
        """Return the forms that begin anywhere, overlaps included, from left to right."""
        found: list[Mention] = []
        pairs = map(str.__add__, text, text[1:])
        for start, lengths in enumerate(map(self._lengths.get, pairs)):
            if lengths is not None:
                found += self._at(text, start, lengths)
        return found

    def _at(self, text: str, start: int, lengths: Iterable[int]) -> list[Mention]:
        found = []
        for length in lengths:
            form = text[start : start + length]
            readings = self._forms.get(form)
            if readings is not None and len(form) == length:  # at the text's end slices are short
                found.append(Mention(form, start, start + length, readings))
        return found


class Gazetteer:
    """The places of one city by code, by name and by location."""

    __slots__ = ("_chained", "_districts", "_map", "_names", "_streets", "places")

    places: Mapping[str, Place]

    def __init__(self, places: Mapping[str, Place], districts: DistrictMap | None) -> None:
        """Use :meth:`of`."""
        names: dict[str, list[Reading]] = {}
        chained: dict[str, list[Reading]] = {}
        for place in places.values():
            for form, strength in forms_of(place).items():
                readings = names if strength > Strength.CHAINED else chained
                readings.setdefault(form, []).append(Reading(place, strength))
        # A form with a reading that counts by itself keeps its chained readings beside it.
        for form in names.keys() & chained.keys():
            names[form] += chained.pop(form)
        self.places = places
        self._names = _Lexicon(names)
        self._chained = _Lexicon(chained)
        self._map = districts
        self._districts = {code: self._climb(code, UnitLevel.DISTRICT) for code in places}
        self._streets = {code: self._climb(code, UnitLevel.STREET) for code in places}

    @classmethod
    def of(cls, places: Iterable[Place], districts: Mapping[str, Any] | None = None) -> Gazetteer:
        """Build from all units of a city, and its districts' polygons as GeoJSON where it has any.

        Units of every level may be given; departments and enterprises are found by code only.
        Raises ValueError for a code that occurs twice or a GeoJSON that is not one of polygons.
        """
        known: dict[str, Place] = {}
        for place in places:
            if known.setdefault(place.code, place) is not place:
                raise ValueError(f"unit code occurs twice: {place.code}")
        return cls(known, None if districts is None else DistrictMap.of(districts))

    def __contains__(self, code: object) -> bool:
        return code in self.places

    def lineage_of(self, code: str | None) -> tuple[str, ...]:
        """Return the codes from the root down to a unit; none for one that is not known."""
        lineage: list[str] = []
        place = None if code is None else self.places.get(code)
        while place is not None and place.code not in lineage:
            lineage.append(place.code)
            place = None if place.parent_code is None else self.places.get(place.parent_code)
        return tuple(reversed(lineage))

    def district_of(self, code: str) -> str | None:
        """Return the code of the district that a unit is or lies in; None for city-wide units."""
        return self._districts.get(code)

    def street_of(self, code: str) -> str | None:
        """Return the code of the street that a unit is or lies in; None above the street."""
        return self._streets.get(code)

    def district_at(self, location: Point) -> str | None:
        """Return the district at a WGS-84 (longitude, latitude), None outside all of them."""
        code = None if self._map is None else self._map.district_at(location)
        return code if code in self.places else None

    def label(self, code: str) -> str:
        """Return a unit's name, a street's or community's preceded by its district's."""
        district = self._districts.get(code)
        name = self.places[code].name
        return name if district in (None, code) else self.places[district].name + name

    def mentions(self, text: str) -> list[Mention]:
        """Return the places named in a text, from left to right, none overlapping another.

        Names with their kind of place go before short forms, longer ones before shorter ones. What
        a longer form took is gone even where it then does not count: in 朝阳门内大街 there is
        neither 朝阳门 nor 朝阳. Time grows linearly with the text (but for sorting what was found).
        """
        if _FULL_WIDTH.search(text):
            text = text.translate(_HALF_WIDTH)
        taken = bytearray(len(text))
        chosen: list[Mention] = []
        for mention in sorted(self._names.everywhere(text), key=_precedence):
            if taken.find(1, mention.start, mention.end) < 0:
                taken[mention.start : mention.end] = b"\1" * len(mention.text)
                chosen.append(mention)
        chosen.sort(key=lambda mention: mention.start)
        return list(self._that_count(text, taken, chosen))

    def _that_count(
        self, text: str, taken: bytearray, chosen: Iterable[Mention]
    ) -> Iterator[Mention]:
        """Drop what is another thing, and add the forms that count only after their container."""
        before: Mention | None = None
        for mention in chosen:
            counting = self._counting(text, taken, mention, before)
            while counting is not None:
                yield counting
                before = counting
                counting = self._follower(text, taken, before)

    def _counting(
        self, text: str, taken: bytearray, mention: Mention, before: Mention | None
    ) -> Mention | None:
        """Keep the readings by which the mention is the place itself; None if there are none."""
        other_thing = _is_other_thing(text, taken, mention)
        chained_to = before if before and _next_start(text, before) == mention.start else None
        readings = tuple(
            reading
            for reading in mention.readings
            if (
                self._inside(reading, chained_to) and not other_thing
                if reading.strength == Strength.CHAINED
                else not other_thing or _is_beyond_doubt(reading)
            )
        )
        return mention._replace(readings=readings) if readings else None

    def _follower(self, text: str, taken: bytearray, before: Mention) -> Mention | None:
        start = _next_start(text, before)
        for mention in self._chained.at(text, start):
            if taken.find(1, mention.start, mention.end) >= 0:
                continue
            if _OTHER_THING.match(text, mention.end) or _is_on_road(text, mention):
                return None
            readings = tuple(r for r in mention.readings if self._inside(r, before))
            if readings:
                return mention._replace(readings=readings)
        return None

    def _inside(self, reading: Reading, before: Mention | None) -> bool:
        containers = (reading.place.parent_code, self._districts[reading.place.code])
        return before is not None and any(r.place.code in containers for r in before.readings)

    def _climb(self, code: str, level: UnitLevel) -> str | None:
        place = self.places.get(code)
        for _ in UnitLevel:  # no tree is deeper than its levels, and a loop in the data ends here
            if place is None or place.level == level:
                break
            place = self.places.get(place.parent_code) if place.parent_code else None
        return place.code if place is not None and place.level == level else None


def _precedence(mention: Mention) -> tuple[bool, int, int]:
    return (not mention.in_full, mention.start - mention.end, mention.start)


def _next_start(text: str, before: Mention) -> int:
    """Return where a name stands that follows directly, past at most two separating characters."""
    start = before.end
    while start - before.end < 2 and text[start : start + 1] in _SEPARATORS:
        start += 1
    return start


def _is_other_thing(text: str, taken: bytearray, mention: Mention) -> bool:
    before = mention.start - 1
    modified = before >= 0 and text[before] in _MODIFIERS and not taken[before]
    return modified or _OTHER_THING.match(text, mention.end) is not None


def _is_beyond_doubt(reading: Reading) -> bool:
    """Nothing around 八里庄街道 makes it another thing; 王庄村 can be a part of 西王庄村."""
    return reading.strength >= Strength.FULL and reading.place.level != UnitLevel.COMMUNITY


def _is_on_road(text: str, mention: Mention) -> bool:
    """A street's short name that is a road's, with a house number: 学院路37号 is on the road."""
    return (
        ROAD_LIKE.search(mention.text) is not None and _HOUSE.match(text, mention.end) is not None
    )
