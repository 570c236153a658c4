"""Limits of intervals where figures are fixed: what is left to err once they are known.

Always holds: steps at which nothing is fixed have the limits of a free forecast; widths come from what
earlier forecasts would have erred had the same regions' figures been known to them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..hierarchy.common import settle_by_errors
from .intervals import calibrate_at
from .panel import Cube
from .rolling import Rolling


def sides_given(
    rolled: Rolling,
    mean: np.ndarray,
    cube: Cube,
    coverage: float,
    quantiles,
    held: np.ndarray,
    told: np.ndarray,
    *,
    nonnegative: bool,
) -> np.ndarray:
    """What limits and quantiles of the last origin lie above its forecast: (2 + quantiles, nodes, horizon).

    Parameters
    ----------
    rolled : Rolling
    mean : ndarray (nodes, horizon)
        The forecast that is reported, fixed figures in it.
    cube : Cube
    coverage : float
        Of the interval, the first two rows of the result.
    quantiles : sequence of float
        Rising.
    held, told : ndarray of bool (nodes, horizon)
        Fixed figures, and those of them that also tell of regions beside them.
    nonnegative : bool
    """
    k = len(rolled.origins) - 1
    rolled = replace(rolled, reconciled=np.concatenate([rolled.reconciled[:-1], mean[None]]))
    # Steps with the same figures fixed are calibrated together, others apart: their errors differ in size.
    kinds, which = np.unique(np.vstack([held, told]), axis=1, return_inverse=True)
    out = np.empty((2 + len(quantiles), *mean.shape))
    for kind, column in enumerate(kinds.T):
        steps = which.ravel() == kind
        known = rolled
        if column.any():
            known = had_known(rolled, cube, *np.split(column, 2), nonnegative=nonnegative)
        found = calibrate_at(known, np.arange(k), k, cube)
        sides = np.array([*found.limits(coverage), *found.offsets(quantiles)])
        out[:, :, steps] = sides[:, :, steps]
    return out


def had_known(
    rolled: Rolling, cube: Cube, held: np.ndarray, told: np.ndarray, *, nonnegative: bool
) -> Rolling:
    """Earlier forecasts as they would have been had the figures of nodes `held` (nodes,) been known.

    Of these nodes nothing is left to err: their own errors are missing.
    """
    structure = cube.structure
    past = rolled.actual[:-1]
    known = held[:, None] & np.isfinite(past)
    floor = leaf_floor(structure, past.shape[1:]) if nonnegative else np.full(past.shape[1:], -np.inf)
    # Columns of a settlement do not touch: one call settles all origins side by side.
    values = settle_by_errors(
        structure,
        np.concatenate([*rolled.reconciled[:-1]], axis=1),
        rolled.errors(int(rolled.origins[-1]))[:-1],
        rolled.reconciled[:-1],
        np.concatenate([*np.where(known, past, floor)], axis=1),
        np.concatenate([*np.where(known, past, np.inf)], axis=1),
        informs=np.concatenate([*(known & told[:, None])], axis=1),
    )
    before = np.split(values, len(past), axis=1)
    actual = np.concatenate([np.where(known, np.nan, past), rolled.actual[-1:]])
    return replace(rolled, reconciled=np.stack([*before, rolled.reconciled[-1]]), actual=actual)


def leaf_floor(structure, shape) -> np.ndarray:
    """Lower bounds of 0 at the leaves, which hold above too."""
    floor = np.full(shape, -np.inf)
    floor[structure.leaves] = 0.0
    return floor
