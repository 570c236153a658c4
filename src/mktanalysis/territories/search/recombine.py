"""Recombination: the best choice among all good territories that any run has met.

Always holds: only connected territories within their bands are kept, so whatever is chosen is a design; the
choice is never worse than the best run.
"""

from __future__ import annotations

import numpy as np

from ...highs import Program
from ..problem import NO_BALANCE, Problem

#: More territories than this are cut down to those cheapest by reduced cost.
MOST = 20_000
#: Nodes of branch and bound.
NODES = 200


class Pool:
    """Territories met so far: members as a whole number, bit i for unit i -> cost."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.cost: dict[int, float] = {}
        bound = problem.tolerance < NO_BALANCE
        self.wide = problem.tolerance[bound].tolist()
        self.heads = problem.heads.tolist()

    def add(self, walk) -> None:
        """Keep the territories of a settled walk that are within their bands."""
        for t, members in enumerate(walk.members):
            off = (abs(load[t] - 1) / self.heads[t] for _, load, *_ in walk.measures)
            if all(x <= wide + 1e-9 for x, wide in zip(off, self.wide, strict=True)):
                mask = 0
                for i in members:
                    mask |= 1 << i
                if mask not in self.cost:
                    row = walk.cost[t]
                    self.cost[mask] = sum(row[i] for i in members)

    def usable(self) -> bool:
        """Whether a territory's units tell its cost: no homes, no units apart, no price of moving."""
        problem = self.problem
        homes = any(at >= 0 and problem.lock[at] != t for t, at in enumerate(problem.site))
        return not (homes or any(problem.apart) or problem.keep or problem.cut)

    def choose(self, label: list, best: float) -> list[int]:
        """Labels of the cheapest choice found, `label` (of cost `best`) if there is none better."""
        masks = sorted(self.cost)
        cost = np.array([self.cost[mask] for mask in masks])
        rows, columns = incidence(masks)
        chosen = choose_sets((rows, columns, cost), (self.problem.n, self.problem.k), best, NODES)
        if chosen is None or cost[chosen].sum() >= best - 1e-9:
            return label
        return numbered(self.problem, [rows[columns == c].tolist() for c in chosen])


def numbered(problem: Problem, groups: list) -> list[int]:
    """Territory of each unit from groups of units; locks and seats keep their numbers, the others follow."""
    group = {i: c for c, units in enumerate(groups) for i in units}
    number = {group[i]: t for i, t in enumerate(problem.lock) if t >= 0}
    number |= {group[at]: t for t, at in enumerate(problem.site) if at >= 0}
    free = iter(sorted(set(range(problem.k)) - set(number.values())))
    for c in sorted(range(len(groups)), key=lambda c: min(groups[c])):
        if c not in number:
            number[c] = next(free)
    return [number[group[i]] for i in range(problem.n)]


def incidence(masks) -> tuple[np.ndarray, np.ndarray]:
    """Unit and column of every bit of the masks."""
    rows = []
    columns = []
    for c, mask in enumerate(masks):
        while mask:
            rows.append((mask & -mask).bit_length() - 1)
            columns.append(c)
            mask &= mask - 1
    return np.array(rows, dtype=int), np.array(columns, dtype=int)


def choose_sets(sets, shape: tuple[int, int], best: float, nodes: int | None):
    """Cheapest `k` sets that cover every unit once, or None; sets = (unit, column, cost)."""
    rows, columns, cost = sets
    n, k = shape
    count = len(cost)

    def programme(kept: np.ndarray, integer: bool) -> Program:
        place = np.full(count, -1)
        place[kept] = np.arange(len(kept))
        at = place[columns]
        inside = at >= 0
        program = Program()
        program.columns(len(kept), cost=-cost[kept], integer=integer)
        program.rows(n, [(rows[inside], at[inside], 1.0)], low=1.0, high=1.0)
        program.rows(1, [(0, np.arange(len(kept)), 1.0)], low=k, high=k)
        return program

    relaxed = programme(np.arange(count), False)
    solution = relaxed.solve(relaxed=True)
    if solution.ended != "optimal":
        return None
    duals = solution.duals
    reduced = cost + np.bincount(columns, weights=duals[rows], minlength=count) + duals[n]
    kept = np.flatnonzero(-solution.objective + reduced <= best * (1 + 1e-9) + 1e-9)
    kept = kept[np.argsort(reduced[kept], kind="stable")[:MOST]]
    solved = programme(np.sort(kept), True).solve(nodes=nodes)
    if solved.values is None:
        return None
    return np.sort(kept)[solved.values > 0.5]
