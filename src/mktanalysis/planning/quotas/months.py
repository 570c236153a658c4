"""A year's tasks by month, both margins exact: every region's months and every month's regions.

Always holds: every row sums to the region's year and every column to the month's total, in whole units; no
cell is further than one unit from the exact figure.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from ...errors import InfeasibleError, MktError, TableError
from ...words.render import named

#: Rounds of proportional fitting; it ends earlier when both margins agree to a millionth of a unit.
_ROUNDS = 5000


def check_apart(regions: pd.Series, tree) -> None:
    """Refuse tasks of a region beside tasks of places inside it: their sum would count some twice (层级混用).

    Parameters
    ----------
    regions : Series
        Codes.
    tree : RegionTree

    Raises
    ------
    TableError
        Every region that lies inside another one of the list.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> check_apart(pd.Series(["320100", "330000"]), mkt.load_regions())
    """
    given = list(dict.fromkeys(regions))
    names = tree.names()
    problems = []
    for wide in given:
        inside = [region for region in tree.subtree(wide).regions if region != wide and region in given]
        text = f"与它的上级{names[wide]}同在一张任务表里"
        problems += [{"column": "region", "value": names[region], "problem": text} for region in inside]
    if problems:
        raise TableError(pd.DataFrame(problems))


def quota_months(
    quota: pd.Series,
    index: pd.DataFrame,
    *,
    year: int,
    unit: float = 1e4,
    month_totals: pd.Series | None = None,
) -> pd.DataFrame:
    """Split regions' yearly tasks into months or quarters with both margins exact (月度任务表).

    Parameters
    ----------
    quota : Series
        Index region, yuan, whole multiples of `unit`.
    index : DataFrame
        From :func:`~mktanalysis.planning.seasonal_index`: region, season, index; one region's index serves
        all.
    year : int
    unit : float
        Smallest unit, yuan.
    month_totals : Series, optional
        Index season (1-12 or 1-4), the company's total of each month, yuan, whole multiples of `unit`; the
        regions' seasons are fitted to it in proportion (iterative proportional fitting, Deming, Stephan
        1940). Default: the rounded sum of the regions' own seasons.

    Returns
    -------
    DataFrame
        Columns region, period (monthly or quarterly), value (yuan); sorted.

    Raises
    ------
    MktError
        An index that lacks a region or is neither of months nor of quarters, negative tasks.
    InfeasibleError
        Month totals that do not sum to the tasks, or that no season of the regions can meet.

    Notes
    -----
    The rounding is a flow of whole units from regions to months (Cox, Ernst 1982, controlled rounding):
    every cell is its figure rounded down or up, and the network's integrality makes it whole.

    Examples
    --------
    >>> index = pd.DataFrame({"region": "a", "season": [1, 2, 3, 4], "index": [1.0, 1.0, 1.0, 1.0]})
    >>> months = quota_months(pd.Series({"a": 5.0, "b": 5.0}), index, year=2025, unit=1.0)
    >>> wide = months.pivot(index="region", columns="period", values="value")
    >>> wide.sum(axis=1).tolist(), wide.sum(axis=0).tolist()
    ([5.0, 5.0], [3.0, 3.0, 2.0, 2.0])
    """
    quota = quota.sort_index()
    pattern = _pattern(quota, index)
    rows = quota.to_numpy(dtype=float) / unit
    _check_whole(rows, quota.index, unit)
    exact = rows[:, None] * pattern.to_numpy()  # shape (regions, seasons)
    if month_totals is not None:
        columns = _columns(rows.sum(), month_totals, unit, pattern.columns)
        exact = _fitted(exact, np.round(rows), columns)
    whole = _rounded(exact, np.round(rows))
    frequency = {12: "M", 4: "Q"}[pattern.shape[1]]
    periods = [_period(year, season, frequency) for season in pattern.columns]
    table = pd.DataFrame(whole * unit, quota.index.rename("region"), pd.PeriodIndex(periods, name="period"))
    long = table.stack().rename("value").reset_index()
    return named(long.sort_values(["region", "period"], ignore_index=True), "quota_months")


def _period(year: int, season: int, frequency: str) -> pd.Period:
    first = pd.Period(f"{year}-01", freq="M") if frequency == "M" else pd.Period(f"{year}Q1", freq="Q")
    return first + int(season) - 1


def _pattern(quota: pd.Series, index: pd.DataFrame) -> pd.DataFrame:
    """Share of the year in each season, rows as `quota`."""
    wide = index.pivot(index="region", columns="season", values="index").sort_index(axis=1)
    if wide.shape[1] not in (4, 12):
        raise MktError(f"季节指数应有 12 或 4 个时段，现有 {wide.shape[1]} 个")
    if wide.isna().any(axis=None) or (wide < 0).any(axis=None):
        raise MktError("季节指数不完整或有负数")
    missing = quota.index.difference(wide.index)
    if len(wide) == 1:
        wide = pd.DataFrame(np.repeat(wide.to_numpy(), len(quota), axis=0), quota.index, wide.columns)
    elif len(missing):
        raise MktError(f"没有季节指数的地区：{'、'.join(missing[:20])}")
    wide = wide.loc[quota.index]
    return wide.div(wide.sum(axis=1), axis=0)


def _check_whole(rows: np.ndarray, regions: pd.Index, unit: float) -> None:
    bad = regions[(rows < 0) | ~np.isclose(rows, np.round(rows), atol=1e-6)]
    if len(bad) or regions.has_duplicates:
        raise MktError(f"年度任务应为 {unit:g} 的非负整数倍，每个地区一行：{'、'.join(map(str, bad[:20]))}")


def _columns(total: float, month_totals: pd.Series, unit: float, seasons: pd.Index) -> np.ndarray:
    """The given totals of the seasons, whole and summing to the tasks."""
    given = month_totals.reindex(seasons).astype(float) / unit
    if given.isna().any() or (given < 0).any() or not np.allclose(given, given.round(), atol=1e-6):
        raise MktError(f"各月总数应齐全、非负，并为 {unit:g} 的整数倍")
    if round(given.sum()) != round(total):
        row = {"condition": "各月总数之和", "given": given.sum() * unit, "needed": total * unit}
        raise InfeasibleError("各月总数之和不等于全年任务", pd.DataFrame([row]))
    return given.round().to_numpy()


def _fitted(exact: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Scaled by rows and columns in turn until both margins hold."""
    table = exact.copy()
    for _ in range(_ROUNDS):
        sums = table.sum(axis=0)
        table *= np.divide(columns, sums, out=np.zeros_like(sums), where=sums > 0)
        sums = table.sum(axis=1)
        table *= np.divide(rows, sums, out=np.zeros_like(sums), where=sums > 0)[:, None]
        if np.abs(table.sum(axis=0) - columns).max() < 1e-6:
            return table
    raise InfeasibleError("各月总数与各地区的季节对不上：有的月份没有地区可以承担", pd.DataFrame())


