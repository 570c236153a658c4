"""How much each model of an average counts, and by how much forecasts of a level have been off lately.

Always holds: weights and bias at an origin rest on errors known at that origin; they do not depend on how far
ahead is forecast, so that the same period has one forecast whatever the horizon; weights of a node sum to 1.
"""

from __future__ import annotations

import numpy as np

from .averages import PerSeries

#: A node's own errors count as this many origins' worth against its level's when models are weighed.
PRIOR_ORIGINS = 10.0
#: The bias of a level is the median of so many one-step errors: long enough that noise averages out, short
#: enough that a turn shows; the median, so that one shock (a slump of a month) is not carried on.
BIAS_PERIODS = 8
#: So much of the errors' mean square about the median is doubt about it (chosen, as the next two, on 31 sets:
#: tourism, employment, births, passengers, housing, made-up trees that turn, stay, walk or are shaken).
BIAS_DOUBT = 0.5
#: A lag that is certain is so much larger a year ahead than one step ahead (folklore: between none and twice
#: as much, trees that turn gain what stable ones lose).
BIAS_GROWTH = 0.6
#: Models count by this power of their inverse mean squared error: by the root, which trusts the past less.
TRUST = 0.5
#: Quarters, months and weeks. Eight days are no lag but a week, and years are too few to tell one.
BIASED_SEASONS = (4, 12, 52)
#: Origins for weights and intervals: at most, and wanted where history is short.
MAX_ORIGINS = 24
FEW_ORIGINS = 4
#: Shortest annual history that such an origin should have; down to 2 where there are few origins.
MIN_HISTORY = 5


def shortest_history(season: int) -> int:
    """Periods that a forecast with an interval needs: two origins after what the models must have seen.

    Parameters
    ----------
    season : int
        Steps a year, see :func:`season_of`.

    Examples
    --------
    >>> [shortest_history(season) for season in (1, 4, 12)]
    [4, 12, 28]
    """
    return 4 if season == 1 else 2 * season + 4


