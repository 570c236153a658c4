"""What drives growth, and what if: growth split into factors, scenarios that stay coherent.

Always holds: the parts of a split add up to the change exactly, in every region and in every sum of
regions; a scenario moves leaves, and every level above is their sum.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import MktError
from ..words.render import named


def decompose_growth(
    factors: pd.DataFrame,
    tree,
    *,
    start,
    end,
    names: tuple[str, ...] = ("population", "income", "spend_rate"),
) -> pd.DataFrame:
    """Split the change of a product of factors between two periods, additively (logarithmic mean Divisia
    index, Ang 2005).

    With population (persons), income (yuan a head) and spend_rate (retail sales / income) the product is
    retail sales.

    Parameters
    ----------
    factors : DataFrame
        Columns region, period and one a factor, all positive; regions of one level.
    tree : RegionTree
    start, end : Period or what becomes one
    names : tuple of str
        The columns that multiply.

    Returns
    -------
    DataFrame
        Index region (given ones and all above); columns level, start, end, change, one a factor (they
        add up to change), n_regions (regions with both periods).

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.RegionTree.from_table(pd.DataFrame({"region": ["N", "a"], "name": ["N", "a"],
    ...     "level": ["nation", "city"], "parent": [None, "N"]}))
    >>> table = pd.DataFrame({"region": ["a", "a"], "period": pd.PeriodIndex(["2020", "2021"], freq="Y"),
    ...     "population": [100.0, 100.0], "income": [10.0, 20.0], "spend_rate": [0.5, 0.5]})
    >>> decompose_growth(table, tree, start="2020", end="2021").loc["N", ["change", "income"]].tolist()
    [500.0, 500.0]
    """
    names = tuple(names)
    missing = [column for column in ("region", "period", *names) if column not in factors]
    if missing:
        raise MktError(f"factors 缺少列：{'、'.join(missing)}")
    if factors.duplicated(["region", "period"]).any():
        raise MktError("factors 中同一地区、同一时期有两行")
    period = factors["period"].dt.freq
    start, end = (pd.Period(p, freq=period) for p in (start, end))
    wide = factors.dropna(subset=list(names)).set_index(["region", "period"])[list(names)]
    if (wide <= 0).any(axis=None):
        raise MktError("因素应为正数：零或负值无法取对数，请先剔除")
    present = wide.index.get_level_values("period")
    before, after = (wide[present == p].droplevel("period") for p in (start, end))
    both = before.index.intersection(after.index)
    if not len(both):
        raise MktError(f"没有地区同时有 {start} 和 {end} 的全部因素")
    before = before.loc[both]
    after = after.loc[both]
    v0 = before.prod(axis=1)
    v1 = after.prod(axis=1)
    same = np.isclose(v0, v1, rtol=1e-12)
    mean = np.where(same, v0, (v1 - v0) / np.where(same, 1.0, np.log(v1 / v0)))
    effects = np.log(after / before).mul(mean, axis=0)
    leaf = pd.DataFrame({"start": v0, "end": v1, "change": v1 - v0, **effects, "n_regions": 1})
    level = tree.level_of(both).unique()
    if len(level) != 1:
        raise MktError(f"各地区应属同一层级，现有：{'、'.join(level)}")
    parts = []
    for name in tree.levels[: tree.levels.index(level[0]) + 1]:
        sums = leaf.groupby(tree.parents(name, both).to_numpy()).sum().rename_axis("region")
        parts.append(sums.assign(level=name))
    return pd.concat(parts)[["level", "start", "end", "change", *names, "n_regions"]]


def apply_scenario(
    forecast: pd.DataFrame, history: pd.DataFrame, tree, changes: pd.DataFrame
) -> pd.DataFrame:
    """What if growth were different in some regions (情景): leaves move, all levels above follow.

    Parameters
    ----------
    forecast : DataFrame
        From ``predict``: region, period, level, mean, lower, upper.
    history : DataFrame
        Columns region, period, value; its last period is where growth starts from.
    tree : RegionTree
    changes : DataFrame
        Columns region and either ``growth`` (added to the growth rate of each period, -0.02 is two
        points less; of months, a yearly figure divided by 12) or ``multiplier`` (of the level). A change
        holds for all below the region; where two meet, the nearer holds.

    Returns
    -------
    DataFrame
        As `forecast` with column ``base`` (the mean without scenario). Intervals move with their means.

    Raises
    ------
    MktError
        Neither column; a region twice, unknown, or without a leaf of the forecast below it.

    Examples
    --------
    Two points less growth, for two periods, from 100 growing by 10%:

    >>> import mktanalysis as mkt
    >>> tree = mkt.RegionTree.from_table(pd.DataFrame({"region": ["N", "a"], "name": ["N", "a"],
    ...     "level": ["nation", "city"], "parent": [None, "N"]}))
    >>> ahead = pd.PeriodIndex(["2024", "2025"] * 2, freq="Y")
    >>> forecast = pd.DataFrame({"region": ["N", "N", "a", "a"], "period": ahead,
    ...     "level": ["nation"] * 2 + ["city"] * 2, "mean": [110.0, 121.0] * 2, "lower": 0.0, "upper": 200.0})
    >>> past = pd.DataFrame({"region": ["a"], "period": pd.PeriodIndex(["2023"], freq="Y"), "value": [100.0]})
    >>> changes = pd.DataFrame({"region": ["N"], "growth": [-0.02]})
    >>> apply_scenario(forecast, past, tree, changes)["mean"].round(2).tolist()
    [108.0, 116.64, 108.0, 116.64]
    """
    regions = pd.Index(forecast["region"].unique())
    parent = tree.table.set_index("region")["parent"].reindex(regions)
    leaves = regions.difference(pd.Index(parent.dropna()))
    mean = forecast.pivot(index="region", columns="period", values="mean")
    factor = _factors(mean.loc[leaves], _last(history, leaves), _nearest(leaves, changes, tree))
    moved = mean.loc[leaves] * factor
    total = pd.DataFrame(0.0, index=mean.index, columns=mean.columns)
    for level in tree.levels:
        up = tree.parents(level, leaves).dropna()
        up = up[up.isin(regions)]
        total.update(moved.loc[up.index].groupby(up.to_numpy()).sum())
    total.loc[leaves] = moved
    flat = total.stack().rename("scenario")
    joined = forecast.join(flat, on=["region", "period"])
    ratio = (joined["scenario"] / joined["mean"]).where(joined["mean"] != 0, 1.0)
    shifted = joined.assign(
        base=joined["mean"],
        mean=joined["scenario"],
        lower=joined["lower"] * ratio,
        upper=joined["upper"] * ratio,
    )
    return named(shifted.drop(columns="scenario"), "scenario")


def _nearest(leaves: pd.Index, changes: pd.DataFrame, tree) -> pd.DataFrame:
    """The change of each leaf: that of its nearest ancestor (or itself) that has one."""
    kinds = [kind for kind in ("growth", "multiplier") if kind in changes]
    if not kinds or "region" not in changes:
        raise MktError("changes 应有列 region，以及 growth（增长率增减）或 multiplier（倍数）")
    given = changes.set_index("region")
    if given.index.has_duplicates:
        raise MktError(f"changes 中地区重复：{'、'.join(given.index[given.index.duplicated()])}")
    tree.locate(given.index)
    if "multiplier" in given and (given["multiplier"] < 0).any():
        raise MktError("multiplier（倍数）不应为负")
    found = pd.DataFrame(np.nan, index=leaves, columns=["growth", "multiplier"])
    reached = set()
    for level in tree.levels:  # from the top down, so that the nearer one overwrites
        up = tree.parents(level, leaves)
        hit = up.isin(given.index).to_numpy()
        reached.update(up[hit])
        for kind in kinds:
            found.loc[hit, kind] = given[kind].reindex(up[hit]).to_numpy(dtype=float)
    idle = [region for region in given.index if region not in reached]
    if idle:
        names = "、".join(tree.names(idle))
        raise MktError(f"情景中的地区不在预测之内，也不在其上级：{names}（低于预测的最底层，或没有数据）")
    return found


def _last(history: pd.DataFrame, leaves: pd.Index) -> pd.Series:
    known = history[history["region"].isin(leaves)].dropna(subset=["value"])
    last = known[known["period"] == history["period"].max()].set_index("region")["value"]
    missing = leaves.difference(last.index)
    if len(missing):
        raise MktError(f"历史的最后一期缺少地区：{'、'.join(missing[:20])}")
    return last.reindex(leaves)


def _factors(mean: pd.DataFrame, last: pd.Series, change: pd.DataFrame) -> pd.DataFrame:
    """What each period's mean is multiplied by: growth changes add up over periods, multipliers do not."""
    growth = change["growth"].fillna(0.0)
    before = pd.concat([last.rename("last"), mean.iloc[:, :-1]], axis=1).to_numpy()
    rate = np.divide(mean.to_numpy(), before, out=np.ones(mean.shape), where=before > 0)
    step = np.divide(rate + growth.to_numpy()[:, None], rate, out=np.ones(mean.shape), where=rate > 0)
    level = change["multiplier"].fillna(1.0).to_numpy()[:, None]
    return pd.DataFrame(np.cumprod(np.maximum(step, 0.0), axis=1) * level, mean.index, mean.columns)
