"""Why a deadline is what it is, in words that a citizen and an auditor can check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import partial
from typing import Literal

from domain.dispatch.clocks import deadline
from domain.dispatch.segments import Cause, Segment, SegmentKind, Timeline, in_order
from domain.kernel.calendar import WorkCalendar
from domain.kernel.limit import CalendarKind, Limit
from domain.kernel.vocabulary import ClockName, ExtensionStatus, ResponseLevel

Language = Literal["zh", "en"]
_When = Callable[[datetime], str]

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


@dataclass(frozen=True, slots=True)
class Request:
    """A request for more time that added nothing: it waits, was refused, or lapsed."""

    status: ExtensionStatus
    at: datetime
    limit: Limit
    reason: str
    decided_at: datetime | None = None
    decision: str | None = None


def explain(
    segments: Iterable[Segment],
    calendar: WorkCalendar,
    zone: tzinfo,
    language: Language = "zh",
    *,
    clock: ClockName = ClockName.REPLY,
    due: datetime | None = None,
    requests: Iterable[Request] = (),
) -> str:
    """Return one paragraph, in Chinese or English, that derives the deadline from its segments.

    Instants are local to `zone`; the year is written where it is not the start's. `due` is the
    deadline on record, which a calendar that is declared later does not move once the duty is done;
    it is computed where none is given. Years whose holidays are not published yet are named, and
    `requests` that moved nothing are told after the deadline. Raises UnsoundSegments as `deadline`
    does.
    """
    recorded = in_order(segments)
    timeline = Timeline.of(recorded)
    due = due or deadline(recorded, calendar, zone)
    year = timeline.start.at.astimezone(zone).year
    unknown = _unpublished(timeline, due, calendar, zone)
    name = _CLOCKS[clock][0 if language == "zh" else 1]
    if language == "zh":
        when = partial(instant_in_chinese, zone=zone, year=year)
        clauses = [_chinese(segment, when) for segment in recorded]
        end = f"{name}截止时间为{when(due)}" if due else "目前停止计时，恢复后再行计算"
        told = [_chinese_request(request, when) for request in requests]
        return "；".join([*clauses, end]) + "。" + "".join([*told, *map(_chinese_unknown, unknown)])
    when = partial(_english_instant, zone=zone, year=year)
    clauses = [_english(segment, when) for segment in recorded]
    end = f"{name} due {when(due)}" if due else "The clock stands still; no date yet"
    told = [_english_request(request, when) for request in requests]
    rest = "".join([*told, *map(_english_unknown, unknown)])
    return "; ".join(clauses) + ". " + end + "." + rest


def _chinese(segment: Segment, when: _When) -> str:
    at, cause = when(segment.at), _CAUSES[segment.cause][0]
    reason = f"（{segment.text}）" if segment.text else ""
    limit = segment.limit.in_chinese() if segment.limit else ""
    if segment.starts:
        level = f"{_LEVELS[segment.level]}响应" if segment.level else ""
        return f"自{at}{cause}起，按{level}{limit}计算{reason}"
    review = segment.review_on
    wordings: dict[SegmentKind, str] = {
        SegmentKind.RUN: f"{at}恢复计时",
        SegmentKind.PAUSE: f"{at}因{cause}暂停计时",
        SegmentKind.SUSPENSION: f"{at}挂账，停止计时"
        + (f"，定于{_chinese_day(review)}复查" if review else ""),
        SegmentKind.EXTENSION: f"{at}获准延期{limit}",
        SegmentKind.LEVEL_CHANGE: (
            f"{at}调整为{_LEVELS[segment.level]}响应，时限改为{limit}，仍自起算时计"
            if segment.level
            else f"{at}时限改为{limit}，仍自起算时计"
        ),
        SegmentKind.CALENDAR_CHANGE: f"{at}工作日历更新，"
        + (
            f"截止时间由{when(segment.moved[0])}改为{when(segment.moved[1])}"
            if segment.moved
            else "按新安排计算"
        ),
    }
    return wordings[segment.kind] + reason


def _english(segment: Segment, when: _When) -> str:
    at, cause = when(segment.at), _CAUSES[segment.cause][1]
    reason = f" ({segment.text})" if segment.text else ""
    limit = segment.limit.in_english() if segment.limit else ""
    level = f"response level {segment.level.value}, " if segment.level else ""
    if segment.starts:
        return f"From {cause} on {at}: {level}{limit}{reason}"
    review = segment.review_on
    wordings: dict[SegmentKind, str] = {
        SegmentKind.RUN: f"resumed {at}",
        SegmentKind.PAUSE: f"stopped {at} for {cause}",
        SegmentKind.SUSPENSION: f"suspended {at}"
        + (f", to be reviewed on {_english_day(review)}" if review else ""),
        SegmentKind.EXTENSION: f"extended {at} by {limit}",
        SegmentKind.LEVEL_CHANGE: f"changed {at} to {level}{limit} from the start",
        SegmentKind.CALENDAR_CHANGE: f"working calendar renewed {at}"
        + (
            f", moving the deadline from {when(segment.moved[0])} to {when(segment.moved[1])}"
            if segment.moved
            else ""
        ),
    }
    return wordings[segment.kind] + reason


def _chinese_request(request: Request, when: _When) -> str:
    asked = f"{when(request.at)}申请延期{request.limit.in_chinese()}（{request.reason}）"
    decided = when(request.decided_at) if request.decided_at else ""
    decision = f"（{request.decision}）" if request.decision else ""
    outcomes = {
        ExtensionStatus.REQUESTED: "，尚待审批",
        ExtensionStatus.REFUSED: f"，{decided}未予批准{decision}",
        ExtensionStatus.LAPSED: f"，至{decided}未审批，已失效",
    }
    return f"{asked}{outcomes[request.status]}。"


def _english_request(request: Request, when: _When) -> str:
    asked = f"{request.limit.in_english()} more requested {when(request.at)} ({request.reason})"
    decided = when(request.decided_at) if request.decided_at else ""
    decision = f" ({request.decision})" if request.decision else ""
    outcomes = {
        ExtensionStatus.REQUESTED: "not decided yet",
        ExtensionStatus.REFUSED: f"refused {decided}{decision}",
        ExtensionStatus.LAPSED: f"lapsed undecided {decided}",
    }
    return f" {asked}: {outcomes[request.status]}."


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


def instant_in_chinese(at: datetime, zone: tzinfo, year: int) -> str:
    """The instant in local words; its year only where that is not `year`."""
    local = at.astimezone(zone)
    written = "" if local.year == year else f"{local.year}年"
    return f"{written}{local.month}月{local.day}日{local:%H:%M}"


def _english_instant(at: datetime, zone: tzinfo, year: int) -> str:
    local = at.astimezone(zone)
    written = "" if local.year == year else f" {local.year}"
    return f"{local.day} {_MONTHS[local.month - 1]}{written} {local:%H:%M}"


def _chinese_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _english_day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
