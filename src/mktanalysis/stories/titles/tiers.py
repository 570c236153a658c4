"""Titles of the charts of tiers."""

from __future__ import annotations

import pandas as pd

from ..phrases import listed
from ..story import Claim
from ..tiers import UNSURE


def ladder(table: pd.DataFrame, *, year: int) -> Claim:
    """How many of the first cities stand so near to a cut that either tier can be defended.

    Parameters
    ----------
    table : DataFrame
        Column stability; the rows that are drawn.
    year : int
    """
    unsure = int((table["stability"] < UNSURE).sum())
    text = f"{year} 年前 {len(table)} 名：{unsure} 个紧挨分界线，归上归下都说得通"
    return Claim(text, {"n": len(table), "n_unsure": unsure})


def confusion(against, list_name: str) -> Claim:
    """How many regions two systems place alike, and how far the others lie apart.

    Parameters
    ----------
    against : Agreement
    list_name : str
    """
    shift = against.differing["shift"].dropna()
    far = int((shift.abs() >= 2).sum())
    same = against.n_common - len(shift)
    rest = f"{far} 个相差两级以上" if far else "其余都只差一级"
    text = f"与{list_name}对照：{against.n_common} 个中 {same} 个同级，{rest}"
    return Claim(text, {"n_common": against.n_common, "n_same": same, "n_far": far})


def bump(ranks: pd.DataFrame, names: pd.Series, *, first: int = 10) -> Claim:
    """How many of the first stayed among the first, and who rose most.

    Parameters
    ----------
    ranks : DataFrame
        Region x year, 1 the best.
    names : Series
        Code -> name.
    first : int
    """
    known = ranks.dropna(subset=[ranks.columns[0], ranks.columns[-1]])
    then = set(known.nsmallest(first, ranks.columns[0]).index)
    now = set(known.nsmallest(first, ranks.columns[-1]).index)
    rise = (known.iloc[:, 0] - known.iloc[:, -1]).sort_values(ascending=False, kind="stable")
    text = f"{ranks.columns[0]}—{ranks.columns[-1]} 年，前 {first} 名有 {len(then & now)} 个没有换，"
    text += f"上升最多的是{names[rise.index[0]]}（{rise.iloc[0]:.0f} 位）"
    return Claim(text, {"n_stayed": len(then & now), "rise": rise.iloc[0]})


def staying(probabilities: pd.DataFrame) -> Claim:
    """How likely a city keeps its tier for a year, at least and at most.

    Parameters
    ----------
    probabilities : DataFrame
        Tier x tier, rows sum to one.
    """
    own = pd.Series({tier: probabilities.at[tier, tier] for tier in probabilities.index}).dropna()
    text = f"一年之内，各级城市留在原级的比例是 {own.min():.1%} 到 {own.max():.1%}"
    return Claim(text, {"lowest": own.min(), "highest": own.max()})


def profile(
    own: pd.Series, centers: pd.DataFrame, labels: pd.Series, *, tier: str, stability: float
) -> Claim:
    """Where a city already stands above the tier over its own.

    Parameters
    ----------
    own : Series
        Index indicator: standardised figures of the city.
    centers : DataFrame
        Tier x indicator: means, the best tier first.
    labels : Series
        Indicator -> label.
    tier : str
    stability : float
    """
    tiers = list(centers.index.astype(str))
    at = tiers.index(str(tier))
    sure = f"{tier}，稳定度 {stability:.0%}"
    if at == 0:
        return Claim(f"{sure}：已是最高一级", {"stability": stability})
    above = own[own > centers.iloc[at - 1].reindex(own.index)].index
    got = listed(labels.reindex(above), most=3, unit="项", none="没有一项")
    return Claim(f"{sure}：达到{tiers[at - 1]}均值的指标：{got}", {"n_above": len(above)})


def county_tiers(tiers: pd.Series, *, place: str) -> Claim:
    """How many counties of a province are in the two best tiers of the country.

    Parameters
    ----------
    tiers : Series
        Index county; ordered categories.
    place : str
    """
    best = list(tiers.cat.categories[:2])
    n = int(tiers.isin(best).sum())
    text = f"{place} {len(tiers)} 个县级单位中 {n} 个在全国的{'、'.join(map(str, best))}"
    return Claim(text, {"n": n})


def market_types(types: pd.Series, meaning: str) -> Claim:
    """How many cities are of which type.

    Parameters
    ----------
    types : Series
    meaning : str
        What the two axes are.
    """
    counts = types.dropna().astype(str).value_counts()
    told = "、".join(f"{name} {n} 个" for name, n in counts.items())
    return Claim(f"{meaning}：{told}", {str(name): int(n) for name, n in counts.items()})
