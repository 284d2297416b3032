"""Why a deadline is what it is, in words that a citizen and an auditor can check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Literal

from domain.dispatch.clocks import deadline
from domain.dispatch.segments import Cause, Segment, SegmentKind, Timeline, in_order
from domain.kernel.calendar import WorkCalendar
from domain.kernel.limit import CalendarKind
from domain.kernel.vocabulary import ClockName, ResponseLevel

Language = Literal["zh", "en"]
_Wording = Callable[[Segment, str], str]

_LEVELS = {
    ResponseLevel.L1: "一级",
    ResponseLevel.L2: "二级",
    ResponseLevel.L3: "三级",
    ResponseLevel.L4: "四级",
}
_CLOCKS = {
    ClockName.ACCEPT: ("签收", "Sign-in"),
    ClockName.CONTACT: ("首次联系", "First contact"),
    ClockName.REPLY: ("答复", "Reply"),
}
_CAUSES = {
    Cause.DISPATCH: ("派单", "dispatch"),
    Cause.REWORK: ("重办", "the start of the rework"),
    Cause.CONTEST: ("派单异议", "a contested dispatch"),
    Cause.SUSPENSION: ("挂账", "suspension"),
    Cause.RESUMPTION: ("恢复", "resumption"),
    Cause.EXTENSION: ("延期", "extension"),
    Cause.LEVEL: ("等级调整", "a change of level"),
    Cause.CALENDAR: ("工作日历更新", "a new working calendar"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def explain(
    segments: Iterable[Segment],
    calendar: WorkCalendar,
    zone: tzinfo,
    language: Language = "zh",
    *,
    clock: ClockName = ClockName.REPLY,
) -> str:
    """Return one paragraph, in Chinese or English, that derives the deadline from its segments.

    Instants are local to `zone`; the year is written where it is not the start's. Years whose
    holidays are not published yet are named. Raises UnsoundSegments as `deadline` does.
    """
    recorded = in_order(segments)
    timeline = Timeline.of(recorded)
    due = deadline(recorded, calendar, zone)
    year = timeline.start.at.astimezone(zone).year
    unknown = _unpublished(timeline, due, calendar, zone)
    chinese = language == "zh"
    word, when = (_chinese, _chinese_instant) if chinese else (_english, _english_instant)
    clauses = [word(segment, when(segment.at, zone, year)) for segment in recorded]
    name = _CLOCKS[clock][0 if chinese else 1]
    if chinese:
        end = f"{name}截止时间为{when(due, zone, year)}" if due else "目前停止计时，恢复后再行计算"
        return "；".join([*clauses, end]) + "。" + "".join(map(_chinese_unknown, unknown))
    end = f"{name} due {when(due, zone, year)}" if due else "The clock stands still; no date yet"
    return "; ".join(clauses) + ". " + end + "." + "".join(map(_english_unknown, unknown))


def _chinese(segment: Segment, when: str) -> str:
    cause = _CAUSES[segment.cause][0]
    reason = f"（{segment.text}）" if segment.text else ""
    limit = segment.limit.in_chinese() if segment.limit else ""
    if segment.starts:
        level = f"{_LEVELS[segment.level]}响应" if segment.level else ""
        return f"自{when}{cause}起，按{level}{limit}计算{reason}"
    wordings: dict[SegmentKind, str] = {
        SegmentKind.RUN: f"{when}恢复计时",
        SegmentKind.PAUSE: f"{when}因{cause}暂停计时",
        SegmentKind.SUSPENSION: f"{when}挂账，停止计时",
        SegmentKind.EXTENSION: f"{when}获准延期{limit}",
        SegmentKind.LEVEL_CHANGE: (
            f"{when}调整为{_LEVELS[segment.level]}响应，时限改为{limit}，仍自起算时计"
            if segment.level
            else f"{when}时限改为{limit}，仍自起算时计"
        ),
        SegmentKind.CALENDAR_CHANGE: f"{when}工作日历更新，按新安排计算",
    }
    return wordings[segment.kind] + reason


def _english(segment: Segment, when: str) -> str:
    cause = _CAUSES[segment.cause][1]
    reason = f" ({segment.text})" if segment.text else ""
    limit = segment.limit.in_english() if segment.limit else ""
    level = f"response level {segment.level.value}, " if segment.level else ""
    if segment.starts:
        return f"From {cause} on {when}: {level}{limit}{reason}"
    wordings: dict[SegmentKind, str] = {
        SegmentKind.RUN: f"resumed {when}",
        SegmentKind.PAUSE: f"stopped {when} for {cause}",
        SegmentKind.SUSPENSION: f"suspended {when}",
        SegmentKind.EXTENSION: f"extended {when} by {limit}",
        SegmentKind.LEVEL_CHANGE: f"changed {when} to {level}{limit} from the start",
        SegmentKind.CALENDAR_CHANGE: f"working calendar renewed {when}",
    }
    return wordings[segment.kind] + reason


def _unpublished(
    timeline: Timeline, due: datetime | None, calendar: WorkCalendar, zone: tzinfo
) -> Iterator[int]:
    if due is None or all(limit.calendar is CalendarKind.WALL for limit in timeline.phases):
        return
    first, last = timeline.start.at.astimezone(zone).year, due.astimezone(zone).year
    yield from (year for year in range(first, last + 1) if not calendar.covers(year))


def _chinese_unknown(year: int) -> str:
    return f"{year}年节假日安排尚未公布，暂按周一至周五计算，公布后随之调整。"


def _english_unknown(year: int) -> str:
    return (
        f" The holidays of {year} are not published yet; Monday to Friday are counted until they "
        "are, and the deadline follows."
    )


def _chinese_instant(at: datetime, zone: tzinfo, year: int) -> str:
    local = at.astimezone(zone)
    written = "" if local.year == year else f"{local.year}年"
    return f"{written}{local.month}月{local.day}日{local:%H:%M}"


def _english_instant(at: datetime, zone: tzinfo, year: int) -> str:
    local = at.astimezone(zone)
    written = "" if local.year == year else f" {local.year}"
    return f"{local.day} {_MONTHS[local.month - 1]}{written} {local:%H:%M}"
