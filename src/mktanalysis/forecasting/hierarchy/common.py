"""Spread what is known over what is not, when regions err together.

Always holds: the error of a leaf is its own plus that of every region above it (a slump hits a whole
country), each in proportion to size; given totals, the answer is the most probable one under these
variances, exactly, in O(nodes x horizon): it adds up, and a given figure stays as it was given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .linear import reconcile_general
from .reconcile import check_bounds, reconcile
from .structure import Structure

#: The root's movement is known from few origins: the next level's counts as so many origins more.
PRIOR_ROOT = 4.0
#: A node's own errors against its level's typical ones, in origins.
PRIOR_ORIGINS = 8.0
#: Movements below the root count for a quarter: with plain proportion as the prior the estimates, which are
#: noisy, help on average and never hurt by more than rounding (cities 2012-2021, tourism, labour).
TRUST = 0.25
#: A set of binding bounds that has not settled after so many exchanges is settled by distance.
_MAX_ROUNDS = 40


@dataclass(frozen=True, eq=False)
class CommonMovement:
    """Relative error variances (squared shares of a node's size) of a tree.

    Attributes
    ----------
    shared : ndarray (nodes,)
        Of the movement that all leaves below a node make together, beyond what regions above it do; 0 at
        leaves.
    own : ndarray (nodes,)
        Of a leaf's own movement; 0 at inner nodes.
    """

    shared: np.ndarray
    own: np.ndarray


def common_movement(structure: Structure, errors: np.ndarray, size: np.ndarray) -> CommonMovement:
    """Estimate the variances from errors of coherent forecasts (method of moments).

    A child's relative error less its parent's is free of all that both share. Mean squares of it, each drawn
    towards its level's, give the variance of a whole node; the part that its children explain (squared
    shares times theirs) is taken off: what remains is the node's common movement.

    Parameters
    ----------
    structure : Structure
        A tree.
    errors : ndarray (origins, nodes, horizon)
        Actual less forecast, missing where unknown.
    size : ndarray (origins, nodes, horizon)
        The forecasts.

    Examples
    --------
    >>> import pandas as pd
    >>> pair = Structure.from_parents(pd.Series({"all": None, "a": "all", "b": "all"}))
    >>> size = np.tile([[200.0], [100.0], [100.0]], (6, 1, 1))
    >>> shock = np.array([5.0, -5.0, 5.0, -5.0, 5.0, -5.0])[:, None, None]
    >>> together = common_movement(pair, shock * [[2.0], [1.0], [1.0]], size)
    >>> bool(together.shared[0] > 1e6 * together.own[1])
    True
    """
    weight = np.abs(size)
    relative = np.where(weight > 0, errors / np.where(weight > 0, weight, 1.0), np.nan)
    total = np.zeros(structure.size)
    draws = np.zeros(structure.size)
    roots = np.flatnonzero(structure.parent < 0)
    _add_squares(total, draws, roots, relative[:, roots], 1.0)
    explained = np.zeros(structure.size)
    for rows, first, parents, counts in structure.steps:
        share = weight[:, rows] / np.maximum(np.repeat(weight[:, parents], counts, axis=1), 1e-300)
        square = np.add.reduceat(share**2, first, axis=1)
        # Of n children the squares add up to (n - 2 + n sum of squared shares) variances.
        spare = 1 - 2 / counts[None, :, None] + square
        away = relative[:, rows] - np.repeat(relative[:, parents], counts, axis=1)
        _add_squares(total, draws, np.arange(rows.start, rows.stop), away, np.repeat(spare, counts, axis=1))
    variance = _towards_level(structure, total, draws, errors.shape[2])
    for rows, first, parents, counts in structure.steps:
        last = weight[-1, rows] / np.maximum(np.repeat(weight[-1, parents], counts, axis=0), 1e-300)
        part = (last**2).mean(axis=1) * variance[rows]
        explained[parents] = np.add.reduceat(part, first)
    leaf = np.isin(np.arange(structure.size), structure.leaves)
    floor = max(1e-8 * float(variance.max(initial=0.0)), 1e-16)
    shared = np.where(leaf, 0.0, np.maximum(variance - explained, 0.0))
    shared[structure.parent >= 0] *= TRUST
    return CommonMovement(shared, np.where(leaf, TRUST * np.maximum(variance, floor), 0.0))


def _add_squares(total, draws, rows, relative, spare) -> None:
    """Add squares of relative errors (origins, rows, horizon) and the variances they stand for."""
    seen = np.isfinite(relative)
    total[rows] = np.where(seen, relative, 0.0).__pow__(2).sum(axis=(0, 2))
    draws[rows] = np.where(seen, np.broadcast_to(spare, relative.shape), 0.0).sum(axis=(0, 2))


def _towards_level(structure: Structure, total, draws, horizon: int) -> np.ndarray:
    """Variance (nodes,): own mean square, drawn towards the level's; a root's towards the next level's."""
    variance = np.zeros(structure.size)
    below = None
    levels = [rows for rows, *_ in structure.steps]
    for rows in reversed(levels):
        typical = total[rows].sum() / max(draws[rows].sum(), 1e-12)
        prior = PRIOR_ORIGINS * horizon
        variance[rows] = (total[rows] + prior * typical) / (draws[rows] + prior)
        below = typical
    roots = structure.parent < 0
    prior = PRIOR_ROOT * horizon if below is not None else 0.0
    variance[roots] = (total[roots] + prior * (below or 0.0)) / np.maximum(draws[roots] + prior, 1e-12)
    return variance


