"""Re-alignment: today's territories, moved as little as balance asks for.

Always holds: where today's territories keep the conditions nothing moves; a territory keeps its name; the
moved share is counted in the first measure; a frontier is never worse at a wider tolerance than at a tighter
one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import MktError
from ..words.render import named
from .build import Job, build_jobs
from .conditions import Conditions, check_inputs
from .design import design_territories
from .plan import TerritoryPlan, plan_of
from .problem import Problem, parts_of
from .search.anneal import anneal
from .search.start import first_cut, grown
from .search.walk import score, total_cost

#: Of two designs with equal moves the one with less travel wins: travel, relative to today's, counts this
#: much.
TRAVEL_PRICE = 0.02
#: Chains of moves that each look worse are found late: this many times the budget of a design.
MORE = 4.0


@dataclass(frozen=True, eq=False)
class Frontier:
    """Imbalance against disruption.

    Attributes
    ----------
    table : DataFrame
        tolerance, moved_share, n_moved, worst_deviation, travel, n_out; the last row (tolerance of the
        tightest, ``free`` true) is a redesign that asks nothing of today.
    plans : dict
        Tolerance -> TerritoryPlan.
    free : TerritoryPlan
    """

    table: pd.DataFrame
    plans: dict
    free: TerritoryPlan


def realign(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    current: pd.Series,
    tree=None,
    *,
    n: int | None = None,
    random_state: int | None = 0,
    **conditions,
) -> TerritoryPlan:
    """Move as few sales as possible so that today's territories keep the conditions (片区调整).

    Parameters
    ----------
    units, edges, tree
        As `design_territories`.
    current : Series
        region -> today's territory; a unit without one is placed.
    n : int, optional
        Number of territories, default today's. One fewer dissolves the smallest, one more splits the largest.
    random_state : int or None
    **conditions
        Of `Conditions`; ``locks`` name today's territories.

    Returns
    -------
    TerritoryPlan
        Its bound and gap are missing: least moves are searched for, not proven.

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("abcd"), "capacity": [1.0, 1, 1, 1], "x": range(4), "y": 0.0})
    >>> edges = pd.DataFrame({"region": list("abc"), "neighbor": list("bcd")})
    >>> today = pd.Series({"a": "甲", "b": "乙", "c": "乙", "d": "乙"})
    >>> realign(units, edges, today).moves["region"].tolist()
    ['b']
    """
    names = list(dict.fromkeys(current.dropna()))
    wishes = Conditions(n=len(names) if n is None else n, **conditions)
    check_inputs(units, edges, wishes, tree=tree, current=current)
    fresh = sorted(set(wishes.locks.values()) - set(names))
    if len(fresh) > max(wishes.n - len(names), 0):
        raise MktError(f"锁定到现有片区以外：{'、'.join(fresh)}；现有：{'、'.join(map(str, names))}")
    if wishes.within is not None or wishes.objective != "travel":
        raise MktError("realign 按现有片区调整，不用 within；目标只能是 travel：请按上级地区分别调整")
    (jobs, notes) = build_jobs(units, edges, wishes, tree=tree, current=current, teams=False)
    job = _todays(jobs[0], units, current, wishes)
    (out, _) = score(job.problem, job.start)
    if out or any(job.start[i] != at for i, at in enumerate(job.problem.old) if at >= 0):
        label = _moved_least(job, wishes, random_state)
    else:
        label = job.start
    solved = [(Job(job.problem, job.names), label, float("nan"), False)]
    return plan_of(solved, units, wishes, tree=tree, current=current, notes=notes)


@dataclass(eq=False)
class _Today:
    problem: Problem
    names: list
    start: list


def _todays(job: Job, units: pd.DataFrame, current: pd.Series, wishes: Conditions) -> _Today:
    """Number today's territories, free what cannot stay, and make a connected start of it."""
    first = next(iter(wishes.measures))
    label = current.reindex(units["region"]).to_numpy()
    load = units[first].groupby(label).sum().sort_values(ascending=False, kind="stable")
    names = list(dict.fromkeys([*(name for name in wishes.locks.values()), *load.index]))[: wishes.n]
    names += [f"新片区{number}" for number in range(1, wishes.n - len(names) + 1)]
    number = {name: t for t, name in enumerate(names)}
    problem = job.problem
    old = [number.get(name, -1) for name in current.reindex(problem.codes)]
    lock = [-1] * problem.n
    for code, name in wishes.locks.items():
        lock[problem.codes.get_loc(code)] = number[name]
    for seat in wishes.seats:
        lock[problem.codes.get_loc(seat)] = old[problem.codes.get_loc(seat)]
    problem = replace(problem, old=old, lock=lock, site=[-1] * problem.k)
    start = _start(problem)
    travel = max(total_cost(replace(problem, keep=0.0), start), 1e-12)
    problem = replace(problem, weight=problem.weight * TRAVEL_PRICE / travel, keep=1.0 / problem.k)
    return _Today(problem, names, start)


