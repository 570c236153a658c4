"""How good is a ranking of entries? Judged year by year on openings that it has not seen.

Always holds: every method is judged on the same places at the same time with what was known before; of equal
scores, whose order says nothing, the average counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Unpack

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from ...errors import MktError
from .features import FEATURES, Features, make_features
from .fit import JUDGED, FitSettings, Fitting, fit_periods, list_periods
from .history import read_history
from .logit import Choices, efron, flattened, top_share
from .ranking import DEFAULT_WEIGHTS

#: Methods in the order in which they are told.
METHODS = ("fitted", "linear", "default", "potential", "proximity")
#: The groups of the simple shape.
SIMPLE = frozenset({"potential", "distance", "neighbours", "rivals"})
#: A ranking is judged by what is entered within so many periods.
WITHIN = (3, 5)
#: The long list is this many times as long as the openings of the period.
LONG_LIST = 3


@dataclass(frozen=True, eq=False)
class Judged:
    """One period: its places at risk, the score of each by method, and which were entered.

    `flat` are the scores of the fitted methods from which chances are made: in the order of `scores`, flatter
    at the top by what the periods before have taught.
    """

    period: float
    at_risk: np.ndarray
    scores: dict[str, np.ndarray]
    chosen: np.ndarray
    flat: dict[str, np.ndarray] = field(default_factory=dict)


def backtest_entries(
    openings: pd.DataFrame,
    potential: pd.Series | pd.DataFrame,
    points: pd.DataFrame,
    *,
    edges: pd.DataFrame | None = None,
    tree=None,
    rivals: pd.Series | None = None,
    min_openings: int = 20,
    features=None,
    **fitting: Unpack[Fitting],
) -> pd.DataFrame:
    """Judge rankings period by period: fitted on all openings before, against simpler ones.

    Parameters
    ----------
    openings, potential, points, edges, tree, rivals, features
        As in `fit_entries`.
    min_openings : int
        ``fitted`` and ``linear`` start when so many openings lie before, those of the first period apart.
    **fitting
        As in `fit_entries`.

    Returns
    -------
    DataFrame
        One row a period and method: ``fitted`` (as asked for), ``linear`` (the simple shape; only beside a
        flexible one), ``default`` (`DEFAULT_WEIGHTS`), ``potential``, ``proximity``. Columns n_candidates,
        n_openings, ``precision`` (share of the n best ranked that were opened, n = openings of the period),
        ``precision_long`` (share of the openings that are among the 3n best),
        ``base_rate`` (precision by chance), ``auc``, ``log_likelihood`` (of an opening, on average).

    Notes
    -----
    `review_entries` pools the periods and compares expected with observed openings.
    """
    tables = {"edges": edges, "tree": tree, "rivals": rivals, "features": features}
    made, settings = prepare(openings, potential, points, tables, fitting)
    judged = judge_periods(made, settings, min_openings)
    return period_table(judged)


def prepare(openings, potential, points, tables: dict, fitting) -> tuple[Features, FitSettings]:
    """History and features of a backtest."""
    settings = FitSettings(**fitting)
    history = read_history(openings, potential, points).without(settings.leave_out)
    made = make_features(
        history,
        edges=tables["edges"],
        rivals=tables["rivals"],
        tree=tables["tree"],
        shape=settings.shape,
        only=tables["features"],
    )
    return made, settings


def judge_periods(made: Features, settings: FitSettings, min_openings: int) -> list[Judged]:
    """Scores of every period after the first, by method."""
    history = made.history
    fits = {"fitted": (made, settings)}
    if settings.shape != "linear":
        simple = replace(made, shape="linear")
        fits["linear"] = (simple, replace(settings, shape="linear"))
    past = {name: list_periods(*given) for name, given in fits.items()}
    last: dict[str, np.ndarray] = {}
    judged = []
    for period in history.periods[1:]:
        if period in settings.leave_out:
            continue
        at_risk = ~(history.first < period)
        scores = _simple_scores(made, period)
        before = int((history.first < period).sum() - (history.first == history.periods[0]).sum())
        if before >= min_openings:
            for name, (features, chosen_settings) in fits.items():
                known = [one for one in past[name] if one[0] < period]
                model = fit_periods(features, known, chosen_settings, last.get(name))
                last[name] = model.table["weight"].to_numpy()
                scores[name] = model.scores(history.first, period)
        ordered = [
            name for name in ("fitted", "linear", "default", "potential", "proximity") if name in scores
        ]
        found = {name: np.nan_to_num(scores[name][at_risk], nan=-np.inf) for name in ordered}
        chosen = history.first[at_risk] == period
        flat = {name: _flat(name, found[name], chosen, judged) for name in fits if name in found}
        judged.append(Judged(float(period), at_risk, found, chosen, flat))
    if not judged:
        raise MktError("没有可检验的开店：至少需要首批之后的一年")
    return judged


def _flat(name: str, score: np.ndarray, chosen: np.ndarray, before: list[Judged]) -> np.ndarray:
    """The scores flatter at the top, by what the periods judged before say of this method."""
    past = [(one.scores[name], one.chosen) for one in before if name in one.scores]
    count = int((chosen & np.isfinite(score)).sum())
    return flattened(score, count, top_share(past[-JUDGED:]))


def _simple_scores(made: Features, period: float) -> dict[str, np.ndarray]:
    simple = replace(made, shape="linear", groups=SIMPLE)
    x = simple.columns(made.history.first, period)
    default = sum(DEFAULT_WEIGHTS[name] * x[name] for name in FEATURES if name in x)
    return {"default": default, "potential": x["log_potential"], "proximity": -x["log_distance"]}


def period_table(judged: list[Judged]) -> pd.DataFrame:
    """One row a period and method."""
    rows = [
        {"period": int(one.period), "method": name, **judge(one.flat.get(name, score), one.chosen)}
        for one in judged
        for name, score in one.scores.items()
    ]
    return pd.DataFrame(rows)


def within_table(judged: list[Judged], first: np.ndarray) -> pd.DataFrame:
    """Share of the n best that were entered within three and five periods; missing near the end."""
    end = np.nanmax(first)
    rows = []
    for one in judged:
        waited = first[one.at_risk] - one.period  # periods until each place at risk was entered
        for name, score in one.scores.items():
            row = {"period": int(one.period), "method": name}
            for within in WITHIN:
                known = one.period + within - 1 <= end
                found = mean_of_best(score, waited < within, int(one.chosen.sum()))
                row[f"within_{within}"] = found if known else np.nan
            rows.append(row)
    return pd.DataFrame(rows)


def judge(score: np.ndarray, chosen: np.ndarray) -> dict:
    """Figures of one ranking against what was chosen."""
    n = len(chosen)
    k = int(chosen.sum())
    auc = np.nan
    if 0 < k < n:
        auc = (rankdata(score)[chosen].sum() - k * (k + 1) / 2) / (k * (n - k))
    long = min(LONG_LIST * k, n)
    possible = np.isfinite(score)
    likelihood = np.nan
    if (possible & chosen).any():
        one = Choices(score[possible, None], chosen[possible])
        likelihood = efron(np.ones(1), one.x, one.chosen)[0] / one.chosen.sum()
    return {
        "n_candidates": n,
        "n_openings": k,
        "precision": mean_of_best(score, chosen, k),
        "precision_long": mean_of_best(score, chosen, long) * long / k,
        "base_rate": k / n,
        "auc": float(auc),
        "log_likelihood": likelihood,
    }


def mean_of_best(score: np.ndarray, hit: np.ndarray, count: int) -> float:
    """Share of hits among the best; of equal scores their average counts."""
    if count == 0:
        return np.nan
    last = np.partition(score, len(score) - count)[len(score) - count]
    above = score > last
    equal = score == last
    hits = hit[above].sum() + (count - above.sum()) * hit[equal].mean()
    return float(hits / count)
