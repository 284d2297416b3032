"""The segments of a clock: what happened to one limit, each with its cause.

A clock is nothing but its segments; deadline, warning and explanation are computed from them
(clocks.py, explanation.py). Segments are append-only: a holiday that is declared later, or a level
that changes, never rewrites what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import groupby

from domain.kernel.limit import CalendarKind, Limit
from domain.kernel.vocabulary import ResponseLevel


class SegmentKind(StrEnum):
    """What a segment does to its clock."""

    RUN = "RUN"  # 起算；或恢复计时
    PAUSE = "PAUSE"  # 暂停
    SUSPENSION = "SUSPENSION"  # 挂账：有措施和复查日期的停计
    EXTENSION = "EXTENSION"  # 延期
    LEVEL_CHANGE = "LEVEL_CHANGE"  # 响应等级调整
    CALENDAR_CHANGE = "CALENDAR_CHANGE"  # 工作日历更新


class Cause(StrEnum):
    """Why a segment was recorded."""

    DISPATCH = "DISPATCH"  # 派单
    REWORK = "REWORK"  # 重办
    CONTEST = "CONTEST"  # 派单异议
    SUSPENSION = "SUSPENSION"  # 挂账
    RESUMPTION = "RESUMPTION"  # 恢复
    EXTENSION = "EXTENSION"  # 延期获准
    LEVEL = "LEVEL"  # 等级调整
    CALENDAR = "CALENDAR"  # 节假日安排公布或调整


class UnsoundSegments(ValueError):
    """The segments do not describe a clock: no start, two starts, or a resume of what runs."""


STOPS = frozenset({SegmentKind.PAUSE, SegmentKind.SUSPENSION})


@dataclass(frozen=True, slots=True)
class Segment:
    """One thing that happened to a clock at one instant.

    `at` is aware and kept in UTC. `limit` is the whole limit for the RUN that starts the clock and
    for LEVEL_CHANGE, what is added for EXTENSION, and None otherwise. `level` is set where a limit
    comes from a response level. `text` is the stated reason, free of personal data. `review_on` is
    the local day on which a suspension is reviewed; `moved` says from where to where a new calendar
    moved the deadline.
    Raises ValueError for a naive `at`, and for a limit that is missing or out of place.
    """

    kind: SegmentKind
    at: datetime
    cause: Cause
    limit: Limit | None = None
    level: ResponseLevel | None = None
    text: str = ""
    review_on: date | None = None
    moved: tuple[datetime, datetime] | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a segment needs an aware datetime")
        object.__setattr__(self, "at", self.at.astimezone(UTC))
        needs_limit = self.kind in {SegmentKind.EXTENSION, SegmentKind.LEVEL_CHANGE}
        if needs_limit and self.limit is None:
            raise ValueError(f"{self.kind.value} needs a limit")
        if not (needs_limit or self.kind is SegmentKind.RUN) and self.limit is not None:
            raise ValueError(f"{self.kind.value} has no limit")

    @property
    def starts(self) -> bool:
        """Whether this is the RUN that starts the clock; a RUN without a limit resumes it."""
        return self.kind is SegmentKind.RUN and self.limit is not None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Segments read as a whole, whatever the order of those at the same instant.

    `base` is the limit in force: the start's, or the latest level change's (of two at one instant
    the stricter). `running` are the half-open stretches during which the clock runs; the end None
    is open. Stops nest: a ticket that is contested while suspended runs when both have ended.
    """

    start: Segment
    base: Segment
    extensions: tuple[Segment, ...]
    running: tuple[tuple[datetime, datetime | None], ...]

    @classmethod
    def of(cls, segments: Iterable[Segment]) -> Timeline:
        """Read the segments. Raises UnsoundSegments where they do not describe a clock."""
        ordered = in_order(segments)
        starts = [segment for segment in ordered if segment.starts]
        if len(starts) != 1:
            raise UnsoundSegments(f"a clock has one start, not {len(starts)}")
        start = starts[0]
        if ordered[0].at < start.at:
            raise UnsoundSegments("nothing can happen to a clock before it starts")
        changes = [segment for segment in ordered if segment.kind is SegmentKind.LEVEL_CHANGE]
        latest = [change for change in changes if change.at == changes[-1].at]
        return cls(
            start=start,
            base=min(latest, key=_strictness, default=start),
            extensions=tuple(s for s in ordered if s.kind is SegmentKind.EXTENSION),
            running=_running(start.at, ordered),
        )

    @property
    def stands(self) -> bool:
        """Whether the clock is stopped, and not yet resumed, after the last of its segments."""
        return not self.running or self.running[-1][1] is not None

    @property
    def phases(self) -> tuple[Limit, ...]:
        """The limits that are used up one after another: the base, then each extension."""
        limits = (segment.limit for segment in (self.base, *self.extensions))
        return tuple(limit for limit in limits if limit is not None)


def in_order(segments: Iterable[Segment]) -> list[Segment]:
    """Return the segments by time; those at one instant in an order that depends on them alone."""
    return sorted(segments, key=lambda segment: (segment.at, *_rank(segment)))


def since_start(recorded: Sequence[Segment]) -> Sequence[Segment]:
    """Return the segments from the latest start on, of those of one clock as they were recorded.

    A ticket that is given to another unit starts its clocks again in the same round; what the unit
    before did with its time is on record and counts no longer.
    """
    starts = [place for place, segment in enumerate(recorded) if segment.starts]
    return recorded[starts[-1] :] if starts else recorded


def _rank(segment: Segment) -> tuple[bool, str, timedelta, str, str, str, str, str]:
    nominal = segment.limit.nominal if segment.limit else timedelta()
    written = f"{segment.limit.limit}{segment.limit.calendar}" if segment.limit else ""
    level = segment.level or ""
    return (
        not segment.starts, segment.kind, nominal, written, level, segment.cause, segment.text,
        f"{segment.review_on}{segment.moved}",
    )  # fmt: skip


def _strictness(change: Segment) -> tuple[timedelta, bool]:
    assert change.limit is not None
    return change.limit.nominal, change.limit.calendar is CalendarKind.WORKING


def _running(
    begin: datetime, ordered: Sequence[Segment]
) -> tuple[tuple[datetime, datetime | None], ...]:
    stretches: list[tuple[datetime, datetime | None]] = []
    stopped = 0
    since: datetime | None = begin
    for at, group in groupby(ordered, key=lambda segment: segment.at):
        stopped += sum(_change(segment) for segment in group)
        if stopped < 0:
            raise UnsoundSegments("a clock that runs cannot be resumed")
        if stopped and since is not None:
            if since < at:
                stretches.append((since, at))
            since = None
        elif not stopped and since is None:
            since = at
    if since is not None:
        stretches.append((since, None))
    return tuple(stretches)


def _change(segment: Segment) -> int:
    if segment.kind in STOPS:
        return 1
    return -1 if segment.kind is SegmentKind.RUN and not segment.starts else 0
