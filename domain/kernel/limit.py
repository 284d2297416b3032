"""A limit of time as a city writes it: `PT2H` on the wall clock, `P5WD` in working days."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_WRITTEN = re.compile(
    r"P(?:(?P<workdays>\d{1,4})WD"
    r"|(?:(?P<days>\d{1,4})D)?(?:T(?=\d)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?)?)",
    re.ASCII,
)
_MINUTE = timedelta(minutes=1)
_CHINESE = {"workdays": "个工作日", "days": "天", "hours": "小时", "minutes": "分钟"}
_ENGLISH = {"workdays": "working day", "days": "day", "hours": "hour", "minutes": "minute"}


class CalendarKind(StrEnum):
    """Which time counts."""

    WALL = "wall"  # 自然时间：日夜、节假日都算
    WORKING = "working"  # 工作时间：只算工作日的办公时间


class Limit(BaseModel):
    """A length of time and the calendar in which it runs.

    `limit` is an ISO 8601 duration of days, hours and minutes, or `PnWD` for n working days.
    Working days need the working calendar; days of 24 hours need the wall clock, since the two
    would otherwise be mistaken for each other. Hours and minutes may run in either.
    Raises ValueError (as pydantic's ValidationError) for anything else and for a length of zero.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    limit: str = Field(max_length=20)
    calendar: CalendarKind = CalendarKind.WALL

    @model_validator(mode="after")
    def _sound(self) -> Self:
        parts = self._parts
        if not any(parts.values()):
            raise ValueError("a limit must be longer than zero")
        if parts["workdays"] and self.calendar is not CalendarKind.WORKING:
            raise ValueError('working days (WD) need calendar = "working"')
        if parts["days"] and self.calendar is not CalendarKind.WALL:
            raise ValueError('days (D) need calendar = "wall"; write WD for working days')
        return self

    @classmethod
    def working_days(cls, count: int) -> Limit:
        """Return a limit of `count` working days."""
        return cls(limit=f"P{count}WD", calendar=CalendarKind.WORKING)

    @cached_property
    def _parts(self) -> dict[str, int]:
        match = _WRITTEN.fullmatch(self.limit)
        if match is None:
            raise ValueError(f"{self.limit!r} is neither an ISO 8601 duration nor PnWD")
        return {name: int(number or 0) for name, number in match.groupdict().items()}

    @property
    def workdays(self) -> int:
        """The number of working days; 0 where the limit is written in other units."""
        return self._parts["workdays"]

    @cached_property
    def time(self) -> timedelta:
        """The days, hours and minutes; zero where the limit is written in working days."""
        parts = self._parts
        return timedelta(days=parts["days"], hours=parts["hours"], minutes=parts["minutes"])

    @property
    def nominal(self) -> timedelta:
        """The length for comparing limits: a working day counts as one day."""
        return timedelta(days=self.workdays) + self.time

    def share(self, share: Decimal) -> Limit:
        """Return that share of the limit, rounded up in the unit's favour.

        Working days are rounded up to whole ones, other lengths to whole minutes.
        """
        if self.workdays:
            return Limit.working_days(max(1, _rounded_up(share * self.workdays)))
        hours, minutes = divmod(max(1, _rounded_up(share * (self.time // _MINUTE))), 60)
        days, hours = divmod(hours, 24) if self._parts["days"] else (0, hours)
        time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        written = "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")
        return Limit(limit=written, calendar=self.calendar)

    def in_chinese(self) -> str:
        """Return the limit in words, e.g. `5个工作日`, `2小时30分钟`."""
        words = "".join(f"{n}{_CHINESE[name]}" for name, n in self._parts.items() if n)
        return f"{words}工作时间" if self._hours_of_work else words

    def in_english(self) -> str:
        """Return the limit in words, e.g. `5 working days`, `2 hours 30 minutes`."""
        words = " ".join(
            f"{n} {_ENGLISH[name]}{'' if n == 1 else 's'}" for name, n in self._parts.items() if n
        )
        return f"{words} of working time" if self._hours_of_work else words

    @property
    def _hours_of_work(self) -> bool:
        return self.calendar is CalendarKind.WORKING and not self.workdays


def _rounded_up(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))
