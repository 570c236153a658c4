"""What an indicator table must satisfy before it is scored.

Always holds: nothing is repaired here; every faulty cell of a table is named at once; a cell that is
merely extreme is an error only if its own region's other indicators, or a gap to every other region, say that
the unit must be wrong.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import MktError, TableError

#: Units slip by powers of ten (万, 亿); a true extreme seldom stands this far from everything comparable.
UNIT_FACTOR = 100.0
#: ... and this many robust standard deviations, so that a wide but even spread is no fault.
UNIT_DEVIATIONS = 6.0
#: Only an indicator that follows a region's other indicators this closely is judged by them.
CLOSE_CORRELATION = 0.8


class TierError(MktError, ValueError):
    """Regions that cannot be tiered as asked; a ValueError too, as scikit-learn expects of an estimator."""


def wide_indicators(indicators: pd.DataFrame) -> pd.DataFrame:
    """One row a region and one column an indicator, sorted by region code, from the long or the wide form.

    Parameters
    ----------
    indicators : DataFrame
        Long (columns ``region``, ``period``, ``indicator``, ``value``; one period) or wide (index
        ``region``, a numeric column per indicator).

    Returns
    -------
    DataFrame

    Raises
    ------
    TableError
        Text cells, infinite values or a region twice.
    MktError
        Several periods in a long table, or nothing in it.

    Examples
    --------
    >>> long = pd.DataFrame({"region": ["b", "a"], "period": pd.PeriodIndex(["2020", "2020"], freq="Y"),
    ...                      "indicator": "gdp", "value": [1.0, 2.0]})
    >>> wide_indicators(long)["gdp"].to_dict()
    {'a': 2.0, 'b': 1.0}
    """
    if {"region", "indicator", "value"} <= set(indicators.columns):
        _one_period(indicators)
        keys = indicators.duplicated(["region", "indicator"])
        _raise_cells(indicators[keys], "indicator", "同一地区同一指标有两个数值")
        indicators = indicators.pivot(index="region", columns="indicator", values="value")
        indicators.columns.name = None
    if indicators.empty:
        raise TierError("指标表是空的：没有地区或没有指标")
    _raise_cells(_twice(indicators), None, "地区代码重复")
    text = [name for name in indicators if not pd.api.types.is_numeric_dtype(indicators[name])]
    if text:
        raise TableError(
            pd.DataFrame({"column": text, "problem": "应为数字列；请先用 read_table 读入并核对"})
        )
    wide = indicators.sort_index().astype(float)
    _raise_where(np.isinf(wide), wide, "不是有限的数")
    return wide


def _one_period(indicators: pd.DataFrame) -> None:
    periods = indicators["period"].unique() if "period" in indicators else [None]
    if len(periods) > 1:
        shown = "、".join(map(str, sorted(periods)[:5]))
        raise MktError(f"评分只用一个时期，表中却有 {len(periods)} 个（{shown} ...）；请先选定一个时期")


def _twice(indicators: pd.DataFrame) -> pd.DataFrame:
    repeated = indicators.index[indicators.index.duplicated()]
    return pd.DataFrame({"region": repeated, "value": repeated})


def _raise_cells(rows: pd.DataFrame, column: str | None, problem: str) -> None:
    if len(rows):
        names = rows[column] if column else ""
        raise TableError(
            pd.DataFrame({"row": rows["region"], "column": names, "value": rows["value"], "problem": problem})
        )


def _raise_where(mask: pd.DataFrame, wide: pd.DataFrame, problem: str) -> None:
    """Raise a TableError that names every cell of `wide` where `mask` holds."""
    at = np.argwhere(np.asarray(mask))
    if len(at):
        raise TableError(
            pd.DataFrame(
                {
                    "row": wide.index[at[:, 0]],
                    "column": wide.columns[at[:, 1]],
                    "value": wide.to_numpy()[at[:, 0], at[:, 1]],
                    "problem": problem,
                }
            )
        )


def check_domain(wide: pd.DataFrame, transforms: pd.Series) -> None:
    """Raise unless every value may be transformed: logs need positive, roots non-negative values."""
    log = wide[transforms.index[transforms == "log"]]
    root = wide[transforms.index[transforms == "sqrt"]]
    _raise_where(log < 0, log, "取对数的指标不能为负")
    _raise_where(log == 0, log, "取对数的指标不能为零：缺数据请留空，确为零请改用 transform='sqrt'")
    _raise_where(root < 0, root, "开方的指标不能为负")


def suspect_units(wide: pd.DataFrame) -> pd.DataFrame:
    """Cells that look as if they were in another unit (疑似单位错误).

    A positive value is suspect if it stands more than 100 times, and 6 robust standard deviations, away from
    what the same region's other indicators suggest, or if no other region comes within a factor of 100
    of it.

    Parameters
    ----------
    wide : DataFrame
        Index region, one column an indicator.

    Returns
    -------
    DataFrame
        Same shape, True for a suspect cell.

    Examples
    --------
    >>> gdp = pd.DataFrame({"gdp": [3.0, 5e4, 4.0, 6.0, 2.0, 7.0]}, index=list("abcdef"))
    >>> suspect_units(gdp)["gdp"].tolist()
    [False, True, False, False, False, False]
    """
    logs = np.log(wide.where(wide > 0))
    logs = logs - logs.median()
    gaps = logs.apply(_gap_to_others)
    far = logs.abs() > UNIT_DEVIATIONS * _robust_spread(logs)
    suspect = (gaps > np.log(UNIT_FACTOR)) & far
    if wide.shape[1] >= 3:
        # the median of the region's other indicators stands for the size it ought to have
        others = pd.concat({name: logs.drop(columns=name).median(axis=1) for name in logs}, axis=1)
        # ... where the indicator follows size closely: a rank correlation, which one slip cannot move
        follows = pd.Series({name: rank_correlation(logs[name], others[name]) for name in logs})
        follows = follows >= CLOSE_CORRELATION
        off = (logs - others).where(follows, axis=1)
        off = off - off.median()
        spread = _robust_spread(off)
        suspect |= (off.abs() > np.log(UNIT_FACTOR)) & (off.abs() > UNIT_DEVIATIONS * spread)
    return suspect


def rank_correlation(a: pd.Series, b: pd.Series) -> float:
    """Spearman's correlation of what both know; NaN where one of them does not vary.

    Examples
    --------
    >>> rank_correlation(pd.Series([1, 2, 3]), pd.Series([1, 9, 10]))
    1.0
    >>> rank_correlation(pd.Series([1, 1]), pd.Series([1, 2]))
    nan
    """
    both = pd.DataFrame({"a": a, "b": b}).dropna().rank()
    if both["a"].nunique() < 2 or both["b"].nunique() < 2:
        return float("nan")
    return round(float(np.corrcoef(both["a"], both["b"])[0, 1]), 12)


def _robust_spread(table: pd.DataFrame) -> pd.Series:
    return (1.4826 * (table - table.median()).abs().median()).clip(lower=0.1)


def _gap_to_others(column: pd.Series) -> pd.Series:
    """Distance of each value to its nearest neighbour on the line."""
    ordered = column.dropna().sort_values(kind="stable")
    step = ordered.diff().to_numpy()
    nearest = np.fmin(step, np.append(step[1:], np.nan))
    return pd.Series(nearest, ordered.index).reindex(column.index)


def check_units(wide: pd.DataFrame) -> None:
    """Raise a TableError that names every cell :func:`suspect_units` finds."""
    _raise_where(
        suspect_units(wide),
        wide,
        "与其他地区或本地区其他指标相差百倍以上，疑似单位错误；确认无误可设 check_units=False",
    )
