"""Forecast discipline: plan against actual, accuracy as a figure, peak and slack months, splits of a target.

Always holds: accuracy counts over and under alike; sums over regions are taken before errors are (a region's
surplus may hide another's deficit at the level above, so every level is shown); the months of a split sum to
the year exactly.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import MktError
from ..schemas import PANEL, check_table


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
        accuracy (预测准确率: 1 - |gap| / actual, not below 0), cumulative_gap, tracking_signal
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
    return table[[*order, "tracking_signal", "n_regions"]]


def accuracy(forecast: pd.Series, actual: pd.Series) -> pd.Series:
    """Forecast accuracy (预测准确率): 1 - |actual - forecast| / actual, not below 0; of actual 0 none."""
    rate = 1 - (actual - forecast).abs() / actual.abs()
    return rate.clip(lower=0).where(actual != 0)


def seasonal_index(panel: pd.DataFrame, *, combine_spring_festival: bool = False) -> pd.DataFrame:
    """Seasonal index by region (季节指数): peak months (旺季) above 1, slack months (淡季) below.

    Parameters
    ----------
    panel : DataFrame
        Columns region, period (monthly or quarterly), value, without gaps; at least two years.
    combine_spring_festival : bool
        Give January and February the same index: Spring Festival moves between them.

    Returns
    -------
    DataFrame
        Columns region, season (1-12 or 1-4), index (mean 1), season_type (peak, slack). Medians over the
        years of the ratio to the centred moving average.
    """
    from .panel import season_of

    check_table(panel, PANEL)
    per_year = season_of(panel["period"].dtype)
    if per_year == 1:
        raise MktError("年度数据没有季节：需要月度或季度数据")
    if combine_spring_festival and per_year != 12:
        raise MktError("combine_spring_festival 只用于月度数据")
    tables = [
        _one_index(part.sort_values("period"), per_year, combine_spring_festival).assign(region=region)
        for region, part in panel.dropna(subset=["value"]).groupby("region")
    ]
    table = pd.concat(tables, ignore_index=True)
    kind = np.where(table["index"] >= 1, "peak", "slack")
    return table.assign(season_type=kind)[["region", "season", "index", "season_type"]]


def _one_index(part: pd.DataFrame, per_year: int, combine: bool) -> pd.DataFrame:
    region = part["region"].iloc[0]
    values = part["value"].to_numpy(dtype=float)
    if len(values) < 2 * per_year or (values <= 0).any():
        raise MktError(f"{region}：季节指数至少需要两年的正数")
    if (part["period"].iloc[-1] - part["period"].iloc[0]).n != len(part) - 1:
        raise MktError(f"{region}：时期不连续，请先补齐")
    kernel = np.r_[0.5, np.ones(per_year - 1), 0.5] / per_year
    half = per_year // 2
    trend = np.convolve(values, kernel, mode="valid")
    place = (part["period"].dt.month if per_year == 12 else part["period"].dt.quarter).to_numpy()
    ratio = pd.Series(values[half:-half] / trend).groupby(place[half:-half]).median()
    if combine:
        ratio.loc[[1, 2]] = ratio.loc[[1, 2]].mean()
    ratio = ratio / ratio.mean()
    return pd.DataFrame({"season": ratio.index, "index": ratio.to_numpy()})


def split_target(targets: pd.DataFrame, index: pd.DataFrame) -> pd.DataFrame:
    """Split yearly targets into months or quarters by a seasonal index (年度任务分解到月).

    Parameters
    ----------
    targets : DataFrame
        Columns region, period (yearly), value.
    index : DataFrame
        From :func:`seasonal_index`, with the same regions; a single region's index serves all.

    Returns
    -------
    DataFrame
        Columns region, period (monthly or quarterly), value; the parts sum to the year's target.

    Raises
    ------
    TableError
        A region and year twice, a missing column.
    MktError
        Targets that are not yearly, an index that is neither of months nor of quarters or lacks a region.

    Examples
    --------
    >>> year = pd.PeriodIndex(["2024"], freq="Y")
    >>> target = pd.DataFrame({"region": ["a"], "period": year, "value": [400.0]})
    >>> index = pd.DataFrame({"region": "a", "season": [1, 2, 3, 4], "index": [0.8, 1.0, 1.0, 1.2]})
    >>> split_target(target, index)["value"].tolist()
    [80.0, 100.0, 100.0, 120.0]
    """
    from .panel import season_of

    check_table(targets, PANEL)
    if season_of(targets["period"].dtype) != 1:
        raise MktError(f"要分解的任务应按年，现有时期如 {targets['period'].iloc[0]}")
    seasons = index["season"].nunique()
    freq = {12: "M", 4: "Q"}.get(seasons)
    if freq is None:
        raise MktError(f"季节指数应有 12 或 4 个时段，现有 {seasons} 个")
    missing = set(targets["region"]) - set(index["region"])
    if index["region"].nunique() == 1:
        joined = targets.merge(index.drop(columns="region"), how="cross")
    elif missing:
        raise MktError(f"没有季节指数的地区：{'、'.join(sorted(missing)[:20])}")
    else:
        joined = targets.merge(index, on="region")
    total = joined.groupby(["region", "period"])["index"].transform("sum")
    step = joined["season"].to_numpy() - 1
    first = joined["period"].dt.asfreq(freq, how="start")
    when = pd.PeriodIndex([start + int(k) for start, k in zip(first, step, strict=True)], freq=freq)
    table = joined.assign(value=joined["value"] * joined["index"] / total, period=when)
    return table[["region", "period", "value"]].sort_values(["region", "period"], ignore_index=True)


def compare_vintages(previous: pd.DataFrame, current: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """What changed since the last forecast (与上次预测相比): figures that came in, and revisions of what
    is ahead.

    Parameters
    ----------
    previous, current : DataFrame
        From ``predict``, the earlier and the later one.
    history : DataFrame
        Columns region, period, value: the figures that came in.

    Returns
    -------
    DataFrame
        Columns region, level, period, kind (``actual`` for a period that has come in, ``forecast`` for
        one still ahead), previous, now (the actual, or the current mean), change (now / previous - 1),
        inside (whether now lies in the previous interval).
    """
    for name, table in (("previous", previous), ("current", current)):
        missing = {"region", "level", "period", "mean", "lower", "upper"} - set(table.columns)
        if missing:
            raise MktError(f"{name} 应是 predict 的结果，缺少列：{'、'.join(sorted(missing))}")
    actual = history[["region", "period", "value"]].rename(columns={"value": "now"}).assign(kind="actual")
    ahead = current[["region", "period", "mean"]].rename(columns={"mean": "now"}).assign(kind="forecast")
    table = previous.merge(pd.concat([actual, ahead]), on=["region", "period"])
    if table.empty:
        raise MktError("两次预测没有共同的地区和时期")
    table = table.assign(
        previous=table["mean"],
        change=(table["now"] / table["mean"] - 1).where(table["mean"] > 0),
        inside=table["now"].between(table["lower"], table["upper"]),
    )
    return table[["region", "level", "period", "kind", "previous", "now", "change", "inside"]]
