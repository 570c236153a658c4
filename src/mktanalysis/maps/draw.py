"""Maps of China: an assignment or a figure per region as colours, a path over time as colours and arrows.

Always holds: every shape of the level is on the map, with or without a figure (a region without one is grey
and the legend says so); Taiwan, the South China Sea inset and the border lines are there; the
values given are not changed; a code without a shape is an error, never a hole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import style, words
from ..errors import MktError
from . import geometry, layers
from .classes import classify

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: A zoomed map names its regions up to this many.
_MAX_NAMES = 60
#: A path that touches more provinces than this is drawn on the national map.
_MAX_PROVINCES = 9


def plot_map(
    values: pd.Series,
    *,
    level: str = "prefecture",
    title: str = "",
    source: str = "",
    label: str = "",
    within: str | Sequence[str] | None = None,
    marked: pd.Series | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw a map of China, or of some provinces or prefectures, coloured by an assignment or a figure.

    Parameters
    ----------
    values : Series
        Index region codes of `level`. An ordered Categorical (tiers) gets dark to pale colours, other labels
        get colours of their own, numbers are cut into six classes of about equally many regions; for other
        classes or a unit pass ``classify(values, breaks=..., how="log", unit="亿元")``.
    level : {"province", "prefecture", "county"}
        Today's regions; figures of former ones are translated first (``mkt.datasets.load_crosswalk``).
    title, source, label : str
        Above the map, below it, and above the legend.
    within : str or sequence of str, optional
        Codes of provinces or prefectures to zoom to; their surroundings stay pale.
    marked : Series of bool, optional
        Index region: True where the value is not a published figure; hatched, and the legend says the
        name of the series (推算).
    ax : Axes, optional
        Draw there; the title goes above these axes and `source` below their figure.

    Returns
    -------
    Figure
        Its first axes hold the map, in kilometres (see ``maps.project``).

    Raises
    ------
    UnknownNameError
        If a code has no shape at `level`.

    Examples
    --------
    >>> figure = plot_map(pd.Series({"320000": "华东", "440000": "华南"}), level="province", title="两省")
    >>> figure.axes[0].get_title(loc="left")
    '两省'
    """
    prefixes = () if within is None else _prefixes(within)
    level = geometry.drawn_level(getattr(values, "index", ()), level)
    fill = _fill(values, level, prefixes)
    if ax is None:
        _, ax = style.new_figure(8.0, 6.2)
    hatched = _hatched(marked, level, prefixes)
    _draw(ax, level, fill, prefixes, label, hatched=hatched)
    if prefixes:
        names = layers.own_names(level, _codes_inside(level, prefixes))
        if len(names) <= _MAX_NAMES:
            layers.write(ax, names, fill, level=level)
    return _finish(ax, title, source)


def _hatched(marked: pd.Series | None, level: str, prefixes: tuple[str, ...]) -> layers.Hatched | None:
    """The shapes that are hatched, and what the legend says of them."""
    if marked is None:
        return None
    marked = geometry.with_land(marked)
    codes = geometry.shape_codes(marked.index[marked.astype(bool).to_numpy()], level)
    inside = [code for code in codes if code.startswith(prefixes or "")]
    return layers.Hatched(f"{marked.name or words.status_word('imputed')}（{len(inside)}）", tuple(inside))


def _draw(
    ax: Axes,
    level: str,
    fill: layers.Fill,
    prefixes: tuple[str, ...],
    label: str,
    *,
    focus=None,
    hatched: layers.Hatched | None = None,
) -> None:
    style.use_style()
    if prefixes:
        layers.part(ax, level, fill, prefixes, focus=focus)
    else:
        layers.nation(ax, level, fill)
    if hatched is not None and hatched.codes:
        layers.hatch(ax, geometry.load_shapes(level, coarse=not prefixes), hatched)
    layers.legend(ax, fill, label, outside=bool(prefixes), hatched=hatched)


def _finish(ax: Axes, title: str, source: str) -> Figure:
    if title:
        ax.set_title(title)
    style.source_line(ax.figure, source)
    return ax.figure


