"""Which year is meant where none is given: one place for every command, notebook and report.

Always holds: what is shown as published is of the newest year that is complete; what is planned starts from
the year that figures are carried to, and its first year is the next one.
"""

from __future__ import annotations

from ...datasets import load_table
from ...datasets.own import cached
from ...errors import MktError

#: Panels that later figures are known for, and so can be carried to today.
BRIDGED = ("retail_sales", "gdp")
#: A year is complete when it has figures of this share of as many cities as the fullest year has.
COMPLETE = 0.9


def newest_year(indicator: str = "retail_sales") -> int:
    """Return the newest year with published figures of the cities (最新完整年).

    The default year of whatever shows published figures: tiers, maps, lists, scores.

    Examples
    --------
    >>> newest_year(), newest_year("average_wage")
    (2023, 2022)
    """
    return _newest_year(indicator)


@cached
def _newest_year(indicator: str) -> int:
    table = load_table("city_indicators")
    rows = table[(table["indicator"] == indicator) & (table["status"] == "observed")]
    if rows.empty:
        raise MktError(f"没有市级指标 {indicator!r}，可用：{'、'.join(table['indicator'].unique())}")
    count = rows["period"].dt.year.value_counts()
    return int(count.index[count >= COMPLETE * count.max()].max())


def carried_year(indicator: str = "retail_sales") -> int:
    """Return the year that the cities' figures are carried to by what is known since (补到哪一年).

    The year of market units, capacities, budgets; a plan's first year is the one after.

    Examples
    --------
    >>> carried_year(), carried_year("gdp")
    (2026, 2024)
    """
    return _carried_year(indicator)


@cached
def _carried_year(indicator: str) -> int:
    if indicator not in BRIDGED:
        return newest_year(indicator)
    if indicator == "retail_sales":
        known = load_table("national_retail_monthly")["period"]
    else:
        table = load_table("province_indicators")
        known = table.loc[table["indicator"] == indicator, "period"]
    return max(int(known.dt.year.max()), newest_year(indicator))
