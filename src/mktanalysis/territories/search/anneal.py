"""Annealing: from a first assignment to a good one, in a budget of proposals.

Always holds: what is returned is the best assignment met, by territories out of their bands, then cost; it is
never worse than the start.
"""

from __future__ import annotations

import numpy as np

from ..problem import Problem
from .recombine import Pool
from .spread import spread_cut
from .start import first_cut, grown
from .walk import Walk, score

#: Proposals a unit of one start; starts: this many units in all, at most so many starts.
PER_UNIT = 2000
START_UNITS = 1800
MOST_STARTS = 16
#: A run has at least so many blocks; a smaller budget means fewer runs.
LEAST_BLOCKS = 20
#: Medians move after this many proposals a unit.
SETTLE = 10
#: Temperature, in mean costs of a unit, and price of imbalance, in mean costs of a territory: from, to.
HEAT = (3.0, 0.03)
#: More units than this begin from spread medians, and stay near them: not so hot.
MANY_UNITS = 900
MANY_HEAT = (0.5, 0.03)
PRICE = (0.05, 3.0)
#: With a price of moving: temperature in mean loads of a unit, price of imbalance in loads of a territory.
KEEP_HEAT = (3.0, 0.03)
KEEP_PRICE = (0.02, 20.0)


def starts_of(units: int) -> int:
    """Starts that a design of so many units gets.

    Examples
    --------
    >>> starts_of(100), starts_of(200), starts_of(3000)
    (16, 9, 1)
    """
    return max(1, min(MOST_STARTS, START_UNITS // units))


def anneal(
    problem: Problem, *, random_state=0, effort: float = 1.0, start=None, starts: int | None = None
) -> list[int]:
    """Return labels (list of int); `start` (labels) replaces the first cuts; `starts` default by size."""
    rng = np.random.default_rng(random_state)
    starts = starts_of(problem.n) if starts is None else starts
    starts = max(1, min(starts, round(starts * effort * PER_UNIT / SETTLE / LEAST_BLOCKS)))
    if start is not None and starts > 2:  # one beginning: fewer and longer runs from it
        effort = effort * starts / 2
        starts = 2
    pool = Pool(problem)
    best = None
    for number in range(starts):
        if start is not None:
            label = list(start)
        elif problem.n > MANY_UNITS and not problem.cut and _teams_alone(problem):
            label = spread_cut(problem, rng)
        elif any(at >= 0 for at in problem.lock) or any(at >= 0 for at in problem.site):
            label = grown(problem, rng)
        else:
            label = first_cut(problem, number / starts)
        found = cool(problem, label, rng, effort, pool if starts > 1 else None)
        best = found if best is None or found[:2] < best[:2] else best
    if len(pool.cost) > problem.k and pool.usable():
        return pool.choose(best[2], best[1] if best[0] == 0 else np.inf)
    return best[2]


def _teams_alone(problem: Problem) -> bool:
    """Whether no site is fixed and every locked unit is the first and only one of its territory, in order."""
    locked = [t for t in problem.lock if t >= 0]
    return all(at < 0 for at in problem.site) and sorted(locked) == list(range(len(locked)))


def blocks_of(problem: Problem, effort: float) -> int:
    """Number of blocks of ``SETTLE`` proposals a unit."""
    return max(LEAST_BLOCKS, int(effort * PER_UNIT / SETTLE))


def cool(problem: Problem, label, rng, effort: float, pool: Pool | None = None):
    """One run from hot to cold; the price of imbalance rises while it cools. Returns (out, cost, labels)."""
    walk = Walk(problem, label, rng)
    out, cost = score(problem, label)
    best = (out, cost, list(label))
    if problem.k == 1 or problem.k == problem.n:
        return best
    blocks = blocks_of(problem, effort)
    scale = max(cost, 1e-9)
    ends = MANY_HEAT if problem.n > MANY_UNITS else HEAT
    heat = scale / problem.n * np.geomspace(*ends, blocks)
    price = scale / problem.k * np.geomspace(*PRICE, blocks)
    if problem.keep:  # the cost of today is nearly nothing: what counts is the price of a mean unit moved
        price = problem.keep * np.geomspace(*KEEP_PRICE, blocks)
        heat = problem.keep * problem.k / problem.n * np.geomspace(*KEEP_HEAT, blocks)
    for number in range(blocks):
        walk.block(SETTLE * problem.n, heat[number], price[number])
        walk.settle()
        if number * 3 < blocks:  # too hot to be the best
            continue
        key = walk.quick_score()
        if key < best[:2]:
            best = (*key, list(walk.label))
        if pool is not None:
            pool.add(walk)
    return best
