from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dispatch.gazetteer import Gazetteer
from domain.dispatch.place_names import Place, Strength, forms_of
from domain.kernel.vocabulary import UnitLevel
from tests.support.places import CITIES_WITH_UNITS, gazetteer_of, places_of


def named(text: str, city: str = "beijing") -> list[str]:
    return [mention.text for mention in gazetteer_of(city).mentions(text)]


def street(name: str, *aliases: str) -> dict[str, Strength]:
    return forms_of(Place("1", name, UnitLevel.STREET, None, aliases))


def community(name: str) -> dict[str, Strength]:
    return forms_of(Place("1", name, UnitLevel.COMMUNITY, None))


def test_forms_of_a_street() -> None:
    assert street("八里庄街道")["八里庄"] == Strength.ALONE
    assert street("高碑店地区").keys() == {"高碑店地区", "高碑店镇", "高碑店乡", "高碑店"}
    assert street("长哨营满族乡").keys() == {"长哨营满族乡", "长哨营乡", "长哨营"}
    assert street("望京街道")["望京"] == Strength.CHAINED
    assert street("学院路街道")["学院路"] == Strength.CHAINED
    assert street("张镇").keys() == {"张镇"}


def test_aliases_add_withdraw_and_restrain() -> None:
    assert street("望京街道", "望京")["望京"] == Strength.ALONE
    assert street("建外街道", "建国门外街道")["建国门外街道"] == Strength.FULL
    assert "平房" not in street("平房地区", "-平房")
    assert street("广安门外街道", "~广外")["广外"] == Strength.CHAINED


@pytest.mark.parametrize(
    ("name", "form", "strength"),
    [
        ("百万庄西社区居委会", "百万庄西社区", Strength.FULL),
        ("百万庄西社区居委会", "百万庄西", Strength.ALONE),
        ("解放桥社区居民委员会", "解放桥居委会", Strength.FULL),
        ("解放桥社区居民委员会", "解放桥", Strength.WITHIN),
        ("王庄村村委会", "王庄村", Strength.FULL),
        ("王庄村委会", "王庄村", Strength.FULL),
        ("刘家村民委员会", "刘家村", Strength.FULL),
        ("王庄村民委员会", "王庄", Strength.CHAINED),
        ("北京大学社区", "北京大学", Strength.CHAINED),
        ("东路社区居委会", "东路", Strength.CHAINED),
        ("1201社区居委会", "1201", Strength.CHAINED),
        ("新农村村委会", "新农村", Strength.WITHIN),
    ],
)
def test_forms_of_a_community(name: str, form: str, strength: Strength) -> None:
    assert community(name)[form] == strength
    assert community(name)[name] == Strength.OFFICIAL


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_only_areas_are_looked_for_in_text(city: str) -> None:
    for place in places_of(city):
        areas = {UnitLevel.DISTRICT, UnitLevel.STREET, UnitLevel.COMMUNITY}
        assert bool(forms_of(place)) == (place.level in areas)


@pytest.mark.parametrize(
    "text",
    [
        "朝阳门内大街",
        "建国门外大街甲6号",
        "朝阳北路与青年路口",
        "望京站",
        "望京西路",
        "海淀桥",
        "丰台东站",
        "天坛医院",
        "朝阳体育馆",
        "崇文门附近",
        "平房漏雨",
        "下水道返水，楼道有异味",
        "辽宁省朝阳市",
        "南八里庄",
        "新望京",
        "上李桥村口",
    ],
)
def test_what_only_looks_like_a_place_is_not_one(text: str) -> None:
    assert named(text) == []


@pytest.mark.parametrize("text", ["过街天桥", "济南市中心", "青年公园", "跨过黄河大桥", "解放路"])
def test_everyday_words_of_jinan_are_no_places(text: str) -> None:
    assert named(text, "jinan") == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("北京市朝阳区八里庄街道", ["朝阳区", "八里庄街道"]),
        ("朝阳门街道", ["朝阳门街道"]),
        ("苹果园街道", ["苹果园街道"]),  # not 果园街道 of 密云
        ("望京东湖街道", ["望京", "东湖街道"]),
        ("东辛房山区", ["房山区"]),  # in full before in short
        ("海淀西三旗", ["海淀", "西三旗"]),
        ("天通苑北霍营", ["天通苑北", "霍营"]),  # 北 belongs to the name before
        ("城北霍营", []),
        ("东城、西城", ["东城", "西城"]),
        ("西城区广外", ["西城区", "广外"]),
        ("推广外卖", []),
        ("通州区新华", ["通州区", "新华"]),
        ("通州区 · 新华", ["通州区"]),
        ("通州区，新华", ["通州区", "新华"]),
        ("朝阳区光华路，新华", ["朝阳区"]),
        ("海淀区学院路", ["海淀区", "学院路"]),
        ("海淀区学院路37号", ["海淀区"]),
        ("海淀区学院路３７号", ["海淀区"]),
    ],
)
def test_names_in_a_text(text: str, names: list[str]) -> None:
    assert named(text) == names


@given(
    st.lists(
        st.one_of(
            st.sampled_from([place.name for place in places_of("beijing")]),
            st.sampled_from(["路", "街", "东", "八里庄", "新华", "，", "\0", "😀", "村"]),
            st.text(max_size=4),
        ),
        max_size=12,
    ).map("".join)
)
def test_mentions_are_in_order_and_apart_and_are_the_text(text: str) -> None:
    end = 0
    for mention in gazetteer_of("beijing").mentions(text):
        assert mention.start >= end
        end = mention.end
        assert len(mention.text) == end - mention.start
        assert mention.readings
        for reading in mention.readings:
            assert mention.text in forms_of(reading.place)


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_every_unit_of_the_tree_knows_its_street_and_district(city: str) -> None:
    gazetteer = gazetteer_of(city)
    for place in places_of(city):
        district, street_code = gazetteer.district_of(place.code), gazetteer.street_of(place.code)
        if place.level == UnitLevel.COMMUNITY:
            assert street_code == place.parent_code
        if place.level in (UnitLevel.COMMUNITY, UnitLevel.STREET):
            assert district is not None
            assert gazetteer.label(place.code).startswith(gazetteer.places[district].name)
        if place.level not in (UnitLevel.COMMUNITY, UnitLevel.STREET, UnitLevel.DISTRICT):
            assert (district, street_code) == (None, None)
            assert gazetteer.label(place.code) == place.name


def test_a_code_that_occurs_twice_is_refused() -> None:
    place = Place("1", "甲街道", UnitLevel.STREET, None)
    with pytest.raises(ValueError, match="twice: 1"):
        Gazetteer.of([place, place._replace(name="乙街道")])


def test_a_loop_in_the_tree_ends() -> None:
    loop = [
        Place("1", "甲村", UnitLevel.COMMUNITY, "2"),
        Place("2", "乙村", UnitLevel.COMMUNITY, "1"),
    ]
    assert Gazetteer.of(loop).district_of("1") is None


def test_a_district_of_the_map_that_is_no_unit_is_not_answered() -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2]]]}
    known = Gazetteer.of(
        [Place("A", "甲区", UnitLevel.DISTRICT, None)],
        {"features": [{"properties": {"code": "B"}, "geometry": square}]},
    )
    assert known.district_at((1, 1)) is None
