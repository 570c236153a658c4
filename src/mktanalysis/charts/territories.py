"""Charts of territories: the map with seats, loads with their band, what balance costs, coverage by centre.

Always holds: a chart computes nothing that a table of the design does not hold, and changes none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import maps, style
from ..errors import MktError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "plot_centre_shares",
    "plot_loads",
    "plot_realign_frontier",
    "plot_scheme_frontier",
    "plot_schemes",
    "plot_territories",
]

#: Bars that are named; a longer list shows the extremes.
MAX_BARS = 40


def plot_territories(
    assignment: pd.Series,
    territories: pd.DataFrame,
    points: pd.DataFrame,
    *,
    level: str = "county",
    within=None,
    title: str = "",
    source: str = "",
) -> Figure:
    """Draw the map of territories with their seats.

    Parameters
    ----------
    assignment : Series
        region -> territory, codes of `level`.
    territories : DataFrame
        territory, seat, as ``TerritoryPlan.territories``.
    points : DataFrame
        region, lon, lat: where the seats are.
    level, within, title, source
        As ``maps.plot_map``.

    Returns
    -------
    Figure
    """
    figure = maps.plot_map(
        assignment, level=level, within=within, title=title or "片区", source=source, label="片区（单元数）"
    )
    places = points.set_index("region").reindex(territories["seat"])[["lon", "lat"]].dropna()
    (x, y) = maps.project(places["lon"].to_numpy(), places["lat"].to_numpy())
    figure.axes[0].scatter(
        x, y, marker="*", s=60, color="white", edgecolor=style.INK, linewidth=0.8, zorder=9, gid="seats"
    )
    return figure


def plot_loads(territories: pd.DataFrame, *, tolerance: float, title: str = "", source: str = "") -> Figure:
    """Draw each territory's load a head beside the band that it should keep.

    Parameters
    ----------
    territories : DataFrame
        territory, load, holds.
    tolerance : float
        Half the width of the band.
    title, source : str

    Returns
    -------
    Figure
    """
    table = territories.sort_values("load", kind="stable")
    cut = len(table) > MAX_BARS
    if cut:
        half = MAX_BARS // 2
        table = pd.concat([table.head(half), table.tail(half)])
    (figure, ax) = style.new_figure(8.0, 1.4 + 0.24 * len(table))
    colors = np.where(table["holds"], style.LINES[0], style.ACCENT)
    ax.axvspan(1 - tolerance, 1 + tolerance, color=style.MISSING, zorder=0, label=f"容差 ±{tolerance:.0%}")
    ax.axvline(1, color=style.MUTED, lw=0.8)
    ax.hlines(range(len(table)), 1, table["load"], color=colors, lw=1.2)
    ax.scatter(table["load"], range(len(table)), color=colors, s=22, zorder=3)
    for at, load in enumerate(table["load"]):
        side = 4 if load >= 1 else -4
        ax.annotate(
            f"{load:.2f}", (load, at), xytext=(side, 0), textcoords="offset points", va="center",
            ha="left" if load >= 1 else "right", fontsize=7.5,
        )  # fmt: skip
    ax.set_yticks(range(len(table)), table["territory"], fontsize=8)
    ax.set_ylim(-0.8, len(table) - 0.2)
    ax.margins(x=0.12)
    ax.set_xlabel("人均负荷（均值 = 1）")
    rest = f"（只画最低与最高各 {MAX_BARS // 2} 个）" if cut else ""
    ax.set_title((title or "各片区的负荷") + rest)
    ax.legend(loc="lower right", fontsize=8)
    style.source_line(figure, source)
    return figure


def plot_realign_frontier(table: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw sales moved against the imbalance that is left; the redesign from nothing stands apart.

    Parameters
    ----------
    table : DataFrame
        As ``Frontier.table``: tolerance, moved_share, worst_deviation, n_moved, free.
    title, source : str

    Returns
    -------
    Figure
    """
    missing = {"tolerance", "moved_share", "worst_deviation", "n_moved", "free"} - set(table)
    if missing:
        raise MktError(f"前沿表缺少列：{'、'.join(sorted(missing))}")
    path = table[~table["free"].astype(bool)].sort_values("worst_deviation")
    free = table[table["free"].astype(bool)]
    (figure, ax) = style.new_figure(7.5, 4.4)
    ax.plot(
        path["worst_deviation"] * 100,
        path["moved_share"] * 100,
        "o-",
        color=style.LINES[0],
        label="从现状调整",
    )
    for row in path.drop_duplicates(["worst_deviation", "moved_share"]).itertuples():
        ax.annotate(
            f"动 {row.n_moved} 个单元", (row.worst_deviation * 100, row.moved_share * 100),
            xytext=(6, 6), textcoords="offset points", fontsize=8,
        )  # fmt: skip
    ax.plot(
        free["worst_deviation"] * 100, free["moved_share"] * 100, "*", ms=14, color=style.ACCENT, ls="",
        label="不顾现状重划",
    )  # fmt: skip
    ax.set(xlabel="最差片区偏离均值（%）", ylabel="换手的销售额（%）", title=title or "均衡多一分，要动多少")
    ax.margins(x=0.15, y=0.15)
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.legend(fontsize=8)
    style.source_line(figure, source)
    return figure


