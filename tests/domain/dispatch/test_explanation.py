from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dispatch import clocks
from domain.dispatch.explanation import Language, explain
from domain.dispatch.segments import Segment
from domain.kernel.limit import Limit
from domain.kernel.vocabulary import FIRST_ROUND, ClockName, ResponseLevel
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
@settings(max_examples=20, deadline=None)
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
