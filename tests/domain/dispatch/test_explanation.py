from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dispatch import clocks
from domain.dispatch.explanation import Language, Request, explain
from domain.dispatch.segments import Segment
from domain.kernel.limit import Limit
from domain.kernel.vocabulary import FIRST_ROUND, ClockName, ExtensionStatus, ResponseLevel
from tests.support.cities import SHANGHAI, calendar_of, local, profile_of

BEIJING, CALENDAR = profile_of("beijing"), calendar_of("beijing")


def begin(at: str, level: ResponseLevel = ResponseLevel.L2, **options: int) -> Segment:
    city = profile_of("jinan") if level is ResponseLevel.L3 else BEIJING
    return clocks.start(
        city, ClockName.REPLY, level, local(at), round=options.get("round", FIRST_ROUND)
    )


def test_the_whole_story_in_chinese() -> None:
    segments = [
        begin("2026-11-23 10:00"),
        clocks.pause(local("2026-11-23 12:00"), text="不属于本街道"),
        clocks.resume(local("2026-11-23 15:00")),
        clocks.change_level(
            BEIJING, ClockName.REPLY, ResponseLevel.L4, local("2026-11-23 16:00"), round=FIRST_ROUND
        ),
        clocks.extend(
            BEIJING, [], local("2026-11-24 09:00"), Limit.working_days(1), "等待施工许可"
        ),
    ]
    assert explain(segments, CALENDAR, SHANGHAI) == (
        "自11月23日10:00派单起，按二级响应24小时计算；"
        "11月23日12:00因派单异议暂停计时（不属于本街道）；"
        "11月23日15:00恢复计时；"
        "11月23日16:00调整为四级响应，时限改为15天，仍自起算时计；"
        "11月24日09:00获准延期1个工作日（等待施工许可）；"
        "答复截止时间为12月9日13:00。"
    )


def test_the_same_story_in_english() -> None:
    segments = [
        begin("2026-11-23 10:00", round=FIRST_ROUND + 1),
        clocks.suspend(local("2026-11-23 12:00"), "waiting for parts"),
        clocks.resume(local("2026-11-24 12:00")),
    ]
    assert explain(segments, CALENDAR, SHANGHAI, "en") == (
        "From the start of the rework on 23 Nov 10:00: response level L2, 12 hours; "
        "suspended 23 Nov 12:00 (waiting for parts); resumed 24 Nov 12:00. "
        "Reply due 24 Nov 22:00."
    )


def test_a_stopped_clock_says_so_and_gives_no_date() -> None:
    segments = [begin("2026-11-23 10:00"), clocks.pause(local("2026-11-23 12:00"))]
    assert explain(segments, CALENDAR, SHANGHAI).endswith("目前停止计时，恢复后再行计算。")
    assert explain(segments, CALENDAR, SHANGHAI, "en").endswith(
        "The clock stands still; no date yet."
    )


def test_an_unpublished_year_is_named_where_working_days_count() -> None:
    calendar = calendar_of("jinan")
    told = explain([begin("2026-12-30 10:00", ResponseLevel.L3)], calendar, SHANGHAI)
    assert "2027年1月6日10:00" in told
    assert "2027年节假日安排尚未公布" in told
    wall = explain([begin("2026-12-31 20:00")], calendar, SHANGHAI)
    assert "2027年1月1日20:00" in wall
    assert "尚未公布" not in wall


@pytest.mark.parametrize(
    ("clock", "chinese", "english"),
    [
        (ClockName.ACCEPT, "签收截止时间为", "Sign-in due "),
        (ClockName.CONTACT, "首次联系截止时间为", "First contact due "),
    ],
)
def test_the_clock_is_named(clock: ClockName, chinese: str, english: str) -> None:
    segments = [begin("2026-11-23 10:00")]
    assert chinese in explain(segments, CALENDAR, SHANGHAI, clock=clock)
    assert english in explain(segments, CALENDAR, SHANGHAI, "en", clock=clock)


@given(st.permutations(range(4)), st.sampled_from(["zh", "en"]))
@settings(max_examples=20)
def test_the_story_is_told_in_order_however_it_is_stored(
    order: list[int], language: Language
) -> None:
    segments = [
        begin("2026-11-23 10:00"),
        clocks.pause(local("2026-11-23 12:00")),
        clocks.calendar_changed(local("2026-11-23 13:00"), "国办通知"),
        clocks.resume(local("2026-11-23 15:00")),
    ]
    stored = [segments[place] for place in order]
    told = explain(stored, CALENDAR, SHANGHAI, language)
    assert told == explain(segments, CALENDAR, SHANGHAI, language)
    assert "国办通知" in told


SUSPENDED = [
    begin("2026-11-23 10:00"),
    clocks.suspend(local("2026-11-23 12:00"), "更换供暖管道", date(2027, 1, 10)),
]
MOVED = clocks.calendar_changed(
    local("2026-11-23 11:00"), "国办通知", (local("2026-11-24 10:00"), local("2027-01-04 10:00"))
)


def test_a_suspension_names_the_day_of_its_review() -> None:
    assert "挂账，停止计时，定于2027年1月10日复查（更换供暖管道）；" in explain(
        SUSPENDED, CALENDAR, SHANGHAI
    )
    assert "suspended 23 Nov 12:00, to be reviewed on 10 Jan 2027 (更换供暖管道)" in explain(
        SUSPENDED, CALENDAR, SHANGHAI, "en"
    )


def test_a_new_calendar_says_what_it_moved() -> None:
    told = explain([begin("2026-11-23 10:00"), MOVED], CALENDAR, SHANGHAI)
    assert "工作日历更新，截止时间由11月24日10:00改为2027年1月4日10:00（国办通知）；" in told
    told = explain([begin("2026-11-23 10:00"), MOVED], CALENDAR, SHANGHAI, "en")
    assert "moving the deadline from 24 Nov 10:00 to 4 Jan 2027 10:00 (国办通知)" in told


@pytest.mark.parametrize(
    ("status", "chinese", "english"),
    [
        (ExtensionStatus.REQUESTED, "尚待审批。", "not decided yet."),
        (
            ExtensionStatus.REFUSED,
            "11月23日15:00未予批准（不充分）。",
            "refused 23 Nov 15:00 (不充分).",
        ),
        (
            ExtensionStatus.LAPSED,
            "至11月23日15:00未审批，已失效。",
            "lapsed undecided 23 Nov 15:00.",
        ),
    ],
)
def test_a_request_that_moved_nothing_is_told_after_the_deadline(
    status: ExtensionStatus, chinese: str, english: str
) -> None:
    waits = status is ExtensionStatus.REQUESTED
    request = Request(
        status,
        local("2026-11-23 14:00"),
        Limit.working_days(2),
        "等待配件",
        None if waits else local("2026-11-23 15:00"),
        "不充分" if status is ExtensionStatus.REFUSED else None,
    )
    segments = [begin("2026-11-23 10:00")]
    told = explain(segments, CALENDAR, SHANGHAI, requests=[request])
    assert told.endswith(
        f"答复截止时间为11月24日10:00。11月23日14:00申请延期2个工作日（等待配件），{chinese}"
    )
    told = explain(segments, CALENDAR, SHANGHAI, "en", requests=[request])
    assert told.endswith(f"2 working days more requested 23 Nov 14:00 (等待配件): {english}")


def test_what_is_done_keeps_the_deadline_on_record() -> None:
    told = explain([begin("2026-11-23 10:00")], CALENDAR, SHANGHAI, due=local("2026-11-25 09:30"))
    assert told.endswith("答复截止时间为11月25日09:30。")
