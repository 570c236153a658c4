"""What the order of own openings tells: spill-over and the cost of distance.

The path that was taken is compared with every path in which two starts are swapped. If paths are chosen with
chances by exp(value / noise), the chance of the real one against each swapped one is logistic in the
difference of their values, whatever the other paths are worth; so the parameters that make the real path beat
the swapped ones are estimated without listing all paths (a pseudo-likelihood, Besag 1975).

Always holds: only what differs between the paths counts; a swapped path that could not have been taken (not
contiguous) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from .answer import mean_by_age
from .estimate import Estimate, judged, untold
from .past import Past

#: Groups of units left out in turn behind an interval (several chains are left out one by one).
GROUPS = 12
#: Fewer swaps than this are not fitted.
LEAST_SWAPS = 60
BELIEVED = {"spill": (0.0, 0.3), "distance_cost": (0.0, 0.4)}
#: An error below this is none: the estimate sticks to a kink whatever part is left out.
LEAST_ERROR = 1e-4
#: Spill below this has never been told from none in planted histories.
LEAST_SPILL = 0.05


@dataclass(frozen=True, eq=False)
class Chain:
    """One company's path: k units entered one after the other.

    Attributes
    ----------
    start : ndarray, shape (k,)
        Year of entry, from 0.
    worth, far : ndarray, shape (k, years)
        Discounted value of a unit started in each year without any cost of distance, and what the cost of
        distance at 1 per 100 km takes from it.
    opening, opening_far : ndarray, shape (k, years)
        The same for the part of the first year's outlay that neighbours can save on.
    lag : ndarray, shape (k,)
        Years from start to strong, inf for never.
    near : ndarray of bool, shape (k, k)
        Who borders whom.
    near_base : ndarray, shape (k,)
        Strong neighbours in the base.
    cap : float
        Most that neighbours save.
    contiguous : bool
        Whether a start needs a neighbour held before.
    """

    start: np.ndarray
    worth: np.ndarray
    far: np.ndarray
    opening: np.ndarray
    opening_far: np.ndarray
    lag: np.ndarray
    near: np.ndarray
    near_base: np.ndarray
    cap: float
    contiguous: bool

    def strong_neighbours(self, start: np.ndarray) -> np.ndarray:
        """Strong neighbours of each unit in the year before its start."""
        strong_from = start + self.lag
        return self.near_base + (self.near & (strong_from[None, :] <= start[:, None] - 1)).sum(axis=1)

    def is_possible(self, start: np.ndarray) -> bool:
        """Whether every start has a neighbour held the year before."""
        if not self.contiguous:
            return True
        held_before = (self.near & (start[None, :] < start[:, None])).any(axis=1)
        return bool((held_before | (self.near_base > 0)).all())

    def value(self, start: np.ndarray, spill: float, distance_cost: float) -> float:
        """What a path is worth."""
        at = np.arange(len(start))
        fixed = self.worth[at, start] - distance_cost * self.far[at, start]
        opening = self.opening[at, start] + distance_cost * self.opening_far[at, start]
        saved = np.minimum(spill * self.strong_neighbours(start), self.cap) * opening
        return float((fixed + saved).sum())


@dataclass(frozen=True, eq=False)
class Swaps:
    """Differences between the real path and the swapped ones, p of them.

    Attributes
    ----------
    worth, far : ndarray, shape (p,)
    neighbours, opening, opening_far : ndarray, shape (p, k)
        Of the swapped paths; of the real one in ``real_*``, shape (k,).
    pair : ndarray, shape (p, 2)
    """

    worth: np.ndarray
    far: np.ndarray
    neighbours: np.ndarray
    opening: np.ndarray
    opening_far: np.ndarray
    real_neighbours: np.ndarray
    real_opening: np.ndarray
    real_far: np.ndarray
    pair: np.ndarray
    cap: float

    def difference(self, spill: float, distance_cost: float, kept: np.ndarray) -> np.ndarray:
        """Value of the real path less that of each swapped one."""
        real = np.minimum(spill * self.real_neighbours, self.cap)
        real = real @ (self.real_opening + distance_cost * self.real_far)
        opening = self.opening[kept] + distance_cost * self.opening_far[kept]
        other = (np.minimum(spill * self.neighbours[kept], self.cap) * opening).sum(axis=1)
        return self.worth[kept] - distance_cost * self.far[kept] + real - other


def list_swaps(chain: Chain) -> Swaps:
    """Compare the path with each in which two starts of different years are swapped."""
    k = len(chain.start)
    at = np.arange(k)
    rows = []
    for i in range(k):
        for j in range(i + 1, k):
            if chain.start[i] == chain.start[j]:
                continue
            swapped = chain.start.copy()
            swapped[[i, j]] = swapped[[j, i]]
            if chain.is_possible(swapped):
                rows.append((i, j, swapped))
    starts = np.array([row[2] for row in rows], dtype=int).reshape(len(rows), k)
    real = chain.start
    return Swaps(
        (chain.worth[at, real] - chain.worth[at[None], starts]).sum(axis=1),
        (chain.far[at, real] - chain.far[at[None], starts]).sum(axis=1),
        np.array([chain.strong_neighbours(start) for start in starts], dtype=float).reshape(len(rows), k),
        chain.opening[at[None], starts],
        chain.opening_far[at[None], starts],
        chain.strong_neighbours(real),
        chain.opening[at, real],
        chain.opening_far[at, real],
        np.array([row[:2] for row in rows], dtype=int).reshape(len(rows), 2),
        chain.cap,
    )


def fit_swaps(swaps: list[Swaps], kept: list[np.ndarray] | None = None) -> np.ndarray:
    """Spill and cost of distance under which the real paths beat the swapped ones most.

    Parameters
    ----------
    swaps : list of Swaps
        One a chain; the noise is common to all.
    kept : list of ndarray of bool, optional
        Which swaps of each chain count.
    """
    kept = [np.ones(len(s.worth), dtype=bool) for s in swaps] if kept is None else kept
    scale = max(np.concatenate([np.abs(s.worth) for s in swaps]).mean(), 1e-12)

    def loss(theta):
        spill, distance_cost = np.abs(theta[:2])
        gain = np.concatenate(
            [s.difference(spill, distance_cost, k) for s, k in zip(swaps, kept, strict=True)]
        )
        return np.logaddexp(0.0, -gain / scale * np.exp(theta[2])).sum() + 1e-3 * theta[2] ** 2

    starts = [(0.02, 0.05, 0.0), (0.15, 0.15, 1.0)]
    options = {"xatol": 1e-4, "fatol": 1e-4, "maxiter": 600}
    found = [minimize(loss, start, method="Nelder-Mead", options=options) for start in starts]
    best = min(found, key=lambda one: one.fun)
    return np.abs(best.x[:2])


def estimate_order(chains: list[Chain], assumed: dict[str, float]) -> list[Estimate]:
    """Spill and cost of distance with intervals by leaving out chains, or groups of units of one chain."""
    swaps = [list_swaps(chain) for chain in chains]
    count = sum(len(one.worth) for one in swaps)
    if count < LEAST_SWAPS:
        why = f"可比的先后只有 {count} 对（至少 {LEAST_SWAPS} 对）"
        return [untold(name, assumed[name], why) for name in BELIEVED]
    value = fit_swaps(swaps)
    draws = np.array([fit_swaps(*part) for part in _left_out(swaps)])
    groups = len(draws)
    error = np.sqrt((groups - 1) / groups * ((draws - draws.mean(axis=0)) ** 2).sum(axis=0))
    found = []
    for name, estimate, sd in zip(BELIEVED, value, error, strict=True):
        # the jackknife gives an error; its quantiles are those of a normal around the estimate
        around = estimate + sd * np.linspace(-1.6, 1.6, 41)
        one = judged(name, estimate, around, assumed[name], BELIEVED[name], f"{count} 对先后的比较")
        if sd < LEAST_ERROR:  # every part leads to the same kink (savings reach their cap there): no interval
            one = untold(name, assumed[name], f"估计停在 {estimate:.3f} 的拐点上，得不出区间：认不出来")
        if name == "spill" and one.status == "estimated" and (one.low <= 0 or estimate < LEAST_SPILL):
            one = untold(name, assumed[name], f"估计为 {estimate:.3f}，与没有辐射分不开：认不出来")
        found.append(one)
    return found


def _left_out(swaps: list[Swaps]):
    """What is fitted with each part left out."""
    if len(swaps) > 3:
        for i in range(len(swaps)):
            yield ([one for j, one in enumerate(swaps) if j != i],)
        return
    groups = min(GROUPS, *(len(one.real_opening) for one in swaps))
    for group in range(groups):
        yield swaps, [(one.pair % groups != group).all(axis=1) for one in swaps]


def chain_of(past: Past) -> Chain | None:
    """The company's own path, with values from its own shares, efforts and margins by age."""
    units = np.array(sorted(past.first))
    table = past.table[past.table["unit"].isin(units)]
    if "effort_share" not in table or len(units) < 3:
        return None
    first = min(past.first.values())
    start = np.array([past.first[unit] for unit in units]) - first
    years = int(table["year"].max()) - first + 1
    share = mean_by_age(table, "share")
    effort = mean_by_age(table, "effort_share")
    margin = _margin(past, table)
    growth = past.market.table["growth"].to_numpy(float)[units]
    capacity = _capacity(past, table, units, first)
    km = past.distance[units] / 100
    k = len(units)
    worth, far, opening, opening_far = (np.zeros((k, years)) for _ in range(4))
    discount = 1 / (1 + past.assumptions.discount)
    entry = past.market.table["entry_cost"].to_numpy(float)[units]
    for begun in range(years):
        for year in range(begun, years):
            age = min(year - begun, len(share) - 1)
            size = capacity * (1 + growth) ** year * discount**year
            worth[:, begun] += size * (share[age] * margin - effort[age])
            far[:, begun] += size * effort[age] * km
        size = capacity * (1 + growth) ** begun
        worth[:, begun] -= entry * discount**begun
        opening[:, begun] = (entry + effort[0] * size) * discount**begun
        opening_far[:, begun] = effort[0] * size * km * discount**begun
    adjacency = past.market.adjacency
    return Chain(
        start,
        worth,
        far,
        opening,
        opening_far,
        _lags(past, table, units),
        adjacency[units][:, units].toarray() > 0,
        np.asarray(adjacency[units] @ past.base.astype(float)),
        past.assumptions.spill_cap,
        past.policy.contiguity != "none" and _was_contiguous(past, units, start),
    )


