"""Titles of the charts of forecasts."""

from __future__ import annotations

import pandas as pd

from ...words import label
from ..phrases import leaders
from ..story import Claim


def fans(outlook: pd.DataFrame, names: pd.Series, *, measure: str) -> Claim:
    """How fast the first region grows, and which of the others has most of its increment.

    Parameters
    ----------
    outlook : DataFrame
        From :func:`mktanalysis.forecasting.past_and_future`: the region first, then what is below it; columns
        increment and growth.
    names : Series
        Code -> name.
    measure : str
        Name of ``words.toml``.

    Examples
    --------
    >>> outlook = pd.DataFrame({"increment": [50.0, 30.0, 20.0], "growth": [0.034, 0.03, 0.04]},
    ...                        index=["100000", "a", "b"])
    >>> str(fans(outlook, pd.Series({"100000": "全国", "a": "华东", "b": "华中"}), measure="gdp"))
    '地区生产总值：全国年均 +3.4%，增量的 60% 在华东'
    """
    whole = outlook.iloc[0]
    text = f"{label(measure)}：{names[outlook.index[0]]}年均 {whole['growth']:+.1%}"
    figures = {"growth": whole["growth"]}
    below = outlook["increment"].iloc[1:].dropna()
    if len(below) and whole["increment"] > 0 and below.max() > 0:
        share = below.max() / whole["increment"]
        text += f"，增量的 {share:.0%} 在{names[below.idxmax()]}"
        figures["share"] = share
    return Claim(text, figures)


def past_fans(ahead: pd.DataFrame, published: pd.DataFrame, names: pd.Series, *, first: str) -> Claim:
    """How many later figures fell into the fan of a forecast made some years ago.

    Parameters
    ----------
    ahead : DataFrame
        Columns region, period, lower, upper: the forecast of then, of the regions drawn.
    published : DataFrame
        Columns region, period, value: what was published since.
    names : Series
        Code -> name.
    first : str
        The region that is told of.
    """
    figures = published[["region", "period", "value"]].dropna()
    came = ahead[["region", "period", "lower", "upper"]].merge(figures, on=["region", "period"])
    if not len(came):
        return Claim("当年的预测还没有可以对照的公布数", {"n": 0})
    inside = came["value"].between(came["lower"], came["upper"])
    start = came["period"].min() - 1
    text = f"站在 {start} 年的预测：后来公布的 {len(came)} 个数有 {int(inside.sum())} 个落在扇形里"
    own = came["region"] == first
    if own.any():
        text += f"，{names[first]} {int(own.sum())} 个中 {int(inside[own].sum())} 个"
    return Claim(text, {"n": len(came), "n_inside": int(inside.sum())})


def arrivals(change: pd.Series, names: pd.Series, *, period) -> Claim:
    """How the figures that came in lie to the forecast of a year before.

    Parameters
    ----------
    change : Series
        Index region: actual / forecast - 1.
    names : Series
        Code -> name.
    period : Period
    """
    known = change.dropna()
    if not len(known):
        return Claim(f"{period} 年的实际还没有可以对照的预测", {"n": 0})
    above = int((known > 0).sum())
    most = known.abs().idxmax()
    text = f"{period} 年的实际：{len(known)} 个地区中 {above} 个高于一年前的预测，"
    text += f"差得最多的{names[most]} {known[most]:+.1%}"
    return Claim(text, {"n": len(known), "n_above": above, "change": known[most]})


def increments(values: pd.Series, names: pd.Series, *, year, measure: str) -> Claim:
    """How the increment is spread over cities.

    Parameters
    ----------
    values : Series
        Index region: increment.
    names : Series
        Code -> name.
    year : int or Period
        Until when.
    measure : str
        Name of ``words.toml``.
    """
    gains = values.dropna().clip(lower=0).sort_values(ascending=False, kind="stable")
    if not len(gains) or gains.sum() <= 0:
        return Claim(f"到 {year} 年{label(measure)}没有增量", {"n": len(gains)})
    top = min(10, max(1, len(gains) // 4))
    share = gains.head(top).sum() / gains.sum()
    text = (
        f"到 {year} 年的增量：{len(gains)} 个市中前 {top} 个占 {share:.0%}，最多的是{names[gains.index[0]]}"
    )
    return Claim(text, {"n": len(gains), "share": share})


def seasons(index: pd.Series) -> Claim:
    """Which months (quarters) are high and which are low.

    Parameters
    ----------
    index : Series
        Index 1-12 (or 1-4), mean 1.

    Examples
    --------
    >>> str(seasons(pd.Series({1: 0.9, 2: 1.0, 3: 0.95, 4: 1.15})))
    '旺季在 4 季（高 15%），淡季在 1 季（低 10%）'
    """
    word = "月" if len(index) == 12 else "季"
    high = sorted(leaders(index, tie=0.005))
    low = index.idxmin()
    text = f"旺季在 {'、'.join(map(str, high))} {word}（高 {index.max() - 1:.0%}），"
    text += f"淡季在 {low} {word}（低 {1 - index.min():.0%}）"
    return Claim(text, {"peak": index.max(), "slack": index.min()})
