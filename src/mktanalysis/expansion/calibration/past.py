"""A company's own years in its units: share, effort and accounts since entry, beside the market.

Always holds: the base is known and is no entry; a unit's age is counted from its first year with sales;
capacity of a past year is that of the market carried back, unless the history gives its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import MktError
from ..assumptions import Assumptions
from ..choices.response import order_of, rank_of
from ..market.case import build_case
from ..market.market import Market
from ..policy import Policy

#: Columns that a history may have beside region, period and sales; yuan, visits a year, heads.
OPTIONAL = ("effort", "contribution", "visits", "heads", "capacity")


@dataclass(frozen=True, eq=False)
class Past:
    """What a calibration works on.

    Attributes
    ----------
    table : DataFrame
        A row a unit and year since entry: unit (position in the market), year, age (0 in the first year),
        share, rank, capacity, sales, and of `OPTIONAL` those that are given; ``effort_share`` of capacity
        without the extra cost of distance.
    first : dict
        Position of a unit -> its first year; the base is not in it.
    base : ndarray of bool
    distance : ndarray
        km of each unit to the base.
    order : ndarray
        Which brand we are in each unit.
    strength : ndarray
        Rivals' effort against the usual.
    market : Market
    policy : Policy
    assumptions : Assumptions
    """

    table: pd.DataFrame
    first: dict
    base: np.ndarray
    distance: np.ndarray
    order: np.ndarray
    strength: np.ndarray
    market: Market
    policy: Policy
    assumptions: Assumptions


def read_past(
    history: pd.DataFrame, market: Market, policy: Policy, assumptions: Assumptions | None = None
) -> Past:
    """Check a history and count ages and shares.

    Raises
    ------
    MktError
        With what is missing, negative, given twice, or no unit of the market.
    """
    table = _checked(history, market)
    first_year = int(table["year"].min())
    case = build_case(market, policy.replace(start=first_year, history=(), first_open=None), assumptions)
    at = market.units.get_indexer(pd.Index(table["region"]))
    table = table.assign(unit=at)
    if "capacity" not in table:
        newest = market.newest if market.newest is not None else int(table["year"].max())
        growth = market.table["growth"].to_numpy(float)[at]
        today = market.table["capacity"].to_numpy(float)[at]
        table = table.assign(capacity=today * (1 + growth) ** (table["year"] - newest))
    table = table[table["capacity"] > 0]
    entered = table[~case.base[table["unit"]] & (table["sales"] > 0)]
    first = entered.groupby("unit")["year"].min().astype(int).to_dict()
    if not first:
        raise MktError("历史中除根据地外没有有销售的单元：无从估计")
    table = table.assign(
        age=table["year"] - table["unit"].map(first), share=table["sales"] / table["capacity"]
    )
    table = table[table["age"] >= 0].astype({"age": int})
    rank = rank_of(table["share"].to_numpy(), market.rivals[table["unit"]], np.zeros(len(table)))
    table = table.assign(rank=rank)
    if "effort" in table:
        dear = 1 + case.assumptions.response.distance_cost * case.column("distance_km")[table["unit"]] / 100
        table = table.assign(effort_share=table["effort"] / table["capacity"] / dear)
    return Past(
        table.sort_values(["unit", "year"]).reset_index(drop=True),
        first,
        case.base,
        case.column("distance_km"),
        order_of(case.rivals, case.base),
        case.column("rival_strength"),
        market,
        policy,
        case.assumptions,
    )


def _checked(history: pd.DataFrame, market: Market) -> pd.DataFrame:
    """The history with a column of years; every problem at once."""
    if lost := [name for name in ("region", "period", "sales") if name not in history]:
        raise MktError(
            f"自有历史缺少列：{'、'.join(lost)}；应有 region、period、sales（元），可有 {'、'.join(OPTIONAL)}"
        )
    period = history["period"]
    dated = isinstance(period.dtype, pd.PeriodDtype) or pd.api.types.is_datetime64_any_dtype(period)
    table = history.assign(year=period.dt.year if dated else pd.to_numeric(period, errors="coerce"))
    wrong = []
    if table["year"].isna().any():
        wrong.append(f"{int(table['year'].isna().sum())} 行的年份读不懂")
    if unknown := sorted(set(table["region"]) - set(market.units)):
        wrong.append(f"不是市场单元的地区：{'、'.join(map(str, unknown[:10]))}")
    if table.duplicated(["region", "year"]).any():
        again = table.loc[table.duplicated(["region", "year"]), "region"].unique()[:10]
        wrong.append(f"同一地区同一年有几行：{'、'.join(map(str, again))}")
    for name in ("sales", *OPTIONAL):
        if name in table and (table[name] < 0).any() and name != "contribution":
            wrong.append(f"{name} 有负数")
    if wrong:
        raise MktError("自有历史不能用：" + "；".join(wrong))
    return table[table["sales"].notna()].astype({"year": int})
