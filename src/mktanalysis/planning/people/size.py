"""How many salesmen pay: a response curve through a few judgements, and the flat range around the best size.

Always holds: the best allocation of every size is exact (greedy where all curves are concave, else dynamic
programming); the flat range is reported with the optimum, because planned sizes are flat around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.render import named
from ...words.summary import Shown, Summary


def fit_response(judgements: pd.DataFrame) -> pd.DataFrame:
    """Fit each region's sales response to its sales force through three or four judgements (销售反应曲线).

    S(n) = S0 + (Smax - S0) n^a / (b + n^a) (Little 1970, ADBUDG): sales with nobody, with saturation, and
    with one, two or more staffs between; through two points exactly, through more by least squares on the
    log odds.

    Parameters
    ----------
    judgements : DataFrame
        Columns region, staff (persons; 0 for nobody, inf for saturation), sales (yuan a year).

    Returns
    -------
    DataFrame
        Index region, columns floor (S0), ceiling (Smax), a, b, concave (a <= 1), worst_error (largest
        relative miss of a judgement).

    Raises
    ------
    MktError
        Without both ends, with sales not rising between them, fewer than two staffs between (one: a = 1).

    Examples
    --------
    >>> said = pd.DataFrame({"region": "a", "staff": [0, 2, 4, np.inf], "sales": [0.0, 50.0, 80.0, 100.0]})
    >>> fit_response(said)[["a", "b"]].round(2).values.tolist()
    [[2.0, 4.0]]
    """
    rows = {region: _fit_one(region, part) for region, part in judgements.groupby("region", sort=True)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("region")


def _fit_one(region, part: pd.DataFrame) -> dict:
    points = part.sort_values("staff")
    staff = points["staff"].to_numpy(dtype=float)
    sales = points["sales"].to_numpy(dtype=float)
    if staff[0] != 0 or not np.isinf(staff[-1]) or len(points) < 3:
        raise MktError(f"{region}：判断应包括 0 人、饱和（inf）和中间至少一点的销售额")
    if not (np.diff(sales) > 0).all() or not (np.diff(staff[:-1]) > 0).all():
        raise MktError(f"{region}：人数增加时销售额应上升，中间各点应在两端之间")
    low = sales[0]
    high = sales[-1]
    odds = np.log((sales[1:-1] - low) / (high - sales[1:-1]))
    size = np.log(staff[1:-1])
    slope = 1.0 if len(size) == 1 else np.polyfit(size, odds, 1)[0]
    scale = np.exp(-(odds.mean() - slope * size.mean()))
    fitted = low + (high - low) * staff[1:-1] ** slope / (scale + staff[1:-1] ** slope)
    error = np.abs(fitted / sales[1:-1] - 1).max()
    return {
        "floor": low,
        "ceiling": high,
        "a": slope,
        "b": scale,
        "concave": slope <= 1 + 1e-12,
        "worst_error": error,
    }


def response_sales(curves: pd.DataFrame, most: int) -> np.ndarray:
    """Sales of each region with 0, 1, ... `most` persons, shape (regions, most + 1)."""
    n = np.arange(most + 1, dtype=float)[None, :]
    power = n ** curves["a"].to_numpy()[:, None]
    share = power / (curves["b"].to_numpy()[:, None] + power)
    low = curves["floor"].to_numpy()[:, None]
    return low + (curves["ceiling"].to_numpy()[:, None] - low) * np.where(n > 0, share, 0.0)


@dataclass(frozen=True, eq=False, repr=False)
class ForceSize(Shown):
    """What every size of the sales force would earn.

    Attributes
    ----------
    table : DataFrame
        Columns staff (0 ... most), sales, profit (yuan a year), marginal_profit (of the last person), flat
        (within the tolerance of the best).
    allocation : DataFrame
        Index region: persons at the best size, sales there, one_fewer and one_more (change of sales, yuan).
    best : int
        Size with the highest profit.
    flat_low, flat_high : int
        Smallest and largest size of the flat range around the best.
    method : str
        ``greedy`` or ``dynamic programming``.
    at_limit : bool
        The best size is the largest one looked at: look further before believing it.
    """

    table: pd.DataFrame
    allocation: pd.DataFrame
    best: int
    flat_low: int
    flat_high: int
    method: str
    at_limit: bool

    def summary(self) -> Summary:
        """What is shown of it: the sizes around the best."""
        figures = {"利润最高": f"{self.best} 人", "利润相差不到容差": f"{self.flat_low}—{self.flat_high} 人"}
        if self.at_limit:
            figures["注意"] = "最好的已是看过的最大编制，请把 most 放大再算"
        around = self.table[self.table["staff"].between(self.flat_low - 1, self.flat_high + 1)]
        step = "size.allocation 是最好编制下各地区的人数；without_person 看少一人怎样接手"
        return Summary("编制与利润", figures, named(around, "force_size"), step, words="force_size")


def optimal_force(
    curves: pd.DataFrame, *, margin: float, cost: float, most: int, tolerance: float = 0.01
) -> ForceSize:
    """Find the size of the sales force with the highest profit and the range in which it hardly matters.

    Profit = margin x sales - cost x persons, persons shared out over regions in the best way (最优编制).

    Parameters
    ----------
    curves : DataFrame
        From :func:`fit_response`.
    margin : float
        Contribution per yuan of sales before selling costs, 0-1.
    cost : float
        Yearly cost of one person, yuan.
    most : int
        Largest size looked at.
    tolerance : float
        Sizes whose profit is within this share of the best are flat (Zoltners, Sinha 2001: sizes are
        flat around the optimum).

    Returns
    -------
    ForceSize

    Examples
    --------
    >>> curve = pd.DataFrame({"floor": 0.0, "ceiling": 100.0, "a": 1.0, "b": 1.0, "concave": True}, ["a"])
    >>> found = optimal_force(curve, margin=1.0, cost=8.0, most=6)
    >>> found.best, found.table["profit"].round(1).tolist()
    (3, [0.0, 42.0, 50.7, 51.0, 48.0, 43.3, 37.7])
    """
    if not 0 < margin <= 1 or cost <= 0 or most < 1:
        raise MktError("毛利率应在 0 与 1 之间，人均成本为正，人数上限至少为 1")
    sales = response_sales(curves, most)
    concave = bool(curves["concave"].all())
    choice = _greedy(sales) if concave else _programme(sales)
    totals = np.array([sales[np.arange(len(sales)), row].sum() for row in choice])
    size = np.arange(most + 1)
    profit = margin * totals - cost * size
    best = int(profit.argmax())
    flat = profit >= profit[best] - tolerance * abs(profit[best])
    low = best
    while low > 0 and flat[low - 1]:
        low -= 1
    high = best
    while high < most and flat[high + 1]:
        high += 1
    table = pd.DataFrame(
        {
            "staff": size,
            "sales": totals,
            "profit": profit,
            "marginal_profit": np.diff(profit, prepend=np.nan),
            "flat": (size >= low) & (size <= high),
        }
    )
    method = "greedy" if concave else "dynamic programming"
    shares = _allocation(curves, sales, choice[best])
    return ForceSize(named(table, "force_size"), shares, best, low, high, method, best == most)


def _allocation(curves: pd.DataFrame, sales: np.ndarray, staff: np.ndarray) -> pd.DataFrame:
    at = np.arange(len(sales))
    now = sales[at, staff]
    fewer = sales[at, np.maximum(staff - 1, 0)] - now
    more = sales[at, np.minimum(staff + 1, sales.shape[1] - 1)] - now
    return pd.DataFrame({"staff": staff, "sales": now, "one_fewer": fewer, "one_more": more}, curves.index)


def _greedy(sales: np.ndarray) -> np.ndarray:
    """Each next person where sales rise most; exact for concave curves. Shape (sizes, regions)."""
    most = sales.shape[1] - 1
    at = np.zeros(len(sales), dtype=int)
    choice = [at.copy()]
    rise = np.diff(sales, axis=1)
    for _ in range(most):
        gain = np.where(at < most, rise[np.arange(len(sales)), np.minimum(at, most - 1)], -np.inf)
        at[int(gain.argmax())] += 1
        choice.append(at.copy())
    return np.array(choice)


def _programme(sales: np.ndarray) -> np.ndarray:
    """Best allocation of every size by dynamic programming over regions. Shape (sizes, regions)."""
    n, width = sales.shape
    value = sales[0].copy()
    picked = [np.arange(width)]
    for region in range(1, n):
        total = np.full((width, width), -np.inf)  # shape (size, persons in this region)
        for persons in range(width):
            total[persons:, persons] = value[: width - persons] + sales[region, persons]
        picked.append(total.argmax(axis=1))
        value = total.max(axis=1)
    choice = np.zeros((width, n), dtype=int)
    left = np.arange(width)
    for region in range(n - 1, 0, -1):
        choice[:, region] = picked[region][left]
        left = left - choice[:, region]
    choice[:, 0] = left
    return choice


@dataclass(frozen=True, eq=False, repr=False)
class Departure(Shown):
    """What happens when one salesman goes.

    Attributes
    ----------
    moves : DataFrame
        Columns region, hours, to (who takes it over): only the leaver's regions move.
    loads : DataFrame
        Index person: before, after (hours), capacity, overload (hours above capacity).
    lost_margin : float
        Margin of the work that no longer finds time, yuan a year.
    """

    moves: pd.DataFrame
    loads: pd.DataFrame
    lost_margin: float

    def summary(self) -> Summary:
        """What is shown of it: who takes over what."""
        over = self.loads["overload"]
        late = "、".join(map(str, over.index[over > 0])) or "没有"
        figures = {"交出": f"{len(self.moves)} 个地区", "超时的人": late}
        figures["损失的毛利"] = f"{self.lost_margin / 1e4:,.1f} 万元"
        step = "departure.loads 是每人交接前后的工时"
        return Summary("少一人", figures, named(self.moves, "departure"), step, words="departure")


def without_person(
    work: pd.DataFrame, person: str, *, capacity: float, margin: float = 0.0, distance=None
) -> Departure:
    """Share one salesman's regions out among the others with the least disruption (减少一人).

    Nobody else's regions change hands. The largest region goes first, to the one of the persons allowed
    (the nearest two by `distance`, else all) who is then least loaded: a heuristic, exact for one region.

    Parameters
    ----------
    work : DataFrame
        Columns region, person, hours (a year) and, if known, sales (yuan).
    person : str
        Who goes.
    capacity : float
        Hours a person has a year.
    margin : float
        Contribution per yuan of sales; with column ``sales`` it prices what is lost.
    distance : DataFrame, optional
        Index region, columns person, km: who is near.

    Returns
    -------
    Departure

    Examples
    --------
    >>> work = pd.DataFrame({"region": list("abc"), "person": ["甲", "乙", "丙"],
    ...     "hours": [800.0, 900.0, 1100.0]})
    >>> without_person(work, "甲", capacity=1600.0).moves.values.tolist()
    [['a', 800.0, '乙']]
    """
    if person not in set(work["person"]):
        raise MktError(f"没有这位人员：{person}")
    others = sorted(set(work["person"]) - {person})
    if not others:
        raise MktError("只有一人，无法由他人接手")
    before = work.groupby("person")["hours"].sum()
    load = before.drop(person).reindex(others)
    moves = []
    leaving = work[work["person"] == person].sort_values(["hours", "region"], ascending=[False, True])
    for row in leaving.itertuples():
        near = others
        if distance is not None:
            near = list(distance.loc[row.region, others].sort_values(kind="stable").index[:2])
        taker = min(near, key=lambda name: (load[name], name))
        load[taker] += row.hours
        moves.append({"region": row.region, "hours": row.hours, "to": taker})
    loads = pd.DataFrame({"before": before.reindex(others), "after": load, "capacity": capacity})
    loads = loads.assign(overload=(loads["after"] - capacity).clip(lower=0.0))
    lost = 0.0
    if "sales" in work:
        a_hour = work["sales"].sum() / work["hours"].sum()
        lost = float(
            margin * a_hour * (loads["overload"].sum() - (before.drop(person) - capacity).clip(lower=0).sum())
        )
    return Departure(pd.DataFrame(moves), loads.rename_axis("person"), lost)
