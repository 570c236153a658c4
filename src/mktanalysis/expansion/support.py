"""Plans from the support of the relaxation: the choices of highest reduced cost, solved in whole starts.

Always holds: the plan returned is feasible and never worse than the one given; without a clock the limit is a
count of nodes, so the same problem gives the same plan.
"""

from __future__ import annotations

import numpy as np

from .candidates import Problem
from .evaluate import evaluate
from .lns import Part, complete
from .model import Model

#: Choices for each unit in the programmes solved; the next is begun if the one before was solved in time.
WIDTHS = (1.25, 1.6, 2.0)
#: Nodes of each, without a time limit.
NODES = 20
#: With a time limit, the part of it after which a search without a better plan is given up.
PATIENCE = 0.6
#: HiGHS's own heuristics find most of the plans here; restarts begin again with the root.
OPTIONS = {"mip_heuristic_effort": 0.3, "mip_allow_restart": False}


def likely(problem: Problem, merit: np.ndarray, per_unit: float) -> np.ndarray:
    """The choices that the relaxation thinks most of, `per_unit` for each unit that has any.

    Parameters
    ----------
    problem : Problem
    merit : ndarray, shape (choices,)
        Reduced cost of each choice in the relaxation.
    per_unit : float

    Returns
    -------
    ndarray of bool, shape (choices,)
    """
    count = min(len(merit), int(per_unit * len(np.unique(problem.candidates.unit))))
    return merit >= np.partition(merit, -count)[-count] if count else np.zeros(len(merit), dtype=bool)


def _in_vain(clock):
    """Function that says when no better value has come for `PATIENCE` of the time."""
    best, since = -np.inf, clock.spent()

    def watch(_bound: float, value: float) -> bool:
        nonlocal best, since
        if value > best:
            best, since = value, clock.spent()
        return clock.spent() - since > PATIENCE * clock.seconds

    return watch


def solve_support(model: Model, rows: np.ndarray, merit: np.ndarray, *, clock=None, keep=None) -> np.ndarray:
    """Improve a plan by branch and bound over the likely choices and those of the plan.

    Parameters
    ----------
    model : Model
    rows : ndarray
        Rows of a feasible plan.
    merit : ndarray, shape (choices,)
        Reduced cost of each choice in the relaxation.
    clock : Clock, optional
    keep : callable, optional
        Called with the rows of every better plan.

    Returns
    -------
    ndarray
        Rows of the best plan found.
    """
    problem, part = model.problem, Part(model)
    best, values = np.asarray(rows), complete(model, rows)
    for width in WIDTHS:
        if values is None or (clock is not None and clock.left() <= 0.3):
            break
        free = likely(problem, merit, width)
        free[best] = True
        if clock is not None and clock.left() < np.inf:
            found = part.solve(values, free, clock=clock, options=OPTIONS, watch=_in_vain(clock))
        else:
            found = part.solve(values, free, nodes=NODES, options=OPTIONS)
        if found.values is None or found.objective <= float(part.arrays.cost @ values):
            continue
        better = model.rows_of(found.values)
        if evaluate(problem, better).feasible:
            best, values = better, found.values
            if keep is not None:
                keep(best)
    return best