def plot_schemes(table: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw schemes of macro-regions by balance and travel: the lower left is better in both.

    Parameters
    ----------
    table : DataFrame
        As `compare_schemes`: scheme, n_groups, deviation, travel.
    title, source : str

    Returns
    -------
    Figure
    """
    (figure, ax) = style.new_figure(8.0, 4.8)
    colors = dict(zip(table["scheme"], style.group_colors(len(table)), strict=True))
    for row in table.itertuples():
        ax.scatter(row.deviation * 100, row.travel, s=20 * row.n_groups, color=colors[row.scheme], alpha=0.85)
        ax.annotate(
            f"{row.scheme}（{row.n_groups} 个）", (row.deviation * 100, row.travel),
            xytext=(8, 4), textcoords="offset points", fontsize=8.5,
        )  # fmt: skip
    ax.margins(x=0.2, y=0.15)
    ax.set(xlabel="最大的大区偏离均值（%）", ylabel="到驻地的平均距离（公里）")
    ax.set_title(title or "大区方案：均衡与距离（越靠左下越好）")
    style.source_line(figure, source)
    return figure


def plot_scheme_frontier(table: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw what balance costs in travel, a line for each tolerance over the number of macro-regions.

    Parameters
    ----------
    table : DataFrame
        As `scheme_frontier`: n_groups, tolerance, travel.
    title, source : str

    Returns
    -------
    Figure
    """
    (figure, ax) = style.new_figure(7.5, 4.4)
    tolerances = sorted(table["tolerance"].dropna().unique())
    lines = [(f"容差 ±{t:.0%}", table[table["tolerance"] == t]) for t in tolerances]
    lines.append(("不求均衡", table[table["tolerance"].isna()]))
    for (label, part), color in zip(lines, style.LINES, strict=False):
        part = part.sort_values("n_groups")
        ax.plot(part["n_groups"], part["travel"], "o-", color=color, label=label)
        lost = part[part["travel"].isna()]
        for row in lost.itertuples():
            ax.annotate(
                f"{label}\n做不到",
                (row.n_groups, table["travel"].min()),
                fontsize=7.5,
                ha="center",
                color=color,
            )
    ax.set(xlabel="大区数", ylabel="到驻地的平均距离（公里）", title=title or "均衡的代价")
    ax.set_xticks(sorted(table["n_groups"].unique()))
    ax.legend(fontsize=8)
    style.source_line(figure, source)
    return figure


def plot_centre_shares(shares: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw which share of each group lies in reach of each centre.

    Parameters
    ----------
    shares : DataFrame
        As ``CentreCoverage.shares``: group, a column a centre, any.
    title, source : str

    Returns
    -------
    Figure
    """
    table = shares.set_index("group")
    table = table[table["any"] > 0].sort_values("any")
    centres = [name for name in table if name != "any"]
    (figure, ax) = style.new_figure(2.6 + 0.9 * (len(centres) + 1), 1.8 + 0.28 * max(len(table), 1))
    values = table[[*centres, "any"]].to_numpy(float)
    ax.imshow(values, aspect="auto", cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(values):
        if value > 0.005:
            color = "white" if value > 0.55 else style.INK
            ax.text(j, i, f"{value:.0%}", ha="center", va="center", fontsize=8, color=color)
    ax.set_xticks(range(len(centres) + 1), [*centres, "合计"], fontsize=8.5)
    ax.set_yticks(range(len(table)), table.index, fontsize=8.5)
    ax.grid(False)
    ax.set_title(title or "各中心覆盖各地的比例")
    style.source_line(figure, source)
    return figure
