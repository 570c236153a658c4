"""The one primitive of every split: figures nearest to what is preferred, with a given sum and bounds.

Always holds: the result sums to the total exactly; every figure lies within its bounds; in whole units no
figure is further than one unit from the exact solution; the order of the rows changes nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import InfeasibleError, MktError

#: A figure this close below a whole unit is that unit: sums of floats are not exact.
_EPSILON = 1e-6


def project(
    total: float,
    prefer: pd.Series,
    *,
    weight: pd.Series | None = None,
    lower: pd.Series | None = None,
    upper: pd.Series | None = None,
    unit: float | None = None,
) -> pd.Series:
    """Return the figures nearest to `prefer` that sum to `total` within bounds (按总数分配).

    Minimises sum((q - p)^2 / w) subject to sum(q) = total and lower <= q <= upper. The solution is
    q = clip(p + lambda w, lower, upper) with one lambda for all. With a `unit` the bounds are first rounded
    inwards to whole units, the solution is rounded down, and what is left goes one unit each to the
    largest remainders (ties: the smaller code first).

    Parameters
    ----------
    total : float
        A whole multiple of `unit` where one is given.
    prefer : Series
        Index of codes, the preferred figures.
    weight : Series, optional
        Not negative; who gives way more. Default: `prefer` itself where positive (all change in
        proportion), ones where nobody is preferred. A weight of 0 does not move.
    lower, upper : Series, optional
        Missing entries are no bound.
    unit : float, optional
        The smallest unit, e.g. 1e4 yuan; None: no rounding.

    Returns
    -------
    Series
        Index of `prefer`, in its order.

    Raises
    ------
    InfeasibleError
        The bounds do not admit the total; says by how much.
    MktError
        A missing or negative weight, a repeated code, a total that is no multiple of the unit.

    Examples
    --------
    >>> project(100.0, pd.Series({"a": 40.0, "b": 40.0}), upper=pd.Series({"a": 45.0})).tolist()
    [45.0, 55.0]
    >>> project(10.0, pd.Series({"a": 1.0, "b": 1.0, "c": 1.0}), unit=1.0).tolist()
    [4.0, 3.0, 3.0]
    """
    codes = prefer.index.sort_values()
    wanted = _figures(prefer, codes, "偏好值")
    pull = _pull(weight, wanted, codes)
    low = _bounds(lower, codes, -np.inf)
    high = _bounds(upper, codes, np.inf)
    if unit is None:
        solution = _solve(float(total), wanted, pull, _Box(codes, low, high, 1.0))
        return pd.Series(solution, codes).reindex(prefer.index)
    whole = float(total) / unit
    if abs(whole - round(whole)) > 1e-6:
        raise MktError(f"总数 {total:,.2f} 不是最小单位 {unit:g} 的整数倍：请把总数取整，或改小最小单位")
    box = _Box(codes, np.ceil(low / unit - _EPSILON), np.floor(high / unit + _EPSILON), unit)
    solution = _solve(float(round(whole)), wanted / unit, pull, box)
    return pd.Series(_whole(round(whole), solution) * unit, codes).reindex(prefer.index)


class _Box:
    """Bounds of every code, in units of `unit`."""

    def __init__(self, codes, low: np.ndarray, high: np.ndarray, unit: float):
        self.codes = codes
        self.low = low
        self.high = high
        self.unit = unit
        crossed = low > high
        if crossed.any():
            self._raise_crossed(crossed)

    def _raise_crossed(self, crossed: np.ndarray):
        rows = pd.DataFrame(
            {
                "condition": [f"{code} 的上限" for code in self.codes[crossed]],
                "given": self.high[crossed] * self.unit,
                "needed": self.low[crossed] * self.unit,
            }
        )
        raise InfeasibleError("下限高于上限（按最小单位取整之后）", rows)

    def check(self, total: float, least: float, most: float):
        """Refuse a total outside what the bounds admit."""
        slack = _EPSILON * max(1.0, abs(total))
        if total < least - slack:
            self._refuse(total, "各下限（保底）之和高于总数", "总数", least)
        if total > most + slack:
            self._refuse(total, "各上限（封顶）之和低于总数", "总数不超过", most)

    def _refuse(self, total: float, text: str, condition: str, needed: float):
        missing = abs(needed - total) * self.unit
        row = {"condition": condition, "given": total * self.unit, "needed": needed * self.unit}
        raise InfeasibleError(f"{text}，相差 {missing:,.2f}", pd.DataFrame([row]))


def _solve(total: float, wanted: np.ndarray, pull: np.ndarray, box: _Box) -> np.ndarray:
    """The exact solution: bisection among the breakpoints of a piecewise linear sum, then one line."""
    free = pull > 0
    fixed = np.clip(wanted, box.low, box.high)
    least = np.where(free, box.low, fixed).sum()
    most = np.where(free, box.high, fixed).sum()
    box.check(total, least, most)

    def at(multiplier: float) -> np.ndarray:
        return np.where(free, np.clip(wanted + multiplier * pull, box.low, box.high), fixed)

    ends = np.concatenate([(bound - wanted)[free] / pull[free] for bound in (box.low, box.high)])
    breaks = np.unique(ends[np.isfinite(ends)])
    first = 0
    last = len(breaks)
    while first < last:
        middle = (first + last) // 2
        if at(breaks[middle]).sum() < total:
            first = middle + 1
        else:
            last = middle
    # Between two breakpoints the same codes move: one step along the line is exact.
    inside = _middle(breaks, first)
    start = at(inside)
    moving = free & (wanted + inside * pull > box.low) & (wanted + inside * pull < box.high)
    if not moving.any():  # the total is that of all bounds
        return start
    step = (total - start.sum()) / pull[moving].sum()
    return at(inside + step)


def _middle(breaks: np.ndarray, right: int) -> float:
    """A point strictly between breakpoint `right` - 1 and `right`."""
    if not len(breaks):
        return 0.0
    if right == 0:
        return breaks[0] - 1.0
    if right == len(breaks):
        return breaks[-1] + 1.0
    return (breaks[right - 1] + breaks[right]) / 2


def _whole(total: int, solution: np.ndarray) -> np.ndarray:
    """Rounded down, the rest one by one to the largest remainders; codes are sorted, so ties go by code."""
    floor = np.floor(solution + _EPSILON)
    rest = solution - floor
    left = int(total - floor.sum())
    order = np.lexsort([np.arange(len(rest)), -np.round(rest, 9)])
    whole = floor.copy()
    whole[order[:left]] += 1
    return whole


def _figures(values: pd.Series, codes: pd.Index, what: str) -> np.ndarray:
    if codes.has_duplicates:
        raise MktError(f"代码重复：{'、'.join(map(str, codes[codes.duplicated()]))}")
    figures = values.reindex(codes).to_numpy(dtype=float)
    missing = codes[np.isnan(figures)]
    if len(missing):
        raise MktError(f"{what}缺失（缺失不是 0）：{'、'.join(map(str, missing[:20]))}")
    return figures


def _pull(weight: pd.Series | None, wanted: np.ndarray, codes: pd.Index) -> np.ndarray:
    if weight is None:
        positive = np.maximum(wanted, 0.0)
        return positive if positive.sum() > 0 else np.ones(len(wanted))
    pull = _figures(weight, codes, "权数")
    if (pull < 0).any():
        raise MktError(f"权数不能为负：{'、'.join(map(str, codes[pull < 0][:20]))}")
    return pull


def _bounds(bound: pd.Series | None, codes: pd.Index, none: float) -> np.ndarray:
    if bound is None:
        return np.full(len(codes), none)
    strangers = bound.index.difference(codes)
    if len(strangers):
        raise MktError(f"上下限中的代码不在分配范围内：{'、'.join(map(str, strangers[:20]))}")
    return bound.reindex(codes).astype(float).fillna(none).to_numpy()
