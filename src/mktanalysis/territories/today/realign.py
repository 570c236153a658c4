"""Re-alignment: today's territories, moved as little as balance asks for.

Always holds: where today's territories keep the conditions nothing moves; a territory keeps its name; the
moved share is counted in the first measure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count as count_from

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.render import named
from ..build import Job, build_jobs
from ..conditions import Conditions, as_labels, check_inputs
from ..plan import TerritoryPlan, plan_of
from ..problem import Problem, parts_of
from ..proof.moves import NODES, least_moves
from ..search.anneal import anneal
from ..search.start import first_cut, grown
from ..search.walk import score, total_cost
from ..teams import share_people

#: Of two designs with equal moves the one with less travel wins: travel, relative to today's, counts this
#: much.
TRAVEL_PRICE = 0.02
#: Chains of moves that each look worse are found late: this many times the budget of a design.
MORE = 4.0


def realign(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    current: pd.Series,
    tree=None,
    *,
    n: int | None = None,
    people: pd.Series | None = None,
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
    people : Series, optional
        Today's territory -> people, default one each; as in ``plan.territories``.
    random_state : int or None
    **conditions
        Of `Conditions`; ``locks`` name today's territories. With ``within`` each of its regions is re-aligned
        by itself, with as many territories as today (or by load, if `n` is another number).

    Returns
    -------
    TerritoryPlan
        Its bound and gap are missing; ``figures["moved_bound"]`` is the least share that has to move for all
        territories to be within their bands.

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("abcd"), "capacity": [1.0, 1, 1, 1], "x": range(4), "y": 0.0})
    >>> edges = pd.DataFrame({"region": list("abc"), "neighbor": list("bcd")})
    >>> today = pd.Series({"a": "甲", "b": "乙", "c": "乙", "d": "乙"})
    >>> plan = realign(units, edges, today)
    >>> plan.moves["region"].tolist(), float(plan.figures["moved_bound"])
    (['b'], 0.25)
    """
    current = as_labels(current)
    names = list(dict.fromkeys(current.dropna()))
    known = pd.Series(1, names)
    if people is not None:
        known = people.rename(index=str).reindex(names).fillna(1).astype(int)
    count = len(names) if n is None else n
    wishes = Conditions(n=count + int((known - 1).sum()), **conditions)
    check_inputs(units, edges, wishes, tree=tree, current=current)
    _check(wishes, names, count)
    solved = []
    notes: list[str] = []
    moved_bound = 0.0
    first = next(iter(wishes.measures))
    total = float(units[first].sum())
    for part in _parts(units, current, wishes, count, known, tree):
        job, bound = _realigned(part, edges, wishes, notes, random_state)
        solved.append(job)
        moved_bound += bound * float(part.units[first].sum()) / total
    plan = plan_of(solved, units, wishes, tree=tree, current=current, notes=notes)
    figures = pd.concat([plan.figures, pd.Series({"moved_bound": moved_bound}, dtype=object)])
    return replace(plan, figures=named(figures, "territory_figures"))


def _check(wishes: Conditions, names: list, count: int) -> None:
    fresh = sorted(set(wishes.locks.values()) - set(names))
    if len(fresh) > max(count - len(names), 0):
        raise MktError(f"锁定到现有片区以外：{'、'.join(fresh)}；现有：{'、'.join(map(str, names))}")
    if wishes.objective != "travel":
        raise MktError("realign 的目标是少动，不能用 borders")


@dataclass(eq=False)
class _Part:
    """Units that are re-aligned together: today's names, the largest load first, and their people."""

    units: pd.DataFrame
    current: pd.Series
    names: list
    people: list
    parent: str | None
    weight: float  # share of the weight of all units


def _parts(units, current: pd.Series, wishes: Conditions, count: int, known: pd.Series, tree) -> list[_Part]:
    """One part, or one for each region of `within`."""
    parent = pd.Series("", units["region"])
    if wishes.within is not None:
        parent = tree.parents(wishes.within, units["region"])
    home = parent.groupby(current.reindex(parent.index).to_numpy()).unique()
    if crossing := [str(name) for name, regions in home.items() if len(regions) > 1]:
        text = f"现有片区跨越了 {wishes.within}：{'、'.join(crossing)}；请先改现有片区，或不用 within"
        raise MktError(text)
    counts = (
        home.map(lambda regions: regions[0]).value_counts().reindex(parent.unique()).fillna(0).astype(int)
    )
    if count != counts.sum() or (counts == 0).any():
        load = units.set_index("region")[next(iter(wishes.measures))].groupby(parent).sum()
        counts = pd.Series(wishes.heads) if wishes.heads else share_people(load, count)
    taken = set(known.index)
    weights = (
        pd.Series(1.0, units["region"]) if wishes.weight is None else units.set_index("region")[wishes.weight]
    )
    parts = []
    for region, part in units.groupby(parent.to_numpy(), sort=True):
        label = current.reindex(part["region"])
        load = part[next(iter(wishes.measures))].groupby(label.to_numpy()).sum()
        load = load.sort_values(ascending=False, kind="stable")
        inside = [name for code, name in wishes.locks.items() if code in label.index]
        names = list(dict.fromkeys([*inside, *load.index]))[: int(counts[region])]
        while len(names) < counts[region]:
            names.append(next(f"新片区{i}" for i in count_from(1) if f"新片区{i}" not in taken))
            taken.add(names[-1])
        share = float(weights[part["region"]].sum() / max(weights.sum(), 1e-300))
        people = [int(known.get(name, 1)) for name in names]
        parts.append(_Part(part.reset_index(drop=True), label, names, people, region or None, share))
    return parts


