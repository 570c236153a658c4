"""Titles of the charts of territories and macro-regions."""

from __future__ import annotations

import pandas as pd

from ..story import Claim


def map_of_territories(table: pd.DataFrame, figures, *, place: str) -> Claim:
    """How many, how even, how far.

    Parameters
    ----------
    table : DataFrame
        Territories of a plan.
    figures : Series or mapping
        Of the plan: cost, worst_deviation, proven.
    place : str
    """
    proof = "，已证明最优" if figures["proven"] else ""
    text = f"{place} {len(table)} 个片区：负荷最多偏 {figures['worst_deviation']:.1%}，"
    text += f"平均离驻地 {figures['cost']:.0f} 公里{proof}"
    return Claim(text, {"worst_deviation": figures["worst_deviation"], "cost": figures["cost"]})


def loads(table: pd.DataFrame, *, tolerance: float) -> Claim:
    """Whether all loads are within the tolerance, and which is the heaviest.

    Parameters
    ----------
    table : DataFrame
        Columns territory, load (mean 1), holds.
    tolerance : float
    """
    out = int((~table["holds"].astype(bool)).sum())
    heavy = table.loc[table["load"].idxmax()]
    text = (
        f"{len(table)} 个片区都在 ±{tolerance:.0%} 之内" if not out else f"{out} 个片区超出 ±{tolerance:.0%}"
    )
    return Claim(f"{text}，最重的{heavy['territory']}是均值的 {heavy['load']:.2f} 倍", {"n_out": out})


def frontier(table: pd.DataFrame) -> Claim:
    """What evenness costs in sales that change hands, against starting anew.

    Parameters
    ----------
    table : DataFrame
        From :func:`mktanalysis.territories.realign_frontier`: worst_deviation, moved_share and free.
    """
    anew = table["free"].astype(bool)
    free = table[anew].iloc[-1]
    path = table[~anew].sort_values("moved_share", kind="stable")
    most = path.iloc[-1]
    least = path.iloc[0]
    ends = [row["worst_deviation"] for row in (least, most)]
    text = f"换手 {most['moved_share']:.1%}，最差偏离由 {ends[0]:.1%} 到 {ends[1]:.1%}；"
    text += f"从头重划要换 {free['moved_share']:.0%}"
    return Claim(text, {"moved_share": most["moved_share"], "worst_deviation": ends[1]})


def centres(shares: pd.DataFrame, *, radius: float) -> Claim:
    """How many places the centres reach by half and more.

    Parameters
    ----------
    shares : DataFrame
        Column any: share of a place's market within the radius of any centre.
    radius : float
        Kilometres.
    """
    half = int((shares["any"] >= 0.5).sum())
    some = int(((shares["any"] > 0) & (shares["any"] < 0.5)).sum())
    text = f"{radius:g} 公里之内：够得着一半以上市场的省 {half} 个，只够得着边缘的 {some} 个"
    return Claim(text, {"n_half": half, "n_some": some})


def schemes(compared: pd.DataFrame) -> Claim:
    """What the best scheme gains against today's: evenness and distance.

    Parameters
    ----------
    compared : DataFrame
        Today's scheme first, the best last; columns scheme, deviation (share), travel (km).
    """
    today = compared.iloc[0]
    best = compared.iloc[-1]
    text = f"{best['scheme']}偏离 {best['deviation']:.0%}，{today['scheme']} {today['deviation']:.0%}；"
    text += f"平均距离 {best['travel']:.0f} 对 {today['travel']:.0f} 公里"
    return Claim(text, {"deviation": best["deviation"], "travel": best["travel"]})
