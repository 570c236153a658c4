"""Regions: the tree, names, changes between years, neighbours."""

from .edges import check_edges, components, contiguity, distance_km, haversine_km, hops, lift_edges
from .tree import Positions, RegionTree

__all__ = [
    "Positions",
    "RegionTree",
    "check_edges",
    "components",
    "contiguity",
    "distance_km",
    "haversine_km",
    "hops",
    "lift_edges",
]
