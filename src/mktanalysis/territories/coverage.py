"""Coverage by centre: who lies in reach of which dealer, warehouse or office.

Always holds: distances are great-circle times a road factor that is told; a unit in reach of several centres
is an overlap, one in reach of none a gap; what a new centre adds counts gaps only.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..errors import Problems
from ..words.render import named
from .problem import distances


@dataclass(frozen=True, eq=False)
class CentreCoverage:
    """Coverage of units by centres (中心覆盖).

    Attributes
    ----------
    units : DataFrame
        region, measure, nearest (centre), distance (to it), n_reach (centres in reach), covered.
    centres : DataFrame
        centre, n_units, in_reach (measure within reach), in_reach_share, alone (measure no other centre
        reaches).
    shares : DataFrame
        group x centre: share of the group's measure in reach; last column ``any``.
    gaps : DataFrame
        Units in reach of none, largest first: region, measure, nearest, distance.
    overlap : DataFrame
        centre, other, shared (measure in reach of both), shared_share of the smaller: a risk of goods sold
        across (窜货).
    next_centres : DataFrame
        region, adds (measure now uncovered), adds_share, covered_after: the best next centres, one after
        another.
    covered_share : float
    """

    units: pd.DataFrame
    centres: pd.DataFrame
    shares: pd.DataFrame
    gaps: pd.DataFrame
    overlap: pd.DataFrame
    next_centres: pd.DataFrame
    covered_share: float


def centre_coverage(
    units: pd.DataFrame,
    centres: pd.DataFrame,
    *,
    radius: float,
    measure: str = "capacity",
    groups: pd.Series | None = None,
    road_factor: float = 1.0,
    n_next: int = 3,
) -> CentreCoverage:
    """Tell which units each centre reaches, what is missed, what overlaps, and where to open next.

    Parameters
    ----------
    units : DataFrame
        region, the measure, lon, lat (or x, y).
    centres : DataFrame
        centre (name), lon, lat (or x, y); optional radius of its own.
    radius : float
        Reach, in km (or the unit of x, y).
    measure : str
    groups : Series, optional
        region -> group (province), for ``shares``; default one group.
    road_factor : float
        Road over straight line: 1.3 is a usual value (folklore); 1 counts the straight line.
    n_next : int
        How many next centres to tell; candidates are the units themselves.

    Returns
    -------
    CentreCoverage

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("abc"), "capacity": [1.0, 2, 3], "x": [0.0, 1, 9], "y": 0.0})
    >>> found = centre_coverage(units, pd.DataFrame({"centre": ["A"], "x": [0.0], "y": 0.0}), radius=2)
    >>> found.covered_share, found.gaps["region"].tolist(), found.next_centres["region"].tolist()
    (0.5, ['c'], ['c'])
    """
    _check(units, centres, radius, measure, road_factor)
    far = pd.DataFrame(distances(units, centres) * road_factor, units["region"], centres["centre"])
    reach = centres["radius"].to_numpy(float) if "radius" in centres else float(radius)
    near = far <= reach
    load = units.set_index("region")[measure]
    covered = near.any(axis=1)
    table = pd.DataFrame(
        {
            "region": load.index,
            measure: load.to_numpy(),
            "nearest": far.idxmin(axis=1).to_numpy(),
            "distance": far.min(axis=1).to_numpy(),
            "n_reach": near.sum(axis=1).to_numpy(),
            "covered": covered.to_numpy(),
        }
    )
    gaps = table[~table["covered"]].sort_values(
        [measure, "region"], ascending=[False, True], ignore_index=True
    )
    return CentreCoverage(
        units=named(table, "covered_units"),
        centres=named(_by_centre(near, load), "centres"),
        shares=named(_shares(near, load, groups), "centre_shares"),
        gaps=named(gaps[["region", measure, "nearest", "distance"]], "coverage_gaps"),
        overlap=named(_overlap(near, load), "coverage_overlap"),
        next_centres=named(_next(units, load, covered, float(radius) / road_factor, n_next), "next_centres"),
        covered_share=float(load[covered].sum() / load.sum()),
    )


def _check(units, centres, radius: float, measure: str, road_factor: float) -> None:
    problems = Problems()
    place = ("lon", "lat") if "lon" in units else ("x", "y")
    for what, table, columns in (
        ("单元表", units, ("region", measure, *place)),
        ("中心表", centres, ("centre", *place)),
    ):
        for name in columns:
            if name not in table:
                problems.add(f"{what}缺少这一列", column=name)
            elif table[name].isna().any():
                problems.add(f"{what}有缺失值", column=name)
    if measure in units and not units[measure].sum() > 0:
        problems.add("全部为 0，没有可覆盖的", column=measure)
    if "centre" in centres and centres["centre"].duplicated().any():
        problems.add("中心重名", column="centre")
    if not len(centres):
        problems.add("中心表是空的", column="centre")
    if not radius > 0:
        problems.add("半径应大于 0", column="radius", value=radius)
    if not road_factor >= 1:
        problems.add("道路系数不能小于 1（直线最短）", column="road_factor", value=road_factor)
    problems.raise_any()


def _by_centre(near: pd.DataFrame, load: pd.Series) -> pd.DataFrame:
    alone = near[near.sum(axis=1) == 1]
    reached = near.mul(load, axis=0).sum()
    return pd.DataFrame(
        {
            "centre": near.columns,
            "n_units": near.sum().to_numpy(),
            "in_reach": reached.to_numpy(),
            "in_reach_share": (reached / load.sum()).to_numpy(),
            "alone": alone.mul(load[alone.index], axis=0).sum().to_numpy(),
        }
    )


def _shares(near: pd.DataFrame, load: pd.Series, groups) -> pd.DataFrame:
    group = pd.Series("全部", near.index) if groups is None else groups.reindex(near.index)
    flags = near.assign(any=near.any(axis=1))
    sums = flags.mul(load, axis=0).groupby(group).sum()
    return sums.div(load.groupby(group).sum(), axis=0).rename_axis("group").reset_index()


def _overlap(near: pd.DataFrame, load: pd.Series) -> pd.DataFrame:
    rows = []
    names = list(near.columns)
    sums = near.mul(load, axis=0).sum()
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            shared = float(load[near[one] & near[other]].sum())
            if shared > 0:
                smaller = min(sums[one], sums[other])
                rows.append(
                    {"centre": one, "other": other, "shared": shared, "shared_share": shared / smaller}
                )
    table = pd.DataFrame(rows, columns=["centre", "other", "shared", "shared_share"])
    return table.sort_values("shared", ascending=False, ignore_index=True)


def _next(units, load: pd.Series, covered: pd.Series, straight: float, count: int) -> pd.DataFrame:
    """Greedy: the unit whose reach covers most of what is left, again and again."""
    near = pd.DataFrame(distances(units) <= straight, load.index, load.index)
    left = load.where(~covered, 0.0)
    done = float(load[covered].sum())
    rows = []
    for _ in range(count):
        adds = near.mul(left, axis=0).sum()
        best = adds.idxmax()
        if not adds[best] > 0:
            break
        done += float(adds[best])
        rows.append(
            {
                "region": best,
                "adds": float(adds[best]),
                "adds_share": float(adds[best] / load.sum()),
                "covered_after": done / float(load.sum()),
            }
        )
        left = left.where(~near[best], 0.0)
    return pd.DataFrame(rows, columns=["region", "adds", "adds_share", "covered_after"])
