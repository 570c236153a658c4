"""Prediction intervals whose coverage is what they say, at every level.

Always holds: widths come from errors that reconciled forecasts really made at earlier origins, never from a
model's formula; they never narrow with the horizon; an origin's own errors do not enter the scale that its
errors are judged by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import MktError
from .structure import Structure

#: A node's own error variance counts as this many origins' worth against its level's typical one.
PRIOR_ORIGINS = 8.0
#: A level's own quantile weighs against that of all levels as its number of node-origins to this.
PRIOR_SCORES = 100.0


#: Origins whose intervals are looked back on; their verdict counts against so many origins' worth of 1.
LOOK_BACK, PRIOR_VERDICTS = 8, 3.0
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
    """Calibrate the intervals of origin number `k` on the origins numbered `chosen`, then on their own
    record.

    The last chosen origins are given the intervals they would have had then, from what was known then; where
    these turned out too wide or too narrow (models learn, regimes change), today's are stretched accordingly.

    Parameters
    ----------
    rolled : Rolling
    chosen : ndarray of int
        Positions in ``rolled.origins``, rising, all before `k`.
    k : int
    structure : Structure
    coverage : float
    """

    def plain(j: int, use: np.ndarray) -> Calibration | None:
        errors = rolled.errors(int(rolled.origins[j]))[use]
        if np.isfinite(errors).any(axis=(1, 2)).sum() < MIN_ORIGINS:
            return None
        return calibrate(errors, rolled.scale[use], rolled.scale[j], structure, coverage)

    now = plain(k, chosen)
    if now is None:
        raise MktError(
            f"能核对的起点不足 {MIN_ORIGINS} 个（历史太短，或都隔着口径断点），区间没有依据"
        )
    errors, verdicts = rolled.errors(int(rolled.origins[k])), []
    for j in chosen[2:][-(LOOK_BACK + now.width.shape[1] - 1) :]:
        then = plain(j, chosen[chosen < j])
        if then is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                verdicts.append(np.where(then.width > 0, np.abs(errors[j]) / then.width, np.nan))
    if len(verdicts) < 3:
        return now
    factor = _stretch(np.stack(verdicts), np.asarray(structure.levels), coverage)
    width = _at_most_children(structure, now.width * factor[:, None])
    return Calibration(width, now.score, now.limit * factor)


def _stretch(verdicts: np.ndarray, groups: np.ndarray, coverage: float) -> np.ndarray:
    """Factor by node: the quantile of past errors in widths, drawn to that of all levels and to 1."""
    whole, out = verdicts[np.isfinite(verdicts)], np.ones(len(groups))
    if not len(whole):
        return out
    pooled = max(float(np.quantile(whole, coverage)), 0.05)
    for group in np.unique(groups):
        part = verdicts[:, groups == group]
        seen = np.isfinite(part)
        if not seen.any():
            continue
        own = max(float(np.quantile(part[seen], coverage)), 0.05)
        share = part.shape[1] / (part.shape[1] + 5.0)  # a level of few regions leans on the others
        draws = seen.any(axis=(1, 2)).sum() / max(1.0, part.shape[2] / 2)
        trust = draws / (draws + PRIOR_VERDICTS)
        log = trust * (share * np.log(own) + (1 - share) * np.log(pooled))
        out[groups == group] = np.clip(np.exp(log), 0.9, 2.0)
    return out


def calibrate(errors, scales, scale, structure: Structure, coverage: float) -> Calibration:
    """Half widths that would have covered past errors, pooled over like nodes (split conformal).

    A node's error is measured in units of its seasonal step (so that growth does not matter), of the typical
    growth with the horizon, and of the node's own error variance, drawn towards that of its group where
    history is short (log scale). The quantile of these scores over a group's nodes is drawn towards the
    quantile over all nodes, but only upwards: a nation is one series, and its few errors alone promise too
    much.

    Parameters
    ----------
    errors : ndarray (origins, nodes, horizon)
        Missing where no actual is known.
    scales : ndarray (origins, nodes)
        Unit of the errors at each origin.
    scale : ndarray (nodes,)
        The unit now.
    structure : Structure
        Nodes of one level are like nodes.
    coverage : float
        Nominal coverage, between 0 and 1.
    """
    groups = np.asarray(structure.levels)
    unit = np.where(scales > 0, scales, np.where(scale > 0, scale, 1.0))  # a constant series has no step
    ratio = errors / unit[:, :, None]
    known = np.isfinite(ratio)
    square = np.where(known, ratio, 0.0) ** 2
    growth = _growth(square, known)
    loss, count = (square / growth**2).sum(axis=2), known.sum(axis=2)
    score = np.full(errors.shape, np.nan)
    for k in np.flatnonzero(count.any(axis=1)):
        others = count.sum(axis=0) - count[k]
        if others.any():
            sigma = _scale(loss.sum(axis=0) - loss[k], others, groups, errors.shape[2])
            score[k] = np.abs(ratio[k]) / growth / sigma[:, None]
    score[~known] = np.nan
    limit = _limits(score, groups, coverage)
    sigma = _scale(loss.sum(axis=0), count.sum(axis=0), groups, errors.shape[2])
    width = (limit * sigma * scale)[:, None] * growth
    return Calibration(_at_most_children(structure, width), score, limit)


def _at_most_children(structure: Structure, width: np.ndarray) -> np.ndarray:
    """A sum is off by no more than its parts together: cap a width at the sum of the children's."""
    if structure.parent is None:
        return np.minimum(width, structure.add_up(width[structure.leaves]))
    width = width.copy()
    for rows, first, parents, _ in reversed(structure.steps):
        width[parents] = np.minimum(width[parents], np.add.reduceat(width[rows], first, axis=0))
    return width


def _growth(square: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Typical error by horizon, never falling."""
    count = known.sum(axis=(0, 1))
    rms = np.sqrt(square.sum(axis=(0, 1)) / np.maximum(count, 1))
    rms = np.maximum.accumulate(np.where(count > 0, rms, 0.0))
    return np.where(rms > 0, rms, 1.0)


def _scale(loss, count, groups, horizon: int) -> np.ndarray:
    """Root of each node's mean loss, drawn towards the geometric mean of its group."""
    mean = np.log(np.maximum(loss / np.maximum(count, 1), 1e-12))
    weight = count / (count + PRIOR_ORIGINS * horizon)
    out = np.empty(len(mean))
    for group in np.unique(groups):
        rows = groups == group
        seen = rows & (count > 0)
        centre = mean[seen].mean() if seen.any() else mean[count > 0].mean()
        out[rows] = weight[rows] * mean[rows] + (1 - weight[rows]) * centre
    return np.exp(out / 2)


def _limits(score: np.ndarray, groups: np.ndarray, coverage: float) -> np.ndarray:
    horizon, pooled = score.shape[2], _quantile(score, coverage, score.shape[2])
    out = np.empty(score.shape[1])
    for group in np.unique(groups):
        rows = groups == group
        part = score[:, rows]
        seen = np.isfinite(part).any(axis=2).sum()
        own = _quantile(part, coverage, horizon) if seen else pooled
        weight = seen / (seen + PRIOR_SCORES)
        out[rows] = weight * own + (1 - weight) * max(own, pooled)
    return out


def _quantile(score: np.ndarray, coverage: float, horizon: int) -> float:
    """Conformal quantile: errors of one origin and node count as one draw, since they go together."""
    values = score[np.isfinite(score)]
    draws = max(len(values) / horizon, 1.0)
    return float(np.quantile(values, min(1.0, np.ceil((draws + 1) * coverage) / draws)))