def _start(problem: Problem) -> list[int]:
    """Today's territories without stray parts; free units join a neighbour, new territories are split off."""
    label = [at if lock < 0 else lock for at, lock in zip(problem.old, problem.lock, strict=True)]
    load = problem.loads[:, 0]
    for t in range(problem.k):
        parts = parts_of(problem.neighbors, [i for i, at in enumerate(label) if at == t])
        parts.sort(key=lambda part: (-sum(problem.lock[i] == t for i in part), -load[part].sum()))
        for part in parts[1:]:
            for i in part:
                if problem.lock[i] < 0:
                    label[i] = -1
    for t in range(problem.k):
        if t not in label:
            _split_off(problem, label, t)
    return grown(replace(problem, lock=label), np.random.default_rng(0))


def _split_off(problem: Problem, label: list, t: int) -> None:
    """Give a new territory half of the most loaded one that can be split."""
    load = problem.loads[:, 0]
    members: dict[int, list] = {}
    for i, at in enumerate(label):
        members.setdefault(at, []).append(i)
    splittable = [at for at, units in members.items() if len(units) > 1 and at >= 0]
    if not splittable:
        return
    largest = max(splittable, key=lambda at: (load[members[at]].sum(), -at))
    inside = members[largest]
    place = {i: p for p, i in enumerate(inside)}
    near = [[place[j] for j in problem.neighbors[i] if j in place] for i in inside]
    part = replace(
        problem, codes=problem.codes[inside], loads=problem.loads[inside] * 2 / load[inside].sum(), k=2,
        weight=problem.weight[inside], neighbors=near, coords=problem.coords[inside],
        distance=problem.distance[np.ix_(inside, inside)], lock=[-1] * len(inside), site=[-1, -1],
        apart=[], old=[],
    )  # fmt: skip
    halves = first_cut(part)
    leaving = int(sum(problem.lock[i] >= 0 for i, h in zip(inside, halves, strict=True) if h) > 0)
    for i, half in zip(inside, halves, strict=True):
        if half != leaving and problem.lock[i] < 0:
            label[i] = t


def _moved_least(job: _Today, wishes: Conditions, random_state) -> list[int]:
    """Anneal from today; then take back every move that is not needed."""
    label = anneal(job.problem, random_state=random_state, effort=MORE * wishes.effort, start=job.start)
    problem = job.problem
    best = score(problem, label)
    changed = True
    while changed:
        changed = False
        for i, at in enumerate(problem.old):
            if at < 0 or label[i] == at or problem.lock[i] >= 0:
                continue
            tried = list(label)
            tried[i] = at
            if not _connected(problem, tried, (label[i], at)):
                continue
            found = score(problem, tried)
            if found < best:
                (label, best) = (tried, found)
                changed = True
    return label


def _connected(problem: Problem, label: list, territories) -> bool:
    parts = [parts_of(problem.neighbors, [i for i, at in enumerate(label) if at == t]) for t in territories]
    return all(len(part) == 1 for part in parts)


