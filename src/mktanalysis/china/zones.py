"""Zones of a province for a regional plan, and what its places have to give.

Always holds: every unit has a zone; a published division is used where there is one, else zones are connected
parts of the map of about equal load; outlets are counted one a county-level unit and say so.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..datasets import load_edges, load_regions, load_scheme, load_table
from ..errors import InfeasibleError
from ..regions import RegionTree, haversine_km

#: Provinces whose division is published, with the scheme.
PUBLISHED = {"320000": "jiangsu_parts"}
#: Folklore: serving an outlet costs this part more per 100 km from the base, as in the expansion model.
DISTANCE_COST = 0.05
#: A zone's load may lie a third from the mean: a manager's zone follows the map before it follows the load.
LOAD_TOLERANCE = 0.35


def province_zones(units: pd.DataFrame, tree: RegionTree, *, edges=None, n: int = 3) -> pd.Series:
    """Divide the units of a province into zones (省内分区).

    江苏 has its published 苏南, 苏中, 苏北; elsewhere connected zones of about equal capacity are designed,
    named after their centre. A unit larger than a zone may be is a zone of its own.

    Parameters
    ----------
    units : DataFrame
        Columns region, capacity (yuan): prefectures, or counties of a small province.
    tree : RegionTree
    edges : DataFrame, optional
        Neighbours of the units; default the built-in ones of their level.
    n : int
        Zones wanted where none are published; fewer with fewer than two units a zone.

    Returns
    -------
    Series
        Index region, the zone's name. ``attrs["source"]`` says where the division comes from.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.load_regions()
    >>> units = mkt.market_units("prefecture", within="320000")
    >>> province_zones(units, tree).value_counts().to_dict()
    {'苏南': 5, '苏北': 5, '苏中': 3}
    """
    codes = pd.Index(units["region"], name="region")
    home = tree.parents("province", codes[:1]).iloc[0]
    scheme = load_scheme(PUBLISHED[home]) if home in PUBLISHED else pd.Series(dtype="str")
    if codes.isin(scheme.index).all():
        zones = scheme.reindex(codes).rename("zone")
        zones.attrs["source"] = "公布的分区"
        return zones
    wanted = max(1, min(n, len(codes) // 2))
    zones = pd.Series(f"{tree.names([home]).iloc[0]}全境", codes, name="zone")
    if wanted > 1:
        zones = _designed(units, tree, edges, wanted)
    zones.attrs["source"] = "按容量均衡、连片划分"
    return zones


def _designed(units: pd.DataFrame, tree: RegionTree, edges, n: int) -> pd.Series:
    """Connected zones of about equal capacity, named after their largest place."""
    from ..territories import design_territories

    table = units[["region", "capacity"]].merge(load_table("points"), on="region")
    level = tree.level_of(table["region"].iloc[:1]).iloc[0]
    edges = load_edges(level) if edges is None else edges
    wishes = {"n": n, "measures": {"capacity": LOAD_TOLERANCE}, "teams": False}
    wishes |= {"effort": 0.1, "nodes": 0, "random_state": 0}
    try:
        plan = design_territories(table, edges, tree, **wishes)
    except InfeasibleError as error:  # the smallest tolerance that does it
        wishes["measures"] = {"capacity": float(error.relaxation["needed"].iloc[0])}
        plan = design_territories(table, edges, tree, **wishes)
    label = plan.assignment.reindex(units["region"])
    about = load_regions().table.set_index("region")
    # a group of county-level units under a province is no place to name a zone after
    rank = units.set_index("region")["capacity"].where(about["kind"].reindex(label.index).ne("direct"), -1.0)
    centre = rank.groupby(label).idxmax()
    name = about["short_name"].reindex(centre).set_axis(centre.index) + "片"
    return label.map(name).rename("zone").rename_axis("region")


def plan_places(
    units: pd.DataFrame, tree: RegionTree, base: list[str], *, outlets: float = 1.0, stores=None
) -> pd.DataFrame:
    """The places of a province as :func:`mktanalysis.planning.zone_table` wants them (各地的网点与成本).

    Parameters
    ----------
    units : DataFrame
        Columns region, capacity (yuan a year).
    tree : RegionTree
    base : list of str
        Codes of the base area.
    outlets : float
        Outlets that fill one county-level unit (folklore 1).
    stores : Series, optional
        Index region, outlets today; default: the base is filled, the rest is empty.

    Returns
    -------
    DataFrame
        Columns region, capacity (outlets at saturation), held (outlets today), market (yuan a year), cost
        (outlets times 1 + 5 % per 100 km from the base), distance_km.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.load_regions()
    >>> units = mkt.market_units("prefecture", within="320000")
    >>> places = plan_places(units, tree, ["320500"])
    >>> places.set_index("region").loc[["320500", "320300"], "capacity"].tolist()
    [9.0, 10.0]
    """
    codes = units["region"]
    full = np.array([max(1, len(tree.subtree(code).level("county"))) for code in codes]) * float(outlets)
    points = load_table("points").set_index("region")
    here = points.reindex(codes)
    there = points.reindex(base)
    away = haversine_km(
        here["lon"].to_numpy()[:, None],
        here["lat"].to_numpy()[:, None],
        there["lon"].to_numpy(),
        there["lat"].to_numpy(),
    ).min(axis=1)
    held = np.where(codes.isin(base), full, 0.0) if stores is None else codes.map(stores).fillna(0.0)
    return pd.DataFrame(
        {
            "region": codes.to_numpy(),
            "capacity": full,
            "held": np.asarray(held, dtype=float),
            "market": units["capacity"].to_numpy(),
            "cost": full * (1 + DISTANCE_COST * away / 100),
            "distance_km": away,
        }
    )
