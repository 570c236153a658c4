"""Territories for people: named salesmen with homes, and districts of several territories for a manager.

Always holds: each person has one territory; a district is a union of whole territories, a level above a
union of whole districts; each level is connected.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from ..errors import Problems
from .build import build_jobs
from .conditions import Conditions, check_inputs
from .design import design_territories, solve
from .plan import TerritoryPlan, plan_of


def design_for_people(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    people: pd.DataFrame,
    tree=None,
    *,
    current: pd.Series | None = None,
    random_state: int | None = 0,
    **conditions,
) -> TerritoryPlan:
    """Design a territory for each named person, with travel from home (按人划片).

    Parameters
    ----------
    units, edges, tree, current, random_state, **conditions
        As `design_territories`; ``within`` and ``seats`` are not used.
    people : DataFrame
        name, and lon, lat (or x, y) of the home, or region: a unit whose point is the home.

    Returns
    -------
    TerritoryPlan
        Territories bear the people's names; ``seat`` is the unit nearest to home.

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("abcd"), "capacity": 1.0, "x": [0.0, 1, 2, 3], "y": 0.0})
    >>> edges = pd.DataFrame({"region": list("abc"), "neighbor": list("bcd")})
    >>> people = pd.DataFrame({"name": ["张", "李"], "region": ["d", "a"]})
    >>> design_for_people(units, edges, people).assignment.tolist()
    ['李', '李', '张', '张']
    """
    homes = _homes(people, units)
    wishes = Conditions(n=len(homes), **conditions)
    check_inputs(units, edges, wishes, tree=tree, current=current)
    problems = Problems()
    for field in ("within", "seats"):
        if getattr(wishes, field):
            problems.add("按人划片时驻地就是各人的家，不用这一项", column=field)
    known = set(homes["name"])
    for code, name in wishes.locks.items():
        if name not in known:
            problems.add(f"{code} 锁定给 {name}，而人员表中没有这个人", column="locks", value=name)
    locks = _locks(wishes, problems)
    problems.raise_any()
    (jobs, notes) = build_jobs(
        units, edges, wishes.model_copy(update={"locks": {}, "together": ()}), tree=tree, sites=homes
    )
    job = jobs[0]
    lock = [job.names.index(locks[code]) if code in locks else -1 for code in job.problem.codes]
    job.problem = replace(job.problem, lock=lock)
    rng = np.random.default_rng(random_state)
    solved = [solve(job, wishes, int(rng.integers(2**31)))]
    return plan_of(solved, units, wishes, tree=tree, notes=notes)


def _locks(wishes: Conditions, problems: Problems) -> dict:
    """Units and their persons: as locked, and with those that shall be together with them."""
    locks = dict(wishes.locks)
    for group in wishes.together:
        names = {wishes.locks[code] for code in group if code in wishes.locks}
        if not names:
            text = "按人划片时，要求同片区的一组请把其中一个单元锁定给某人"
            problems.add(text, column="together", value="、".join(group))
        locks |= {code: name for code in group for name in names}
    return locks


def _homes(people: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """People with the points of their homes, by name."""
    problems = Problems()
    place = ("lon", "lat") if "lon" in units else ("x", "y")
    if "name" not in people:
        problems.add("人员表缺少 name 列", column="name")
        problems.raise_any()
    problems.add_rows(people["name"].duplicated(), "name", people["name"], "人员重名")
    if not set(place) <= set(people):
        if "region" not in people:
            problems.add("人员表需要住处：lon、lat（或 x、y），或单元代码 region", column=place[0])
            problems.raise_any()
        points = units.set_index("region")[list(place)].reindex(people["region"])
        problems.add_rows(points[place[0]].isna().to_numpy(), "region", people["region"], "住处不在单元表中")
        people = people.assign(**{name: points[name].to_numpy() for name in place})
    problems.raise_any()
    order = people.sort_values([*place, "name"], kind="stable")
    return order[["name", *place]].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class Levels:
    """Nested designs, from below: ``plans`` a level, ``table`` territory by level.

    Attributes
    ----------
    plans : tuple of TerritoryPlan
        The first over units, each next one over the territories of the one before.
    assignment : DataFrame
        Index region, one column a level.
    """

    plans: tuple
    assignment: pd.DataFrame


def design_levels(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    tree=None,
    *,
    counts: dict[str, int],
    measures: dict[str, float] | None = None,
    random_state: int | None = 0,
    **conditions,
) -> Levels:
    """Design several levels in one call: territories, districts of territories, macro-regions of districts.

    Parameters
    ----------
    units, edges, tree, random_state, **conditions
        As `design_territories`; wishes apply to the lowest level.
    counts : dict
        Name of the level -> number, from below, as {"片区": 24, "区域": 6, "大区": 2}. The span of a manager
        is the ratio of two numbers.
    measures : dict, optional
        Tolerances, the same on every level.

    Returns
    -------
    Levels

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("abcd"), "capacity": 1.0, "x": [0.0, 1, 2, 3], "y": 0.0})
    >>> edges = pd.DataFrame({"region": list("abc"), "neighbor": list("bcd")})
    >>> design_levels(units, edges, counts={"片区": 4, "区域": 2}).assignment.nunique().tolist()
    [4, 2]
    """
    problems = Problems(column="counts")
    numbers = list(counts.values())
    if not numbers or any(low <= high for low, high in pairwise(numbers)):
        problems.add("各级数目应自下而上递减", value=str(counts))
    problems.raise_any()
    measures = measures or {"capacity": 0.1}
    plans = []
    assignment = pd.DataFrame(index=pd.Index(units["region"], name="region"))
    (parts, borders) = (units, edges)
    for number, (name, n) in enumerate(counts.items()):
        wishes = conditions if number == 0 else _above(conditions)
        plan = design_territories(
            parts,
            borders,
            tree if number == 0 else None,
            n=n,
            measures=measures,
            random_state=random_state,
            **wishes,
        )
        plans.append(plan)
        below = assignment.iloc[:, -1] if number else assignment.index.to_series()
        assignment = assignment.assign(**{name: below.map(plan.assignment).to_numpy()})
        (parts, borders) = _lifted(plan, parts, borders, [*measures, *_weight(wishes, parts)])
    return Levels(tuple(plans), assignment)


def _above(conditions: dict) -> dict:
    """Wishes that a higher level has too."""
    return {name: value for name, value in conditions.items() if name in ("effort", "nodes", "weight")}


def _weight(wishes: dict, parts: pd.DataFrame) -> list:
    name = wishes.get("weight", "capacity")
    return [name] if name in parts else []


def _lifted(plan: TerritoryPlan, units: pd.DataFrame, edges: pd.DataFrame, columns: list):
    """Territories as the units of the level above: sums, the seat's point, borders of their parts."""
    columns = list(dict.fromkeys(columns))
    by = units.set_index("region")
    sums = by[columns].groupby(plan.assignment).sum()
    place = [name for name in ("lon", "lat", "x", "y") if name in units]
    seats = plan.territories.set_index("territory")["seat"].reindex(sums.index)
    points = by.loc[seats, place].set_axis(sums.index)
    names = plan.territories.set_index("territory")["seat_name"].reindex(sums.index)
    parts = pd.concat([sums, points], axis=1).assign(name=names).rename_axis("region").reset_index()
    pairs = pd.concat(
        [edges[["region", "neighbor"]], pd.DataFrame(list(plan.bridges), columns=["region", "neighbor"])]
    )
    lifted = pairs.apply(lambda column: column.map(plan.assignment)).dropna()
    return parts, lifted[lifted["region"] != lifted["neighbor"]].drop_duplicates(ignore_index=True)
