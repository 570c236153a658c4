"""Forecast models for one series, computed for all series at once.

Always holds: a model maps values (series x time, missing only at the start) to forecasts (series x
horizon) and one-step residuals (series x time, missing where there is none); rows never influence each
other; scaling a row by a positive constant scales its forecast by the same constant.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import fdtri

Forecasts = tuple[np.ndarray, np.ndarray]
#: Years whose mean step counts as the recent one: long enough that no odd year decides, short enough to turn.
RECENT_YEARS = 5
#: Cycles whose median is the usual course: a holiday or a promotion among them does not show.
RECENT_CYCLES = 5
#: Below so many cycles the autocorrelation at the seasonal lag cannot pass its test, however clear the season
#: (it is bounded by the share of values that have one a cycle before): the places of the cycle are compared.
FEW_CYCLES = 5
#: Level of that comparison.
SEASON_BY_CHANCE = 0.01
#: Rows worked on at once: large enough for numpy, small enough for the cache.
CHUNK = 512


def blockwise(model: Callable[..., Forecasts]) -> Callable[..., Forecasts]:
    """Split rows into blocks that start at the same time, at most `CHUNK` rows each."""

    def run(values: np.ndarray, horizon: int, season: int = 1) -> Forecasts:
        start = np.isnan(values).sum(axis=1)
        mean = np.full((len(values), horizon), np.nan)
        residual = np.full(values.shape, np.nan)
        for first in np.unique(start):
            rows = np.flatnonzero(start == first)
            for part in range(0, len(rows), CHUNK):
                block = rows[part : part + CHUNK]
                mean[block], residual[block, first:] = model(values[block, first:], horizon, season)
        return mean, residual

    run.__name__ = model.__name__
    run.__doc__ = model.__doc__
    return run


@blockwise
def seasonal_naive(values: np.ndarray, horizon: int, season: int = 1) -> Forecasts:
    """Repeat the last season (季节朴素法); with season 1 the last value."""
    length = values.shape[1]
    period = season if length > season else 1
    last = values[:, length - period :]
    mean = last[:, np.arange(horizon) % period]
    residual = np.full(values.shape, np.nan)
    residual[:, period:] = values[:, period:] - values[:, :-period]
    return mean, residual


@blockwise
def seasonal_median(values: np.ndarray, horizon: int, season: int = 1) -> Forecasts:
    """Median of the same place in the last five cycles (季节中位数): the usual Monday."""
    length = values.shape[1]
    cycles = min(RECENT_CYCLES, max(length // season, 1))
    period = season if length > season else 1
    tail = values[:, length - cycles * period :].reshape(len(values), cycles, period)
    mean = np.median(tail, axis=1)[:, np.arange(horizon) % period]
    residual = np.full(values.shape, np.nan)
    times = np.arange(cycles * period, length)
    before = np.stack([values[:, times - k * period] for k in range(1, cycles + 1)])
    residual[:, times] = values[:, times] - np.median(before, axis=0)
    return mean, residual


@blockwise
def drift(values: np.ndarray, horizon: int, season: int = 1) -> Forecasts:
    """Last value plus the mean step (漂移法), on the seasonally adjusted series where there is a season."""
    return _drift(values, horizon, season, values.shape[1])


@blockwise
def recent_drift(values: np.ndarray, horizon: int, season: int = 1) -> Forecasts:
    """Last value plus the mean step of the last five years (近期漂移法): follows growth that slows."""
    return _drift(values, horizon, season, RECENT_YEARS * season)


def _drift(values: np.ndarray, horizon: int, season: int, n_steps: int) -> Forecasts:
    adjusted, index, additive = deseasonalise(values, season)
    steps = np.diff(adjusted, axis=1)
    recent = steps[:, -n_steps:]
    slope = recent.mean(axis=1, keepdims=True) if recent.shape[1] else np.zeros((len(values), 1))
    mean = adjusted[:, -1:] + slope * np.arange(1, horizon + 1)
    residual = np.full(values.shape, np.nan)
    residual[:, 1:] = steps - slope
    return reseasonalise(mean, residual, index, additive)


@blockwise
def theta(values: np.ndarray, horizon: int, season: int = 1) -> Forecasts:
    """Theta method of Assimakopoulos and Nikolopoulos (2000), as in Hyndman and Billah (2003).

    Simple exponential smoothing with half the slope of the linear trend as drift, on the seasonally adjusted
    series where the season is significant.
    """
    adjusted, index, additive = deseasonalise(values, season)
    length = adjusted.shape[1]
    time = np.arange(length) - (length - 1) / 2
    slope = (adjusted @ time / (time @ time if length > 1 else 1.0))[:, None]
    alpha = smoothing_weight(adjusted)
    level, residual = smooth(adjusted, alpha)
    # Theta line 2 runs at twice the slope: averaging it with the trend line leaves half a slope.
    lag = (1 - (1 - alpha[:, None]) ** length) / alpha[:, None]
    mean = level[:, None] + slope / 2 * (np.arange(horizon) + lag)
    weight = (1 - (1 - alpha[:, None]) ** np.arange(length)) / alpha[:, None]
    residual[:, 1:] -= slope / 2 * weight[:, 1:]
    return reseasonalise(mean, residual, index, additive)


def smooth(values: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Simple exponential smoothing from the first value: last level, one-step residuals."""
    level = values[:, 0].copy()
    residual = np.full(values.shape, np.nan)
    for t in range(1, values.shape[1]):
        residual[:, t] = values[:, t] - level
        level += alpha * residual[:, t]
    return level, residual


