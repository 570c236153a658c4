"""From tables and conditions to problems: one for each region that no territory may cross.

Always holds: every unit is in exactly one problem or is a territory of its own; people add up to `n`; bridges
between islands are told.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import InfeasibleError
from .conditions import Conditions
from .problem import Problem, bridge_parts, canonical_order, distances, neighbor_lists, plane_points


@dataclass(eq=False)
class Job:
    """One problem, its names of territories (None: not named yet), and the large units beside it."""

    problem: Problem | None
    names: list
    alone: list = field(default_factory=list)  # (unit, people) of units that are territories of their own
    parent: str | None = None
    total: float = 1.0


def build_jobs(
    units, edges, conditions: Conditions, *, tree=None, distance=None, current=None, sites=None, large=True
):
    """Jobs and notes. `sites` (people's homes, a table) fixes the places travel is measured from;
    without `large` no unit is a territory of its own."""
    notes: list[str] = []
    columns = list(conditions.measures)
    matrix = None if distance is None else distance.loc[units["region"], units["region"]].to_numpy(float)
    order = canonical_order(units, columns, matrix)
    units = units.iloc[order].reset_index(drop=True)
    parts = {None: units}
    people = {None: conditions.n}
    if conditions.within is not None:
        parent = tree.parents(conditions.within, units["region"]).to_numpy()
        parts = dict(iter(units.groupby(parent, sort=True)))
        load = pd.Series({p: t[columns[0]].sum() for p, t in parts.items()})
        people = conditions.heads or share_people(load, conditions.n)
    total = 1.0 if conditions.weight is None else max(float(units[conditions.weight].sum()), 1e-300)
    jobs = []
    for parent, part in parts.items():
        given = None if distance is None else distance.loc[part["region"], part["region"]].to_numpy(float)
        builder = _Builder(part, edges, conditions, notes, sites, large)
        builder.total = total
        job = builder.job(int(people[parent]), given, current)
        job.parent = parent
        jobs.append(job)
    return jobs, notes


def share_people(load: pd.Series, n: int) -> pd.Series:
    """People to regions: one each, then always to the largest load a head.

    Examples
    --------
    >>> share_people(pd.Series({"a": 6.0, "b": 3.0}), 3).to_dict()
    {'a': 2, 'b': 1}
    """
    if n < len(load):
        relaxation = pd.DataFrame([{"condition": "n", "given": n, "needed": len(load)}])
        raise InfeasibleError(f"上级地区有 {len(load)} 个，每个至少要 1 个片区，而 n = {n}", relaxation)
    people = pd.Series(1, load.index)
    for _ in range(n - len(load)):
        people[(load / people).idxmax()] += 1
    return people


class _Builder:
    """Builds the job of one set of units."""

    def __init__(self, units: pd.DataFrame, edges, conditions: Conditions, notes: list, sites, large):
        self.units = units
        self.edges = edges
        self.conditions = conditions
        self.notes = notes
        self.sites = sites
        self.large = large and sites is None
        self.total = 1.0  # of the weight, over all parts

    def job(self, n: int, matrix, current) -> Job:
        alone, rest = self._large(n)
        n_rest = n - sum(count for _, count in alone)
        part = self.units[rest].reset_index(drop=True)
        if not len(part):
            return Job(None, [], alone)
        inner = None if matrix is None else matrix[np.ix_(rest, rest)]
        problem, names = self._problem(part, n_rest, inner, current)
        return Job(problem, names, alone)

    def _large(self, n: int):
        """Units above the tolerance become territories of their own, with people by load."""
        (first, tolerance), *_ = self.conditions.measures.items()
        load = self.units[first].to_numpy(float)
        bound = self._bound_units()
        alone: dict[int, int] = {}
        while True:
            rest = np.array([i not in alone for i in range(len(load))])
            left = n - sum(alone.values())
            if left < 1 or not rest.any():
                break
            mean = load[rest].sum() / left
            large = [i for i in np.flatnonzero(rest) if load[i] > (1 + tolerance) * mean * (1 + 1e-9)]
            large = [i for i in large if self.units["region"].iloc[i] not in bound]
            large.sort(key=lambda i: (-load[i], i))
            room = left - (1 if rest.sum() > 1 else 0)
            if not large or room < 1 or not self.large:
                break
            count = min(max(int(load[large[0]] / mean + 0.5), 1), room)
            if rest.sum() - 1 < left - count:
                break
            alone[large[0]] = count
        rest = np.array([i not in alone for i in range(len(load))])
        return [(self.units["region"].iloc[i], count) for i, count in alone.items()], rest

    def _bound_units(self) -> set:
        c = self.conditions
        return {*c.seats, *c.locks, *(code for group in c.together for code in group)}

    def _problem(self, part: pd.DataFrame, k: int, matrix, current):
        c = self.conditions
        codes = pd.Index(part["region"], name="region")
        distance = matrix if matrix is not None else _maybe_distances(part)
        near = neighbor_lists(self.edges, codes)
        pairs = bridge_parts(near, distance)
        for i, j in pairs:
            self.notes.append(f"不相邻的部分已用最近的一对单元连通：{codes[i]}–{codes[j]}")
        loads = part[list(c.measures)].to_numpy(float)
        total = loads.sum(axis=0)
        loads = loads * k / np.where(total > 0, total, 1.0)
        weight = np.ones(len(part)) if c.weight is None else part[c.weight].to_numpy(float)
        if c.weight is not None:
            weight = weight / self.total
        names, lock, site = self._named(codes, k, current)
        travel = distance
        if self.sites is not None:
            travel = distances(part, self.sites)
            site = list(range(k))
            names = self.sites["name"].tolist()
        tolerance = np.array(list(c.measures.values()), dtype=float)
        problem = Problem(
            codes, loads, tolerance, weight, travel, near, k, lock, site,
            apart=self._apart(codes), old=self._old(codes, names, current), cut=c.objective == "borders",
            bridges=tuple((codes[i], codes[j]) for i, j in pairs), coords=plane_points(part, distance),
        )  # fmt: skip
        return problem, names

    def _named(self, codes: pd.Index, k: int, current):
        """Names of territories that seats, locks and groups bring, the locks and the sites."""
        c = self.conditions
        home = {code: name for code, name in c.locks.items() if code in codes}
        home |= {seat: seat for seat in c.seats if seat in codes}
        names: list = list(dict.fromkeys([*(s for s in c.seats if s in codes), *home.values()]))
        for number, group in enumerate(c.together):
            inside = [code for code in group if code in codes]
            where = next((home[code] for code in inside if code in home), None)
            if where is None and len(inside) > 1:
                where = f"#{number}"
                names.append(where)
            home |= {code: where for code in inside if where is not None}
        if len(names) > k and self.large:
            relaxation = pd.DataFrame([{"condition": "n", "given": k, "needed": len(names)}])
            raise InfeasibleError(f"指定的片区有 {len(names)} 个，而这里只有 {k} 个", relaxation)
        names += [None] * (k - len(names))
        lock = [-1] * len(codes)
        for code, name in home.items():
            lock[codes.get_loc(code)] = names.index(name)
        site = [codes.get_loc(name) if name in c.seats and name in codes else -1 for name in names]
        return [None if str(name).startswith("#") else name for name in names], lock, site

    def _apart(self, codes: pd.Index) -> list:
        near = [set() for _ in range(len(codes))]
        for group in self.conditions.apart:
            at = [codes.get_loc(code) for code in group if code in codes]
            for i in at:
                near[i] |= set(at) - {i}
        return near if any(near) else []

    def _old(self, codes: pd.Index, names: list, current) -> list:
        if current is None:
            return []
        number = {name: t for t, name in enumerate(names) if name is not None}
        return [number.get(label, -1) for label in current.reindex(codes)]


def _maybe_distances(part: pd.DataFrame) -> np.ndarray:
    """Distances, or none where borders alone count and no points are given."""
    if "lon" in part or "x" in part:
        return distances(part)
    return np.ones((len(part), len(part))) - np.eye(len(part))
