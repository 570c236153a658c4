"""Macro-regions: few groups of provinces (or cities), proven, and every scheme on one scale.

Always holds: a scheme is an assignment (region -> label) that `RegionTree.with_scheme` takes; schemes are
judged over the units they cover, and the share covered stands beside.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import InfeasibleError, MktError
from ..words.render import named
from .design import design_territories
from .plan import TerritoryPlan, renamed
from .problem import NO_BALANCE, distances


def design_macro_regions(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    *,
    k: int,
    tolerance: float | None = 0.1,
    distance: pd.DataFrame | None = None,
    current: pd.Series | None = None,
    measure: str = "capacity",
    **conditions,
) -> TerritoryPlan:
    """Group units into `k` macro-regions (大区) of balanced load and least travel to their seats.

    Parameters
    ----------
    units : DataFrame
        region, name, the measure, lon, lat: provinces, or prefectures where province borders do not matter.
    edges : DataFrame
    k : int
    tolerance : float or None
        Each group within 1 +- this of the mean; None: no balance.
    distance : DataFrame, optional
        Mean travel between units, with what lies within a unit on the diagonal.
    current : Series, optional
        Today's scheme: names are kept where possible, moves are told.
    measure : str
    **conditions
        Of `design_territories`.

    Returns
    -------
    TerritoryPlan
        ``assignment`` is a scheme; for up to some forty units the proof is complete.

    Raises
    ------
    InfeasibleError
        With the smallest tolerance that some grouping keeps.

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("abcd"), "name": list("甲乙丙丁"), "capacity": 1.0,
    ...     "lon": [110.0, 111, 112, 113], "lat": 30.0})
    >>> edges = pd.DataFrame({"region": list("abc"), "neighbor": list("bcd")})
    >>> design_macro_regions(units, edges, k=2).assignment.nunique()
    2
    """
    wide = NO_BALANCE if tolerance is None else float(tolerance)
    plan = design_territories(
        units, edges, n=k, measures={measure: wide}, weight=measure, distance=distance, current=current,
        **{"effort": 0.3, "teams": False, **conditions},
    )  # fmt: skip
    if current is not None:
        return plan
    names = {
        row.territory: f"{row.seat_name}大区"
        for row in plan.territories.itertuples()
        if row.seat_name is not None
    }
    return renamed(plan, names)


def compare_schemes(
    schemes: dict[str, pd.Series],
    units: pd.DataFrame,
    edges: pd.DataFrame,
    *,
    distance: pd.DataFrame | None = None,
    today: str | None = None,
    measure: str = "capacity",
) -> pd.DataFrame:
    """Compare groupings of the same units: balance, travel, span, unity, and what would move.

    Parameters
    ----------
    schemes : dict
        Name -> Series region -> label. A missing label is a unit run by head office: a group of its own.
        Units that a scheme does not list are not covered.
    units, edges, distance, measure
        As `design_macro_regions`.
    today : str, optional
        The scheme in use: ``moved_share`` is counted against it.

    Returns
    -------
    DataFrame
        scheme, n_groups, covered_share, largest, largest_share, deviation (worst group against the mean of
        the covered), travel (mean distance to the best seat), span_low, span_high (units a group), n_broken
        (groups that are not connected), moved_share.

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("ab"), "capacity": [1.0, 3.0], "lon": [110.0, 111], "lat": 30.0})
    >>> edges = pd.DataFrame({"region": ["a"], "neighbor": ["b"]})
    >>> table = compare_schemes({"现行": pd.Series({"a": "东", "b": "西"})}, units, edges)
    >>> table[["n_groups", "deviation"]].values.tolist()
    [[2.0, 0.5]]
    """
    if today is not None and today not in schemes:
        raise MktError(f"没有名为 {today!r} 的方案，可用：{'、'.join(schemes)}")
    if distance is None:
        distance = pd.DataFrame(distances(units), units["region"], units["region"])
    base = None if today is None else _labels(schemes[today], units)
    rows = []
    for name, scheme in schemes.items():
        label = _labels(scheme, units)
        row = {"scheme": name, **_judged(label, units.set_index("region")[measure], edges, distance)}
        rows.append({**row, "moved_share": _moved(label, base, units, measure)})
    return named(pd.DataFrame(rows), "schemes")


def _labels(scheme: pd.Series, units: pd.DataFrame) -> pd.Series:
    """Labels of the covered units; a missing label stands for the unit itself."""
    label = scheme[scheme.index.isin(units["region"])].astype(object)
    if not len(label):
        raise MktError("方案中没有任何一个所给的单元：层级或代码不一致")
    return label.where(label.notna(), pd.Series(label.index, label.index))


def _judged(label: pd.Series, load: pd.Series, edges: pd.DataFrame, distance: pd.DataFrame) -> dict:
    from ..regions import components

    covered = load[label.index]
    sums = covered.groupby(label).sum()
    travel = 0.0
    broken = 0
    for codes in label.groupby(label).groups.values():
        weight = load[codes].to_numpy(float)
        travel += (weight @ distance.loc[codes, codes].to_numpy(float)).min()
        broken += components(_both_ways(edges, codes), codes).nunique() > 1
    size = label.value_counts()
    return {
        "n_groups": len(sums),
        "covered_share": float(covered.sum() / load.sum()),
        "largest": sums.idxmax(),
        "largest_share": float(sums.max() / sums.sum()),
        "deviation": float((sums / sums.mean() - 1).abs().max()),
        "travel": float(travel / covered.sum()),
        "span_low": int(size.min()),
        "span_high": int(size.max()),
        "n_broken": int(broken),
    }


def _both_ways(edges: pd.DataFrame, codes) -> pd.DataFrame:
    inside = edges["region"].isin(codes) & edges["neighbor"].isin(codes)
    pairs = edges.loc[inside, ["region", "neighbor"]]
    turned = pairs.rename(columns={"region": "neighbor", "neighbor": "region"})
    return pd.concat([pairs, turned]).drop_duplicates()


def _moved(label: pd.Series, base, units: pd.DataFrame, measure: str) -> float:
    """Share of the measure that changes its group, groups matched so that it is least."""
    from .plan import match_names

    if base is None:
        return float("nan")
    both = label.index.intersection(base.index)
    matched = match_names(label[both], base[both], units, measure)
    load = units.set_index("region").loc[both, measure]
    return float(load[(matched != base[both]).to_numpy()].sum() / load.sum())


def scheme_frontier(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    *,
    counts=(4, 5, 6, 7, 8, 9),
    tolerances=(0.1, 0.2, None),
    distance: pd.DataFrame | None = None,
    measure: str = "capacity",
) -> pd.DataFrame:
    """What balance costs in travel, for several numbers of groups.

    Returns
    -------
    DataFrame
        n_groups, tolerance (missing: no balance), deviation, travel, proven; where a tolerance is impossible
        travel is missing and ``deviation`` is the least possible.
    """
    rows = []
    for k in counts:
        for tolerance in tolerances:
            wish = float("nan") if tolerance is None else tolerance
            row = {"n_groups": k, "tolerance": wish, "travel": np.nan, "proven": True}
            try:
                plan = design_macro_regions(
                    units, edges, k=k, tolerance=tolerance, distance=distance, measure=measure
                )
                figures = plan.figures
                row |= {
                    "deviation": figures["worst_deviation"],
                    "travel": figures["cost"],
                    "proven": figures["proven"],
                }
            except InfeasibleError as error:
                row["deviation"] = float(error.relaxation["needed"].iloc[0])
            rows.append(row)
    columns = ["n_groups", "tolerance", "deviation", "travel", "proven"]
    return named(pd.DataFrame(rows)[columns], "scheme_frontier")
