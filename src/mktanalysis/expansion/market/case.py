"""A market seen from a base area, under one policy and one set of assumptions.

Always holds: names are codes and the first year is known; two cases of one market share its tables, and
nothing here is ever changed - another policy is another case.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import dijkstra

from ...errors import MktError
from ...regions import RegionTree, resolve_names
from ..assumptions import Assumptions
from ..policy import Policy, assumptions_of
from .arrivals import arrival_chances
from .capacity import capacity_paths
from .ladder import Ladder
from .market import Market

#: So many periods beyond the horizon stand for never.
NEVER = 1000


@dataclass(frozen=True, eq=False)
class Case:
    """A market under a policy.

    Attributes
    ----------
    market : Market
    policy : Policy
        Codes instead of names, with its first year.
    assumptions : Assumptions
    table : DataFrame
        Index region, the market's table with distance_km (from the base where units have none) and customers.
    capacity : ndarray, shape (units, periods)
        Yuan a year.
    base : ndarray of bool, shape (units,)
    earliest : ndarray of int, shape (units,)
        First period in which a unit can start; the number of periods for never.
    ladder : Ladder
    arrivals : ndarray, shape (units, periods), or None
        Chance that a rival has entered anew by each period; None where none is expected anywhere.
    known : dict
        Where `choices.beliefs` keeps what the shares seen so far have taught.
    """

    market: Market
    policy: Policy
    assumptions: Assumptions
    table: pd.DataFrame
    capacity: np.ndarray
    base: np.ndarray
    earliest: np.ndarray
    ladder: Ladder
    arrivals: np.ndarray | None = None
    known: dict = field(default_factory=dict, repr=False)
    _columns: dict = field(init=False, default_factory=dict, repr=False)

    @property
    def units(self) -> pd.Index:
        return self.market.units

    @property
    def level(self) -> str:
        """Level of the units in the tree."""
        return str(self.market.tree.level_of(self.units[:1]).iloc[0])

    @property
    def rivals(self) -> np.ndarray:
        return self.market.rivals

    @property
    def adjacency(self):
        return self.market.adjacency

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(self.policy.years)

    def column(self, name: str) -> np.ndarray:
        """A column of the table as numbers (looked up thousands of times by a replay, so it is kept)."""
        if name not in self._columns:
            self._columns[name] = self.table[name].to_numpy(dtype=float)
            self._columns[name].setflags(write=False)
        return self._columns[name]

    def arrival(self, drawn, unit) -> np.ndarray:
        """Period in which a new rival comes to units, if a number between 0 and 1 is drawn for each."""
        shape = np.broadcast(drawn, unit).shape
        if self.arrivals is None:
            return np.full(shape, self.policy.periods + NEVER)
        came = np.asarray(drawn)[..., None] <= self.arrivals[unit]
        return np.where(came.any(axis=-1), came.argmax(axis=-1), self.policy.periods + NEVER)

    def without_limits(self, budget: float) -> Case:
        """The same case with money that never binds, and neither people nor new units limited."""
        return replace(self, policy=self.policy.replace(budget=budget, people=None, new_units=None))

    def lasting(self, periods: int) -> Case:
        """The case over a longer horizon, markets as large as in the last period, money and people aside."""
        policy = self.policy.replace(periods=periods, budget=0.0, people=None)
        later = np.repeat(self.capacity[:, -1:], periods - self.policy.periods, axis=1)
        first = earliest_starts(self.market, self.base, self.column("distance_km"), policy)
        arrivals = self.arrivals
        if arrivals is not None:
            arrivals = np.hstack([arrivals, np.repeat(arrivals[:, -1:], later.shape[1], axis=1)])
        capacity = np.hstack([self.capacity, later])
        return replace(self, policy=policy, capacity=capacity, earliest=first, arrivals=arrivals)


def build_case(market: Market, policy: Policy, assumptions: Assumptions | None = None) -> Case:
    """Look at a market under a policy.

    Raises
    ------
    UnknownNameError
        With the names that no region bears, or several.
    MktError
        Where the first year is neither given nor told by the figures.
    """
    assumptions = assumptions_of(policy, assumptions)
    policy = _dated(_in_codes(policy, market.tree), market).assuming(assumptions)
    if policy.budget_kind == "gross":  # nothing comes back to it
        policy = policy.replace(reinvest=0.0)
    base = _base(market.units, market.tree, policy)
    table = _completed(market, base, assumptions)
    return Case(
        market,
        policy,
        assumptions,
        table,
        _capacity(market, policy),
        base,
        earliest_starts(market, base, table["distance_km"].to_numpy(), policy),
        market.ladder(assumptions.rungs),
        arrival_chances(market.rival_entries, market.units, policy.years),
    )


def _in_codes(policy: Policy, tree: RegionTree) -> Policy:
    """The policy with a code for every name."""
    asked = [*policy.base, *policy.pinned, *policy.forbidden, *(unit for unit, _, _ in policy.history)]
    if policy.target is not None and policy.target not in tree.levels:
        asked.append(policy.target)
    code = codes_of(asked, tree)
    if not code:
        return policy
    pinned = {code.get(name, name): year for name, year in policy.pinned.items()}
    if len(pinned) < len(policy.pinned):
        raise MktError("pinned 中同一地区写了两次（名称和代码）：请只留一处")
    return policy.replace(
        base=tuple(code.get(name, name) for name in policy.base),
        pinned=pinned,
        forbidden=tuple(code.get(name, name) for name in policy.forbidden),
        history=tuple((code.get(unit, unit), action, year) for unit, action, year in policy.history),
        target=code.get(policy.target, policy.target),
    )


def codes_of(wanted, tree: RegionTree) -> dict[str, str]:
    """Name -> code of whatever is no code: digits are one, if not of this tree."""
    names = [name for name in dict.fromkeys(wanted) if name not in tree.regions and not name.isdigit()]
    return dict(zip(names, resolve_names(names, tree), strict=True)) if names else {}


def _dated(policy: Policy, market: Market) -> Policy:
    """The policy with its first year: the year after the newest figures, if it says none."""
    if policy.start is not None:
        return policy
    if market.newest is None:
        raise MktError(
            "不知道计划从哪一年开始：市场单元表没有数据年份（year 列），也没有容量预测；"
            "请补上 year 列，或在 Policy 中给出首年 start"
        )
    return policy.replace(start=market.newest + 1)


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


def _completed(market: Market, base: np.ndarray, assumptions: Assumptions) -> pd.DataFrame:
    """Distances along the neighbours from the base, and customers from the capacity, where none are given."""
    table = market.table
    if "distance_km" not in table:
        km = dijkstra(market.kilometres, indices=np.flatnonzero(base), min_only=True)
        table = table.assign(distance_km=np.where(np.isfinite(km), km, np.nan))
    usual = table["capacity"] / assumptions.staffing.capacity_per_customer
    table = table.assign(customers=table["customers"].fillna(usual) if "customers" in table else usual)
    return table.assign(distance_km=table["distance_km"].fillna(table["distance_km"].max()).fillna(0.0))


def _capacity(market: Market, policy: Policy) -> np.ndarray:
    """Yearly capacity, shape (units, periods): the forecast, or the figure growing at a constant rate."""
    if market.forecast is not None:
        return capacity_paths(market.forecast, market.units, policy.years)
    growth = market.table["growth"].to_numpy()[:, None]
    return market.table["capacity"].to_numpy()[:, None] * (1 + growth) ** np.arange(policy.periods)


def earliest_starts(market: Market, base: np.ndarray, km: np.ndarray, policy: Policy) -> np.ndarray:
    """First period in which a unit can start; ``periods`` = never (graph distance d needs period d - 1)."""
    hops = dijkstra(market.adjacency, indices=np.flatnonzero(base), unweighted=True, min_only=True)
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
    start = np.where(market.units.isin(list(policy.forbidden)), never, start)
    return np.minimum(start, never)
