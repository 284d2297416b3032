"""A city's rules follow its data files, though what was read is kept."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from domain.dispatch.city import load_rules
from domain.kernel.profile import InvalidProfile
from tests.support.engines import CITY

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TUESDAY = date(2026, 11, 24)


@pytest.fixture
def cities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the data files, which the rules are read from."""
    folder = tmp_path / "cities"
    shutil.copytree(Path(str(files("cities"))), folder)
    monkeypatch.setattr("domain.dispatch.city.files", lambda _package: folder)
    return folder


def test_files_that_changed_are_seen(cities: Path) -> None:
    before = load_rules(CITY, NOW)
    assert load_rules(CITY, NOW).profile is before.profile, "the same text is read once"
    assert before.calendar.is_workday(TUESDAY)

    profile = cities / CITY / "profile.toml"
    attempts = before.profile.callback.attempts
    old, new = f"attempts = {attempts} ", f"attempts = {attempts - 1} "
    profile.write_text(profile.read_text().replace(old, new, 1))
    with (cities / "holidays.csv").open("a") as days:
        days.write(f"{TUESDAY},0,holiday,临时\n")
    after = load_rules(CITY, NOW)
    assert after.profile.callback.attempts == attempts - 1
    assert not after.calendar.is_workday(TUESDAY)

    profile.write_text("no profile")
    for _ in range(2):
        with pytest.raises(InvalidProfile):
            load_rules(CITY, NOW)
