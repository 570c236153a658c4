"""Figures of cities shared out to their counties.

Always holds: parts sum to the city exactly, and every part is flagged ``allocated``.
"""

from __future__ import annotations

import pandas as pd

from ..errors import MktError
from ..words.render import named
from .checks import need, one_level, unique


def allocate(values: pd.DataFrame, weights: pd.Series, tree, *, level: str = "county") -> pd.DataFrame:
    """Split figures of cities over their counties by a key such as census population (按人口分摊).

    Parameters
    ----------
    values : DataFrame
        Columns region, period, value (amounts).
    weights : Series
        Index region at `level`, positive: the key.
    tree : RegionTree
    level : str
        Below that of `values`; weights of other levels are not used.

    Returns
    -------
    DataFrame
        Columns region, period, value, status (``allocated``), parent; no rows for missing values. Children
        of a region sum to it exactly.
    """
    need(values, ("region", "period", "value"), "values")
    values = values.dropna(subset=["value"])
    if values.duplicated(["region", "period"]).any():
        raise MktError("values 中同一地区、同一时期有两行：请先合计")
    unique(weights.index, "weights")
    at = one_level(values["region"].unique(), tree, "values")
    if tree.levels.index(at) >= tree.levels.index(level):
        raise MktError(f"只能从上级分摊到下级：values 属 {at}，要分到 {level}")
    key = weights[(weights > 0) & weights.index.isin(tree.level(level))]
    key = key.rename_axis("region").rename("weight").reset_index()
    key = key.assign(parent=tree.parents(at, key["region"]).to_numpy())
    bare = values.loc[~values["region"].isin(key["parent"]), "region"].unique()
    if len(bare):
        raise MktError(f"这些地区的下级没有分摊依据：{'、'.join(bare[:20])}")
    share = key["weight"] / key.groupby("parent")["weight"].transform("sum")
    found = key.assign(share=share)[["region", "parent", "share"]].merge(
        values[["region", "period", "value"]].rename(columns={"region": "parent"}), on="parent"
    )
    table = found.assign(value=found["value"] * found["share"], status="allocated")
    table = table[["region", "period", "value", "status", "parent"]]
    return named(table.sort_values(["region", "period"], ignore_index=True), "allocated")
