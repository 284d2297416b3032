from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dispatch.geometry import DistrictMap, Point, gcj02_to_wgs84, wgs84_to_gcj02
from tests.support.places import districts_of

IN_CHINA = st.tuples(st.floats(75, 134), st.floats(19, 53))
METRES_PER_DEGREE = 111_320
SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [1, 3], [3, 3], [3, 1], [1, 1]]
EAST = [[4, 0], [8, 0], [8, 4], [4, 4], [4, 0]]


def feature(code: str, *rings: Any, kind: str = "Polygon") -> dict[str, Any]:
    return {"properties": {"code": code}, "geometry": {"type": kind, "coordinates": list(rings)}}


def district_map(*features: Any, **members: Any) -> DistrictMap:
    return DistrictMap.of({"features": features, **members})


@given(IN_CHINA)
def test_the_shift_is_undone_to_a_millimetre(point: Point) -> None:
    for there, back in ((wgs84_to_gcj02, gcj02_to_wgs84), (gcj02_to_wgs84, wgs84_to_gcj02)):
        longitude, latitude = back(there(point))
        assert math.dist((longitude, latitude), point) * METRES_PER_DEGREE < 0.001


@given(IN_CHINA)
def test_the_shift_is_tens_to_hundreds_of_metres_in_china(point: Point) -> None:
    moved = wgs84_to_gcj02(point)
    assert 10 < math.dist(moved, point) * METRES_PER_DEGREE < 2_000


def test_the_shift_at_tiananmen_is_the_known_one() -> None:
    # The well-known pair: about 0.0062 degrees east and 0.0014 north in the middle of Beijing.
    longitude, latitude = wgs84_to_gcj02((116.3912, 39.9073))
    assert longitude == pytest.approx(116.3912 + 0.00624, abs=1e-4)
    assert latitude == pytest.approx(39.9073 + 0.0014, abs=1e-4)


@pytest.mark.parametrize("point", [(-0.1276, 51.5072), (151.2, -33.9), (0.0, 0.0)])
def test_there_is_no_shift_outside_china(point: Point) -> None:
    assert wgs84_to_gcj02(point) == point == gcj02_to_wgs84(point)


@pytest.mark.parametrize(
    ("point", "code"),
    [
        ((0.5, 2), "A"),
        ((2, 2), None),  # in the hole
        ((3.5, 2), "A"),
        ((6, 2), "B"),
        ((8.5, 2), None),
        ((2, 4.5), None),
        ((-0.1, 0), None),
    ],
)
def test_even_odd_with_a_hole(point: Point, code: str | None) -> None:
    assert district_map(feature("B", EAST), feature("A", SQUARE, HOLE)).district_at(point) == code


@pytest.mark.parametrize("point", [(4, 2), (4, 0), (4, 4), (4, 3.25)])
def test_a_shared_edge_goes_to_the_lower_code_in_either_order(point: Point) -> None:
    features = [feature("A", SQUARE), feature("B", EAST)]
    assert district_map(*features).district_at(point) == "A"
    assert district_map(*reversed(features)).district_at(point) == "A"


@pytest.mark.parametrize("point", [(0, 0), (0, 2), (2, 0), (1, 1), (3, 2)])
def test_outer_edges_and_the_edges_of_holes_belong_to_the_area(point: Point) -> None:
    assert district_map(feature("A", SQUARE, HOLE)).district_at(point) == "A"


@given(st.floats(-1, 5), st.floats(-1, 5))
def test_a_ray_through_a_vertex_counts_once(x: float, y: float) -> None:
    diamond = [[2, 0], [4, 2], [2, 4], [0, 2]]  # not closed, with vertices at the height of rays
    found = district_map(feature("A", diamond)).district_at((x, y))
    distance = abs(x - 2) + abs(y - 2)
    if not math.isclose(distance, 2, abs_tol=1e-9):
        assert (found == "A") == (distance < 2)


def test_parts_of_a_multipolygon_are_one_area() -> None:
    both = feature("A", [SQUARE], [[[9, 9], [10, 9], [10, 10], [9, 9]]], kind="MultiPolygon")
    areas = district_map(both)
    assert areas.district_at((1, 1)) == areas.district_at((9.8, 9.5)) == "A"
    assert areas.district_at((6, 6)) is None


def test_a_map_in_gcj02_is_asked_in_wgs84() -> None:
    shifted = [list(wgs84_to_gcj02((116.0 + x / 1e4, 40.0 + y / 1e4))) for x, y in SQUARE]
    areas = district_map(feature("A", shifted), datum="GCJ-02")
    assert areas.district_at((116.0002, 40.0002)) == "A"
    assert areas.district_at(wgs84_to_gcj02((116.0002, 40.0002))) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_place_is_nowhere(bad: float) -> None:
    areas = district_map(feature("A", SQUARE))
    assert areas.district_at((bad, 1)) is None
    assert areas.district_at((1, bad)) is None


def test_unknown_datums_and_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="BD-09"):
        district_map(feature("A", SQUARE), datum="BD-09")
    with pytest.raises(ValueError, match="Point"):
        district_map(feature("A", 1, 2, kind="Point"))
    with pytest.raises(ValueError, match="without a ring"):
        district_map(feature("A"))


@pytest.mark.parametrize(
    ("city", "point", "code"),
    [
        ("beijing", (116.397, 39.909), "110101"),  # 天安门
        ("beijing", (116.310, 39.992), "110108"),  # 北京大学
        ("beijing", (116.470, 39.996), "110105"),  # 望京
        ("beijing", (116.657, 39.909), "110112"),  # 通州
        ("beijing", (115.975, 40.457), "110119"),  # 延庆
        ("beijing", (117.2, 39.1), None),  # 天津
        ("jinan", (117.025, 36.676), "370102"),  # 大明湖
        ("jinan", (116.75, 36.55), "370113"),  # 长清
        ("jinan", (120.38, 36.07), None),  # 青岛
    ],
)
def test_known_places_lie_in_their_districts(city: str, point: Point, code: str | None) -> None:
    assert DistrictMap.of(districts_of(city)).district_at(point) == code
