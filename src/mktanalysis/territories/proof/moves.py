"""What has to move at least: today's territories and their bands as an integer programme.

Always holds: the bound is at most the moved share of any design within the bands; labels that are returned
are connected and keep the bands; limits are nodes and rounds, never seconds. Separator cuts between two units
of a territory as in Validi, Buchanan and Lykhovyd 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...highs import Program
from ..problem import NO_BALANCE, Problem, parts_of
from .hess import separator

#: More pairs of unit and territory than this are bounded by the linear programme alone.
MOST_PAIRS = 4000
#: Rounds of cuts, and nodes of branch and bound a round.
ROUNDS = 15
NODES = 60


@dataclass(frozen=True, eq=False)
class LeastMoves:
    """Labels (None where none was found), a lower bound of the moved share, and whether the search ended.

    ``possible`` is False where it is proven that no design keeps the bands.
    """

    label: list | None
    bound: float
    proven: bool
    possible: bool = True


def least_moves(problem: Problem, *, nodes: int = NODES) -> LeastMoves:
    """Move the least share of the first measure so that every territory is connected and within its bands."""
    programme = _Moves(problem)
    large = problem.n * problem.k > MOST_PAIRS
    if large or not nodes:
        solution = programme.program.solve(relaxed=True)
        possible = solution.ended != "infeasible"
        return LeastMoves(None, max(-solution.bound, 0.0) if possible else 0.0, False, possible)
    bound = 0.0
    for _ in range(ROUNDS):
        solution = programme.program.solve(nodes=nodes)
        if solution.ended == "infeasible":
            return LeastMoves(None, bound, True, False)
        bound = max(bound, -solution.bound)
        if solution.values is None:
            break
        label = solution.values.reshape(problem.n, problem.k).argmax(axis=1).tolist()
        if not programme.cut(label):
            return LeastMoves(label, bound, solution.ended == "optimal")
    return LeastMoves(None, bound, False)


class _Moves:
    """The programme: column `at[i, t]` is 1 where unit `i` belongs to territory `t`."""

    def __init__(self, problem: Problem):
        self.problem = problem
        n, k = problem.n, problem.k
        old = np.asarray(problem.old)
        share = problem.loads[:, 0] / max(problem.loads[:, 0].sum(), 1e-300)
        stays = (old[:, None] == np.arange(k)) | (old < 0)[:, None]
        self.program = Program()
        cost = np.where(stays, 0.0, share[:, None])
        self.at = self.program.columns(n * k, cost=-cost.ravel(), integer=True).reshape(n, k)
        unit, territory = (index.ravel() for index in np.indices((n, k)))
        self.program.rows(n, [(unit, self.at.ravel(), 1.0)], low=1.0, high=1.0)
        self.program.rows(k, [(territory, self.at.ravel(), 1.0)], low=1.0)
        for m in np.flatnonzero(problem.tolerance < NO_BALANCE):
            band = (problem.heads * problem.low[m] - 1e-9, problem.heads * problem.high[m] + 1e-9)
            loads = (territory, self.at.ravel(), problem.loads[unit, m])
            self.program.rows(k, [loads], low=band[0], high=band[1])
        self._wishes()

    def _wishes(self) -> None:
        problem = self.problem
        locked = [self.at[i, t] for i, t in enumerate(problem.lock) if t >= 0]
        self.program.raise_low(np.array(locked, dtype=int), 1.0)
        for i, others in enumerate(problem.apart):
            for j in others:
                if j > i:
                    row = np.arange(problem.k)
                    pair = [(row, self.at[i], 1.0), (row, self.at[j], 1.0)]
                    self.program.rows(problem.k, pair, high=1.0)

    def cut(self, label: list[int]) -> int:
        """Forbid the stray parts of an assignment; returns how many rows were added."""
        problem = self.problem
        added = 0
        for t in range(problem.k):
            parts = parts_of(problem.neighbors, [i for i, at in enumerate(label) if at == t])
            parts.sort(key=lambda part: -problem.loads[part, 0].sum())
            for part in parts[1:]:
                heart = max(parts[0], key=lambda i: (problem.loads[i, 0], -i))
                wall = separator(problem, part, heart)
                for i in part:
                    ends = [(0, self.at[[i, heart], t], 1.0)]
                    if wall:
                        ends.append((0, self.at[wall, t], -1.0))
                    self.program.rows(1, ends, high=1.0)
                    added += 1
        return added