def _capacity(past: Past, table: pd.DataFrame, units: np.ndarray, first: int) -> np.ndarray:
    """Capacity of each unit in the first year of the path."""
    newest = past.market.newest if past.market.newest is not None else int(table["year"].max())
    growth = past.market.table["growth"].to_numpy(float)[units]
    return past.market.table["capacity"].to_numpy(float)[units] * (1 + growth) ** (first - newest)


def _margin(past: Past, table: pd.DataFrame) -> float:
    """Contribution per yuan of sales: from the books, else the assumed one at the usual rank."""
    if "contribution" in table and table["contribution"].notna().any():
        known = table[table["contribution"].notna()]
        return float(known["contribution"].sum() / known["sales"].sum())
    margins = past.assumptions.response.rank_margin
    return margins[min(int(table["rank"].median()), len(margins)) - 1]


def _lags(past: Past, table: pd.DataFrame, units: np.ndarray) -> np.ndarray:
    """Years until each unit was strong; the usual lag where the history ends before it could be."""
    response = past.assumptions.response
    strong = table[(table["share"] >= response.enter_share) & (table["rank"] <= response.strong_rank)]
    lag = strong.groupby("unit")["age"].min().reindex(units)
    usual = lag.median()
    watched = table.groupby("unit")["age"].max().reindex(units)
    short = lag.isna() & (watched < (usual if usual == usual else np.inf))
    return lag.where(~short, usual).fillna(np.inf).to_numpy(float)


def _was_contiguous(past: Past, units: np.ndarray, start: np.ndarray) -> bool:
    """Whether the company itself always entered beside a held unit; else any order was open to it."""
    near = past.market.adjacency[units][:, units].toarray() > 0
    held = (near & (start[None, :] < start[:, None])).any(axis=1)
    return bool((held | (past.market.adjacency[units] @ past.base.astype(float) > 0)).all())
