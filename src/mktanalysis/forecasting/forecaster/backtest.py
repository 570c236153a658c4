"""How good would it have been: forecasts from rolling origins, scored by level and horizon.

Always holds: an interval at an origin is calibrated on errors known at that origin; base, bottom-up and
reconciled forecasts stand side by side on the same base forecasts; rows without an observed, comparable
actual are not scored.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from ..models.weights import past_origins, shortest_history
from .estimator import HierarchicalForecaster
from .intervals import calibrate_at
from .panel import build_cube
from .results import checked_quantiles, long_table, quantile_name
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
    quantiles=None,
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
    quantiles : sequence of float, optional
        Also forecast quantiles, columns ``q0.1`` and so on, for the CRPS.

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
    if tests[0] < shortest_history(cube.season):
        raise MktError(
            f"历史太短：{length} 期放不下 {n_origins} 个起点、步长 {step}、预测 {horizon} 期的回测"
        )
    needed = [np.append(past_origins(int(t), cube.season, horizon, forecaster.n_origins), t) for t in tests]
    rolled = roll(
        cube, np.unique(np.concatenate(needed)), horizon, model=forecaster.model,
        reconciliation=forecaster.reconciliation, nonnegative=forecaster.nonnegative,
        n_origins=forecaster.n_origins,
    )  # fmt: skip
    levels = checked_quantiles(quantiles)
    names = ["lower", "upper", *map(quantile_name, levels)]
    parts = []
    for test, wanted in zip(tests, needed, strict=True):
        k = int(np.searchsorted(rolled.origins, test))
        chosen = np.flatnonzero(np.isin(rolled.origins, wanted[:-1]))
        found = calibrate_at(rolled, chosen, k, cube)
        offsets = [*found.limits(forecaster.coverage), *found.offsets(levels)]
        parts.append(_origin_table(cube, rolled, k, dict(zip(names, offsets, strict=True)), forecaster))
    return pd.concat(parts, ignore_index=True)


def _origin_table(cube, rolled, k: int, offsets: dict[str, np.ndarray], forecaster) -> pd.DataFrame:
    origin = int(rolled.origins[k])
    horizon = rolled.base.shape[2]
    periods = pd.period_range(cube.periods[origin - 1] + 1, periods=horizon, name="period")
    ahead = np.tile(np.arange(1, horizon + 1), (cube.structure.size, 1))
    scale = {
        "scale": np.repeat(rolled.scale[k][:, None], horizon, axis=1),
        "rms_scale": np.repeat(rolled.rms_scale[k][:, None], horizon, axis=1),
    }
    tables = []
    for model in MODELS:
        mean = rolled.reconciled[k] if model == "reconciled" else rolled.base[k]
        if model == "bottom_up":
            mean = cube.structure.add_up(mean[cube.structure.leaves])
        limits = {name: mean + offset for name, offset in offsets.items()}
        if forecaster.nonnegative:
            limits = {name: np.maximum(limit, 0.0) for name, limit in limits.items()}
        if model != "reconciled":
            limits = dict.fromkeys(limits, np.full(mean.shape, np.nan))
        table = long_table(
            cube, periods, mean=mean, **limits, actual=rolled.actual[k], horizon=ahead, **scale
        )
        tables.append(table.assign(model=model, origin=cube.periods[origin - 1], nominal=forecaster.coverage))
    order = ["region", "level", "period", "origin", "horizon", "model", "mean", "lower", "upper", "actual"]
    quantiles = [name for name in offsets if name.startswith("q")]
    return pd.concat(tables)[[*order, "scale", "rms_scale", "nominal", *quantiles]]


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
        outside; mean, in units of the seasonal step), crps (of quantile forecasts: twice the mean quantile
        loss over all quantiles, summed over points, over the sum of absolute actuals, as published for
        hierarchical forecasts; missing where there are no quantiles).
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
    quantiles = [name for name in scored if name[0] == "q" and name[1:].replace(".", "").isdigit()]
    marks = scored[[*by, "model"]].assign(
        n=1, error=error, loss=error.abs(), size=size, mase=error.abs() / scale,
        rmsse=(error / scored["rms_scale"].where(scored["rms_scale"] > 0)) ** 2, coverage=inside,
        interval_score=(scored["upper"] - scored["lower"] + penalty) / scale,
        crps=_quantile_loss(scored, quantiles),
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
            "crps": means["crps"] * sums["n"] / sums["size"].where(sums["size"] > 0),
        }
    )
    return table.reset_index()


def _quantile_loss(scored: pd.DataFrame, quantiles: list[str]) -> np.ndarray:
    """Twice the mean quantile loss of each row: the CRPS as far as the quantiles tell it."""
    if not quantiles:
        return np.full(len(scored), np.nan)
    level = np.array([float(name[1:]) for name in quantiles])
    gap = scored["actual"].to_numpy()[:, None] - scored[quantiles].to_numpy()
    return 2 * np.maximum(level * gap, (level - 1) * gap).mean(axis=1)


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
