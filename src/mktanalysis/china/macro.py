"""Provinces and cities as units of macro-regions: retail sales, places, borders, travel.

Always holds: a province's retail is the sum of its cities'; travel between provinces is that of their cities
to the other's capital, weighted by retail, so that a province is not a point.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..datasets import load_edges, load_regions, load_table
from ..errors import InfeasibleError
from ..regions import distance_km, lift_edges
from .units import market_units


@dataclass(frozen=True, eq=False)
class MacroInputs:
    """What `territories.design_macro_regions` asks for: ``units``, ``edges``, ``distance`` (units x units,
    km)."""

    units: pd.DataFrame
    edges: pd.DataFrame
    distance: pd.DataFrame


def macro_inputs(level: str = "province", *, year: int | None = None) -> MacroInputs:
    """Units, borders and distances for macro-regions (大区) from the built-in tables.

    Parameters
    ----------
    level : {"province", "prefecture"}
        Prefectures where province borders do not matter.
    year : int, optional
        Last year of the retail figures, default the latest.

    Returns
    -------
    MacroInputs
        ``units``: region, name (short), capacity (retail sales, yuan), lon, lat, n_cities.

    Examples
    --------
    >>> macro_inputs().units.shape[0]
    31
    """
    tree = load_regions(scheme=None)
    points = load_table("points")
    cities = market_units("prefecture", year=year, category_share=1.0, tree=tree)[["region", "capacity"]]
    cities = cities.merge(points, on="region")
    edges = load_edges("prefecture")
    if level == "province":
        return _provinces(tree, cities, edges, points)
    short = tree.table.set_index("region")["short_name"]
    units = cities.assign(name=short.reindex(cities["region"]).to_numpy(), n_cities=1)
    distance = distance_km(points, units["region"], units["region"])
    return MacroInputs(units[["region", "name", "capacity", "lon", "lat", "n_cities"]], edges, distance)


def _provinces(tree, cities: pd.DataFrame, edges: pd.DataFrame, points: pd.DataFrame) -> MacroInputs:
    home = tree.parents("province", cities["region"]).to_numpy()
    about = tree.table.set_index("region")
    provinces = tree.level("province")
    units = pd.DataFrame({"region": provinces, "name": about["short_name"].reindex(provinces).to_numpy()})
    load = cities.groupby(home)["capacity"].agg(["sum", "size"]).reindex(provinces)
    units = units.assign(capacity=load["sum"].to_numpy(), n_cities=load["size"].to_numpy())
    units = units.merge(points, on="region")
    to_capital = distance_km(points, cities["region"], provinces)  # a province's point is its capital
    weighted = to_capital.mul(cities["capacity"].to_numpy(), axis=0).groupby(home).sum().reindex(provinces)
    distance = weighted.div(load["sum"], axis=0)
    lifted = lift_edges(edges, tree, "province", points=points)
    columns = ["region", "name", "capacity", "lon", "lat", "n_cities"]
    return MacroInputs(units[columns], lifted, distance)


def province_territories(
    province: str, *, n: int | None = None, tolerance: float = 0.1, effort: float = 0.05
):
    """A first design of a province's territories from built-in retail sales, for its plan (省内片区).

    Parameters
    ----------
    province : str
        Code.
    n : int, optional
        People; default one for every ten counties, at least two.
    tolerance, effort : float
        As ``territories.design_territories``.

    Returns
    -------
    TerritoryPlan
        ``territories`` is the table to show.

    Examples
    --------
    >>> plan = province_territories("460000", n=3, tolerance=0.3, effort=0.02)
    >>> plan.territories["heads"].sum()
    np.int64(3)
    """
    from ..territories import design_territories

    tree = load_regions(scheme=None).subtree(province)
    units = market_units("county", within=province, category_share=1.0)[["region", "name", "capacity"]]
    units = units.merge(load_table("points"), on="region")
    people = max(2, round(len(units) / 10)) if n is None else n
    wishes = {"n": min(people, len(units)), "measures": {"capacity": tolerance}, "effort": effort, "nodes": 0}
    try:
        return design_territories(units, load_edges("county"), tree, **wishes)
    except InfeasibleError as error:  # a first design: the smallest tolerance that does it
        wishes["measures"] = {"capacity": float(error.relaxation["needed"].iloc[0])}
        return design_territories(units, load_edges("county"), tree, **wishes)
