from __future__ import annotations

import sys
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.dispatch.gazetteer import Gazetteer
from domain.dispatch.geometry import Point
from domain.dispatch.place_names import Place
from domain.dispatch.routing import Match, Route, RouteReason, UnknownUnit, route
from domain.kernel.vocabulary import UnitLevel
from tests.support.places import CITIES_WITH_UNITS, gazetteer_of, places_of, rows_of

BEIJING = gazetteer_of("beijing")
STREETS = [place for place in places_of("beijing") if place.level == UnitLevel.STREET]
IN_CHAOYANG, IN_HAIDIAN, IN_TIANJIN = (116.49, 39.92), (116.30, 39.97), (117.2, 39.1)
CHAOYANG, HAIDIAN, DAXING = "110105", "110108", "110115"
BALIZHUANG_CHAOYANG, BALIZHUANG_HAIDIAN = "110105015", "110108005"
NOISE = st.sampled_from(
    [
        "",
        "您好，",
        "３号楼2单元501",
        "噪音扰民",
        "😀",
        "\0",
        " ",
        "\n",
        "楼下饭馆油烟",
        "多次反映",
        "！！",
    ]
)


def routed(address: str | None, location: Point | None = None, city: str = "beijing") -> Route:
    return route(gazetteer_of(city), address=address, location=location, unit_code=None)


def prefix(gazetteer: Gazetteer, place: Place) -> str:
    code = gazetteer.district_of(place.code)
    assert code is not None
    return gazetteer.places[code].name


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_every_street_is_found_by_district_and_name(city: str) -> None:
    gazetteer = gazetteer_of(city)
    city_name = places_of(city)[0].name
    for place in places_of(city):
        if place.level == UnitLevel.STREET:
            district = prefix(gazetteer, place)
            for text in (district, city_name + district, district + "，", district[:-1]):
                answer = routed(text + place.name, city=city)
                assert answer.unit_code == place.code, text + place.name
                assert answer.reason == RouteReason.STREET_NAMED
                assert answer.copy_to == (gazetteer.district_of(place.code),)


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_every_community_is_found_by_district_street_and_name(city: str) -> None:
    gazetteer = gazetteer_of(city)
    for place in places_of(city):
        if place.level == UnitLevel.COMMUNITY and place.parent_code:
            text = prefix(gazetteer, place) + gazetteer.places[place.parent_code].name + place.name
            assert routed(text, city=city).unit_code == place.parent_code, text


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_a_community_goes_to_its_street_if_unique_in_the_district_else_to_the_district(
    city: str,
) -> None:
    gazetteer = gazetteer_of(city)
    communities = [place for place in places_of(city) if place.level == UnitLevel.COMMUNITY]
    times = Counter((prefix(gazetteer, place), place.name) for place in communities)
    for place in communities:
        answer = routed(prefix(gazetteer, place) + place.name, city=city)
        if times[prefix(gazetteer, place), place.name] == 1:
            assert answer.unit_code == place.parent_code, place
            assert any(place.code in match.codes for match in answer.matched)
        else:
            assert answer.unit_code == gazetteer.district_of(place.code), place
            assert place.parent_code in answer.candidates


@given(st.sampled_from(STREETS), NOISE, NOISE, NOISE)
def test_noise_around_the_names_changes_nothing(
    place: Place, before: str, between: str, after: str
) -> None:
    text = before + prefix(BEIJING, place) + between + place.name + after
    assert routed(text).unit_code == place.code


@given(st.sampled_from(STREETS), st.text(max_size=20), st.text(max_size=20))
@example(STREETS[0], "", "昌平区回龙观街道")
def test_no_text_around_the_names_leads_to_another_district(
    place: Place, before: str, after: str
) -> None:
    """The text may itself name another place: then nobody is chosen, and the place stays one of
    those that come into question."""
    answer = routed(f"{before}{prefix(BEIJING, place)}{place.name}{after}")
    if answer.reason is RouteReason.AMBIGUOUS and BEIJING.mentions(f"{before} {after}"):
        assert place.code in answer.candidates
    else:
        assert BEIJING.district_of(answer.unit_code or "") == BEIJING.district_of(place.code)


