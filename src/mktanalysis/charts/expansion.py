"""Charts of an expansion plan: ladder, cash, strategies, risk, what-if.

Always holds: a chart computes nothing that a table of the plan does not hold, and changes none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from .. import style
from ..errors import MktError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_cash", "plot_ladder"]

#: Level -> how a strong brand there is called.
LEVEL_NAMES = {
    "county": "县级", "prefecture": "市级", "province": "省级", "macro_region": "大区级", "nation": "全国",
}  # fmt: skip
#: A ladder chart names this many regions; the rest is counted.
MAX_ROWS = 28


def plot_ladder(ladder: pd.DataFrame, cash_flow: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw when each higher-level region became strong: one bar a region, from the year reached to the end.

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
        top.barh(i, years[-1] + 1 - row.period.year, left=row.period.year, color=color[row.level], height=0.72)
        text = f"{row.name}（{LEVEL_NAMES.get(row.level, row.level)}，{row.period.year}）"
        top.text(row.period.year - 0.08, i, text, ha="right", va="center", fontsize=7.5)
    rest = f"；另有 {len(ladder) - len(shown)} 个地区未画出" if len(ladder) > len(shown) else ""
    top.set(yticks=[], xlim=(years[0] - 2.2, years[-1] + 1), title=(title or "梯级：何时成为强势品牌") + rest)
    top.invert_yaxis()
    if not len(ladder):
        top.text(0.5, 0.5, "计划期内没有地区登上更高一级", transform=top.transAxes, ha="center", va="center")
    low.bar(years + 0.5, cash_flow["n_held"], width=0.8, color=style.MISSING, label="已进入")
    low.bar(years + 0.5, cash_flow["n_strong"], width=0.8, color=style.ordered_colors(4)[1], label="强势")
    low.set(xlim=(years[0] - 2.2, years[-1] + 1), ylabel="单元数", xticks=years + 0.5, xticklabels=years.astype(str))
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
    ax.bar(years, cash_flow["radiance"], bottom=cash_flow["income"], color=colors[2], width=0.7, label="梯级辐射")
    ax.bar(years, -cash_flow["outlay"], color=colors[3], width=0.7, label="投入")
    ax.bar(years, -cash_flow["office_cost"], bottom=-cash_flow["outlay"], color=style.MISSING, width=0.7, label="管理机构")
    ax.plot(years, cash_flow["cash"], color=style.INK, marker="o", label="当年净现金")
    ax.plot(years, cash_flow["money_left"], color=style.INK, ls="--", marker="s", ms=4, label="年末预算余额")
    ax.axhline(0, color=style.INK, lw=0.8)
    ax.set(title=title or "现金流", xticks=years)
    ax.set_xticklabels(years.astype(str))
    style.axis_in(ax.yaxis, unit, label="金额")
    ax.legend(fontsize=8, ncols=3)
    style.source_line(figure, source)
    return figure
