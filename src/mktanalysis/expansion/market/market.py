"""The checked problem as arrays: units in code order, neighbours, the ladder above them.

Always holds: arrays follow the sorted unit codes; the inputs are checked completely before any solver sees
them, and every problem is reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from ...errors import MktError, TableError
from ...regions import RegionTree
from ...schemas import REGION, Column, Schema, check_table
from ..policy import RUNGS, Policy, Rung
from .capacity import capacity_paths

#: What a market unit (市场单元) is; only `region` and `capacity` are needed, gaps elsewhere get defaults.
UNITS = Schema(
    "expansion_units",
    (
        REGION,
        Column("capacity", "number", "yearly sales of the category, first period (市场容量)", "yuan", low=0),
        Column(
            "growth",
            "number",
            "yearly growth of it (容量增长率)",
            "share",
            low=-1,
            nullable=True,
            required=False,
        ),
        Column(
            "own_share",
            "number",
            "our share today (现有份额)",
            "share",
            low=0,
            high=1,
            nullable=True,
            required=False,
        ),
        Column(
            "rival_strength",
            "number",
            "rivals' effort, 1 = usual (对手力度)",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "n_rivals", "number", "strong rivals (强势对手数)", "count", low=0, nullable=True, required=False
        ),
        Column(
            "rival_share",
            "number",
            "share of the strongest (最强对手份额)",
            "share",
            low=0,
            high=1,
            nullable=True,
            required=False,
        ),
        Column(
            "entry_cost",
            "number",
            "paid once at entry (进入成本)",
            "yuan",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "annual_cost",
            "number",
            "fixed cost a year while held (年固定成本)",
            "yuan",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "distance_km",
            "number",
            "to its supply centre (供货距离)",
            "km",
            low=0,
            nullable=True,
            required=False,
        ),
        Column(
            "customers",
            "number",
            "customers to visit (客户数)",
            "count",
            low=0,
            nullable=True,
            required=False,
        ),
        Column("centre", "flag", "a city centre rather than countryside (城区、省会)", required=False),
    ),
    key=("region",),
)
#: Which units touch; the distance is needed only where units have none of their own.
NEIGHBOURS = Schema(
    "expansion_edges",
    (
        REGION,
        Column("neighbor", "text", "code of the neighbouring region (相邻地区)"),
        Column("distance_km", "number", "distance of the two (距离)", "km", low=0, required=False),
    ),
    key=("region", "neighbor"),
)
#: Optional columns and what stands in for them.
_DEFAULTS = {"growth": 0.0, "own_share": 0.0, "rival_strength": 1.0, "entry_cost": 0.0, "annual_cost": 0.0}


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


@dataclass(frozen=True, eq=False)
class Market:
    """A checked problem; see the attributes' names in `UNITS`."""

    units: pd.Index
    years: tuple[int, ...]
    capacity: np.ndarray
    rivals: np.ndarray
    table: pd.DataFrame
    adjacency: sparse.csr_array
    base: np.ndarray
    earliest: np.ndarray
    ladder: Ladder
    policy: Policy

    def column(self, name: str) -> np.ndarray:
        return self.table[name].to_numpy(dtype=float)


def build_market(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    tree: RegionTree,
    *,
    policy: Policy,
    capacity: pd.DataFrame | None = None,
) -> Market:
    """Check the tables of an expansion problem and turn them into arrays."""
    table = _unit_table(units, tree)
    codes = pd.Index(table["region"], name="region")
    base = _base(codes, tree, policy)
    adjacency, kilometres = _graph(edges, codes)
    table = _fill(table, kilometres, base, policy)
    ladder = build_ladder(codes, tree, policy.rungs)
    earliest = earliest_starts(adjacency, base, codes, table["distance_km"].to_numpy(), policy)
    return Market(
        codes,
        tuple(policy.years),
        _capacity_paths(table, capacity, policy),
        _rivals(table),
        table.set_index("region"),
        adjacency,
        base,
        earliest,
        ladder,
        policy,
    )


def _problems(column: str, codes, text: str) -> list[dict]:
    return [{"column": column, "value": code, "problem": text} for code in codes]


