"""What a territory study found: how even, how much must move, who is out of reach, a better map.

Always holds: a design that misses its tolerance names who is out; only what is proven is called proven.
"""

from __future__ import annotations

import pandas as pd

from .phrases import listed
from .story import Claim, Number, Story


def territories(plan, adjusted, free, shares: pd.DataFrame, compared: pd.DataFrame, macro, **asked) -> Story:
    """The first page of a territory study (片区与大区的结论).

    Parameters
    ----------
    plan : TerritoryPlan
    adjusted, free : TerritoryPlan
        Today's territories evened out, and a design that forgets today's map.
    shares : DataFrame
        As for :func:`reach`.
    compared : DataFrame
        As for :func:`macro_regions`.
    macro : TerritoryPlan
    **asked
        place, n, tolerance, radius, k: what was asked for.

    Returns
    -------
    Story
    """
    found = plan.figures
    proof = "已证明最优" if found["proven"] else f"与下界相差 {found['gap']:.1%}"
    numbers = (
        Number("最差片区的偏离", f"{found['worst_deviation']:.1%}", note=f"容差 ±{asked['tolerance']:.0%}"),
        Number("平均离驻地", f"{found['cost']:.1f} 公里", note=proof),
        Number("明年换手的销售额", f"{adjusted.figures['moved_share']:.1%}", note="只动最少的单元"),
    )
    return Story(
        "片区与大区",
        balance(plan, place=asked["place"], n=asked["n"]),
        numbers=numbers,
        actions=(realigned(adjusted, free, tolerance=asked["tolerance"]),),
        risk=_uneven(plan, adjusted),
        more=(reach(shares, radius=asked["radius"]), macro_regions(compared, macro, k=asked["k"])),
    )


def _uneven(plan, adjusted) -> Claim:
    """What may not be relied on: areas that stay out, and that loads of counties are estimates."""
    out = int((~plan.territories["holds"].astype(bool)).sum())
    still = int(adjusted.figures["n_out"])
    told = [f"设计里有 {out} 片超出容差"] if out else []
    told += [f"调整后仍有 {still} 片超出容差"] if still else []
    told.append("县区的负荷多是分摊的估计，签字之前用自己的销售核对")
    return Claim("；".join(told) + "。", {"n_out": out, "n_still": still})


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
    text = f"{place} {n} 人分 {len(table)} 个片区：最差偏离均值 {figures['worst_deviation']:.1%}，"
    text += f"平均距离 {figures['cost']:.1f} 公里（{proof}）；"
    text += f"超出容差的是{listed(out)}。" if len(out) else "没有一片超出容差。"
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
    text = f"明年调整：动 {len(adjusted.moves)} 个单元、{moved:.1%} 的销售额换手，"
    if still:
        text += f"最差偏离降到 {adjusted.figures['worst_deviation']:.1%}，"
        text += f"还差 {still:.0f} 片没有回到 ±{tolerance:.0%}"
    else:
        text += f"就都回到 ±{tolerance:.0%} 之内"
        least = adjusted.figures.get("moved_bound")
        if least is not None:
            text += "，不能再少" if moved <= least + 5e-4 else f"（至少要动 {least:.1%}）"
    text += f"；不顾现状重划要换手 {free.figures['moved_share']:.1%}。"
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
    text = f"覆盖：上海的 {radius:g} 公里内有浙江零售额的 {east['浙江省']:.0%}、江苏的 {east['江苏省']:.0%}，"
    text += f"安徽只有 {east['安徽省']:.0%}；成都够得着四川的 {west['四川省']:.0%}，"
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
