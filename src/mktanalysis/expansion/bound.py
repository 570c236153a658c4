"""Tighten the programme before and after a plan is known: which rungs, offices and starts are out of reach.

Always holds: what is fixed here is fixed in every plan better than the incumbent, so the bound stays a bound; the
work is counted in linear programmes, not in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .lp import load, run_lp
from .model import Model


@dataclass(frozen=True, eq=False)
class Tightened:
    """Column bounds after tightening, the linear bound (gain, in the model's scale), and what was fixed."""

    low: np.ndarray
    high: np.ndarray
    bound: float
    n_fixed_rungs: int
    n_fixed_starts: int
    n_programmes: int


def tighten(model: Model, incumbent: float, *, passes: int = 2, clock=None, report=None) -> Tightened:
    """Fix what no better plan can have.

    A rung region that cannot be fully strong in a period even in the linear relaxation of all plans better than the
    incumbent is not strong then; a start whose reduced cost exceeds the gap is not made.

    Parameters
    ----------
    model : Model
    incumbent : float
        Gain of the best plan known, in the model's scale.
    passes : int
        Rounds over the rung regions.
    clock : Clock, optional
        Stops early when time is up.
    report : callable, optional
        Called with the current bound.
    """
    arrays = list(model.program.arrays())
    low, high = arrays[1].copy(), arrays[2].copy()
    highs = load(*arrays, cutoff=incumbent)
    solution = run_lp(highs)
    solved, rungs, starts = 1, 0, 0
    for _ in range(passes):
        if solution is None or not np.isfinite(solution.bound):
            break
        starts += _fix_by_reduced_cost(model, highs, solution, incumbent, low, high)
        fixed, count = _probe_rungs(model, highs, arrays[0], low, high, solution, clock)
        rungs, solved = rungs + fixed, solved + count
        solution = run_lp(highs)
        if report is not None and solution is not None:
            report(solution.bound)
        if fixed == 0 or (clock is not None and clock.left() <= 0):
            break
    bound = incumbent if solution is None else max(solution.bound, incumbent)
    if solution is not None:
        starts += _fix_by_reduced_cost(model, highs, solution, incumbent, low, high)
    return Tightened(low, high, bound, rungs, starts, solved)


def _fix_by_reduced_cost(model: Model, highs, solution, incumbent: float, low, high) -> int:
    """A start at zero whose reduced cost would push the bound below the incumbent stays at zero."""
    z = model.z[(high[model.z] > 0.5) & (low[model.z] < 0.5)]
    slack = solution.bound - incumbent
    hopeless = z[(solution.values[z] < 1e-7) & (solution.bound + solution.reduced_costs[z] < incumbent - 1e-7 * (1 + slack))]
    high[hopeless] = 0.0
    for column in hopeless:
        highs.changeColBounds(int(column), float(low[column]), 0.0)
    return len(hopeless)


def _probe_rungs(model: Model, highs, cost, low, high, solution, clock) -> tuple[int, int]:
    """Maximise each undecided rung column over the plans better than the incumbent; below 1 means 0."""
    columns = model.rungs[model.rungs >= 0].reshape(model.rungs.shape)
    reached = solution.values[columns] > 1 - 1e-6
    indices = np.arange(len(cost), dtype=np.int32)
    highs.changeColsCost(len(cost), indices, np.zeros(len(cost)))
    fixed = count = 0
    for g, t in sorted(np.argwhere(~reached).tolist(), key=lambda at: (-at[0], at[1])):
        column = int(columns[g, t])
        if high[column] < 0.5 or reached[g, t] or (clock is not None and clock.left() <= 0):
            continue
        highs.changeColCost(column, 1.0)
        found = run_lp(highs)
        highs.changeColCost(column, 0.0)
        count += 1
        if found is not None and found.values[column] > 1 - 1e-5:
            reached |= found.values[columns] > 1 - 1e-6
            continue
        high[column] = 0.0
        highs.changeColBounds(column, float(low[column]), 0.0)
        fixed += 1
    highs.changeColsCost(len(cost), indices, cost)
    return fixed, count
