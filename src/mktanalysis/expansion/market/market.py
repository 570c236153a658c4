"""The market itself: checked units, their neighbours, the tree above them, a forecast of capacity.

Always holds: a market knows no policy - no base, no horizon, no limit; arrays follow the sorted unit codes;
the tables are checked once, when the market is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import sparse

from ...regions import RegionTree
from ...schemas import check_table
from ..assumptions import Rung
from .arrivals import checked_entries
from .capacity import first_year
from .ladder import Ladder, build_ladder
from .schema import NEIGHBOURS, rival_shares, unit_table
from .seen import checked_shares


@dataclass(frozen=True, eq=False)
class Market:
    """Markets that can be planned in (see `expansion_market`).

    Attributes
    ----------
    units : Index
        Codes of the units, sorted.
    table : DataFrame
        Index region, the columns of `UNITS` with gaps filled.
    rivals : ndarray, shape (units, rivals)
        Rivals' shares, largest first.
    adjacency, kilometres : sparse array, shape (units, units)
        Who touches whom (0/1), and how far apart they are.
    tree : RegionTree
    forecast : DataFrame or None
        Capacity by unit and period, as given.
    newest : int or None
        Year of the newest figures; None where no figure is dated.
    rival_entries : DataFrame or None
        Chances that a rival enters a unit anew: region, year, probability.
    shares_seen : DataFrame or None
        Shares that entered units have shown: region, year, share, phase.
    """

    units: pd.Index
    table: pd.DataFrame
    rivals: np.ndarray
    adjacency: sparse.csr_array = field(repr=False)
    kilometres: sparse.csr_array = field(repr=False)
    tree: RegionTree = field(repr=False)
    forecast: pd.DataFrame | None = field(repr=False)
    newest: int | None
    rival_entries: pd.DataFrame | None = field(default=None, repr=False)
    shares_seen: pd.DataFrame | None = field(default=None, repr=False)
    _ladders: dict = field(default_factory=dict, repr=False)

    def ladder(self, rungs: tuple[Rung, ...]) -> Ladder:
        """The rung regions above the units, found once for each choice of rungs."""
        if rungs not in self._ladders:
            self._ladders[rungs] = build_ladder(self.units, self.tree, rungs)
        return self._ladders[rungs]

    def with_rival_entries(self, table: pd.DataFrame | None) -> Market:
        """The same market with other chances of rivals' entries: region, year, probability."""
        return replace(self, rival_entries=checked_entries(table, self.units, self.tree))

    def with_shares_seen(self, table: pd.DataFrame | None) -> Market:
        """The same market with what entered units have shown: region, year, share and, where a decision point
        is past, phase (how the unit is worked now, ``撤出`` for one that was left).
        """
        return replace(self, shares_seen=checked_shares(table, self.units, self.tree, self.shares_seen))

    def with_rivals(self, factor: float) -> Market:
        """The same market with rivals whose effort is `factor` times as strong."""
        return replace(self, table=self.table.assign(rival_strength=self.table["rival_strength"] * factor))


def expansion_market(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    tree: RegionTree,
    *,
    capacity: pd.DataFrame | None = None,
    rival_entries: pd.DataFrame | None = None,
) -> Market:
    """Check the tables of a market once, for any number of plans and comparisons.

    Parameters
    ----------
    units : DataFrame
        Market units (市场单元): region, capacity (yuan a year) and optionally growth, own_share, rival_1 ...
        (or rival_share, n_rivals), rival_strength, reaction, entry_cost, annual_cost, distance_km, customers,
        centre, year (of the capacity figure); see `UNITS`.
    edges : DataFrame
        Neighbours: region, neighbor, and distance_km if units have none of their own.
    tree : RegionTree
        The regions above the units; its levels are the rungs of the ladder.
    capacity : DataFrame, optional
        A forecast: region, period, mean (or value); replaces capacity and growth.
    rival_entries : DataFrame, optional
        Where a strong rival may enter anew: region, year, probability (that it first enters in this year), as
        `EntryModel.probability` gives it; regions that are no units are left aside.

    Returns
    -------
    Market

    Raises
    ------
    TableError
        With every problem of the tables.

    Examples
    --------
    >>> from mktanalysis.expansion import grid_example
    >>> market = expansion_market(*grid_example(2, 2))
    >>> market.units.tolist(), market.newest
    (['r1c1', 'r1c2', 'r2c1', 'r2c2'], 2024)
    """
    table = unit_table(units, tree)
    codes = pd.Index(table["region"], name="region")
    adjacency, kilometres = _graph(edges, codes)
    return Market(
        codes,
        table.set_index("region"),
        rival_shares(table),
        adjacency,
        kilometres,
        tree,
        capacity,
        _newest(table, capacity),
        checked_entries(rival_entries, codes, tree),
    )


def _newest(table: pd.DataFrame, capacity: pd.DataFrame | None) -> int | None:
    """Year of the newest figures: before the first of a forecast, else the latest of the units."""
    if capacity is not None:
        first = first_year(capacity, pd.Index(table["region"]))
        return None if first is None else first - 1
    if "year" in table and table["year"].notna().any():
        return int(table["year"].max())
    return None


def _graph(edges: pd.DataFrame, codes: pd.Index) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Adjacency (0/1) and distances among the units; edges to places outside are ignored."""
    check_table(edges, NEIGHBOURS)
    i = codes.get_indexer(pd.Index(edges["region"]))
    j = codes.get_indexer(pd.Index(edges["neighbor"]))
    inside = (i >= 0) & (j >= 0) & (i != j)
    km = edges["distance_km"].to_numpy(dtype=float) if "distance_km" in edges else np.ones(len(edges))
    shape = (len(codes), len(codes))
    where = (i[inside], j[inside])
    one = sparse.csr_array((np.ones(inside.sum()), where), shape=shape)
    distance = sparse.csr_array((np.maximum(km[inside], 1e-6), where), shape=shape)
    one = one.maximum(one.T)
    return one.astype(bool).astype(float).tocsr(), distance.maximum(distance.T).tocsr()
