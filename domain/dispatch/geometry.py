"""Which district a point lies in, and the two datums that a point in China may come in.

Points are ``(longitude, latitude)`` in degrees. The hotline speaks WGS-84; published Chinese maps
and the WeChat and Weibo clients speak GCJ-02, which is WGS-84 shifted by up to about 700 m by a
smooth function of the place. The function's constants are public knowledge (Krasovsky 1940
ellipsoid); outside China GCJ-02 equals WGS-84.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Point = tuple[float, float]
Ring = Sequence[Point]

_SEMI_MAJOR_AXIS_M = 6_378_245.0
_ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)
_INVERSE_STEPS = 8
# Edges are filed by bands of latitude this high, so that a point meets dozens of them, not 1,100.
_BAND_DEGREES = 1 / 64


def wgs84_to_gcj02(point: Point) -> Point:
    """Shift a WGS-84 point to GCJ-02; a point outside China's bounding box is returned as it is."""
    longitude, latitude = point
    west, south, east, north = _CHINA
    if not (west <= longitude <= east and south <= latitude <= north):
        return point
    x, y = longitude - 105.0, latitude - 35.0
    waves = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north_m = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    ) + waves
    north_m += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north_m += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * (
        2.0 / 3.0
    )
    east_m = (300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))) + waves
    east_m += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east_m += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * (
        2.0 / 3.0
    )
    phi = math.radians(latitude)
    curvature = 1.0 - _ECCENTRICITY_SQUARED * math.sin(phi) ** 2
    meridian = _SEMI_MAJOR_AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / curvature**1.5
    parallel = _SEMI_MAJOR_AXIS_M / math.sqrt(curvature) * math.cos(phi)
    return (
        longitude + math.degrees(east_m / parallel),
        latitude + math.degrees(north_m / meridian),
    )


def gcj02_to_wgs84(point: Point) -> Point:
    """Undo :func:`wgs84_to_gcj02` by fixed-point iteration.

    The shift changes by less than a hundredth of a degree per degree, so each step gains about two
    decimal places; the fixed number of steps ends at the precision of a float.
    """
    longitude, latitude = point
    guess = point
    for _ in range(_INVERSE_STEPS):
        shifted = wgs84_to_gcj02(guess)
        guess = (guess[0] + longitude - shifted[0], guess[1] + latitude - shifted[1])
    return guess


class _Edge(NamedTuple):
    x1: float
    y1: float
    x2: float
    y2: float


class _Area(NamedTuple):
    """One district: its bounding box and its edges, filed by band of latitude."""

    code: str
    box: tuple[float, float, float, float]
    bands: Mapping[int, tuple[_Edge, ...]]


class DistrictMap:
    """The districts' polygons of one city, immutable once built."""

    __slots__ = ("_areas", "_shifted")

    def __init__(self, areas: Iterable[_Area], *, shifted: bool) -> None:
        """Use :meth:`of`."""
        self._areas = tuple(sorted(areas, key=lambda area: area.code))
        self._shifted = shifted

    @classmethod
    def of(cls, collection: Mapping[str, Any]) -> DistrictMap:
        """Build from a GeoJSON FeatureCollection of Polygon and MultiPolygon features.

        Each feature's ``properties.code`` is the district's code. The collection's member ``datum``
        is ``WGS-84`` (also when absent, as RFC 7946 has it) or ``GCJ-02``. Rings of a feature are
        taken together by the even-odd rule, so holes need no care for their direction.
        Raises ValueError for another datum or another geometry.
        """
        datum = collection.get("datum", "WGS-84")
        if datum not in ("WGS-84", "GCJ-02"):
            raise ValueError(f"unknown datum: {datum!r}")
        areas = (
            _area(str(feature["properties"]["code"]), _rings(feature["geometry"]))
            for feature in collection["features"]
        )
        return cls(areas, shifted=datum == "GCJ-02")

    def district_at(self, location: Point) -> str | None:
        """Return the code of the district that holds a WGS-84 point, or None outside all of them.

        A point on an edge belongs to the area; where two areas share it, the lower code has it.
        """
        if not all(math.isfinite(part) for part in location):
            return None
        # The point is shifted, not the map: the forward function is exact and needs no iteration.
        x, y = wgs84_to_gcj02(location) if self._shifted else location
        for area in self._areas:
            west, south, east, north = area.box
            inside_box = west <= x <= east and south <= y <= north
            if inside_box and _covers(area.bands.get(_band(y), ()), x, y):
                return area.code
        return None


def _rings(geometry: Mapping[str, Any]) -> Iterator[Ring]:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Polygon":
        yield from coordinates
    elif kind == "MultiPolygon":
        for polygon in coordinates:
            yield from polygon
    else:
        raise ValueError(f"not a polygon: {kind!r}")


def _area(code: str, rings: Iterable[Ring]) -> _Area:
    bands: dict[int, list[_Edge]] = {}
    xs: list[float] = []
    ys: list[float] = []
    for ring in rings:
        for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
            xs.append(x1)
            ys.append(y1)
            if (x1, y1) != (x2, y2):
                for band in range(_band(min(y1, y2)), _band(max(y1, y2)) + 1):
                    bands.setdefault(band, []).append(_Edge(x1, y1, x2, y2))
    if not xs:
        raise ValueError(f"area without a ring: {code}")
    box = (min(xs), min(ys), max(xs), max(ys))
    return _Area(code, box, {band: tuple(edges) for band, edges in bands.items()})


def _band(latitude: float) -> int:
    return math.floor(latitude / _BAND_DEGREES)


def _covers(edges: Iterable[_Edge], x: float, y: float) -> bool:
    """Even-odd test by a ray to the east; a point on an edge is inside."""
    inside = False
    for x1, y1, x2, y2 in edges:
        cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if cross == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        # Half-open in y, so that a ray through a vertex crosses once and not twice.
        if (y1 > y) != (y2 > y) and (cross > 0) == (y2 > y1):
            inside = not inside
    return inside
