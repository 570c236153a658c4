"""Plans from the support of the relaxation: the choices of highest reduced cost, solved in whole starts.

Always holds: the plan returned is feasible and never worse than the one given; without a clock the limit is a
count of nodes, so the same problem gives the same plan.
"""

from __future__ import annotations

import numpy as np

from ..choices.candidates import Problem
from ..choices.evaluate import evaluate
from ..milp.build import Model
from .control import Control
from .neighbourhoods import Part, complete

#: Choices for each unit in the programmes solved; with a time limit the next is begun if time is left.
WIDTHS = (1.25, 1.6, 2.0)
#: Nodes without a time limit: the root finds most of the plan, and most of the time is spent beyond it.
NODES = 1
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


def solve_support(
    model: Model, rows: np.ndarray, merit: np.ndarray, *, control: Control | None = None
) -> np.ndarray:
    """Improve a plan by branch and bound over the likely choices and those of the plan.

    Parameters
    ----------
    model : Model
    rows : ndarray
        Rows of a feasible plan.
    merit : ndarray, shape (choices,)
        Reduced cost of each choice in the relaxation.
    control : Control, optional
        Time limit, when the plan is good enough, and who hears of better plans.

    Returns
    -------
    ndarray
        Rows of the best plan found.
    """
    control = control or Control()
    problem = model.problem
    part = Part(model)
    best = np.asarray(rows)
    values = complete(model, rows)
    timed = control.timed
    for width in WIDTHS if timed else WIDTHS[:1]:
        if values is None or control.expired(0.3):
            break
        free = likely(problem, merit, width)
        free[best] = True
        found = part.solve(
            values,
            free,
            nodes=None if timed else NODES,
            clock=control.clock,
            options=OPTIONS,
            enough=control.enough if timed else None,
        )
        if found.values is None or found.objective <= float(part.arrays.cost @ values):
            continue
        better = model.rows_of(found.values)
        if evaluate(problem, better).feasible:
            best = better
            values = found.values
            control.found(best)
    return best
