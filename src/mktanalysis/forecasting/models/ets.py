"""Exponential smoothing (ETS with additive errors) for all series at once, parameters from a grid.

Always holds: level, trend, damping and season are those of Hyndman et al. (2008); the form (trend: none,
damped, linear; season: none, additive) is the one with the lowest corrected Akaike criterion; a block of
series runs through time together, every candidate of the grid beside the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .simple import Forecasts, blockwise

#: Rows of a block: with some 150 candidates the states of a block stay in the cache.
_ROWS = 192


@dataclass(frozen=True, eq=False)
class Candidates:
    """Smoothing parameters; arrays of candidates, or series x candidates."""

    alpha: np.ndarray
    beta: np.ndarray
    gamma: np.ndarray
    phi: np.ndarray

    def take(self, at: np.ndarray) -> Candidates:
        """The candidates at positions `at`."""
        return Candidates(self.alpha[at], self.beta[at], self.gamma[at], self.phi[at])


@dataclass(frozen=True, eq=False)
class States:
    """Level and trend (series, candidates), season (season, series, candidates)."""

    level: np.ndarray
    trend: np.ndarray
    season: np.ndarray


def grid(season: int) -> Candidates:
    """Coarse grid. beta 0 and phi 0: no trend; gamma 0: no season."""
    rows = []
    seasons = (0.0,) if season <= 1 else (0.0, 0.02, 0.12, 0.35)
    for share in seasons:
        for alpha in (0.04, 0.15, 0.35, 0.6, 0.9):
            gamma = share * (1 - alpha)
            rows.append((alpha, 0.0, gamma, 0.0))
            rows += [(alpha, part * alpha, gamma, 1.0) for part in (0.02, 0.2)]
            rows += [(alpha, part * alpha, gamma, phi) for part in (0.04, 0.3) for phi in (0.85, 0.95)]
    return Candidates(*np.array(rows).T)


def around(best: Candidates, width: float, rng: np.random.Generator, n: int = 20) -> Candidates:
    """Candidates near each series' best (series, n + 1), same form, the best itself first."""
    alpha, beta, gamma, phi = (x[:, None] for x in (best.alpha, best.beta, best.gamma, best.phi))
    draw = rng.uniform(-1, 1, (4, 1, n + 1))
    draw[:, :, 0] = 0.0
    part = beta / alpha
    share = gamma / (1 - alpha)
    near = np.clip(alpha + width * 0.25 * draw[0], 0.01, 0.99)
    part = np.where(beta > 0, np.clip(part + width * 0.2 * draw[1], 1e-3, 0.99), 0.0)
    share = np.where(gamma > 0, np.clip(share + width * 0.2 * draw[2], 1e-3, 0.99), 0.0)
    damped = (phi > 0) & (phi < 1)
    damping = np.where(damped, np.clip(phi + width * 0.1 * draw[3], 0.8, 0.98), phi)
    return Candidates(near, part * near, share * (1 - near), damping + 0 * near)


def run(values: np.ndarray, start: States, parameters: Candidates, *, keep: bool = False):
    """Filter all series through time: sums of squared errors, last states and, if kept, the errors."""
    alpha = parameters.alpha
    beta = parameters.beta
    gamma = parameters.gamma
    phi = parameters.phi
    shape = np.broadcast_shapes(start.level.shape, alpha.shape)
    level = np.broadcast_to(start.level, shape).copy()
    trend = np.broadcast_to(start.trend, shape).copy()
    ring = np.broadcast_to(start.season, (len(start.season), *shape)).copy()
    trend *= phi > 0
    ring *= (gamma > 0) | (len(ring) == 1)
    loss = np.zeros(shape, values.dtype)
    step = np.empty(shape, values.dtype)
    errors = np.empty((values.shape[1], *shape)) if keep else None
    for t in range(values.shape[1]):
        seasonal = ring[t % len(ring)]
        trend *= phi
        level += trend
        np.subtract(values[:, t, None], level, out=step)
        step -= seasonal
        if keep:
            errors[t] = step
        level += alpha * step
        trend += beta * step
        seasonal += gamma * step
        loss += step * step
    # The trend is kept undamped: the next step's damping is applied when it is used.
    return loss, States(level, trend, np.roll(ring, -(values.shape[1] % len(ring)), axis=0)), errors


