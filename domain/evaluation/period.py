"""考评周期: the window of time that belongs to a month. Pure.

In Beijing's practice the month runs from the 19th to the 19th, elsewhere by the calendar
(rules: Callback and evaluation, P); day, hour and naming are the city profile's.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from domain.kernel.profile import Profile

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def window(profile: Profile, month: str) -> tuple[datetime, datetime]:
    """Return the window of `2026-11` as two aware UTC instants, half-open.

    Raises ValueError where `month` is not of that form or its window is out of the calendar.
    """
    match = _MONTH.fullmatch(month)
    if match is None:
        raise ValueError(f"{month!r} is not a month such as 2026-11")
    count = int(match[1]) * 12 + int(match[2]) - 1
    if profile.evaluation.period.begins_in == "PREVIOUS_MONTH":
        count -= 1
    try:
        return _turn(profile, count), _turn(profile, count + 1)
    except (OverflowError, ValueError):
        raise ValueError(f"{month!r} is out of the calendar") from None


def month_of(profile: Profile, instant: datetime) -> str:
    """Return the month whose window holds that aware instant.

    Raises ValueError for a naive datetime.
    """
    if instant.tzinfo is None:
        raise ValueError("a month is found for aware datetimes only")
    local = instant.astimezone(profile.zone_info)
    count = local.year * 12 + local.month - 1
    if instant < _turn(profile, count):
        count -= 1
    if profile.evaluation.period.begins_in == "PREVIOUS_MONTH":
        count += 1
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def _turn(profile: Profile, count: int) -> datetime:
    """Return the instant at which the window turns in a month counted from year 0."""
    period = profile.evaluation.period
    year, month = count // 12, count % 12 + 1
    return datetime(year, month, period.day, period.hour, tzinfo=profile.zone_info).astimezone(UTC)
