"""Rivals that come anew: the chance that one enters a unit, year by year.

Always holds: a table of chances is checked at once, before any plan; without one, rivals enter nowhere.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import TableError
from ...regions import RegionTree
from ...schemas import REGION, Column, Schema, check_table

#: Where a strong rival may enter: one row a unit and year; years that are not listed have a chance of nought.
#: `EntryModel.probability` gives such a table.
RIVAL_ENTRIES = Schema(
    "rival_entries",
    (
        REGION,
        Column("year", "number", "calendar year (年份)", low=1900),
        Column(
            "probability",
            "number",
            "chance that a rival first enters in this year (对手进入概率)",
            "share",
            low=0,
            high=1,
        ),
    ),
    key=("region", "year"),
)
COLUMNS = ("region", "year", "probability")


def checked_entries(table: pd.DataFrame | None, codes: pd.Index, tree: RegionTree) -> pd.DataFrame | None:
    """The chances of rivals' entries into the units of a market, if there are any.

    Raises
    ------
    TableError
        With every problem: chances outside 0 to 1, a unit and year twice, chances of a unit that add up to
        more than 1, regions that the tree has not.
    """
    if table is None or len(table) == 0:
        return None
    check_table(table, RIVAL_ENTRIES)
    unknown = pd.unique(table.loc[~table["region"].isin(tree.regions), "region"])
    rows = [{"column": "region", "value": code, "problem": "地区代码不在地区树中"} for code in unknown]
    total = table.groupby("region")["probability"].sum()
    rows += [
        {"column": "probability", "value": code, "problem": f"各年概率合计 {total[code]:.2f}，超过 1"}
        for code in total.index[total > 1 + 1e-9]
    ]
    if rows:
        raise TableError(pd.DataFrame(rows))
    return table.loc[table["region"].isin(codes), list(COLUMNS)].reset_index(drop=True)


def arrival_chances(table: pd.DataFrame | None, codes: pd.Index, years) -> np.ndarray | None:
    """Chance that a rival has come by each year, shape (units, years); None without any.

    Examples
    --------
    >>> table = pd.DataFrame({"region": ["a"], "year": [2027], "probability": [0.2]})
    >>> arrival_chances(table, pd.Index(["a", "b"]), range(2026, 2029)).round(2).tolist()
    [[0.0, 0.2, 0.2], [0.0, 0.0, 0.0]]
    """
    if table is None:
        return None
    wide = table.pivot(index="region", columns="year", values="probability")
    wide.columns = wide.columns.astype(int)
    first = wide.reindex(index=codes, columns=list(years)).fillna(0.0).to_numpy(dtype=float)
    if not first.any():
        return None
    return np.minimum(np.cumsum(first, axis=1), 1.0)
