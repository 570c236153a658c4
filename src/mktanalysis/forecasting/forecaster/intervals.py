"""Prediction intervals whose coverage is what they say, at every level and for any coverage.

Always holds: widths come from errors that reconciled forecasts really made at earlier origins, never from a
model's formula; they never narrow with the horizon; a higher coverage is never narrower; the forecast itself
lies inside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import ndtri, stdtrit

from ...errors import MktError
from ..hierarchy.structure import Structure
from ..models.weights import shortest_history

#: A node's own error variance counts as this many origins' worth against its level's typical one.
PRIOR_ORIGINS = 24.0
#: For each so many periods that a target lies back, its error weighs half as much in the limit.
HALF_LIFE = 3.0
#: The same of annual figures, nearly the last year's errors alone: growth changes from one year to the next,
#: and older errors five years ahead are those of another growth (cities' retail, output, population;
#: population and output of countries).
ANNUAL_HALF_LIFE = 0.4
#: Limits stand between the quantiles of signed errors (1) and of absolute ones (0): of annual figures the
#: few common errors of late years do not tell the sign of the next one.
ASYMMETRY = 0.4
#: The scale of an error is an estimate with a part of the same errors in it: limits come out a little short.
ESTIMATED_SCALE = 1.045
#: A forecast from two years of history errs so much more than one from ten; with each year more the excess
#: falls by e. Measured on the same targets, histories cut short: 1.06 to 1.15 times at three years, 1.03
#: to 1.05 at four (leaves of 20 real sets and 28 planted trees, months and quarters).
FEW_YEARS = 0.35
#: Models that repeat what was, and err alike however long the history.
LEARN_NOTHING = {"seasonal_naive", "seasonal_median"}
#: The scores of all nodes together weigh in each level's limit as so many series of its own.
BORROWED_SERIES = 2.0
#: Fewer origins with a known error say nothing about width.
MIN_ORIGINS = 2


@dataclass(frozen=True, eq=False)
class Calibration:
    """What past errors say about the limits of intervals.

    Attributes
    ----------
    structure : Structure
    fitted : ndarray (origins, nodes, horizon)
        Signed past errors (actual less forecast) over their scale; missing where unknown.
    late : ndarray (origins, nodes, horizon)
        Weight of each in the limits.
    origins : ndarray of int
    unit : ndarray (nodes, horizon)
        The scale now.
    season : int
        Steps a year.
    """

    structure: Structure
    fitted: np.ndarray
    late: np.ndarray
    origins: np.ndarray
    unit: np.ndarray
    season: int

    @cached_property
    def _draws(self) -> list[tuple[np.ndarray, float, float]]:
        """Rows, shared part and number of draws of each level."""
        groups = np.asarray(self.structure.levels)
        # What counts at all reaches back so far.
        span = np.inf if self.season == 1 else 3 * HALF_LIFE / np.log(2)
        return [
            (groups == group, *shared_draws(self.fitted[:, groups == group], self.origins, span))
            for group in np.unique(groups)
        ]

    @cached_property
    def _by_size(self) -> Ranked:
        return Ranked.of(np.abs(self.fitted), self.late)

    @cached_property
    def _by_sign(self) -> Ranked:
        return Ranked.of(self.fitted, self.late)

    def offset(self, quantile: float) -> np.ndarray:
        """What a quantile (between 0 and 1) of the actual lies above the forecast (nodes, horizon)."""
        side = np.sign(quantile - 0.5)
        if side == 0:
            return np.zeros(self.unit.shape)
        groups = np.asarray(self.structure.levels)
        coverage = abs(2 * quantile - 1)
        limit = side * self._by_size.limits(groups, coverage)
        if self.season > 1:
            limit = (1 - ASYMMETRY) * limit + ASYMMETRY * self._by_sign.limits(groups, quantile)
            limit = ESTIMATED_SCALE * limit
        for rows, shared, draws in self._draws:
            limit[rows] *= stretched(shared, draws, coverage)
        width = np.maximum(side * limit, 0.0)[:, None] * self.unit
        return side * _at_most_children(self.structure, width)

    def offsets(self, quantiles) -> np.ndarray:
        """Offsets (quantiles, nodes, horizon) of rising quantiles: never falling."""
        return np.maximum.accumulate([self.offset(q) for q in quantiles], axis=0)

    def limits(self, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """Offsets (nodes, horizon) of the lower and the upper limit of an interval."""
        return self.offset((1 - coverage) / 2), self.offset((1 + coverage) / 2)

    def half_width(self, coverage: float) -> np.ndarray:
        """Half the width (nodes, horizon) of an interval."""
        lower, upper = self.limits(coverage)
        return (upper - lower) / 2


def calibrate_at(rolled, chosen: np.ndarray, k: int, cube) -> Calibration:
    """Calibrate the intervals of origin number `k` on the errors of the origins numbered `chosen`.

    Parameters
    ----------
    rolled : Rolling
    chosen : ndarray of int
        Positions in ``rolled.origins``, rising, all before `k`.
    k : int
    cube : Cube
        Which figures of the leaves were observed decides what a short or filled history may claim.
    """
    origins = rolled.origins
    now = int(origins[k])
    errors = rolled.errors(now)[chosen]
    known = np.isfinite(errors).any(axis=(1, 2))
    if known.sum() < MIN_ORIGINS:
        raise MktError(
            f"只有 {int(known.sum())} 个历史起点有可比的实际值，不足以校准区间（至少 {MIN_ORIGINS} 个）："
            "历史太短，或口径断点太密"
        )
    used = chosen[known]
    scale = rolled.scale
    if not set(rolled.names) <= LEARN_NOTHING:
        scale = scale * fewer_years(origins, cube.season)[:, None]
    found = calibrate(errors[known], scale[used], scale[k], origins[used], cube.structure, cube.season)
    unit = at_least_typical(found.unit, rolled.reconciled[k], cube.until(now))
    return replace(found, unit=unit)


def fewer_years(origins: np.ndarray, season: int) -> np.ndarray:
    """How much more forecasts err that have seen few years (origins,): a season is learnt year by year.

    Errors of a young panel's first origins, which knew two or three years, are those of a forecaster that
    knew less than today's: taken as they are they make intervals too wide.

    Parameters
    ----------
    origins : ndarray of int
        Number of periods known.
    season : int
        Steps a year; annual figures have no season to learn: 1.

    Examples
    --------
    >>> fewer_years(np.array([24, 36, 48, 120]), 12).round(2).tolist()
    [1.35, 1.13, 1.05, 1.0]
    """
    if season == 1:
        return np.ones(len(origins))
    return 1 + FEW_YEARS * np.exp(2 - np.asarray(origins) / season)


def at_least_typical(unit: np.ndarray, mean: np.ndarray, cube) -> np.ndarray:
    """Scales (nodes, horizon) of which a short or filled leaf's is no smaller than its level's usual one.

    A leaf with fewer figures of its own than a forecast needs, or with less than half of them since its
    first, has a history that was made from its neighbours' and is too smooth to tell its own errors. Its
    scale is at least the median relative scale of its level's other leaves, and that of n figures grows by
    ``sqrt(1 + 1 / n)``: their own noise is in its level.
    """
    seen = ~np.isnan(cube.bottom)
    count = seen.sum(axis=1)
    since = seen.shape[1] - np.where(count > 0, seen.argmax(axis=1), seen.shape[1])
    short = (count < shortest_history(cube.season)) | (count < 0.5 * since)
    if not short.any() or short.all():
        return unit
    leaves = cube.structure.leaves
    size = np.abs(mean)
    relative = np.divide(unit, size, out=np.full(unit.shape, np.nan), where=size > 0)
    levels = np.asarray(cube.structure.levels)[leaves]
    out = unit.copy()
    for level in np.unique(levels[short]):
        like = (levels == level) & ~short
        full = relative[leaves[like if like.any() else ~short]]
        usual = np.nanmedian(full, axis=0) if np.isfinite(full).any() else np.zeros(unit.shape[1])
        rows = leaves[(levels == level) & short]
        own = np.sqrt(1 + 1 / np.maximum(count[(levels == level) & short], 1))
        out[rows] = np.maximum(unit[rows], own[:, None] * usual * size[rows])
    return out


def calibrate(errors, scales, scale, origins, structure: Structure, season: int) -> Calibration:
    """Scale the errors of rolling-origin forecasts so that those of like nodes are comparable.

    Errors are divided by the unit known at their origin, by the typical growth with the horizon, and by the
    node's own size of errors, drawn towards its level's. Quantiles of these scores over a group's nodes are
    the limits, stretched where errors that go together make few draws of many (:func:`few_draws`). Late
    errors decide (weighted conformal prediction: Barber, Candes, Ramdas and Tibshirani 2023): calm and
    troubled times last, and hit a whole level.

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
    season : int
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
    sigma = _scale(loss.sum(axis=0), count.sum(axis=0), groups, errors.shape[2])
    fitted = ratio / growth / sigma[:, None]
    age = origins[-1] - origins[:, None] - np.arange(errors.shape[2])
    half_life = HALF_LIFE if season > 1 else ANNUAL_HALF_LIFE
    late = np.where(np.isfinite(ratio), 0.5 ** (np.maximum(age, 0) / half_life)[:, None, :], 0.0)
    return Calibration(structure, fitted, late, origins, (sigma * scale)[:, None] * growth, season)


