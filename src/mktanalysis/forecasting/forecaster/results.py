"""Arrays of nodes x horizon as tables, quantiles by name, and the coverage that past intervals reached.

Always holds: a table has one row a node and period, nodes top-down; the coverage told of was measured on
intervals made from what was known at their own origins.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from ..hierarchy.structure import Structure
from .intervals import MIN_ORIGINS, calibrate_at
from .panel import Cube

#: Latest origins on which the coverage is measured; of annual figures more, each has few targets.
TESTED_ORIGINS = 5
TESTED_YEARS = 8


def long_table(cube: Cube | Structure, periods: pd.PeriodIndex, **values: np.ndarray) -> pd.DataFrame:
    """Arrays of nodes x periods as a long table: region, period, level and one column each."""
    structure = getattr(cube, "structure", cube)
    frame = pd.DataFrame(
        {
            "region": np.repeat(structure.nodes.to_numpy(), len(periods)),
            "period": periods.take(np.tile(np.arange(len(periods)), structure.size)),
            "level": np.repeat(structure.levels.to_numpy(), len(periods)),
        }
    )
    return frame.assign(**{name: array.ravel() for name, array in values.items()})


def checked_quantiles(quantiles) -> list[float]:
    """Rising quantiles between 0 and 1; none when none are asked for."""
    levels = [] if quantiles is None else sorted({float(q) for q in quantiles})
    if any(not 0 < q < 1 for q in levels):
        raise MktError(f"quantiles 应在 0 与 1 之间，现为 {levels}")
    return levels


def quantile_name(quantile: float) -> str:
    """Column of a quantile.

    Examples
    --------
    >>> quantile_name(0.1), quantile_name(0.975)
    ('q0.1', 'q0.975')
    """
    return f"q{quantile:g}"


def known_then(rolled, cube: Cube, nominal: float, *, nonnegative: bool) -> pd.DataFrame:
    """Coverage by level of intervals from the latest origins whose outcome is known.

    An origin's interval rests on the errors known then; origins whose whole horizon is known come first.
    """
    length = len(cube.periods)
    now = len(rolled.origins) - 1
    whole = np.flatnonzero(rolled.origins[:now] + rolled.base.shape[2] <= length)
    tests = [k for k in whole if _errors_known(rolled, k) >= MIN_ORIGINS]
    if not tests:
        tests = [k for k in range(now) if _errors_known(rolled, k) >= MIN_ORIGINS]
    levels = np.asarray(cube.structure.levels)
    inside = dict.fromkeys(dict.fromkeys(levels), 0)
    count = dict(inside)
    for k in tests[-(TESTED_YEARS if cube.season == 1 else TESTED_ORIGINS) :]:
        lower, upper = calibrate_at(rolled, np.arange(k), k, cube).limits(nominal)
        error = rolled.actual[k] - rolled.reconciled[k]
        floor = -rolled.reconciled[k] if nonnegative else -np.inf
        held = (error >= np.maximum(lower, floor)) & (error <= upper)
        for level in count:
            seen = np.isfinite(error[levels == level])
            inside[level] += int(held[levels == level][seen].sum())
            count[level] += int(seen.sum())
    rows = [
        {
            "level": level,
            "n_series": int((levels == level).sum()),
            "n_errors": count[level],
            "nominal": nominal,
            "coverage": inside[level] / count[level] if count[level] else np.nan,
        }
        for level in count
    ]
    return pd.DataFrame(rows)


def _errors_known(rolled, k: int) -> int:
    """Number of origins before number `k` with an error known at it."""
    return int(np.isfinite(rolled.errors(int(rolled.origins[k]))[:k]).any(axis=(1, 2)).sum())
