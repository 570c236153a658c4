"""Market capacity: people x penetration x spend, and how far own sales are from it (headroom).

Always holds: figures that add up do so along the tree.
"""

from __future__ import annotations

import pandas as pd

from ..errors import MktError, TableError
from ..words.render import named
from .checks import one_level, unique


def market_capacity(
    population: pd.Series, penetration: pd.Series | float, spend: pd.Series | float
) -> pd.DataFrame:
    """Capacity = people x penetration x yearly spend of a user (市场容量 = 人口 × 渗透率 × 人均消费).

    Parameters
    ----------
    population : Series
        Index region, persons.
    penetration : Series or float
        Share of people who use the product, 0-1.
    spend : Series or float
        Yuan a user and year.

    Returns
    -------
    DataFrame
        Index region; columns population, penetration, spend, capacity (yuan). Missing where a factor is.

    Examples
    --------
    >>> market_capacity(pd.Series({"320500": 1000.0}), 0.05, 200.0)["capacity"].tolist()
    [10000.0]
    """
    table = pd.DataFrame({"population": population})
    table = table.assign(penetration=penetration, spend=spend)
    if ((table["penetration"] < 0) | (table["penetration"] > 1)).any():
        raise MktError("渗透率应在 0 与 1 之间：百分数请先除以 100")
    if (table[["population", "spend"]] < 0).any(axis=None):
        raise MktError("人口和人均消费不应为负")
    return table.assign(capacity=table["population"] * table["penetration"] * table["spend"])


def headroom(own: pd.Series, capacity: pd.Series, tree, *, target_share: float) -> pd.DataFrame:
    """Own sales against capacity, at every level (容量占有率与余量).

    Parameters
    ----------
    own, capacity : Series
        Index region (of one level), yuan. A region without own sales has 0 of them; one without
        capacity is left out.
    tree : RegionTree
    target_share : float
        Share thought attainable everywhere.

    Returns
    -------
    DataFrame
        Index region; columns level, own, capacity, share, headroom (target_share x capacity less own,
        not below 0 for a leaf; sums of the leaves above).
    """
    if not 0 < target_share <= 1:
        raise MktError(f"target_share 应在 0 与 1 之间，现为 {target_share}")
    outside = own.index.difference(capacity.dropna().index)
    if len(outside):
        raise TableError(
            pd.DataFrame({"column": "region", "value": outside, "problem": "有自有销售，但没有市场容量"})
        )
    unique(own.index, "own")
    unique(capacity.index, "capacity")
    if (own < 0).any() or (capacity < 0).any() or not capacity.notna().any():
        raise MktError("own 和 capacity 不应为负，且至少一个地区有容量")
    one_level(capacity.dropna().index, tree, "capacity")
    leaf = pd.DataFrame({"capacity": capacity.dropna()}).assign(own=own).fillna({"own": 0.0})
    leaf = leaf.assign(headroom=(target_share * leaf["capacity"] - leaf["own"]).clip(lower=0))
    level = tree.level_of(leaf.index).iloc[0]
    parts = []
    for name in tree.levels[: tree.levels.index(level) + 1]:
        up = tree.parents(name, leaf.index)
        table = leaf.groupby(up.to_numpy()).sum().rename_axis("region").assign(level=name)
        parts.append(table)
    table = pd.concat(parts)
    share = (table["own"] / table["capacity"]).where(table["capacity"] > 0)
    return named(table.assign(share=share)[["level", "own", "capacity", "share", "headroom"]], "headroom")


def usual_share(own: pd.Series, capacity: pd.Series, *, quantile: float = 0.75) -> float:
    """The share that a company already has in its better places: a target that it has shown it can reach.

    Parameters
    ----------
    own, capacity : Series
        Index region, yuan.
    quantile : float
        Of the shares; the upper quartile.
    """
    return float((own / capacity.reindex(own.index)).quantile(quantile))