def _unit_table(units: pd.DataFrame, tree: RegionTree) -> pd.DataFrame:
    if "region" not in units.columns and units.index.name == "region":
        units = units.reset_index()
    check_table(units, UNITS)
    if len(units) == 0:
        raise MktError("市场单元表是空的：至少需要一个单元")
    codes = pd.Index(units["region"])
    problems = _problems("region", codes[~codes.isin(tree.regions)], "地区代码不在地区树中")
    rivals = units[[name for name in units.columns if _is_rival(name)]]
    bad = (rivals.lt(0) | rivals.gt(1)).any(axis=1) | (rivals.sum(axis=1) > 1 + 1e-9)
    problems += _problems("rival_*", codes[bad], "对手份额应在 0 与 1 之间，且合计不超过 1")
    own = units.get("own_share", pd.Series(0.0, units.index)).fillna(0.0)
    known = (
        rivals.sum(axis=1) + units.get("rival_share", pd.Series(0.0, units.index)).fillna(0.0) * rivals.empty
    )
    problems += _problems("own_share", codes[~bad & (own + known > 1 + 1e-9)], "现有份额与对手份额合计超过 1")
    for column in UNITS.columns:
        if column.dtype == "number" and column.name in units:
            problems += _problems(column.name, codes[np.isinf(units[column.name])], "应为有限的数")
    if problems:
        raise TableError(pd.DataFrame(problems))
    levels = tree.level_of(codes)
    if levels.nunique() > 1:
        odd = codes[(levels != levels.mode()[0]).to_numpy()]
        raise MktError(
            f"市场单元应都在同一层级，现有：{'、'.join(sorted(levels.unique()))}；"
            f"与多数不同的 {len(odd)} 个：{'、'.join(odd[:5])}{'……' if len(odd) > 5 else ''}"
        )
    return units.sort_values("region", kind="stable").reset_index(drop=True)


def _is_rival(name: str) -> bool:
    return str(name).startswith("rival_") and str(name)[6:].isdigit()


def _rivals(table: pd.DataFrame) -> np.ndarray:
    """Rivals' shares, largest first: columns rival_1, rival_2 ... or the strongest and how many there are.

    Folklore where only the strongest is known: each next rival has two thirds of the one before.
    """
    names = [name for name in table.columns if _is_rival(name)]
    if names:
        return -np.sort(-table[names].fillna(0.0).to_numpy(dtype=float), axis=1)
    first = table.get("rival_share", pd.Series(0.30, table.index)).fillna(0.30).to_numpy(dtype=float)
    count = table.get("n_rivals", pd.Series(3.0, table.index)).fillna(3.0).to_numpy(dtype=float)
    order = np.arange(max(1, int(count.max(initial=1))))
    shares = first[:, None] * (2 / 3) ** order * (order < count[:, None])
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1.0)


def _base(codes: pd.Index, tree: RegionTree, policy: Policy) -> np.ndarray:
    """Base codes may be units or regions above them (a prefecture as base = its counties)."""
    tree.locate(policy.base)
    base = np.zeros(len(codes), dtype=bool)
    for code, level in tree.level_of(policy.base).items():
        inside = (tree.parents(level, codes) == code).fillna(False).to_numpy(dtype=bool)
        if not inside.any():
            raise MktError(f"根据地 {code} 不包含任何市场单元：请检查代码或单元表")
        base |= inside
    return base


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


def _fill(table: pd.DataFrame, kilometres, base: np.ndarray, policy: Policy) -> pd.DataFrame:
    filled = {
        name: table.get(name, pd.Series(value, table.index)).fillna(value)
        for name, value in _DEFAULTS.items()
    }
    table = table.assign(**filled)
    if "distance_km" not in table:  # along the neighbours from the base
        km = dijkstra(kilometres, indices=np.flatnonzero(base), min_only=True)
        table = table.assign(distance_km=np.where(np.isfinite(km), km, np.nan))
    usual = table["capacity"] / policy.staffing.capacity_per_customer
    table = table.assign(customers=table["customers"].fillna(usual) if "customers" in table else usual)
    return table.assign(distance_km=table["distance_km"].fillna(table["distance_km"].max()).fillna(0.0))


def _capacity_paths(table: pd.DataFrame, capacity: pd.DataFrame | None, policy: Policy) -> np.ndarray:
    steps = np.arange(policy.periods)
    paths = table["capacity"].to_numpy()[:, None] * (1 + table["growth"].to_numpy()[:, None]) ** steps
    if capacity is None:
        return paths
    return capacity_paths(capacity, pd.Index(table["region"]), policy.years)


def earliest_starts(adjacency, base: np.ndarray, units: pd.Index, km: np.ndarray, policy: Policy):
    """First period in which a unit can start; ``periods`` = never (graph distance d needs period d - 1)."""
    hops = dijkstra(adjacency, indices=np.flatnonzero(base), unweighted=True, min_only=True)
    never = policy.periods
    start = (
        np.where(np.isfinite(hops), np.maximum(hops - 1, 0), never)
        if policy.contiguity != "none"
        else np.zeros_like(hops)
    )
    start = np.where(np.isfinite(start), start, 0).astype(int)
    if policy.first_open is not None:
        start = np.maximum(start, policy.first_open - policy.start)
    if policy.supply_radius_km is not None:
        start = np.where(km > policy.supply_radius_km, never, start)
    start = np.where(units.isin(list(policy.forbidden)), never, start)
    return np.minimum(start, never)


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
