"""Prediction intervals whose coverage is what they say, at every level.

Always holds: widths come from errors that reconciled forecasts really made at earlier origins, never from a
model's formula; they never narrow with the horizon; the scores by which coverage is reported judge an origin
by the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from ...errors import MktError
from ..hierarchy.structure import Structure

#: A node's own error variance counts as this many origins' worth against its level's typical one.
PRIOR_ORIGINS = 8.0
#: For each so many periods that a target lies back, its error weighs half as much in the limit.
HALF_LIFE = 3.0
#: The scores of all nodes together weigh in each level's limit as so many series of its own.
BORROWED_SERIES = 2.0
#: Fewer origins with a known error say nothing about width.
MIN_ORIGINS = 2


@dataclass(frozen=True, eq=False)
class Calibration:
    """What past errors say about the width of intervals.

    Attributes
    ----------
    width : ndarray (nodes, horizon)
        Half width of the interval.
    score : ndarray (origins, nodes, horizon)
        Absolute past errors in units of the scale known without that origin.
    limit : ndarray (nodes,)
        Score that the interval reaches to.
    """

    width: np.ndarray
    score: np.ndarray
    limit: np.ndarray


def calibrate_at(rolled, chosen: np.ndarray, k: int, structure: Structure, coverage: float) -> Calibration:
    """Calibrate the intervals of origin number `k` on the errors of the origins numbered `chosen`.

    Parameters
    ----------
    rolled : Rolling
    chosen : ndarray of int
        Positions in ``rolled.origins``, rising, all before `k`.
    k : int
    structure : Structure
    coverage : float
    """
    origins = rolled.origins
    errors = rolled.errors(int(origins[k]))[chosen]
    if np.isfinite(errors).any(axis=(1, 2)).sum() < MIN_ORIGINS:
        raise MktError(f"能核对的起点不足 {MIN_ORIGINS} 个（历史太短，或都隔着口径断点），区间没有依据")
    return calibrate(errors, rolled.scale[chosen], rolled.scale[k], origins[chosen], structure, coverage)


def calibrate(errors, scales, scale, origins, structure: Structure, coverage: float) -> Calibration:
    """Half widths that would have covered past errors, pooled over like nodes (split conformal).

    A node's error is measured in units of its seasonal step (so that growth does not matter), of the typical
    growth with the horizon, and of the node's own error variance, drawn towards that of its group where
    history is short (log scale); there an origin weighs as the history it had seen, for models learn. The
    quantile of these scores over a group's nodes is the limit, stretched where errors that go together make
    few draws of many (:func:`few_draws`). Late errors decide it (weighted conformal prediction: Barber,
    Candès, Ramdas and Tibshirani 2023): calm and troubled times last, and hit a whole level.

    Parameters
    ----------
    errors : ndarray (origins, nodes, horizon)
        Missing where no actual is known.
    scales : ndarray (origins, nodes)
        Unit of the errors at each origin.
    scale : ndarray (nodes,)
        The unit now.
    origins : ndarray of int
        Number of periods known at each origin, rising.
    structure : Structure
        Nodes of one level are like nodes.
    coverage : float
        Nominal coverage, between 0 and 1.
    """
    groups = np.asarray(structure.levels)
    weight = (origins / origins.mean())[:, None, None]
    unit = np.where(scales > 0, scales, np.where(scale > 0, scale, 1.0))  # a constant series has no step
    ratio = errors / unit[:, :, None]
    seen = np.where(np.isfinite(ratio), weight, 0.0)
    square = seen * np.nan_to_num(ratio) ** 2
    growth = _growth(square, seen)
    loss = (square / growth**2).sum(axis=2)
    count = seen.sum(axis=2)
    score = np.full(errors.shape, np.nan)
    for k in np.flatnonzero(count.any(axis=1)):
        others = count.sum(axis=0) - count[k]
        if (others > 1e-9).any():
            sigma = _scale(loss.sum(axis=0) - loss[k], others, groups, errors.shape[2])
            score[k] = np.abs(ratio[k]) / growth / sigma[:, None]
    sigma = _scale(loss.sum(axis=0), count.sum(axis=0), groups, errors.shape[2])
    # With its own errors in the scale: that the scale is an estimate is what Student's quantile allows for.
    fitted = ratio / growth / sigma[:, None]
    age = origins[-1] - origins[:, None] - np.arange(errors.shape[2])
    late = np.where(np.isfinite(ratio), 0.5 ** (np.maximum(age, 0) / HALF_LIFE)[:, None, :], 0.0)
    limit = _limits(np.abs(fitted), late, groups, coverage)
    for group in np.unique(groups):
        rows = groups == group
        limit[rows] *= few_draws(fitted[:, rows], origins, coverage)
    width = (limit * sigma * scale)[:, None] * growth
    return Calibration(_at_most_children(structure, width), score, limit)


def few_draws(errors: np.ndarray, origins: np.ndarray, coverage: float) -> float:
    """How much wider an interval must be because its errors are few independent draws.

    Errors of one level at one time go together (a slump hits all), and so do those of origins whose
    horizons overlap. The part of their variance that nodes share, estimated from the products of different
    nodes' errors, is known from as many draws as horizons fit side by side into the span of the origins
    (mean over the horizons 1, 2, ...); that part is stretched by Student's quantile over the normal one.

    Parameters
    ----------
    errors : ndarray (origins, nodes, horizon)
        Of one level, on one scale.
    origins : ndarray of int
    coverage : float

    Examples
    --------
    >>> one = np.random.default_rng(0).normal(size=(9, 1, 4))
    >>> round(few_draws(one, np.arange(20, 29), 0.8), 2)   # one series, some five draws: t 1.47 / z 1.28
    1.15
    >>> round(few_draws(np.repeat(one, 50, axis=1), np.arange(20, 29), 0.8), 2)   # fifty, all as one
    1.15
    >>> many = np.random.default_rng(0).normal(size=(9, 50, 4))   # fifty, each for itself
    >>> round(few_draws(many, np.arange(20, 29), 0.8), 2)
    1.0
    """
    seen = np.isfinite(errors)
    at = origins[seen.any(axis=(1, 2))]
    if len(at) == 0:
        return 1.0
    errors = np.where(seen, errors, 0.0)
    count = seen.sum(axis=1)
    square = (errors**2).sum()
    pairs = (count * (count - 1)).sum()
    if square == 0:
        return 1.0
    products = (errors.sum(axis=1) ** 2).sum() - square
    shared = np.clip(products / pairs / (square / seen.sum()), 0, 1) if pairs else 1.0
    draws = min(1 + (at[-1] - at[0]) * (1 / np.arange(1, errors.shape[2] + 1)).mean(), len(at))
    stretch = stdtrit(draws, (1 + coverage) / 2) / ndtri((1 + coverage) / 2)
    return float(np.sqrt(1 + shared * (stretch**2 - 1)))


def _at_most_children(structure: Structure, width: np.ndarray) -> np.ndarray:
    """A sum is off by no more than its parts together: cap a width at the sum of the children's."""
    if structure.parent is None:
        return np.minimum(width, structure.add_up(width[structure.leaves]))
    width = width.copy()
    for rows, first, parents, _ in reversed(structure.steps):
        width[parents] = np.minimum(width[parents], np.add.reduceat(width[rows], first, axis=0))
    return width