def _rounded(exact: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Each cell down or up; rows as given, columns their sum down or up; the largest fractions up if free."""
    floor = np.floor(exact + 1e-6)
    fraction = np.clip(exact - floor, 0.0, 1.0)
    left_rows = rows - floor.sum(axis=1)
    left_columns = fraction.sum(axis=0)
    cells = np.arange(exact.size)
    n_columns = exact.shape[1]
    one = np.ones(exact.size)
    by_row = sparse.csr_array((one, (cells // n_columns, cells)), shape=(len(rows), exact.size))
    by_column = sparse.csr_array((one, (cells % n_columns, cells)), shape=(n_columns, exact.size))
    most = np.ceil(left_columns - 1e-6)
    least = np.floor(left_columns + 1e-6)
    first = 1e-6 * (exact.size - cells) / exact.size  # ties: the earlier region and month goes up
    found = linprog(
        -fraction.ravel() - first,
        A_ub=sparse.vstack([by_column, -by_column]),
        b_ub=np.concatenate([most, -least]),
        A_eq=by_row,
        b_eq=left_rows,
        bounds=np.column_stack([0 * one, (fraction.ravel() > 1e-6) * one]),
        method="highs-ds",
    )
    if found.status != 0:
        raise InfeasibleError("月度任务无法同时满足各地区与各月的总数", pd.DataFrame())
    return floor + np.round(found.x).reshape(exact.shape)
