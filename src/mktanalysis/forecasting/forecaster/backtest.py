"""How good would it have been: forecasts from rolling origins, scored by level and horizon.

Always holds: an interval at an origin is calibrated on errors known at that origin; base, bottom-up and
reconciled forecasts stand side by side on the same base forecasts; rows without an observed, comparable
actual are not scored.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from .estimator import HierarchicalForecaster, long_table, shortest_history
from .intervals import calibrate_at
from .panel import build_cube
from .rolling import roll

MODELS = ("base", "bottom_up", "reconciled")


def backtest(
    forecaster: HierarchicalForecaster,
    panel: pd.DataFrame,
    tree,
    *,
    horizon: int,
    n_origins: int,
    step: int = 1,
) -> pd.DataFrame:
    """Forecast from `n_origins` past origins, `step` periods apart, the last one `horizon` before the end.

    Parameters
    ----------
    forecaster : HierarchicalForecaster
        Its settings are used; it is not changed. `fixed` is not used: published totals of the past
        would be hindsight.
    panel, tree
        As for ``fit``.
    horizon, n_origins, step : int

    Returns
    -------
    DataFrame
        Columns region, level, period (of the target), origin (last period known), horizon, model (base,
        bottom_up, reconciled), mean, lower, upper, actual, scale, rms_scale (units of MASE and RMSSE),
        nominal.
        Intervals belong to the reconciled forecasts; the other two have none.
    """
    cube = build_cube(panel, tree, nonnegative=forecaster.nonnegative, breaks=forecaster.breaks)
    length = len(cube.periods)
    tests = length - horizon - step * np.arange(n_origins)[::-1]
    probe = HierarchicalForecaster(n_origins=forecaster.n_origins)
    probe.cube_ = cube
    if tests[0] < shortest_history(cube.season):
        raise MktError(
            f"历史太短：{length} 期放不下 {n_origins} 个起点、步长 {step}、预测 {horizon} 期的回测"
        )
    needed = [np.append(probe._origins(horizon, int(t)), t) for t in tests]
    rolled = roll(
        cube, np.unique(np.concatenate(needed)), horizon, model=forecaster.model,
        reconciliation=forecaster.reconciliation, nonnegative=forecaster.nonnegative,
    )  # fmt: skip
    parts = []
    for test, wanted in zip(tests, needed, strict=True):
        k = int(np.searchsorted(rolled.origins, test))
        chosen = np.flatnonzero(np.isin(rolled.origins, wanted[:-1]))
        found = calibrate_at(rolled, chosen, k, cube.structure, forecaster.coverage)
        parts.append(_origin_table(cube, rolled, k, found.width, forecaster))
    return pd.concat(parts, ignore_index=True)


def _origin_table(cube, rolled, k: int, width: np.ndarray, forecaster) -> pd.DataFrame:
    origin = int(rolled.origins[k])
    horizon = width.shape[1]
    periods = pd.period_range(cube.periods[origin - 1] + 1, periods=horizon, name="period")
    tables = []
    for model in MODELS:
        mean = rolled.reconciled[k] if model == "reconciled" else rolled.base[k]
        if model == "bottom_up":
            mean = cube.structure.add_up(mean[cube.structure.leaves])
        lower = mean - width
        upper = mean + width
        if forecaster.nonnegative:
            lower = np.maximum(lower, 0.0)
        if model != "reconciled":
            lower = upper = np.full(mean.shape, np.nan)
        table = long_table(
            cube, periods, mean=mean, lower=lower, upper=upper, actual=rolled.actual[k],
            horizon=np.tile(np.arange(1, horizon + 1), (len(mean), 1)),
            scale=np.repeat(rolled.scale[k][:, None], horizon, axis=1),
            rms_scale=np.repeat(rolled.rms_scale[k][:, None], horizon, axis=1),
        )  # fmt: skip
        tables.append(table.assign(model=model, origin=cube.periods[origin - 1], nominal=forecaster.coverage))
    order = ["region", "level", "period", "origin", "horizon", "model", "mean", "lower", "upper", "actual"]
    return pd.concat(tables)[[*order, "scale", "rms_scale", "nominal"]]


def score_forecasts(results: pd.DataFrame, *, by="level") -> pd.DataFrame:
    """Accuracy and coverage of a backtest.

    Parameters
    ----------
    results : DataFrame
        From :func:`backtest`.
    by : str or list of str
        ``level``, ``horizon``, ``region``, ``origin`` or several; ``model`` for one row a model.

    Returns
    -------
    DataFrame
        One row a group and model: n (scored points), wape (sum of absolute errors / sum of absolute
        actuals), mase (mean of absolute errors / mean absolute seasonal step of the history), rmsse, bias
        (sum of forecasts less actuals / sum of absolute actuals: positive is too high), coverage,
        interval_score (Gneiting and Raftery 2007: width plus 2 / (1 - nominal) times the distance
        outside; mean, in units of the seasonal step).
    """
    by = [name for name in ([by] if isinstance(by, str) else by) if name != "model"]  # always a key
    scored = results.dropna(subset=["actual"])
    error = scored["mean"] - scored["actual"]
    size = scored["actual"].abs()
    scale = scored["scale"].where(scored["scale"] > 0)
    below = (scored["lower"] - scored["actual"]).clip(lower=0)
    above = (scored["actual"] - scored["upper"]).clip(lower=0)
    penalty = 2 / (1 - scored["nominal"]) * (below + above)
    inside = ((below == 0) & (above == 0)).astype(float).where(scored["upper"].notna())
    marks = scored[[*by, "model"]].assign(
        n=1, error=error, loss=error.abs(), size=size, mase=error.abs() / scale,
        rmsse=(error / scored["rms_scale"].where(scored["rms_scale"] > 0)) ** 2, coverage=inside,
        interval_score=(scored["upper"] - scored["lower"] + penalty) / scale,
    )  # fmt: skip
    groups = marks.groupby([*by, "model"], sort=False, observed=True)
    sums = groups[["n", "error", "loss", "size"]].sum()
    means = groups.mean()
    table = pd.DataFrame(
        {
            "n": sums["n"],
            "wape": sums["loss"] / sums["size"].where(sums["size"] > 0),
            "mase": means["mase"],
            "rmsse": np.sqrt(means["rmsse"]),
            "bias": sums["error"] / sums["size"].where(sums["size"] > 0),
            "coverage": means["coverage"],
            "interval_score": means["interval_score"],
        }
    )
    return table.reset_index()


def compare_models(
    forecasters: dict[str, HierarchicalForecaster],
    panel: pd.DataFrame,
    tree,
    *,
    level: str,
    horizon: int,
    n_origins: int,
    metric: str = "mase",
) -> pd.DataFrame:
    """Backtest several forecasters on the same origins and rank them at the level that matters.

    Parameters
    ----------
    forecasters : dict of str to HierarchicalForecaster
        Name -> settings.
    level : str
        The level that decides, such as ``prefecture`` for quotas, ``nation`` for a budget.
    metric : str
        ``wape``, ``mase``, ``rmsse`` or ``interval_score``.

    Returns
    -------
    DataFrame
        As :func:`score_forecasts` by level of the reconciled forecasts, with column ``name`` first; the
        best at `level` comes first, all its levels together.
    """
    if metric not in ("wape", "mase", "rmsse", "interval_score"):
        raise MktError(f"metric 应为 wape、mase、rmsse 或 interval_score，现为 {metric!r}")
    parts = []
    for name, forecaster in forecasters.items():
        results = backtest(forecaster, panel, tree, horizon=horizon, n_origins=n_origins)
        scores = score_forecasts(results[results["model"] == "reconciled"])
        parts.append(scores.drop(columns="model").assign(name=name))
    table = pd.concat(parts, ignore_index=True)
    at_level = table[table["level"] == level].set_index("name")[metric]
    if at_level.empty:
        raise MktError(f"没有层级 {level!r}，现有：{'、'.join(table['level'].unique())}")
    order = at_level.sort_values(kind="stable").index
    table = table.set_index("name").loc[order].reset_index()
    return table[["name", *table.columns.drop("name")]]
