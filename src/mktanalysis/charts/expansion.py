"""Charts of an expansion plan: ladder, cash, strategies, risk, what-if.

Always holds: a chart computes nothing that a table of the plan does not hold, and changes none of them.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pandas as pd

from .. import style, words
from ..errors import MktError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "plot_cash",
    "plot_ladder",
    "plot_risk",
    "plot_rung_chances",
    "plot_sensitivity",
    "plot_strategies",
    "plot_tornado",
]

#: A ladder chart names this many regions; the rest is counted.
MAX_ROWS = 28


def __getattr__(name: str):
    if name != "LEVEL_NAMES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn("LEVEL_NAMES of charts is now in mktanalysis.words", FutureWarning, stacklevel=2)
    return {level: words.grade_name(level) for level in words.values("level")}


def plot_ladder(
    ladder: pd.DataFrame, cash_flow: pd.DataFrame, *, title: str = "", source: str = ""
) -> Figure:
    """Draw when each higher-level region became strong: one bar a region, from the year reached to the end.

    A region that is strong no longer at the end has a faint bar and says so.

    Parameters
    ----------
    ladder : DataFrame
        As in ``ExpansionPlan.ladder``: level, region, name, period, held.
    cash_flow : DataFrame
        As in ``ExpansionPlan.cash_flow``: period, n_held, n_strong; shown as the line below.
    title, source : str

    Returns
    -------
    Figure
    """
    years = cash_flow["period"].dt.year.to_numpy()
    shown = ladder.head(MAX_ROWS)
    height = 2.6 + 0.26 * max(len(shown), 1)
    figure, (top, low) = style.new_figure(8.0, height, rows=2)
    ratio = [max(0.26 * len(shown), 0.6), 1.6]
    top.set_subplotspec(top.get_gridspec()[0])
    top.get_gridspec().set_height_ratios(ratio)
    levels = list(dict.fromkeys(ladder["level"]))[::-1]
    color = dict(zip(levels, style.ordered_colors(max(len(levels), 2)), strict=False))
    for i, row in enumerate(shown.itertuples()):
        width = years[-1] + 1 - row.period.year
        faint = 1.0 if row.held else 0.35
        top.barh(i, width, left=row.period.year, color=color[row.level], height=0.72, alpha=faint)
        lost = "" if row.held else "，期末已失去"
        text = f"{row.name}（{words.grade_name(row.level)}，{row.period.year}{lost}）"
        top.text(row.period.year - 0.08, i, text, ha="right", va="center", fontsize=7.5)
    rest = f"；另有 {len(ladder) - len(shown)} 个地区未画出" if len(ladder) > len(shown) else ""
    top.set(yticks=[], xlim=(years[0] - 2.2, years[-1] + 1), title=(title or "梯级：何时成为强势品牌") + rest)
    top.invert_yaxis()
    if not len(ladder):
        top.text(0.5, 0.5, "计划期内没有地区登上更高一级", transform=top.transAxes, ha="center", va="center")
    low.bar(years + 0.5, cash_flow["n_held"], width=0.8, color=style.MISSING, label="已进入")
    low.bar(years + 0.5, cash_flow["n_strong"], width=0.8, color=style.ordered_colors(4)[1], label="强势")
    low.set(
        xlim=(years[0] - 2.2, years[-1] + 1),
        ylabel="单元数",
        xticks=years + 0.5,
        xticklabels=years.astype(str),
    )
    low.legend(loc="upper left", fontsize=8)
    top.set_xticks([])
    style.source_line(figure, source)
    return figure


def plot_cash(cash_flow: pd.DataFrame, *, title: str = "", source: str = "", unit: str = "亿元") -> Figure:
    """Draw money in and out by period, and what is left of the budget.

    Parameters
    ----------
    cash_flow : DataFrame
        As in ``ExpansionPlan.cash_flow``.
    title, source, unit : str

    Returns
    -------
    Figure
    """
    missing = {"period", "income", "radiance", "outlay", "office_cost", "cash", "money_left"} - set(cash_flow)
    if missing:
        raise MktError(f"现金流表缺少列：{'、'.join(sorted(missing))}")
    years = cash_flow["period"].dt.year.to_numpy()
    figure, ax = style.new_figure(8.0, 4.2)
    colors = style.ordered_colors(5)
    ax.bar(years, cash_flow["income"], color=colors[1], width=0.7, label="单元贡献")
    ax.bar(
        years, cash_flow["radiance"], bottom=cash_flow["income"], color=colors[2], width=0.7, label="梯级辐射"
    )
    ax.bar(years, -cash_flow["outlay"], color=colors[3], width=0.7, label="投入")
    ax.bar(
        years,
        -cash_flow["office_cost"],
        bottom=-cash_flow["outlay"],
        color=style.MISSING,
        width=0.7,
        label="管理机构",
    )
    ax.plot(years, cash_flow["cash"], color=style.INK, marker="o", label="当年净现金")
    ax.plot(years, cash_flow["money_left"], color=style.INK, ls="--", marker="s", ms=4, label="年末预算余额")
    ax.axhline(0, color=style.INK, lw=0.8)
    ax.set(title=title or "现金流", xticks=years)
    ax.set_xticklabels(years.astype(str))
    style.axis_in(ax.yaxis, unit, label="金额")
    ax.legend(fontsize=8, ncols=3)
    style.source_line(figure, source)
    return figure


def plot_strategies(table: pd.DataFrame, *, title: str = "", source: str = "", unit: str = "亿元") -> Figure:
    """Draw the gain of each strategy with its 5 % bad case, and the year of each rung beside it.

    Parameters
    ----------
    table : DataFrame
        As in ``Comparison.table``.
    title, source, unit : str

    Returns
    -------
    Figure
    """
    table = table.iloc[::-1].reset_index(drop=True)
    levels = [name for name in table.columns if name.startswith("year_")]
    figure, ax = style.new_figure(9.0, 1.4 + 0.42 * len(table))
    colors = style.ordered_colors(4)
    special = table["strategy"].isin(["planned", "optimum"])
    ax.barh(
        table.index, table["gain"], color=[colors[1] if flag else colors[2] for flag in special], height=0.66
    )
    if "p05" in table:
        ax.plot(
            table["p05"], table.index, ls="", marker="|", ms=13, mew=2.5, color=style.INK, label="5% 的坏情形"
        )
        ax.legend(loc="lower right", fontsize=8)
    ax.axvline(0, color=style.INK, lw=0.8)
    broken = ~table["holds"] if "holds" in table else pd.Series(False, table.index)
    ax.set_yticks(table.index, table["title"] + broken.map({True: "（有条件不成立）", False: ""}))
    ax.set_ylim(-0.6, len(table) + 0.1)
    ax.set_title(title or "同一市场、同一预算下的各种打法")
    style.axis_in(ax.xaxis, unit, label="净现值增量")
    for k, level in enumerate(levels):
        x = 1.06 + 0.1 * k
        head = words.grade_name(level[5:])
        ax.text(
            x, len(table) - 0.3, f"{head}强势", transform=ax.get_yaxis_transform(), ha="center", fontsize=8
        )
        for i, year in enumerate(table[level]):
            text = "—" if pd.isna(year) else str(year)
            ax.text(x, i, text, transform=ax.get_yaxis_transform(), ha="center", va="center", fontsize=8)
    style.source_line(figure, source)
    return figure


def plot_risk(fan: pd.DataFrame, *, title: str = "", source: str = "", unit: str = "亿元") -> Figure:
    """Draw the fan of the cumulated cash, and the chance that money runs out below it.

    Parameters
    ----------
    fan : DataFrame
        As in ``RiskResult.fan``: period, lower, median, upper, shortage.
    title, source, unit : str

    Returns
    -------
    Figure
    """
    years = fan["period"].dt.year.to_numpy()
    figure, (ax, low) = style.new_figure(8.0, 5.2, rows=2)
    ax.get_gridspec().set_height_ratios([3, 1])
    color = style.ordered_colors(4)[1]
    ax.fill_between(years, fan["lower"], fan["upper"], color=color, alpha=0.25, lw=0, label="90% 的情形")
    ax.plot(years, fan["median"], color=color, marker="o", label="中位数")
    ax.axhline(0, color=style.INK, lw=0.8)
    ax.set(title=title or "累计净现金：不确定性", xticks=years)
    ax.set_xticklabels(years.astype(str))
    style.axis_in(ax.yaxis, unit, label="累计净现金")
    ax.legend(fontsize=8, loc="upper left")
    low.bar(years, fan["shortage"], color=style.ordered_colors(4)[2], width=0.6)
    low.set(xticks=years, ylim=(0, max(0.05, 1.1 * fan["shortage"].max())), title="资金不足的概率")
    low.set_xticklabels(years.astype(str))
    style.axis_in(low.yaxis, "%", label="资金不足")
    style.source_line(figure, source)
    return figure


def plot_rung_chances(levels: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw the probability of being strong in at least one region of each level by each year.

    Parameters
    ----------
    levels : DataFrame
        As in ``RiskResult.levels``: level, period, probability.
    title, source : str

    Returns
    -------
    Figure
    """
    names = list(dict.fromkeys(levels["level"]))
    figure, ax = style.new_figure(8.0, 3.8)
    for level, color in zip(names, style.group_colors(len(names)), strict=True):
        part = levels[levels["level"] == level]
        label = f"{words.grade_name(level)}（至少一个）"
        ax.plot(part["period"].dt.year, part["probability"], marker="o", color=color, label=label)
    years = levels["period"].dt.year.unique()
    ax.set(ylim=(-0.03, 1.03), title=title or "登上各级梯级的概率", xticks=years)
    ax.set_xticklabels(years.astype(str))
    style.axis_in(ax.yaxis, "%", label="概率")
    ax.legend(fontsize=8)
    style.source_line(figure, source)
    return figure


