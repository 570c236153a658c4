"""A scatter of regions as SVG text, for pages that must open without any other file.

Always holds: every text is escaped, a link is relative, equal tables give equal text; the largest bubbles are
named, and no name covers another.
"""

from __future__ import annotations

import math
from html import escape

import pandas as pd

from .. import style
from ..errors import MktError
from ..words.amounts import format_number

__all__ = ["bubble_svg"]

#: The drawing, in units of the view box, and the room kept free for the axes.
WIDTH = 760
HEIGHT = 560
_LEFT = 74
_RIGHT = 24
_TOP = 24
_BOTTOM = 66
#: Radius of the largest and of the smallest bubble.
_LARGE = 34
_SMALL = 4
#: Height of a name.
_EM = 17


def bubble_svg(table: pd.DataFrame, *, x: str, y: str, size: str, label: str = "") -> str:
    """Return an ``<svg>`` element: one bubble a region, sizes on a logarithmic axis.

    Parameters
    ----------
    table : DataFrame
        A row a region: name, x (above 0), y, size (area of the bubble; below 0 counts as nothing), group
        (macro-region, gives the colour), link (relative address or empty). Rows with a missing figure are
        left out.
    x, y, size : str
        What the three are called, with their units.
    label : str
        What a screen reader says.

    Returns
    -------
    str
        Empty with fewer than three regions.

    Raises
    ------
    MktError
        If `table` lacks a column.

    Examples
    --------
    >>> table = pd.DataFrame({"name": list("甲乙丙"), "x": [1.0, 10, 100], "y": [3.0, 5, 4],
    ...     "size": [1.0, 2, 3], "group": "华东", "link": ""})
    >>> bubble_svg(table, x="零售额", y="增长", size="增量").count("<circle")
    3
    """
    missing = {"name", "x", "y", "size", "group", "link"} - set(table.columns)
    if missing:
        raise MktError(f"散点图缺少列：{'、'.join(sorted(missing))}")
    known = table.dropna(subset=["x", "y", "size"])
    known = known[known["x"] > 0].sort_values(["size", "name"], ascending=[False, True])
    if len(known) < 3:
        return ""
    places = _places(known)
    colors = style.class_colors(sorted(known["group"].astype(str).unique()), ordered=False)
    bubbles = "".join(_bubble(row, place, colors[str(row.group)], x, y, size)
                      for row, place in zip(known.itertuples(), places, strict=True))  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(label or f"{x}与{y}", quote=True)}" font-size="{_EM}">'
        f"{_axes(known, x, y)}<g stroke='#fff' stroke-width='1.2'>{bubbles}</g>{_names(known, places)}"
        f'<text x="{WIDTH - _RIGHT}" y="{_TOP - 6}" text-anchor="end" fill="{style.MUTED}" '
        f'font-size="14">气泡大小：{escape(size)}</text></svg>'
    )


def _places(known: pd.DataFrame) -> list[tuple[float, float, float]]:
    """Centre and radius of every bubble."""
    across = _scale(known["x"].map(math.log), _LEFT + 30, WIDTH - _RIGHT - 40)
    up = _scale(known["y"], HEIGHT - _BOTTOM - 26, _TOP + 36)
    share = (known["size"].clip(lower=0) / max(known["size"].max(), 1e-12)) ** 0.5
    radius = _SMALL + (_LARGE - _SMALL) * share
    return list(zip(across, up, radius, strict=True))


def _scale(values: pd.Series, low: float, high: float) -> list[float]:
    span = (values.max() - values.min()) or 1.0
    return [low + (value - values.min()) / span * (high - low) for value in values]


def _bubble(row, place: tuple, color: str, x: str, y: str, size: str) -> str:
    tip = f"{row.name}：{x} {format_number(row.x, '')}，{y} {row.y:.1f}，{size} {format_number(row.size, '')}"
    at = f'cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{place[2]:.1f}"'
    shape = f'<circle {at} fill="{color}" fill-opacity=".85"><title>{escape(tip)}</title></circle>'
    return f'<a href="{escape(row.link, quote=True)}">{shape}</a>' if row.link else shape


