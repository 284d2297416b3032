"""The working calendar: which days are worked, at which hours, and how working time adds up.

Working time is one additive measure. A working day is worth the sum of its hours, so n working
days from an instant within working hours end at the same wall time n workdays later. What begins
outside working hours begins at the next opening, and a limit that runs out at closing time ends at
the next opening, because nobody could act in between. All of this follows from one definition:
a limit ends at the first open instant before which the whole of it has been worked.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from types import MappingProxyType

_SATURDAY = 5
_DAY = timedelta(days=1)
_WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class DaySpan:
    """A part of a day in local wall time, half-open: `opens` belongs to it, `closes` does not."""

    opens: time
    closes: time

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError("a span must open before it closes, on the same day")

    @classmethod
    def parse(cls, text: str) -> DaySpan:
        """Read `09:00-12:00`. Raises ValueError for anything else."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a span such as 09:00-12:00")
        hour, minute, until_hour, until_minute = map(int, match.groups())
        return cls(time(hour, minute), time(until_hour, until_minute))

    @property
    def length(self) -> timedelta:
        """The length of the span."""
        return _since_midnight(self.closes) - _since_midnight(self.opens)

    def on(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return the span on that local day as two UTC instants."""
        return (
            datetime.combine(day, self.opens, tzinfo=zone).astimezone(UTC),
            datetime.combine(day, self.closes, tzinfo=zone).astimezone(UTC),
        )


def ordered_spans(spans: Sequence[DaySpan]) -> tuple[DaySpan, ...]:
    """Return the spans of a day in order. Raises ValueError where there are none or two overlap."""
    result = tuple(sorted(spans))
    if not result:
        raise ValueError("a day needs at least one span")
    if any(late.opens < early.closes for early, late in pairwise(result)):
        raise ValueError("the spans of a day must not overlap")
    return result


def holiday_rows(text: str) -> list[tuple[date, bool]]:
    """Read the CSV text of a holiday list with the columns `date` and `is_workday` (0 or 1).

    Raises ValueError with the line number where a row cannot be read.
    """
    rows = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            rows.append(
                (date.fromisoformat(row["date"]), {"0": False, "1": True}[row["is_workday"]])
            )
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"line {number}: needs a date and is_workday 0 or 1") from None
    return rows


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The days that differ from the week, and the hours of a working day."""

    days: Mapping[date, bool]
    hours: tuple[DaySpan, ...]

    @classmethod
    def of(cls, rows: Iterable[tuple[date, bool]], hours: Sequence[DaySpan]) -> WorkCalendar:
        """Build a calendar from rows (date, is_workday); days not listed follow the week.

        Of two rows for one day the later one stands, so a correction can be appended.
        Raises ValueError where the hours are none or overlap.
        """
        return cls(MappingProxyType(dict(rows)), ordered_spans(hours))

    def with_days(self, rows: Iterable[tuple[date, bool]]) -> WorkCalendar:
        """Return this calendar with days that were declared since; they stand before its own."""
        return WorkCalendar.of([*self.days.items(), *rows], self.hours)

    def is_workday(self, day: date) -> bool:
        """Tell whether that day is worked, holidays and make-up workdays (调休) included."""
        return self.days.get(day, day.weekday() < _SATURDAY)

    def next_workday(self, day: date) -> date:
        """Return the first workday after that day."""
        following = day + _DAY
        while not self.is_workday(following):
            following += _DAY
        return following

    def covers(self, year: int) -> bool:
        """Tell whether that year's arrangement is published, i.e. has at least one row."""
        return any(day.year == year for day in self.days)

    @property
    def day_length(self) -> timedelta:
        """The working time in one working day."""
        return sum((span.length for span in self.hours), timedelta())

    def open_spans(
        self, begin: datetime, end: datetime | None, zone: tzinfo
    ) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working time in [begin, end) in order, as half-open pairs of UTC instants.

        `end` None means without end. Both must be aware.
        """
        day = begin.astimezone(zone).date()
        while end is None or day <= end.astimezone(zone).date():
            if self.is_workday(day):
                for span in self.hours:
                    opens, closes = span.on(day, zone)
                    opens = max(opens, begin)
                    closes = closes if end is None else min(closes, end)
                    if opens < closes:
                        yield opens, closes
            day += _DAY

    def add(self, at: datetime, amount: timedelta, zone: tzinfo) -> datetime:
        """Return the first open instant (UTC) by which `amount` of working time has passed."""
        left = amount
        for opens, closes in self.open_spans(at.astimezone(UTC), None, zone):
            if left < closes - opens:
                return opens + left
            left -= closes - opens
        raise AssertionError("the calendar has no end")

    def next_opening(self, at: datetime, zone: tzinfo) -> datetime:
        """Return the first instant (UTC), from an aware `at` on, that is working time."""
        return self.add(at, timedelta(), zone)

    def add_workdays(self, at: datetime, count: int, zone: tzinfo) -> datetime:
        """Return the instant (UTC) `count` working days after `at`."""
        return self.add(at, count * self.day_length, zone)

    def worked(self, begin: datetime, end: datetime, zone: tzinfo) -> timedelta:
        """Return the working time in [begin, end); zero where end is not after begin."""
        spans = self.open_spans(begin.astimezone(UTC), end.astimezone(UTC), zone)
        return sum((closes - opens for opens, closes in spans), timedelta())


def _since_midnight(wall: time) -> timedelta:
    return timedelta(hours=wall.hour, minutes=wall.minute)
