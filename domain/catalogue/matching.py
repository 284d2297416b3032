"""Which entry decides, and which units follow from it. Pure.

First match wins, by rank. A version is compiled once: entries are found by their category and area
together, so that a ticket is held against the few that can concern it and not against hundreds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.catalogue.entries import (
    DISTRICT,
    PLACE,
    RELATIVE,
    STREET,
    Entry,
    Facts,
    categories_above,
    fallback,
    plain,
)

_Key = tuple[str | None, str | None]


class Tree(Protocol):
    """The active units, as deciding needs them."""

    def __contains__(self, code: object) -> bool: ...

    def street_of(self, code: str) -> str | None: ...

    def district_of(self, code: str) -> str | None: ...

    def label(self, code: str) -> str: ...


class Catalogue:
    """One version, compiled. `number` is None for a draft, or where no version is in force."""

    __slots__ = ("_found", "entries", "number")

    def __init__(self, number: int | None, entries: Iterable[Entry]) -> None:
        """Entries in any order; the fallback is added where it is not among them."""
        known = sorted(entries, key=lambda entry: entry.rank)
        if not known or not known[-1].is_fallback:
            known.append(fallback())
        self.number = number
        self.entries = tuple(known)
        self._found: dict[_Key, list[tuple[int, Entry]]] = {}
        for position, entry in enumerate(known):
            self._found.setdefault((entry.category, entry.area), []).append((position, entry))

    def entry_for(self, facts: Facts) -> Entry:
        """The first entry whose conditions all hold; there is always one."""
        text: str | None = None
        for _, entry in self._candidates(facts):
            if not entry.holds_else(facts):
                continue
            if entry.keywords:
                text = plain(facts.text) if text is None else text
                if not entry.says(text):
                    continue
            return entry
        raise AssertionError("the fallback has no condition")

    def _candidates(self, facts: Facts) -> list[tuple[int, Entry]]:
        """The entries whose category and area fit, by rank."""
        areas = (None, *facts.lineage)
        candidates: list[tuple[int, Entry]] = []
        for category in (None, *categories_above(facts.category)):
            for area in areas:
                candidates += self._found.get((category, area), ())
        candidates.sort(key=_position)
        return candidates

    def decide(self, facts: Facts, tree: Tree) -> Decision:
        """Which units the ticket goes to; see `settle`."""
        return settle(self.number, self.entry_for(facts), facts.place, tree)


def _position(candidate: tuple[int, Entry]) -> int:
    return candidate[0]


@dataclass(frozen=True, slots=True)
class Decision:
    """What an entry means for one ticket. `lead` is None for the centre's triage queue.

    `stood_in` says that the entry's own lead has retired and the place decided instead.
    """

    number: int | None
    entry: Entry
    lead: str | None
    joint: tuple[str, ...]
    copies: tuple[str, ...]
    stood_in: bool = False

    def outcome(self, tree: Tree) -> str:
        """Where it goes, in Chinese: what whoever sees the ticket may know."""
        if self.lead is None:
            return "地点不明，转由分流席判断"
        joint = "、".join(map(tree.label, self.joint))
        copies = "、".join(map(tree.label, self.copies))
        return (
            f"派往{tree.label(self.lead)}"
            + (f"，联合{joint}" if joint else "")
            + (f"，并抄送{copies}" if copies else "")
        )

    def explain(self, tree: Tree) -> str:
        """Why it goes there, in Chinese, with entry and version; for staff."""
        aside = "，该条主办单位已撤销，按地点" if self.stood_in else ""
        return f"{self.source()}{aside}，{self.outcome(tree)}"

    def source(self) -> str:
        """Entry and version, in Chinese."""
        edition = "" if self.number is None else f"第{self.number}版"
        return f"依派单目录{edition}第{self.entry.rank}条“{self.entry.name}”"


def settle(number: int | None, entry: Entry, place: str | None, tree: Tree) -> Decision:
    """Turn an entry into the units of one ticket.

    Where only a district is known, STREET means the district (B12). A unit that has retired since
    the entry was published takes no part; where it was the lead, the place decides. Whatever goes
    below a district is copied to the district (B12).
    """
    lead = _unit(entry.lead, place, tree)
    stood_in = lead is None and entry.lead not in RELATIVE
    if stood_in:
        lead = _unit(PLACE, place, tree)
    joint = _distinct((_unit(word, place, tree) for word in entry.joint), {lead})
    told = [_unit(word, place, tree) for word in entry.copies]
    told += [tree.district_of(code) for code in (lead, *joint) if code is not None]
    copies = _distinct(told, {lead, *joint})
    return Decision(number, entry, lead, joint, copies, stood_in)


def _unit(word: str, place: str | None, tree: Tree) -> str | None:
    if word not in RELATIVE:
        return word if word in tree else None
    if place is None or word == PLACE:
        return place
    nearest = tree.street_of(place) if word == STREET else tree.district_of(place)
    assert word in (STREET, DISTRICT)
    return nearest or place


def _distinct(codes: Iterable[str | None], without: set[str | None]) -> tuple[str, ...]:
    wanted: Sequence[str | None] = list(dict.fromkeys(codes))
    return tuple(code for code in wanted if code is not None and code not in without)
