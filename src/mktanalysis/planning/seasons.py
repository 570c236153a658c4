"""Peak and slack months (旺季、淡季) as an index.

Always holds: the indices of a year average to one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import MktError
from ..schemas import PANEL, check_table, season_of


def seasonal_index(panel: pd.DataFrame, *, combine_spring_festival: bool = False) -> pd.DataFrame:
    """Seasonal index by region (季节指数): peak months (旺季) above 1, slack months (淡季) below.

    Parameters
    ----------
    panel : DataFrame
        Columns region, period (monthly or quarterly), value, without gaps; at least two years.
    combine_spring_festival : bool
        Give January and February the same index: Spring Festival moves between them.

    Returns
    -------
    DataFrame
        Columns region, season (1-12 or 1-4), index (mean 1), season_type (peak, slack). Medians over the
        years of the ratio to the centred moving average.
    """
    check_table(panel, PANEL)
    per_year = season_of(panel["period"].dtype)
    if per_year == 1:
        raise MktError("年度数据没有季节：需要月度或季度数据")
    if combine_spring_festival and per_year != 12:
        raise MktError("combine_spring_festival 只用于月度数据")
    tables = [
        _one_index(part.sort_values("period"), per_year, combine_spring_festival).assign(region=region)
        for region, part in panel.dropna(subset=["value"]).groupby("region")
    ]
    table = pd.concat(tables, ignore_index=True)
    kind = np.where(table["index"] >= 1, "peak", "slack")
    return table.assign(season_type=kind)[["region", "season", "index", "season_type"]]


def _one_index(part: pd.DataFrame, per_year: int, combine: bool) -> pd.DataFrame:
    region = part["region"].iloc[0]
    values = part["value"].to_numpy(dtype=float)
    if len(values) < 2 * per_year or (values <= 0).any():
        raise MktError(f"{region}：季节指数至少需要两年的正数")
    if (part["period"].iloc[-1] - part["period"].iloc[0]).n != len(part) - 1:
        raise MktError(f"{region}：时期不连续，请先补齐")
    kernel = np.r_[0.5, np.ones(per_year - 1), 0.5] / per_year
    half = per_year // 2
    trend = np.convolve(values, kernel, mode="valid")
    place = (part["period"].dt.month if per_year == 12 else part["period"].dt.quarter).to_numpy()
    ratio = pd.Series(values[half:-half] / trend).groupby(place[half:-half]).median()
    if combine:
        ratio.loc[[1, 2]] = ratio.loc[[1, 2]].mean()
    ratio = ratio / ratio.mean()
    return pd.DataFrame({"season": ratio.index, "index": ratio.to_numpy()})
