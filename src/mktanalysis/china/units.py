"""Market units from the built-in tables, so that a plan can be drawn before any company figure is at hand.

Always holds: capacity comes from published retail sales, with the status of each figure beside it; shares of
rivals and costs are folklore of the trade, the same formula everywhere, to be replaced by the company's
own figures.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..datasets import load_regions, load_table
from ..errors import MktError
from ..regions import RegionTree

#: Folklore: fixed part of the entry cost and of the yearly cost of one unit, yuan.
FIXED_COST = {"county": (1e6, 2e5), "prefecture": (3e6, 6e5)}
#: A retail figure this many years old still stands for a city.
MAX_AGE = 5


def market_units(
    level: str = "county",
    *,
    within: str | None = None,
    year: int | None = None,
    category_share: float = 0.01,
    growth: float = 0.05,
    tree: RegionTree | None = None,
) -> pd.DataFrame:
    """Draw up default market units of a region (市场单元).

    Capacity = retail sales x `category_share`. City retail is the last published figure up to `year`; a
    county has its part of the city's by census population; a city without a figure has its province's median
    per head (else the nation's).

    Parameters
    ----------
    level : {"county", "prefecture"}
    within : str, optional
        Code of a region; default the whole nation.
    year : int, optional
        Last year of the figures used, default the latest.
    category_share : float
        Part of retail sales that the category makes (folklore 1 %).
    growth : float
        Yearly growth of capacity; a forecast given to `expansion_market` replaces it.
    tree : RegionTree, optional
        Default the built-in one.

    Returns
    -------
    DataFrame
        Columns of `UNITS` (``centre``: districts among counties, capitals among cities), name, and
        ``status`` (observed, allocated, imputed), ``year`` (of the retail figure), ``population``. Folklore:
        rivals' shares 0.30, 0.20 and 0.13 times 0.85-1.15 and their effort 0.8-1.2 with the rank of retail
        per head;
        entry cost 3 % of capacity plus a fixed part.

    Examples
    --------
    >>> market_units("prefecture", within="320000").query("region == '320100'")["status"].tolist()
    ['observed']
    """
    if level not in FIXED_COST:
        raise MktError(f"没有层级 {level!r} 的内置市场单元，可用：{'、'.join(FIXED_COST)}")
    tree = tree or load_regions()
    cities = _cities(tree, year)
    table = cities if level == "prefecture" else _counties(tree, cities)
    table = _with_folklore(table, level, category_share, growth)
    if within is not None:
        inside = tree.subtree(within).level(level)
        if len(inside) == 0:
            raise MktError(f"地区 {within} 之下没有 {level} 层级的单元")
        table = table[table["region"].isin(inside)]
    table = mark_centres(table, tree).assign(name=tree.names(table["region"]).to_numpy())
    return table.sort_values("region").reset_index(drop=True)


def mark_centres(units: pd.DataFrame, tree: RegionTree) -> pd.DataFrame:
    """Add the column ``centre`` to units of the built-in tree: districts among counties, provincial capitals
    among cities.

    Examples
    --------
    >>> units = pd.DataFrame({"region": ["410100", "410200"], "capacity": 1e8})
    >>> mark_centres(units, load_regions())["centre"].tolist()
    [True, False]
    """
    about = tree.table.set_index("region").reindex(index=units["region"], columns=["kind", "is_capital"])
    centre = about["kind"].eq("district") | about["is_capital"].eq(True)
    return units.assign(centre=centre.to_numpy(dtype=bool))


def _cities(tree: RegionTree, year: int | None) -> pd.DataFrame:
    """Retail, population and status of every prefecture."""
    cities = load_table("city_indicators")
    population = _county_population().groupby(tree.parents("prefecture", _county_population().index)).sum()
    rows = cities[
        (cities["indicator"] == "retail_sales") & (cities["status"] == "observed") & cities["value"].notna()
    ]
    rows = rows.assign(year=rows["period"].dt.year)
    last = rows["year"].max() if year is None else year
    rows = rows[(rows["year"] <= last) & (rows["year"] > last - MAX_AGE)]
    rows = rows.sort_values(["region", "year"]).groupby("region").tail(1).set_index("region")
    table = pd.DataFrame({"population": population.reindex(tree.level("prefecture"))})
    table["retail"] = rows["value"].reindex(table.index)
    table["year"] = rows["year"].reindex(table.index).astype("Int64")
    per_head = table["retail"] / table["population"]
    province = tree.parents("province", table.index)
    usual = per_head.groupby(province).transform("median").fillna(per_head.median())
    table["status"] = np.where(table["retail"].notna(), "observed", "imputed")
    table["retail"] = table["retail"].fillna(usual * table["population"])
    return table.rename_axis("region").reset_index()


def _county_population() -> pd.Series:
    rows = load_table("county_indicators")
    rows = rows[(rows["indicator"] == "resident_population") & (rows["period"].dt.year == 2020)]
    return rows.set_index("region")["value"]


def _counties(tree: RegionTree, cities: pd.DataFrame) -> pd.DataFrame:
    """City retail split by census population."""
    population = _county_population().reindex(tree.level("county")).fillna(0.0)
    home = tree.parents("prefecture", population.index)
    part = population / population.groupby(home).transform("sum")
    city = cities.set_index("region").reindex(home.to_numpy())
    status = np.where(city["status"] == "observed", "allocated", "imputed")
    return pd.DataFrame(
        {
            "region": population.index,
            "population": population.to_numpy(),
            "retail": part.to_numpy() * city["retail"].to_numpy(),
            "year": city["year"].astype("Int64").to_numpy(),
            "status": status,
        }
    )


def _with_folklore(table: pd.DataFrame, level: str, category_share: float, growth: float) -> pd.DataFrame:
    capacity = table["retail"] * category_share
    rank = (table["retail"] / table["population"].where(table["population"] > 0)).rank(pct=True).fillna(0.5)
    entry, annual = FIXED_COST[level]
    rivals = {
        f"rival_{i}": share * (0.85 + 0.3 * rank) for i, share in enumerate((0.30, 0.20, 0.13), start=1)
    }
    return table.assign(
        capacity=capacity,
        growth=growth,
        own_share=0.0,
        rival_strength=0.8 + 0.4 * rank,
        **rivals,
        entry_cost=entry + 0.03 * capacity,
        annual_cost=annual,
    ).drop(columns="retail")
