"""Forecasts from many origins: the one engine below predict and backtest.

Always holds: what is forecast from an origin uses nothing later than that origin; base, bottom-up and
reconciled forecasts of an origin come from the same models; an error is counted only where the actual was
observed and no level break lies between origin and target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import MktError
from ...progress import progress
from ..hierarchy.linear import reconcile_general, shrunk_covariance
from ..hierarchy.reconcile import node_variances, reconcile
from ..hierarchy.structure import Structure
from ..models.averages import components, model_names
from ..models.calendar import SpringFestival, festival_effect, spring_festival
from ..models.daily import Calendar, calendar_factors
from ..models.weights import Record, learns_bias, level_bias
from .panel import Cube, fill

#: An aggregate counts as observed when this share of it is.
OBSERVED_SHARE = 0.95


@dataclass(frozen=True, eq=False)
class Rolling:
    """Forecasts by origin; arrays are origins x nodes x horizon.

    Attributes
    ----------
    origins : ndarray of int
        Number of periods known at each origin, rising.
    base, reconciled : ndarray
    actual : ndarray
        On the level of the origin; missing where not known or not comparable.
    scale : ndarray (origins, nodes)
        Mean absolute seasonal step of the history, the unit of MASE.
    rms_scale : ndarray (origins, nodes)
        Root mean square of it, the unit of RMSSE.
    weights : ndarray (models, nodes)
        Weights of the average at the last origin.
    bias : ndarray (nodes, horizon)
        What was added to each base forecast of the last origin before reconciliation.
    members : ndarray (models, nodes, horizon)
        What each model forecast from the last origin.
    names : tuple of str
        Of the models.
    past_error : ndarray (models, nodes)
        Root mean squared error up to a year ahead known at the last origin, in units of `scale`; missing
        where none is known.
    """

    origins: np.ndarray
    base: np.ndarray
    reconciled: np.ndarray
    actual: np.ndarray
    scale: np.ndarray
    rms_scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    members: np.ndarray
    names: tuple[str, ...]
    past_error: np.ndarray

    def errors(self, until: int) -> np.ndarray:
        """Actual less reconciled, missing where the target lies after period number `until`."""
        target = self.origins[:, None] + np.arange(1, self.actual.shape[2] + 1)
        known = (target <= until)[:, None, :]
        return np.where(known, self.actual - self.reconciled, np.nan)


def roll(
    cube: Cube, origins, horizon: int, *, model, reconciliation: str, nonnegative: bool, n_origins=None
) -> Rolling:
    """Forecast from each origin (number of periods known), earliest first.

    Models look at least a year ahead, so that their weights do not depend on `horizon`.
    """
    structure = cube.structure
    origins = np.asarray(origins, dtype=int)
    calendar = model if isinstance(model, (SpringFestival, Calendar)) else None
    inner = model if calendar is None else calendar.model
    calls = components(inner, cube.season)
    ahead = horizon if len(calls) == 1 else max(horizon, cube.season)
    actual = actuals(cube, origins, ahead)
    shape = (len(origins), structure.size, horizon)
    base = np.zeros(shape)
    reconciled = np.empty(shape)
    scale = np.empty(shape[:2])
    rms_scale = np.empty(shape[:2])
    bias = np.zeros(shape[1:])
    record = Record(len(calls), actual, scale, origins, structure.levels, cube.season, n_origins)
    for k, origin in enumerate(progress(origins, what="滚动起点")):
        history, _ = cube.until(origin).history()
        scale[k], rms_scale[k] = steps(history, cube.season)
        weights = record.weights(k)
        residual = np.zeros(history.shape)
        past, later = _factors(calendar, history, cube.periods[:origin], ahead)
        members = []
        for m, call in enumerate(calls):
            mean, off = call(history / past, ahead, cube.season)
            mean = mean * later
            record.add(m, k, mean)
            base[k] += weights[m][:, None] * mean[:, :horizon]
            residual += weights[m][:, None] * off * past
            if k == len(origins) - 1:
                members.append(mean[:, :horizon])
        if learns_bias(inner):
            share = level_bias(residual, history, structure.levels, cube.season, horizon)
            bias = share * np.abs(base[k])
        reconciled[k] = reconcile_by(
            structure, base[k] + bias, residual,
            recent_level(history, cube.season), reconciliation, nonnegative=nonnegative,
        )  # fmt: skip
    loss, count = record.losses(len(origins) - 1)
    return Rolling(
        origins, base, reconciled, actual[:, :, :horizon], scale, rms_scale, weights, bias,
        np.stack(members), model_names(inner, cube.season), np.sqrt(np.where(count > 0, loss, np.nan)),
    )  # fmt: skip


def _factors(calendar, history: np.ndarray, periods, horizon: int):
    """Factors of the calendar on the past and on the periods ahead, by node."""
    if calendar is None:
        return 1.0, 1.0
    if isinstance(calendar, Calendar):
        return calendar_factors(calendar, history, periods, horizon)
    effect = festival_effect(history, periods)[:, None]
    ahead = pd.period_range(periods[-1] + 1, periods=horizon)
    return np.exp(effect * spring_festival(periods)), np.exp(effect * spring_festival(ahead))


def steps(history: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean absolute and root mean square seasonal step of each node."""
    lag = season if history.shape[1] > season else 1
    step = history[:, lag:] - history[:, :-lag]
    return np.abs(step).mean(axis=1), np.sqrt((step**2).mean(axis=1))