@settings(max_examples=200)
@given(
    st.one_of(
        st.none(),
        st.text(max_size=80),
        st.lists(
            st.one_of(
                st.sampled_from([place.name for place in places_of("beijing")]),
                st.sampled_from(["朝阳", "海淀", "八里庄", "王庄", "路", "村", "东", "、", "\0"]),
            ),
            max_size=10,
        ).map("".join),
    ),
    st.one_of(st.none(), st.tuples(st.floats(), st.floats()), st.just(IN_CHAOYANG)),
)
def test_any_text_gets_the_same_sound_answer_every_time(
    address: str | None, location: Point | None
) -> None:
    answer = routed(address, location)
    assert answer == routed(address, location)
    assert answer.explain() == routed(address, location).explain()
    undecided = answer.reason in (RouteReason.AMBIGUOUS, RouteReason.NOTHING_KNOWN)
    assert (answer.unit_code is None) == undecided
    assert (len(answer.candidates) > 1) >= (answer.reason == RouteReason.AMBIGUOUS)
    assert list(answer.candidates) == sorted(set(answer.candidates))
    if answer.unit_code is not None:
        district = BEIJING.district_of(answer.unit_code)
        assert answer.copy_to == (() if district == answer.unit_code else (district,))
        assert all(BEIJING.district_of(code) == district for code in answer.candidates)
        assert BEIJING.places[answer.unit_code].level in (UnitLevel.DISTRICT, UnitLevel.STREET)
    else:
        assert answer.copy_to == ()
        assert answer.explain().endswith("，转由分流席判断")


def test_the_same_street_name_in_two_districts() -> None:
    both = (BALIZHUANG_CHAOYANG, BALIZHUANG_HAIDIAN)
    for text in ("八里庄街道", "八里庄", "八里庄街道6号楼"):
        answer = routed(text)
        assert (answer.unit_code, answer.reason) == (None, RouteReason.AMBIGUOUS)
        assert answer.candidates == both
        assert routed(text, IN_TIANJIN) == answer
        assert routed(text, IN_CHAOYANG).unit_code == BALIZHUANG_CHAOYANG
        assert routed(text, IN_CHAOYANG).located_in == CHAOYANG
        assert routed("海淀区" + text, IN_CHAOYANG).unit_code == BALIZHUANG_HAIDIAN
        assert routed("海淀区" + text, IN_CHAOYANG).located_in is None
        assert routed("海淀" + text).unit_code == BALIZHUANG_HAIDIAN


def test_a_district_named_in_full_outweighs_a_street_elsewhere() -> None:
    answer = routed("朝阳区海淀街道")
    assert (answer.unit_code, answer.reason) == (CHAOYANG, RouteReason.DISTRICT_ONLY)
    assert Match("海淀街道", ()) in answer.matched
    assert "“海淀街道”与之不符" in answer.explain()


def test_a_district_named_in_short_gives_way_to_a_street_in_full_only() -> None:
    answer = routed("朝阳人，住八角街道")
    assert BEIJING.label(answer.unit_code or "") == "石景山区八角街道"
    assert routed("朝阳人，住八角").unit_code == CHAOYANG


def test_two_districts_leave_it_open_unless_something_inside_one_is_named() -> None:
    answer = routed("朝阳区和海淀区交界")
    assert (answer.unit_code, answer.candidates) == (None, (CHAOYANG, HAIDIAN))
    assert routed("朝阳区和海淀区交界", IN_HAIDIAN).unit_code == HAIDIAN
    assert routed("朝阳区和海淀区交界", IN_TIANJIN).unit_code is None
    assert BEIJING.label(routed("海淀区户口，住朝阳区望京街道").unit_code or "") == "朝阳区望京街道"