def _growth(square: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Typical error by horizon, never falling.

    Beyond the last horizon with a known error it grows on as it did so far, at least as a random walk's.
    """
    count = seen.sum(axis=(0, 1))
    rms = np.sqrt(square.sum(axis=(0, 1)) / np.where(count > 0, count, 1.0))
    rms = np.maximum.accumulate(np.where(count > 0, rms, 0.0))
    if count.any() and count[-1] == 0:
        last = np.flatnonzero(count)[-1]
        step = (rms[last] - rms[0]) / max(last, 1)
        ahead = np.arange(last + 1, len(rms))
        walk = rms[last] * np.sqrt((ahead + 1) / (last + 1))
        rms[ahead] = np.maximum(rms[last] + step * (ahead - last), walk)
    return np.where(rms > 0, rms, 1.0)


def _scale(loss, count, groups, horizon: int) -> np.ndarray:
    """Root of each node's mean loss, drawn towards the geometric mean of its group."""
    known = count > 1e-9  # sums of weights less one of them: what is left of none is not exactly 0
    count = np.where(known, count, 0.0)
    mean = np.log(np.maximum(loss / np.where(known, count, 1.0), 1e-12))
    weight = count / (count + PRIOR_ORIGINS * horizon)
    out = np.empty(len(mean))
    for group in np.unique(groups):
        rows = groups == group
        centre = mean[rows & known].mean() if known[rows].any() else mean[known].mean()
        out[rows] = weight[rows] * mean[rows] + (1 - weight[rows]) * centre
    return np.exp(out / 2)


def _limits(score: np.ndarray, weight: np.ndarray, groups: np.ndarray, coverage: float) -> np.ndarray:
    """Weighted quantile of the scores of each node's group, and of all nodes' as a few series' worth."""
    known = np.isfinite(score)
    order = np.argsort(score[known], kind="stable")
    sorted_score = score[known][order]
    weight = weight[known][order]
    node = np.broadcast_to(np.arange(len(groups))[:, None], score.shape)[known][order]
    out = np.empty(len(groups))
    for group in np.unique(groups):
        rows = groups == group
        upto = np.cumsum(weight * (rows + BORROWED_SERIES / len(groups))[node])
        out[rows] = sorted_score[np.searchsorted(upto, coverage * upto[-1])]
    return out
