"""Where to cut a score into tiers: optimal breaks, exact and for many samples at once.

Always holds: breaks are values, so equal scores never part; a value on a break belongs to the upper tier
(可上不可下); the partition of each sample minimises the weighted sum of squares within its classes over
all partitions (the tests compare it with brute force); one row of a batch never influences another.

The dynamic programme is that of Fisher (1958) and Jenks. Its best split point never moves left when the
end point moves right, so each layer is solved by divide and conquer, O(n log n) instead of O(n^2), level by
level over all samples together.
"""

from __future__ import annotations

import numpy as np

from ..errors import MktError


def optimal_breaks(values, n_tiers: int) -> np.ndarray:
    """Break values that split `values` into `n_tiers` classes with the least sum of squares (自然断点).

    Parameters
    ----------
    values : array-like of shape (n,)
        Finite numbers, any order.
    n_tiers : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n_tiers - 1,)
        Ascending; each lies half-way between two neighbouring classes.

    Raises
    ------
    MktError
        With fewer different values than classes.

    Examples
    --------
    >>> optimal_breaks([1, 2, 9, 10, 50, 52], 3).tolist()
    [5.5, 30.0]
    """
    distinct, counts = np.unique(np.asarray(values, dtype=float), return_counts=True)
    if len(distinct) < n_tiers:
        raise MktError(f"要分 {n_tiers} 级，但只有 {len(distinct)} 个不同的数值；请减少级数")
    starts = optimal_starts(distinct[None, :], counts[None, :].astype(float), n_tiers)
    return breaks_at(distinct[None, :], starts)[0]


def optimal_starts(values: np.ndarray, weights: np.ndarray, n_tiers: int) -> np.ndarray:
    """Positions where classes 2, 3 ... start in each row of ascending `values`.

    Parameters
    ----------
    values, weights : ndarray of shape (samples, n)
        Each row of `values` ascending; a weight of 0 takes a point out.
    n_tiers : int

    Returns
    -------
    ndarray of int, shape (samples, n_tiers - 1)
    """
    sums = _prefix_sums(values, weights)
    n_samples, n_ends = sums[0].shape
    best = _within(
        sums, np.zeros((1, 1), dtype=int), np.arange(n_ends)[None, :], np.arange(n_samples)[:, None]
    )
    layers = []
    for _ in range(n_tiers - 1):
        best, split = _add_class(best, sums)
        layers.append(split)
    rows = np.arange(n_samples)
    ends = np.full(n_samples, n_ends - 1)
    starts = np.empty((n_samples, n_tiers - 1), dtype=int)
    for column in range(n_tiers - 2, -1, -1):
        ends = layers[column][rows, ends]
        starts[:, column] = ends
    return starts


