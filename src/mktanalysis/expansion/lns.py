"""Neighbourhood search with HiGHS: free a part of the plan, keep the rest, solve the part exactly.

Always holds: a round never returns a worse plan; rounds are limited by nodes, not by the clock, and the same
seed gives the same plan.
"""

from __future__ import annotations

import numpy as np

from .evaluate import evaluate
from .lp import solve_arrays
from .model import Model


def improve(
    model: Model,
    rows: np.ndarray,
    *,
    rounds: int,
    nodes: int,
    rng: np.random.Generator,
    clock=None,
    report=None,
    enough=np.inf,
):
    """Improve a plan by `rounds` exact solutions of neighbourhoods; returns the rows of the best plan.

    Neighbourhoods in turn: all choices of the units around a drawn unit; all units within a window of
    periods; a wider area whose starts may move by two periods. `enough` ends the search.
    """
    problem = model.problem
    arrays = model.program.arrays()
    best, values = np.asarray(rows), complete(model, rows)
    value = -np.inf if values is None else float(arrays[0] @ values)
    size = np.ones(3)
    for k in range(rounds):
        if values is None or value >= enough or (clock is not None and clock.left() <= 1.0):
            break
        free = _neighbourhood(problem, best, k, size[k % 3], rng)
        solution = solve_part(model, arrays, values, free, nodes=nodes, clock=clock)
        size[k % 3] *= 1.2 if solution.work < WORK / 2 else 0.7 if solution.work > 2 * WORK else 1.0
        if solution.values is not None:
            found = model.rows_of(solution.values)
            if solution.objective > value + 1e-9 * abs(value) and evaluate(problem, found).feasible:
                best, value, values = found, solution.objective, solution.values
        if report is not None:
            report(value)
    return best


#: Simplex iterations that a round should take: larger neighbourhoods below, smaller ones above.
WORK = 6000


def solve_part(model: Model, arrays, values: np.ndarray, free: np.ndarray, *, nodes: int, clock=None):
    """Solve with the choices outside `free` kept as in `values`."""
    low, high, kept = arrays.low.copy(), arrays.high.copy(), model.z[~free]
    low[kept] = high[kept] = np.round(values[kept])
    seconds = None if clock is None else max(clock.left(), 0.5)
    return solve_arrays(
        arrays._replace(low=low, high=high),
        gap=2e-3,
        nodes=nodes,
        seconds=seconds,
        start=values,
        options={"mip_max_stall_nodes": max(5, nodes // 3)},
    )


def _neighbourhood(problem, rows, k: int, size: float, rng: np.random.Generator) -> np.ndarray:
    """Mask of candidates set free."""
    market, c, (n, periods) = problem.market, problem.candidates, problem.shape
    since = np.where(market.base, -1, periods)
    since[c.unit[rows]] = c.start[rows]
    if k % 3 == 1:  # a window of periods: whoever starts in it, and later ones that could
        width = max(1, round(size))
        first = int(rng.integers(0, max(1, periods - width + 1)))
        inside = (since >= first) & (since < first + width)
        return inside[c.unit] & (c.start >= first) & (c.start < first + width) | _border(
            problem, since, c, first, width
        )
    count = int(min(n, 14 * size))
    unit = _ball(market.adjacency, int(rng.choice(np.flatnonzero(market.earliest < periods))), count)
    inside = np.zeros(n, dtype=bool)
    inside[unit] = True
    if k % 3 == 2:  # the ball, but each start may move by a few periods only: larger balls at the same price
        inside[_ball(market.adjacency, int(unit[0]), count * 2)] = True
        near = (np.abs(c.start - since[c.unit]) <= 2) | (since[c.unit] == periods) & (c.start >= periods - 3)
        return inside[c.unit] & near
    return inside[c.unit]


def _border(problem, since, c, first: int, width: int) -> np.ndarray:
    """Units not started by the end of the window that touch what is held by then."""
    held = (since < first + width).astype(float)
    near = np.asarray(problem.market.adjacency @ held) > 0
    late = near & (since >= first + width)
    return late[c.unit] & (c.start >= first) & (c.start < first + width)


def _ball(adjacency, centre: int, count: int) -> np.ndarray:
    """The `count` units nearest to `centre` by steps."""
    seen, frontier = [centre], [centre]
    known = {centre}
    while frontier and len(seen) < count:
        following = []
        for i in frontier:
            for j in adjacency.indices[adjacency.indptr[i] : adjacency.indptr[i + 1]]:
                if j not in known:
                    known.add(int(j))
                    following.append(int(j))
        seen += sorted(following)
        frontier = sorted(following)
    return np.array(seen[:count])


def complete(model: Model, rows: np.ndarray) -> np.ndarray:
    """Values of all columns for given starts (what is left after presolve is small); None if they are
    infeasible.
    """
    arrays = model.program.arrays()
    low, high = arrays.low.copy(), arrays.high.copy()
    low[model.z], high[model.z] = 0.0, 0.0
    low[model.z[rows]], high[model.z[rows]] = 1.0, 1.0
    return solve_arrays(arrays._replace(low=low, high=high)).values