def _realigned(part: _Part, edges, wishes: Conditions, notes: list, random_state):
    """(job, labels, no bound of travel, not proven) of a part, and the least share of it that has to move."""
    plain = {"n": sum(part.people), "within": None, "heads": {}, "locks": {}, "seats": (), "together": ()}
    inner = wishes.model_copy(update=plain)
    (jobs, told) = build_jobs(part.units, edges, inner, current=part.current, teams=False)
    notes += told
    job = _todays(jobs[0], part, wishes)
    problem = job.problem
    (out, _) = score(problem, job.start)
    label = job.start
    bound = 0.0
    if out or any(label[i] != at for i, at in enumerate(problem.old) if at >= 0):
        label = _moved_least(job, wishes, random_state)
        least = least_moves(problem, nodes=min(wishes.nodes, NODES))
        bound = least.bound
        if least.label is not None and score(problem, least.label) < score(problem, label):
            label = least.label
        if not least.possible:
            where = "" if part.parent is None else f"{part.parent}："
            notes.append(f"{where}已证明：没有一种分法能让 {problem.k} 个片区都在容差内")
    scale = part.weight / job.travel
    shown = replace(problem, keep=0.0, weight=problem.weight * scale)
    return (Job(shown, part.names, part.parent), label, float("nan"), False), bound


@dataclass(eq=False)
class _Today:
    problem: Problem
    start: list
    travel: float  # what the weights were multiplied by


def _todays(job: Job, part: _Part, wishes: Conditions) -> _Today:
    """Number today's territories, free what cannot stay, and make a connected start of it."""
    number = {name: t for t, name in enumerate(part.names)}
    problem = job.problem
    old = [number.get(name, -1) for name in part.current.reindex(problem.codes)]
    place = {code: i for i, code in enumerate(problem.codes)}
    lock = [-1] * problem.n
    for code, name in wishes.locks.items():
        if code in place:
            lock[place[code]] = number[name]
    for seat in wishes.seats:
        if seat in place:
            lock[place[seat]] = old[place[seat]]
    for group in wishes.together:
        _lock_group([place[code] for code in group if code in place], lock, old, problem.loads[:, 0])
    for t, heads in enumerate(part.people):  # a team keeps its largest unit
        inside = [i for i, at in enumerate(old) if at == t and lock[i] in (-1, t)]
        if heads > 1 and inside and t not in lock:
            lock[max(inside, key=lambda i: (problem.loads[i, 0], -i))] = t
    k = len(part.names)
    problem = replace(problem, k=k, old=old, lock=lock, site=[-1] * k, people=part.people)
    start = _start(problem)
    travel = max(total_cost(replace(problem, keep=0.0), start), 1e-12)
    price = TRAVEL_PRICE / travel
    problem = replace(problem, weight=problem.weight * price, keep=1.0 / int(problem.heads.sum()))
    return _Today(problem, start, price)


def _lock_group(group: list[int], lock: list, old: list, load: np.ndarray) -> None:
    """Lock units that shall be together where one of them is locked, else where most of them is today."""
    where = [lock[i] for i in group if lock[i] >= 0]
    if not where:
        held: dict[int, float] = {}
        for i in group:
            if old[i] >= 0:
                held[old[i]] = held.get(old[i], 0.0) + load[i]
        where = sorted(held, key=lambda t: (-held[t], t))
    for i in group:
        if where:
            lock[i] = where[0]


def _start(problem: Problem) -> list[int]:
    """Today's territories without stray parts; free units join a neighbour, new territories are split off."""
    label = [at if lock < 0 else lock for at, lock in zip(problem.old, problem.lock, strict=True)]
    load = problem.loads[:, 0]
    for t in range(problem.k):
        _link_locked(problem, label, t)
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


def _link_locked(problem: Problem, label: list, t: int) -> None:
    """Give a territory the shortest way to its locked units that lie apart, over units not locked."""
    while True:
        parts = parts_of(problem.neighbors, [i for i, at in enumerate(label) if at == t])
        parts = [part for part in parts if any(problem.lock[i] == t for i in part)]
        if len(parts) < 2:
            return
        before = dict.fromkeys(parts[0], -1)
        queue = list(parts[0])
        goal = {i for part in parts[1:] for i in part}
        end = next((i for i in _reached(problem, queue, before, t) if i in goal), -1)
        if end < 0:  # `grown` tells that there is none
            return
        while end >= 0:
            label[end] = t
            end = before[end]


def _reached(problem: Problem, queue: list, before: dict, t: int):
    """Units in the order of steps from the queue, over units that are not locked elsewhere."""
    for i in queue:
        yield i
        for j in problem.neighbors[i]:
            if j not in before and problem.lock[j] in (-1, t):
                before[j] = i
                queue.append(j)


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
