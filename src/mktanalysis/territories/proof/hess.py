"""Proof by Hess's programme: who is served from where, fixed by bounds, cut where a territory falls apart.

Always holds: what is called proven is the least travel of all connected assignments within the bands;
whatever was fixed could not be part of a better one; a run that ends early keeps a true bound. Limits are
nodes and rounds, never seconds.

Hess et al. 1965 for the model; Validi, Buchanan and Lykhovyd 2022 for fixing by Lagrangian bounds and for
separator cuts (a unit served from a site needs a unit of every set that separates the two).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...highs import Program
from ..problem import NO_BALANCE, Problem, parts_of
from ..search.walk import medians, total_cost
from .bound import lower_bound, pair_bounds

#: More pairs than this are not given to branch and bound.
MOST_PAIRS = 6000
#: More pairs than this are not given to a linear programme, the Lagrangian bound has to do.
MOST_LINEAR = 45_000
#: Rounds of separator cuts, and nodes of branch and bound a round.
ROUNDS = 40
NODES = 400


@dataclass(frozen=True, eq=False)
class Proof:
    """Best labels known, their cost, a lower bound, and whether the two meet."""

    label: list
    cost: float
    bound: float
    proven: bool


def provable(problem: Problem) -> bool:
    """Whether the cost is travel to a median unit, and every site is a unit of its own territory."""
    own = problem.distance.shape[1] == problem.n
    return own and not problem.cut and not problem.keep


def prove(problem: Problem, label, *, nodes: int = NODES, pairs: int = MOST_PAIRS) -> Proof:
    """Bound the least cost from below, and prove or better `label` where the size allows."""
    best = total_cost(problem, label)
    found = Proof(list(label), best, -np.inf, False)
    if not (problem.weight > 0).any():
        return Proof(list(label), best, 0.0, best <= 1e-9)
    keep, bound = _fixed(problem, best, linear=nodes > 0)
    bound = max(bound, 0.0)  # where no design keeps the bands the prices prove nothing
    found = Proof(found.label, best, min(bound, best), bound >= best - 1e-9 * abs(best))
    if found.proven or not provable(problem) or not nodes or keep.sum() > pairs:
        return found
    return _branch(problem, found, keep, nodes)


def _fixed(problem: Problem, best: float, *, linear: bool) -> tuple[np.ndarray, float]:
    """Pairs (units, sites) that an assignment at most as costly as `best` may use, and a lower bound.

    With `linear` the linear programme is solved too: little for the bound, much for what can be fixed.
    """
    limit = best * (1 + 1e-9) + 1e-9
    lagrange = lower_bound(problem, best)
    bound = lagrange.bound
    own = problem.distance.shape[1] == problem.n
    if not linear or problem.n * problem.distance.shape[1] > MOST_LINEAR or not own:
        return np.ones(problem.distance.shape, dtype=bool), bound
    keep = pair_bounds(problem, lagrange.price) <= limit
    if bound < best - 1e-9 * abs(best):
        programme = Programme(problem, keep & keep.diagonal()[None, :])
        solution = programme.program.solve(relaxed=True)
        if solution.ended == "infeasible":
            return keep, bound
        bound = max(bound, -solution.bound)
        arrays = programme.program.arrays()
        reduced = arrays.cost - arrays.matrix.T @ solution.duals
        pairs = -solution.bound - np.minimum(reduced, 0.0) <= limit
        possible = np.zeros_like(keep)
        possible[programme.unit[pairs], programme.place[pairs]] = True
        keep &= possible & (pair_bounds(problem, -solution.duals[: problem.n]) <= limit)
    return keep & keep.diagonal()[None, :], bound


class Programme:
    """Hess's programme over the kept pairs: ``unit[c]``, ``place[c]`` of each column, ``at[unit, site]``."""

    def __init__(self, problem: Problem, keep: np.ndarray, *, integer: bool = True):
        self.problem = problem
        (self.unit, self.place) = np.nonzero(keep)
        self.at = np.full(keep.shape, -1)
        self.at[self.unit, self.place] = np.arange(len(self.unit))
        self.program = Program()
        travel = (problem.weight[:, None] * problem.distance)[self.unit, self.place]
        self.columns = self.program.columns(len(travel), cost=-travel, integer=integer)
        self._assign()
        self._bands()
        self._wishes()

    def _assign(self) -> None:
        program = self.program
        program.rows(self.problem.n, [(self.unit, self.columns, 1.0)], low=1.0, high=1.0)
        own = self.unit == self.place
        program.rows(1, [(0, self.columns[own], 1.0)], low=self.problem.k, high=self.problem.k)
        others = np.flatnonzero(~own)
        site = self.at[self.place[others], self.place[others]]
        row = np.arange(len(others))
        program.rows(len(others), [(row, others, 1.0), (row, site, -1.0)], high=0.0)

    def _bands(self) -> None:
        problem = self.problem
        sites = np.unique(self.place)
        row = np.searchsorted(sites, self.place)
        opened = self.at[sites, sites]
        count = np.arange(len(sites))
        for m in np.flatnonzero(problem.tolerance < NO_BALANCE):
            # a team's unit takes the load of its other people off, at either end of their band
            top = (problem.loads[:, m] - problem.extra * problem.high[m])[self.unit]
            bottom = (problem.loads[:, m] - problem.extra * problem.low[m])[self.unit]
            full = [(row, self.columns, top), (count, opened, -problem.high[m])]
            self.program.rows(len(sites), full, high=1e-9)
            if problem.low[m] > 0:
                least = [(row, self.columns, bottom), (count, opened, -problem.low[m])]
                self.program.rows(len(sites), least, low=-1e-9)

    def _wishes(self) -> None:
        """Seats are open, units locked together share a site, units apart do not."""
        problem = self.problem
        seats = [self.at[at, at] for at in problem.site if at >= 0]
        self.program.raise_low(np.array(seats, dtype=int), 1.0)
        sites = range(self.at.shape[1])
        first: list[int] = []  # a locked unit of each territory that has one
        for t in range(problem.k):
            locked = [i for i, at in enumerate(problem.lock) if at == t]
            first += locked[:1]
            for i in locked[1:]:
                for j in sites:
                    self._tie(self.at[locked[0], j], self.at[i, j])
        for j in sites:  # of all that are locked elsewhere a site serves one at most
            columns = self.at[first, j]
            self._one_of(columns[columns >= 0])
        for i, others in enumerate(problem.apart):
            for other in others:
                if other > i:
                    for j in sites:
                        pair = self.at[[i, other], j]
                        self._one_of(pair[pair >= 0])

    def _one_of(self, columns: np.ndarray) -> None:
        if len(columns) > 1:
            self.program.rows(1, [(0, columns, 1.0)], high=1.0)

    def _tie(self, one: int, other: int) -> None:
        parts = [(0, c, sign) for c, sign in ((one, 1.0), (other, -1.0)) if c >= 0]
        if parts:
            self.program.rows(1, parts, low=0.0, high=0.0)

    def values(self, label) -> np.ndarray:
        """Columns of a known assignment."""
        sites = np.array(medians(self.problem, label))
        start = np.zeros(len(self.unit))
        start[self.at[np.arange(self.problem.n), sites[np.asarray(label)]]] = 1.0
        return start

    def cut(self, values: np.ndarray) -> int:
        """Add separator cuts for every stray part of a whole-number solution; returns how many were added."""
        problem = self.problem
        chosen = np.flatnonzero(values > 0.5)
        added = 0
        for site in np.unique(self.place[chosen]):
            members = self.unit[chosen[self.place[chosen] == site]].tolist()
            for part in parts_of(problem.neighbors, members):
                if site in part:
                    continue
                wall = separator(problem, part, int(site))
                held = [self.at[c, site] for c in wall if self.at[c, site] >= 0]
                for i in part:
                    parts = [(0, np.array([self.at[i, site]]), 1.0)]
                    if held:
                        parts.append((0, np.array(held), -1.0))
                    self.program.rows(1, parts, high=0.0)
                    added += 1
        return added


