"""How sure a tier is: the same cut on many perturbed samples, all at once.

Always holds: a resample draws the regions with replacement (their weights, multinomial) and shakes the
indicators' weights and figures; every region, drawn or not, is then placed by the resample's own breaks; the
base labels never depend on a resample.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .breaks import breaks_at, pyramid_shares, starts_for_sizes

#: Resamples in one batch are limited so that a batch needs some 100 MB at most.
_BATCH_CELLS = 300_000


def stretch(score: np.ndarray, skew: float) -> np.ndarray:
    """Score -> the scale on which breaks are sought: exp(skew * score), or the score itself for 0.

    On the log scale of the score (0) the many middling cities get the breaks, on the scale of the figures
    themselves (1) the giants do.
    """
    return np.expm1(skew * score) / skew if skew else score


def class_starts(
    weights: np.ndarray, found: Sequence[np.ndarray], n_tiers: int, pyramid: bool | Sequence[float]
) -> np.ndarray:
    """Where the classes start in each ascending row, from the starts found on one scale or on several.

    Several are averaged by the sizes of their classes: a single scale jumps between partitions that are
    nearly as good as each other. A pyramid smooths the sizes; given sizes need no starts.
    """
    if not isinstance(pyramid, bool | np.bool_):
        return starts_for_sizes(weights, np.asarray(pyramid, dtype=float))
    if len(found) == 1 and not pyramid:
        return found[0]
    running = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(weights, axis=1)], axis=1)
    sizes = np.zeros((len(weights), n_tiers))
    for starts in found:
        edges = np.take_along_axis(running, starts, axis=1)
        edges = np.concatenate([np.zeros((len(weights), 1)), edges, running[:, -1:]], axis=1)
        sizes += np.diff(edges, axis=1)[:, ::-1] / len(found)
    if pyramid:
        edges = np.floor(np.cumsum(pyramid_shares(sizes), axis=1) + 0.5)
        # rounding may leave a tier one smaller than the one above: sorting swaps these
        sizes = np.sort(np.diff(edges, axis=1, prepend=0.0), axis=1)
    return starts_for_sizes(weights, sizes)


def profile_starts(standard: np.ndarray, weights: np.ndarray, n_tiers: int) -> np.ndarray:
    """Class starts that minimise the sum of squares over all indicators, rows in order of score.

    An exact dynamic programme over all O(n^2) segments: unlike on one line, the best split is not monotone.

    Parameters
    ----------
    standard : ndarray of shape (n, indicators)
        Rows from the lowest score to the highest.
    weights : ndarray of shape (n,)
    n_tiers : int

    Returns
    -------
    ndarray of int, shape (n_tiers - 1,)
    """
    n = len(standard)
    pad = np.zeros((1, standard.shape[1]))
    w = np.concatenate([[0.0], np.cumsum(weights)])
    x = np.concatenate([pad, np.cumsum(weights[:, None] * standard, axis=0)])
    xx = np.concatenate([[0.0], np.cumsum(weights * (standard**2).sum(axis=1))])
    mass = w[None, :] - w[:, None]
    norm = (x**2).sum(axis=1)
    spread = norm[None, :] + norm[:, None] - 2 * x @ x.T
    cost = xx[None, :] - xx[:, None] - np.divide(spread, mass, out=np.zeros_like(spread), where=mass > 0)
    cost = np.where(np.arange(n + 1)[None, :] >= np.arange(n + 1)[:, None], np.maximum(cost, 0.0), np.inf)
    best = cost[0]
    layers = []
    for _ in range(n_tiers - 1):
        total = best[:, None] + cost
        layers.append(total.argmin(axis=0))
        best = total.min(axis=0)
    starts = []
    end = n
    for split in reversed(layers):
        end = split[end]
        starts.append(end)
    return np.array(starts[::-1])


def tier_shares(
    standard: np.ndarray,
    weights: np.ndarray,
    cut,
    *,
    n_tiers: int,
    n_resamples: int,
    noise: float,
    error: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Share of resamples in which each region falls into each tier.

    Parameters
    ----------
    standard : ndarray of shape (n, indicators)
        Standardised indicators in a canonical order of regions.
    weights : ndarray of shape (indicators,)
        Adding to 1.
    cut : callable
        (scores (samples, n), draws (samples, n)) -> breaks (samples, n_tiers - 1), on the score.
    n_tiers, n_resamples : int
    noise : float
        Standard deviation of the noise on every standardised figure, and of the log of every weight.
    error : ndarray of shape (n,)
        Standard deviation of further noise on the scores.
    rng : Generator

    Returns
    -------
    shares : ndarray of shape (n, n_tiers)
    labels : ndarray of int8, shape (n_resamples, n)
        Tier of each region in each resample, 0 the best.
    """
    n = len(standard)
    labels = np.empty((n_resamples, n), dtype=np.int8)
    batch = max(1, _BATCH_CELLS // n)
    for first in range(0, n_resamples, batch):
        size = min(batch, n_resamples - first)
        shaken = weights * np.exp(noise * rng.standard_normal((size, len(weights))))
        shaken /= shaken.sum(axis=1, keepdims=True)
        scores = shaken @ standard.T
        spread = np.sqrt(noise**2 * (shaken**2).sum(axis=1, keepdims=True) + error**2)
        scores += spread * rng.standard_normal((size, n))
        draws = rng.multinomial(n, np.full(n, 1 / n), size=size).astype(float)
        breaks = cut(scores, draws)
        labels[first : first + size] = sum(breaks[:, [i]] > scores for i in range(n_tiers - 1))
    shares = np.stack([(labels == tier).mean(axis=0) for tier in range(n_tiers)], axis=1)
    return shares, labels


def sorted_cut(scores: np.ndarray, draws: np.ndarray, starts_of) -> np.ndarray:
    """Breaks of each row, given what finds the starts in sorted rows.

    `starts_of` takes (ascending scores, their draws, their order) and returns starts. Points that were not
    drawn are left out first, a third of all; rows are filled up with copies of their last point that weigh
    nothing.
    """
    order = np.argsort(scores, axis=1, kind="stable")
    weights = np.take_along_axis(draws, order, axis=1)
    longest = int((weights > 0).sum(axis=1).max())
    drawn_first = np.argsort(weights == 0, axis=1, kind="stable")[:, :longest]
    order = np.take_along_axis(order, drawn_first, axis=1)
    weights = np.take_along_axis(weights, drawn_first, axis=1)
    ordered = np.take_along_axis(scores, order, axis=1)
    last = (weights > 0).sum(axis=1, keepdims=True) - 1
    ordered = np.where(weights > 0, ordered, np.take_along_axis(ordered, last, axis=1))
    return breaks_at(ordered, starts_of(ordered, weights, order))
