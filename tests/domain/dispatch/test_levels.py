from __future__ import annotations

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dispatch.levels import emergency_word, response_level
from domain.kernel.vocabulary import ResponseLevel, TicketKind
from tests.support.cities import CITIES, CITY_NAMES, profile_of

BEIJING = profile_of("beijing")


def level(
    kind: TicketKind = TicketKind.HELP,
    category: str | None = None,
    title: str = "",
    content: str = "",
) -> ResponseLevel:
    return response_level(BEIJING, kind=kind, category_code=category, title=title, content=content)[
        0
    ]


@pytest.mark.parametrize("city", CITY_NAMES)
@pytest.mark.parametrize(
    "text",
    [
        "楼道里燃气泄漏",
        "楼道里 燃 气\n泄 漏",
        "楼道里燃气好像在泄漏",
        "楼下餐馆着火了",
        "路口井盖昨晚丢失",
        "孩子困在三号电梯里",
        "工地电线杆倒了，有人触电",
    ],
)
def test_danger_is_level_one_in_every_city(city: str, text: str) -> None:
    found, reason = response_level(
        profile_of(city), kind=TicketKind.HELP, category_code=None, title=text, content=""
    )
    assert found is ResponseLevel.L1
    word = emergency_word(profile_of(city), text)
    assert word is not None
    assert word in "".join(text.split())
    assert f"“{word}”" in reason


@pytest.mark.parametrize(
    "text",
    [
        "燃气缴费咨询",
        "看着火车站的广场没人打扫",
        "这是信息爆炸的时代",
        "楼顶落水管坏了",
        "一旦着火消防车进不来",
        "燃气表换了。上周自来水管也有泄漏",  # two sentences are not one
        "燃气表在三单元二层东侧的走廊尽头，地面有水漏",
        "",
    ],
)
def test_what_only_sounds_like_danger_is_not(text: str) -> None:
    assert emergency_word(BEIJING, text) is None
    assert level(title=text) is BEIJING.response.default


def test_a_supposition_takes_back_only_its_own_clause() -> None:
    assert emergency_word(BEIJING, "如果没人管就危险了，现在已经着火") == "着火"
    assert emergency_word(BEIJING, "家里燃气泄漏，如果爆炸怎么办") == "燃气泄漏"


def test_no_word_is_found_across_title_and_content() -> None:
    assert level(title="路口井盖", content="丢失") is BEIJING.response.default


def test_praise_for_putting_out_a_fire_is_no_fire() -> None:
    assert level(TicketKind.PRAISE, title="感谢消防员，楼下着火及时扑灭") is ResponseLevel.L4


@pytest.mark.parametrize("city", CITY_NAMES)
def test_every_category_of_the_profile_is_in_the_catalogue(city: str) -> None:
    with (CITIES / "categories.csv").open(encoding="utf-8", newline="") as catalogue:
        codes = {row["code"] for row in csv.DictReader(catalogue)}
    assert set(profile_of(city).response.by_category) <= codes


@pytest.mark.parametrize(
    ("kind", "category", "expected"),
    [
        (TicketKind.HELP, "HOUSING.HEATING", ResponseLevel.L2),
        (TicketKind.HELP, "HOUSING.HEATING.COLD", ResponseLevel.L2),
        (TicketKind.HELP, "HOUSING.HEATINGS", ResponseLevel.L3),  # a prefix of whole parts
        (TicketKind.HELP, "HOUSING", ResponseLevel.L3),
        (TicketKind.SUGGESTION, "HOUSING.HEATING", ResponseLevel.L2),  # category before kind
        (TicketKind.SUGGESTION, None, ResponseLevel.L4),
        (TicketKind.CONSULTATION, None, ResponseLevel.L3),
    ],
)
def test_category_then_kind_then_default(
    kind: TicketKind, category: str | None, expected: ResponseLevel
) -> None:
    assert level(kind, category) is expected


def test_the_longest_prefix_decides() -> None:
    for code, expected, prefix in [
        ("UTILITY.GAS.STOPPED", ResponseLevel.L2, "UTILITY.GAS"),
        ("UTILITY.GAS.FEE", ResponseLevel.L3, "UTILITY.GAS.FEE"),
        ("UTILITY.GAS.LEAK", ResponseLevel.L1, "UTILITY.GAS.LEAK"),
    ]:
        found, reason = response_level(
            BEIJING, kind=TicketKind.HELP, category_code=code, title="", content=""
        )
        assert found is expected
        assert reason == f"分类属于{prefix}"


@given(
    st.text(alphabet="燃气泄漏着火如果一旦。，a \n\x00😀", max_size=200),
    st.sampled_from(TicketKind),
)
@settings(max_examples=60)
def test_any_text_has_a_level_and_more_text_before_a_full_stop_takes_none_away(
    text: str, kind: TicketKind
) -> None:
    assert level(kind, title=text) in ResponseLevel
    if emergency_word(BEIJING, text) is not None:
        assert emergency_word(BEIJING, f"{text}。今天天气很好") is not None
        assert emergency_word(BEIJING, f"今天天气很好。{text}") is not None
