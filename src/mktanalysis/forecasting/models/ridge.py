"""Daily figures by one regression for all series: what the last days and the same weekdays say of tomorrow.

Always holds: forecasts scale with the series; coefficients are those of all series together, from which each
departs as far as its own history says; several days ahead are forecast one after the other.
"""

from __future__ import annotations

import numpy as np

from .simple import Forecasts, drift

#: Days back whose figures are looked at, one by one.
LAGS = (1, 2, 3, 7, 14)
#: Weeks over which the level and the usual course of the week are means.
LEVEL_WEEKS = 4
LONG_WEEKS = 8
#: Penalty, in parts of the mean square of a feature (folklore; 0.001 to 0.03 differ by less than 1%).
PENALTY = 0.003
#: A series' own coefficients are drawn to the common ones as if those had seen 0.3 of its history.
COMMON = 0.3


def ridge(values: np.ndarray, horizon: int, season: int = 1) -> Forecasts:
    """Forecast all series by one ridge regression (岭回归) on recent days and usual weekdays.

    Unlike the other models, rows help each other: regularities of a week, and how fast a surprise fades, are
    learnt from all of them, and yesterday's surprise of the largest (the total) tells of the others. Where
    the season is not a week or history is shorter than 12 weeks, :func:`drift` stands in.

    Parameters
    ----------
    values : ndarray (series, time)
        Missing at the start only; treated as the first known value.
    horizon : int
    season : int
        Steps of the cycle, 7.

    Returns
    -------
    mean : ndarray (series, horizon)
    residual : ndarray (series, time)
        One step ahead, within the sample; missing in the first eight weeks.

    References
    ----------
    Montero-Manso and Hyndman (2021), Principles and algorithms for forecasting groups of time series: one
    model for many series, International Journal of Forecasting 37.
    """
    first = LONG_WEEKS * season
    if season != 7 or values.shape[1] < first + LEVEL_WEEKS * season:
        return drift(values, horizon, season)
    known = _from_the_start(values)
    unit = np.maximum(np.abs(known).mean(axis=1, keepdims=True), np.finfo(float).tiny)
    scaled = known / unit
    largest = int(np.argmax(np.abs(known).sum(axis=1)))
    times = np.arange(first, scaled.shape[1])
    features, level = _features(scaled, times, season, largest)
    target = scaled[:, times] - level
    weights = _coefficients(features, target)
    residual = np.full(values.shape, np.nan)
    residual[:, first:] = (target - np.einsum("rtk,rk->rt", features, weights)) * unit
    path = scaled
    for _ in range(horizon):
        features, level = _features(path, np.array([path.shape[1]]), season, largest)
        ahead = level + np.einsum("rtk,rk->rt", features, weights)
        path = np.hstack([path, ahead])
    return path[:, scaled.shape[1] :] * unit, np.where(np.isnan(values), np.nan, residual)


def _from_the_start(values: np.ndarray) -> np.ndarray:
    missing = np.isnan(values)
    if not missing.any():
        return values
    first = values[np.arange(len(values)), np.argmin(missing, axis=1)]
    return np.where(missing, first[:, None], values)


def _features(path: np.ndarray, times: np.ndarray, season: int, largest: int):
    """Features (rows, times, k) of some times from what came before, and the level (rows, times)."""
    total = np.pad(np.cumsum(path, axis=1), ((0, 0), (1, 0)))

    def mean(weeks: int) -> np.ndarray:
        """Of the last weeks."""
        days = weeks * season
        return (total[:, times] - total[:, times - days]) / days

    def usual(weeks: int, back: int = 0) -> np.ndarray:
        """Of the same weekday in the last weeks."""
        return np.mean([path[:, times - back - season * week] for week in range(1, weeks + 1)], axis=0)

    level = mean(LEVEL_WEEKS)
    surprise = path[:, times - 1] - usual(LEVEL_WEEKS, back=1)
    parts = [path[:, times - lag] - level for lag in LAGS]
    parts += [
        mean(1) - level,
        mean(LONG_WEEKS) - level,
        usual(LEVEL_WEEKS) - level,
        usual(LONG_WEEKS) - mean(LONG_WEEKS),
        surprise,
        np.broadcast_to(surprise[largest], surprise.shape),
    ]
    weekday = np.broadcast_to(np.eye(season)[times % season], (*level.shape, season))
    return np.concatenate([np.stack(parts, axis=2), weekday], axis=2), level


def _coefficients(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Coefficients of each row (rows, k): its own least squares, drawn to those of all rows."""
    square = np.einsum("rtk,rtl->rkl", features, features, optimize=True)
    product = np.einsum("rtk,rt->rk", features, target, optimize=True)
    whole = square.sum(axis=0)
    size = np.trace(whole) / len(whole)
    common = np.linalg.solve(whole + PENALTY * size * np.eye(len(whole)), product.sum(axis=0))
    pull = COMMON * size / len(square) * np.eye(len(whole))
    return np.linalg.solve(square + pull, (product + pull @ common)[:, :, None])[:, :, 0]
