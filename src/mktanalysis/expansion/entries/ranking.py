"""Where next without a history: a score of potential, distance, held neighbours and rivals.

Always holds: units held are left out, units without potential stand last; nothing depends on a country.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from .checks import check_figures
from .features import FEATURES

#: Coefficients used where no history is at hand: folklore - potential and nearness weigh alike.
DEFAULT_WEIGHTS = {"log_potential": 1.0, "log_distance": -1.0, "neighbours_held": 0.2, "rivals": 0.0}


def rank_entries(
    potential: pd.Series,
    distance_km: pd.Series,
    *,
    neighbours_held: pd.Series | None = None,
    rivals: pd.Series | None = None,
    held=(),
    weights: dict | None = None,
) -> pd.Series:
    """Score the units not held, best first.

    score = w1 log(potential) + w2 log(1 + distance) + w3 held neighbours + w4 rivals.

    Parameters
    ----------
    potential : Series
        Index region; zero or missing ranks last.
    distance_km : Series
        To the nearest held unit.
    neighbours_held, rivals : Series, optional
        Numbers of held neighbours and of strong rivals; missing counts as 0.
    held : iterable
        Regions left out of the ranking.
    weights : dict, optional
        Feature -> coefficient, e.g. ``EntryModel.weights``; default `DEFAULT_WEIGHTS`.

    Returns
    -------
    Series
        Index region, values score, sorted from best to worst (ties by region).

    Examples
    --------
    >>> potential = pd.Series({"a": 100.0, "b": 100.0, "c": 900.0})
    >>> rank_entries(potential, pd.Series({"a": 10.0, "b": 50.0, "c": 50.0})).index.tolist()
    ['c', 'a', 'b']
    """
    weights = {**DEFAULT_WEIGHTS, **(weights or {})}
    if unknown := sorted(set(weights) - set(FEATURES)):
        raise MktError(
            f"不认识的权重：{'、'.join(unknown)}；可用：{'、'.join(FEATURES)}。"
            '由 shape="flexible" 拟合的模型请用 model.rank(held, year)'
        )
    for what, values in (("潜力", potential), ("距离", distance_km)):
        check_figures(what, values)
    held = [held] if isinstance(held, str) else held
    index = pd.Index(sorted(set(potential.index) - set(held)), name="region")
    distance = distance_km.reindex(index)
    if potential.lt(0).any() or distance.lt(0).any():
        raise MktError("潜力和距离不能为负")
    if distance.isna().any():
        raise MktError(f"缺少距离：{'、'.join(map(str, index[distance.isna()][:10]))}")
    features = {
        "log_potential": _log_potential(potential.reindex(index)),
        "log_distance": np.log1p(distance),
        "neighbours_held": _or_zero(neighbours_held, index),
        "rivals": _or_zero(rivals, index),
    }
    score = sum(weights[name] * value for name, value in features.items()).fillna(-np.inf).rename("score")
    return score.sort_values(ascending=False, kind="stable")


def _log_potential(potential):
    """Missing where there is no potential: such a place is no candidate, and no outlier of a fit."""
    return np.log(potential.where(potential > 0))


def _or_zero(values: pd.Series | None, index: pd.Index) -> pd.Series:
    return pd.Series(0.0, index) if values is None else values.reindex(index).fillna(0.0).astype(float)
