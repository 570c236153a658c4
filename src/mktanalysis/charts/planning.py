"""Charts of tasks, races, rebates, visits and the SWOT.

Always holds: a chart shows the figures of its table and no others; every bar, dot and cell can be read off
in the table that it was drawn from.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import style
from ..errors import MktError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

__all__ = [
    "plot_calendar",
    "plot_difficulty",
    "plot_leaderboard",
    "plot_outlook",
    "plot_quotas",
    "plot_rebates",
    "plot_swot",
]

#: Behind a text that a line may cross.
_PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
#: Bars that a page holds.
_MOST = 30


def plot_quotas(
    quotas: pd.DataFrame, *, capacity: pd.Series | None = None, names=None, title: str = "", source: str = ""
) -> Figure:
    """Draw last year, task and, where known, the share of capacity that the task asks for (任务与容量).

    Parameters
    ----------
    quotas : DataFrame
        Columns region, last, quota (yuan): regions of one level, at most 30 (the largest are drawn).
    capacity : Series, optional
        Index region, yuan: drawn as the task's share of it on the right.
    names : mapping, optional
        Code -> name.
    title, source : str
    """
    table = quotas.nlargest(_MOST, "quota").iloc[::-1]
    figure, axes = style.new_figure(8.4, 1.2 + 0.27 * len(table), columns=2 if capacity is not None else 1)
    left, *right = np.atleast_1d(axes)
    at = np.arange(len(table))
    left.hlines(at, table["last"], table["quota"], color="#c9c9c9", linewidth=3)
    left.plot(table["last"], at, "o", color=style.MUTED, label="去年", markersize=5)
    left.plot(table["quota"], at, "o", color=style.LINES[0], label="任务", markersize=6)
    left.set_yticks(at, _named(table["region"], names))
    left.set_xlim(left=0)
    left.set_ylim(-0.6, len(table) - 0.4)
    style.axis_in(left.xaxis, "万元", label="销售额")
    figure.legend(loc="outside upper right", ncols=2)
    for ax in right:
        share = table["quota"] / table["region"].map(capacity).to_numpy()
        ax.barh(at, share, color=style.LINES[2], height=0.6)
        ax.set_yticks(at, [""] * len(at))
        ax.set_ylim(-0.6, len(table) - 0.4)
        style.axis_in(ax.xaxis, "%", label="任务占市场容量")
    _finish(figure, title, source)
    return figure


def plot_difficulty(quotas: pd.DataFrame, *, names=None, title: str = "", source: str = "") -> Figure:
    """Draw every region's difficulty on one strip: task over forecast, the chance as colour (难度).

    Parameters
    ----------
    quotas : DataFrame
        Columns region, difficulty, chance (0-1), quota (yuan, the dot's size).
    """
    table = quotas.dropna(subset=["difficulty"]).sort_values(["difficulty", "region"])
    if table.empty:
        raise MktError("没有难度可画：set_quotas 需要给出 forecast")
    figure, ax = style.new_figure(8.4, 3.4)
    from matplotlib.colors import LinearSegmentedColormap

    ramp = LinearSegmentedColormap.from_list("chance", ["#b5367a", "#d9d3c8", "#2a8f6f"])
    row = np.arange(len(table)) % 5 - 2.0  # five rows, so that dots of the same difficulty stay apart
    size = 30 + 220 * (table["quota"] / table["quota"].max())
    dots = ax.scatter(table["difficulty"], row, s=size, c=table["chance"], cmap=ramp, vmin=0, vmax=1)
    ax.axvline(1.0, color=style.INK, linewidth=1)
    ax.set_ylim(-3.4, 3.4)
    ax.set_yticks([])
    ax.set_xlabel("任务 ÷ 预测（大于 1：高于预测）")
    for i in (*range(min(2, len(table))), *range(max(len(table) - 3, 2), len(table))):
        name = _named(table["region"].iloc[[i]], names)[0]
        ax.annotate(name, (table["difficulty"].iloc[i], row[i]), xytext=(0, 11), textcoords="offset points",
                    ha="center", fontsize=8)  # fmt: skip
    bar = figure.colorbar(dots, ax=ax, shrink=0.9)
    bar.set_label("达成把握")
    bar.set_ticks([0, 0.5, 1], labels=["0%", "50%", "100%"])
    _finish(figure, title, source)
    return figure


def plot_leaderboard(
    board: pd.DataFrame, kind: str, period: str, *, names=None, title: str = "", source: str = ""
) -> Figure:
    """Draw the race of one period: completion by region, the champion marked (竞赛).

    Parameters
    ----------
    board : DataFrame
        Columns kind, period, region, completion, champion: from ``leaderboard``.
    kind, period : str
        Which rows, such as ``quarter`` and ``2025Q1``.
    """
    table = board[(board["kind"] == kind) & (board["period"] == period)].sort_values("completion")
    if table.empty:
        known = "、".join(board.loc[board["kind"] == kind, "period"].unique()[:12])
        raise MktError(f"没有 {kind} {period} 的排名，现有：{known or '无'}")
    figure, ax = style.new_figure(7.6, 1.3 + 0.36 * len(table))
    at = np.arange(len(table))
    color = [style.ACCENT if champion else style.LINES[0] for champion in table["champion"]]
    ax.barh(at, table["completion"], color=color, height=0.62)
    ax.axvline(1.0, color=style.INK, linewidth=1)
    labels = [
        f"{rate:.1%}{'  冠军' if won else ''}"
        for rate, won in zip(table["completion"], table["champion"], strict=True)
    ]
    for y, rate, text in zip(at, table["completion"], labels, strict=True):
        ax.text(rate, y, f" {text}", va="center", fontsize=9, bbox=_PLATE)
    ax.set_yticks(at, _named(table["region"], names))
    ax.set_xlim(0, table["completion"].max() * 1.22)
    ax.grid(axis="y", visible=False)
    style.axis_in(ax.xaxis, "%", label="完成率")
    _finish(figure, title, source)
    return figure


def plot_rebates(
    lines: pd.DataFrame | Mapping[str, pd.DataFrame],
    dealers: pd.DataFrame | None = None,
    *,
    title: str = "",
    source: str = "",
) -> Figure:
    """Draw rebate over sales with the dealers on the curve and the cliffs marked (返利曲线).

    Parameters
    ----------
    lines : DataFrame or mapping of str to DataFrame
        Columns start, intercept, slope, cliff: from ``rebate_lines``; several schedules by their names.
    dealers : DataFrame, optional
        Columns dealer, sales, rebate, cliff (flag): from ``rebates``.
    """
    curves = {"返利": lines} if isinstance(lines, pd.DataFrame) else dict(lines)
    figure, ax = style.new_figure(8.0, 4.4)
    end = max(table["start"].max() for table in curves.values()) * 1.25
    if dealers is not None and len(dealers):
        end = max(end, dealers["sales"].max() * 1.05)
    for color, (name, table) in zip(style.LINES, curves.items(), strict=False):
        stops = [*table["start"].iloc[1:], end]
        for i, (row, stop) in enumerate(zip(table.itertuples(), stops, strict=True)):
            x = np.array([row.start, stop])
            ax.plot(x, row.intercept + row.slope * x, color=color, label=name if i == 0 else None)
            if row.cliff > 0:
                top = row.intercept + row.slope * row.start
                ax.plot([row.start] * 2, [top - row.cliff, top], color=color, linestyle=":", linewidth=1.2)
    if dealers is not None:
        for flag, color, label in ((False, style.INK, "经销商"), (True, style.ACCENT, "临界点附近的经销商")):
            part = dealers[dealers["cliff"] == flag]
            if len(part):
                ax.plot(part["sales"], part["rebate"], "o", color=color, label=label, markersize=6)
        for row in dealers[dealers["cliff"] & (dealers["rebate"] > 0)].head(8).itertuples():
            ax.annotate(
                str(row.dealer),
                (row.sales, row.rebate),
                xytext=(4, -11),
                textcoords="offset points",
                fontsize=8,
            )
    ax.set_xlim(0, end)
    ax.set_ylim(bottom=0)
    style.axis_in(ax.xaxis, "万元", label="年销售额")
    style.axis_in(ax.yaxis, "万元", label="返利")
    ax.legend(loc="upper left")
    _finish(figure, title, source)
    return figure


def plot_calendar(days: pd.DataFrame, person: str, *, title: str = "", source: str = "") -> Figure:
    """Draw one person's hours by week and weekday; overloaded days are framed (拜访日历).

    Parameters
    ----------
    days : DataFrame
        Columns person, week, day (1 is Monday), hours, overload: ``days`` of a visit plan.
    person : str
    """
    part = days[days["person"] == person]
    if part.empty:
        raise MktError(
            f"没有这位人员的日历：{person}；现有：{'、'.join(sorted(days['person'].unique())[:20])}"
        )
    hours = part.pivot(index="day", columns="week", values="hours")
    over = part.pivot(index="day", columns="week", values="overload") > 0
    figure, ax = style.new_figure(9.4, 2.5)
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    ramp = LinearSegmentedColormap.from_list("hours", ["#f7f7f5", "#c6d6e6", "#33608c"])
    shown = ax.imshow(hours.to_numpy(), cmap=ramp, aspect="auto", vmin=0)
    for row, column in np.argwhere(over.to_numpy()):
        ax.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=style.ACCENT, linewidth=1.4)
        )
    week = ["周一", "周二", "周三", "周四", "周五", "周六"]
    ax.set_yticks(range(len(hours)), [week[int(day) - 1] for day in hours.index])
    ticks = np.arange(0, hours.shape[1], 4)
    ax.set_xticks(ticks, [str(hours.columns[t]) for t in ticks])
    ax.set_xlabel("周（红框：超过当天的工作时间）")
    ax.grid(False)
    figure.colorbar(shown, ax=ax, label="小时")
    _finish(figure, title, source)
    return figure


def plot_outlook(outlook: pd.DataFrame, *, names=None, title: str = "", source: str = "") -> Figure:
    """Draw expected completion of the year by region, those that need help marked (全年预计).

    Parameters
    ----------
    outlook : DataFrame
        Columns region, outlook_completion, chance, needs_help: rows of one level; the 30 with the lowest
        chance are drawn.
    """
    table = outlook.sort_values(["chance", "region"]).head(_MOST).iloc[::-1]
    figure, ax = style.new_figure(7.8, 1.3 + 0.28 * len(table))
    at = np.arange(len(table))
    color = [style.ACCENT if help_ else style.LINES[0] for help_ in table["needs_help"]]
    ax.barh(at, table["outlook_completion"], color=color, height=0.62)
    ax.axvline(1.0, color=style.INK, linewidth=1)
    for y, rate, chance in zip(at, table["outlook_completion"], table["chance"], strict=True):
        ax.text(rate, y, f" 把握 {chance:.0%}", va="center", fontsize=8, bbox=_PLATE)
    ax.set_yticks(at, _named(table["region"], names))
    ax.set_xlim(0, table["outlook_completion"].max() * 1.2)
    ax.grid(axis="y", visible=False)
    style.axis_in(ax.xaxis, "%", label="预计全年完成率（红色：需要支援）")
    _finish(figure, title, source)
    return figure


def plot_swot(lines: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw the SWOT as four fields with their lines; an empty field says so.

    Parameters
    ----------
    lines : DataFrame
        Columns side (strength, weakness, opportunity, threat), text.
    """
    sides = {
        "strength": ("优势", style.LINES[2]),
        "weakness": ("劣势", style.LINES[3]),
        "opportunity": ("机会", style.LINES[0]),
        "threat": ("威胁", style.ACCENT),
    }
    told = {side: list(lines.loc[lines["side"] == side, "text"]) or ["没有达到门槛的数字"] for side in sides}
    fields = {
        side: "\n".join("· " + "\n   ".join(wrap(t, 27)) for t in texts) for side, texts in told.items()
    }
    most = max(text.count("\n") + 1 for text in fields.values())
    high = 0.55 + 0.21 * most  # inches of a field: its head, then its lines
    figure, axes = style.new_figure(9.0, 2 * high + 0.9, rows=2, columns=2)
    for ax, (side, (name, color)) in zip(axes.ravel(), sides.items(), strict=True):
        ax.text(0.03, 0.95, name, transform=ax.transAxes, va="top", fontsize=12, color=color)
        begins = 0.95 - 0.32 / high
        ax.text(0.03, begins, fields[side], transform=ax.transAxes, va="top", fontsize=9, linespacing=1.5)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(False)
        for spine in ax.spines.values():
            spine.set_visible(True)
            spine.set_color(color)
    _finish(figure, title, source)
    return figure


def _named(regions: pd.Series, names) -> list[str]:
    if names is None:
        return [str(region) for region in regions]
    known = dict(names)
    return [str(known.get(region, region)) for region in regions]


def _finish(figure: Figure, title: str, source: str) -> None:
    figure.suptitle(title, x=0.01, ha="left")
    style.source_line(figure, source)
