"""A capacity forecast, as any tool writes it, as yearly figures of market units.

Always holds: every unit has one figure for every year of the horizon, made of whole years - a figure given
twice, a year with months missing, or a year left out is an error, never a sum or a gap.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError, TableError

#: Frequency of the periods -> how many make a year.
PARTS = {"Y": 1, "A": 1, "Q": 4, "M": 12}
#: 80 % intervals of a forecast lie this many standard deviations around the mean.
Z80 = 1.2816


def capacity_paths(forecast: pd.DataFrame, units: pd.Index, years) -> np.ndarray:
    """Yearly capacity of each unit, shape (units, years), from ``region, period, mean`` (or ``value``);
    months and quarters are summed.
    """
    column = "mean" if "mean" in forecast else "value"
    return _yearly(forecast, [column], units, years)[column]


def relative_sd(forecast: pd.DataFrame, units: pd.Index, years) -> np.ndarray:
    """Standard deviation over mean of each unit and year, from ``mean, lower, upper`` (80 %); months of a
    year err together.
    """
    found = _yearly(forecast, ["mean", "lower", "upper"], units, years)
    spread = found["upper"] - found["lower"]
    mean = found["mean"]
    if (spread < 0).any():
        bad = units[(spread < 0).any(axis=1)]
        raise TableError(_problems("lower", bad, "预测区间的下限高于上限"))
    return np.divide(spread / (2 * Z80), mean, out=np.zeros_like(mean), where=mean > 0)


def first_year(forecast: pd.DataFrame, units: pd.Index) -> int | None:
    """First year of which a forecast says anything about these units."""
    if "region" not in forecast or "period" not in forecast:
        return None
    rows = forecast[forecast["region"].isin(units)]
    return int(_years(rows["period"])[0].min()) if len(rows) else None


def _problems(column: str, codes, text: str) -> pd.DataFrame:
    return pd.DataFrame({"column": column, "value": list(codes), "problem": text})


def _yearly(forecast: pd.DataFrame, columns: list[str], units: pd.Index, years) -> dict[str, np.ndarray]:
    if absent := [name for name in ("region", "period", *columns) if name not in forecast]:
        raise MktError(f"容量预测缺少列：{'、'.join(absent)}；应有 region、period 和 mean（或 value）")
    rows = forecast[forecast["region"].isin(units)]
    year, parts = _years(rows["period"])
    rows = rows.assign(year=year)
    key = ["region", "period" if parts > 1 else "year"]
    if (again := rows.duplicated(key)).any():
        raise TableError(
            _problems("period", rows.loc[again, "region"].unique(), "容量预测中同一时期有两个数")
        )
    found = {}
    for name in columns:
        table = rows.pivot_table(index="region", columns="year", values=name, aggfunc=["sum", "count"])
        total = table["sum"].where(table["count"] == parts) if len(table) else pd.DataFrame()
        total = total.reindex(index=units, columns=list(years))
        if (bad := total.isna() | (total < 0) | np.isinf(total)).any(axis=None):
            short = [str(year) for year in total.columns[bad.any()]]
            text = f"容量预测缺少、不足一年或为负：{'、'.join(short)} 年"
            raise TableError(_problems(name, total.index[bad.any(axis=1)], text))
        found[name] = total.to_numpy(dtype=float)
    return found


def _years(period: pd.Series) -> tuple[pd.Series, int]:
    """The year of each row, and how many rows make a year."""
    if isinstance(period.dtype, pd.PeriodDtype):
        parts = PARTS.get(str(period.dtype)[len("period[")])
        if parts is None:
            raise MktError(f"容量预测的时期应为年、季或月，给出的是 {period.dtype}")
        return period.dt.year, parts
    if pd.api.types.is_datetime64_any_dtype(period):
        return period.dt.year, 1
    year = pd.to_numeric(period, errors="coerce")
    if (year.isna() | (year % 1 != 0)).any():
        raise MktError(
            f"容量预测的时期应为年份或时期，读不懂：{period[year.isna()].astype(str).iloc[:3].tolist()}"
        )
    return year.astype(int), 1
