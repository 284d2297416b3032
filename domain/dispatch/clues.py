"""What the names in an address say together: which districts, and which streets they leave open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from domain.dispatch.gazetteer import Gazetteer, Mention, Reading
from domain.dispatch.place_names import Strength
from domain.kernel.vocabulary import UnitLevel

_NONE: frozenset[str] = frozenset()


class Clue(NamedTuple):
    """A street or community named in the text: its rank (0 is best) and where it can lie.

    ``by_location`` says that the location chose between its readings.
    """

    text: str
    rank: int
    codes: frozenset[str]
    streets: frozenset[str]
    by_location: bool


def distinct(mentions: Collection[Mention]) -> Collection[Mention]:
    """Of one form written several times keep the writing with the most readings."""
    widest: dict[str, Mention] = {}
    for mention in mentions:
        known = widest.setdefault(mention.text, mention)
        if len(known.readings) < len(mention.readings):
            widest[mention.text] = mention
    return widest.values()


def districts_of(mention: Mention) -> frozenset[str]:
    """Return the codes of the districts that a form can mean."""
    return frozenset(
        [place.code for place, _ in mention.readings if place.level == UnitLevel.DISTRICT]
    )


def named_districts(
    gazetteer: Gazetteer, mentions: Collection[Mention], areas: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """Return the districts that the text names: rule 2 of :mod:`domain.dispatch.routing`."""
    in_full = _NONE.union(*[areas[m.text] for m in mentions if areas[m.text] and m.in_full])
    if in_full:
        return in_full
    in_short = _NONE.union(*areas.values())
    for mention in mentions if in_short else ():
        homes = {
            gazetteer.district_of(place.code)
            for place, strength in mention.readings
            if place.level == UnitLevel.STREET and strength >= Strength.FULL
        }
        if homes and not homes & in_short:
            return _NONE
    return in_short


def clue_of(
    gazetteer: Gazetteer, mention: Mention, named: frozenset[str], located: str | None
) -> Clue | None:
    """Keep the readings that fit the districts; None where no reading does."""
    homes = [(reading, gazetteer.district_of(reading.place.code)) for reading in mention.readings]
    by_location = False
    if named:
        fitting = [reading for reading, home in homes if home in named]
    else:
        anywhere = [reading for reading in mention.readings if reading.strength != Strength.WITHIN]
        near = [reading for reading, home in homes if home is not None and home == located]
        fitting = near or anywhere
        by_location = bool(near) and near != anywhere
    if not fitting:
        return None
    in_one_district = len({gazetteer.district_of(place.code) for place, _ in fitting}) == 1
    standings = [_standing(reading, exact=in_one_district) for reading in fitting]
    best = max(standings)
    codes = [
        r.place.code for r, standing in zip(fitting, standings, strict=True) if standing == best
    ]
    streets = frozenset([s for s in map(gazetteer.street_of, codes) if s is not None])
    strength, is_street = best
    rank = (0 if strength else 2) + (0 if is_street else 1)
    return Clue(mention.text, rank, frozenset(codes), streets, by_location) if streets else None


def _standing(reading: Reading, *, exact: bool) -> tuple[int, bool]:
    """What a form means first: the name in full, and of short forms the street.

    A community called 新村社区 to the letter goes before one called 新村社区居委会 only inside a
    district: across the city both are called 新村社区.
    """
    (_, _, level, *_), strength = reading
    is_street = level == UnitLevel.STREET
    if strength < Strength.FULL:
        return 0, is_street
    return int(strength if exact or is_street else Strength.FULL), is_street


def streets_left(clues: Collection[Clue]) -> frozenset[str]:
    """Narrow the streets rank by rank (rule 3 of :mod:`domain.dispatch.routing`).

    Clues of one rank that no street satisfies together leave all their streets open.
    """
    left = _NONE
    for rank in sorted({clue.rank for clue in clues}):
        sets = [clue.streets for clue in clues if clue.rank == rank]
        here = frozenset.intersection(*sets) or frozenset.union(*sets)
        left = (left & here or left) if left else here
    return left
