"""The answer of routing, and the sentence that tells an agent why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from domain.dispatch.gazetteer import Gazetteer

_SHOWN_CANDIDATES = 4


class RouteReason(StrEnum):
    """派单依据: what decided the route."""

    NAMED_UNIT = "NAMED_UNIT"  # 登记时指定
    STREET_NAMED = "STREET_NAMED"  # 地址写明街道（乡镇）
    COMMUNITY_NAMED = "COMMUNITY_NAMED"  # 地址写明社区（村），派往其街道
    DISTRICT_ONLY = "DISTRICT_ONLY"  # 只能确定到区
    LOCATION_DISTRICT = "LOCATION_DISTRICT"  # 地址不明，定位在该区
    AMBIGUOUS = "AMBIGUOUS"  # 多处同名或说法矛盾，转分流席
    NOTHING_KNOWN = "NOTHING_KNOWN"  # 没有可识别的地点，转分流席


class Match(NamedTuple):
    """A name found in the address, and the units that it can mean after all is considered.

    ``codes`` is empty where the name was set aside, because it contradicts a stronger one.
    """

    text: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a ticket goes, with everything that explains it.

    ``unit_code`` is None for the centre's triage queue; ``candidates`` are the units between which
    the address leaves the choice; ``copy_to`` get a copy assignment (B12); ``located_in`` is the
    district of the location, where that had a part in the answer.
    """

    unit_code: str | None
    reason: RouteReason
    matched: tuple[Match, ...] = ()
    candidates: tuple[str, ...] = ()
    copy_to: tuple[str, ...] = ()
    located_in: str | None = None
    gazetteer: Gazetteer = field(kw_only=True, repr=False, compare=False)

    def places(self) -> frozenset[str]:
        """The codes of the unit that the place points to and of its district; empty without one."""
        if self.unit_code is None:
            return frozenset()
        district = self.gazetteer.district_of(self.unit_code)
        return frozenset(code for code in (self.unit_code, district) if code is not None)

    def explain(self) -> str:
        """Return one Chinese sentence that an agent understands; it quotes the address's names."""
        because = self.because()
        aside = "、".join(f"“{match.text}”" for match in self.matched if not match.codes)
        ignored = f"（地址中的{aside}与之不符，未采用）" if aside and self.unit_code else ""
        if self.unit_code is None:
            return f"{because}，转由分流席判断"
        copies = "、".join(map(self.gazetteer.label, self.copy_to))
        copied = f"，并抄送{copies}" if copies else ""
        return f"{because}，派往{self.gazetteer.label(self.unit_code)}{copied}{ignored}"

    def because(self) -> str:
        """Return what points to the place, in Chinese."""
        return _BECAUSE[self.reason](self)

    def _written(self) -> str:
        """The names that bear on the answer, district names only where there is nothing else."""
        used = [match for match in self.matched if match.codes]
        below = [match for match in used if not self._is_district(match)]
        return "、".join(f"“{match.text}”" for match in (below or used)[:_SHOWN_CANDIDATES])

    def _is_district(self, match: Match) -> bool:
        return match.codes[0] == self.gazetteer.district_of(match.codes[0])

    def _by_location(self) -> str:
        return (
            "" if self.located_in is None else f"，按定位在{self.gazetteer.label(self.located_in)}"
        )

    def _because_street(self) -> str:
        return f"因地址中写有{self._written()}{self._by_location()}"

    def _because_community(self) -> str:
        street = "" if self.unit_code is None else self.gazetteer.places[self.unit_code].name
        return f"因地址中写有{self._written()}{self._by_location()}，属于{street}"

    def _because_district(self) -> str:
        between = ""
        if self.candidates:
            names = [self.gazetteer.places[code].name for code in self.candidates]
            between = f"，可能指{_listed(names, '或')}"
        return f"因地址中写有{self._written()}{self._by_location()}{between}，只能确定到区"

    def _because_ambiguous(self) -> str:
        districts = dict.fromkeys(map(self.gazetteer.district_of, self.candidates))
        names = [self.gazetteer.label(code) for code in districts if code is not None]
        if set(districts) == set(self.candidates):
            return f"因地址中同时写有{_listed(names, '和')}，不能确定是哪个区"
        if sum(not self._is_district(match) for match in self.matched if match.codes) == 1:
            return f"因地址中的{self._written()}在{_listed(names, '和')}都有，且未写明是哪个区"
        choices = _listed(list(map(self.gazetteer.label, self.candidates)), "或")
        return f"因地址中的{self._written()}不在一处，可能指{choices}"


def _listed(names: Sequence[str], conjunction: str) -> str:
    """Join names the Chinese way: 甲、乙和丙; a long list ends in 等N处."""
    if len(names) > _SHOWN_CANDIDATES:
        return f"{'、'.join(names[:_SHOWN_CANDIDATES])}等{len(names)}处"
    return conjunction.join(filter(None, ("、".join(names[:-1]), names[-1])))


_BECAUSE: Mapping[RouteReason, Callable[[Route], str]] = {
    RouteReason.NAMED_UNIT: lambda route: "因登记时已指定承办单位",
    RouteReason.STREET_NAMED: Route._because_street,
    RouteReason.COMMUNITY_NAMED: Route._because_community,
    RouteReason.DISTRICT_ONLY: Route._because_district,
    RouteReason.LOCATION_DISTRICT: lambda route: "因地址中没有可识别的地名，按定位所在的区",
    RouteReason.AMBIGUOUS: Route._because_ambiguous,
    RouteReason.NOTHING_KNOWN: lambda route: "因地址和定位中没有可识别的地点",
}
