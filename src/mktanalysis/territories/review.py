"""Every condition of a design, checked again by code that shares nothing with the search.

Always holds: only the tables, the conditions and the assignment are read; a condition that does not hold is
listed with the worst case.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..regions import components
from ..words import label
from ..words.render import named
from .conditions import Conditions


def check_plan(assignment: pd.Series, units, edges, conditions: Conditions, *, tree=None, bridges=()):
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
    heads = _heads(assignment, units, conditions, tree)
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


def _heads(assignment: pd.Series, units, conditions: Conditions, tree) -> pd.DataFrame:
    """People of each territory: one, or the rounded load of a single unit far above the mean."""
    (first, tolerance), *_ = conditions.measures.items()
    load = units.set_index("region")[first].groupby(assignment).sum()
    size = assignment.value_counts().reindex(load.index)
    table = pd.DataFrame({"load": load, "size": size, "heads": 1, "group": ""})
    if conditions.within is not None:
        parent = tree.parents(conditions.within, assignment.index)
        table["group"] = parent.groupby(assignment.to_numpy()).first().reindex(load.index)
    extra = conditions.n - len(table)
    alone = pd.Series(False, table.index)
    while extra > 0:
        mean = (table["load"] * ~alone).groupby(table["group"]).transform("sum")
        count = (table["heads"] * ~alone).groupby(table["group"]).transform("sum")
        per_head = table["load"] / table["heads"]
        single = (table["size"] == 1) & (per_head > (1 + tolerance) * mean / count)
        if not single.any():
            break
        table.loc[per_head.where(single).idxmax(), "heads"] += 1
        extra -= 1
    return table.assign(alone=_alone(table, tolerance))


def _alone(table: pd.DataFrame, tolerance: float) -> pd.Series:
    """Single units too large for their band: the mean is that of the others."""
    alone = pd.Series(False, table.index)
    while True:
        rest = table[~alone]
        mean = rest.groupby("group")["load"].sum() / rest.groupby("group")["heads"].sum()
        large = rest[
            (rest["size"] == 1) & (rest["load"] > (1 + tolerance) * rest["group"].map(mean) * (1 + 1e-9))
        ]
        large = large[rest.groupby("group")["load"].transform("size").reindex(large.index) > 1]
        if large.empty:
            return alone
        alone[large["load"].idxmax()] = True


def _people(heads: pd.DataFrame, conditions: Conditions) -> dict:
    total = int(heads["heads"].sum())
    return _row(
        f"人数合计 {conditions.n}", abs(total - conditions.n), f"现为 {total}" * (total != conditions.n)
    )


def _balanced(assignment: pd.Series, units, name: str, tolerance: float, heads: pd.DataFrame) -> dict:
    load = units.set_index("region")[name].groupby(assignment).sum().reindex(heads.index) / heads["heads"]
    normal = heads["heads"] == 1
    mean = load.where(normal & ~heads["alone"]).groupby(heads["group"]).transform("mean")
    off = (load / mean - 1).abs().where(normal)
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
