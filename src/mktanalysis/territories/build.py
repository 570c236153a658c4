"""From tables and conditions to problems: one for each region that no territory may cross.

Always holds: every unit is in exactly one problem; people add up to `n`; bridges between islands are told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InfeasibleError
from .conditions import Conditions
from .problem import Problem, bridge_parts, canonical_order, distances, neighbor_lists, plane_points
from .teams import share_people, team_sizes


@dataclass(eq=False)
class Job:
    """One problem and its names of territories (None: not named yet)."""

    problem: Problem
    names: list
    parent: str | None = None


def build_jobs(
    units, edges, conditions: Conditions, *, tree=None, distance=None, current=None, sites=None, teams=True
):
    """Jobs and notes. `sites` (people's homes, a table) fixes the places travel is measured from;
    without `teams` every territory has one person."""
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
        builder = _Builder(part, edges, conditions, notes, sites, teams)
        builder.total = total
        job = builder.job(int(people[parent]), given, current)
        job.parent = parent
        jobs.append(job)
    return jobs, notes


class _Builder:
    """Builds the job of one set of units."""

    def __init__(self, units: pd.DataFrame, edges, conditions: Conditions, notes: list, sites, teams):
        self.units = units
        self.edges = edges
        self.conditions = conditions
        self.notes = notes
        self.sites = sites
        self.teams = teams and conditions.teams and sites is None
        self.total = 1.0  # of the weight, over all parts

    def job(self, n: int, matrix, current) -> Job:
        """The problem of these units and `n` people."""
        c = self.conditions
        part = self.units
        codes = pd.Index(part["region"], name="region")
        distance = matrix if matrix is not None else _maybe_distances(part)
        near = neighbor_lists(self.edges, codes)
        pairs = bridge_parts(near, distance)
        for i, j in pairs:
            self.notes.append(f"不相邻的部分已用最近的一对单元连通：{codes[i]}–{codes[j]}")
        loads = part[list(c.measures)].to_numpy(float)
        total = loads.sum(axis=0)
        loads = loads * n / np.where(total > 0, total, 1.0)
        weight = np.ones(len(part)) if c.weight is None else part[c.weight].to_numpy(float)
        if c.weight is not None:
            weight = weight / self.total
        names, lock, site, people = self._named(codes, n, current)
        k = len(names)
        if k > len(codes):
            relaxation = pd.DataFrame([{"condition": "n", "given": k, "needed": len(codes)}])
            raise InfeasibleError(
                f"{len(codes)} 个单元分不成 {k} 个片区：{'、'.join(codes[:3])} …", relaxation
            )
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
            people=people,
        )  # fmt: skip
        return Job(problem, names)

    def _teams(self, n: int, names: list) -> dict[int, int]:
        """People around each unit that is too large for one."""
        if not self.teams:
            return {}
        (first, tolerance), *_ = self.conditions.measures.items()
        c = self.conditions
        bound = {*c.seats, *c.locks, *(code for group in c.together for code in group)}
        load = self.units[first]
        if n > len(load) and not names:  # more people than units: every unit by itself
            people = share_people(load.reset_index(drop=True), n)
            return people[people > 1].to_dict()
        free = ~self.units["region"].isin(bound).to_numpy()
        return team_sizes(load.to_numpy(float), n, tolerance, free=free, named=len(names))

    def _named(self, codes: pd.Index, n: int, current):
        """Names of the territories (of seats, locks, groups and teams first), locks, sites and people."""
        c = self.conditions
        home = {code: name for code, name in c.locks.items() if code in codes}
        home |= {seat: seat for seat in c.seats if seat in codes}
        names: list = list(dict.fromkeys([*(s for s in c.seats if s in codes), *home.values()]))
        for number, group in enumerate(c.together):
            inside = [code for code in group if code in codes]
            where = next((home[code] for code in inside if code in home), None)
            if where is None and len(inside) > 1:
                where = (number,)  # no name yet
                names.append(where)
            home |= {code: where for code in inside if where is not None}
        if len(names) > n and self.sites is None:
            relaxation = pd.DataFrame([{"condition": "n", "given": n, "needed": len(names)}])
            raise InfeasibleError(f"指定的片区有 {len(names)} 个，而这里只有 {n} 个", relaxation)
        sizes = self._teams(n, names)
        people = [1] * len(names)
        for i, size in sizes.items():
            home[codes[i]] = (codes[i],)
            names.append(home[codes[i]])
            people.append(size)
        people += [1] * (n - sum(people))
        names += [None] * (len(people) - len(names))
        lock = [-1] * len(codes)
        for code, name in home.items():
            lock[codes.get_loc(code)] = names.index(name)
        site = [codes.get_loc(name) if name in c.seats and name in codes else -1 for name in names]
        return [None if isinstance(name, tuple) else name for name in names], lock, site, people

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