def separator(problem: Problem, part: list, site: int) -> list[int]:
    """Neighbours of a part that also touch what the site can reach without crossing them."""
    inside = set(part)
    wall = {j for i in part for j in problem.neighbors[i]} - inside
    reached = [site]
    seen = {site}
    touched = {site} & wall
    for i in reached:
        for j in problem.neighbors[i]:
            if j in wall:
                touched.add(j)
            elif j not in seen:
                seen.add(j)
                reached.append(j)
    return sorted(touched)


def _branch(problem: Problem, found: Proof, keep: np.ndarray, nodes: int) -> Proof:
    """Branch and bound with cuts until a connected optimum, or the budget is spent."""
    keep = keep.copy()
    sites = np.array(medians(problem, found.label))[np.asarray(found.label)]
    keep[np.arange(problem.n), sites] = True
    keep[sites, sites] = True
    programme = Programme(problem, keep)
    bound = found.bound
    start = programme.values(found.label)
    for _ in range(ROUNDS):
        solution = programme.program.solve(nodes=nodes, start=start)
        bound = max(bound, min(-solution.bound, found.cost))
        if solution.values is None:
            break
        if programme.cut(solution.values):
            continue
        label = _labels(problem, programme, solution.values)
        cost = total_cost(problem, label)
        better = label if cost < found.cost else found.label
        cost = min(cost, found.cost)
        proven = solution.ended == "optimal"
        return Proof(better, cost, cost if proven else min(bound, cost), proven)
    return Proof(found.label, found.cost, min(bound, found.cost), False)


def _labels(problem: Problem, programme: Programme, values: np.ndarray) -> list[int]:
    """Territories of a solution: fixed sites and locks keep their numbers, the others follow by site."""
    chosen = values > 0.5
    site = np.empty(problem.n, dtype=int)
    site[programme.unit[chosen]] = programme.place[chosen]
    number = {at: t for t, at in enumerate(problem.site) if at >= 0}
    for i, t in enumerate(problem.lock):
        if t >= 0:
            number.setdefault(int(site[i]), t)
    free = iter(sorted(set(range(problem.k)) - set(number.values())))
    for at in sorted(set(site.tolist()) - set(number)):
        number[at] = next(free)
    return [number[int(at)] for at in site]
