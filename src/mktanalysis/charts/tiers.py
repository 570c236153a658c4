"""Charts of tiers: the ladder with its uncertainty, ranks over the years, agreement, one city's profile.

Always holds: tiers keep their colour in every chart (best dark, last pale); a figure that was estimated is
drawn hollow; what is uncertain is shown as a spread, not hidden behind a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import style, words
from ..errors import MktError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_bump", "plot_confusion", "plot_profile", "plot_tier_ladder"]

#: Below this share of resamples a segment is too narrow for its figure.
_ROOM_FOR_TEXT = 0.12


def plot_tier_ladder(
    table: pd.DataFrame,
    membership: pd.DataFrame,
    breaks: pd.Series,
    *,
    names: Mapping[str, str] | pd.Series | None = None,
    title: str = "",
    source: str = "",
) -> Figure:
    """Draw regions from the best down: score against the breaks, and how often each tier came out.

    Parameters
    ----------
    table : DataFrame
        Index region; ``score``, ``tier`` (ordered Categorical); optional ``n_imputed``: hollow if not 0.
    membership : DataFrame
        Region x tier, shares of the resamples.
    breaks : Series
        Upper of two neighbouring tiers -> lowest score of it.
    names : mapping, optional
        Code -> name.
    title, source : str

    Returns
    -------
    Figure
        Its first axes hold the scores, its second the shares.
    """
    if table.empty:
        raise MktError("没有可画的地区")
    table = table.sort_values("score", ascending=False)
    tiers = list(table["tier"].cat.categories)
    colors = style.class_colors(tiers, ordered=True)
    figure, (left, right) = style.new_figure(8.0, 1.6 + 0.23 * len(table), columns=2)
    place = np.arange(len(table))
    hollow = (table.get("n_imputed", pd.Series(0, table.index)) > 0).to_numpy()
    fill = table["tier"].astype(object).map(colors).to_numpy()
    left.scatter(
        table["score"], place, s=34, zorder=3, edgecolors=fill, facecolors=np.where(hollow, "white", fill)
    )
    for tier, score in breaks.items():
        if table["score"].min() - 0.5 < score < table["score"].max() + 0.5:
            left.axvline(score, color=style.MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
            left.annotate(f"{tier}≥", (score, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
                          textcoords="offset points", ha="center", fontsize=8, color=style.MUTED)  # fmt: skip
    labels = [str(names[region]) if names is not None else str(region) for region in table.index]
    left.set_yticks(place, labels, fontsize=9)
    left.set_xlabel("综合得分" + ("（空心：部分指标为推算）" if hollow.any() else ""))
    left.grid(axis="y", visible=False)
    _stack_shares(right, membership.reindex(table.index), tiers, colors)
    for axes in (left, right):
        axes.set_ylim(len(table) - 0.4, -0.6)
    _legend_above(right, columns=len(tiers))
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, color=style.INK)
    style.source_line(figure, source)
    return figure


def _stack_shares(
    axes: Axes, membership: pd.DataFrame, tiers: Sequence[str], colors: Mapping[str, str]
) -> None:
    place = np.arange(len(membership))
    start = np.zeros(len(membership))
    for number, tier in enumerate(tiers):
        share = membership[tier].fillna(0.0).to_numpy()
        axes.barh(
            place, share, left=start, height=0.78, color=colors[tier], label=tier if share.any() else None
        )
        for at in np.flatnonzero(share >= _ROOM_FOR_TEXT):
            dark = number < len(tiers) / 2
            axes.text(start[at] + share[at] / 2, at, f"{share[at]:.0%}", ha="center", va="center", fontsize=7,
                      color="white" if dark else style.INK)  # fmt: skip
        start += share
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "50%", "100%"])
    axes.set_yticks([])
    axes.set_xlabel("重抽样中落在各级的比例")
    axes.grid(visible=False)


def plot_bump(
    ranks: pd.DataFrame,
    tiers: pd.DataFrame,
    *,
    names: Mapping[str, str] | pd.Series | None = None,
    title: str = "",
    source: str = "",
) -> Figure:
    """Draw the ranks of regions over the years, coloured by tier.

    Parameters
    ----------
    ranks : DataFrame
        Region x year, 1 the best; missing breaks the line.
    tiers : DataFrame
        Region x year, ordered Categorical columns.
    names : mapping, optional
        Code -> name.
    title, source : str

    Returns
    -------
    Figure
    """
    ranks = ranks.dropna(how="all").sort_values(ranks.columns[-1])
    if ranks.empty:
        raise MktError("这些地区在各年都没有名次")
    categories = list(tiers[tiers.columns[0]].cat.categories)
    colors = style.class_colors(categories, ordered=True)
    figure, axes = style.new_figure(8.0, 2.0 + 0.26 * len(ranks))
    years = [int(year) for year in ranks.columns]
    for region, line in ranks.iterrows():
        axes.plot(years, line.to_numpy(), color="#c9c9c9", linewidth=1.2, zorder=1)
        for tier, color in colors.items():
            here = (tiers.loc[region].astype(object) == tier).to_numpy() & line.notna().to_numpy()
            if here.any():
                axes.scatter(np.array(years)[here], line.to_numpy()[here], s=20, color=color, zorder=2)
    for tier, color in colors.items():
        if (tiers.reindex(ranks.index).astype(object) == tier).any(axis=None):
            axes.scatter([], [], s=28, color=color, label=tier)
    axes.set_yscale("log" if ranks.max().max() > 40 else "linear")
    _name_line_ends(axes, ranks, years, names)
    axes.invert_yaxis()
    axes.set_xlim(years[0] - 0.5, years[-1] + max(1.5, len(years) * 0.14))
    axes.set_ylabel("全国名次")
    axes.grid(axis="x", visible=False)
    _legend_above(axes, columns=len(categories))
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, color=style.INK)
    style.source_line(figure, source)
    return figure


def _legend_above(axes: Axes, *, columns: int) -> None:
    """A legend in one row right above the axes, below the title however long that is."""
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.02), ncols=columns, fontsize=8, columnspacing=1.0,
        borderaxespad=0.0, handletextpad=0.4,
    )  # fmt: skip


def _name_line_ends(axes: Axes, ranks: pd.DataFrame, years: list[int], names) -> None:
    """Names beside the last known ranks, moved apart so that none covers another; whole ranks on the axis."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    logarithmic = axes.get_yscale() == "log"
    forward, back = (np.log, np.exp) if logarithmic else (np.asarray, np.asarray)
    last = ranks.ffill(axis=1).iloc[:, -1].astype(float).sort_values()
    low = forward(np.nanmin(ranks.to_numpy()))
    high = forward(np.nanmax(ranks.to_numpy()))
    room = axes.figure.get_figheight() - 1.3  # inches for the axes; a line of text takes 0.16
    spots = _apart(forward(last.to_numpy()), gap=max(high - low, 1e-9) * 0.16 / room)
    for (region, rank), spot in zip(last.items(), spots, strict=True):
        label = str(names[region]) if names is not None else str(region)
        axes.annotate(
            f"{label}  {rank:.0f}", (years[-1], rank), (years[-1] + 0.6, float(back(spot))), va="center",
            fontsize=8, arrowprops={"arrowstyle": "-", "color": "#c9c9c9", "linewidth": 0.7, "shrinkB": 3},
        )  # fmt: skip
    if logarithmic:
        ticks = np.array([1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300])
        axes.set_yticks(ticks[(ticks >= np.exp(low) / 1.3) & (ticks <= np.exp(high) * 1.3)])
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.set_xticks([int(year) for year in MaxNLocator(8, integer=True).tick_values(years[0], years[-1])
                     if years[0] <= year <= years[-1]])  # fmt: skip


