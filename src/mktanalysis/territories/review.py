"""Every condition of a design, checked again by code that shares nothing with the search.

Always holds: only the tables, the conditions and the assignment are read; a condition that does not hold is
listed with the worst case. How many people a territory has, and what is balanced, is the rule of `teams`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..regions import components
from ..words import label
from ..words.render import named
from .conditions import Conditions
from .teams import people_of, relative_loads, share_people


def check_plan(
    assignment: pd.Series, units, edges, conditions: Conditions, *, tree=None, bridges=(), heads=None
):
    """Check an assignment against its conditions (独立复核).

    Parameters
    ----------
    assignment : Series
        region -> territory; from a plan, or edited by hand.
    units, edges : DataFrame
    conditions : Conditions
    tree : RegionTree, optional
        Needed with ``within``.
    bridges : tuple
        Pairs of units that count as neighbours.
    heads : Series, optional
        territory -> people, as in ``plan.territories``; default: `n` shared by load.

    Returns
    -------
    DataFrame
        condition, holds, worst (largest excess, 0 if none), detail.

    Examples
    --------
    >>> units = pd.DataFrame({"region": ["a", "b", "c"], "capacity": [1.0, 1.0, 2.0]})
    >>> edges = pd.DataFrame({"region": ["a", "b"], "neighbor": ["b", "c"]})
    >>> labels = pd.Series(["x", "y", "x"], index=["a", "b", "c"])
    >>> check_plan(labels, units, edges, Conditions(n=2)).set_index("condition").loc["连通", "detail"]
    'x 分成 2 块'
    """
    rows = [_covers(assignment, units)]
    if not rows[0]["holds"]:
        return _table(rows)
    rows.append(_connected(assignment, edges, bridges))
    heads = _heads(assignment, units, conditions, tree, heads)
    rows.append(_people(heads, conditions))
    for name, tolerance in conditions.measures.items():
        rows.append(_balanced(assignment, units, name, tolerance, heads))
    rows += _wishes(assignment, conditions)
    if conditions.within is not None:
        parent = tree.parents(conditions.within, assignment.index)
        spread = parent.groupby(assignment.to_numpy()).nunique()
        crossing = spread.index[spread > 1]
        rows.append(_row(f"不跨 {conditions.within}", len(crossing), "、".join(map(str, crossing[:5]))))
    return _table(rows)


def _table(rows) -> pd.DataFrame:
    return named(pd.DataFrame(rows, columns=["condition", "holds", "worst", "detail"]), "territory_checks")


def _row(condition: str, worst, detail: str = "") -> dict:
    return {"condition": condition, "holds": bool(worst <= 1e-9), "worst": float(worst), "detail": detail}


def _covers(assignment: pd.Series, units: pd.DataFrame) -> dict:
    codes = pd.Index(units["region"])
    missing = codes.difference(assignment.dropna().index)
    strange = assignment.index.difference(codes)
    again = assignment.index[assignment.index.duplicated()]
    named = [*missing, *strange, *again]
    return _row("每个单元恰属一个片区", len(named), "、".join(map(str, named[:5])))


def _connected(assignment: pd.Series, edges: pd.DataFrame, bridges) -> dict:
    pairs = pd.DataFrame(list(bridges), columns=["region", "neighbor"])
    links = pd.concat([edges[["region", "neighbor"]], pairs], ignore_index=True)
    same = assignment.reindex(links["region"]).to_numpy() == assignment.reindex(links["neighbor"]).to_numpy()
    links = links[same]
    both = pd.concat([links, links.rename(columns={"region": "neighbor", "neighbor": "region"})])
    part = components(both, assignment.index)
    count = part.groupby(assignment.reindex(part.index).to_numpy()).nunique()
    broken = count[count > 1]
    detail = "；".join(f"{name} 分成 {pieces} 块" for name, pieces in broken.head(5).items())
    return _row("连通", int((broken - 1).sum()), detail)


def _heads(assignment: pd.Series, units, conditions: Conditions, tree, heads) -> pd.DataFrame:
    """People of each territory: as given, else shared by load within the parent of `within`."""
    first = next(iter(conditions.measures))
    load = units.set_index("region")[first].groupby(assignment).sum()
    table = pd.DataFrame({"load": load, "group": ""})
    if conditions.within is not None:
        parent = tree.parents(conditions.within, assignment.index)
        table["group"] = parent.groupby(assignment.to_numpy()).first().reindex(load.index)
    if heads is not None:
        return table.assign(heads=pd.Series(heads).reindex(load.index).fillna(0).astype(int))
    people = pd.Series({"": conditions.n})
    if conditions.within is not None:
        given = pd.Series(conditions.heads, dtype=int)
        people = given if len(given) else share_people(load.groupby(table["group"]).sum(), conditions.n)
    parts = [people_of(part, int(people[group])) for group, part in load.groupby(table["group"])]
    return table.assign(heads=pd.concat(parts).reindex(load.index))


def _people(heads: pd.DataFrame, conditions: Conditions) -> dict:
    total = int(heads["heads"].sum())
    return _row(
        f"人数合计 {conditions.n}", abs(total - conditions.n), f"现为 {total}" * (total != conditions.n)
    )


def _balanced(assignment: pd.Series, units, name: str, tolerance: float, heads: pd.DataFrame) -> dict:
    sums = units.set_index("region")[name].groupby(assignment).sum().reindex(heads.index)
    people = heads["heads"].to_numpy()
    relative = relative_loads(sums.to_numpy(float)[:, None], people, heads["group"].to_numpy())
    off = pd.Series(np.abs(relative[:, 0] - 1), heads.index)
    excess = off - tolerance
    out = excess[excess > 1e-9].sort_values(ascending=False)
    detail = "；".join(f"{area} 偏离 {off[area]:.1%}" for area in out.index[:5])
    return _row(f"{label(name)}在均值 ±{tolerance:.0%} 内", max(float(np.nanmax(excess)), 0.0), detail)


def _wishes(assignment: pd.Series, conditions: Conditions) -> list[dict]:
    rows = []
    for what, groups in (("同片区", conditions.together), ("分开", conditions.apart)):
        for group in groups:
            names = assignment.reindex(list(group))
            broken = names.nunique() > 1 if what == "同片区" else names.nunique() < len(group)
            rows.append(_row(f"{what}：{'、'.join(group)}", int(broken)))
    if conditions.locks:
        target = pd.Series(conditions.locks)
        held = assignment.reindex(target.index)
        pairs = pd.DataFrame({"wish": target, "is": held}).drop_duplicates()
        broken = int(pairs["wish"].duplicated().sum() + pairs["is"].duplicated().sum())
        rows.append(_row("锁定", broken))
    if conditions.seats:
        names = assignment.reindex(list(conditions.seats))
        rows.append(_row("驻地各在一片", len(names) - names.nunique()))
    return rows
