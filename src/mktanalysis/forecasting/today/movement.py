"""How figures move together: one factor a node above, one movement of its own a leaf, in logs.

Unlike :mod:`..hierarchy.common`, which spreads totals over one period, the known figures here may have an
error of their own, be growth instead of a level, and say something of several periods; and what they leave
open is asked for too.

Always holds: a known figure moves whatever it is likely to have moved with; what is known exactly is met
exactly; the matrix of all leaves by all leaves is never built.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ..hierarchy.structure import Structure

#: A leaf's own error variance counts as this many origins' worth against the typical one.
PRIOR_ORIGINS = 8.0
#: Newton steps until the known figures are met.
_STEPS = 50
#: Part of the mean known variance added so that figures that say the same twice can be solved for.
_RIDGE = 1e-12


@dataclass(frozen=True, eq=False)
class Movement:
    """Variances of a period's movement about its forecast, log points squared.

    Attributes
    ----------
    member : sparse array (leaves, factors)
        1 where a leaf lies below the factor's node.
    factor : ndarray (factors,)
        Variance of the movement that all leaves below a node share.
    own : ndarray (leaves,)
        Variance of a leaf's own movement.
    """

    member: sp.csr_array
    factor: np.ndarray
    own: np.ndarray

    def times(self, columns: np.ndarray) -> np.ndarray:
        """The covariance times `columns` (leaves, k)."""
        shared = self.member @ (self.factor[:, None] * (self.member.T @ columns))
        return shared + self.own[:, None] * columns

    def variance(self, weights) -> np.ndarray:
        """Variance of weighted means of the leaves; `weights` is sparse (rows, leaves)."""
        shared = (weights @ self.member).power(2) @ self.factor
        return shared + weights.power(2) @ self.own


def estimate_movement(structure: Structure, errors: np.ndarray, weight: np.ndarray) -> Movement:
    """Estimate the variances from past errors, level by level from the top (method of moments).

    The mean error below a node is its factor plus what the rest leaves by chance; that part is taken off.

    Parameters
    ----------
    structure : Structure
        A tree.
    errors : ndarray (origins, leaves)
        Log of actual over forecast, one step ahead; missing where unknown.
    weight : ndarray (leaves,)
        Size of the leaves.
    """
    inner = np.setdiff1d(np.arange(structure.size), structure.leaves)
    summing = structure.summing.tocsr()[inner]
    levels = np.asarray(structure.levels)[inner]
    rest = errors
    found = np.zeros(len(inner))
    for level in dict.fromkeys(levels):
        rows = np.flatnonzero(levels == level)
        common, share = _group_means(summing[rows], rest, weight)
        rest = rest - np.nan_to_num(common) @ summing[rows].toarray()
        chance = (share**2) @ _own_variance(rest)  # (origins, groups) -> what leaves' own movements leave
        if np.isfinite(common).any():
            found[rows] = max(np.nanmean(common**2 - chance.T), 0.0)
    return Movement(summing.T.tocsr(), found, _own_variance(rest))


def _own_variance(rest: np.ndarray) -> np.ndarray:
    """Mean square of each leaf's errors, drawn towards that of all."""
    count = np.isfinite(rest).sum(axis=0)
    typical = np.nanmean(rest**2)
    return (np.nansum(rest**2, axis=0) + PRIOR_ORIGINS * typical) / (count + PRIOR_ORIGINS)


