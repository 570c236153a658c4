"""How a market will answer is unknown before it is entered: the spread of responsiveness, and its parts.

Always holds: responsiveness is a factor on what effort does, its mean is 1 whatever the spread; the same
equally likely values stand for it in the planner and in the replay that checks a plan.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from ..assumptions import Assumptions

#: Equally likely values that stand for the spread: a chance is known to about a hundredth.
PARTS = 40


def responsiveness(assumptions: Assumptions) -> np.ndarray:
    """Equally likely factors on what effort does in a market, lowest first; shape (parts,), mean 1.

    Examples
    --------
    >>> responsiveness(Assumptions(spread=0.0)).tolist()
    [1.0]
    >>> found = responsiveness(Assumptions(spread=0.4))
    >>> len(found), round(float(found.mean()), 6), round(float(np.log(found).std()), 2)
    (40, 1.0, 0.39)
    """
    if assumptions.spread == 0:
        return np.ones(1)
    middle = (np.arange(PARTS) + 0.5) / PARTS
    factor = np.exp(assumptions.spread * np.array([NormalDist().inv_cdf(p) for p in middle]))
    return factor / factor.mean()


def draw_responsiveness(assumptions: Assumptions, home, rng: np.random.Generator) -> np.ndarray:
    """One draw for every unit, shape (units,): units with the same `home` share the part ``common``.

    Parameters
    ----------
    assumptions : Assumptions
    home : array of int, shape (units,)
        Number of each unit's province.
    rng : Generator
    """
    home = np.asarray(home)
    shared = rng.normal(size=home.max(initial=0) + 1)[home]
    both = np.sqrt(assumptions.common) * shared + np.sqrt(1 - assumptions.common) * rng.normal(size=len(home))
    return np.exp(assumptions.spread * both - assumptions.spread**2 / 2)


def provinces(case) -> np.ndarray:
    """Number of each unit's province: what shares a part of the unknown, shape (units,).

    In a tree without provinces it is the region right above the unit.
    """
    tree = case.market.tree
    if "province" in tree.levels:
        above = tree.parents("province", case.units)
    else:
        above = pd.Series(case.ladder.parent[: len(case.units)])
    return pd.factorize(above, use_na_sentinel=False)[0]