def _fill(
    values: pd.Series,
    level: str,
    prefixes: tuple[str, ...],
    *,
    rest: tuple[str, str] = (style.MISSING_LABEL, style.MISSING),
) -> layers.Fill:
    """Choose the colours of the regions whose codes begin with one of `prefixes`, all if there are none.

    `rest` is the legend line (label, colour) of regions without a value.
    """
    if not isinstance(values, pd.Series):
        raise MktError(f"地图的取值应为 Series（索引为地区代码），收到 {type(values).__name__}")
    values = geometry.with_land(values)
    codes = geometry.shape_codes(values.index, level)
    if codes.has_duplicates:
        raise MktError(f"每个地区只能有一个值，重复的代码：{codes[codes.duplicated()].unique().tolist()[:5]}")
    inside = np.array([code.startswith(prefixes or "") for code in codes], dtype=bool)
    codes = codes[inside]
    labels = _as_categorical(values[inside])
    categories = list(labels.cat.categories)
    palette = style.class_colors([str(c) for c in categories], ordered=bool(labels.cat.ordered))
    counts = labels.value_counts()
    legend = [(f"{c}（{counts[c]}）", palette[str(c)]) for c in categories if counts[c]]
    colors = pd.Series([palette.get(str(v), rest[1]) for v in labels], index=codes, dtype=object)
    with_value = set(codes[labels.notna().to_numpy()])
    if not with_value.issuperset(_codes_inside(level, prefixes)):
        legend.append(rest)
    return layers.Fill(colors, legend, rest[1])