def _names(known: pd.DataFrame, places: list) -> str:
    """Names beside the bubbles, largest first, each only where there is room."""
    taken: list[tuple[float, float, float]] = []
    parts = []
    for name, (x, y, radius) in zip(known["name"].astype(str), places, strict=True):
        wide = len(name) * _EM
        beside = [(x + radius + wide / 2 + 3, y + 6), (x - radius - wide / 2 - 3, y + 6)]
        around = [*beside, (x, y - radius - 5), (x, y + radius + _EM)]
        for middle in [(x, y + 6), *around] if 2 * radius > wide else around:
            if (
                middle[0] - wide / 2 > _LEFT
                and middle[0] + wide / 2 < WIDTH
                and _is_free(middle, wide, taken)
            ):
                taken.append((*middle, wide))
                parts.append(f'<text x="{middle[0]:.1f}" y="{middle[1]:.1f}">{escape(name)}</text>')
                break
    return f'<g text-anchor="middle" fill="{style.INK}" pointer-events="none">{"".join(parts)}</g>'


def _is_free(middle: tuple[float, float], wide: float, taken: list) -> bool:
    return all(
        abs(middle[0] - other[0]) > (wide + other[2]) / 2 or abs(middle[1] - other[1]) > _EM
        for other in taken
    )


def _axes(known: pd.DataFrame, x: str, y: str) -> str:
    """Lines, ticks of round numbers and what the axes are."""
    bottom = HEIGHT - _BOTTOM
    across = f"{x[:-1]}，对数刻度）" if x.endswith("）") else f"{x}（对数刻度）"
    logs = known["x"].map(math.log)
    parts = [
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{WIDTH - _RIGHT}" fill="none" stroke="{style.MUTED}"/>',
        f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 10}" text-anchor="end">{escape(across)}</text>',
        f'<text x="6" y="{_TOP - 6}">{escape(y)}</text>',
    ]
    for tick in _round_numbers(known["x"].min(), known["x"].max()):
        at = _at(math.log(tick), logs, _LEFT + 30, WIDTH - _RIGHT - 40)
        parts.append(f'<path d="M{at:.1f} {bottom}v6" stroke="{style.MUTED}"/>')
        text = format_number(tick, "")
        parts.append(f'<text x="{at:.1f}" y="{bottom + 24}" text-anchor="middle">{text}</text>')
    for tick in _steps(known["y"].min(), known["y"].max()):
        at = _at(tick, known["y"], HEIGHT - _BOTTOM - 26, _TOP + 36)
        parts.append(f'<path d="M{_LEFT} {at:.1f}H{WIDTH - _RIGHT}" stroke="{style.OUTSIDE}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 6:.1f}" text-anchor="end">{tick:g}</text>')
    return f'<g fill="{style.INK}">{"".join(parts)}</g>'


def _at(value: float, values: pd.Series, low: float, high: float) -> float:
    span = (values.max() - values.min()) or 1.0
    return low + (value - values.min()) / span * (high - low)


def _round_numbers(low: float, high: float) -> list[float]:
    """1, 2, 5 and their tens between two figures."""
    first = math.floor(math.log10(low))
    last = math.ceil(math.log10(high))
    ticks = [step * 10.0**power for power in range(first, last + 1) for step in (1, 2, 5)]
    inside = [tick for tick in ticks if low <= tick <= high]
    return inside if len(inside) <= 7 else [tick for tick in inside if math.log10(tick) % 1 < 1e-9]


def _steps(low: float, high: float) -> list[float]:
    """About five round numbers from `low` to `high`."""
    raw = max(high - low, 1e-9) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= raw)
    first = math.ceil(low / step)
    return [round(step * k, 10) for k in range(first, math.floor(high / step) + 1)]
