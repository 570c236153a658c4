"""Supply centres: who covers whom, where centres should be, and when along the path each must open.

Always holds: a returned choice of centres has its bound beside it; distances are given or great-circle from
longitude and latitude.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import MktError
from ...regions import haversine_km
from ...words.summary import Shown, Summary

#: A gap of less than this is the bound's own rounding.
PROVEN = 1e-7


@dataclass(frozen=True, eq=False, repr=False)
class SupplyPlan(Shown):
    """Chosen centres.

    Attributes
    ----------
    centres : tuple of str
    assignment : Series
        Index region, values the centre that serves it (missing if none within the radius).
    value, bound : float
        p-median: weighted distance and a lower bound; maximal covering: weight covered and an upper bound.
    gap : float
    """

    centres: tuple[str, ...]
    assignment: pd.Series
    value: float
    bound: float
    gap: float

    def summary(self) -> Summary:
        """What is shown of it: the centres and how many regions each serves."""
        served = self.assignment.value_counts().reindex(list(self.centres), fill_value=0)
        table = served.rename("n_served").rename_axis("center").reset_index()
        figures = {
            "n_centres": len(self.centres),
            "n_served": int(self.assignment.notna().sum()),
            "没有中心服务的地区": f"{int(self.assignment.isna().sum())} 个",
            "gap_to_bound": self.gap,
        }
        return Summary("供货中心", figures, table, "supply_coverage(...) 核对覆盖")


def great_circle_km(points: pd.DataFrame, sites: pd.DataFrame | None = None) -> pd.DataFrame:
    """Distances from regions (rows) to sites (columns), km, from ``region, lon, lat``."""
    sites = points if sites is None else sites
    a = points[["lon", "lat"]].to_numpy(float)
    b = sites[["lon", "lat"]].to_numpy(float)
    # shape (regions, sites)
    km = haversine_km(a[:, None, 0], a[:, None, 1], b[None, :, 0], b[None, :, 1])
    return pd.DataFrame(km, index=pd.Index(points["region"], name="region"), columns=list(sites["region"]))


def supply_coverage(
    distance_km: pd.DataFrame, centres, *, radius_km: float, weight: pd.Series | None = None, groups=None
):
    """Which regions given centres cover, and the share of weight covered by group (e.g. province).

    Parameters
    ----------
    distance_km : DataFrame
        Regions x sites.
    centres : sequence of str
        Columns of `distance_km`.
    radius_km : float
    weight : Series, optional
        Index region; default 1 each.
    groups : Series, optional
        Region -> group (an assignment); default one group ``全部``.

    Returns
    -------
    DataFrame
        group, n_regions, n_covered, weight, covered_share.
    """
    _known(distance_km, centres)
    near = (distance_km[_listed(centres)] <= radius_km).any(axis=1)
    weight = pd.Series(1.0, near.index) if weight is None else _weights(distance_km, weight)
    group = pd.Series("全部", near.index) if groups is None else groups.reindex(near.index)
    table = pd.DataFrame(
        {"near": near, "weight": weight, "covered": near * weight, "group": group.astype(str)}
    )
    by = table.groupby("group")
    result = pd.DataFrame(
        {"n_regions": by.size(), "n_covered": by["near"].sum(), "weight": by["weight"].sum()}
    )
    result["covered_share"] = by["covered"].sum() / result["weight"].where(result["weight"] > 0)
    return result.reset_index()


def _listed(centres) -> list:
    """Each centre once; a single code is one centre."""
    return [centres] if isinstance(centres, str) else list(dict.fromkeys(centres))


def _known(distance_km: pd.DataFrame, centres) -> None:
    if lost := [c for c in _listed(centres) if c not in distance_km.columns]:
        raise MktError(f"距离表中没有这些中心：{'、'.join(map(str, lost[:10]))}")


def _weights(distance_km: pd.DataFrame, weight: pd.Series) -> pd.Series:
    """The weight of each region of the distance table; a missing one is missing, never 0."""
    if (again := weight.index[weight.index.duplicated()]).size:
        raise MktError(f"权重中有重复的地区：{'、'.join(map(str, again[:10]))}")
    weight = weight.reindex(distance_km.index).astype(float)
    if (lost := weight.index[weight.isna()]).size:
        raise MktError(f"{len(lost)} 个地区没有权重（没有分量的请写 0）：{'、'.join(map(str, lost[:10]))}")
    return weight


def p_median(
    distance_km: pd.DataFrame,
    weight: pd.Series,
    n_centres: int,
    *,
    fixed=(),
    random_state: int = 0,
    starts: int = 3,
) -> SupplyPlan:
    """Place centres so that the weighted distance is least, by vertex substitution (Teitz and Bart).

    The bound is Lagrangian: the assignment of each region is priced, centres then choose themselves.

    Parameters
    ----------
    distance_km : DataFrame
        Regions x candidate sites.
    weight : Series
        Index region.
    n_centres : int
    fixed : sequence of str
        Centres that stay.
    random_state, starts : int
        Random starts beside a greedy one.
    """
    d, w = _arrays(distance_km, weight, n_centres)
    if np.isinf(d).any():
        raise MktError("p-中位选址的距离应为有限的数：到不了的地方请写一个很大的距离，如 1e5 公里")
    cost = d * w[:, None]
    fixed = _listed(fixed)
    rng = np.random.default_rng(random_state)
    keep = distance_km.columns.get_indexer(fixed)
    if (keep < 0).any():
        _known(distance_km, fixed)
    if len(keep) > n_centres:
        raise MktError(f"固定的中心有 {len(keep)} 个，多于中心总数 {n_centres}")
    runs = [_greedy_centres(cost, n_centres, keep)]
    others = np.setdiff1d(np.arange(d.shape[1]), keep)
    for _ in range(starts - 1):
        runs.append(
            np.concatenate([keep, rng.choice(others, n_centres - len(keep), replace=False)]).astype(int)
        )
    solved = [_substitute(cost, chosen, len(keep)) for chosen in runs]
    chosen = min(solved, key=lambda at: cost[:, at].min(axis=1).sum())
    value = float(cost[:, chosen].min(axis=1).sum())
    bound = _median_bound(cost, n_centres, value, keep)
    return _supply(distance_km, np.sort(chosen), value, bound)


def _arrays(distance_km: pd.DataFrame, weight: pd.Series, n_centres: int) -> tuple[np.ndarray, np.ndarray]:
    if not 1 <= n_centres <= distance_km.shape[1]:
        raise MktError(f"中心数应在 1 与 {distance_km.shape[1]} 之间，给出的是 {n_centres}")
    d = distance_km.to_numpy(float)
    w = _weights(distance_km, weight).to_numpy()
    if (d < 0).any() or (w < 0).any() or np.isnan(d).any():
        raise MktError("距离和权重不能为负，距离不能缺失")
    return d, w


def _greedy_centres(cost: np.ndarray, count: int, keep: np.ndarray) -> np.ndarray:
    chosen = list(keep)
    best = cost[:, keep].min(axis=1) if len(keep) else np.full(len(cost), cost.max() + 1)
    while len(chosen) < count:
        total = np.minimum(best[:, None], cost).sum(axis=0)
        total[chosen] = np.inf
        chosen.append(int(total.argmin()))
        best = np.minimum(best, cost[:, chosen[-1]])
    return np.array(chosen)


def _substitute(cost: np.ndarray, chosen: np.ndarray, n_kept: int) -> np.ndarray:
    """Swap a centre for a site as long as the best swap lowers the cost (all swaps in one matrix product)."""
    chosen = chosen.copy()
    while True:
        order = np.argsort(cost[:, chosen], axis=1)
        rows = np.arange(len(cost))
        first = order[:, 0]
        d1 = cost[rows, chosen[first]]
        d2 = cost[rows, chosen[order[:, 1]]] if len(chosen) > 1 else np.full(len(cost), cost.max() + 1.0)
        gain = np.maximum(d1[:, None] - cost, 0.0).sum(axis=0)  # opening a site
        # closing centre r: regions that it serves go to the site or to their second centre
        extra = np.minimum(d2[:, None], np.maximum(cost, d1[:, None])) - d1[:, None]
        loss = np.zeros((len(chosen), cost.shape[1]))
        np.add.at(loss, first, extra)
        net = gain[None, :] - loss
        net[:n_kept] = -np.inf
        net[:, chosen] = -np.inf
        out, into = np.unravel_index(net.argmax(), net.shape)
        if net[out, into] <= 1e-9 * max(d1.sum(), 1.0):
            return chosen
        chosen[out] = into


def _median_bound(cost: np.ndarray, count: int, value: float, keep: np.ndarray, rounds: int = 200) -> float:
    """Lagrangian bound by subgradient steps on the prices of assignment."""
    price = cost.min(axis=1)
    best = -np.inf
    step = 1.5
    stale = 0
    for _ in range(rounds):
        slack = np.minimum(cost - price[:, None], 0.0)
        worth = slack.sum(axis=0)
        worth[keep] = worth[keep] - 1e18
        chosen = np.argpartition(worth, count - 1)[:count]
        bound = float(price.sum() + slack[:, chosen].sum())
        stale = 0 if bound > best + 1e-9 * abs(best) else stale + 1
        best = max(best, bound)
        served = (slack[:, chosen] < 0).sum(axis=1)
        direction = 1.0 - served
        norm = float(direction @ direction)
        if norm == 0 or value - best <= 1e-9 * max(value, 1.0):
            break
        step = step / 2 if stale and stale % 10 == 0 else step
        price = price + step * (value - bound) / norm * direction
    return min(best, value)


def max_cover(
    distance_km: pd.DataFrame, weight: pd.Series, n_centres: int, *, radius_km: float
) -> SupplyPlan:
    """Place centres so that most weight lies within the radius: greedy, substitution, and a linear bound by
    HiGHS.
    """
    d, w = _arrays(distance_km, weight, n_centres)
    cost = np.where(d <= radius_km, 0.0, w[:, None])  # a p-median of what is left uncovered
    chosen = _substitute(cost, _greedy_centres(cost, n_centres, np.zeros(0, dtype=int)), 0)
    value = float(w.sum() - cost[:, chosen].min(axis=1).sum())
    return _supply(distance_km, np.sort(chosen), value, _cover_bound(d <= radius_km, w, n_centres), radius_km)


def _cover_bound(near: np.ndarray, w: np.ndarray, count: int) -> float:
    from ...highs import Program

    program = Program()
    open_site = program.columns(near.shape[1])
    covered = program.columns(near.shape[0], cost=w)
    i, j = np.nonzero(near)
    program.rows(len(w), [(np.arange(len(w)), covered, 1.0), (i, open_site[j], -1.0)], high=0.0)
    program.rows(1, [(np.zeros(len(open_site), dtype=int), open_site, 1.0)], high=float(count))
    return program.solve(relaxed=True).bound


def _supply(
    distance_km: pd.DataFrame, chosen, value: float, bound: float, radius_km: float = np.inf
) -> SupplyPlan:
    near = distance_km.iloc[:, chosen]
    assignment = near.idxmin(axis=1).where(near.min(axis=1) <= radius_km).rename("centre")
    gap = abs(value - bound) / max(abs(value), 1e-9)
    gap = gap if gap > PROVEN else 0.0
    return SupplyPlan(tuple(distance_km.columns[chosen]), assignment, value, bound, gap)


def opening_times(steps: pd.DataFrame, assignment: pd.Series) -> pd.DataFrame:
    """When each centre must open along a path: the first period in which a unit that it serves is entered.

    Parameters
    ----------
    steps : DataFrame
        As in ``ExpansionPlan.steps`` (new units only) or ``ExpansionPlan.paths`` (the base too, which must be
        served from the first period): region, period; the first period of each region counts.
    assignment : Series
        Region -> centre, as in ``SupplyPlan.assignment``.

    Returns
    -------
    DataFrame
        centre, period, n_units; units without a centre are listed under a missing centre.
    """
    first = steps.sort_values("period", kind="stable").drop_duplicates("region")
    table = first.assign(centre=assignment.reindex(first["region"]).to_numpy())
    by = table.groupby("centre", dropna=False)
    result = pd.DataFrame({"period": by["period"].min(), "n_units": by.size()}).reset_index()
    return result.sort_values(["period", "centre"], kind="stable").reset_index(drop=True)


def compare_sites(
    distance_km: pd.DataFrame, weight: pd.Series, base, *, n_centres: int, radius_km: float
) -> tuple[pd.DataFrame, SupplyPlan]:
    """The base alone, centres nearest to the capacity, and centres that cover most, side by side.

    Parameters
    ----------
    distance_km : DataFrame
        Square, regions x regions.
    weight : Series
        Index region, capacity.
    base : sequence of str
        Regions of the base area; those that `distance_km` has.
    n_centres : int
        At most the number of regions.
    radius_km : float

    Returns
    -------
    DataFrame
        Columns option (what the centres are chosen for), centres (codes), covered_share (of the weight within
        the radius), distance_km (weighted mean), gap (to the proven bound; missing for the base).
    SupplyPlan
        The centres nearest to the capacity.
    """
    weights = weight.reindex(distance_km.index)
    count = min(n_centres, len(distance_km))
    near = p_median(distance_km, weights, count)
    cover = max_cover(distance_km, weights, count, radius_km=radius_km)
    options = {
        "只从根据地": ([code for code in base if code in distance_km.columns], float("nan")),
        "加权距离最短": (list(near.centres), near.gap),
        "半径内容量最多": (list(cover.centres), cover.gap),
    }
    rows = []
    for option, (centres, gap) in options.items():
        reached = supply_coverage(distance_km, centres, radius_km=radius_km, weight=weights)
        mean = float(distance_km[centres].min(axis=1) @ weights / weights.sum())
        row = {"option": option, "centres": tuple(centres), "covered_share": reached["covered_share"].iloc[0]}
        rows.append({**row, "distance_km": mean, "gap": gap})
    return pd.DataFrame(rows), near