def _apart(spots: np.ndarray, *, gap: float) -> np.ndarray:
    """The nearest positions, in least squares, to ascending `spots` that keep `gap` between neighbours."""
    shifted = spots - gap * np.arange(len(spots))
    blocks: list[list[float]] = []
    for value in shifted:
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, count = blocks.pop()
            blocks[-1] = [
                (blocks[-1][0] * blocks[-1][1] + mean * count) / (blocks[-1][1] + count),
                blocks[-1][1] + count,
            ]
    return np.concatenate([[mean] * int(count) for mean, count in blocks]) + gap * np.arange(len(spots))


def plot_confusion(
    counts: pd.DataFrame,
    *,
    rows: str = "",
    columns: str = "",
    title: str = "",
    source: str = "",
    percent: bool = False,
) -> Figure:
    """Draw a table of two gradings against each other, or of transitions, as a heat table.

    Parameters
    ----------
    counts : DataFrame
        Rows and columns tiers, best first; numbers of regions, or shares for `percent`.
    rows, columns : str
        What the rows and the columns are.
    title, source : str
    percent : bool
        Write shares in percent.

    Returns
    -------
    Figure
    """
    from matplotlib.colors import LinearSegmentedColormap

    values = counts.to_numpy(dtype=float)
    # each row by its own total: a small tier is as visible as a large one
    share = np.divide(values, values.sum(axis=1, keepdims=True), out=np.zeros_like(values),
                      where=values.sum(axis=1, keepdims=True) > 0)  # fmt: skip
    same = list(counts.index) == list(counts.columns)
    figure, axes = style.new_figure(1.8 + 0.85 * counts.shape[1], 1.9 + 0.5 * counts.shape[0])
    ramp = LinearSegmentedColormap.from_list("share", ["#ffffff", style.LINES[0]])
    axes.imshow(share, cmap=ramp, vmin=0, vmax=1, aspect="auto")
    for i, j in np.argwhere(values > 0):
        text = f"{values[i, j]:.1%}" if percent else f"{values[i, j]:,.0f}"
        axes.text(j, i, text, ha="center", va="center", fontsize=9, fontweight="normal",
                  color="white" if share[i, j] > 0.55 else style.INK)  # fmt: skip
        if same and i == j:
            axes.add_patch(_frame(i))
    axes.set_xticks(range(counts.shape[1]), [str(name) for name in counts.columns])
    axes.set_yticks(range(counts.shape[0]), [str(name) for name in counts.index])
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel(columns)
    axes.set_ylabel(rows)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, color=style.INK)
    style.source_line(figure, source)
    return figure


