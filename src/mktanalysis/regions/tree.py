"""The tree of regions: who belongs to whom, at any depth, in any country.

Always holds: one root; codes are unique texts; a parent is at a higher level than its children and stands
before them in the table; rows are sorted by level, then code, whatever the order they came in; a tree
never changes, every method returns something new.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import MktError, Problems
from .checks import check_regions


@dataclass(frozen=True, eq=False)
class Positions:
    """A tree as integers, for fast numeric work.

    Attributes
    ----------
    regions : Index
        Codes; all arrays follow this order, in which a parent stands before its children.
    parent : ndarray of int
        Position of each region's parent, -1 for the root.
    level : ndarray of int
        Position of each region's level in ``tree.levels``, 0 for the top.
    """

    regions: pd.Index
    parent: np.ndarray
    level: np.ndarray


class RegionTree:
    """An immutable tree of regions (地区树); build one with :meth:`from_table`.

    Examples
    --------
    >>> import pandas as pd
    >>> tree = RegionTree.from_table(pd.DataFrame({
    ...     "region": ["CN", "32", "3201", "3202"], "name": ["全国", "江苏省", "南京市", "无锡市"],
    ...     "level": ["nation", "province", "city", "city"], "parent": [None, "CN", "32", "32"]}))
    >>> tree.levels
    ('nation', 'province', 'city')
    >>> list(tree.children("32"))
    ['3201', '3202']
    >>> tree.rollup(pd.Series({"3201": 5.0, "3202": 2.0}), "province")["value"].to_dict()
    {'32': 7.0}
    """

    def __init__(self, table: pd.DataFrame, levels: tuple[str, ...], aliases: pd.DataFrame | None):
        """Take checked parts; use :meth:`from_table` instead."""
        level = pd.Index(levels).get_indexer(pd.Index(table["level"]))
        order = np.lexsort([table["region"].to_numpy(dtype=object), level])
        self._table = table.iloc[order].reset_index(drop=True)
        self._levels = levels
        self._aliases = aliases
        self._regions = pd.Index(self._table["region"], name="region")
        self._parent = self._regions.get_indexer(pd.Index(self._table["parent"]))
        self._parent[self._table["parent"].isna().to_numpy()] = -1
        self._level = level[order]
        for array in (self._parent, self._level):
            array.flags.writeable = False
        has_children = np.zeros(len(order), dtype=bool)
        has_children[self._parent[self._parent >= 0]] = True
        self._is_leaf = ~has_children

    @classmethod
    def from_table(
        cls, table: pd.DataFrame, *, levels: Sequence[str] | None = None, aliases: pd.DataFrame | None = None
    ) -> RegionTree:
        """Check a table and make it a tree.

        Parameters
        ----------
        table : DataFrame
            Columns ``region`` (text code), ``name``, ``level``, ``parent`` (missing for the root); other
            columns are kept.
        levels : sequence of str, optional
            Level names top-down. Not given: inferred from who is whose parent.
        aliases : DataFrame, optional
            Other names for :func:`resolve_names`: columns ``alias``, ``region`` and, if known, ``kind``
            (former, short, ...) and ``valid_to``.

        Raises
        ------
        TableError
            With every problem of the table at once.
        """
        clean, order = check_regions(table, levels)
        if aliases is not None and not {"alias", "region"} <= set(aliases.columns):
            raise MktError(f"别名表应有列 alias 和 region，现有：{'、'.join(map(str, aliases.columns))}")
        return cls(clean, order, aliases)

    @property
    def table(self) -> pd.DataFrame:
        """Columns region, name, level, parent and those brought along; sorted by level, then code."""
        return self._table.copy(deep=False)

    @property
    def levels(self) -> tuple[str, ...]:
        """Level names, top-down."""
        return self._levels

    @property
    def regions(self) -> pd.Index:
        """All codes, in the order of the table."""
        return self._regions

    @property
    def root(self) -> str:
        """The one region without a parent."""
        return self._regions[0]

    @property
    def leaves(self) -> pd.Index:
        """Codes of the regions without children."""
        return self._regions[self._is_leaf]

    @property
    def aliases(self) -> pd.DataFrame | None:
        """The table of other names that came with the tree, if one did."""
        return None if self._aliases is None else self._aliases.copy(deep=False)

    def __len__(self) -> int:
        return len(self._regions)

    def __contains__(self, region) -> bool:
        return region in self._regions

    def __repr__(self) -> str:
        counts = pd.Series(self._level).value_counts().sort_index()
        return f"<RegionTree {' > '.join(f'{self._levels[i]} {n:,}' for i, n in counts.items())}>"

    def positions(self) -> Positions:
        """Return the tree as integers: regions (parents first), parent positions, level positions."""
        return Positions(self._regions, self._parent, self._level)

    def locate(self, regions: Iterable[str]) -> np.ndarray:
        """Return the row positions of `regions`.

        Raises
        ------
        TableError
            Listing every code that is not in the tree.
        """
        codes = _as_index(regions)
        found = self._regions.get_indexer(codes)
        if (found < 0).any():
            problems = Problems(column="region")
            for code in codes[found < 0].unique():
                problems.add("地区代码不在地区树中", value=code)
            problems.raise_any()
        return found

    def level(self, name: str) -> pd.Index:
        """Return the codes of the regions at level `name`."""
        return self._regions[self._level == self.level_position(name)]

    def level_position(self, name: str) -> int:
        """Return the position of level `name` in :attr:`levels`, 0 for the top."""
        if name not in self._levels:
            raise MktError(f"没有层级 {name!r}，可用：{'、'.join(self._levels)}")
        return self._levels.index(name)

    def level_of(self, regions: Iterable[str] | None = None) -> pd.Series:
        """Return a Series region -> level name."""
        at = np.arange(len(self)) if regions is None else self.locate(regions)
        names = np.array(self._levels, dtype=object)[self._level[at]]
        return pd.Series(names, self._regions[at], name="level", dtype="str")

    def names(self, regions: Iterable[str] | None = None) -> pd.Series:
        """Return a Series region -> name."""
        at = np.arange(len(self)) if regions is None else self.locate(regions)
        return pd.Series(self._table["name"].to_numpy()[at], self._regions[at], name="name", dtype="str")

    def parents(self, level: str, regions: Iterable[str] | None = None) -> pd.Series:
        """Return each region's ancestor at `level`.

        Parameters
        ----------
        level : str
        regions : iterable of str, optional
            Default: every region of the tree.

        Returns
        -------
        Series
            Index `region`, values codes; a region at `level` is its own ancestor, one above it, or one
            whose line skips the level, has none (missing).
        """
        at = np.arange(len(self)) if regions is None else self.locate(regions)
        up = self._ancestors(at, self.level_position(level))
        codes = pd.Series(self._regions.take(np.maximum(up, 0)), self._regions[at], name=level, dtype="str")
        return codes.mask(up < 0)

    def _ancestors(self, at: np.ndarray, level: int) -> np.ndarray:
        """Positions of the ancestors at a level, -1 where there is none; one step a level for all."""
        at = at.copy()
        for _ in self._levels:
            below = (at >= 0) & (self._level[at] > level)
            if not below.any():
                break
            at[below] = self._parent[at[below]]
        return np.where((at >= 0) & (self._level[at] == level), at, -1)

    def children(self, region: str) -> pd.Index:
        """Return the codes right below `region`."""
        return self._regions[self._parent == self.locate([region])[0]]

    def path(self, region: str) -> pd.Series:
        """Return the line from the root down to `region` as a Series code -> name."""
        line = [self.locate([region])[0]]
        while self._parent[line[-1]] >= 0:
            line.append(self._parent[line[-1]])
        return self.names(self._regions[line[::-1]])

    def paths(self, regions: Iterable[str], *, separator: str = "/") -> pd.Series:
        """Return a Series region -> names from below the root down, e.g. 江苏省/南京市/鼓楼区."""
        names = self._table["name"].to_numpy(dtype=object)
        at = self.locate(regions)
        texts = names[at].copy()
        up = self._parent[at]
        while (up > 0).any():
            texts[up > 0] = names[up[up > 0]] + separator + texts[up > 0]
            up = np.where(up > 0, self._parent[up], -1)
        return pd.Series(texts, self._regions[at], name="path", dtype="str")

    def subtree(self, region: str) -> RegionTree:
        """Return the tree below `region`, which becomes the root."""
        start = self.locate([region])[0]
        inside = np.zeros(len(self), dtype=bool)
        inside[start] = True
        for level in range(self._level[start] + 1, len(self._levels)):
            rows = np.flatnonzero(self._level == level)
            inside[rows] = inside[self._parent[rows]]
        return self._kept(inside)

    def pruned(self, regions: Iterable[str]) -> RegionTree:
        """Return the tree of `regions` and all above them; what else is below them is cut."""
        keep = np.zeros(len(self), dtype=bool)
        at = np.unique(self.locate(regions))
        while len(at):
            keep[at] = True
            at = np.unique(self._parent[at])
            at = at[at >= 0]
        if not keep.any():
            raise MktError("pruned() 至少需要一个地区")
        return self._kept(keep)

    def down_to(self, level: str) -> RegionTree:
        """Return the tree without the levels below `level`."""
        return self._kept(self._level <= self.level_position(level))

    def _kept(self, mask: np.ndarray) -> RegionTree:
        table = self._table[mask]
        table = table.assign(parent=table["parent"].where(table["parent"].isin(table["region"])))
        present = set(table["level"])
        return RegionTree(table, tuple(name for name in self._levels if name in present), self._aliases)

    def with_scheme(self, assignment: pd.Series, level: str = "macro_region") -> RegionTree:
        """Return the tree with another grouping at `level`.

        Parameters
        ----------
        assignment : Series
            Index region, values group label. The regions are all those of one level; a missing label hangs
            the region straight below the level above (a province run by head office). The label is the
            new group's code and name.
        level : str
            Name of the grouping level. If the tree has it, its regions go; it stands right above the
            assigned regions.

        Raises
        ------
        MktError
            The regions are not exactly those of one level, a label is also another region's code, or
            a group crosses the border of a region above it (nine plates of cities cross provinces).
        """
        from .schemes import regroup

        table, levels = regroup(self, assignment, level)
        return RegionTree.from_table(table, levels=levels, aliases=self._aliases)

    def rollup(
        self, values: pd.Series, level: str, *, how: str = "sum", weights: pd.Series | None = None
    ) -> pd.DataFrame:
        """Aggregate figures of one level to a level above it; missing stays missing.

        Parameters
        ----------
        values : Series
            Index region, all of one level.
        level : str
            The level to report.
        how : {"sum", "mean"}
            ``mean`` is the mean over the regions that have a value, weighted by `weights` if given.
        weights : Series, optional
            Index region, non-negative, e.g. population. A region without a weight weighs nothing.

        Returns
        -------
        DataFrame
            Index region (every region at `level`), columns ``value`` (missing where nothing below is
            known) and ``covered_share`` (0-1: share of the leaves below it, or of `weights`, that the
            known values stand for). A sum with ``covered_share`` below 1 is a lower bound.

        Raises
        ------
        TableError
            Unknown or repeated codes, mixed levels, negative weights, values that are not numbers.
        """
        from .rollup import rollup

        return rollup(self, values, level, how=how, weights=weights)

    def totals(self, table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
        """Add amounts up to every level above theirs (逐级汇总).

        Parameters
        ----------
        table : DataFrame
            Column or index region, all of one level, each once; the `columns`.
        columns : iterable of str
            Amounts (yuan, persons, counts), not means or shares.

        Returns
        -------
        DataFrame
            Columns region, level, the amounts, covered_share (the least of the columns' shares of leaves with
            a figure; below 1 the sums are lower bounds); from the highest level down to the table's own.

        Raises
        ------
        TableError
            Unknown or repeated codes, mixed levels, values that are not numbers.
        """
        from .rollup import totals

        return totals(self, table, list(columns))


def _as_index(regions: Iterable[str]) -> pd.Index:
    if isinstance(regions, str):
        raise MktError(f"应给出一组代码，而不是一个字符串 {regions!r}")
    return regions if isinstance(regions, pd.Index) else pd.Index(regions, dtype=object)
