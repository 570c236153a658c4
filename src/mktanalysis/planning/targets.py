"""A year's target split into months or quarters.

Always holds: the parts of a split sum to the year exactly.
"""

from __future__ import annotations

import pandas as pd

from ..errors import MktError
from ..schemas import PANEL, check_table, season_of
from ..words.render import named


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
    ordered = table[["region", "period", "value"]].sort_values(["region", "period"], ignore_index=True)
    return named(ordered, "targets")