def test_candidates_of_one_district_go_to_the_district() -> None:
    for text in ("亦庄一处公寓", "昌平天通苑", "望京街道与酒仙桥街道之间"):
        answer = routed(text)
        assert answer.reason == RouteReason.DISTRICT_ONLY
        assert len(answer.candidates) == 2
        assert BEIJING.district_of(answer.candidates[0]) == answer.unit_code


def test_a_full_name_outweighs_a_short_one_nearby() -> None:
    answer = routed("呼家楼街道，靠近三里屯")
    assert BEIJING.label(answer.unit_code or "") == "朝阳区呼家楼街道"
    assert Match("三里屯", ()) in answer.matched


def test_a_community_decides_between_streets_of_one_name() -> None:
    assert routed("八里庄街道中海雅园社区").unit_code == BALIZHUANG_HAIDIAN


def test_a_community_to_the_letter_goes_first_inside_a_district_only() -> None:
    # 高井社区居委会 in 朝阳, 高井社区 in 石景山: everyone says 高井社区.
    assert routed("高井社区").reason == RouteReason.AMBIGUOUS
    assert BEIJING.district_of(routed("石景山区高井社区").unit_code or "") == "110107"
    assert BEIJING.district_of(routed("朝阳区高井社区").unit_code or "") == CHAOYANG


def test_a_name_of_three_characters_counts_where_the_district_is_known() -> None:
    assert routed("光华里").reason == RouteReason.NOTHING_KNOWN
    assert routed("光华里", IN_HAIDIAN).reason == RouteReason.LOCATION_DISTRICT
    for address, location in (("朝阳区，光华里", None), ("光华里", IN_CHAOYANG)):
        answer = routed(address, location)
        assert answer.reason == RouteReason.COMMUNITY_NAMED
        assert BEIJING.district_of(answer.unit_code or "") == CHAOYANG
        assert answer.located_in == (CHAOYANG if location else None)


def test_location_decides_between_places_in_two_districts() -> None:
    assert routed("望京或者西三旗").reason == RouteReason.AMBIGUOUS
    answer = routed("望京或者西三旗", IN_HAIDIAN)
    assert BEIJING.label(answer.unit_code or "") == "海淀区西三旗街道"
    assert answer.located_in == HAIDIAN


def test_a_name_written_twice_means_all_that_it_means_anywhere() -> None:
    answer = routed("梨园，门头沟区梨园")
    assert BEIJING.district_of(answer.unit_code or "") == "110109"
    assert answer.reason == RouteReason.COMMUNITY_NAMED


def test_a_zone_is_a_street_of_its_district() -> None:
    for text in ("北京经济技术开发区", "经开区", "大兴区亦庄开发区"):
        answer = routed(text)
        assert (answer.unit_code, answer.copy_to) == ("110115403", (DAXING,))


def test_a_merged_district_goes_on_under_its_old_name() -> None:
    assert routed("宣武区").unit_code == "110102"
    assert BEIJING.label(routed("崇文区龙潭街道").unit_code or "") == "东城区龙潭街道"


def test_location_alone() -> None:
    for address in (None, "", "家里停电了"):
        answer = routed(address, IN_HAIDIAN)
        assert (answer.unit_code, answer.reason) == (HAIDIAN, RouteReason.LOCATION_DISTRICT)
        assert answer.located_in == HAIDIAN
        nowhere = routed(address, IN_TIANJIN)
        assert (nowhere.unit_code, nowhere.reason) == (None, RouteReason.NOTHING_KNOWN)
        assert nowhere.located_in is None


def test_text_outweighs_location() -> None:
    assert routed("大兴区", IN_CHAOYANG).unit_code == DAXING
    assert BEIJING.label(routed("望京", IN_HAIDIAN).unit_code or "") == "朝阳区望京街道"


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_a_named_unit_wins_over_everything(city: str) -> None:
    gazetteer = gazetteer_of(city)
    for place in places_of(city)[:400:7] + places_of(city)[-60:]:
        answer = route(
            gazetteer, address="朝阳区望京街道", location=IN_HAIDIAN, unit_code=place.code
        )
        district = gazetteer.district_of(place.code)
        assert (answer.unit_code, answer.reason) == (place.code, RouteReason.NAMED_UNIT)
        assert answer.copy_to == (() if district in (None, place.code) else (district,))
        assert (answer.matched, answer.candidates) == ((), ())


