"""Checks of the figures that a ranking of entries is made from.

Always holds: a figure is a number and is given once for each region, or the message says where it is not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError


def check_figures(what: str, values: pd.Series) -> None:
    """Refuse figures that are no numbers or are given twice for a region."""
    if (again := values.index[values.index.duplicated()]).size:
        raise MktError(f"{what}中有重复的地区：{'、'.join(map(str, again.unique()[:10]))}")
    if not pd.api.types.is_numeric_dtype(values):
        raise MktError(f"{what}应为数，给出的类型是 {values.dtype}")


def check_columns(table: pd.DataFrame, names: tuple[str, ...], what: str) -> None:
    if absent := [name for name in names if name not in table]:
        raise MktError(f"{what}缺少列：{'、'.join(absent)}")


def check_potential(potential) -> None:
    """A figure a region; as a table, one column a year."""
    if isinstance(potential, pd.Series):
        check_figures("潜力", potential)
        return
    years = pd.to_numeric([getattr(c, "year", c) for c in potential.columns], errors="coerce")
    if len(years) == 0 or np.isnan(years).any():
        raise MktError(
            f"潜力表的列应为年份，给出的是：{'、'.join(map(str, potential.columns[:5])) or '（没有列）'}"
        )
    for column in potential.columns:
        check_figures("潜力", potential[column])
