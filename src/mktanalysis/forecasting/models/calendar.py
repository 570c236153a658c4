"""Spring Festival (春节) in monthly figures: it moves between January and February.

Always holds: the effect is a factor on January and February that is neutral over the years; it is
estimated from the past alone, and only used where the past shows it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError

#: First day of the Chinese lunar year (public calendar).
NEW_YEAR = pd.to_datetime(
    [
        "1995-01-31", "1996-02-19", "1997-02-07", "1998-01-28", "1999-02-16", "2000-02-05", "2001-01-24",
        "2002-02-12", "2003-02-01", "2004-01-22", "2005-02-09", "2006-01-29", "2007-02-18", "2008-02-07",
        "2009-01-26", "2010-02-14", "2011-02-03", "2012-01-23", "2013-02-10", "2014-01-31", "2015-02-19",
        "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25", "2021-02-12", "2022-02-01",
        "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13",
        "2030-02-03", "2031-01-23", "2032-02-11", "2033-01-31", "2034-02-19", "2035-02-08", "2036-01-28",
        "2037-02-15", "2038-02-04", "2039-01-24", "2040-02-12",
    ]
)  # fmt: skip
#: Shopping for the feast: so many days up to its eve.
SHOPPING_DAYS = 21


def spring_festival(periods: pd.PeriodIndex) -> np.ndarray:
    """Share of the shopping days before Spring Festival in each month, less the month's usual share.

    Positive in January when the feast is early, in February when it is late; 0 in other months. The usual
    share is the mean over 1995-2040.

    Examples
    --------
    >>> months = pd.period_range("2023-01", "2024-02", freq="M")
    >>> share = spring_festival(months)
    >>> bool(share[0] > 0), bool(share[1] < 0), float(share[5]), bool(share[13] > 0)
    (True, True, 0.0, True)
    """
    share = _january_share()
    missing = set(periods.year[periods.month <= 2]) - set(share.index)
    if missing:
        raise MktError(f"春节日期表只到 {share.index.min()}—{share.index.max()} 年，缺少：{sorted(missing)}")
    away = share - share.mean()
    year = away.reindex(periods.year).fillna(0.0).to_numpy()
    return np.select([periods.month == 1, periods.month == 2], [year, -year], 0.0)


def _january_share() -> pd.Series:
    days = pd.Series(NEW_YEAR, index=NEW_YEAR.year)
    # Shopping days fall before the feast; those after 31 January count for February.
    february = np.clip((days - pd.to_datetime(days.index.astype(str) + "-02-01")).dt.days, 0, SHOPPING_DAYS)
    return 1.0 - february / SHOPPING_DAYS


class SpringFestival:
    """A model that looks at monthly figures without the Spring Festival effect and puts it back.

    The effect is the slope of the year-on-year log change of January and February on the change of
    :func:`spring_festival`, a series' own drawn towards that of all by its standard error; a pooled
    effect below two standard errors is not used at all.

    Parameters
    ----------
    model : str or object
        As for :class:`HierarchicalForecaster`.

    Examples
    --------
    >>> from mktanalysis.forecasting import HierarchicalForecaster
    >>> HierarchicalForecaster(SpringFestival("ets")).model.model
    'ets'
    """

    def __init__(self, model="average"):
        self.model = model


def festival_effect(history: np.ndarray, periods: pd.PeriodIndex) -> np.ndarray:
    """Effect by series (log points for the whole shopping season), 0 where the past does not show one."""
    if periods.freqstr != "M" and not periods.freqstr.startswith("M"):
        raise MktError("春节调整只用于月度数据")
    share = spring_festival(periods)
    effect = np.zeros(len(history))
    rows = np.flatnonzero((history > 0).all(axis=1))
    if len(periods) < 36 or not len(rows):
        return effect
    near = np.flatnonzero(periods.month[12:] <= 2)
    x = (share[12:] - share[:-12])[near]
    logs = np.log(history[rows])
    y = logs[:, 12:] - logs[:, :-12]
    y = y[:, near] - np.median(y, axis=1, keepdims=True)
    slope = y @ x / (x @ x)
    rest = y - slope[:, None] * x
    error = np.sqrt((rest**2).sum(axis=1) / max(len(x) - 1, 1) / (x @ x)) + 1e-12
    centre = np.median(slope)
    if np.abs(centre) < 2 * np.median(error):
        return effect
    spread = max(float(np.var(slope) - np.mean(error**2)), 1e-12)
    trust = spread / (spread + error**2)
    effect[rows] = trust * slope + (1 - trust) * centre
    return effect


def split_january_february(panel: pd.DataFrame, together: pd.DataFrame) -> pd.DataFrame:
    """Split figures that are published for January and February together (1—2 月合并公布).

    Parameters
    ----------
    panel : DataFrame
        Columns region, period (monthly), value; other months, and January and February where they are known.
    together : DataFrame
        Columns region, period (the February), value: the sum of both months.

    Returns
    -------
    DataFrame
        Columns region, period, value, status: the panel's rows (``observed``), and the split ones
        (``allocated``): by the region's median share of January in the years that have both, or, where
        no year has, by days.

    Examples
    --------
    >>> known = pd.DataFrame({"region": ["a", "a"], "value": [60.0, 40.0],
    ...     "period": pd.PeriodIndex(["2011-01", "2011-02"], freq="M")})
    >>> both = pd.DataFrame({"region": ["a"], "value": [200.0],
    ...     "period": pd.PeriodIndex(["2012-02"], freq="M")})
    >>> split_january_february(known, both)["value"].tolist()
    [60.0, 40.0, 120.0, 80.0]
    """
    if not (together["period"].dt.month == 2).all():
        raise MktError("together 的 period 应为二月")
    known = panel[["region", "period", "value"]].dropna(subset=["value"])
    clash = known.merge(together[["region", "period"]], on=["region", "period"])
    if len(clash):
        raise MktError(f"{clash['region'].iloc[0]} {clash['period'].iloc[0]} 既有单月数，又有合并数")
    dated = known.assign(year=known["period"].dt.year, month=known["period"].dt.month)
    first, second = (dated[dated["month"] == m].set_index(["region", "year"])["value"] for m in (1, 2))
    share = (first / (first + second)).dropna().groupby("region").median()
    january = together["region"].map(share).fillna(31 / 59.25).to_numpy()
    parts = [
        together[["region"]].assign(period=together["period"] - 1, value=together["value"] * january),
        together[["region", "period"]].assign(value=together["value"] * (1 - january)),
    ]
    table = pd.concat([known.assign(status="observed"), *(part.assign(status="allocated") for part in parts)])
    return table.sort_values(["region", "period"], ignore_index=True)
