"""Regions: the tree, names, changes between years, neighbours."""

from .changes import check_crosswalk, compose_crosswalks, rebase_panel, translate
from .edges import check_edges, components, contiguity, distance_km, haversine_km, hops, lift_edges
from .names import resolve_names
from .tree import Positions, RegionTree

__all__ = [
    "Positions",
    "RegionTree",
    "check_crosswalk",
    "check_edges",
    "components",
    "compose_crosswalks",
    "contiguity",
    "distance_km",
    "haversine_km",
    "hops",
    "lift_edges",
    "rebase_panel",
    "resolve_names",
    "translate",
]
