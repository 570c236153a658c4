"""Models by name, averages of them, and any object with fit and predict.

Always holds: every model, however given, is one call: values (series x time) to forecasts and
one-step residuals; an average is a tuple of such calls.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial

import numpy as np

from ...errors import MktError
from ...progress import progress
from . import simple as base
from .ets import ets
from .ridge import ridge

Model = Callable[..., base.Forecasts]


def on_logs(model: Model) -> Model:
    """Run a model on the logs of series that are positive throughout, on the others as they are.

    The forecast is the exponential of the log forecast (a median); residuals are on the original scale.
    """

    def run(values: np.ndarray, horizon: int, season: int = 1) -> base.Forecasts:
        with np.errstate(invalid="ignore"):
            positive = ~(values <= 0).any(axis=1)
        mean = np.empty((len(values), horizon))
        residual = np.empty(values.shape)
        if not positive.all():
            mean[~positive], residual[~positive] = model(values[~positive], horizon, season)
        if positive.any():
            logs = np.log(values[positive])
            # Below 0 throughout, so that a season is additive on logs whatever the unit of the values.
            top = np.nanmax(logs, axis=1, keepdims=True) + 1
            logs = logs - top
            logged, off = model(logs, horizon, season)
            # A trend on logs that runs away must not overflow: e^20 times the last value is far enough.
            mean[positive] = np.exp(np.minimum(logged, logs[:, -1:] + 20) + top)
            residual[positive] = values[positive] - np.exp(logs - off + top)
        return mean, residual

    return run


#: Name -> vectorised model.
MODELS: dict[str, Model] = {
    "seasonal_naive": base.seasonal_naive,
    "seasonal_median": base.seasonal_median,
    "drift": base.drift,
    "theta": base.theta,
    "ets": ets,
    "recent_drift": base.recent_drift,
    "log_drift": on_logs(base.drift),
    "log_recent_drift": on_logs(base.recent_drift),
    "log_theta": on_logs(base.theta),
    "log_ets": on_logs(ets),
    "ridge": ridge,
}
#: What ``average`` averages.
AVERAGE = ("theta", "log_theta", "ets", "log_ets", "seasonal_naive")
#: And of annual figures: years are few and grow strongly, there repeating the last one lags behind.
ANNUAL = ("theta", "log_theta", "ets", "log_ets", "recent_drift", "log_recent_drift")
#: And of daily ones: logs add nothing to a week; the usual weekday is robust, and a regression on all series
#: together sees what one series hides.
DAILY = ("theta", "ets", "seasonal_naive", "seasonal_median", "ridge")


def average_of(season: int) -> tuple[str, ...]:
    """What ``average`` averages at so many steps a cycle.

    Examples
    --------
    >>> average_of(7)
    ('theta', 'ets', 'seasonal_naive', 'seasonal_median', 'ridge')
    """
    return {1: ANNUAL, 7: DAILY}.get(season, AVERAGE)


def components(model, season: int) -> tuple[Model, ...]:
    """The calls that a model stands for: a name, several names, a call, or an object with fit and predict."""
    if isinstance(model, str) and model == "average":
        model = average_of(season)
    if isinstance(model, (list, tuple)):
        return tuple(part for one in model for part in components(one, season))
    if isinstance(model, str):
        if model not in MODELS:
            raise MktError(f"没有模型 {model!r}，可用：average、{'、'.join(MODELS)}")
        return (MODELS[model],)
    if isinstance(model, PerSeries):
        return (model,)
    if hasattr(model, "fit") and hasattr(model, "predict"):
        return (PerSeries(model),)
    if callable(model):
        return (model,)
    raise MktError("model 应为模型名称、名称列表，或有 fit(y) 和 predict(horizon) 的对象")


def model_names(model, season: int) -> tuple[str, ...]:
    """Names of the models that :func:`components` gives, in its order.

    Examples
    --------
    >>> model_names(["ets", "drift"], 1)
    ('ets', 'drift')
    """
    if isinstance(model, str) and model == "average":
        return average_of(season)
    if isinstance(model, (list, tuple)):
        return tuple(name for one in model for name in model_names(one, season))
    inner = model.model if isinstance(model, PerSeries) else model
    return (inner if isinstance(inner, str) else getattr(inner, "__name__", type(inner).__name__),)


class PerSeries:
    """Run any one-series model over all series, in several processes if wanted, with a progress bar.

    Parameters
    ----------
    model : object or callable
        An object with ``fit(y)`` and ``predict(horizon)`` (copied for each series), or a function
        ``(y, horizon) -> forecasts``. `y` is a 1-d array.
    n_jobs : int
        Processes; above 1 the model must be picklable.
    executor : concurrent.futures.Executor, optional
        Where the series go instead, e.g. a cluster: ``distributed.Client(address).get_executor()``.

    Notes
    -----
    Such a model gives no residuals to weigh levels by; the steps of the series stand in for them.

    Examples
    --------
    >>> import numpy as np
    >>> last = PerSeries(lambda y, horizon: np.repeat(y[-1], horizon))
    >>> last(np.array([[1.0, 2.0], [5.0, 4.0]]), 2)[0].tolist()
    [[2.0, 2.0], [4.0, 4.0]]
    """

    def __init__(self, model, *, n_jobs: int = 1, executor: Executor | None = None):
        self.model = model
        self.n_jobs = n_jobs
        self.executor = executor

    def __call__(self, values: np.ndarray, horizon: int, season: int = 1) -> base.Forecasts:
        """Forecast each row."""
        rows = [row[~np.isnan(row)] for row in values]
        one = partial(_one_series, self.model, horizon)
        bar = partial(progress, total=len(rows), what="逐条预测", delay=2.0)
        if self.executor is not None:
            found = list(bar(self.executor.map(one, rows)))
        elif self.n_jobs == 1:
            found = list(bar(map(one, rows)))
        else:
            with ProcessPoolExecutor(self.n_jobs) as pool:
                found = list(bar(pool.map(one, rows, chunksize=max(1, len(rows) // (8 * self.n_jobs)))))
        return np.array(found), base.seasonal_naive(values, 1, season)[1]


def _one_series(model, horizon: int, row: np.ndarray) -> np.ndarray:
    if hasattr(model, "fit") and hasattr(model, "predict"):
        own = copy.deepcopy(model)
        fitted = own.fit(row)
        found = (own if fitted is None or not hasattr(fitted, "predict") else fitted).predict(horizon)
    else:
        found = model(row, horizon)
    found = np.asarray(found, dtype=float)
    if found.shape != (horizon,) or not np.isfinite(found).all():
        raise MktError(f"模型应给出 {horizon} 个有限数，得到的是形状 {found.shape}：{found[:5]}")
    return found
