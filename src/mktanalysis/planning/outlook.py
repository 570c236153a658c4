"""The year so far and its end: where each region will stand, how likely it makes its task, who needs help.

Always holds: actual months count as they are, only months to come are uncertain; upper levels are sums; a
region without a forecast is judged by its own rate so far, and the table says so.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from ..errors import MktError, TableError
from ..schemas import PANEL, check_table, season_of
from ..settings import Strict
from ..words.render import named

Share = Annotated[float, Field(ge=0, le=1)]


class Alarm(Strict):
    """When a region is said to need help; thresholds are the analyst's, the defaults usual ones.

    Parameters
    ----------
    chance : float
        Chance of making the year's task below which a region needs help now.
    signal : float
        Tracking signal below minus which the plan is biased against the region (the trade's 4).
    coverage : float
        Nominal coverage of the forecast's intervals.
    correlation : float
        Correlation of the errors of a region's months to come: a poor month is seldom alone. An assumption;
        0 would promise too much, 1 is the widest.
    """

    chance: Share = 0.3
    signal: Annotated[float, Field(gt=0)] = 4.0
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.8
    correlation: Share = 0.5


def year_outlook(
    plan: pd.DataFrame,
    actual: pd.DataFrame,
    tree,
    *,
    forecast: pd.DataFrame | None = None,
    alarm: Alarm | None = None,
) -> pd.DataFrame:
    """Forecast every region to the year's end against its task (全年预计与达成把握).

    Parameters
    ----------
    plan : DataFrame
        Columns region, period (monthly or quarterly), value: the whole year's tasks, yuan; one level.
    actual : DataFrame
        Columns region, period, value: the months that are in, the same for every region.
    tree : RegionTree
    forecast : DataFrame, optional
        From ``predict``: region, period, mean, lower, upper of the months to come; rows of upper levels are
        used where they are. Without it the rate so far is carried on (``basis`` ``run_rate``), its scatter by
        month giving the chance.
    alarm : Alarm, optional

    Returns
    -------
    DataFrame
        Columns region, level, plan_to_date, actual_to_date, completion (to date), task (year), outlook
        (year's end), outlook_completion, shortfall (task less outlook, yuan, not below 0), chance (to make
        the task), tracking_signal (cumulative gap / mean absolute gap), basis (``forecast``, ``run_rate``,
        ``closed``), needs_help (flag), reason (Chinese). The lowest chance first within each level.

    Raises
    ------
    TableError
        A month in which some regions have figures and others not, tasks that are not positive.
    MktError
        No month in common, more than one year, two levels mixed, a forecast that lacks months to come.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.RegionTree.from_table(pd.DataFrame({"region": ["N", "a"], "name": ["N", "a"],
    ...     "level": ["nation", "city"], "parent": [None, "N"]}))
    >>> quarters = pd.period_range("2025Q1", "2025Q4", freq="Q")
    >>> plan = pd.DataFrame({"region": "a", "period": quarters, "value": 100.0})
    >>> sold = pd.DataFrame({"region": "a", "period": quarters[:3], "value": [80.0, 90.0, 85.0]})
    >>> year_outlook(plan, sold, tree)[["region", "outlook", "needs_help"]].values.tolist()
    [['N', 340.0, True], ['a', 340.0, True]]
    """
    alarm = alarm or Alarm()
    wide = _grids(plan, actual, tree)
    parts = []
    for name in wide.levels:
        up = tree.parents(name, wide.plan.index)
        here = up.notna().to_numpy()
        groups = up[here].to_numpy()
        tasks = wide.plan[here].groupby(groups).sum()
        sold = wide.actual[here].groupby(groups).sum()
        parts.append(_level(tasks, sold, forecast, alarm).assign(level=name))
    table = pd.concat(parts).rename_axis("region").reset_index()
    order = table["level"].map({name: i for i, name in enumerate(wide.levels)})
    table = table.assign(order=order).sort_values(["order", "chance", "region"], ignore_index=True)
    columns = ["region", "level", "plan_to_date", "actual_to_date", "completion", "task", "outlook"]
    columns += [
        "outlook_completion",
        "shortfall",
        "chance",
        "tracking_signal",
        "basis",
        "needs_help",
        "reason",
    ]
    return named(table[columns], "outlook")


class _Grids:
    """Plan (all periods) and actual (periods so far) as regions x periods, and the levels to report."""

    def __init__(self, plan: pd.DataFrame, actual: pd.DataFrame, levels: tuple[str, ...]):
        self.plan = plan
        self.actual = actual
        self.levels = levels


def _grids(plan: pd.DataFrame, actual: pd.DataFrame, tree) -> _Grids:
    for table in (plan, actual):
        check_table(table, PANEL)
    if plan["period"].dtype != actual["period"].dtype or season_of(plan["period"].dtype) == 1:
        raise MktError("计划与实际应同为月度或季度数据；年度任务先用 split_target 或 quota_months 分解")
    if plan["period"].dt.year.nunique() != 1:
        raise MktError("计划应只有一年")
    level = tree.level_of(plan["region"].unique()).unique()
    if len(level) != 1:
        raise MktError(f"计划应按同一层级的地区编制，现有：{'、'.join(level)}")
    tasks = plan.pivot(index="region", columns="period", values="value").sort_index(axis=1)
    sold = actual[actual["period"].isin(tasks.columns)].pivot(
        index="region", columns="period", values="value"
    )
    sold = sold.dropna(how="all", axis=1).sort_index(axis=1)
    problems = [
        {"row": region, "column": "region", "problem": "有实际销售，没有计划"}
        for region in sold.index.difference(tasks.index)
    ]
    sold = sold.reindex(tasks.index)
    for grid, text in (
        (tasks, "缺少计划（缺失不是 0）"),
        (sold, "同期其他地区有实际数，这里缺失（缺失不是 0）"),
    ):
        at = np.argwhere(grid.isna().to_numpy())
        problems += [{"row": grid.index[r], "column": str(grid.columns[c]), "problem": text} for r, c in at]
    problems += [
        {"row": region, "column": "task", "problem": "全年任务应为正数"}
        for region in tasks.index[tasks.sum(axis=1) <= 0]
    ]
    if problems:
        raise TableError(pd.DataFrame(problems))
    if sold.shape[1] == 0:
        raise MktError("计划的年度里还没有实际数")
    expected = tasks.columns[: sold.shape[1]]
    if not sold.columns.equals(expected):
        raise MktError(f"实际数应从年初起连续，缺：{'、'.join(map(str, expected.difference(sold.columns)))}")
    return _Grids(tasks, sold, tree.levels[: tree.levels.index(level[0]) + 1])


def _level(tasks: pd.DataFrame, sold: pd.DataFrame, forecast, alarm: Alarm) -> pd.DataFrame:
    """Outlook of the regions of one level."""
    done = sold.shape[1]
    to_date = tasks.iloc[:, :done]
    rest = tasks.iloc[:, done:]
    actual = sold.sum(axis=1)
    target = tasks.sum(axis=1)
    mean, sd, basis = _rest(to_date, sold, rest, forecast, alarm)
    outlook = actual + mean
    gap = sold - to_date
    spread = gap.abs().mean(axis=1)
    signal = (gap.sum(axis=1) / spread).where(spread > 0, 0.0)
    chance = _chance(target - actual, mean, sd)
    table = pd.DataFrame(
        {
            "plan_to_date": to_date.sum(axis=1),
            "actual_to_date": actual,
            "completion": (actual / to_date.sum(axis=1)).where(to_date.sum(axis=1) > 0),
            "task": target,
            "outlook": outlook,
            "outlook_completion": outlook / target,
            "shortfall": (target - outlook).clip(lower=0.0),
            "chance": chance,
            "tracking_signal": signal,
            "basis": basis,
        }
    )
    unlikely = table["chance"] < alarm.chance
    biased = (table["tracking_signal"] < -alarm.signal) & (table["outlook_completion"] < 1)
    reason = np.where(unlikely, f"达成把握低于 {alarm.chance:.0%}", "")
    reason = np.where(biased & ~unlikely, f"跟踪信号低于 -{alarm.signal:g}：持续落后于计划", reason)
    return table.assign(needs_help=unlikely | biased, reason=reason)


def _rest(to_date, sold, rest, forecast, alarm: Alarm):
    """Mean and spread of what is still to come, by region, and where they come from."""
    rate = (sold.sum(axis=1) / to_date.sum(axis=1)).where(to_date.sum(axis=1) > 0, 1.0)
    mean = rest.sum(axis=1) * rate
    sd = _run_rate_sd(to_date, sold, rest)
    basis = pd.Series("run_rate" if rest.shape[1] else "closed", rest.index)
    if forecast is None or not rest.shape[1]:
        return mean, sd, basis
    ahead = forecast[forecast["period"].isin(rest.columns) & forecast["region"].isin(rest.index)]
    counts = ahead.groupby("region")["period"].nunique().reindex(rest.index)
    partly = counts[(counts > 0) & (counts < rest.shape[1])]
    if len(partly):
        raise MktError(f"预测缺少余下的时期：{'、'.join(partly.index[:20])}")
    z = NormalDist().inv_cdf(0.5 + alarm.coverage / 2)
    half = np.maximum(ahead["upper"] - ahead["mean"], ahead["mean"] - ahead["lower"])
    by_region = ahead.assign(sd=half / z).groupby("region")
    square = by_region["sd"].agg(lambda s: (s**2).sum())
    # var(sum) = sum of variances + rho x all cross products
    total = np.sqrt((1 - alarm.correlation) * square + alarm.correlation * by_region["sd"].sum() ** 2)
    known = counts.notna()
    mean = mean.mask(known, by_region["mean"].sum().reindex(rest.index))
    sd = sd.mask(known, total.reindex(rest.index))
    return mean, sd, basis.mask(known, "forecast")


def _run_rate_sd(to_date, sold, rest) -> pd.Series:
    """Scatter of the periods' completion around the rate, carried to the rest with the rate's own error."""
    n = sold.shape[1]
    ratio = sold / to_date.where(to_date > 0)
    scatter = ratio.std(axis=1, ddof=1) if n > 1 else pd.Series(np.nan, sold.index)
    scatter = scatter.fillna(scatter.median()).fillna(0.1)  # one period only: a tenth, an assumption
    alone = np.sqrt((rest**2).sum(axis=1))
    return scatter * np.sqrt(alone**2 + rest.sum(axis=1) ** 2 / n)


def _chance(needed: pd.Series, mean: pd.Series, sd: pd.Series) -> pd.Series:
    """Chance that the rest reaches what is still needed; without spread it is sure or lost."""
    normal = NormalDist()
    values = [
        float(m >= need) if not s > 0 else 1 - normal.cdf((need - m) / s)
        for need, m, s in zip(needed, mean, sd, strict=True)
    ]
    return pd.Series(values, needed.index)
