"""What a table of market units and one of neighbours must be, and what stands in for gaps.

Always holds: every problem of a table is told at once, before any solver sees it; nothing is repaired, gaps
in optional columns get a default that is written here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError, TableError
from ...regions import RegionTree
from ...schemas import REGION, Column, Schema, check_table

#: What a market unit (市场单元) is; only `region` and `capacity` are needed, gaps elsewhere get defaults.
UNITS = Schema(
    "expansion_units",
    (
        REGION,
        Column("capacity", "number", "yearly sales of the category, first period (市场容量)", "yuan", low=0),
        Column(
            "growth",
            "number",
            "yearly growth of it (容量增长率)",
            "share",
            low=-1,
            nullable=True,
            required=False,
        ),
        Column(
            "own_share",
            "number",
            "our share today (现有份额)",
            "share",
            low=0,
            high=1,
            nullable=True,
            required=False,
        ),
        Column(
            "rival_strength",
            "number",
            "rivals' effort, 1 = usual (对手力度)",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "reaction",
            "number",
            "how hard rivals answer an attack, 1 = usual, 0 = not at all (对手反应)",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "n_rivals", "number", "strong rivals (强势对手数)", "count", low=0, nullable=True, required=False
        ),
        Column(
            "rival_share",
            "number",
            "share of the strongest (最强对手份额)",
            "share",
            low=0,
            high=1,
            nullable=True,
            required=False,
        ),
        Column(
            "entry_cost",
            "number",
            "paid once at entry (进入成本)",
            "yuan",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "annual_cost",
            "number",
            "fixed cost a year while held (年固定成本)",
            "yuan",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "distance_km",
            "number",
            "to its supply centre (供货距离)",
            "km",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "customers",
            "number",
            "customers to visit (客户数)",
            "count",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "year",
            "number",
            "year of the capacity figure (容量数据的年份)",
            low=1900,
            nullable=True,
            required=False,
        ),
        Column("centre", "flag", "a city centre rather than countryside (城区、省会)", required=False),
    ),
    key=("region",),
)
#: Which units touch; the distance is needed only where units have none of their own.
NEIGHBOURS = Schema(
    "expansion_edges",
    (
        REGION,
        Column("neighbor", "text", "code of the neighbouring region (相邻地区)"),
        Column("distance_km", "number", "distance of the two (距离)", "km", low=0, required=False),
    ),
    key=("region", "neighbor"),
)
#: Optional columns and what stands in for them.
DEFAULTS = {
    "growth": 0.0,
    "own_share": 0.0,
    "rival_strength": 1.0,
    "reaction": 1.0,
    "entry_cost": 0.0,
    "annual_cost": 0.0,
}


def _problems(column: str, codes, text: str) -> list[dict]:
    return [{"column": column, "value": code, "problem": text} for code in codes]


def unit_table(units: pd.DataFrame, tree: RegionTree) -> pd.DataFrame:
    """The checked units in the order of their codes, gaps of the plain columns filled."""
    if "region" not in units.columns and units.index.name == "region":
        units = units.reset_index()
    check_table(units, UNITS)
    if len(units) == 0:
        raise MktError("市场单元表是空的：至少需要一个单元")
    codes = pd.Index(units["region"])
    problems = _problems("region", codes[~codes.isin(tree.regions)], "地区代码不在地区树中")
    rivals = units[[name for name in units.columns if _is_rival(name)]]
    bad = (rivals.lt(0) | rivals.gt(1)).any(axis=1) | (rivals.sum(axis=1) > 1 + 1e-9)
    problems += _problems("rival_*", codes[bad], "对手份额应在 0 与 1 之间，且合计不超过 1")
    own = units.get("own_share", pd.Series(0.0, units.index)).fillna(0.0)
    known = (
        rivals.sum(axis=1) + units.get("rival_share", pd.Series(0.0, units.index)).fillna(0.0) * rivals.empty
    )
    problems += _problems("own_share", codes[~bad & (own + known > 1 + 1e-9)], "现有份额与对手份额合计超过 1")
    for column in UNITS.columns:
        if column.dtype == "number" and column.name in units:
            problems += _problems(column.name, codes[np.isinf(units[column.name])], "应为有限的数")
    if problems:
        raise TableError(pd.DataFrame(problems))
    levels = tree.level_of(codes)
    if levels.nunique() > 1:
        odd = codes[(levels != levels.mode()[0]).to_numpy()]
        raise MktError(
            f"市场单元应都在同一层级，现有：{'、'.join(sorted(levels.unique()))}；"
            f"与多数不同的 {len(odd)} 个：{'、'.join(odd[:5])}{'……' if len(odd) > 5 else ''}"
        )
    table = units.sort_values("region", kind="stable").reset_index(drop=True)
    filled = {
        name: table.get(name, pd.Series(value, table.index)).fillna(value) for name, value in DEFAULTS.items()
    }
    return table.assign(**filled)


def _is_rival(name: str) -> bool:
    return str(name).startswith("rival_") and str(name)[6:].isdigit()


def rival_shares(table: pd.DataFrame) -> np.ndarray:
    """Rivals' shares, largest first: columns rival_1, rival_2 ... or the strongest and how many there are.

    Folklore where only the strongest is known: each next rival has two thirds of the one before.
    """
    names = [name for name in table.columns if _is_rival(name)]
    if names:
        return -np.sort(-table[names].fillna(0.0).to_numpy(dtype=float), axis=1)
    first = table.get("rival_share", pd.Series(0.30, table.index)).fillna(0.30).to_numpy(dtype=float)
    count = table.get("n_rivals", pd.Series(3.0, table.index)).fillna(3.0).to_numpy(dtype=float)
    order = np.arange(max(1, int(count.max(initial=1))))
    shares = first[:, None] * (2 / 3) ** order * (order < count[:, None])
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1.0)
