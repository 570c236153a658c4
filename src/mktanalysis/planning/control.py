"""Forecast discipline: plan against actual, and accuracy as a figure.

Always holds: accuracy counts over and under alike; sums over regions are taken before errors are (a region's
surplus may hide another's deficit at the level above, so every level is shown).
"""

from __future__ import annotations

import pandas as pd

from ..errors import MktError
from ..schemas import PANEL, check_table
from ..words.render import named


def plan_vs_actual(plan: pd.DataFrame, actual: pd.DataFrame, tree) -> pd.DataFrame:
    """Plan against actual for each region, all levels above it, and each period (计划与实际).

    Parameters
    ----------
    plan, actual : DataFrame
        Columns region, period, value; regions of one level. Only what both have is compared.
    tree : RegionTree

    Returns
    -------
    DataFrame
        Columns region, level, period, plan, actual, gap (actual less plan), completion (actual / plan),
        accuracy (预测准确率: 1 - abs(gap) / actual, not below 0), cumulative_gap, tracking_signal
        (cumulative gap / mean absolute gap so far; beyond +-4 the plan is biased, not unlucky), n_regions.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.RegionTree.from_table(pd.DataFrame({"region": ["N", "a"], "name": ["N", "a"],
    ...     "level": ["nation", "city"], "parent": [None, "N"]}))
    >>> month = pd.PeriodIndex(["2024-01"], freq="M")
    >>> plan = pd.DataFrame({"region": ["a"], "period": month, "value": [90.0]})
    >>> actual = pd.DataFrame({"region": ["a"], "period": month, "value": [100.0]})
    >>> plan_vs_actual(plan, actual, tree)[["completion", "accuracy"]].round(2).values.tolist()
    [[1.11, 0.9], [1.11, 0.9]]
    """
    if plan["period"].dtype != actual["period"].dtype:
        one, other = (table["period"].dropna().iloc[0] for table in (plan, actual))
        raise MktError(
            f"计划与实际的时期应一致：计划如 {one}，实际如 {other}；年度计划可先用 split_target 分解"
        )
    both = (
        check_table(plan, PANEL)[["region", "period", "value"]]
        .rename(columns={"value": "plan"})
        .merge(check_table(actual, PANEL)[["region", "period", "value"]], on=["region", "period"])
        .rename(columns={"value": "actual"})
        .dropna()
    )
    if both.empty:
        raise MktError("计划与实际没有相同的地区和时期")
    level = tree.level_of(both["region"].unique()).unique()
    if len(level) != 1:
        raise MktError(f"计划应按同一层级的地区编制，现有：{'、'.join(level)}")
    parts = []
    for name in tree.levels[: tree.levels.index(level[0]) + 1]:
        up = tree.parents(name, both["region"]).to_numpy()
        sums = both.assign(region=up, n_regions=1).groupby(["region", "period"], as_index=False)
        parts.append(sums[["plan", "actual", "n_regions"]].sum().assign(level=name))
    table = pd.concat(parts, ignore_index=True)
    gap = table["actual"] - table["plan"]
    lines = gap.groupby(table["region"])
    mean_gap = gap.abs().groupby(table["region"]).expanding().mean().droplevel(0).sort_index()
    cumulative = lines.cumsum()
    table = table.assign(
        gap=gap,
        completion=(table["actual"] / table["plan"]).where(table["plan"] > 0),
        accuracy=accuracy(table["plan"], table["actual"]),
        cumulative_gap=cumulative,
        tracking_signal=(cumulative / mean_gap).where(mean_gap > 0, 0.0),
    )
    order = ["region", "level", "period", "plan", "actual", "gap", "completion", "accuracy", "cumulative_gap"]
    return named(table[[*order, "tracking_signal", "n_regions"]], "control")


def accuracy(forecast: pd.Series, actual: pd.Series) -> pd.Series:
    """Forecast accuracy (预测准确率): 1 - abs(actual - forecast) / actual, not below 0; of actual 0 none."""
    rate = 1 - (actual - forecast).abs() / actual.abs()
    return rate.clip(lower=0).where(actual != 0)