def settle(
    structure: Structure,
    forecast: np.ndarray,
    movement: CommonMovement,
    lower: np.ndarray,
    upper: np.ndarray,
    *,
    informs: np.ndarray | None = None,
) -> np.ndarray:
    """Coherent values (nodes, horizon) that keep given figures and bounds, from a free coherent forecast.

    Parameters
    ----------
    structure : Structure
        A tree.
    forecast : ndarray (nodes, horizon)
        Coherent.
    movement : CommonMovement
    lower, upper : ndarray (nodes, horizon)
        Bounds; ``lower == upper`` fixes a node.
    informs : ndarray of bool (nodes, horizon), optional
        Fixed figures that were observed, so that they also tell of regions beside them; others are decisions
        (a budget), which move their own parts and sums only. Default: none.

    Raises
    ------
    InfeasibleError
        No coherent values meet the bounds.

    Examples
    --------
    What all share is spread in proportion:

    >>> import pandas as pd
    >>> pair = Structure.from_parents(pd.Series({"all": None, "a": "all", "b": "all"}))
    >>> free = np.array([[100.0], [80.0], [20.0]])
    >>> bound = np.array([[110.0], [-np.inf], [-np.inf]]), np.array([[110.0], [np.inf], [np.inf]])
    >>> shared = CommonMovement(np.array([1.0, 0, 0]), np.array([0, 1e-12, 1e-12]))
    >>> settle(pair, free, shared, *bound).ravel().round(6).tolist()
    [110.0, 88.0, 22.0]
    """
    check_bounds(structure, lower, upper)
    told = np.zeros(forecast.shape, bool) if informs is None else informs
    side = np.where(lower == upper, 2, 0)  # 0 free, -1 at lower, 1 at upper, 2 fixed
    values = forecast
    scale = np.maximum(np.abs(forecast).max(axis=0), 1e-300)
    tiny = 1e-13 * scale
    for _ in range(_MAX_ROUNDS):
        at = np.where(side == -1, lower, np.where(side > 0, upper, forecast))
        values, force = _condition(structure, forecast, movement, at, side != 0, told)
        low = (side == 0) & (values < lower - tiny)
        high = (side == 0) & (values > upper + tiny)
        pull = 1e-9 * np.abs(force).max(axis=0, initial=0.0)
        loose = ((side == -1) & (force < -pull)) | ((side == 1) & (force > pull))
        if not (low | high | loose).any():
            break
        side = np.where(low, -1, np.where(high, 1, np.where(loose, 0, side)))
    at = structure.leaves
    values = structure.add_up(np.clip(values[at], lower[at], upper[at]))
    near = 1e-9 * scale
    if not ((values >= lower - near) & (values <= upper + near)).all():
        # Bounds that chase each other or meet in one place: the nearest values by the leaves' variances.
        variance = np.full(forecast.shape, np.inf)
        variance[at] = _leaf_variance(structure, np.abs(forecast[at]), movement, scale)
        values = reconcile(structure, values, variance, lower=lower, upper=upper)
    return values


