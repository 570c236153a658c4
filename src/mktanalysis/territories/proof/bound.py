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

#: Pairs evaluated together, so that a matrix of all pairs is never sorted at once.
CHUNK = 400_000
#: Steps of the prices, how many without progress shorten the step, and by how much; what a step keeps of the
#: directions before it.
STEPS = 450
PATIENCE = 12
SLOWER = 0.66
MEMORY = 0.7
#: While prices are sought a site looks at the units that cost less there than this many times their price,
#: and at the nearest that hold this many times its largest load.
WORTH = 1.25
REACH = 1.5
#: Sites looked at between two looks at all of them: so many times those to be opened, or this share of all;
#: before so many steps the prices are too rough to leave any out.
LIVELY = 12
LIVELY_SHARE = 0.4
ROUGH = 60
#: Tries for the prices of load whenever all sites are looked at.
SETTLE = 8
#: No price of load is above this many times the cost of a territory.
DEAREST = 1e6
#: Steps at which the pairs to look at are chosen anew.
LOOKS = (0, 5, 10, 20, 35, 60, 90, 130, 180, 250, 350)


@dataclass(frozen=True, eq=False)
class Bound:
    """Lower bound and the prices (n,) that prove it; ``value`` (sites,): what opening each saves or costs."""

    bound: float
    price: np.ndarray
    value: np.ndarray


def surrogate(problem: Problem) -> tuple[np.ndarray, float, float]:
    """One load (n,) and its band that every assignment within all bands keeps.

    A team's unit takes the upper end of its other people's band off its load; as a territory has one such
    unit at most, the lower end is eased by the most that this can hide.
    """
    held = problem.tolerance < NO_BALANCE
    if not held.any():
        return np.zeros(problem.n), 0.0, np.inf
    load = problem.loads[:, held].mean(axis=1)
    low = float(problem.low[held].mean())
    high = float(problem.high[held].mean())
    size = np.maximum(load - problem.extra * high, 0.0)
    hidden = load - problem.extra * low - size
    return size, max(low - float(hidden[problem.extra > 0].max(initial=0.0)), 0.0), high


def lower_bound(problem: Problem, best: float, *, steps: int = STEPS) -> Bound:
    """Bound the travel of all assignments from below; `best` is the travel of a known one."""
    sites = _Sites(problem)
    scale = np.where(problem.weight > 0, problem.weight, 0.0)
    price = center = _first_prices(problem)
    top = -np.inf
    pace = 1.0
    waited = 0
    way = np.zeros(problem.n)
    for step in range(steps):
        if step in LOOKS:
            price = center  # what seemed best over the pairs chosen before is judged afresh
            sites.look(price, everywhere=step < ROUGH)
            top = -np.inf
        bound, share = sites.step(price)
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
        if length < 1e-14 or pace < 1e-4:
            break
        if top >= best:  # over the pairs chosen; over all of them too?
            if sites.all(center)[0] >= best * (1 - 1e-9):
                break
            price = center
            sites.look(price, everywhere=True)
            top = -np.inf
            continue
        price = price + pace * (best - bound) / length * way * scale
    bound, value = sites.all(center)
    return Bound(bound, center, value)


def all_pairs(problem: Problem, price: np.ndarray) -> Bound:
    """The bound that prices prove, over every pair of unit and site."""
    bound, value = _Sites(problem).all(price)
    return Bound(bound, price, value)


def pair_bounds(problem: Problem, price: np.ndarray) -> np.ndarray:
    """Lower bounds (units, sites) of all assignments in which that unit is served from that site.

    A site that is not among the best raises the bound by the difference of values; a unit that the site's
    knapsack leaves out by its gain above that of the last item taken.
    """
    n = problem.n
    cost = problem.weight[:, None] * problem.distance
    found = all_pairs(problem, price)
    (bound, value) = (found.bound, found.value)
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


