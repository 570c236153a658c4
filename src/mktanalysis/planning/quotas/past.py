"""What the past says about quotas: the ratchet, and how each method would have done.

Always holds: a method is judged only on years after those it was given, with the year's true total, so
that the split alone is judged and not the forecast of the total.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from ...errors import MktError
from ...schemas import PANEL, check_table
from ...words.render import named
from .projection import project
from .quotas import yearly_sales
from .rules import METHODS, QuotaRule, prefer_quotas

#: Methods that need nothing but past sales.
_PLAIN = ("growth", "shrunk_growth", "smoothed_share")


def ratchet_check(quotas: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Whether good years were punished by higher tasks (鞭打快牛): attainments of years that follow each
    other.

    Parameters
    ----------
    quotas, actual : DataFrame
        Columns region, period (yearly), value, yuan.

    Returns
    -------
    DataFrame
        One row a pair of years and one ``all`` (deviations from each year's mean, pooled): columns pair,
        n_regions, correlation (of log attainment, actual / quota, with the next year's), raise_slope
        (log growth of the task per log attainment of the year before; 1: all of a surplus is added to the
        next task). A correlation well below 0 is the mark of a ratchet: tasks set by last year's sales alone
        give -0.5 where sales vary around a level.

    Raises
    ------
    MktError
        No two years in a row with three regions at least, tasks or sales that are not positive.

    Examples
    --------
    >>> years = pd.PeriodIndex(["2021", "2022"] * 3, freq="Y")
    >>> at = ["a", "a", "b", "b", "c", "c"]
    >>> task = pd.DataFrame({"region": at, "period": years, "value": [10, 12.0, 10, 10.0, 10, 8.0]})
    >>> sold = pd.DataFrame({"region": at, "period": years, "value": [12, 10.0, 10, 10.0, 8, 10.0]})
    >>> ratchet_check(task, sold)["correlation"].round(2).tolist()
    [-1.0, -1.0]
    """
    keys = ["region", "period"]
    both = check_table(quotas, PANEL)[[*keys, "value"]].merge(
        check_table(actual, PANEL)[[*keys, "value"]], on=keys, suffixes=("_quota", "_actual")
    )
    both = both.dropna()
    if (both[["value_quota", "value_actual"]] <= 0).any(axis=None):
        raise MktError("检查鞭打快牛需要正的任务和销售额")
    rate = np.log(both["value_actual"] / both["value_quota"])
    wide = both.assign(rate=rate, task=np.log(both["value_quota"])).pivot(index="region", columns="period")
    rows = []
    pooled = []
    periods = wide["rate"].columns
    for now, later in itertools.pairwise(periods):
        pair = pd.DataFrame(
            {
                "now": wide["rate"][now],
                "next": wide["rate"][later],
                "growth": wide["task"][later] - wide["task"][now],
            }
        ).dropna()
        if later - now == periods.freq and len(pair) >= 3:
            pooled.append(pair - pair.mean())
            rows.append({"pair": f"{now}→{later}", **_ratchet(pooled[-1])})
    if not rows:
        raise MktError("没有相邻两年都有任务和销售额的三个以上地区")
    rows.append({"pair": "all", **_ratchet(pd.concat(pooled))})
    return named(pd.DataFrame(rows), "ratchet")


def _ratchet(pair: pd.DataFrame) -> dict:
    """Correlation and slope of deviations from the mean."""
    spread = (pair["now"] ** 2).sum()
    scale = np.sqrt(spread * (pair["next"] ** 2).sum())
    return {
        "n_regions": len(pair),
        "correlation": (pair["now"] * pair["next"]).sum() / scale if scale > 0 else np.nan,
        "raise_slope": (pair["now"] * pair["growth"]).sum() / spread if spread > 0 else np.nan,
    }


def compare_quota_methods(
    history: pd.DataFrame,
    tree,
    *,
    methods: tuple[str, ...] = _PLAIN,
    capacity: pd.Series | None = None,
    target_share: float | None = None,
) -> pd.DataFrame:
    """How each way of splitting would have done on the company's own past (各方法回看).

    Each year that has enough years before it is split by every method with its true total; nothing later
    is used.

    Parameters
    ----------
    history : DataFrame
        Columns region, period (yearly), value, yuan; regions of one level, every region in every year.
    tree : RegionTree
    methods : tuple of str
        Of ``growth``, ``shrunk_growth``, ``smoothed_share``, ``potential_pull``.
    capacity, target_share
        For ``potential_pull``; today's capacity, so its past looks better than it was.

    Returns
    -------
    DataFrame
        Columns region, year, method, quota, actual, attainment (actual / quota), met (flag). Spread and
        share met: :func:`quota_spread`.

    Raises
    ------
    MktError
        Fewer than four years, or a method that needs forecasts (judge those with ``backtest``).
    """
    unknown = [name for name in methods if name not in METHODS or name.startswith("equal")]
    if unknown:
        raise MktError(f"不能回看的方法：{'、'.join(unknown)}（需要当时的预测）")
    sales = yearly_sales(history, tree, None)
    if sales.isna().any(axis=None):
        gaps = sales.index[sales.isna().any(axis=1)]
        raise MktError(f"回看需要每年的数，缺年份的地区：{'、'.join(gaps[:20])}")
    years = list(sales.columns)
    if len(years) < 4:
        raise MktError(f"回看至少需要四年，现有 {len(years)} 年")
    parts = []
    for at in range(3, len(years)):
        actual = sales[years[at]]
        for name in methods:
            rule = QuotaRule(method=name, target_share=target_share)
            wish = prefer_quotas(rule, sales[years[:at]], actual.sum(), capacity, None)
            quota = project(actual.sum(), wish.prefer, weight=wish.weight)
            parts.append(
                pd.DataFrame(
                    {
                        "region": sales.index,
                        "year": int(years[at]),
                        "method": name,
                        "quota": quota.to_numpy(),
                        "actual": actual.to_numpy(),
                    }
                )
            )
    table = pd.concat(parts, ignore_index=True)
    rate = (table["actual"] / table["quota"]).where(table["quota"] > 0)
    judged = table.assign(attainment=rate, met=table["actual"] >= table["quota"])
    return named(judged, "quota_methods")


def quota_spread(compared: pd.DataFrame) -> pd.DataFrame:
    """How evenly each method's tasks were met: from :func:`compare_quota_methods`, by method and year.

    Returns
    -------
    DataFrame
        Columns method, year (``all`` for all years), spread (standard deviation of log attainment), met_share
        (regions that met their task), lowest (attainment), n_regions.
    """
    rows = []
    years = [("all", compared), *((str(y), part) for y, part in compared.groupby("year"))]
    for year, part in years:
        for name, group in part.groupby("method", sort=False):
            rate = np.log(group["attainment"].where(group["attainment"] > 0))
            rows.append(
                {
                    "method": name,
                    "year": year,
                    "spread": rate.std(ddof=0),
                    "met_share": group["met"].mean(),
                    "lowest": group["attainment"].min(),
                    "n_regions": len(group),
                }
            )
    return named(pd.DataFrame(rows), "quota_methods")