def settle_by_errors(
    structure: Structure, forecast, errors, size, lower, upper, *, informs=None
) -> np.ndarray:
    """As :func:`settle`, by the variances that past `errors` of forecasts `size` show (origins, nodes,
    horizon).

    Where groupings cross and no tree exists, one movement is common to all.
    """
    if structure.parent is not None:
        movement = common_movement(structure, errors, size)
        return settle(structure, forecast, movement, lower, upper, informs=informs)
    weight = np.abs(size)
    relative = np.where(weight > 0, errors / np.where(weight > 0, weight, 1.0), np.nan)
    whole = int(np.argmax(np.abs(forecast).sum(axis=1)))
    together = np.nan_to_num(np.nanmean(relative[:, whole] ** 2), nan=1.0)
    apart = relative[:, structure.leaves] - relative[:, [whole]]
    own = np.nan_to_num(np.nanmean(apart**2), nan=1.0) + 1e-12
    scale = np.maximum(np.abs(forecast).max(axis=0), 1e-300)
    out = np.empty_like(forecast)
    for step in range(forecast.shape[1]):
        diagonal = np.full(structure.size, np.inf)
        part = np.maximum(np.abs(forecast[structure.leaves, step]), 1e-6 * scale[step])
        diagonal[structure.leaves] = part**2 * own
        shared = np.sqrt(together) * np.abs(forecast[:, [step]])
        out[:, [step]] = reconcile_general(
            structure, forecast[:, [step]], diagonal, shared,
            lower=lower[:, [step]], upper=upper[:, [step]],
        )  # fmt: skip
    return out


def _leaf_variance(structure: Structure, size: np.ndarray, movement: CommonMovement, scale) -> np.ndarray:
    """Own variance of the leaves (leaves, horizon); a leaf of no size may move, but as the last."""
    own = movement.own[structure.leaves, None]
    return np.maximum(size, 1e-6 * scale) ** 2 * own


@dataclass(frozen=True, eq=False)
class Messages:
    """What subtrees say of themselves, in deviations from the forecast; arrays (nodes, horizon).

    Given the movement Z of the regions above it, a subtree's total is normal with mean ``mean + slope Z`` and
    `variance`; what is held inside tells of Z with `precision` and mean ``pull / precision``.
    """

    mean: np.ndarray
    slope: np.ndarray
    variance: np.ndarray
    precision: np.ndarray
    pull: np.ndarray

    @classmethod
    def empty(cls, shape) -> Messages:
        """Of nothing."""
        return cls(*(np.zeros(shape) for _ in range(5)))

    def at(self, rows) -> Messages:
        """Of some nodes."""
        return Messages(*(array[rows] for array in vars(self).values()))

    def put(self, rows, part: Messages) -> None:
        """Write those of some nodes."""
        for name, array in vars(part).items():
            getattr(self, name)[rows] = array

    def sums(self, first) -> Messages:
        """Of children to those of their parents: independent given Z, so that all parts add."""
        return Messages(*(np.add.reduceat(array, first, axis=0) for array in vars(self).values()))


