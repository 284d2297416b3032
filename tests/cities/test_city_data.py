from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest

from domain.kernel.vocabulary import Channel, TicketKind, UnitLevel
from tests.support.places import CITIES_WITH_UNITS, districts_of, places_of, rows_of

PARENT_LEVEL = {
    UnitLevel.DISTRICT: UnitLevel.CITY,
    UnitLevel.STREET: UnitLevel.DISTRICT,
    UnitLevel.COMMUNITY: UnitLevel.STREET,
    UnitLevel.DEPARTMENT: UnitLevel.CITY,
    UnitLevel.ENTERPRISE: UnitLevel.CITY,
}


@pytest.mark.parametrize(
    ("city", "counts"),
    [("beijing", (1, 16, 349, 7535, 40, 17)), ("jinan", (1, 13, 164, 5758, 27, 12))],
)
def test_the_tree_is_whole(city: str, counts: tuple[int, ...]) -> None:
    places = {place.code: place for place in places_of(city)}
    assert len(places) == len(places_of(city)) == sum(counts)
    assert tuple(Counter(p.level for p in places.values())[level] for level in UnitLevel) == counts
    for place in places.values():
        if place.level == UnitLevel.CITY:
            assert place.parent_code is None
        else:
            assert place.parent_code is not None
            assert places[place.parent_code].level == PARENT_LEVEL[place.level]


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_names_are_unique_in_their_parent_and_clean(city: str) -> None:
    names = Counter((place.parent_code, place.name) for place in places_of(city))
    assert [key for key, times in names.items() if times > 1] == []
    assert [p.name for p in places_of(city) if p.name != p.name.strip() or "|" in p.name] == []


@pytest.mark.parametrize(("city", "area"), [("beijing", "010"), ("jinan", "0531")])
def test_duty_phones_are_distinct_and_of_the_fictitious_pattern(city: str, area: str) -> None:
    phones = [
        row["duty_phone"]
        for name in ("units.csv", "departments.csv")
        for row in rows_of(city, name)
    ]
    assert len(set(phones)) == len(phones)
    assert all(re.fullmatch(area + r"-555[56]\d{4}", phone) for phone in phones)


def test_population_is_given_for_dongcheng_streets_only() -> None:
    rows = [row for row in rows_of("beijing", "units.csv") if row["population"]]
    assert len(rows) == 17
    assert all(row["parent_code"] == "110101" and int(row["population"]) > 10_000 for row in rows)


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_the_map_is_of_districts_of_the_tree(city: str) -> None:
    features = districts_of(city)["features"]
    names = {p.code: p.name for p in places_of(city) if p.level == UnitLevel.DISTRICT}
    for feature in features:
        assert names[feature["properties"]["code"]] == feature["properties"]["name"]
    assert len({feature["properties"]["code"] for feature in features}) == len(features)
    assert districts_of(city)["datum"] == "GCJ-02"


def test_categories_are_a_tree_of_three_levels() -> None:
    rows = {row["code"]: row for row in rows_of("", "categories.csv")}
    assert len(rows) == len(rows_of("", "categories.csv"))
    depths = Counter(code.count(".") for code in rows)
    assert set(depths) == {0, 1, 2}
    for code, row in rows.items():
        assert row["parent_code"] == code.rpartition(".")[0]
        assert row["parent_code"] == "" or row["parent_code"] in rows
        assert re.fullmatch(r"[A-Z_.]+", code)
        assert row["name"]
        assert all(row["keywords"].split("|"))
    siblings = Counter((row["parent_code"], row["name"]) for row in rows.values())
    assert max(siblings.values()) == 1
    parents = {row["parent_code"] for row in rows.values()}
    assert [code for code in rows if code.count(".") < 2 and code not in parents] == []


def test_holidays_are_dates_in_order() -> None:
    rows = rows_of("", "holidays.csv")
    dates = [date.fromisoformat(row["date"]) for row in rows]
    assert dates == sorted(set(dates))
    for day, row in zip(dates, rows, strict=True):
        working = row["is_workday"] == "1"
        assert row["kind"] == ("makeup_workday" if working else "holiday")
        if working:
            assert day.weekday() >= 5


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_sample_complaints_fit_the_vocabulary(city: str) -> None:
    categories = {row["code"] for row in rows_of("", "categories.csv")}
    rows = rows_of(city, "sample_complaints.csv")
    for row in rows:
        assert row["category"] in categories
        assert TicketKind(row["kind"])
        assert Channel(row["channel"])
        assert re.fullmatch(r"1380000\d{4}", row["phone"])
        assert row["title"]
        assert row["content"]
    assert {row["kind"] for row in rows} == set(TicketKind)
    assert len({row["phone"] for row in rows}) == len(rows)
    assert any(row["address"] == "" for row in rows)
    assert any(row["category"] == "UTILITY.GAS.LEAK" for row in rows)
