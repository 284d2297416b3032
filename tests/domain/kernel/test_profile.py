from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from domain.kernel.limit import Limit
from domain.kernel.profile import InvalidProfile, effective_profile, load_profile
from domain.kernel.vocabulary import ClockName, ResponseLevel, Satisfaction
from tests.support.cities import CITY_NAMES, profile_of, profile_text

BEIJING = profile_text("beijing")


@pytest.mark.parametrize("city", CITY_NAMES)
def test_every_shipped_profile_loads_under_its_own_name(city: str) -> None:
    assert profile_of(city).city == city


@pytest.mark.parametrize("city", CITY_NAMES)
def test_every_number_of_a_shipped_profile_has_a_source(city: str) -> None:
    """A number stands with a comment on its line, or under a table whose line has one."""
    commented = False
    for line in profile_text(city).splitlines():
        if line.startswith("#"):
            commented = True
        elif line.startswith("["):
            commented = "#" in line or (commented and line.startswith("[["))
        elif not line:
            commented = False
        elif any(ch.isdigit() for ch in line.partition("=")[2].partition("#")[0]):
            assert "#" in line or commented or line.startswith(_IDENTITY), line


_IDENTITY = ("version", "effective_from", "code", "label", "english", "source", "hand_over")


def test_the_four_levels_of_beijing() -> None:
    limits = [profile_of("beijing").limit(ClockName.REPLY, level).time for level in ResponseLevel]
    assert limits == [
        timedelta(hours=2),
        timedelta(hours=24),
        timedelta(days=7),
        timedelta(days=15),
    ]


def test_jinan_has_five_working_days() -> None:
    assert profile_of("jinan").limit(ClockName.REPLY, ResponseLevel.L3) == Limit.working_days(5)


def test_decimals_are_exact() -> None:
    evaluation = profile_of("beijing").evaluation
    assert evaluation.satisfied[Satisfaction.BASICALLY_SATISFIED] == Decimal("0.9")
    assert evaluation.composite.response == Decimal("0.1")


def test_a_profile_cannot_be_changed() -> None:
    profile = profile_of("beijing")
    with pytest.raises(ValidationError):
        profile.rework.rounds = 9  # type: ignore[misc]
    with pytest.raises(TypeError):
        profile.response.levels[ResponseLevel.L1] = profile.response.levels[ResponseLevel.L4]  # type: ignore[index]
    assert profile.rework.rounds == 2


_WORKING_DELAY = 'delay = { limit = "P1WD", calendar = "working"'


def _swap(old: str, new: str) -> Callable[[], str]:
    def changed() -> str:
        assert old in BEIJING
        return BEIJING.replace(old, new, 1)

    return changed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lambda: "city = ", "not TOML"),
        (lambda: "", "zone: Field required"),
        (_swap('zone = "Asia/Shanghai"', 'zone = "Asia/Peking"'), "zone: .*known time zone"),
        (_swap('zone = "Asia/Shanghai"', 'zone = "../../etc/passwd"'), "zone: "),
        (_swap('"PT30M"', '"30 minutes"'), r"response\.levels\.L1\.accept: .*PnWD"),
        (_swap('"PT30M"', '"PT3H"'), r"response\.levels\.L1: .*grow shorter"),
        (_swap('"P15D"', '"P6D"'), "REPLY limit must not grow shorter"),
        (_swap("[response.levels.L4]", "[response.levels.L5]"), r"response\.levels\.L5"),
        (_swap("rounds = 2", "rounds = -1"), r"rework\.rounds"),
        (_swap("rounds = 2", "rounds = 2\nroundz = 3"), r"rework\.roundz: Extra"),
        (_swap("attempts = 3", 'attempts = "3"'), r"callback\.attempts"),
        (_swap("resolution = 0.5", "resolution = 0.6"), "add up to exactly 1"),
        (_swap("BASICALLY_SATISFIED = 0.9\n", ""), "satisfied lacks BASICALLY_SATISFIED"),
        (_swap("BASICALLY_SATISFIED = 0.9", "BASICALLY_SATISFIED = 1.9"), "BASICALLY_SATISFIED"),
        (_swap('"09:00-12:00", "14:00', '"09:00-15:00", "14:00'), "workday_windows: .*overlap"),
        (_swap('"EMERGENCY_119"', '"EMERGENCY_110"'), "repeat EMERGENCY_110"),
        (_swap("day = 19", "day = 31"), r"evaluation\.period\.day"),
        (_swap('to = "CITY"', 'to = "STREET"'), r"escalation\.1\.to"),
        (_swap('after = { limit = "P1D"', 'after = { limit = "P4D"'), "order of their time"),
        (
            _swap('delay = { limit = "PT2H", calendar = "wall" }', "delay = { limit = 'P1WD' }"),
            "callback.delay: .*working",
        ),
        (
            _swap('delay = { limit = "PT2H", calendar = "wall"', _WORKING_DELAY),
            "callback: .*wall clock",
        ),
    ],
)
def test_a_faulty_profile_is_refused_by_the_key_at_fault(
    text: Callable[[], str], message: str
) -> None:
    with pytest.raises(InvalidProfile, match=message):
        load_profile(text())


def test_all_faults_are_told_at_once() -> None:
    text = BEIJING.replace("rounds = 2", "rounds = -2").replace("gap = 6", "gap = 600")
    with pytest.raises(InvalidProfile) as refusal:
        load_profile(text)
    assert len(str(refusal.value).splitlines()) == 2


def test_the_profile_in_force_is_the_latest_that_has_begun() -> None:
    first = profile_of("beijing")
    second = first.model_copy(update={"version": 2, "effective_from": date(2027, 1, 1)})
    profiles = [second, first]
    assert effective_profile(profiles, date(2025, 12, 31)) is None
    assert effective_profile(profiles, date(2026, 12, 31)) is first
    assert effective_profile(profiles, date(2027, 1, 1)) is second


def test_triage_grounds_are_found_by_code() -> None:
    profile = profile_of("beijing")
    ground = profile.triage_ground("EMERGENCY_119")
    assert ground is not None
    assert (ground.hand_over, ground.source) == ("119", "B11(1)")
    assert profile.triage_ground("NO_SUCH_GROUND") is None