def reconcile_by(
    structure: Structure, base, residual, recent, method: str, *, nonnegative: bool, bounds=None
) -> np.ndarray:
    """Coherent forecasts by a named method; `bounds` are (lower, upper) arrays of nodes x horizon.

    `recent` is the level of each node by which ``top_down`` splits.
    """
    lower, upper = bounds if bounds is not None else (None, None)
    if nonnegative:
        floor = np.full(base.shape, -np.inf)
        floor[structure.leaves] = 0.0
        lower = floor if lower is None else np.maximum(floor, lower)
    if method == "top_down":
        base = structure.add_up(top_down(structure, base, recent))
        method = "wls_var"
        if bounds is None:
            return base
    if method != "mint_shrink":
        variance = node_variances(structure, method, np.nanmean(residual**2, axis=1))
        if structure.parent is not None:
            return reconcile(structure, base, variance, lower=lower, upper=upper)
        diagonal = variance
        low_rank = None
    else:
        diagonal, low_rank = shrunk_covariance(residual)
    return reconcile_general(structure, base, diagonal, low_rank, lower=lower, upper=upper)


def recent_level(history: np.ndarray, season: int) -> np.ndarray:
    """Mean of each node over the last year, of annual figures over the last three.

    A whole year, so that a leaf's share does not depend on the month in which history ends; no longer,
    because shares move.
    """
    return history[:, -(season if season > 1 else 3) :].mean(axis=1)


def top_down(structure: Structure, base: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """Split each root's forecast over its leaves by their share of the `recent` level (nodes,)."""
    if structure.parent is None:
        raise MktError("top_down 需要一棵树：分组交叉（如地区 × 产品）时请用 wls_var、mint_shrink 等")
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
    structure = cube.structure
    own = cube.own
    length = own.shape[1]
    filled = fill(structure, own)
    values = structure.add_up(filled)
    size = np.abs(filled)
    missing = np.isnan(own) | cube.carried[:, :length]
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
        new = np.isnan(own[:, :origin]).all(axis=1)
        seen = values[:, origin:end]
        if new.any():
            seen = structure.add_up(np.where(new[:, None], 0.0, filled[:, origin:end]))
        fine = observed[:, origin:end] & (count[:, origin:end] == count[:, origin - 1 : origin])
        out[k, :, : end - origin] = np.where(fine, seen, np.nan)
        out[k, structure.leaves[new]] = np.nan
    return out
