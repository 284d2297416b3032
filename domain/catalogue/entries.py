"""One entry of the catalogue, and what is known of a ticket when it is held against it. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

PLACE: Final = "PLACE"  # 地点所指的单位
STREET: Final = "STREET"  # 地点所在的街道
DISTRICT: Final = "DISTRICT"  # 地点所在的区
RELATIVE: Final = (PLACE, STREET, DISTRICT)

FALLBACK_RANK: Final = 9999
"""The rank of the entry that decides what no other does."""

FALLBACK_NAME: Final = "其余按地点"
MINUTES_A_DAY: Final = 24 * 60
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_END_OF_TITLE = "。"  # so that no word is found across title and content


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a ticket when it comes in.

    `lineage` holds the codes from the city down to the unit that the place points to, and is empty
    where it points to none. `minute` is the local time of day, 0 to 1439.
    """

    category: str | None
    lineage: tuple[str, ...]
    kind: str
    minute: int
    line: str | None
    text: str

    @property
    def place(self) -> str | None:
        """The code of the unit that the place points to."""
        return self.lineage[-1] if self.lineage else None


@dataclass(frozen=True, slots=True)
class Entry:
    """派单目录条目: conditions, all of which must hold, and what follows.

    `lead`, `joint` and `copies` hold codes of units or one of `RELATIVE`. `hours` are minutes of
    the local day, the first included and the second not; they may cross midnight.
    """

    rank: int
    name: str
    category: str | None = None
    area: str | None = None
    kinds: frozenset[str] = frozenset()
    hours: tuple[int, int] | None = None
    line: str | None = None
    keywords: tuple[str, ...] = ()
    lead: str = PLACE
    joint: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    level: str | None = None
    id: UUID | None = None

    @property
    def is_fallback(self) -> bool:
        return self.rank == FALLBACK_RANK

    def holds(self, facts: Facts) -> bool:
        """Whether every condition holds: the definition that the compiled form must equal."""
        return (
            self.category in (None, *categories_above(facts.category))
            and self.area in (None, *facts.lineage)
            and self.holds_else(facts)
            and (not self.keywords or self.says(plain(facts.text)))
        )

    def holds_else(self, facts: Facts) -> bool:
        """Whether the conditions hold that are neither category nor area nor keywords."""
        return (
            (not self.kinds or facts.kind in self.kinds)
            and (self.line is None or self.line == facts.line)
            and (self.hours is None or within(self.hours, facts.minute))
        )

    def says(self, text: str) -> bool:
        """Whether one of the keywords stands in a text that `plain` made."""
        return any(plain(word) in text for word in self.keywords)


def fallback() -> Entry:
    """The entry that every version has: no condition, and the place decides (B12)."""
    return Entry(FALLBACK_RANK, FALLBACK_NAME)


def within(hours: tuple[int, int], minute: int) -> bool:
    """Whether a minute of the day lies in the hours, which may cross midnight."""
    begin, end = hours
    return begin <= minute < end if begin < end else minute >= begin or minute < end


@lru_cache(maxsize=4096)
def categories_above(code: str | None) -> tuple[str, ...]:
    """A dotted category code and those above it, from the top."""
    if code is None:
        return ()
    parts = code.split(".")
    return tuple(".".join(parts[: end + 1]) for end in range(len(parts)))


def text_of(title: str, content: str) -> str:
    """The words of a ticket, such that no keyword is found across title and content."""
    return f"{title}{_END_OF_TITLE}{content}"


@lru_cache(maxsize=4096)
def _plain_word(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def plain(text: str) -> str:
    """A text in which width variants and white space make no difference."""
    if len(text) <= 64:  # a keyword, asked for again and again
        return _plain_word(text)
    return "".join(unicodedata.normalize("NFKC", text).split())


def minute_of(clock: str) -> int | None:
    """Minutes since midnight of `HH:MM`; None for anything else."""
    match = _CLOCK.fullmatch(clock)
    return None if match is None else int(match[1]) * 60 + int(match[2])