def _prefix_sums(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of w, w x and w x^2 up to each position; centred first, or large values would cancel."""
    centred = values - values.mean(axis=1, keepdims=True)
    parts = (weights, weights * centred, weights * centred**2)
    padded = (np.concatenate([np.zeros((len(part), 1)), part], axis=1) for part in parts)
    return tuple(np.cumsum(part, axis=1) for part in padded)


def _within(sums, start, end, rows) -> np.ndarray:
    """Weighted sum of squares of the points from `start` up to but not including `end`."""
    w = sums[0][rows, end] - sums[0][rows, start]
    x = sums[1][rows, end] - sums[1][rows, start]
    xx = sums[2][rows, end] - sums[2][rows, start]
    return np.maximum(xx - np.divide(x * x, w, out=np.zeros_like(xx), where=w > 0), 0.0)


def _add_class(previous: np.ndarray, sums) -> tuple[np.ndarray, np.ndarray]:
    """One layer of the programme: the least cost of every end with one class more, and its split."""
    n_samples, n_ends = previous.shape
    cost = np.empty_like(previous)
    split = np.zeros((n_samples, n_ends), dtype=int)
    stride = 1 << (n_ends - 1).bit_length()
    while stride >= 1:
        # ends of this level lie half-way between ends that are already solved and that bound their splits
        ends = np.arange(0, n_ends, stride) if stride >= n_ends else np.arange(stride, n_ends, 2 * stride)
        known_left = split[:, np.maximum(ends - stride, 0)]
        right = ends + stride
        known_right = np.where(right < n_ends, split[:, np.minimum(right, n_ends - 1)], ends)
        high = np.minimum(known_right, ends)
        cost[:, ends], split[:, ends] = _best_splits(previous, sums, ends, known_left, high)
        stride //= 2
    return cost, split


def _best_splits(previous, sums, ends, low, high) -> tuple[np.ndarray, np.ndarray]:
    """For each sample and end the best split in [low, high], all candidates in one flat array."""
    shape = low.shape
    low, lengths = low.ravel(), (high - low).ravel() + 1
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    group = np.repeat(np.arange(len(lengths)), lengths)
    candidate = np.arange(len(group)) - first[group] + low[group]
    row = group // shape[1]
    end = np.tile(ends, shape[0])[group]
    total = previous[row, candidate] + _within(sums, candidate, end, row)
    least = np.minimum.reduceat(total, first)
    hits = np.flatnonzero(total == least[group])
    earliest = hits[np.concatenate([[True], np.diff(group[hits]) > 0])]
    return least.reshape(shape), candidate[earliest].reshape(shape)


def breaks_at(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Break values of each row: half-way between the last point below and the first above a start."""
    last = values.shape[1] - 1
    above = np.take_along_axis(values, np.minimum(starts, last), axis=1)
    below = np.take_along_axis(values, np.clip(starts - 1, 0, last), axis=1)
    return (above + below) / 2


def starts_for_sizes(weights: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Positions that give the tiers the wanted shares of each row's weight.

    Parameters
    ----------
    weights : ndarray of shape (samples, n)
        In ascending order of value.
    shares : ndarray of shape (samples, n_tiers) or (n_tiers,)
        Shares of the tiers, best first.

    Returns
    -------
    ndarray of int, shape (samples, n_tiers - 1)
        As :func:`optimal_starts`.
    """
    from_top = np.cumsum(weights[:, ::-1], axis=1)
    total = from_top[:, -1:]
    wanted = np.cumsum(np.broadcast_to(shares, (len(weights), np.shape(shares)[-1])), axis=1)[:, :-1]
    # half rounds up: sizes of at least one then stay at least one
    wanted = np.floor(wanted * total / np.sum(shares, axis=-1, keepdims=True) + 0.5)
    counts = (from_top[:, None, :] <= wanted[:, :, None]).sum(axis=2)  # points that fit into the upper tiers
    return (weights.shape[1] - counts)[:, ::-1]


def pyramid_shares(sizes: np.ndarray) -> np.ndarray:
    """The nearest sizes, in least squares, that never shrink from the best tier down (金字塔).

    Parameters
    ----------
    sizes : ndarray of shape (samples, n_tiers)
        Best tier first.

    Returns
    -------
    ndarray of the same shape and row sums

    Examples
    --------
    >>> pyramid_shares(np.array([[4.0, 16, 90, 60]])).tolist()
    [[4.0, 16.0, 75.0, 75.0]]
    """
    k = sizes.shape[1]
    total = np.concatenate([np.zeros((len(sizes), 1)), np.cumsum(sizes, axis=1)], axis=1)
    start = np.arange(k)[:, None]
    end = np.arange(k)[None, :]
    mean = (total[:, None, 1:] - total[:, :-1, None]) / np.maximum(end - start + 1, 1)
    mean = np.where(end >= start, mean, np.inf)
    # isotonic regression by its max-min formula: max over starts up to i of min over ends from i
    least = np.minimum.accumulate(mean[:, :, ::-1], axis=2)[:, :, ::-1]
    least = np.where(start <= end, least, -np.inf)
    return least.max(axis=1)


def assign(values: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """Tier of each value, 0 the best; `breaks` ascending.

    Examples
    --------
    >>> assign(np.array([1.0, 5.5, 99.0]), np.array([5.5, 30.0])).tolist()
    [2, 1, 0]
    """
    return len(breaks) - np.searchsorted(breaks, values, side="right")
