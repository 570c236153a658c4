"""What a territory study found: how even, how much must move, who is out of reach, a better map.

Always holds: a design that misses its tolerance names who is out; only what is proven is called proven.
"""

from __future__ import annotations

import pandas as pd

from .phrases import listed
from .story import Claim


def balance(plan, *, place: str, n: int) -> Claim:
    """How even a design is, and who is out.

    Parameters
    ----------
    plan : TerritoryPlan
    place : str
    n : int
        People that were asked for.
    """
    table = plan.territories
    figures = plan.figures
    out = table.loc[~table["holds"].astype(bool), "territory"]
    proof = "已证明最优" if figures["proven"] else f"与下界相差 {figures['gap']:.1%}"
    text = f"{place}分 {n} 人：{len(table)} 个片区，最差偏离均值 {figures['worst_deviation']:.1%}，"
    text += f"平均距离 {figures['cost']:.1f} 公里（{proof}）；超出容差的{listed(out)}。"
    return Claim(text, {"worst_deviation": figures["worst_deviation"], "n_out": len(out)})


def realigned(adjusted, free, *, tolerance: float) -> Claim:
    """What must move to be even again, against a design that forgets today's map.

    Parameters
    ----------
    adjusted, free : TerritoryPlan
    tolerance : float
    """
    moved = adjusted.figures["moved_share"]
    still = adjusted.figures["n_out"]
    text = f"明年调整：要回到 ±{tolerance:.0%}，动 {len(adjusted.moves)} 个单元、{moved:.1%} 的销售额换手"
    text += f"（仍有 {still:.0f} 片超出）" if still else ""
    text += f"；不顾现状重划要动 {free.figures['moved_share']:.1%}。"
    return Claim(text, {"moved_share": moved, "n_out": still})


def reach(shares: pd.DataFrame, *, radius: float) -> Claim:
    """The seed's case: who a centre in 上海 or 成都 reaches, and who not.

    Parameters
    ----------
    shares : DataFrame
        Index province, columns centre: share of the province's capacity within the radius.
    radius : float
        Kilometres.
    """
    east = shares["上海"]
    west = shares["成都"]
    text = f"覆盖：上海 {radius:g} 公里内有浙江的 {east['浙江省']:.0%}、江苏的 {east['江苏省']:.0%}，"
    text += f"安徽 {east['安徽省']:.0%}；成都够得着四川的 {west['四川省']:.0%}，"
    text += f"云南 {west['云南省']:.0%}，贵州 {west['贵州省']:.0%}。"
    return Claim(text, {"浙江": east["浙江省"], "安徽": east["安徽省"], "四川": west["四川省"]})


def macro_regions(compared: pd.DataFrame, macro, *, k: int) -> Claim:
    """Today's scheme beside the best one of `k` macro-regions.

    Parameters
    ----------
    compared : DataFrame
        From :func:`mktanalysis.territories.compare_schemes`: today's scheme first, the best last.
    macro : TerritoryPlan
        The best one.
    k : int
    """
    today = compared.iloc[0]
    best = compared.iloc[-1]
    proof = "已证明最优" if macro.figures["proven"] else "搜索所得，未证明最优"
    text = f"大区：现有方案里{today['largest']}占 {today['largest_share']:.0%}，"
    text += f"平均距离 {today['travel']:.0f} 公里；{k} 个大区可以做到偏离 {best['deviation']:.1%}、"
    text += f"距离 {best['travel']:.0f} 公里（{proof}）。"
    return Claim(text, {"largest_share": today["largest_share"], "deviation": best["deviation"]})
