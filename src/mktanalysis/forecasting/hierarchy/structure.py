"""Who adds up to whom: a tree of nodes, or any summing matrix.

Always holds: nodes stand top-down (a parent before its children), siblings stand side by side in the
order of their codes, whatever order the rows came in; every inner node is the sum of its leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ...errors import MktError


@dataclass(frozen=True, eq=False)
class Structure:
    """The nodes of a hierarchy as positions 0..n-1.

    Attributes
    ----------
    nodes : Index of text
        Labels, top-down.
    levels : Index of text
        Level of each node.
    leaves : ndarray of int
        Positions of the bottom nodes, in the order of the columns of `summing`.
    parent : ndarray of int or None
        Position of each node's parent, -1 at a root; None where groupings cross and no tree exists.
    matrix : sparse matrix or None
        Summing matrix, given only where there is no tree.
    """

    nodes: pd.Index
    levels: pd.Index
    leaves: np.ndarray
    parent: np.ndarray | None = None
    matrix: sp.csr_array | None = None

    @classmethod
    def from_parents(cls, parents: pd.Series, levels: pd.Series | None = None) -> Structure:
        """Build from a label -> parent label Series; a root's parent is missing or not itself a label.

        Examples
        --------
        >>> import pandas as pd
        >>> s = Structure.from_parents(pd.Series({"b": "all", "a": "all", "all": None}))
        >>> list(s.nodes), s.parent.tolist(), s.leaves.tolist()
        (['all', 'a', 'b'], [-1, 0, 0], [1, 2])
        """
        parents = parents.sort_index()
        above = parents.index.get_indexer(pd.Index(parents.array))
        depth = _depths(above)
        # One level at a time: children follow the order of their parents, then their own code.
        place = np.empty(len(parents), dtype=int)
        order: list[int] = []
        for level in range(depth.max(initial=-1) + 1):
            here = np.flatnonzero(depth == level)
            if level:
                here = here[np.argsort(place[above[here]], kind="stable")]
            place[here] = np.arange(len(order), len(order) + len(here))
            order.extend(here)
        order = np.asarray(order, dtype=int)
        parent = np.where(above[order] >= 0, place[above[order]], -1)
        leaves = np.setdiff1d(np.arange(len(order)), parent)
        names = parents.index[order]
        words = (
            pd.Index([f"level_{d}" for d in depth[order]])
            if levels is None
            else pd.Index(levels.reindex(names).astype(str))
        )
        return cls(names, words, leaves, parent=parent)

    @classmethod
    def from_summing(cls, summing: pd.DataFrame, levels: pd.Series | None = None) -> Structure:
        """Build from a summing matrix: rows all nodes, columns the bottom nodes (also among the rows).

        Serves groupings that cross, such as region by product.
        """
        missing = summing.columns.difference(summing.index)
        if len(missing) or summing.index.has_duplicates:
            raise MktError(f"汇总矩阵的每一列都须是其中一行，且行名不重复；缺少的行：{list(missing)[:10]}")
        leaves = summing.index.get_indexer(summing.columns)
        if not (summing.to_numpy()[leaves] == np.eye(len(leaves))).all():
            raise MktError("汇总矩阵中，底层各行须组成单位矩阵（自己只等于自己）")
        words = (
            pd.Index(np.where(np.isin(np.arange(len(summing)), leaves), "bottom", "aggregate"))
            if levels is None
            else pd.Index(levels.reindex(summing.index).astype(str))
        )
        matrix = sp.csr_array(summing.to_numpy(dtype=float))
        return cls(pd.Index(summing.index), words, leaves, matrix=matrix)

    @property
    def size(self) -> int:
        return len(self.nodes)

    @cached_property
    def steps(self) -> tuple[tuple[slice, np.ndarray, np.ndarray, np.ndarray], ...]:
        """Per depth below the root: rows, first child of each parent, the parents, children of each."""
        depth = _depths(self.parent)
        found = []
        for level in range(1, depth.max(initial=0) + 1):
            rows = np.flatnonzero(depth == level)
            parents, first, counts = np.unique(self.parent[rows], return_index=True, return_counts=True)
            found.append((slice(rows[0], rows[-1] + 1), first, parents, counts))
        return tuple(found)

    @cached_property
    def summing(self) -> sp.csr_array:
        """Summing matrix, nodes by leaves."""
        if self.matrix is not None:
            return self.matrix
        rows = []
        columns = []
        node = self.leaves.copy()
        column = np.arange(len(self.leaves))
        while len(node):
            rows.append(node)
            columns.append(column)
            up = self.parent[node]
            node = up[up >= 0]
            column = column[up >= 0]
        rows = np.concatenate(rows)
        columns = np.concatenate(columns)
        shape = (self.size, len(self.leaves))
        return sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)

    def add_up(self, bottom: np.ndarray) -> np.ndarray:
        """Values of all nodes from the values of the leaves (leaves x anything)."""
        if self.parent is None:
            return (self.matrix @ bottom.reshape(len(bottom), -1)).reshape(self.size, *bottom.shape[1:])
        out = np.zeros((self.size, *bottom.shape[1:]))
        out[self.leaves] = bottom
        for rows, first, parents, _ in reversed(self.steps):
            out[parents] = np.add.reduceat(out[rows], first, axis=0)
        return out


def _depths(parent: np.ndarray) -> np.ndarray:
    depth = np.zeros(len(parent), dtype=int)
    up = parent.copy()
    for _ in range(len(parent) + 1):
        below = up >= 0
        if not below.any():
            return depth
        depth[below] += 1
        up[below] = parent[up[below]]
    raise MktError("地区的上下级关系成环：有地区最终成了自己的上级")