def smoothing_weight(values: np.ndarray) -> np.ndarray:
    """Weight alpha of simple exponential smoothing with least squared one-step error, by ever finer grids."""
    low = np.full(len(values), 0.01)
    high = np.full(len(values), 0.99)
    best = low
    for points in (10, 8, 8, 8):
        grid = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, points)
        level = np.repeat(values[:, :1], points, axis=1)
        loss = np.zeros((len(values), points))
        for t in range(1, values.shape[1]):
            error = values[:, t, None] - level
            loss += error * error
            level += grid * error
        # At equal loss (a constant series) the first, smallest weight wins.
        at = np.argmin(loss, axis=1)
        best = np.take_along_axis(grid, at[:, None], axis=1)[:, 0]
        width = (high - low) / (points - 1)
        low = np.maximum(best - width, 0.01)
        high = np.minimum(best + width, 0.99)
    return best


def deseasonalise(values: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take out the season by classical decomposition where the series has one.

    A series has one if it covers two cycles and its autocorrelation at the seasonal lag passes the 90%
    test of Fiorucci et al. (2016); with fewer than five cycles also if the places of the cycle differ in an
    analysis of variance of what is left of the moving average. Multiplicative where all values are
    positive, else additive.

    Returns
    -------
    adjusted : ndarray (series, time)
    index : ndarray (series, season)
        Factor or term of the step after the end, and the ones after it.
    additive : ndarray of bool (series,)
    """
    length = values.shape[1]
    additive = ~(values > 0).all(axis=1)
    neutral = np.repeat(np.where(additive, 0.0, 1.0)[:, None], max(season, 1), axis=1)
    if season <= 1 or length < 2 * season:
        return values, neutral, additive
    index = _seasonal_index(values, season, additive)
    index = np.where(_is_seasonal(values, season)[:, None], index, neutral)
    cycle = index[:, np.arange(length) % season]
    adjusted = np.where(additive[:, None], values - cycle, values / np.where(cycle == 0, 1.0, cycle))
    return adjusted, np.roll(index, -(length % season), axis=1), additive


def _is_seasonal(values: np.ndarray, season: int) -> np.ndarray:
    length = values.shape[1]
    centred = values - values.mean(axis=1, keepdims=True)
    power = (centred**2).sum(axis=1)
    lags = [(centred[:, k:] * centred[:, : length - k]).sum(axis=1) for k in range(1, season + 1)]
    r = np.divide(np.array(lags), power, out=np.zeros((season, len(values))), where=power > 0)
    limit = 1.645 * np.sqrt((1 + 2 * (r[:-1] ** 2).sum(axis=0)) / length)
    found = np.abs(r[-1]) > limit
    return found | _places_differ(values, season) if length < FEW_CYCLES * season else found


def _places_differ(values: np.ndarray, season: int) -> np.ndarray:
    """Whether the places of a cycle differ by more than their years do: analysis of variance, one way."""
    inside, trend = _around_trend(values, season)
    away = inside - trend
    length = away.shape[1]
    if length < season + 3:
        return np.zeros(len(values), bool)
    place = np.eye(season)[np.arange(length) % season]
    count = place.sum(axis=0)
    mean = away @ place / count
    centre = away.mean(axis=1, keepdims=True)
    between = (count * (mean - centre) ** 2).sum(axis=1) / (season - 1)
    within = ((away - mean @ place.T) ** 2).sum(axis=1) / (length - season)
    return between > fdtri(season - 1, length - season, 1 - SEASON_BY_CHANCE) * within


def _around_trend(values: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Values that have half a cycle on either side, and the centred moving average there."""
    kernel = np.ones(season) / season if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5] / season
    half = len(kernel) // 2
    windows = np.lib.stride_tricks.sliding_window_view(values, len(kernel), axis=1)
    return values[:, half : values.shape[1] - half], windows @ kernel


def _seasonal_index(values: np.ndarray, season: int, additive: np.ndarray) -> np.ndarray:
    """Mean deviation from the centred moving average at each place in the cycle, normalised."""
    inside, trend = _around_trend(values, season)
    away = np.where(additive[:, None], inside - trend, inside / np.where(trend == 0, 1.0, trend))
    half = (values.shape[1] - inside.shape[1]) // 2
    place = np.arange(half, half + inside.shape[1]) % season
    index = np.stack([away[:, place == k].mean(axis=1) for k in range(season)], axis=1)
    centre = index.mean(axis=1, keepdims=True)
    return np.where(additive[:, None], index - centre, index / np.where(centre == 0, 1.0, centre))


def reseasonalise(mean, residual, index, additive) -> Forecasts:
    """Put the season back into forecasts and residuals."""
    horizon = mean.shape[1]
    length = residual.shape[1]
    season = index.shape[1]
    ahead = index[:, np.arange(horizon) % season]
    behind = index[:, (np.arange(length) - length) % season]
    flat = additive[:, None]
    return np.where(flat, mean + ahead, mean * ahead), np.where(flat, residual, residual * behind)
