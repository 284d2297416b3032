"""Which point of a clock comes next after it moved: its warning, its deadline, an escalation. Pure.

The lead's clocks and those of joint tasks follow one rule: nobody is warned twice of one deadline,
and what was brought before a level is not brought there again while it stays overdue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from domain.dispatch import clocks
from domain.dispatch.city import Rules
from domain.dispatch.segments import Segment

WARNING, DEADLINE, ESCALATION = "WARNING", "DEADLINE", "ESCALATION"


class Point(NamedTuple):
    """What a clock's timer is armed for, when, and for the how-manieth escalation."""

    name: str
    at: datetime
    step: int | None = None


def next_point(
    rules: Rules,
    segments: Sequence[Segment],
    due: datetime | None,
    now: datetime,
    before: Mapping[str, Any] | None,
    *,
    stood: bool,
) -> Point | None:
    """The next point of a clock whose deadline is `due` now; None where there is none.

    `before` is the payload of the timer that the clock had, `stood` whether it was stopped.
    """
    if due is None:
        return None
    was = None if before is None else before["point"]
    warning = clocks.warning_at(rules.profile, segments, rules.calendar, rules.zone)
    if warning is not None and (warning > now or was == WARNING):
        return Point(WARNING, warning)
    if due > now or was == DEADLINE or stood:
        return Point(DEADLINE, due)
    if before is None:
        return None  # every level knows already
    steps = clocks.escalations(rules.profile, due, rules.calendar, rules.zone)
    step: int = before["step"]
    return Point(ESCALATION, steps[step - 1].at, step) if step <= len(steps) else None


def is_past(rules: Rules, segments: Sequence[Segment], now: datetime) -> bool:
    """Whether the limit is used up."""
    due = clocks.deadline(segments, rules.calendar, rules.zone)
    return due is not None and due <= now


def is_warned(rules: Rules, segments: Sequence[Segment], now: datetime) -> bool:
    """Whether the point of the warning lies behind."""
    at = clocks.warning_at(rules.profile, segments, rules.calendar, rules.zone)
    return at is not None and at <= now
