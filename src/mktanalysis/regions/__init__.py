"""Regions: the tree, names, changes between years, neighbours."""

from .tree import Positions, RegionTree

__all__ = ["Positions", "RegionTree"]