def _as_categorical(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return classify(values)
    return values.where(values.isna(), values.astype(str)).astype("category")


def _prefixes(within: str | Sequence[str]) -> tuple[str, ...]:
    """Return the leading digits that codes of regions inside `within` share."""
    codes = [within] if isinstance(within, str) else list(within)
    prefixes = tuple(str(code)[:2] if str(code).endswith("0000") else str(code)[:4] for code in codes)
    for code, prefix in zip(codes, prefixes, strict=True):
        if len(str(code)) != 6 or not str(code).endswith("00") or not _codes_inside("county", (prefix,)):
            raise MktError(f"within 应为省级或地级代码（六位文本），收到 {code!r}")
    return prefixes


def _codes_inside(level: str, prefixes: tuple[str, ...]) -> list[str]:
    return [code for code in geometry.load_shapes(level).codes if code.startswith(prefixes or "")]


def plot_maps(
    values: Mapping[str, pd.Series],
    *,
    level: str = "prefecture",
    title: str = "",
    source: str = "",
    label: str = "",
    within: str | Sequence[str] | None = None,
) -> Figure:
    """Draw several maps side by side, one per heading: the same regions at several dates, or several schemes.

    Numbers are cut into the same classes on all of them.

    Parameters
    ----------
    values : mapping of str to Series
        Heading -> what :func:`plot_map` takes.
    level, title, source, label, within
        As in :func:`plot_map`.

    Returns
    -------
    Figure
    """
    if not values:
        raise MktError("plot_maps 至少需要一幅图")
    columns = len(values) if len(values) < 4 else 2 if len(values) == 4 else 3
    rows = -(-len(values) // columns)
    figure, axes = style.new_figure(10.0, 0.4 + rows * 9.4 / columns, rows=rows, columns=columns)
    figure.get_layout_engine().set(h_pad=0.1, hspace=0.06)
    axes = np.atleast_1d(axes).ravel()
    for ax, (heading, series) in zip(axes, _same_classes(values).items(), strict=False):
        plot_map(series, level=level, title=heading, label=label, within=within, ax=ax)
    for ax in axes[len(values) :]:
        ax.set_axis_off()
    if title:
        figure.suptitle(title, x=0.01, ha="left")
    style.source_line(figure, source)
    return figure


def _same_classes(values: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Cut numbers of all maps into the same classes, and give a label the same colour on all of them."""
    series = list(values.values())
    if not all(isinstance(one, pd.Series) for one in series):
        raise MktError("plot_maps 的每幅图都应是 Series（索引为地区代码）")
    together = pd.concat(series, keys=range(len(series)))
    if not isinstance(together.dtype, pd.CategoricalDtype):
        if any(isinstance(one.dtype, pd.CategoricalDtype) for one in series):
            return dict(values)  # different lists of tiers: each map has classes of its own
        together = _as_categorical(together)
    return {heading: together.loc[i] for i, heading in enumerate(values)}


def plot_path(
    entered: pd.Series,
    *,
    base: str | Sequence[str],
    level: str = "prefecture",
    title: str = "",
    source: str = "",
    label: str = "进入时间",
    within: str | Sequence[str] | None = None,
) -> Figure:
    """Draw the order in which regions are entered from a base: a colour and a number per period, and arrows.

    An arrow runs to each region from the nearest one (by centre point) that was held in an earlier period.

    Parameters
    ----------
    entered : Series
        Index region codes of `level`, values the period of entry (anything that sorts); the base itself may
        be among them or not; a missing value is a region never entered.
    base : str or sequence of str
        Where the path starts.
    level, title, source, label
        As in :func:`plot_map`.
    within : str or sequence of str, optional
        Where to zoom; by default to the path, if it touches nine provinces or fewer.

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = plot_path(pd.Series({"320500": 2025, "320200": 2026}), base="320400", title="苏南")
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()][:3]
    ['根据地（1）', '2025（1）', '2026（1）']
    """
    bases = [base] if isinstance(base, str) else list(base)
    if not bases:
        raise MktError("路径图至少需要一个根据地（base）")
    order, labels = _stages(geometry.with_land(entered), bases)
    level = geometry.drawn_level(order.index, level)
    path = pd.Series(pd.Categorical.from_codes(order, categories=labels, ordered=True), order.index)
    codes = geometry.shape_codes(order.index, level)
    provinces = sorted({f"{code[:2]}0000" for code in codes})
    near = within is None and len(provinces) <= _MAX_PROVINCES
    prefixes = _prefixes(within if within is not None else provinces if near else ())
    fill = _fill(path, level, prefixes, rest=("未进入", style.MISSING))
    _, ax = style.new_figure(8.0, 6.2)
    _draw(ax, level, fill, prefixes, label, focus=codes if near else None)
    _arrows(ax, order, level)
    names = layers.own_names(level, geometry.load_shapes(level).codes).reindex(codes, fill_value="")
    marks = ["★" if stage == 0 else str(stage) for stage in order]
    texts = pd.Series([f"{mark}\n{name}".strip() for mark, name in zip(marks, names, strict=True)], codes)
    texts = texts[[code.startswith(prefixes or "") for code in codes]]
    crowded = _crowd(layers.write(ax, texts, fill, level=level, halo=True), level)
    small = layers.close_up(ax, level, fill, crowded) if prefixes else None
    if small is not None:
        _arrows(small, order, level)
        layers.write(small, texts, fill, level=level, halo=True)
    return _finish(ax, title, source)


#: So many regions without room for their text are worth a close-up, and how far they may lie apart (km).
_CROWD = 3
_CROWD_KM = 60.0


def _crowd(codes: list[str], level: str) -> list[str]:
    """The regions, of those whose texts found no room, that lie closest together; none if they are few."""
    if len(codes) < _CROWD:
        return []
    points = geometry.centres(level).loc[codes, ["x", "y"]].to_numpy()
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    near = apart < _CROWD_KM
    middle = int(near.sum(axis=1).argmax())
    found = [code for code, inside in zip(codes, near[middle], strict=True) if inside]
    return found if len(found) >= _CROWD else []


def _stages(entered: pd.Series, bases: list[str]) -> tuple[pd.Series, list[str]]:
    """Return region -> number of its stage (0 the base), and the stages' labels."""
    steps = entered.drop(bases, errors="ignore").dropna()
    stages = sorted(steps.unique())
    numbers = steps.map({stage: i + 1 for i, stage in enumerate(stages)})
    order = pd.concat([pd.Series(0, index=bases), numbers]).astype(int)
    return order, ["根据地", *map(str, stages)]


def _arrows(ax: Axes, order: pd.Series, level: str) -> None:
    """Draw an arrow to every region of stage 1 and later from the nearest one of an earlier stage."""
    points = geometry.centres(level)[["x", "y"]]
    points = points.loc[geometry.shape_codes(order.index, level)].to_numpy()
    stage = order.to_numpy()
    for end in np.flatnonzero(stage > 0):
        earlier = np.flatnonzero(stage < stage[end])
        start = earlier[np.argmin(((points[earlier] - points[end]) ** 2).sum(axis=1))]
        ax.annotate(
            "", xy=points[end], xytext=points[start], gid="arrow",
            zorder=2.5, annotation_clip=True,
            arrowprops={"arrowstyle": "-|>", "color": style.INK, "lw": 0.8, "shrinkA": 8, "shrinkB": 9,
                        "alpha": 0.75},
        )  # fmt: skip
