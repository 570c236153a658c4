"""Objectives other than profit: the earliest period in which a target is strong, or the least cost to get
there.

Always holds: the target is one rung region - the code given, or the base's own region at the level given.
"""

from __future__ import annotations

import numpy as np

from ...errors import MktError
from ..choices.candidates import Problem


def target_group(problem: Problem) -> int:
    """Position of the target among the rung regions."""
    case = problem.case
    target = problem.case.policy.target
    ladder = case.ladder
    if target in ladder.regions:
        return int(ladder.regions.get_loc(target))
    node = int(np.flatnonzero(case.base)[0])
    while (g := ladder.parent[node]) >= 0:
        if ladder.rungs[g].level == target:
            return int(g)
        node = len(case.units) + g
    levels = list(dict.fromkeys(rung.level for rung in ladder.rungs)) or ["（没有：请用 rungs 给出梯级）"]
    raise MktError(
        f"目标 {target!r} 既不是梯级地区的代码，也不是根据地之上的层级；可用层级：{'、'.join(levels)}"
    )


def set_objective(model) -> None:
    """Turn the profit programme into the one that the policy asks for."""
    problem = model.problem
    kind = problem.case.policy.objective
    if kind == "profit":
        return
    g = target_group(problem)
    profit = model.program.arrays()[0]
    if kind == "earliest":  # one period earlier outweighs any profit
        cost = profit.copy()
        cost[model.rungs[g]] += earliest_bonus(problem) / model.scale
        model.program.set_cost(cost)
        return
    model.program.raise_low(model.rungs[g][-1:], 1.0)
    model.program.set_cost(outlay_cost(model))


def earliest_bonus(problem: Problem) -> float:
    """More than all profits and losses together, so that time decides first."""
    c = problem.candidates
    best = np.zeros(problem.shape[0])
    np.maximum.at(best, c.unit, np.abs(c.value))
    return float(best.sum()) + 1.0


def outlay_cost(model) -> np.ndarray:
    """Minus the discounted outlay of units and offices, savings deducted."""
    from .spillover import opening_most

    problem = model.problem
    cost = np.zeros(model.program.n_columns)
    c = problem.candidates
    weight = problem.weight
    cost[model.z] = -(c.outlay @ weight) / model.scale
    rungs = problem.case.ladder.rungs
    if model.offices.size and model.offices.max() >= 0:
        yearly = np.array([rung.office_cost for rung in rungs])
        cost[model.offices] = -yearly[:, None] * weight / model.scale
    i, t = np.nonzero(model.saving >= 0)
    cost[model.saving[i, t]] = weight[t] * opening_most(problem)[i, t] / model.scale
    return cost
