"""What changed since the last forecast, and why.

Always holds: the parts of a change add up to it.
"""

from __future__ import annotations

import pandas as pd

from ..errors import MktError
from ..words.render import named


def compare_vintages(previous: pd.DataFrame, current: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """What changed since the last forecast (与上次预测相比): figures that came in, and revisions of what
    is ahead.

    Parameters
    ----------
    previous, current : DataFrame
        From ``predict``, the earlier and the later one.
    history : DataFrame
        Columns region, period, value: the figures that came in.

    Returns
    -------
    DataFrame
        Columns region, level, period, kind (``actual`` for a period that has come in, ``forecast`` for
        one still ahead), previous, now (the actual, or the current mean), change (now / previous - 1),
        inside (whether now lies in the previous interval).
    """
    for name, table in (("previous", previous), ("current", current)):
        missing = {"region", "level", "period", "mean", "lower", "upper"} - set(table.columns)
        if missing:
            raise MktError(f"{name} 应是 predict 的结果，缺少列：{'、'.join(sorted(missing))}")
    actual = history[["region", "period", "value"]].rename(columns={"value": "now"}).assign(kind="actual")
    ahead = current[["region", "period", "mean"]].rename(columns={"mean": "now"}).assign(kind="forecast")
    table = previous.merge(pd.concat([actual, ahead]), on=["region", "period"])
    if table.empty:
        raise MktError("两次预测没有共同的地区和时期")
    table = table.assign(
        previous=table["mean"],
        change=(table["now"] / table["mean"] - 1).where(table["mean"] > 0),
        inside=table["now"].between(table["lower"], table["upper"]),
    )
    columns = ["region", "level", "period", "kind", "previous", "now", "change", "inside"]
    return named(table[columns], "vintages")
