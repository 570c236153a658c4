"""Charts of forecasts: fans by region, coverage by level, what changed, who grows.

Always holds: the past is a solid line, the forecast a dashed one with its interval around it; a part of the
past that was not observed is dotted; a chart computes nothing that a table should hold.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import style, words
from ..errors import MktError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

__all__ = [
    "plot_changes",
    "plot_curves",
    "plot_fans",
    "plot_level_coverage",
    "plot_seasonal_index",
]

#: Below this share of observed figures a year is drawn as not observed.
_OBSERVED = 0.95


def __getattr__(name: str):
    if name != "LEVEL_NAMES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn("LEVEL_NAMES of charts is now in mktanalysis.words", FutureWarning, stacklevel=2)
    return words.values("level")


#: So many small charts fit on a page: every prefecture of a province.
MOST_FANS = 24


def plot_fans(
    history: pd.DataFrame,
    forecast: pd.DataFrame,
    regions: Sequence[str],
    *,
    names: Mapping[str, str] | pd.Series | None = None,
    unit: str = "",
    later: pd.DataFrame | None = None,
    title: str = "",
    source: str = "",
) -> Figure:
    """Draw past and forecast with its interval, a small chart for each region.

    Parameters
    ----------
    history : DataFrame
        Columns region, period, value and, optionally, observed_share; with ``status``, lower and upper the
        figures that were carried on (``nowcast``) are hollow marks with their interval.
    forecast : DataFrame
        Columns region, period, mean, lower, upper.
    regions : sequence of str
        At most 24, in the order of the charts.
    names : mapping, optional
        Code -> name.
    unit : str
        Display unit, such as 亿元.
    later : DataFrame, optional
        Columns region, period, value: what was published after the forecast was made, drawn into the fan.
    title, source : str

    Returns
    -------
    Figure
    """
    regions = list(regions)
    missing = [region for region in regions if region not in set(forecast["region"])]
    if missing or not 1 <= len(regions) <= MOST_FANS:
        raise MktError(f"扇形图需要 1—{MOST_FANS} 个有预测的地区，没有预测的：{'、'.join(missing) or '无'}")
    figure, cells = _small_charts(regions, names, unit)
    for ax, region in zip(cells, regions, strict=True):
        past, ahead = (table[table["region"] == region] for table in (history, forecast))
        _fan(ax, past, ahead)
        if later is not None:
            _later(ax, later[later["region"] == region], ahead)
        ax.set_ylim(bottom=min(0, ahead["lower"].min()))
    return _finish(figure, cells, f"{title}（{unit}）" if unit else title, source)


def _small_charts(regions: list[str], names: Mapping[str, str] | pd.Series | None, unit: str):
    """A figure with one titled chart for each region, three in a row, and these charts.

    One chart alone is as wide as two, so that source and legend find room beside each other.
    """
    columns = min(3, len(regions))
    rows = -(-len(regions) // columns)
    width = 1.4 + 3.3 * max(2, columns)
    figure, axes = style.new_figure(width, 0.9 + 2.4 * rows, rows=rows, columns=columns)
    flat = np.atleast_1d(axes).ravel()
    for ax in flat[len(regions) :]:
        ax.set_visible(False)
    cells = flat[: len(regions)]
    for ax, region in zip(cells, regions, strict=True):
        ax.set_title(region if names is None else names[region], fontsize=11)
        style.axis_in(ax.yaxis, unit, label="")
    return figure, cells


def _finish(figure: Figure, cells, title: str, source: str) -> Figure:
    """One legend for all charts, each label once; title and source."""
    found = dict(pair[::-1] for ax in cells for pair in zip(*ax.get_legend_handles_labels(), strict=True))
    figure.legend(found.values(), found.keys(), loc="outside lower right", ncols=5)
    figure.set_layout_engine("constrained", hspace=0.06)  # a heading keeps off the years above it
    figure.suptitle(title, x=0.01, ha="left")
    style.source_line(figure, source, part=0.5)  # the legend stands beside it
    return figure


def _fan(ax, past: pd.DataFrame, ahead: pd.DataFrame) -> None:
    when = _position(past["period"])
    then = _position(ahead["period"])
    values = past["value"].to_numpy()
    seen = past.get("observed_share", pd.Series(1.0, past.index)).to_numpy() >= _OBSERVED
    ax.plot(when, values, color=style.MUTED, linestyle=":", linewidth=1.2)
    ax.plot(
        when, np.where(seen, values, np.nan), color=style.INK, label="历史", marker=_dot(seen), markersize=2.5
    )
    _carried(ax, when, past)
    when_on = np.r_[when[-1:], then]
    joined = {name: np.r_[values[-1:], ahead[name]] for name in ("mean", "lower", "upper")}
    ax.fill_between(
        when_on, joined["lower"], joined["upper"], color=style.ACCENT, alpha=0.18, linewidth=0, label="区间"
    )
    ax.plot(when_on, joined["mean"], color=style.ACCENT, linestyle="--", label="预测")
    ax.xaxis.get_major_locator().set_params(integer=True, nbins=5)


def _later(ax, came: pd.DataFrame, ahead: pd.DataFrame) -> None:
    """Published figures of forecast periods, as diamonds: inside the fan or not."""
    came = came[came["period"].isin(ahead["period"])].dropna(subset=["value"])
    if len(came):
        ax.plot(
            _position(came["period"]), came["value"], ls="none", marker="D", ms=4.5, color=style.LINES[2],
            label="后来公布", zorder=4,
        )  # fmt: skip


def _carried(ax, when: np.ndarray, past: pd.DataFrame) -> None:
    """Figures that were carried on are no published ones: hollow, with their interval."""
    if "status" not in past or not (now := past["status"].eq("nowcast").to_numpy()).any():
        return
    value = past["value"].to_numpy()[now]
    reach = [value - past["lower"].to_numpy()[now], past["upper"].to_numpy()[now] - value]
    style_of = {"linestyle": "none", "marker": "o", "markersize": 3.5, "markerfacecolor": "white"}
    label = words.status_word("nowcast")
    ax.errorbar(when[now], value, reach, color=style.INK, elinewidth=0.8, label=label, **style_of)


def _dot(seen: np.ndarray) -> str | None:
    """A lone observed year between missing ones would have no line, so short histories get markers."""
    return "o" if len(seen) <= 40 else None


def plot_curves(
    panel: pd.DataFrame,
    curves: pd.DataFrame,
    levels: pd.DataFrame,
    regions: Sequence[str],
    *,
    names: Mapping[str, str] | pd.Series | None = None,
    unit: str = "%",
    title: str = "",
    source: str = "",
) -> Figure:
    """Draw penetration, its S-curve and the saturation level with its interval, a small chart a region.

    Parameters
    ----------
    panel : DataFrame
        Columns region, period, value: what was observed.
    curves : DataFrame
        Columns region, period, value: the fitted curve, past and ahead; none for a refused region.
    levels : DataFrame
        Columns region, saturation, lower, upper, missing where refused.
    regions : sequence of str
        At most 24, in the order of the charts.
    names : mapping, optional
        Code -> name.
    unit, title, source : str

    Returns
    -------
    Figure
    """
    regions = list(regions)
    unknown = [region for region in regions if region not in set(panel["region"])]
    if unknown or not 1 <= len(regions) <= MOST_FANS:
        raise MktError(f"曲线图需要 1—{MOST_FANS} 个有数据的地区，没有数据的：{'、'.join(unknown) or '无'}")
    figure, cells = _small_charts(regions, names, unit)
    limits = levels.set_index("region")
    for ax, region in zip(cells, regions, strict=True):
        seen, line = (table[table["region"] == region].sort_values("period") for table in (panel, curves))
        _curve(ax, seen, line, limits.loc[region])
    return _finish(figure, cells, f"{title}（{unit}）" if unit else title, source)


def _curve(ax, seen: pd.DataFrame, line: pd.DataFrame, level: pd.Series) -> None:
    ax.plot(_position(seen["period"]), seen["value"], "o", color=style.INK, markersize=3, label="公布值")
    if len(line):
        band = {"color": style.ACCENT, "alpha": 0.15, "linewidth": 0, "label": "饱和水平的区间"}
        ax.axhspan(level["lower"], level["upper"], **band)
        ax.axhline(level["saturation"], color=style.ACCENT, linestyle=":", linewidth=1.2)
        curve = {"color": style.ACCENT, "linestyle": "--", "label": "曲线"}
        ax.plot(_position(line["period"]), line["value"], **curve)
    else:
        place = {"transform": ax.transAxes, "ha": "right", "color": style.MUTED, "fontsize": 9}
        ax.text(0.97, 0.06, "看不出饱和水平", **place)
    ax.set_ylim(bottom=0)
    ax.xaxis.get_major_locator().set_params(integer=True, nbins=5)


def _position(periods: pd.Series) -> np.ndarray:
    """Years as numbers, months and quarters as fractions of a year."""
    start = periods.dt.start_time
    return (start.dt.year + (start.dt.month - 1) / 12).to_numpy(dtype=float)


def plot_level_coverage(coverage: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw the share of actual figures inside the interval, by level, against the nominal one.

    Parameters
    ----------
    coverage : DataFrame
        Columns level, nominal, coverage and n_errors (or n): of a forecast, or of a scored backtest.
    title, source : str

    Returns
    -------
    Figure
    """
    figure, ax = style.new_figure(7.2, 1.3 + 0.5 * len(coverage))
    place = np.arange(len(coverage))[::-1]
    counts = coverage["n_errors"] if "n_errors" in coverage else coverage["n"]
    nominal = float(coverage["nominal"].iloc[0])
    ax.barh(place, coverage["coverage"], color=style.LINES[0], height=0.55)
    ax.axvline(nominal, color=style.ACCENT, linestyle="--", linewidth=1.4)
    ax.text(
        nominal, len(coverage) - 0.42, f"名义 {nominal:.0%}", color=style.ACCENT, ha="center", va="bottom"
    )
    for y, share, count in zip(place, coverage["coverage"], counts, strict=True):
        ax.text(share + 0.01, y, f"{share:.0%}（{count:,} 次）", va="center", fontsize=9)
    ax.set_yticks(place, [words.level_name(level) for level in coverage["level"]])
    ax.set_xlim(0, 1.22)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25%", "50%", "75%", "100%"])
    ax.set_title(title, pad=22)
    ax.grid(axis="y", visible=False)
    style.source_line(figure, source)
    return figure