def _first_prices(problem: Problem) -> np.ndarray:
    """Each unit at what the k-th part of all sites nearest to it would cost."""
    rank = min(max(problem.distance.shape[1] // max(problem.k, 1), 1), problem.distance.shape[1] - 1)
    return problem.weight * np.partition(problem.distance, rank, axis=1)[:, rank]


class _Sites:
    """What opening sites is worth at given prices: over all pairs, or over those that matter for a while."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.travel = np.ascontiguousarray((problem.weight[:, None] * problem.distance).T)  # (sites, units)
        self.own = len(self.travel) == problem.n  # a site's own unit is always among its units
        self.load, self.low, self.high = surrogate(problem)
        self.fixed = [at for at in problem.site if at >= 0]
        self.reached = self._reached()
        self.toll = np.zeros(len(self.travel))  # price of load at each site, below 0 where it is full
        self.slope = np.full(len(self.travel), self._steepness())
        self.dearest = DEAREST / self._steepness()

    def _reached(self) -> np.ndarray:
        """The nearest units of every site that hold `REACH` times its largest load, as flags."""
        distance = self.problem.distance.T
        if not np.isfinite(self.high):
            return distance == distance.min(axis=1, keepdims=True)
        order = np.argsort(distance, axis=1)
        held = np.cumsum(self.load[order], axis=1) - self.load[order] < REACH * self.high
        flags = np.zeros(distance.shape, dtype=bool)
        np.put_along_axis(flags, order, held, axis=1)
        return flags

    def _steepness(self) -> float:
        """Load that one unit of its price moves, for a first guess: a territory's at its mean cost."""
        return 1.0 / max(float(np.median(self.travel.mean(axis=1))) * self.problem.k / self.problem.n, 1e-12)

    def all(self, price: np.ndarray) -> tuple[float, np.ndarray]:
        """Bound at these prices over every pair, and the sites' values (sites,)."""
        count, n = self.travel.shape
        value = np.empty(count)
        size = max(CHUNK // n, 1)
        for first in range(0, count, size):
            sites = np.arange(first, min(first + size, count))
            value[sites] = self._values(price, sites)
        return float(price.sum() + value[self._picked(value)].sum()), value

    def look(self, price: np.ndarray, *, everywhere: bool) -> None:
        """Choose the pairs that matter at these prices, and unless `everywhere` the sites worth opening."""
        count = len(self.travel)
        self._choose(np.arange(count), price)
        for _ in range(SETTLE):
            value, _ = self._evaluate(price)
        if everywhere:
            return
        many = max(LIVELY * self.problem.k, int(LIVELY_SHARE * count))
        lively = np.argsort(value, kind="stable")[:many]
        self._choose(np.union1d(lively, np.array(self.fixed, dtype=int)), price)

    def _choose(self, sites: np.ndarray, price: np.ndarray) -> None:
        """Keep the pairs of some sites flat, site by site; its own unit has no size and is never left."""
        mask = (self.travel[sites] < WORTH * price) | self.reached[sites]
        row, self.unit = np.nonzero(mask)
        self.sites = sites
        self.starts = np.searchsorted(row, np.arange(len(sites)))
        self.row = row
        self.cost = self.travel[sites[row], self.unit]
        self.owned = (sites[row] == self.unit) & self.own
        self.size = np.where(self.owned, 0.0, self.load[self.unit])
        given = self.load[sites] if self.own else np.zeros(len(sites))
        self.bottom = self.low - given
        self.top = self.high - given

    def step(self, price: np.ndarray) -> tuple[float, np.ndarray]:
        """Bound over the chosen pairs (none for all), and how far each unit is assigned (n,)."""
        value, taken = self._evaluate(price)
        picked = self._picked(value)
        opened = np.zeros(len(value), dtype=bool)
        opened[picked] = True
        held = taken & opened[self.sites[self.row]]
        share = np.bincount(self.unit[held], minlength=self.problem.n).astype(float)
        return float(price.sum() + value[picked].sum()), share

    def _evaluate(self, price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values of the sites, and which pairs are taken, at prices of load near those of the last time.

        Any price of load proves a value; two are tried, the second by the slope known so far.
        """
        gain = self.cost - price[self.unit]
        forced = np.maximum(np.add.reduceat(np.where(self.owned, gain, 0.0), self.starts), 0.0)
        toll = self.toll[self.sites]
        slope = self.slope[self.sites]
        first, filled, taken = self._at(gain, toll)
        goal = np.where((toll < 0) | ((toll == 0) & (filled > self.top)), self.top, self.bottom)
        idle = (toll == 0) & (filled >= self.bottom) & (filled <= self.top)
        moved = np.where(idle, 0.0, toll + (goal - filled) / slope)
        moved = np.clip(moved, -self.dearest, self.dearest)  # a site that cannot be in its band
        moved = np.where(np.sign(toll) * moved < 0, 0.0, moved)
        second, after, again = self._at(gain, moved)
        better = second > first
        change = np.abs(moved - toll)
        known = (change > 1e-15 * self.dearest) & (after != filled)
        fresh = np.where(known, np.abs(after - filled) / np.where(known, change, 1.0), slope * 0.7)
        fresh = np.maximum(np.clip(fresh, slope / 2, slope * 2), 1e-9 / self.dearest)
        self.slope[self.sites] = np.where(idle, slope, fresh)
        self.toll[self.sites] = np.where(better, moved, toll)
        value = np.full(len(self.travel), np.inf)
        value[self.sites] = np.where(better, second, first) + forced
        return value, np.where(better[self.row], again, taken) | self.owned

    def _at(self, gain: np.ndarray, toll: np.ndarray):
        """Values of the sites at a price of load, the loads then taken, and the pairs."""
        reduced = gain - toll[self.row] * self.size
        taken = reduced < 0
        value = np.add.reduceat(np.where(taken, reduced, 0.0), self.starts)
        filled = np.add.reduceat(np.where(taken, self.size, 0.0), self.starts)
        held = np.where(toll == 0, 0.0, toll * np.where(toll < 0, self.top, self.bottom))
        return value + held, filled, taken

    def _values(self, price: np.ndarray, sites: np.ndarray):
        """What opening each of the sites is worth (sites,), exactly, over all units."""
        gain = self.travel[sites] - price
        size = np.broadcast_to(self.load, gain.shape)
        if not self.own:
            return _knapsacks(gain, size, self.low, self.high)[1]
        own = sites[:, None] == np.arange(self.problem.n)
        given = self.load[sites]
        gain, alone = np.where(own, 0.0, gain), gain[own]
        return alone + _knapsacks(gain, np.where(own, 0.0, size), self.low - given, self.high - given)[1]

    def _picked(self, value: np.ndarray) -> list[int]:
        """The fixed sites, and the best others."""
        order = np.argsort(value, kind="stable")
        closed = set(self.fixed)
        free = [at for at in order[: self.problem.k + len(closed)].tolist() if at not in closed]
        return [*self.fixed, *free[: self.problem.k - len(self.fixed)]]


def _knapsacks(gain: np.ndarray, size: np.ndarray, low, high):
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
    # unwanted items only up to the least load
    goal = np.where(wanted, np.reshape(high, (-1, 1)), np.reshape(low, (-1, 1)))
    room = np.maximum(goal - before, 0.0)
    part = np.where(sizes > 0, np.minimum(room / np.where(sizes > 0, sizes, 1.0), 1.0), wanted * 1.0)
    total = (part * gains).sum(axis=1)
    total = np.where(filled[:, -1] < low - 1e-9, np.inf, total)
    back = np.empty_like(part)
    np.put_along_axis(back, order, part, axis=1)
    return back, total