def _group_means(groups, errors: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean error (origins, groups), and the weights behind it (groups, origins, leaves)."""
    known = np.isfinite(errors)
    amount = np.where(known, weight, 0.0)  # (origins, leaves)
    inside = groups.toarray()[:, None, :] * amount  # (groups, origins, leaves)
    total = inside.sum(axis=2, keepdims=True)
    share = inside / np.where(total > 0, total, np.nan)
    mean = (share * np.nan_to_num(errors)).sum(axis=2).T
    return mean, share


@dataclass(frozen=True, eq=False)
class Known:
    """Known figures in the form of equations on the leaves' logs.

    Attributes
    ----------
    node : ndarray of int (k,)
        Position of each figure's region.
    below : sparse array (k, leaves)
        Its leaves.
    step : ndarray of int (k,)
        Periods ahead, from 1.
    growth : ndarray of bool (k,)
        True: log of the ratio to the period before; False: log of the level.
    value : ndarray (k,)
    variance : ndarray (k,)
        Of the figure's own error, 0 where exact.
    shared : ndarray (k,)
        Standard deviation of an error that all figures of a step with one have in common.
    """

    node: np.ndarray
    below: sp.csr_array
    step: np.ndarray
    growth: np.ndarray
    value: np.ndarray
    variance: np.ndarray
    shared: np.ndarray

    @property
    def noise(self) -> np.ndarray:
        """Covariance of the figures' errors (k, k)."""
        together = np.equal.outer(self.step, self.step) * np.outer(self.shared, self.shared)
        return np.diag(self.variance) + together

    def rows(self, chosen: np.ndarray) -> Known:
        """Some of the figures."""
        return Known(
            self.node[chosen],
            self.below[np.flatnonzero(chosen)],
            self.step[chosen],
            self.growth[chosen],
            self.value[chosen],
            self.variance[chosen],
            self.shared[chosen],
        )


@dataclass(frozen=True, eq=False)
class Carried:
    """Leaves carried on, and what is left unsure.

    Attributes
    ----------
    values : ndarray (leaves, 1 + steps)
        The last known figures first.
    predicted : ndarray (k,)
        What each known figure is put at.
    project : ndarray (steps, leaves, k)
        Covariance of the leaves' movements with the known figures.
    solve : ndarray (k, k)
        Inverse covariance of the known figures.
    noise : ndarray (k, k)
        Covariance of the known figures' own errors.
    movement : Movement
    """

    values: np.ndarray
    predicted: np.ndarray
    project: np.ndarray
    solve: np.ndarray
    noise: np.ndarray
    movement: Movement

    def spread(self, weights: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Variance of log totals: what the leaves' movement leaves open, and what the figures' errors add.

        Parameters
        ----------
        weights : sparse array (rows, leaves)
            Shares of the leaves in each total.
        steps : ndarray of int (rows,)
            Periods ahead of each total, from 1.
        """
        prior = steps * self.movement.variance(weights)
        return self._after(prior, self._cross(weights, steps))

    def growth_spread(self, weights, before, steps: np.ndarray) -> np.ndarray:
        """Variance of the log growth of totals over the period before, `weights` and `before` as above."""
        change = weights - before
        prior = self.movement.variance(weights) + (steps - 1) * self.movement.variance(change)
        cross = self._cross(weights, steps) - self._cross(before, steps - 1)
        return sum(self._after(prior, cross))

    def _cross(self, weights, steps: np.ndarray) -> np.ndarray:
        """Covariance of totals with the known figures (rows, k)."""
        upto = np.cumsum(self.project, axis=0)  # (steps, leaves, k)
        out = np.zeros((weights.shape[0], self.project.shape[2]))
        for step in range(1, len(upto) + 1):
            rows = np.flatnonzero(steps == step)
            out[rows] = weights[rows] @ upto[step - 1]
        return out

    def _after(self, prior: np.ndarray, cross: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gain = cross @ self.solve
        left = prior - (gain * cross).sum(axis=1)
        from_figures = np.maximum(((gain @ self.noise) * gain).sum(axis=1), 0.0)
        return np.maximum(left - from_figures, 0.0), from_figures


def carry(movement: Movement, last: np.ndarray, mean: np.ndarray, known: Known) -> Carried:
    """Carry leaves on so that they meet what is known, each moving as it usually does (Gauss-Newton).

    Parameters
    ----------
    movement : Movement
        Of one period; movements of different periods are independent.
    last : ndarray (leaves,)
        Last known figures, positive.
    mean : ndarray (leaves, steps)
        Forecasts, positive.
    known : Known
    """
    n, horizon = mean.shape
    k = len(known.step)
    path = np.column_stack([last, mean])
    moved = np.zeros((horizon, n))
    project = np.zeros((horizon, n, k))
    solve = np.zeros((k, k))
    predicted = np.zeros(k)
    for _ in range(_STEPS if k else 0):
        predicted, slope = _predict(known, path, moved)
        for step in range(horizon):
            project[step] = movement.times(slope[:, step].T)
        inner = np.einsum("krn,rnj->kj", slope, project)
        ridge = _RIDGE * np.trace(inner) / k
        solve = np.linalg.pinv(inner + known.noise + ridge * np.eye(k), rcond=1e-13, hermitian=True)
        aim = known.value - predicted + np.einsum("krn,rn->k", slope, moved)
        fresh = project @ (solve @ aim)
        change = np.abs(fresh - moved).max()
        moved = fresh
        if change < 1e-13:
            break
    if k:
        predicted, _ = _predict(known, path, moved)
    level = np.vstack([np.zeros(n), np.cumsum(moved, axis=0)]).T
    return Carried(path * np.exp(level), predicted, project, solve, known.noise, movement)


def _predict(known: Known, path: np.ndarray, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logs that the figures have on the present path (k,), and their slopes (k, steps, leaves)."""
    level = np.vstack([np.zeros(len(path)), np.cumsum(moved, axis=0)]).T
    values = path * np.exp(level)
    horizon = values.shape[1] - 1
    k = len(known.step)
    predicted = np.empty(k)
    slope = np.zeros((k, horizon, len(path)))
    for step in range(1, horizon + 1):
        rows = np.flatnonzero(known.step == step)
        if not len(rows):
            continue
        now, share = _totals(known.below[rows], values[:, step])
        before, share_before = _totals(known.below[rows], values[:, step - 1])
        growing = known.growth[rows]
        predicted[rows] = now - np.where(growing, before, 0.0)
        slope[rows, :step] = share[:, None, :]
        slope[rows, : step - 1] -= np.where(growing[:, None], share_before, 0.0)[:, None, :]
    return predicted, slope


def _totals(below, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log totals and the share of each leaf in them (rows, leaves)."""
    amounts = below.multiply(values).toarray()
    total = amounts.sum(axis=1)
    return np.log(total), amounts / total[:, None]
