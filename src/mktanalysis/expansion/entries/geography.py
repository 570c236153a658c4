"""Where the places of a history lie: spacing, distances to the held ones, what is within reach.

Always holds: nothing depends on a country - lengths are multiples of the median distance to the sixth
neighbour; no matrix of all pairs is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from ...regions import RegionTree
from ...regions.edges import EARTH_RADIUS_KM
from .checks import check_columns

#: The spacing is the median distance to this neighbour: about the ring of borders of a place.
SPACING_NEIGHBOUR = 6
#: Radii of the two Gaussian kernels, in spacings: next door, and the wider area.
REACH = (1.0, 3.0)
#: A kernel ends at this many radii, where its weight is 1%.
REACH_CUT = 3.0


@dataclass(frozen=True, eq=False)
class Geography:
    """Places as points on the unit sphere with what belongs to each.

    Attributes
    ----------
    sphere : ndarray
        Shape (n, 3).
    spacing : float
        km.
    reach : tuple of csr_array
        A kernel for each radius of `REACH`, shape (n, n); a place does not reach itself.
    neighbours : csr_array or None
        1 where two places border.
    parent : ndarray or None
        Number of each place's parent region.
    """

    sphere: np.ndarray
    spacing: float
    reach: tuple
    neighbours: sparse.csr_array | None
    parent: np.ndarray | None

    def nearest_km(self, held: np.ndarray) -> np.ndarray:
        """Distance of every place to the nearest held one."""
        chord, _ = cKDTree(self.sphere[held]).query(self.sphere)
        return _km(chord)


def build_geography(regions: pd.Index, place: np.ndarray, edges, tree) -> Geography:
    """Measure the map once; `edges` and `tree` may be missing."""
    sphere = _sphere(place)
    tree_of_points = cKDTree(sphere)
    count = min(SPACING_NEIGHBOUR + 1, len(place))
    chord, _ = tree_of_points.query(sphere, k=[count])
    spacing = max(float(np.median(_km(chord))), 1e-3)
    reach = tuple(_kernel(tree_of_points, radius * spacing) for radius in REACH)
    return Geography(sphere, spacing, reach, _neighbours(edges, regions), _parents(tree, regions))


def _sphere(place: np.ndarray) -> np.ndarray:
    """Points on the unit sphere, shape (n, 3): near there is near on earth."""
    lon = np.radians(place[:, 0])
    lat = np.radians(place[:, 1])
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _km(chord: np.ndarray) -> np.ndarray:
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0.0, 1.0))


def _kernel(points: cKDTree, radius: float) -> sparse.csr_array:
    """Gaussian weights of the other places around each."""
    cut = 2 * np.sin(min(REACH_CUT * radius / EARTH_RADIUS_KM, np.pi) / 2)
    pairs = points.query_pairs(cut, output_type="ndarray")
    chord = np.linalg.norm(points.data[pairs[:, 0]] - points.data[pairs[:, 1]], axis=1)
    weight = np.exp(-0.5 * (_km(chord) / radius) ** 2)
    half = sparse.coo_array((weight, (pairs[:, 0], pairs[:, 1])), shape=(points.n, points.n))
    return (half + half.T).tocsr()


def _neighbours(edges, regions: pd.Index) -> sparse.csr_array | None:
    if edges is None:
        return None
    check_columns(edges, ("region", "neighbor"), "邻接表")
    i = regions.get_indexer(pd.Index(edges["region"]))
    j = regions.get_indexer(pd.Index(edges["neighbor"]))
    ok = (i >= 0) & (j >= 0) & (i != j)
    shape = (len(regions), len(regions))
    one = sparse.csr_array((np.ones(ok.sum()), (i[ok], j[ok])), shape=shape)
    return one.maximum(one.T).astype(bool).astype(float)


def _parents(tree, regions: pd.Index) -> np.ndarray | None:
    """Numbers of the regions right above the places; places without one stand in a region of their own."""
    if tree is None:
        return None
    if isinstance(tree, RegionTree):
        table = tree.table
        tree = pd.Series(table["parent"].to_numpy(), index=table["region"])
    parent = tree.reindex(regions).to_numpy(dtype=object)
    alone = pd.isna(parent)
    parent[alone] = regions.to_numpy(dtype=object)[alone]
    return pd.factorize(parent)[0]