def past_origins(length: int, season: int, horizon: int, n_origins: int | None = None) -> np.ndarray:
    """Latest origins (numbers of periods known) with a known target and enough history, rising.

    At least a year's horizon is looked at, so that shorter ones see the same origins.

    Examples
    --------
    >>> past_origins(20, 1, 3).tolist()
    [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    """
    horizon = max(horizon, season)
    shortest = max(shortest_history(season) - 2, min(MIN_HISTORY, length - FEW_ORIGINS))
    # Models that saw less than half of the history err more than the one that is asked now.
    origins = np.arange(max(shortest, min(length // 2, length - horizon - 8)), length)
    window = origins[-(n_origins or MAX_ORIGINS) - horizon + 1 :]
    # Months in a row tell nearly the same: every other one will do.
    return window[::-1][:: 2 if season >= 12 and len(window) > 2 else 1][::-1]


class Record:
    """Squared errors of each model of an average, and the weights that follow from them.

    Of annual figures the weights are equal: years are few, and weights learnt from one decade of growth did
    worse in the next one than none (cities' retail, output, population; three and five years ahead).
    """

    def __init__(self, n_models: int, actual, scale, origins, levels, season: int, n_origins=None):
        self.n_models = n_models
        self.origins = origins
        self.season = season
        self.n_origins = n_origins
        self.steps = min(max(season, 1), actual.shape[2])
        self.actual = actual[:, :, : self.steps]
        self.scale = scale
        self.groups = np.unique(np.asarray(levels), return_inverse=True)[1]
        self.learns = n_models > 1 and season > 1
        # Sums over the first 1, 2, ... steps; for weights single precision will do.
        self.loss = np.zeros((n_models, *self.actual.shape), dtype=np.float32)
        self.count = np.isfinite(self.actual).cumsum(axis=2, dtype=np.int16)

    def add(self, model: int, k: int, mean: np.ndarray) -> None:
        """Note a model's forecasts (nodes, horizon) from origin number `k`; its scale must be known."""
        unit = np.where(self.scale[k] > 0, self.scale[k], 1.0)[:, None]
        error = (mean[:, : self.steps] - self.actual[k]) / unit
        self.loss[model, k] = np.nan_to_num(error**2).cumsum(axis=1)

    def losses(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean squared errors (models, nodes) known at origin number `k`, and how many (nodes,).

        In units of the mean absolute seasonal step, up to a year ahead.
        """
        now = self.origins[k]
        used = past_origins(int(now), self.season, self.season, self.n_origins)
        loss = np.zeros((self.n_models, len(self.groups)))
        count = np.zeros(len(self.groups))
        for j in np.flatnonzero(np.isin(self.origins[:k], used)):
            last = min(int(now - self.origins[j]), self.steps) - 1
            loss += self.loss[:, j, :, last]
            count += self.count[j, :, last]
        return loss / np.maximum(count, 1), count

    def weights(self, k: int) -> np.ndarray:
        """Weights (models, nodes) at origin number `k`: inverse root mean squared errors known by then.

        A node's own errors are drawn towards the mean of its level, as if that stood for ten origins.
        """
        n_nodes = len(self.groups)
        if not self.learns:
            return np.full((self.n_models, n_nodes), 1.0 / self.n_models)
        mean, count = self.losses(k)
        members = np.bincount(self.groups)
        level = np.stack([np.bincount(self.groups, row) / members for row in mean])[:, self.groups]
        trust = count / (count + PRIOR_ORIGINS * self.steps)
        mean = trust * mean + (1 - trust) * level
        inverse = 1.0 / np.where(mean > 0, mean, np.inf) ** TRUST
        inverse = np.where((inverse > 0).any(axis=0) & (mean > 0), inverse, 0.0)
        total = inverse.sum(axis=0)
        return np.where(total > 0, inverse / np.where(total > 0, total, 1.0), 1.0 / self.n_models)


def level_bias(residual: np.ndarray, history: np.ndarray, levels, season: int, horizon: int) -> np.ndarray:
    """Share (nodes, horizon) by which forecasts of each level are too low, from the last eight periods.

    In each period the sum of a level's one-step errors over the sum of its values; of these the median m,
    times ``m^2 / (m^2 + v / 2)`` with v their mean square about it: what does not show in most periods is
    not corrected, nor is one shock. Smoothing lags behind growth that turns, and forecasts on logs are
    medians, below the mean that adds up: both show here, and a level has enough nodes to tell them from
    noise. A lag grows with the horizon, the more the surer it is, until a year ahead. Annual figures have no
    such window of like periods, and of daily ones eight are one week: 0.

    Parameters
    ----------
    residual, history : ndarray (nodes, time)
    levels : sequence (nodes,)
    season : int
    horizon : int

    Examples
    --------
    >>> history = np.full((2, 40), 100.0)
    >>> level_bias(np.full((2, 40), 6.0), history, ["a", "b"], 4, 4)[0].round(3).tolist()
    [0.06, 0.072, 0.084, 0.096]
    """
    groups = np.unique(np.asarray(levels), return_inverse=True)[1]
    late = residual[:, -BIAS_PERIODS:]
    seen = np.isfinite(late)
    if season not in BIASED_SEASONS or not seen.any():
        return np.zeros((len(groups), horizon))
    inside = np.eye(groups.max() + 1)[groups].T
    off = inside @ np.where(seen, late, 0.0)
    size = inside @ np.where(seen, np.abs(history[:, -BIAS_PERIODS:]), 0.0)
    share = np.divide(off, size, out=np.zeros(off.shape), where=size > 0)[:, seen.any(axis=0)]
    middle = np.median(share, axis=1)
    doubt = BIAS_DOUBT * ((share - middle[:, None]) ** 2).mean(axis=1)
    square = middle**2
    sure = np.divide(square, square + doubt, out=np.zeros(len(square)), where=square > 0)
    years = np.minimum(np.arange(horizon) / (season - 1), 1.0)
    grown = 1.0 + BIAS_GROWTH * sure[:, None] * years
    return ((middle * sure)[:, None] * grown)[groups]


def learns_bias(model) -> bool:
    """Whether a model is an average, whose one-step errors tell of a bias; a single model stays as it is."""
    if isinstance(model, (list, tuple)):
        return not any(isinstance(one, PerSeries) or not isinstance(one, str) for one in model)
    return isinstance(model, str) and model == "average"
