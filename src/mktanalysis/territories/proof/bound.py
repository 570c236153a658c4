"""A lower bound of travel: every unit's assignment is priced, every site then chooses its own units.

Always holds: the bound is at most the travel of any assignment that keeps the bands, connected or not; it is
evaluated over all units and sites, whatever the search for prices looked at. Nothing is asked of the first
measure's band but what holds for all of them: with several measures the mean of their loads is used.

The relaxation is that of Hess's programme (Hess et al. 1965) with the assignment rows priced; prices follow
Polyak's step with a falling factor, each direction keeping a part of those before it (Camerini, Fratta,
Maffioli 1975).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..problem import NO_BALANCE, Problem

#: Sites evaluated together, so that a matrix of all pairs is never sorted at once.
CHUNK = 256
#: Steps of the prices, how many without progress shorten the step, and by how much; what a step keeps of the
#: directions before it.
STEPS = 600
PATIENCE = 12
SLOWER = 0.66
MEMORY = 0.7


@dataclass(frozen=True, eq=False)
class Bound:
    """Lower bound and the prices (n,) that prove it; ``value`` (sites,): what opening each saves or costs."""

    bound: float
    price: np.ndarray
    value: np.ndarray


def surrogate(problem: Problem) -> tuple[np.ndarray, float, float]:
    """One load (n,) and its band that every assignment within all bands keeps."""
    held = problem.tolerance < NO_BALANCE
    if not held.any():
        return np.zeros(problem.n), 0.0, np.inf
    loads = problem.loads[:, held]
    return loads.mean(axis=1), float(problem.low[held].mean()), float(problem.high[held].mean())


def lower_bound(problem: Problem, best: float, *, steps: int = STEPS) -> Bound:
    """Bound the travel of all assignments from below; `best` is the travel of a known one."""
    cost = problem.weight[:, None] * problem.distance
    near = _near(problem) if problem.n > 400 else None
    scale = np.where(problem.weight > 0, problem.weight, 0.0)
    price = _first_prices(problem, cost)
    center = price
    top = -np.inf
    pace = 1.0
    waited = 0
    way = np.zeros(problem.n)
    for _ in range(steps):
        bound, share, _ = _evaluate(problem, cost, price, near)
        waited += 1
        if bound > top + 1e-7 * abs(bound):
            top = bound
            center = price
            waited = 0
        elif waited >= PATIENCE:
            pace *= SLOWER
            waited = 0
        # what is still unassigned, with some of the way so far; per unit of weight all prices move alike
        way = 1.0 - share + MEMORY * way
        length = float((way**2 * scale).sum())
        if length < 1e-14 or top >= best or pace < 1e-4:
            break
        price = price + pace * (best - bound) / length * way * scale
    bound, _, value = _evaluate(problem, cost, center, None)
    return Bound(bound, center, value)


def pair_bounds(problem: Problem, price: np.ndarray) -> np.ndarray:
    """Lower bounds (units, sites) of all assignments in which that unit is served from that site.

    A site that is not among the best raises the bound by the difference of values; a unit that the site's
    knapsack leaves out by its gain above that of the last item taken.
    """
    n = problem.n
    cost = problem.weight[:, None] * problem.distance
    bound, _, value = _evaluate(problem, cost, price, None)
    worst = np.sort(value)[problem.k - 1]
    site_extra = np.maximum(value - worst, 0.0)
    load, low, high = surrogate(problem)
    gain = (cost - price[:, None]).T.copy()
    np.fill_diagonal(gain, 0.0)
    size = np.tile(load, (n, 1))
    np.fill_diagonal(size, 0.0)
    part, _ = _knapsacks(gain, size, low - load, high - load)
    ratio = np.where(size > 0, gain / np.where(size > 0, size, 1.0), -np.inf)
    last = np.where(part > 1e-9, ratio, -np.inf).max(axis=1)
    filled = (part * size).sum(axis=1)
    full = (filled >= high - load - 1e-9) & (last < 0)
    short = (filled <= low - load + 1e-9) & (last > 0)
    last = np.where(full | short, last, 0.0)  # the price of the band, 0 where neither end binds
    out = part < 1e-9
    unit_extra = np.where(out, np.maximum(gain - last[:, None] * size, 0.0), 0.0)
    return bound + (site_extra[:, None] + unit_extra).T


def _first_prices(problem: Problem, cost: np.ndarray) -> np.ndarray:
    """Each unit at what the k-th part of all sites nearest to it would cost."""
    rank = min(max(problem.distance.shape[1] // max(problem.k, 1), 1), problem.distance.shape[1] - 1)
    return problem.weight * np.partition(problem.distance, rank, axis=1)[:, rank]


def _near(problem: Problem) -> np.ndarray:
    """Units that a site may plausibly serve, nearest first, (sites, near)."""
    count = min(problem.n, max(60, int(6 * problem.n / problem.k)))
    return np.argpartition(problem.distance.T, count - 1, axis=1)[:, :count]


def _evaluate(problem: Problem, cost: np.ndarray, price: np.ndarray, near: np.ndarray | None):
    """Bound at these prices, how far each unit is assigned (n,), and the sites' values (sites,).

    With `near` only those pairs are looked at: fast, for the search of prices, and no bound.
    """
    sites = cost.shape[1]
    load, low, high = surrogate(problem)
    own = sites == problem.n  # a site's own unit is always among its units
    value = np.empty(sites)
    chosen = []
    for first in range(0, sites, CHUNK):
        at = np.arange(first, min(first + CHUNK, sites))
        units = np.broadcast_to(np.arange(problem.n), (len(at), problem.n)) if near is None else near[at]
        gain = cost[units, at[:, None]] - price[units]  # (sites of the chunk, units)
        if own:
            gain_own = cost[at, at] - price[at]
            is_own = units == at[:, None]
            gain = np.where(is_own, 0.0, gain)
        else:
            gain_own = np.zeros(len(at))
            is_own = np.zeros(units.shape, dtype=bool)
        size = np.where(is_own, 0.0, load[units])
        given = load[at] if own else np.zeros(len(at))
        part, total = _knapsacks(gain, size, low - given, high - given)
        value[at] = gain_own + total
        chosen.append((units, np.where(is_own, 1.0, part)))
    return _best_sites(problem, price, value, chosen)


def _knapsacks(gain: np.ndarray, size: np.ndarray, low: np.ndarray, high: np.ndarray):
    """Continuous knapsacks, one a row: the least sum of gains with sizes between low and high.

    Returns the parts taken (rows, items) and the sums (rows,). A row that cannot reach `low` is infinite.
    """
    ratio = np.where(size > 0, gain / np.where(size > 0, size, 1.0), np.where(gain < 0, -np.inf, np.inf))
    order = np.argsort(ratio, axis=1, kind="stable")
    sizes = np.take_along_axis(size, order, axis=1)
    gains = np.take_along_axis(gain, order, axis=1)
    filled = np.cumsum(sizes, axis=1)
    before = filled - sizes
    wanted = gains < 0
    goal = np.where(wanted, high[:, None], low[:, None])  # unwanted items only up to the least load
    room = np.maximum(goal - before, 0.0)
    part = np.where(sizes > 0, np.minimum(room / np.where(sizes > 0, sizes, 1.0), 1.0), wanted * 1.0)
    total = (part * gains).sum(axis=1)
    total = np.where(filled[:, -1] < low - 1e-9, np.inf, total)
    back = np.empty_like(part)
    np.put_along_axis(back, order, part, axis=1)
    return back, total


def _best_sites(problem: Problem, price: np.ndarray, value: np.ndarray, chosen: list):
    fixed = sorted({at for at in problem.site if at >= 0})
    doubled = [at for at in problem.site if at >= 0]
    order = np.argsort(value, kind="stable")
    free = [at for at in order.tolist() if at not in set(fixed)][: problem.k - len(doubled)]
    picked = [*doubled, *free]
    bound = float(price.sum() + value[picked].sum())
    share = np.zeros(problem.n)
    for at in picked:
        units, part = chosen[at // CHUNK]
        np.add.at(share, units[at % CHUNK], part[at % CHUNK])
    return bound, share, value
