"""Why each step came when it did: potential, proximity, spill-over, ladder, what it opens.

Always holds: what the steps are worth alone and together adds up to the gain of the plan; nothing is asserted
that was not measured.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import dijkstra
from scipy.stats import rankdata

from ...regions import RegionTree
from ..choices.candidates import Problem
from ..choices.evaluate import Evaluation
from ..market.case import Case
from ..search.incremental import Ledger

#: Orders drawn to share out what only arises together, and at most so many changes in all of them.
ORDERS = 64
CHANGES = 50_000


def explain(problem: Problem, rows: np.ndarray, plan: Evaluation, tree: RegionTree) -> pd.DataFrame:
    """One row a step, in the order of `rows`.

    Columns ``period``, ``region``, ``name``, ``own_value`` (discounted, alone), ``ladder_value`` (its share
    in what only arises together: rungs less offices and savings; with ``own_value`` it adds up to the plan's
    gain), ``saving`` (of its own opening), ``potential_rank`` (by capacity among all units),
    ``distance_km``, ``held_neighbours`` (the period before), ``opens`` (units entered later of which it is
    the only earlier neighbour), ``reason``
    (Chinese).
    """
    case = problem.case
    c = problem.candidates
    unit = c.unit[rows]
    start = c.start[rows]
    saving = (
        np.array([_own_saving(problem, plan, i, t) for i, t in zip(unit, start, strict=True)])
        * c.opening[rows]
    )
    worth = c.value[rows] + saving * problem.weight[start]
    ladder = _together(problem, rows)
    since = np.where(plan.held.any(axis=1), plan.held.argmax(axis=1), case.policy.periods)
    since[case.base] = -1
    near = [case.adjacency.indices[slice(*case.adjacency.indptr[[i, i + 1]])] for i in range(len(case.units))]
    earlier = [np.sum(since[near[i]] < t) for i, t in zip(unit, start, strict=True)]
    entered = np.zeros(len(case.units), dtype=bool)
    entered[unit] = True
    opens = np.array([_opens(i, near, since, entered) for i in unit], dtype=int)
    codes = case.units[unit]
    table = pd.DataFrame(
        {
            "period": [pd.Period(year=case.years[t], freq="Y") for t in start],
            "region": codes.to_numpy(),
            "name": tree.names(codes).to_numpy(),
            "own_value": c.value[rows],
            "ladder_value": ladder,
            "saving": saving,
            "potential_rank": rankdata(-case.capacity[:, 0], method="min")[unit].astype(int),
            "distance_km": case.column("distance_km")[unit],
            "held_neighbours": np.array(earlier, dtype=int),
            "opens": opens,
        }
    )
    more = table.assign(worth=worth, order=_orders(case, codes)).to_dict("records")
    return table.assign(reason=[_reason(row, len(case.units)) for row in more])


def _together(problem: Problem, rows: np.ndarray) -> np.ndarray:
    """Share of each step in what the steps are worth beyond their own values: the Shapley value.

    A rung needs several steps, a saving needs two: taking out one at a time would give each of them all of
    it. The mean over drawn orders, each with its reverse, of what a step adds to those before it.
    """
    books = Ledger(problem)
    rng = np.random.default_rng(0)
    unit = problem.candidates.unit[rows].tolist()
    own = problem.candidates.value[rows]
    pairs = max(1, min(ORDERS, CHANGES // max(len(rows), 1)) // 2)
    added = np.zeros(len(rows))
    for _ in range(pairs):
        order = rng.permutation(len(rows)).tolist()
        for sign in (1, -1):  # in one by one, then out in the same order: the last is left to itself
            for k in order:
                before = books.gain
                books.change(unit[k], int(rows[k]) if sign > 0 else -1)
                added[k] += sign * (books.gain - before)
    return np.round(added / (2 * pairs) - own, 2)


def _orders(case: Case, codes) -> list[str]:
    """What the manager has ordered about each unit, in words."""
    done = {code for code, _, _ in case.policy.history}
    return [
        "已发生或已锁定" if code in done else "指定进入" if code in case.policy.pinned else ""
        for code in codes
    ]


def _own_saving(problem: Problem, plan: Evaluation, i: int, t: int) -> float:
    assumptions = problem.case.assumptions
    before = plan.strong[:, t - 1] if t > 0 else problem.base_strong[:, 0]
    near = (problem.case.adjacency[[i]] @ before.astype(float))[0]
    return min(assumptions.spill * near, assumptions.spill_cap)


def _opens(i: int, near: list, since: np.ndarray, entered: np.ndarray) -> int:
    """Units entered later that had no other neighbour held before (the base is held from -1 on)."""
    later = [j for j in near[i] if entered[j] and since[i] < since[j]]
    return sum(int((since[near[j]] < since[j]).sum() == 1) for j in later)


def _reason(row: dict, n_units: int) -> str:
    parts = [row["order"]] if row["order"] else []
    if row["potential_rank"] <= max(1, n_units // 4):
        parts.append(f"容量居第 {row['potential_rank']} 位")
    if row["held_neighbours"] >= 2:
        parts.append(f"与 {row['held_neighbours']} 个已有单元相邻")
    elif row["held_neighbours"] == 1:
        parts.append("与已有单元相邻")
    if row["saving"] > 0:
        parts.append(f"强势邻区辐射省下 {row['saving'] / 1e4:,.0f} 万元")
    helps = row["ladder_value"] > max(0.05 * abs(row["own_value"]), 1.0)
    if helps:
        parts.append(f"为梯级与邻区贡献 {row['ladder_value'] / 1e4:,.0f} 万元")
    if row["opens"]:
        parts.append(f"打开 {row['opens']} 个后续单元")
    if row["own_value"] < 0:
        parts.append(_loss(row, helps))
    return "；".join(parts) or "单位资金的价值高"


def _loss(row: dict, helps: bool) -> str:
    """What stands against a step that earns nothing by itself."""
    if row["worth"] >= 0:
        return "加上省下的费用才赚钱"
    gains = [word for word, has in (("梯级与邻区", helps), ("通道", row["opens"] > 0)) if has]
    return "自身不赚钱" + (f"，价值在{'和'.join(gains)}" if gains else "")


def unreachable_units(plan) -> pd.DataFrame:
    """List the units that no plan can enter under the policy's conditions, whatever the money.

    Parameters
    ----------
    plan : ExpansionPlan

    Returns
    -------
    DataFrame
        Columns ``region``, ``reason``: forbidden, beyond the supply radius, without a chain of neighbours
        to the base, or more steps away than the horizon has years (Chinese words).

    Examples
    --------
    >>> from mktanalysis.expansion import Policy, expansion_market, grid_example, plan_expansion
    >>> plan = plan_expansion(expansion_market(*grid_example(1, 5)), Policy(base=("r1c1",), periods=3))
    >>> unreachable_units(plan)["region"].tolist()
    ['r1c5']
    """
    case = plan.case
    policy = case.policy
    base = np.flatnonzero(case.base)
    hops = dijkstra(case.adjacency, indices=base, unweighted=True, min_only=True)
    radius = np.inf if policy.supply_radius_km is None else policy.supply_radius_km
    never = ~case.base & (case.earliest >= policy.periods)
    apart = f"离根据地的步数超过计划期（{policy.periods} 年）"
    known = {
        "被禁止进入": case.units.isin(policy.forbidden),
        "与根据地之间没有相邻的单元相连": ~np.isfinite(hops) & (policy.contiguity != "none"),
        "超出供货半径": case.column("distance_km") > radius,
    }
    reasons = np.select(list(known.values()), list(known), apart)
    return pd.DataFrame({"region": case.units[never].to_numpy(), "reason": reasons[never]})
