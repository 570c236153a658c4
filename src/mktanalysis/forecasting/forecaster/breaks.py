"""Level breaks (口径变化) that no table tells of: found, reported, never silently repaired.

Always holds: a break is a step that a region's own history and its neighbours in the tree (the same step of
its siblings) both make unlikely, and that does not go back in the next period.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .panel import build_cube
from .rolling import OBSERVED_SHARE

#: A level needs so many regions to say what a usual step of a period is.
_PEERS = 5


def detect_breaks(panel: pd.DataFrame, tree, *, threshold: float = 5.0) -> pd.DataFrame:
    """Find steps that look like a change of definition, at any level.

    Parameters
    ----------
    panel : DataFrame
        Columns region, period, value, positive.
    tree : RegionTree
    threshold : float
        How many robust standard deviations (1.4826 x median absolute deviation) a step must lie from the
        median, both of the region's own other steps and of the same period's steps of its level.

    Returns
    -------
    DataFrame
        Columns region (a break of all regions below it is told once, for the highest), level, period (the
        first on the new level), jump (log points against the region's median step), own_score,
        cross_score (robust standard deviations). Ready for ``breaks=`` after a look.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> market = mkt.synthetic.make_market(n_provinces=6, n_periods=24, random_state=0)
    >>> found = detect_breaks(market.panel, market.tree)
    >>> set(found["region"]) == set(market.breaks["region"]), found["jump"].round(1).tolist()
    (True, [-0.2])
    """
    cube = build_cube(panel, tree)
    lag = cube.season
    (values, seen) = cube.history()
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where((values > 0) & (seen >= OBSERVED_SHARE), values, np.nan))
    # Monthly and quarterly steps are taken against the same season a year before, then differenced, so
    # that a break shows once, at its first period.
    step = np.diff(logs, axis=1) if lag == 1 else np.diff(logs[:, lag:] - logs[:, :-lag], axis=1)
    first = 1 if lag == 1 else lag + 1
    own, jump = _score(step, axis=1)
    cross = np.zeros_like(own)
    for level in dict.fromkeys(cube.structure.levels):
        rows = np.flatnonzero(cube.structure.levels == level)
        if len(rows) >= _PEERS:
            cross[rows] = _score(step[rows], axis=0)[0]
    back = np.zeros_like(jump)
    back[:, :-1] = jump[:, 1:]
    stays = (np.sign(back) * np.sign(jump) >= 0) | (np.abs(back) < 0.5 * np.abs(jump))
    hit = (np.abs(own) > threshold) & (np.abs(cross) > threshold) & stays
    above = _below_a_hit(hit, cube.structure.parent)
    if lag > 1:  # a year on, the same break leaves the year-on-year change again: its echo
        echo = np.zeros_like(hit)
        echo[:, lag:] = (hit | above)[:, :-lag] & (np.sign(jump[:, lag:]) != np.sign(jump[:, :-lag]))
        hit = hit & ~echo
    rows, columns = np.nonzero(hit & ~above)
    return pd.DataFrame(
        {
            "region": cube.structure.nodes[rows],
            "level": cube.structure.levels[rows],
            "period": cube.periods[columns + first],
            "jump": jump[rows, columns],
            "own_score": own[rows, columns],
            "cross_score": cross[rows, columns],
        }
    )


def _below_a_hit(hit: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """Nodes and periods with a hit at some ancestor: told once, for the highest."""
    above = np.zeros_like(hit)
    for node in np.flatnonzero(parent >= 0):
        above[node] = above[parent[node]] | hit[parent[node]]
    return above


def _score(step: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a row or period without any step has no median
        away = step - np.nanmedian(step, axis=axis, keepdims=True)
        spread = 1.4826 * np.nanmedian(np.abs(away), axis=axis, keepdims=True)
    # A spread of exactly 0 (figures carried forward) would make every step a break.
    return np.nan_to_num(away / np.maximum(spread, 1e-3)), np.nan_to_num(away)
