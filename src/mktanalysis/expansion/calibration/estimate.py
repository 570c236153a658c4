"""One estimated figure: its value, its interval, and whether the data could tell it at all.

Always holds: what the data cannot tell keeps its assumed value and is called assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Coverage of the intervals, as quantiles of the resamples.
INTERVAL = (0.1, 0.9)
#: A figure is told by the data if its interval is no wider than this part of what would be believed anyway.
TELLING = 0.5


@dataclass(frozen=True)
class Estimate:
    """A parameter.

    Attributes
    ----------
    name : str
    value, low, high : float
        The estimate and its 80% interval; nan where nothing could be estimated.
    assumed : float
    status : str
        ``estimated`` or ``assumed``.
    note : str
        Why it is not estimated, or what it rests on; Chinese.
    """

    name: str
    value: float
    low: float
    high: float
    assumed: float
    status: str
    note: str


def judged(
    name: str, value: float, draws, assumed: float, believed: tuple[float, float], note: str
) -> Estimate:
    """An estimate with the interval of its resamples, if that says more than what is believed anyway."""
    draws = np.asarray(draws, dtype=float)
    draws = draws[np.isfinite(draws)]
    if len(draws) < 5 or not np.isfinite(value):
        return untold(name, assumed, "数据太少，认不出来")
    low, high = np.quantile(draws, INTERVAL)
    width = TELLING * (believed[1] - believed[0])
    if high - low > width:
        why = f"认不出来：80% 区间 {low:.3g}–{high:.3g} 太宽，仍用假设值"
        return Estimate(name, float(value), float(low), float(high), assumed, "assumed", why)
    return Estimate(name, float(value), float(low), float(high), assumed, "estimated", note)


def untold(name: str, assumed: float, why: str) -> Estimate:
    """A parameter that could not be estimated."""
    return Estimate(name, np.nan, np.nan, np.nan, assumed, "assumed", why)