def _frame(i: int):
    from matplotlib.patches import Rectangle

    return Rectangle((i - 0.48, i - 0.48), 0.96, 0.96, fill=False, edgecolor=style.INK, linewidth=0.9)


def plot_profile(
    standardised: pd.Series,
    centers: pd.DataFrame,
    *,
    tier: str,
    imputed: pd.Series | None = None,
    name: str = "",
    title: str = "",
    source: str = "",
) -> Figure:
    """Draw one region's indicators beside the means of its own and the neighbouring tiers.

    Parameters
    ----------
    standardised : Series
        Index indicator: the region's figures in standard deviations.
    centers : DataFrame
        Tier x indicator: means of the tiers.
    tier : str
        The region's tier.
    imputed : Series, optional
        Index indicator: True where the figure was estimated, drawn hollow.
    name, title, source : str

    Returns
    -------
    Figure
    """
    if tier not in centers.index:
        raise MktError(f"centers 中没有级别 {tier!r}")
    order = standardised.sort_values(ascending=True).index
    tiers = list(centers.index)
    at = tiers.index(tier)
    near = tiers[max(at - 1, 0) : at + 2]
    colors = style.class_colors(tiers, ordered=True)
    figure, axes = style.new_figure(8.0, 1.7 + 0.42 * len(order))
    place = np.arange(len(order))
    means = centers.loc[near, order]
    axes.hlines(place, means.min(), means.max(), color="#dcdcdc", linewidth=6, zorder=1)
    for label in near:
        axes.scatter(
            means.loc[label],
            place,
            marker="|",
            s=190,
            linewidths=3,
            color=colors[label],
            label=f"{label}均值",
            zorder=2,
        )
    hollow = (
        imputed.reindex(order).fillna(False) if imputed is not None else pd.Series(False, order)
    ).to_numpy(bool)
    axes.scatter(standardised[order], place, s=64, zorder=3, edgecolors=style.ACCENT, linewidths=1.6,
                 facecolors=np.where(hollow, "white", style.ACCENT), label=name or "本市")  # fmt: skip
    labels = [words.indicator(indicator)[0] for indicator in order]
    axes.set_yticks(place, labels)
    axes.set_xlabel("高于（低于）全国平均几个标准差" + ("；空心为推算" if hollow.any() else ""))
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    axes.grid(axis="y", visible=False)
    _legend_above(axes, columns=len(near) + 1)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, color=style.INK)
    style.source_line(figure, source)
    return figure