def plot_sensitivity(table: pd.DataFrame, *, title: str = "", source: str = "", unit: str = "亿元") -> Figure:
    """Draw which strategy wins as budget, rivals' strength and spill-over change; the winner is marked (无
    where none gains anything).

    Parameters
    ----------
    table : DataFrame
        As `strategy_sensitivity` returns it: condition, factor, strategy, title, gain, wins.
    title, source, unit : str

    Returns
    -------
    Figure
    """
    heads = words.values("sensitivity")
    conditions = list(dict.fromkeys(table["condition"]))
    figure, axes = style.new_figure(max(10.0, 2.8 * len(conditions)), 4.8, columns=len(conditions))
    axes = [axes] if len(conditions) == 1 else list(axes)
    titles = list(dict.fromkeys(table["title"]))
    colors = dict(zip(titles, style.group_colors(len(titles)), strict=True))
    for ax, condition in zip(axes, conditions, strict=True):
        part = table[table["condition"] == condition]
        factors = sorted(part["factor"].unique())
        for name in titles:
            line = part[part["title"] == name].sort_values("factor")
            ax.plot(range(len(line)), line["gain"], marker="o", ms=4, color=colors[name], label=name)
        best = part[part["wins"]].set_index("factor").reindex(factors)
        best["title"] = best["title"].astype(object).fillna("无")
        ax.plot(range(len(factors)), best["gain"], ls="", marker="*", ms=13, color=style.INK)
        ax.set(
            xticks=range(len(factors)), xlim=(-0.5, len(factors) - 0.5), title=heads.get(condition, condition)
        )
        winners = best["title"].str.replace("：", "\n").str.replace("→", "→\n")
        ax.set_xticklabels(
            [f"{f:g} 倍\n{name}" for f, name in zip(factors, winners, strict=True)], fontsize=8
        )
        style.axis_in(ax.yaxis, unit, label="净现值增量" if ax is axes[0] else "")
    figure.suptitle(title or "什么条件下哪种打法胜出（★ 与横轴下的名称是胜者）", x=0.01, ha="left")
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", fontsize=8)
    style.source_line(figure, source)
    return figure