def initial_states(values: np.ndarray, season: int) -> States:
    """First level, trend and season: decomposition of the first years, a line through the first points."""
    length = values.shape[1]
    index = np.zeros((max(season, 1), len(values)))
    adjusted = values
    if season > 1 and length >= 2 * season:
        cycles = min(length // season, 5)
        block = values[:, : cycles * season].reshape(len(values), cycles, season)
        drift = (block[:, -1].mean(axis=1) - block[:, 0].mean(axis=1)) / max((cycles - 1) * season, 1)
        centred = block - block.mean(axis=2, keepdims=True)
        centred -= drift[:, None, None] * (np.arange(season) - (season - 1) / 2)
        index = centred.mean(axis=1).T
        adjusted = values - index[np.arange(length) % season].T
    points = min(length, max(10, 2 * season))
    time = np.arange(points) - (points - 1) / 2
    head = adjusted[:, :points]
    trend = head @ time / max(float(time @ time), 1.0)
    level = head.mean(axis=1) - trend * (points + 1) / 2
    return States(level[:, None], trend[:, None], index[:, :, None])


def criterion(loss: np.ndarray, parameters: Candidates, length: int, season: int) -> np.ndarray:
    """Corrected Akaike criterion; infinite where there are too few values for the form.

    Of four values or fewer only the smallest form is left, and fit alone decides.
    """
    n_free = 2 + 2 * (parameters.phi > 0) + ((parameters.phi > 0) & (parameters.phi < 1))
    n_free = n_free + np.where(parameters.gamma > 0, season, 0) + 1
    spare = length - n_free - 1
    penalty = np.where(spare > 0, 2 * n_free * length / np.maximum(spare, 1), np.inf)
    if not (spare > 0).any():
        penalty = np.where(n_free == n_free.min(), 0.0, np.inf)
    return length * np.log(np.maximum(loss / length, np.finfo(float).tiny)) + penalty


@blockwise
def ets(values: np.ndarray, horizon: int, season: int = 1) -> Forecasts:
    """Exponential smoothing; form by AICc, parameters by a coarse grid and two rounds around its best."""
    parts = [_ets(values[k : k + _ROWS], horizon, season) for k in range(0, len(values), _ROWS)]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _ets(values: np.ndarray, horizon: int, season: int) -> Forecasts:
    length = values.shape[1]
    season = season if length >= 2 * season + 1 else 1
    centre = values.mean(axis=1, keepdims=True)
    unit = np.maximum(np.abs(values).mean(axis=1, keepdims=True), np.finfo(float).tiny)
    scaled = (values - centre) / unit
    start = initial_states(scaled, season)
    candidates = grid(season)
    # enough to choose by, in half the time
    rough = scaled.astype(np.float32)
    rough_start = _single(start)
    loss, _, _ = run(rough, rough_start, _single(candidates))
    best = candidates.take(np.argmin(criterion(loss, candidates, length, season), axis=1))
    rng = np.random.default_rng(0)  # fixed: the same finer grid for every series and every call
    for width in (0.6, 0.25):
        near = around(best, width, rng)
        loss, _, _ = run(rough, rough_start, _single(near))
        at = np.argmin(loss, axis=1)[:, None]
        best = Candidates(*(np.take_along_axis(x, at, axis=1)[:, 0] for x in _arrays(near)))
    chosen = Candidates(*(x[:, None] for x in _arrays(best)))
    _, last, errors = run(scaled, start, chosen, keep=True)
    damp = np.cumsum(chosen.phi ** np.arange(1, horizon + 1), axis=1)
    seasonal = last.season[np.arange(horizon) % len(last.season), :, 0].T
    mean = last.level + damp * last.trend + seasonal
    return mean * unit + centre, errors[:, :, 0].T * unit


def _single(parts):
    """The same in single precision."""
    return type(parts)(*(array.astype(np.float32) for array in vars(parts).values()))


def _arrays(c: Candidates) -> tuple[np.ndarray, ...]:
    return c.alpha, c.beta, c.gamma, c.phi