def realign_frontier(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    current: pd.Series,
    tree=None,
    *,
    tolerances=(0.3, 0.2, 0.15, 0.1),
    n: int | None = None,
    measure: str = "capacity",
    random_state: int | None = 0,
    **conditions,
) -> Frontier:
    """Sales moved against imbalance, from today's territories (调整前沿).

    Parameters
    ----------
    units, edges, current, tree, n, random_state, **conditions
        As `realign`, without measures.
    tolerances : sequence of float
    measure : str

    Returns
    -------
    Frontier
    """
    plans: dict[float, TerritoryPlan] = {}
    best = None
    for tolerance in sorted(tolerances):  # tight first: a tighter design serves a wider wish too
        plan = realign(
            units, edges, current, tree, n=n, random_state=random_state, measures={measure: float(tolerance)},
            weight=measure, **conditions,
        )  # fmt: skip
        if best is not None and best.figures["n_out"] == 0 and _more(plan, best):
            table = best.territories.assign(holds=True, reason="")
            plan = replace(best, territories=table, conditions=plan.conditions)
        plans[float(tolerance)] = plan
        best = plan
    tightest = min(plans)
    count = plans[tightest].conditions.n
    free = design_territories(
        units, edges, tree, n=count, measures={measure: tightest}, weight=measure, current=current,
        random_state=random_state, **{"nodes": 0, **conditions},
    )  # fmt: skip
    rows = [
        _point(tolerance, plan, units, measure) for tolerance, plan in sorted(plans.items(), reverse=True)
    ]
    rows.append({**_point(tightest, free, units, measure), "free": True})
    return Frontier(named(pd.DataFrame(rows), "territory_frontier"), plans, free)


def _more(plan: TerritoryPlan, other: TerritoryPlan) -> bool:
    """Whether a plan moves more than another, or keeps less."""
    worse = plan.figures["n_out"] > other.figures["n_out"]
    return worse or plan.figures["moved_share"] > other.figures["moved_share"]


def _point(tolerance: float, plan: TerritoryPlan, units: pd.DataFrame, measure: str) -> dict:
    load = plan.territories[measure]
    return {
        "tolerance": tolerance,
        "moved_share": plan.figures["moved_share"],
        "n_moved": len(plan.moves),
        "worst_deviation": plan.figures["worst_deviation"],
        "travel": float((plan.territories["travel"] * load).sum() / load.sum()),
        "n_out": plan.figures["n_out"],
        "free": False,
    }


def carry_over(current: pd.Series, crosswalk: pd.DataFrame) -> pd.Series:
    """Carry an assignment of former units over to today's (区划变更后的现有片区).

    Parameters
    ----------
    current : Series
        region -> territory, codes of the year before.
    crosswalk : DataFrame
        old, new, share, as ``load_crosswalk`` returns it.

    Returns
    -------
    Series
        A new unit gets the territory from which most of it came.

    Examples
    --------
    >>> walk = pd.DataFrame({"old": ["a", "b"], "new": ["c", "c"], "share": [1.0, 1.0]})
    >>> carry_over(pd.Series({"a": "甲", "b": "甲", "d": "乙"}), walk).to_dict()
    {'d': '乙', 'c': '甲'}
    """
    gone = crosswalk[crosswalk["old"].isin(current.index)]
    parts = gone.assign(label=current.reindex(gone["old"]).to_numpy())
    shares = parts.groupby(["new", "label"])["share"].sum().reset_index()
    shares = shares.sort_values(["new", "share", "label"], ascending=[True, False, True]).drop_duplicates(
        "new"
    )
    kept = current[~current.index.isin(gone["old"])]
    added = shares.set_index("new")["label"]
    return pd.concat([kept, added[~added.index.isin(kept.index)]]).rename_axis("region")


def handovers(
    plan: TerritoryPlan, units: pd.DataFrame, *, effective: str, columns=("customers", "sales"), tree=None
) -> pd.DataFrame:
    """List what one salesman hands to another, and from when (交接清单).

    Parameters
    ----------
    plan : TerritoryPlan
        With moves.
    units : DataFrame
        region and any of `columns`.
    effective : str
        Date on which the new territories hold, as 2026-01-01.
    columns : sequence of str
        Figures to list beside the first measure, where `units` has them.
    tree : RegionTree, optional
        For names.

    Returns
    -------
    DataFrame
        from_territory, to_territory, region, name, the figures, effective (date).
    """
    day = pd.Timestamp(effective)
    figures = [name for name in columns if name in units and name not in plan.moves]
    table = plan.moves.merge(units[["region", *figures]], on="region", how="left")
    if "name" in units:
        names = units.set_index("region")["name"]
        table = table.assign(name=names.reindex(table["region"]).to_numpy())
    elif tree is not None:
        table = table.assign(name=tree.names(table["region"]).to_numpy())
    else:
        table = table.assign(name=table["region"])
    front = ["from_territory", "to_territory", "region", "name"]
    rest = [name for name in table if name not in front]
    table = table[[*front, *rest]].assign(effective=day)
    table = table.sort_values(["from_territory", "to_territory", "region"], ignore_index=True)
    return named(table, "handovers")
