"""The city profile: every number that differs between cities, as versioned data.

The numbers stand in `cities/<city>/profile.toml`, each with its source. This module reads them and
refuses a profile that contradicts itself. A profile is immutable.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, model_validator

from domain.kernel.limit import Limit
from domain.kernel.sections import (
    Callback,
    Classification,
    Conference,
    Contest,
    ContestGround,
    Evaluation,
    Extension,
    HandDown,
    Joint,
    LoginCode,
    Merging,
    PositiveCount,
    Response,
    Restraints,
    Rework,
    Section,
    Spans,
    Supervision,
    Suspension,
    TriageGround,
    Warnings,
    Whistle,
    Word,
)
from domain.kernel.vocabulary import ClockName, ResponseLevel


class InvalidProfile(ValueError):
    """A profile cannot be used; the message has one line for every fault, naming its key."""


def _read_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, KeyError, ValueError):  # an unknown zone is a KeyError
        raise ValueError(f"{value!r} is not a known time zone") from None
    return value


class Profile(Section):
    """The numbers of one city, from one day on."""

    city: Annotated[str, Field(pattern=r"^[a-z]{2,30}$")]
    name: Word
    version: PositiveCount
    effective_from: date
    zone: Annotated[str, AfterValidator(_read_zone)]
    root: Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,20}$")]
    working_hours: Spans
    response: Response
    warnings: Warnings
    rework: Rework
    joint: Joint
    hand_down: HandDown
    whistle: Whistle
    extension: Extension
    suspension: Suspension
    conference: Conference
    contest: Contest
    supervision: Supervision
    callback: Callback
    evaluation: Evaluation
    login_code: LoginCode
    restraints: Restraints
    merging: Merging
    classification: Classification
    triage_grounds: Annotated[tuple[TriageGround, ...], Field(min_length=1)]
    contest_grounds: Annotated[tuple[ContestGround, ...], Field(min_length=1)]

    @cached_property
    def zone_info(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.zone)

    def limit(self, clock: ClockName, level: ResponseLevel) -> Limit:
        """Return the limit of that clock at that response level, in the first round."""
        return self.response.levels[level].of(clock)

    def triage_ground(self, code: str) -> TriageGround | None:
        """Return the ground of that code, or None where the city knows none."""
        return next((ground for ground in self.triage_grounds if ground.code == code), None)

    def contest_ground(self, code: str) -> ContestGround | None:
        """Return the ground of that code, or None where the city knows none."""
        return next((ground for ground in self.contest_grounds if ground.code == code), None)

    @model_validator(mode="after")
    def _distinct_grounds(self) -> Self:
        for name in ("triage_grounds", "contest_grounds"):
            codes = [ground.code for ground in getattr(self, name)]
            if repeated := sorted({code for code in codes if codes.count(code) > 1}):
                raise ValueError(f"{name} repeat {', '.join(repeated)}")
        return self


def load_profile(text: str) -> Profile:
    """Read a profile from the text of its TOML file; decimal numbers stay exact.

    Raises InvalidProfile with one line for every fault, e.g. `callback.attempts: …`.
    """
    try:
        return Profile.model_validate(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise InvalidProfile(f"not TOML: {error}") from None
    except ValidationError as error:
        raise InvalidProfile("\n".join(_lines(error))) from None


def effective_profile(profiles: Iterable[Profile], day: date) -> Profile | None:
    """Return the profile in force on that local day: of those begun, the latest; None if none."""
    begun = [profile for profile in profiles if profile.effective_from <= day]
    return max(begun, key=lambda profile: (profile.effective_from, profile.version), default=None)


def _lines(error: ValidationError) -> Iterable[str]:
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(step) for step in fault["loc"]) or "profile"
        yield f"{place}: {fault['msg'].removeprefix('Value error, ')}"
