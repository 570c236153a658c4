"""Shares that entered units have shown: what a market is known by after a year.

Always holds: a table of shares is checked at once, before any plan; what was seen before stays known until a
later year of the same unit replaces it.
"""

from __future__ import annotations

import pandas as pd

from ...errors import TableError
from ...regions import RegionTree
from ...schemas import REGION, Column, Schema, check_table

#: One row a unit and year: our own share at the end of the year. A column `phase` may say how the unit is
#: worked by now (现在的做法).
SHARES_SEEN = Schema(
    "shares_seen",
    (
        REGION,
        Column("year", "number", "at whose end the share was seen (年份)", low=1900),
        Column("share", "number", "our share in that year (份额)", "share", low=0, high=1, nullable=True),
    ),
    key=("region", "year"),
)
#: The word of `phase` for a unit that has been left.
LEFT = "撤出"


def checked_shares(
    table: pd.DataFrame | None, codes: pd.Index, tree: RegionTree, before: pd.DataFrame | None = None
) -> pd.DataFrame | None:
    """The shares seen: region, year, share, phase; those of `before` where the table has none.

    Raises
    ------
    TableError
        With every problem: shares outside 0 to 1, a unit and year twice, regions that are no units, a share
        missing where the unit has not been left.
    """
    if table is None or len(table) == 0:
        return before
    check_table(table, SHARES_SEEN)
    phase = table.get("phase", pd.Series(None, table.index, dtype=object)).astype(object)
    phase = phase.where(phase.notna(), None)
    table = table.assign(phase=phase)[["region", "year", "share", "phase"]]
    rows = [
        {"column": "region", "value": code, "problem": "不是本计划的市场单元"}
        for code in pd.unique(table.loc[~table["region"].isin(codes), "region"])
    ]
    gone = table["phase"].eq(LEFT)
    rows += [
        {"column": "share", "value": code, "problem": "没有份额；已撤出的单元请在“现在的做法”写“撤出”"}
        for code in table.loc[table["share"].isna() & ~gone, "region"]
    ]
    rows += [
        {"column": "share", "value": code, "problem": "份额应大于 0 且小于 1"}
        for code in table.loc[table["share"].isin([0.0, 1.0]) & ~gone, "region"]
    ]
    if rows:
        raise TableError(pd.DataFrame(rows))
    table = table.assign(year=table["year"].astype(int), share=table["share"].astype(float))
    if before is not None:
        table = pd.concat([before, table]).drop_duplicates(["region", "year"], keep="last")
    return table.sort_values(["region", "year"], kind="stable").reset_index(drop=True)


def newest_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Of each unit the latest year, with the latest share that is known up to then.

    Examples
    --------
    >>> table = pd.DataFrame({"region": "a", "year": [2026, 2027], "share": [0.1, None]})
    >>> newest_rows(table.assign(phase=[None, LEFT]))[["year", "share", "phase"]].values.tolist()
    [[2026, 0.1, '撤出']]
    """
    rows = []
    for code, part in table.groupby("region", sort=True):
        known = part.dropna(subset=["share"])
        last = (known if len(known) else part).iloc[-1]
        rows.append(
            {"region": code, "year": last["year"], "share": last["share"], "phase": part["phase"].iloc[-1]}
        )
    return pd.DataFrame(rows, columns=["region", "year", "share", "phase"])
