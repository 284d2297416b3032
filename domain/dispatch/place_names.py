"""The ways in which people write a place's name, and how far each way can be trusted.

A name of the tree (``八里庄街道``, ``百万庄西社区居委会``) is seldom written in full. From each
name the everyday forms are derived by rule; what no rule gives (``宣武区`` for 西城区, ``经开区``)
comes from the place's aliases. Two marks put an alias right where the language has the word as
well: ``-平房`` withdraws a derived form, ``~广外`` counts only after the place that contains it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from domain.kernel.vocabulary import UnitLevel


class Place(NamedTuple):
    """A unit of the tree as the gazetteer sees it."""

    code: str
    name: str
    level: UnitLevel
    parent_code: str | None
    aliases: tuple[str, ...] = ()


class Strength(IntEnum):
    """How much a written form says by itself."""

    CHAINED = 1
    """Counts only written directly after the place that contains it: 朝阳区望京街道**南湖**."""
    WITHIN = 2
    """Counts only where the district is known, by name or by location."""
    ALONE = 3
    """A short form that counts by itself: 八里庄, 望京, 朝阳."""
    FULL = 4
    """A name with its kind of place: 八里庄街道, 高碑店乡, 百万庄西社区."""
    OFFICIAL = 5
    """Letter for letter as in the tree, which decides between two places of one FULL form."""


_ADMINISTRATIVE = ("区", "县", "街道", "镇", "乡")
_STREET_SUFFIX = re.compile(r"(?:街道|地区|镇|(?:.族)?乡)$")
# A 地区办事处 and the 镇 or 乡 of its name are one office; many a 街道 was a 镇 or 乡 until lately.
_SUFFIX_VARIANTS = {"地区": ("镇", "乡"), "街道": ("镇", "乡", "地区")}
_VILLAGE_SUFFIXES = ("村民委员会", "村民委会", "村委会")
_COMMUNITY_SUFFIXES = (
    "社区居民委员会",
    "社区居委会",
    "类似居委会",
    "居民委员会",
    "居委会",
    "类似社区",
    "虚拟社区",
    "社区",
)
ROAD_LIKE = re.compile(r"(?:路|街|巷|胡同|大道|[路街][东西南北]|\d+号院?)$")
# Bare, these are some office or works of which there are many, or no name at all.
_NOT_DISTINCT = re.compile(
    r"(?:大学|学院|学校|中学|小学|医院|公司|机关|总局|[厂部局所])$|^[\x00-\x7f]+$"
)
# 新农村 is a policy (新农村建设) before it is a village.
_POLICY_WORDS = frozenset({"新农村"})
_SHORTEST_FORM = 2


def forms_of(place: Place) -> dict[str, Strength]:
    """Return every written form of a place with its strength; the empty dict for other levels.

    Only districts, streets and communities are looked for in text: everyone's address is in the
    city, and departments are named by code.
    """
    derive = _DERIVATIONS.get(place.level)
    if derive is None:
        return {}
    forms: dict[str, Strength] = {}
    for form, strength in derive(place.name):
        if len(form) >= _SHORTEST_FORM:
            forms[form] = max(strength, forms.get(form, strength))
    for alias in place.aliases:
        if alias.startswith("-"):
            forms.pop(alias[1:], None)
        elif alias.startswith("~"):
            forms[alias[1:]] = Strength.CHAINED
        elif alias:
            forms[alias] = Strength.FULL if alias.endswith(_ADMINISTRATIVE) else Strength.ALONE
    forms[place.name] = Strength.OFFICIAL
    return forms


def _district_forms(name: str) -> Iterator[tuple[str, Strength]]:
    if not name.endswith("开发区"):
        yield name[:-1], Strength.ALONE


def _street_forms(name: str) -> Iterator[tuple[str, Strength]]:
    base = _STREET_SUFFIX.sub("", name)
    if base == name or len(base) < _SHORTEST_FORM:
        return
    suffix = name[len(base) :]
    for variant in _SUFFIX_VARIANTS.get(suffix, ()):
        yield base + variant, Strength.FULL
    if suffix.endswith("族乡"):
        yield base + "乡", Strength.FULL
    trusted = len(base) > _SHORTEST_FORM and not ROAD_LIKE.search(base)
    yield base, Strength.ALONE if trusted else Strength.CHAINED


def _community_forms(name: str) -> Iterator[tuple[str, Strength]]:
    village = next((s for s in _VILLAGE_SUFFIXES if name.endswith(s)), None)
    if village is not None:
        yield from _village_forms(name[: -len(village)])
        return
    suffix = next((s for s in _COMMUNITY_SUFFIXES if name.endswith(s)), "")
    base = name.removesuffix(suffix)
    if suffix and len(base) >= _SHORTEST_FORM:
        yield base + "社区", Strength.FULL
        yield base + "居委会", Strength.FULL
    yield base, _trust_of_bare_community(base)


def _village_forms(base: str) -> Iterator[tuple[str, Strength]]:
    stem = base.removesuffix("村") or base
    if len(stem) >= _SHORTEST_FORM:
        named = stem + "村"
        yield named, Strength.WITHIN if named in _POLICY_WORDS else Strength.FULL
        yield stem + "村委会", Strength.FULL
        yield stem, _trust_of_bare_community(stem)
    else:
        yield base, Strength.CHAINED


def _trust_of_bare_community(base: str) -> Strength:
    """Two characters are a word of the language, three a name of many, four are a name."""
    if len(base) <= _SHORTEST_FORM or ROAD_LIKE.search(base) or _NOT_DISTINCT.search(base):
        return Strength.CHAINED
    return Strength.WITHIN if len(base) == _SHORTEST_FORM + 1 else Strength.ALONE


_DERIVATIONS = {
    UnitLevel.DISTRICT: _district_forms,
    UnitLevel.STREET: _street_forms,
    UnitLevel.COMMUNITY: _community_forms,
}
