"""A year of which some months are known, completed with the error that this has had before.

Always holds: the estimate of a whole year rests on no month that was not known at that point of the year;
its error is measured on past years at the same month, so that two months say less than ten.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ...errors import MktError

#: Share of past errors that the stated error covers as a normal interval does: a few years of upheaval
#: (2020, 2021) are told by it without ruling it.
COVERED = 0.8
#: Fewer past years say nothing about the error.
MIN_YEARS = 5


def complete_year(to_date: pd.DataFrame) -> pd.DataFrame:
    """Estimate the growth of a running year from its growth to date (年内累计补全).

    The whole year is taken to grow as its months so far, against the same months of the year before (so
    the season drops out); the error is what that has missed whole years by, at the same month.

    Parameters
    ----------
    to_date : DataFrame
        Columns region, period (months), growth: growth of the year up to this month over the same months
        of the year before, as a ratio (0.012). One row or more a year; past years up to December.

    Returns
    -------
    DataFrame
        Columns region, period (years), value (growth of the year), error (standard deviation of its log; 0 of
        a year known to December), months (how many are known): every year.

    Raises
    ------
    MktError
        Fewer than five past years with this month and December.

    Examples
    --------
    >>> months = [f"{y}-{m}" for y in range(2015, 2021) for m in ("07", "12")] + ["2021-07"]
    >>> months = pd.PeriodIndex(months, freq="M")
    >>> growth = [0.05, 0.06, 0.04, 0.03] * 3 + [0.05]
    >>> found = complete_year(pd.DataFrame({"region": "N", "period": months, "growth": growth}))
    >>> last = found.iloc[-1]
    >>> f"{last['value']:.3f} {last['error']:.3f} {last['months']}"
    '0.050 0.008 7'
    """
    known = to_date.dropna(subset=["growth"])
    known = known.assign(year=known["period"].dt.year, month=known["period"].dt.month)
    log = known.assign(log=np.log1p(known["growth"])).set_index(["region", "year", "month"])["log"]
    wide = log.unstack("month")
    if 12 not in wide:
        raise MktError("没有任何一年已知到 12 月：无从知道累计数与全年相差多少")
    last = known.groupby(["region", "year"])["month"].max()
    rows = []
    for (region, year), month in last.items():
        miss = (wide[12] - wide[month]).xs(region, level="region").drop(year, errors="ignore").dropna()
        if month < 12 and len(miss) < MIN_YEARS:
            raise MktError(
                f"{region} 已知到 {month} 月：至少要有 {MIN_YEARS} 个往年可核对，现有 {len(miss)} 个"
            )
        error = np.quantile(miss.abs(), COVERED) / ndtri((1 + COVERED) / 2) if month < 12 else 0.0
        growth = np.expm1(wide.loc[(region, year), month])
        rows.append((region, pd.Period(str(year), "Y"), growth, error, int(month)))
    return pd.DataFrame(rows, columns=["region", "period", "value", "error", "months"])
