"""The rungs above the units (梯级): which regions, what stands below each, how many must be strong.

Always holds: lower levels come first, so that one pass over the rung regions climbs the ladder; children are
counted in the tree, those outside the market included.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from ...errors import MktError
from ...regions import RegionTree
from ..assumptions import RUNGS, Rung


@dataclass(frozen=True, eq=False)
class Ladder:
    """The rungs above the units as a forest.

    Attributes
    ----------
    regions : Index
        Codes of the rung regions, lower levels first.
    rungs : tuple of Rung
        The rung of each.
    parent : ndarray of int
        For units, then rung regions: position of the rung region right above, -1 for none.
    n_children : ndarray of int
        Children of each rung region in the tree, those outside the plan included.
    """

    regions: pd.Index
    rungs: tuple[Rung, ...]
    parent: np.ndarray
    n_children: np.ndarray

    def children(self, group: int) -> np.ndarray:
        """Node positions right below a rung region (units are 0 .. n-1, rung regions follow)."""
        return self._children[group]

    @cached_property
    def _children(self) -> list[np.ndarray]:
        """Children of every rung region, found once: plans are evaluated thousands of times."""
        order = np.argsort(self.parent, kind="stable")
        first = np.searchsorted(self.parent[order], np.arange(len(self.regions) + 1))
        return [order[a:b] for a, b in pairwise(first)]

    @property
    def needed(self) -> np.ndarray:
        """How many strong children make each rung region strong; at least one."""
        share = np.array([rung.count_share for rung in self.rungs])
        return np.maximum(1, np.ceil(share * self.n_children - 1e-9)).astype(int)


def build_ladder(codes: pd.Index, tree: RegionTree, rungs: tuple[Rung, ...]) -> Ladder:
    """The rung regions above the units; usual rungs of levels that the tree has not are left out."""
    order = {name: i for i, name in enumerate(tree.levels)}
    usual = {rung.level for rung in RUNGS}
    if unknown := [rung.level for rung in rungs if rung.level not in order and rung.level not in usual]:
        raise MktError(
            f"rungs 中的层级 {'、'.join(unknown)} 不在地区树中；地区树的层级：{'、'.join(tree.levels)}"
        )
    unit_level = order[tree.level_of(codes[:1]).iloc[0]]
    used = sorted(
        (r for r in rungs if order.get(r.level, unit_level) < unit_level), key=lambda r: -order[r.level]
    )
    above = {rung.level: tree.parents(rung.level, codes) for rung in used}
    regions = [(code, rung) for rung in used for code in sorted(above[rung.level].dropna().unique())]
    index = pd.Index([code for code, _ in regions], name="region", dtype=object)
    nodes = [*codes, *index]
    own_level = [unit_level] * len(codes) + [order[rung.level] for _, rung in regions]
    parent = np.full(len(nodes), -1)
    n_children = np.zeros(len(index), dtype=int)
    for rung in reversed(used):  # top-down, so that the nearest rung above is written last
        up = tree.parents(rung.level, nodes)
        at = index.get_indexer(pd.Index(up.to_numpy(dtype=object)))
        below = np.array(own_level) > order[rung.level]
        parent = np.where(below & (at >= 0), at, parent)
    below_levels = [tree.levels[unit_level], *[rung.level for rung in used]]
    for position, rung in enumerate(used):
        counts = _tree_children(tree, below_levels[: position + 1], rung.level)
        here = [i for i, (_, r) in enumerate(regions) if r is rung]
        n_children[here] = counts.reindex(index[here]).fillna(0).to_numpy(dtype=int)
    return Ladder(index, tuple(rung for _, rung in regions), parent, n_children)


def _tree_children(tree: RegionTree, levels: list[str], level: str) -> pd.Series:
    """How many regions of the given levels stand right below each region of `level`, levels between
    skipped.
    """
    counts = pd.Series(0, index=tree.level(level))
    for i, name in enumerate(levels):
        codes = tree.level(name)
        free = np.ones(len(codes), dtype=bool)
        for nearer in levels[i + 1 :]:
            free &= tree.parents(nearer, codes).isna().to_numpy()
        if free.any():
            counts = counts.add(tree.parents(level, codes[free]).value_counts(), fill_value=0)
    return counts
