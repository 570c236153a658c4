"""Forecasts from many origins: the one engine below predict and backtest.

Always holds: what is forecast from an origin uses nothing later than that origin; base, bottom-up and
reconciled forecasts of an origin come from the same models; an error is counted only where the actual was
observed and no level break lies between origin and target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .models import run_model
from .panel import Cube, fill
from .reconcile import node_variances, reconcile
from .structure import Structure

#: An aggregate counts as observed when this share of it is.
OBSERVED_SHARE = 0.95


@dataclass(frozen=True, eq=False)
class Rolling:
    """Forecasts by origin; arrays are origins x nodes x horizon.

    Attributes
    ----------
    origins : ndarray of int
        Number of periods known at each origin, rising.
    base, bottom_up, reconciled : ndarray
    actual : ndarray
        On the level of the origin; missing where not known or not comparable.
    scale : ndarray (origins, nodes)
        Mean absolute seasonal step of the history, the unit of MASE.
    rms_scale : ndarray (origins, nodes)
        Root mean square of it, the unit of RMSSE.
    """

    origins: np.ndarray
    base: np.ndarray
    bottom_up: np.ndarray
    reconciled: np.ndarray
    actual: np.ndarray
    scale: np.ndarray
    rms_scale: np.ndarray

    def errors(self, until: int) -> np.ndarray:
        """Actual less reconciled, missing where the target lies after period number `until`."""
        target = self.origins[:, None] + np.arange(1, self.actual.shape[2] + 1)
        known = (target <= until)[:, None, :]
        return np.where(known, self.actual - self.reconciled, np.nan)


def roll(cube: Cube, origins, horizon: int, *, model, reconciliation: str, nonnegative: bool) -> Rolling:
    """Forecast from each origin (number of periods known)."""
    origins = np.asarray(origins, dtype=int)
    shape = (len(origins), cube.structure.size, horizon)
    base, bottom_up, reconciled = np.empty(shape), np.empty(shape), np.empty(shape)
    scale, rms_scale = np.empty(shape[:2]), np.empty(shape[:2])
    for k, origin in enumerate(origins):
        history, _ = cube.until(origin).history()
        base[k], residual = run_model(model, history, horizon, cube.season)
        bottom_up[k] = cube.structure.add_up(base[k][cube.structure.leaves])
        reconciled[k] = reconcile_by(
            cube.structure, base[k], residual, history, reconciliation, nonnegative=nonnegative
        )
        lag = cube.season if history.shape[1] > cube.season else 1
        step = history[:, lag:] - history[:, :-lag]
        scale[k], rms_scale[k] = np.abs(step).mean(axis=1), np.sqrt((step**2).mean(axis=1))
    actual = actuals(cube, origins, horizon)
    return Rolling(origins, base, bottom_up, reconciled, actual, scale, rms_scale)


def reconcile_by(
    structure: Structure, base, residual, history, method: str, *, nonnegative: bool, bounds=None
) -> np.ndarray:
    """Coherent forecasts by a named method; `bounds` are (lower, upper) arrays of nodes x horizon."""
    spread = np.nanmean(residual**2, axis=1)
    if method == "top_down":
        base, method = structure.add_up(top_down(structure, base, history)), "wls_var"
        if bounds is None:
            return base
    variance = node_variances(structure, method, spread)
    lower, upper = bounds if bounds is not None else (None, None)
    if nonnegative:
        floor = np.full(base.shape, -np.inf)
        floor[structure.leaves] = 0.0
        lower = floor if lower is None else np.maximum(floor, lower)
    return reconcile(structure, base, variance, lower=lower, upper=upper)


def top_down(structure: Structure, base: np.ndarray, history: np.ndarray) -> np.ndarray:
    """Split each root's forecast over its leaves by their share of the last three periods."""
    recent = history[:, -3:].mean(axis=1)
    root = structure.leaves.copy()
    while (structure.parent[root] >= 0).any():
        root = np.where(structure.parent[root] >= 0, structure.parent[root], root)
    whole = recent[root]
    leaves = np.bincount(root, minlength=structure.size)[root]
    share = np.where(whole > 0, recent[structure.leaves] / np.where(whole > 0, whole, 1.0), 1.0 / leaves)
    return base[root] * share[:, None]


def actuals(cube: Cube, origins: np.ndarray, horizon: int) -> np.ndarray:
    """What came after each origin (origins, nodes, horizon), missing where unknown or not comparable.

    Leaves without any value up to an origin are outside its totals.
    """
    structure, length = cube.structure, cube.bottom.shape[1]
    filled = fill(structure, cube.bottom)
    values, size, missing = structure.add_up(filled), np.abs(filled), np.isnan(cube.bottom)
    whole = structure.add_up(size)
    observed = structure.add_up(np.where(missing, 0.0, size)) >= OBSERVED_SHARE * whole
    observed[structure.leaves] = ~missing
    # Number of breaks so far: a node is comparable while no leaf of weight below it has broken.
    breaks = structure.add_up(np.where(cube.broken, size, 0.0))
    count = np.cumsum(breaks > (1 - OBSERVED_SHARE) * whole, axis=1)
    count[structure.leaves] = np.cumsum(cube.broken, axis=1)
    out = np.full((len(origins), structure.size, horizon), np.nan)
    for k, origin in enumerate(origins):
        end = min(origin + horizon, length)
        new = missing[:, :origin].all(axis=1)
        seen = values[:, origin:end]
        if new.any():
            seen = structure.add_up(np.where(new[:, None], 0.0, filled[:, origin:end]))
        fine = observed[:, origin:end] & (count[:, origin:end] == count[:, origin - 1 : origin])
        out[k, :, : end - origin] = np.where(fine, seen, np.nan)
        out[k, structure.leaves[new]] = np.nan
    return out