def _condition(structure: Structure, forecast, movement, at, held, informs):
    """Most probable values given those held, and how hard each pushes (derivative of the loss).

    Messages go up by adding children and integrating a node's own movement out, and down by filling in.
    """
    leaves = structure.leaves
    scale = np.maximum(np.abs(forecast).max(axis=0), 1e-300)
    target = np.where(held, at - forecast, 0.0)
    shared = _surprised(movement.shared[:, None], target, held, forecast)
    inside = Messages.empty(forecast.shape)
    outside = Messages.empty(forecast.shape)
    inside.slope[leaves] = np.abs(forecast[leaves])
    inside.variance[leaves] = _leaf_variance(structure, inside.slope[leaves], movement, scale)

    def send(rows) -> None:
        message = _upwards(inside.at(rows), shared[rows], target[rows], held[rows], informs[rows])
        outside.put(rows, message)

    send(leaves)
    for rows, first, parents, _ in reversed(structure.steps):
        inside.put(parents, outside.at(rows).sums(first))
        send(parents)
    away = np.where(held, target, outside.mean)  # of the roots; below them filled in on the way down
    moved = np.zeros(forecast.shape)  # by the regions above and the node itself
    price = np.zeros(forecast.shape)
    paid = np.zeros(forecast.shape)
    roots = np.flatnonzero(structure.parent < 0)
    moved[roots], price[roots] = _inwards(inside.at(roots), shared[roots], away[roots], 0.0)
    for rows, _, parents, counts in structure.steps:
        above = np.repeat(moved[parents], counts, axis=0)
        paid[rows] = np.repeat(price[parents], counts, axis=0)
        own = outside.at(rows)
        move = own.mean + own.slope * above + own.variance * paid[rows]
        away[rows] = np.where(held[rows], target[rows], move)
        moved[rows], price[rows] = _inwards(inside.at(rows), shared[rows], away[rows], above)
    return forecast + away, np.where(held, price - paid, 0.0)


def _surprised(shared, target, held, forecast) -> np.ndarray:
    """Common movements (nodes, horizon), at held nodes at least as large as the surprise itself.

    How far a given total lies from its forecast is one more draw of the movement, and the latest.
    """
    size = np.abs(forecast)
    draw = np.divide(target, size, out=np.zeros(size.shape), where=size > 0) ** 2
    return np.where(held & (shared > 0), np.maximum(shared, draw), shared)


def _upwards(inside: Messages, shared, target, held, informs) -> Messages:
    """What nodes say to their parents."""
    spread = inside.variance
    slope = inside.slope
    tells = held & informs & (spread > 0)
    known = np.where(tells, slope / np.where(spread > 0, spread, 1.0), 0.0)
    precision = inside.precision + known * slope
    pull = inside.pull + known * (target - inside.mean)
    blur = 1.0 / (1.0 + precision * shared)
    rest = shared * blur  # variance of the node's own movement after what was held inside
    return Messages(
        np.where(held, target, inside.mean + slope * rest * inside.pull),
        np.where(held, 0.0, slope * blur),
        np.where(held, 0.0, spread + slope**2 * rest),
        precision * blur,
        pull * blur,
    )


def _inwards(inside: Messages, shared, away, above) -> tuple[np.ndarray, np.ndarray]:
    """Movement down to a node, and the price on its parts, given its total and the movement above it."""
    rest = shared / (1.0 + inside.precision * shared)
    moved = above + rest * (inside.pull - inside.precision * above)
    gap = away - inside.mean - inside.slope * moved
    whole = inside.slope**2 * rest + inside.variance
    moved = moved + np.divide(inside.slope * rest * gap, whole, out=np.zeros_like(gap), where=whole > 0)
    left = away - inside.mean - inside.slope * moved
    open_ = inside.variance > 0
    return moved, np.divide(left, inside.variance, out=np.zeros_like(left), where=open_)
