"""Fit a model of entries on a history of openings.

Always holds: a period counts by its age; coefficients of features whose usual weight is known are pulled to
it, those of all others to 0, the more the fewer openings there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.render import named
from .features import FEATURES, Features, make_features
from .history import read_history
from .logit import Choices, Fit, efron, fit_choices, top_share
from .model import EntryModel
from .ranking import DEFAULT_WEIGHTS

#: Shapes of the effects of distance and potential.
SHAPES = ("flexible", "linear")


class Fitting(TypedDict, total=False):
    """How a model is fitted: ``ridge``, ``half_life``, ``shape``, ``leave_out``; see `fit_entries`."""

    ridge: float
    half_life: float | None
    shape: str
    leave_out: Sequence[float]


@dataclass(frozen=True)
class FitSettings:
    """The same, complete and checked."""

    ridge: float = 3.0
    half_life: float | None = 6.0
    shape: str = "flexible"
    leave_out: Sequence[float] = ()

    def __post_init__(self):
        if self.shape not in SHAPES:
            raise MktError(f"shape 应为 {'、'.join(SHAPES)} 之一，给出的是 {self.shape}")
        if not self.ridge >= 0:
            raise MktError(f"ridge 不能为负，给出的是 {self.ridge}")
        if self.half_life is not None and not self.half_life > 0:
            raise MktError(f"half_life 应为正的年数，或 None（各年同等看待），给出的是 {self.half_life}")


#: So many of the last periods teach how far chances at the top can be trusted, each with at least so many
#: openings before it.
JUDGED = 12
LEAST_JUDGED = 20
#: With so many openings the ridge weighs twice as much as with very many.
FEW_OPENINGS = 300
#: The ridge of the simple features, whose default weights are known, against that of all others.
SIMPLE_RIDGE = 0.1
#: A ridge that only keeps the answer finite where a history separates.
LEAST_RIDGE = 1e-3


def fit_entries(
    openings: pd.DataFrame,
    potential: pd.Series | pd.DataFrame,
    points: pd.DataFrame,
    *,
    edges: pd.DataFrame | None = None,
    tree=None,
    rivals: pd.Series | None = None,
    until=None,
    features: Sequence[str] | None = None,
    **fitting: Unpack[Fitting],
) -> EntryModel:
    """Fit on a history of first openings, own or a rival's.

    Each year's new units are chosen one after the other among all units not held at its start: a conditional
    logit. The order within a year is unknown, so its denominators are averaged (Efron's approximation for
    ties). Places without potential are no candidates, openings there are not counted.

    Parameters
    ----------
    openings : DataFrame
        region, period (years, or anything dated: the year counts; other whole numbers, e.g. half-years
        counted through, stand for themselves); later openings in a held region are ignored.
    potential : Series or DataFrame
        Index region; with columns of years the last one before each year counts.
    points : DataFrame
        region, lon, lat: all places that could be entered.
    edges : DataFrame, optional
        region, neighbor: to count held neighbours.
    tree : RegionTree or Series, optional
        Region -> parent: how much of the parent region is held, and entries there lately.
    rivals : Series, optional
        Index region: number of strong rivals.
    until : optional
        Only openings before this period are used.
    features : sequence of str, optional
        Subset of `FEATURES` or of the groups potential, distance, neighbours, momentum, density,
        surroundings, parent, rivals; default those for which there are data.
    **fitting
        ``shape``: ``"flexible"`` (default: curves of distance and potential by hinges, momentum, density,
        surroundings, parent) or ``"linear"`` (`FEATURES` alone).
        ``ridge``: pull of standardised coefficients towards `DEFAULT_WEIGHTS` and 0, in units of information
        (default 3; twice that with 300 openings, four times with 100); a tenth of it for `FEATURES`.
        ``half_life``: in periods; older ones weigh less (default 6; None: all alike).
        ``leave_out``: periods that are not fitted, e.g. take-overs; their places are held afterwards.

    Raises
    ------
    MktError
        When openings name regions without a point, or a table cannot be read.

    Examples
    --------
    >>> points = pd.DataFrame({"region": list("abcd"), "lon": [0.0, 1.0, 2.0, 3.0], "lat": 0.0})
    >>> openings = pd.DataFrame({"region": list("abc"), "period": [1990, 1991, 1992]})
    >>> model = fit_entries(openings, pd.Series(1.0, list("abcd")), points)
    >>> model.weights["log_distance"] < 0, model.rank().index.tolist()
    (True, ['d'])
    """
    settings = FitSettings(**fitting)
    history = read_history(openings, potential, points).without(settings.leave_out)
    if until is not None:
        history = history.cut(until)
    made = make_features(history, edges=edges, rivals=rivals, tree=tree, shape=settings.shape, only=features)
    periods = list_periods(made, settings)
    model = fit_periods(made, periods, settings)
    return replace(model, top=learnt_top(made, periods, settings))


def list_periods(features: Features, settings: FitSettings) -> list[tuple[float, Choices]]:
    """The choices of every period with something held before it; those left out are not among them."""
    history = features.history
    found = []
    for period in history.periods[1:]:
        if period in settings.leave_out:
            continue
        x = features.at(history.first, period)
        at_risk = ~(history.first < period) & np.isfinite(x).all(axis=1)
        chosen = history.first[at_risk] == period
        if chosen.any():
            found.append((float(period), Choices(x[at_risk], chosen)))
    return found


def fit_periods(
    features: Features, periods: list[tuple[float, Choices]], settings: FitSettings, start=None
) -> EntryModel:
    """Fit the choices of given periods; without any the model is the default weights.

    Parameters
    ----------
    features : Features
    periods : list of (period, Choices)
    settings : FitSettings
    start : ndarray, optional
        Coefficients to start from, e.g. those of the period before.
    """
    names = features.names
    target = np.array([DEFAULT_WEIGHTS.get(name, 0.0) for name in names])
    if not periods:
        why = "没有可学的选择（首批之后没有开店）：权重为缺省值"
        return _model(features, names, Fit(target, np.zeros((len(names),) * 2), 0.0), 0, 0.0, (why,))
    stacked = np.vstack([choices.x for _, choices in periods])
    centre = stacked.mean(axis=0)
    scale = stacked.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    newest = periods[-1][0]
    sets = []
    for period, choices in periods:
        weight = 1.0 if settings.half_life is None else 0.5 ** ((newest - period) / settings.half_life)
        sets.append(Choices((choices.x - centre) / scale, choices.chosen, weight))
    count = int(sum(choices.chosen.sum() for choices in sets))
    share = np.where(np.isin(names, FEATURES), SIMPLE_RIDGE, 1.0)
    penalty = settings.ridge * (1 + FEW_OPENINGS / count) * share + LEAST_RIDGE
    fit = fit_choices(sets, target * scale, penalty, None if start is None else start * scale)
    zero = np.zeros(len(names))
    null = sum(one.weight * efron(zero, one.x, one.chosen)[0] for one in sets)
    raw = Fit(fit.beta / scale, fit.covariance / np.outer(scale, scale), fit.log_likelihood)
    return _model(features, names, raw, count, null)


def learnt_top(features: Features, periods: list[tuple[float, Choices]], settings: FitSettings) -> float:
    """How much to flatten the chances at the top: each of the last periods is judged by those before it."""
    counts = np.cumsum([0, *(choices.chosen.sum() for _, choices in periods)])[:-1]
    judged = []
    last = None
    for at in [at for at, before in enumerate(counts) if before >= LEAST_JUDGED][-JUDGED:]:
        model = fit_periods(features, periods[:at], settings, last)
        last = model.table["weight"].to_numpy()
        choices = periods[at][1]
        judged.append((choices.x @ last, choices.chosen))
    return top_share(judged)


def _model(features: Features, names, fit: Fit, count: int, null: float, notes=()) -> EntryModel:
    weights = dict.fromkeys(FEATURES, 0.0) if features.shape == "linear" else {}
    error = np.sqrt(np.maximum(np.diag(fit.covariance), 0.0))
    table = pd.DataFrame({"feature": names, "weight": fit.beta, "error": error})
    return EntryModel(
        weights | {name: float(b) for name, b in zip(names, fit.beta, strict=True)},
        named(table, "entry_model"),
        count,
        fit.log_likelihood,
        null,
        (*features.history.notes, *notes),
        features,
        fit.covariance,
    )