@pytest.mark.parametrize("code", ["", "999999", "朝阳区", "110105 "])
def test_an_unknown_unit_is_refused_and_not_echoed(code: str) -> None:
    with pytest.raises(UnknownUnit) as refused:
        route(BEIJING, address="朝阳区", location=None, unit_code=code)
    assert [fault.path for fault in refused.value.faults] == ["unitCode"]
    assert refused.value.message == "unitCode: no unit has this code"


@pytest.mark.parametrize(
    ("address", "location", "sentence"),
    [
        (
            "八里庄街道",
            None,
            "因地址中的“八里庄街道”在朝阳区和海淀区都有，且未写明是哪个区，转由分流席判断",
        ),
        (
            "八里庄街道",
            IN_CHAOYANG,
            "因地址中写有“八里庄街道”，按定位在朝阳区，派往朝阳区八里庄街道，并抄送朝阳区",
        ),
        (
            "管庄西里",
            None,
            "因地址中写有“管庄西里”，属于管庄地区，派往朝阳区管庄地区，并抄送朝阳区",
        ),
        ("海淀区", None, "因地址中写有“海淀区”，只能确定到区，派往海淀区"),
        (
            "亦庄",
            None,
            "因地址中写有“亦庄”，可能指亦庄地区或北京经济技术开发区，只能确定到区，派往大兴区",
        ),
        (
            "朝阳区、海淀区",
            None,
            "因地址中同时写有朝阳区和海淀区，不能确定是哪个区，转由分流席判断",
        ),
        (
            "望京或者西三旗",
            None,
            "因地址中的“望京”、“西三旗”不在一处，可能指朝阳区望京街道或海淀区西三旗街道，"
            "转由分流席判断",
        ),
        (None, IN_HAIDIAN, "因地址中没有可识别的地名，按定位所在的区，派往海淀区"),
        (None, None, "因地址和定位中没有可识别的地点，转由分流席判断"),
    ],
)
def test_the_explanation(address: str | None, location: Point | None, sentence: str) -> None:
    assert routed(address, location).explain() == sentence


def test_the_explanation_of_a_named_unit_and_of_many_candidates() -> None:
    named = route(BEIJING, address=None, location=None, unit_code="BJ-ZJW")
    assert named.explain() == "因登记时已指定承办单位，派往市住房和城乡建设委员会"
    many = routed("王庄村")
    assert len(many.candidates) > 4
    assert len(many.explain()) < 200


@pytest.mark.parametrize("unit", ["东城区", "王庄村", "西王庄村路", "x", "\0"])
def test_work_is_linear_in_the_text(unit: str) -> None:
    """Ten times the text makes ten times the calls; calls are counted, because clocks are noisy."""

    def calls(length: int) -> int:
        text = unit * (length // len(unit))
        count = 0

        def called(_frame: object, event: str, _argument: object) -> None:
            nonlocal count
            count += event in {"call", "c_call"}

        sys.setprofile(called)
        try:
            routed(text)
        finally:
            sys.setprofile(None)
        return count

    calls(200)  # what is built once is built now
    assert calls(10_000) < 12 * calls(1_000)


@pytest.mark.parametrize("unit", ["八里庄", "😀"])
def test_a_hundred_thousand_characters_are_fine(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    assert routed(text).reason == routed(unit).reason
    assert routed("海淀区" + text + "\0").unit_code in (HAIDIAN, BALIZHUANG_HAIDIAN)


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_most_sample_complaints_with_an_address_find_a_unit(city: str) -> None:
    answers = [
        routed(row["address"], city=city)
        for row in rows_of(city, "sample_complaints.csv")
        if row["address"]
    ]
    decided = [answer for answer in answers if answer.unit_code is not None]
    assert len(answers) > len(decided) > 0.75 * len(answers)
