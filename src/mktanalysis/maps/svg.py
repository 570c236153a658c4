"""A small map of the provinces as SVG text, for pages that must open without any other file.

Always holds: every text is escaped, a link is relative, the drawing has Taiwan, the South China Sea and the
border lines like every other map, and the same values give the same text.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape

import numpy as np
import pandas as pd

from .. import style
from ..errors import MktError
from . import geometry
from .draw import _fill

#: Kilometres of detail left out, and kilometres per unit of the drawing.
_DETAIL_KM = 10.0
_UNIT_KM = 2.5
#: What the legend says of hatched provinces.
HATCHED = "斜线：下限（有地方没有统计）"


def province_svg(
    values: pd.Series,
    *,
    label: str = "",
    tooltips: pd.Series | None = None,
    links: pd.Series | None = None,
    identifier: str = "china",
    shapes: str = "",
    hatched=(),
) -> str:
    """Return an ``<svg>`` element with the provinces coloured by a figure or an assignment.

    Parameters
    ----------
    values : Series
        Index province codes, values as in :func:`mktanalysis.maps.plot_map`.
    label : str
        Above the legend, and what a screen reader says.
    tooltips : Series of str, optional
        Province code -> text shown on hovering; by default the province's name.
    links : Series of str, optional
        Province code -> relative address that a click opens.
    identifier : str
        Begins the ids inside, letters and digits; two maps on a page need two.
    shapes : str
        Identifier of another map on the same page whose shapes are used again: a page with several maps
        holds the outlines once.
    hatched : sequence of str
        Province codes whose value is a lower bound or an estimate: hatched, and the legend says 下限.

    Returns
    -------
    str

    Raises
    ------
    MktError
        If an address is not relative, or `identifier` has other characters.

    Examples
    --------
    >>> text = province_svg(pd.Series({"320000": "华东"}), tooltips=pd.Series({"320000": "<江苏>"}))
    >>> "<title>&lt;江苏&gt;</title>" in text
    True
    """
    for given in (identifier, shapes or identifier):
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", given):
            raise MktError(f"identifier 只能含字母、数字、下划线和连字符，收到 {given!r}")
    fill = _fill(values, "province", ())
    codes, names, paths, lines, (width, height), sea = _drawing()
    colors = fill.of(codes)
    tips = dict(zip(codes, names, strict=True)) | ({} if tooltips is None else tooltips.astype(str).to_dict())
    hrefs = {} if links is None else {code: _relative(str(link)) for code, link in links.items()}
    for series in (tooltips, links):
        geometry.shape_codes([] if series is None else series.index, "province")
    ids = [f"{shapes or identifier}-{number}" for number in range(len(codes))]
    outlines = [
        f'<use href="#{name}"/>' if shapes else f'<path id="{name}" d="{path}"/>'
        for name, path in zip(ids, paths, strict=True)
    ]
    filled = "".join(
        _province(outline, colors[code], tips[code], hrefs.get(code))
        for code, outline in zip(codes, outlines, strict=True)
    )
    at = dict(zip(codes, ids, strict=True))
    over = "".join(f'<use href="#{at[code]}"/>' for code in geometry.shape_codes(list(hatched), "province"))
    lined = shapes or identifier
    lines = f'<use href="#{lined}-lines"/>' if shapes else f'<path id="{lined}-lines" d="{lines}"/>'
    legend = [*fill.legend, *([(HATCHED, f"url(#{identifier}-hatch)")] if over else [])]
    name = escape(label or "中国各省地图", quote=True)
    left, top, side_x, side_y = sea
    box_height = 0.26 * height
    box_width = box_height * side_x / side_y
    corner = f'x="{width - box_width:.0f}" y="{height - box_height:.0f}"'
    size = f'width="{box_width:.0f}" height="{box_height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{name}" font-size="44" stroke-linejoin="round">{_pattern(identifier) if over else ""}'
        f'<g id="{identifier}-map" fill-rule="evenodd" stroke="#fff" stroke-width="2">{filled}'
        f'<g fill="url(#{identifier}-hatch)" stroke="none" pointer-events="none">{over}</g>'
        f'<g fill="none" stroke="#3c3c3c" stroke-width="4">{lines}</g></g>'
        f'<rect {corner} {size} fill="#fff"/>'
        f'<svg {corner} {size} viewBox="{left:.0f} {top:.0f} {side_x:.0f} {side_y:.0f}">'
        f'<use href="#{identifier}-map"/></svg>'
        f'<rect {corner} {size} fill="none" stroke="#8a8a8a" stroke-width="2"/>'
        f'<text x="{width - box_width + 12:.0f}" y="{height - 14:.0f}" font-size="36" '
        f'fill="{style.INK}">南海诸岛</text>'
        f"{_svg_legend(legend, label, height)}</svg>"
    )


def _pattern(identifier: str) -> str:
    """Slanted lines, as on every other map."""
    return (
        f'<defs><pattern id="{identifier}-hatch" width="14" height="14" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><path d="M2 0V14" stroke="{style.INK}" stroke-width="3" '
        'stroke-opacity=".5"/><path d="M6 0V14" stroke="#fff" stroke-width="3" stroke-opacity=".6"/>'
        "</pattern></defs>"
    )


def _province(outline: str, color: str, tip: str, href: str | None) -> str:
    shape = f'<g fill="{color}"><title>{escape(tip)}</title>{outline}</g>'
    return f'<a href="{escape(href, quote=True)}">{shape}</a>' if href else shape


def _relative(link: str) -> str:
    if re.match(r"[\s\x00-\x1f]*([A-Za-z][A-Za-z0-9+.\-]*:|[/\\]{2})", link):
        raise MktError(f"地图上的链接应为相对地址，收到 {link!r}")
    return link


def _svg_legend(legend: list[tuple[str, str]], label: str, height: float) -> str:
    rows = [(label, "")] * bool(label) + legend
    parts = []
    for i, (text, color) in enumerate(rows):
        y = height - 60 * (len(rows) - i)
        box = f'<rect x="20" y="{y:.0f}" width="68" height="36" fill="{color}"/>' if color else ""
        parts.append(
            f'{box}<text x="{108 if color else 20}" y="{y + 33:.0f}" fill="{style.INK}">{escape(text)}</text>'
        )
    return "".join(parts)


@cache
def _drawing():
    """Return codes, names, paths, the border lines' path, the size and the inset's view (all in units)."""
    import shapely

    shapes = geometry.load_shapes("province")
    thin = shapely.coverage_simplify(shapes.polygons, _DETAIL_KM)
    west, _, east, north = shapely.total_bounds(thin)
    x, y = geometry.project([106.0, 122.0, 106.0, 122.0, 105.0], [2.8, 2.8, 23.6, 23.6, 17.9])
    to_units = _to_units(west - 20, north + 20)
    nation = shapely.coverage_union_all(thin)
    border = _svg_path(nation, to_units, closed=True)
    lines = "".join(_svg_path(line, to_units, closed=False) for line in geometry.sea_lines())
    corners = to_units(np.column_stack([x, y]))
    sea = (corners[:4, 0].min(), corners[:4, 1].min(), np.ptp(corners[:4, 0]), np.ptp(corners[:4, 1]))
    size = (to_units(np.array([[east + 540, 0.0]]))[0, 0], corners[4, 1] + 10)
    paths = [_svg_path(polygon, to_units, closed=True) for polygon in thin]
    return shapes.codes, shapes.names, paths, border + lines, size, sea


def _to_units(west: float, north: float):
    return lambda xy: np.column_stack([(xy[:, 0] - west) / _UNIT_KM, (north - xy[:, 1]) / _UNIT_KM])


def _svg_path(geometry_, to_units, *, closed: bool) -> str:
    """Return the ``d`` of a path: absolute first points, then steps, all whole numbers: no drift."""
    import shapely

    parts = shapely.get_parts(geometry_)
    pieces = []
    for line in shapely.get_rings(parts) if closed else parts:
        points = np.round(to_units(shapely.get_coordinates(line))).astype(int)
        steps = np.diff(points[:-1] if closed else points, axis=0)
        steps = steps[(steps != 0).any(axis=1)]
        text = " ".join(f"{a} {b}" for a, b in steps).replace(" -", "-")
        pieces.append(f"M{points[0, 0]} {points[0, 1]}l{text or '0 0'}" + "z" * closed)
    return "".join(pieces)
