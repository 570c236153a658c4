"""Titles of the charts of market size: saturation, counties, potential."""

from __future__ import annotations

import pandas as pd

from ...words import label
from ..story import Claim


def curves(levels: pd.DataFrame, what: str) -> Claim:
    """How many saturation levels the data can tell.

    Parameters
    ----------
    levels : DataFrame
        From :func:`mktanalysis.capacity.saturation_table`: a row a region, column status.
    what : str
        What penetrates, such as 移动电话普及率.
    """
    known = int((levels["status"] == "identified").sum())
    over = int((levels["status"] == "passed").sum())
    unseen = len(levels) - known - over
    text = f"{what}：{len(levels)} 个地区中 {known} 个看得出饱和水平，"
    text += f"{over} 个已在其上，{unseen} 个看不出"
    return Claim(text, {"n": len(levels), "n_identified": known, "n_passed": over})


def counties(values: pd.Series, names: pd.Series, *, place: str, measure: str) -> Claim:
    """Which county of a province is the largest, and what part the largest tenth has.

    Parameters
    ----------
    values : Series
        Index county: estimated figure.
    names : Series
        Code -> name.
    place : str
        The province.
    measure : str
        Name of ``words.toml``.
    """
    sizes = values.dropna().sort_values(ascending=False, kind="stable")
    if not len(sizes):
        return Claim(f"{place}没有县级估计", {"n": 0})
    top = max(1, round(len(sizes) / 10))
    share = sizes.head(top).sum() / sizes.sum()
    text = f"{place}县级{label(measure)}（估计）：最大的 {top} 个占 {share:.0%}，{names[sizes.index[0]]}居首"
    return Claim(text, {"n": len(sizes), "share": share})


def potential(values: pd.Series, names: pd.Series, groups: pd.Series) -> Claim:
    """Where most market lies around.

    Parameters
    ----------
    values : Series
        Index city: potential.
    names, groups : Series
        Code -> name, and -> what the cities are counted by (province or macro-region).
    """
    highest = values.dropna().sort_values(ascending=False, kind="stable").head(20)
    if not len(highest):
        return Claim("没有可以比较的空间势能", {"n": 0})
    counts = groups.reindex(highest.index).value_counts()
    text = f"四周市场最大的是{names[highest.index[0]]}；"
    text += f"前 {len(highest)} 名有 {counts.iloc[0]} 个在{counts.index[0]}"
    return Claim(text, {"n": len(highest), "n_first": int(counts.iloc[0])})
