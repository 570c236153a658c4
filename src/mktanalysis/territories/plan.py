"""A design as tables: who belongs where, what each territory holds, what moves, how good it is.

Always holds: every unit has one territory; loads of territories sum to those of the units; a territory out of
its band is named with the reason; the bound is at most the cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..words.render import named
from ..words.summary import Shown, Summary
from .conditions import Conditions, met_apart
from .problem import distances
from .search.walk import medians, total_cost
from .teams import relative_loads


@dataclass(frozen=True, eq=False, repr=False)
class TerritoryPlan(Shown):
    """A design of territories (片区方案).

    Attributes
    ----------
    assignment : Series
        Index region, values territory.
    territories : DataFrame
        territory, parent, seat, seat_name, heads (people), n_units, one column a measure (sum), load (first
        measure a head over the mean a head of the parent, 1 = balanced), deviation (worst over the measures),
        holds (within all bands), travel (weighted mean distance to the seat), radius (farthest unit), reason
        (why a band is not kept).
    moves : DataFrame
        region, from_territory, to_territory, one column a measure: units whose territory changes against
        today's (empty without).
    figures : Series
        n_territories, n_out, cost, bound, gap, proven, worst_deviation, tolerance_bound (with one person a
        territory no design is below), moved_share, moved_bound (what has to move at least, if re-aligned);
        cost is the mean distance by weight (a plain sum without weight, cut borders with ``borders``).
    tolerance_unit : str or None
        The unit that causes the smallest tolerance.
    notes : tuple of str
    conditions : Conditions
    bridges : tuple
        Pairs of units that stand for a border between islands.
    """

    assignment: pd.Series
    territories: pd.DataFrame
    moves: pd.DataFrame
    figures: pd.Series
    tolerance_unit: str | None
    notes: tuple
    conditions: Conditions
    bridges: tuple = ()

    @property
    def gap(self) -> float:
        """Share by which the cost may be above the least possible."""
        return float(self.figures["gap"])

    def summary(self) -> Summary:
        """What a notebook shows of the design."""
        names = ("n_territories", "n_out", "worst_deviation", "cost", "gap")
        if self.conditions.objective == "borders" or self.conditions.weight is None:
            names = ("n_territories", "n_out", "worst_deviation")
        return Summary(
            title="片区方案",
            figures={name: self.figures[name] for name in names},
            table=self.territories,
            next_step="逐个核对超出容差的片区；用 edit_plan 改、用 check_plan 复核",
            words="territory_figures",
        )


def plan_of(solved, units, conditions: Conditions, *, tree=None, current=None, notes=(), distance=None):
    """Make the plan from solved jobs: list of (job, labels, bound, proven)."""
    names = _unit_names(units, tree)
    rows = [row for one in solved for row in _rows(one)]
    rows.sort(key=lambda row: row["seat"])
    label = {}
    used = {row["name"] for row in rows if row["name"] is not None}
    width = len(str(len(rows)))
    for number, row in enumerate(rows, start=1):
        row["territory"] = row["name"] or _free(f"{number:0{width}d} {names[row['seat']]}", used)
        used.add(row["territory"])
        label |= dict.fromkeys(row["units"], row["territory"])
    assignment = pd.Series(label, name="territory").reindex(units["region"]).rename_axis("region")
    if current is not None:
        assignment = match_names(assignment, current, units, next(iter(conditions.measures)))
        for row in rows:
            row["territory"] = assignment[row["units"][0]]
    table = territory_table(rows, units, conditions, names=names, distance=distance)
    moves = move_table(assignment, current, units, conditions)
    (figures, unit) = _figures(solved, table, moves, units, conditions)
    bridges = tuple(pair for job, *_ in solved for pair in job.problem.bridges)
    together = [f"要求分开的 {a}、{b} 仍在同一片区" for a, b in met_apart(assignment, conditions)]
    notes = (*notes, *_told(table), *together)
    return TerritoryPlan(
        assignment, named(table, "territories"), named(moves, "territory_moves"),
        named(figures, "territory_figures"), unit, notes, conditions, bridges,
    )  # fmt: skip


def _unit_names(units: pd.DataFrame, tree) -> dict:
    if "name" in units:
        return dict(zip(units["region"], units["name"], strict=True))
    if tree is not None and units["region"].isin(tree.regions).all():
        return tree.names(units["region"]).to_dict()
    return dict(zip(units["region"], units["region"], strict=True))


def _free(name: str, used: set) -> str:
    while name in used:
        name += "′"
    return name


def _rows(one) -> list[dict]:
    """Territories of one job: seat, heads, units, name."""
    job, label, *_ = one
    problem = job.problem
    rows = []
    sites = medians(problem, label)
    own = problem.distance.shape[1] == problem.n
    for t, heads in enumerate(problem.heads.tolist()):
        at = [i for i, where in enumerate(label) if where == t]
        seat = sites[t] if own else at[int(problem.distance[at, sites[t]].argmin())]
        rows.append(
            {
                "name": job.names[t],
                "parent": job.parent,
                "seat": problem.codes[seat],
                "heads": heads,
                "units": [problem.codes[i] for i in at],
            }
        )
    return rows


def territory_table(rows, units, conditions: Conditions, *, names, distance=None) -> pd.DataFrame:
    """One row a territory; balance is judged against the mean load a head within the parent of `within`."""
    measures = list(conditions.measures)
    table = pd.DataFrame(
        [{key: row[key] for key in ("territory", "parent", "seat", "heads")} for row in rows],
        columns=["territory", "parent", "seat", "heads"],
    )
    by = units.set_index("region")
    sums = np.array([by.loc[row["units"], measures].sum().to_numpy(float) for row in rows])
    relative = relative_loads(sums, table["heads"].to_numpy(), table["parent"].fillna("").to_numpy())
    single = np.array([len(row["units"]) == 1 for row in rows])
    tolerance = np.array(list(conditions.measures.values()))
    off = np.abs(relative - 1)
    holds = (off <= tolerance + 1e-9).all(axis=1)
    travel = [_travel(row, by, conditions, distance) for row in rows]
    high = (relative > 1 + tolerance + 1e-9).any(axis=1)
    reason = np.where(holds, "", np.where(single & high, "单元不可再分", np.where(high, "偏高", "偏低")))
    table = table.assign(
        seat_name=[names[row["seat"]] for row in rows],
        n_units=[len(row["units"]) for row in rows],
        **{name: sums[:, m] for m, name in enumerate(measures)},
        load=relative[:, 0],
        deviation=off.max(axis=1),
        holds=holds,
        travel=[pair[0] for pair in travel],
        radius=[pair[1] for pair in travel],
        reason=reason,
    )
    front = ["territory", "parent", "seat", "seat_name", "heads", "n_units", *measures]
    columns = [*front, "load", "deviation", "holds", "travel", "radius", "reason"]
    return table[columns].sort_values("territory").reset_index(drop=True)


def _travel(row: dict, by: pd.DataFrame, conditions: Conditions, distance) -> tuple[float, float]:
    """Weighted mean distance to the seat, and the farthest unit."""
    inside = by.loc[row["units"]]
    if distance is not None:
        far = distance.loc[row["units"], row["seat"]].to_numpy(float)
    elif "lon" in by or "x" in by:
        far = distances(inside, by.loc[[row["seat"]]])[:, 0]
    else:
        return float("nan"), float("nan")
    weight = np.ones(len(inside)) if conditions.weight is None else inside[conditions.weight].to_numpy(float)
    mean = float(weight @ far / weight.sum()) if weight.sum() > 0 else float(far.mean())
    return mean, float(far.max())


def match_names(assignment: pd.Series, current: pd.Series, units: pd.DataFrame, measure: str) -> pd.Series:
    """Give new territories today's names so that as much of the measure as possible keeps its name.

    Territories beyond today's number keep their own names.
    """
    from scipy.optimize import linear_sum_assignment

    load = units.set_index("region")[measure]
    both = pd.DataFrame({"new": assignment, "old": current.reindex(assignment.index), "load": load})
    shared = both.dropna().groupby(["new", "old"])["load"].sum().unstack(fill_value=0.0)
    (rows, columns) = linear_sum_assignment(-shared.to_numpy())
    renamed = {
        shared.index[r]: shared.columns[c] for r, c in zip(rows, columns, strict=True) if shared.iat[r, c] > 0
    }
    taken = set(renamed.values())
    others = [name for name in assignment.unique() if name not in renamed]
    renamed |= {name: _free(name, taken) for name in others}
    return assignment.map(renamed)


def move_table(assignment: pd.Series, current, units, conditions: Conditions) -> pd.DataFrame:
    """Units whose territory changes: from, to, and their figures; units without one today are no moves."""
    measures = list(conditions.measures)
    columns = ["region", "from_territory", "to_territory", *measures]
    if current is None:
        return pd.DataFrame(columns=columns)
    old = current.reindex(assignment.index)
    moved = assignment.index[(old.notna() & (old != assignment)).to_numpy()]
    table = pd.DataFrame(
        {
            "region": moved,
            "from_territory": old[moved].to_numpy(),
            "to_territory": assignment[moved].to_numpy(),
        }
    )
    figures = units.set_index("region").loc[moved, measures].reset_index(drop=True)
    return pd.concat([table, figures], axis=1).sort_values(["from_territory", "region"], ignore_index=True)


def _figures(solved, table, moves, units, conditions: Conditions):
    cost = sum(total_cost(job.problem, label) for job, label, *_ in solved)
    bound = sum(one[2] for one in solved)
    proven = all(one[3] for one in solved)
    first = next(iter(conditions.measures))
    gap = (cost - bound) / cost if cost > 0 and np.isfinite(bound) else float("nan")
    if cost == 0:
        gap = 0.0
    least, unit = _largest(solved)
    total = float(units[first].sum())
    figures = {
        "n_territories": len(table),
        "n_out": int((~table["holds"]).sum()),
        "cost": cost,
        "bound": bound,
        "gap": max(gap, 0.0) if gap == gap else gap,
        "proven": bool(proven),
        "worst_deviation": float(table["deviation"].max()),
        "tolerance_bound": least,
        "moved_share": float(moves[first].sum()) / total if len(moves) and total else 0.0,
    }
    return pd.Series(figures, dtype=object), unit


def _largest(solved) -> tuple[float, str | None]:
    """By how much the largest unit exceeds what one person should have, and the unit."""
    loads = [(float(job.problem.loads[:, 0].max()), job.problem) for job, *_ in solved]
    largest, problem = max(loads, key=lambda pair: pair[0])
    if largest <= 1:
        return 0.0, None
    return largest - 1, problem.codes[int(problem.loads[:, 0].argmax())]


def _told(table: pd.DataFrame) -> list[str]:
    """A line for every territory of several people, and for every one out of its band."""
    out = table[~table["holds"]]
    teams = table[table["heads"] > 1]
    told = [
        f"{row.territory} 由 {row.heads} 人共管：其中有一个单元超过一人的负荷，人均为均值的 {row.load:.2f} 倍"
        for row in teams.itertuples()
    ]
    return told + [
        f"{row.territory} 不在容差内：人均负荷为均值的 {row.load:.2f} 倍（{row.reason}"
        + (f"：{row.seat_name}" if row.n_units == 1 else "")
        + "）"
        for row in out.itertuples()
    ]


def renamed(plan: TerritoryPlan, names: dict) -> TerritoryPlan:
    """The same plan with other names of territories."""
    table = plan.territories.assign(territory=plan.territories["territory"].replace(names))
    return replace(plan, assignment=plan.assignment.replace(names), territories=table)
