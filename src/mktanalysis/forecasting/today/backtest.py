"""How good the bridge would have been: cut off, carried on by what was known then, compared with what came.

Always holds: nothing later than a cut-off reaches the models; what is given as known is the caller's word for
it; rows across a level break are not scored.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..forecaster.estimator import long_table
from ..forecaster.panel import build_cube
from ..forecaster.rolling import actuals, steps
from .bridge import bridge


def backtest_bridge(
    panel: pd.DataFrame,
    known_at,
    tree,
    *,
    cutoffs,
    horizon: int = 3,
    coverage: float = 0.8,
    breaks: pd.DataFrame | None = None,
    model="average",
) -> pd.DataFrame:
    """Cut the panel off, carry it on by what was known then, and compare with what came (补数回测).

    Parameters
    ----------
    panel, tree, coverage, breaks, model
        As for :func:`bridge`.
    known_at : callable
        Takes the last year kept (int) and returns the figures known later, as for :func:`bridge`.
    cutoffs : iterable of int
        Last years kept.
    horizon : int
        Periods ahead that are compared.

    Returns
    -------
    DataFrame
        As :func:`~mktanalysis.forecasting.backtest`, for :func:`~mktanalysis.forecasting.score_forecasts`:
        model ``forecast`` (history alone) and ``bridge``; targets across a level break have no actual.
    """
    whole = build_cube(panel, tree, breaks=breaks)
    parts = []
    for cutoff in cutoffs:
        early = panel[panel["period"].dt.year <= cutoff]
        past = None if breaks is None else breaks[breaks["period"].dt.year <= cutoff]
        until = pd.Period(str(cutoff + horizon), freq=panel["period"].dtype.freq)
        known = known_at(cutoff)
        known = known[pd.PeriodIndex(known["period"], freq=until.freq) <= until]
        found = bridge(early, known, tree, breaks=past, coverage=coverage, model=model, until=until)
        parts.append(_compared(whole, found.table, cutoff, coverage))
    return pd.concat(parts, ignore_index=True)


def _compared(whole, table: pd.DataFrame, cutoff: int, coverage: float) -> pd.DataFrame:
    """Rows of one cutoff beside what came."""
    end = whole.periods.get_loc(pd.Period(str(cutoff), freq=whole.periods.freq)) + 1
    horizon = table["period"].nunique()
    came = actuals(whole, np.array([end]), horizon)[0]
    ahead = pd.period_range(whole.periods[end - 1] + 1, periods=horizon, name="period")
    unit, root = steps(whole.until(end).history()[0], whole.season)
    frame = long_table(
        whole, ahead, actual=came, scale=np.repeat(unit[:, None], horizon, axis=1),
        rms_scale=np.repeat(root[:, None], horizon, axis=1),
        horizon=np.tile(np.arange(1, horizon + 1), (len(came), 1)),
    )  # fmt: skip
    both = table.merge(frame, on=["region", "period", "level"], how="inner")
    bridged = both.assign(model="bridge", mean=both["value"])
    alone = both.assign(model="forecast", mean=both["forecast"], lower=np.nan, upper=np.nan)
    order = ["region", "level", "period", "origin", "horizon", "model", "mean", "lower", "upper", "actual"]
    result = pd.concat([alone, bridged]).assign(origin=whole.periods[end - 1], nominal=coverage)
    return result[[*order, "scale", "rms_scale", "nominal"]]
