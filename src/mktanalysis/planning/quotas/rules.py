"""What each way of splitting a target prefers, before bounds and whole units.

Always holds: a method returns one preferred figure and one weight a region; the projection does the rest,
so every method sums exactly and respects floors and caps in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from ...errors import MktError
from ...settings import Strict

Method = Literal[
    "growth", "shrunk_growth", "smoothed_share", "potential_pull", "equal_chance", "equal_difficulty"
]
METHODS = (
    "growth",
    "shrunk_growth",
    "smoothed_share",
    "potential_pull",
    "equal_chance",
    "equal_difficulty",
)


class QuotaRule(Strict):
    """How a target is split over regions, and the constants of the split.

    Parameters
    ----------
    method : str
        ``growth`` (task = last year x growth rate, the trade's usual rule); ``shrunk_growth`` (own growth
        pulled to the mean); ``smoothed_share`` (mean share of several years); ``potential_pull`` (last year
        plus a part of the gap to a target share of capacity); ``equal_chance`` (the same chance of
        attainment everywhere); ``equal_difficulty`` (quota over forecast the same everywhere).
    own_growth : float
        Weight of a region's own log growth in ``shrunk_growth`` (the rest is the mean's).
    share_years : int
        Years of the mean in ``smoothed_share``.
    target_share : float or None
        Share of capacity to aim at, required by ``potential_pull`` (an intention, never invented here).
    coverage : float
        Nominal coverage of the forecast's intervals.
    unit : float
        Smallest unit of a quota, yuan.
    """

    method: Method = "growth"
    own_growth: Annotated[float, Field(ge=0, le=1)] = 0.3
    share_years: Annotated[int, Field(ge=1, le=10)] = 3
    target_share: Annotated[float, Field(gt=0, le=1)] | None = None
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.8
    unit: Annotated[float, Field(gt=0)] = 1e4


@dataclass(frozen=True, eq=False)
class Preference:
    """Preferred figures and weights by region, and what the method has to say about them."""

    prefer: pd.Series
    weight: pd.Series
    notes: tuple[str, ...] = ()


def prefer_quotas(
    rule: QuotaRule,
    sales: pd.DataFrame,
    total: float,
    capacity: pd.Series | None,
    outlook: pd.DataFrame | None,
) -> Preference:
    """Return the preference of `rule`.

    Parameters
    ----------
    rule : QuotaRule
    sales : DataFrame
        Index region, columns years ascending, the last one last year; yuan.
    total : float
        Target, yuan.
    capacity : Series or None
        Yearly market capacity, yuan.
    outlook : DataFrame or None
        Index region, columns mean, sd of the forecast.
    """
    last = sales.iloc[:, -1]
    if rule.method == "growth":
        return _scaled(last, total)
    if rule.method == "shrunk_growth":
        return _scaled(_grown(sales, rule.own_growth), total)
    if rule.method == "smoothed_share":
        return _scaled(_mean_share(sales, rule.share_years), total)
    if rule.method == "potential_pull":
        return _pulled(last, capacity, rule.target_share, total)
    if outlook is None:
        raise MktError(f"方法 {rule.method} 需要预测及其区间（forecast：地区、mean、lower、upper）")
    if rule.method == "equal_chance":
        return Preference(outlook["mean"], outlook["sd"])
    return Preference(outlook["mean"], outlook["mean"].clip(lower=0.0))


def spread_of(forecast: pd.DataFrame, coverage: float) -> pd.DataFrame:
    """Mean and standard deviation of a forecast from its interval, index region, columns mean, sd.

    The wider half of the interval counts: the lower bound of sales is often cut at 0.
    """
    table = forecast.set_index("region")
    if table.index.has_duplicates:
        raise MktError("预测中同一地区有两行：应只给任务年度的预测")
    z = NormalDist().inv_cdf(0.5 + coverage / 2)
    half = np.maximum(table["upper"] - table["mean"], table["mean"] - table["lower"])
    if (half < 0).any() or table[["mean", "lower", "upper"]].isna().any(axis=None):
        raise MktError("预测区间不完整，或下限高于上限")
    return pd.DataFrame({"mean": table["mean"], "sd": half / z})


def _scaled(base: pd.Series, total: float) -> Preference:
    if base.sum() <= 0:
        raise MktError("各地区基数之和为零，无法按比例分配：请给出新地区的起点数（new）")
    return Preference(base * (total / base.sum()), base)


def _grown(sales: pd.DataFrame, own_weight: float) -> pd.Series:
    """Last year's sales times exp(own weight x own log growth + the rest x mean log growth)."""
    if sales.shape[1] < 2:
        raise MktError("shrunk_growth 需要至少两年的销售额")
    last = sales.iloc[:, -1]
    before = sales.iloc[:, -2]
    known = (last > 0) & (before > 0)
    growth = np.log(last.where(known) / before.where(known))
    mean = growth.mean() if known.any() else 0.0
    return last * np.exp(own_weight * growth.fillna(mean) + (1 - own_weight) * mean)


def _mean_share(sales: pd.DataFrame, years: int) -> pd.Series:
    """Mean share of the last years; a region counts the years that it has."""
    if sales.shape[1] < years:
        raise MktError(f"smoothed_share 需要 {years} 年的销售额，现有 {sales.shape[1]} 年")
    recent = sales.iloc[:, -years:]
    return (recent / recent.sum()).mean(axis=1)


def _pulled(last: pd.Series, capacity, target_share: float | None, total: float) -> Preference:
    """Last year + a x gap to the target share of capacity, a from the total; no gap: growth."""
    if capacity is None or target_share is None:
        raise MktError("potential_pull 需要市场容量（capacity）和目标份额（target_share）")
    size = capacity.reindex(last.index)
    missing = size.index[size.isna()]
    if len(missing):
        raise MktError(f"没有市场容量的地区（缺失不是 0）：{'、'.join(missing[:20])}")
    gap = (target_share * size - last).clip(lower=0.0)
    more = total - last.sum()
    if gap.sum() <= 0 or more <= 0:
        why = "各地区份额都已达到目标" if gap.sum() <= 0 else "总目标不高于去年"
        plain = _scaled(last, total)
        return Preference(plain.prefer, plain.weight, (f"{why}：没有可拉动的缺口，改按同一增长率分配",))
    pull = more / gap.sum()
    notes = ("总目标超过全部缺口：部分地区的任务高于目标份额",) if pull > 1 else ()
    return Preference(last + pull * gap, gap, notes)
