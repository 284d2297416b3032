"""The shipped profiles and holidays, as tests use them: the real ones."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from domain.kernel.calendar import WorkCalendar, holiday_rows
from domain.kernel.profile import Profile, load_profile

CITIES = Path(__file__).parents[2] / "cities"
CITY_NAMES = ("beijing", "jinan", "generic")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def profile_text(city: str) -> str:
    return (CITIES / city / "profile.toml").read_text(encoding="utf-8")


@cache
def profile_of(city: str) -> Profile:
    return load_profile(profile_text(city))


@cache
def calendar_of(city: str) -> WorkCalendar:
    rows = holiday_rows((CITIES / "holidays.csv").read_text(encoding="utf-8"))
    return WorkCalendar.of(rows, profile_of(city).working_hours)


def local(text: str) -> datetime:
    """Read `2026-11-23 10:00` as Shanghai time."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def instants(begin: str, end: str) -> st.SearchStrategy[datetime]:
    """Any instant between two local days, in UTC."""
    days = (datetime.fromisoformat(begin), datetime.fromisoformat(end))
    local_times = st.datetimes(*days, timezones=st.just(SHANGHAI))
    return local_times.map(lambda at: at.astimezone(UTC))
