"""What is wrong with a version before it is published, all at once. Pure.

A fault stops it: a unit that is not active, a category that is not known, a rank that two entries
have. A warning does not: an entry that can never decide, because an earlier one always does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from domain.catalogue.entries import MINUTES_A_DAY, RELATIVE, Entry, categories_above, plain, within
from domain.kernel.errors import Fault


@dataclass(frozen=True, slots=True)
class Forestalled:
    """An entry that an earlier one always forestalls."""

    rank: int
    shadowed_by: int
    message: str


def units_of(entries: Iterable[Entry]) -> set[str]:
    """The codes of units that entries name."""
    named = {
        word
        for entry in entries
        for word in (entry.area, entry.lead, *entry.joint, *entry.copies)
        if word is not None
    }
    return named - set(RELATIVE)


def categories_of(entries: Iterable[Entry]) -> set[str]:
    """The codes of categories that entries name."""
    return {entry.category for entry in entries if entry.category is not None}


def faults_of(
    entries: Sequence[Entry], units: Collection[str], categories: Collection[str]
) -> list[Fault]:
    """Every fault of a version; `units` and `categories` are the codes that may be named."""
    faults: list[Fault] = []
    for entry in entries:
        path = f"entries.{entry.rank}"
        if entry.category is not None and entry.category not in categories:
            faults.append(Fault(f"{path}.category", f"{entry.category} is no known category"))
        for name, words in (
            ("area", (entry.area,)),
            ("lead", (entry.lead,)),
            ("joint", entry.joint),
            ("copies", entry.copies),
        ):
            faults += [
                Fault(f"{path}.{name}", f"{word} is not the code of an active unit")
                for word in words
                if word is not None and word not in units and not _relative(name, word)
            ]
    for rank, times in sorted(Counter(entry.rank for entry in entries).items()):
        if times > 1:
            faults.append(Fault(f"entries.{rank}.rank", f"{times} entries have this rank"))
    return faults


def _relative(name: str, word: str) -> bool:
    return name != "area" and word in RELATIVE


def warnings_of(
    entries: Sequence[Entry], lineages: Mapping[str, Sequence[str]]
) -> list[Forestalled]:
    """The entries that can never decide; `lineages` gives the codes from the city to each unit."""
    ordered = sorted(entries, key=lambda entry: entry.rank)
    found = []
    for position, entry in enumerate(ordered):
        for earlier in ordered[:position]:
            if covers(earlier, entry, lineages):
                message = (
                    f"第{entry.rank}条“{entry.name}”总被第{earlier.rank}条“{earlier.name}”抢先"
                )
                found.append(Forestalled(entry.rank, earlier.rank, message))
                break
    return found


def covers(wide: Entry, narrow: Entry, lineages: Mapping[str, Sequence[str]]) -> bool:
    """Whether every ticket for which `narrow` holds is one for which `wide` holds."""
    return (
        wide.category in (None, *categories_above(narrow.category))
        and (
            wide.area is None
            or (
                narrow.area is not None
                and wide.area in (*lineages.get(narrow.area, ()), narrow.area)
            )
        )
        and (not wide.kinds or (bool(narrow.kinds) and narrow.kinds <= wide.kinds))
        and wide.line in (None, narrow.line)
        and _hours_cover(wide, narrow)
        and _words_cover(wide, narrow)
    )


def _hours_cover(wide: Entry, narrow: Entry) -> bool:
    return _minutes(narrow.hours) <= _minutes(wide.hours)


@lru_cache(maxsize=64)
def _minutes(hours: tuple[int, int] | None) -> frozenset[int]:
    """The minutes of the day that lie in the hours; all of them where there are none."""
    every = range(MINUTES_A_DAY)
    return frozenset(minute for minute in every if hours is None or within(hours, minute))


def _words_cover(wide: Entry, narrow: Entry) -> bool:
    """A text with any of the narrow one's keywords holds one of the wide one's."""
    if not wide.keywords:
        return True
    return bool(narrow.keywords) and all(wide.says(plain(word)) for word in narrow.keywords)