def plot_tornado(
    table: pd.DataFrame, *, strategy: str, title: str = "", source: str = "", unit: str = "亿元"
) -> Figure:
    """Draw how far the gain of one strategy moves as one condition at a time changes, the widest on top.

    Parameters
    ----------
    table : DataFrame
        As `strategy_sensitivity` returns it: condition, factor, strategy, title, gain.
    strategy : str
        Which rows of `table`.
    title, source, unit : str

    Returns
    -------
    Figure

    Raises
    ------
    MktError
        If the table has no row of `strategy` without a change (factor 1).
    """
    part = table[table["strategy"] == strategy].dropna(subset=["gain"])
    plain = part.loc[part["factor"] == 1, "gain"]
    if not len(plain):
        raise MktError(f"敏感性表里没有打法 {strategy!r} 不变时（1 倍）的一行")
    base = plain.iloc[0]
    changed = part[part["factor"] != 1]
    order = changed["gain"].sub(base).abs().groupby(changed["condition"]).max().sort_values()
    heads = words.values("sensitivity")
    figure, ax = style.new_figure(8.0, 1.6 + 0.55 * len(order))
    fewer, more = style.ordered_colors(5)[3], style.ordered_colors(5)[1]
    for place, condition in enumerate(order.index):
        for row in changed[changed["condition"] == condition].itertuples():
            color = more if row.factor > 1 else fewer
            ax.barh(place, row.gain - base, left=base, height=0.6, color=color)
            side = "left" if row.gain >= base else "right"
            text = f" {row.factor:g} 倍：{style.format_plain(row.gain, unit)} "
            ax.text(row.gain, place, text, ha=side, va="center", fontsize=8)
    ax.axvline(base, color=style.INK, linewidth=0.9)
    ax.set_yticks(range(len(order)), [heads.get(name, name) for name in order.index])
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.25)
    style.axis_in(ax.xaxis, unit, label="净现值增量")
    ax.set_title(title or f"不变时 {style.format_plain(base, unit)} {unit}，条件一变差多少")
    style.source_line(figure, source)
    return figure