def few_draws(errors: np.ndarray, origins: np.ndarray, coverage: float, span: float | None = None) -> float:
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
    span : float, optional
        Periods that count at all, where late errors weigh most.

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
    return stretched(*shared_draws(errors, origins, np.inf if span is None else span), coverage)


def shared_draws(errors: np.ndarray, origins: np.ndarray, span: float) -> tuple[float, float]:
    """Part of the variance that nodes share (0-1), and the number of draws it is known from."""
    seen = np.isfinite(errors)
    at = origins[seen.any(axis=(1, 2))]
    errors = np.where(seen, errors, 0.0)
    count = seen.sum(axis=1)
    square = (errors**2).sum()
    pairs = (count * (count - 1)).sum()
    if square == 0:
        return 0.0, np.inf
    products = (errors.sum(axis=1) ** 2).sum() - square
    shared = np.clip(products / pairs / (square / seen.sum()), 0, 1) if pairs else 1.0
    reach = min(at[-1] - at[0], span)
    draws = min(1 + reach * (1 / np.arange(1, errors.shape[2] + 1)).mean(), len(at))
    return float(shared), float(draws)


def stretched(shared: float, draws: float, coverage: float) -> float:
    """How much wider by Student's quantile over the normal one, in the shared part of the variance."""
    if shared == 0:
        return 1.0
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


@dataclass(frozen=True, eq=False)
class Ranked:
    """Scores in rising order, with the weight of each and the node it belongs to."""

    score: np.ndarray
    weight: np.ndarray
    node: np.ndarray

    @classmethod
    def of(cls, score: np.ndarray, weight: np.ndarray) -> Ranked:
        """Rank the known scores (origins, nodes, horizon)."""
        known = np.isfinite(score)
        order = np.argsort(score[known], kind="stable")
        node = np.arange(score.shape[1], dtype=np.int32)[:, None]
        node = np.broadcast_to(node, score.shape)[known]
        return cls(score[known][order], np.broadcast_to(weight, score.shape)[known][order], node[order])

    def limits(self, groups: np.ndarray, quantile: float) -> np.ndarray:
        """Weighted quantile of the scores of each node's group, and of all nodes' as a few series' worth."""
        out = np.empty(len(groups))
        for group in np.unique(groups):
            rows = groups == group
            upto = np.cumsum(self.weight * (rows + BORROWED_SERIES / len(groups))[self.node])
            out[rows] = self.score[np.searchsorted(upto, quantile * upto[-1])]
        return out