def plot_changes(
    values: pd.Series, *, unit: str = "", label: str = "", title: str = "", source: str = ""
) -> Figure:
    """Draw a signed figure by region as bars, largest first: growth, revision, headroom.

    Parameters
    ----------
    values : Series
        Index names as they are to be shown; at most 30.
    unit, label, title, source : str

    Returns
    -------
    Figure
    """
    if not 1 <= len(values) <= 30:
        raise MktError(f"条形图最多 30 行，收到 {len(values)} 行：请先挑选")
    ordered = values.sort_values()
    figure, ax = style.new_figure(7.2, 1.2 + 0.27 * len(ordered))
    colors = np.where(ordered >= 0, style.LINES[0], style.LINES[1])
    ax.barh(range(len(ordered)), ordered, color=colors, height=0.66)
    ax.set_yticks(range(len(ordered)), ordered.index)
    ax.axvline(0, color=style.INK, linewidth=0.8)
    style.axis_in(ax.xaxis, unit, label=label)
    ax.set_title(title)
    ax.grid(axis="y", visible=False)
    style.source_line(figure, source)
    return figure


def plot_seasonal_index(index: pd.Series, *, title: str = "", source: str = "") -> Figure:
    """Draw the seasonal index by month: peak months (旺季) dark, slack months (淡季) pale.

    Parameters
    ----------
    index : Series
        Index 1-12 (or 1-4), values with mean 1.
    title, source : str
    """
    figure, ax = style.new_figure(7.2, 3.2)
    colors = np.where(index >= 1, style.LINES[0], "#a9c3dd")
    ax.bar(index.index, index - 1, bottom=1, color=colors, width=0.7)
    for place, value in index.items():
        ax.text(place, value + np.sign(value - 1) * 0.004, f"{value:.2f}", ha="center",
                va="bottom" if value >= 1 else "top", fontsize=8)  # fmt: skip
    ax.axhline(1, color=style.INK, linewidth=0.8)
    ax.set_xticks(list(index.index), [f"{k}月" if len(index) == 12 else f"{k}季" for k in index.index])
    ax.margins(y=0.15)
    ax.set_ylabel("季节指数（平均 = 1）")
    ax.set_title(title)
    ax.grid(axis="x", visible=False)
    style.source_line(figure, source)
    return figure
