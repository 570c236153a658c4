"""How a market will answer is unknown before it is entered: the spread of responsiveness, and its parts.

Always holds: responsiveness is a factor on what effort does, its mean is 1 whatever the spread; the same
equally likely values stand for it in the planner and in the replay that checks a plan.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..assumptions import Assumptions

#: Equally likely values that stand for the spread: a chance is known to about a hundredth.
PARTS = 40

#: Where the orders of luck and of rivals begin in van der Corput's sequence.
BEGIN = 21


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
    factor = np.exp(assumptions.spread * normal_parts())
    return factor / factor.mean()


def normal_parts() -> np.ndarray:
    """The middles of `PARTS` equally likely parts of the standard normal law, lowest first."""
    middle = (np.arange(PARTS) + 0.5) / PARTS
    return np.array([NormalDist().inv_cdf(p) for p in middle])


class Answers(NamedTuple):
    """Equally likely answers of a market, arrays of shape (parts,), from the poorest on.

    ``factor`` its responsiveness, (parts, units) where each unit has its own; ``luck`` how far a reading
    misleads, in standard deviations; ``arrival`` a number between 0 and 1 that says when a new rival comes:
    as soon as the chance that it has reaches it.
    """

    factor: np.ndarray
    luck: np.ndarray
    arrival: np.ndarray

    def of(self, units) -> Answers:
        """The answers of some units, by position; the same where all units answer alike."""
        return self if self.factor.ndim == 1 else self._replace(factor=self.factor[:, units])


def answers(assumptions: Assumptions, *, rivals_enter: bool = False) -> Answers:
    """What a plan counts with: evenly spread over responsiveness, luck and the arrival of rivals.

    One answer where nothing is left to chance. The three go through their values in orders that have
    nothing to do with each other (Hammersley's points), so that few answers stand for all.

    Examples
    --------
    >>> found = answers(Assumptions(spread=0.4))
    >>> len(found.factor), abs(float(np.corrcoef(found.factor, found.luck)[0, 1])) < 0.05
    (40, True)
    """
    factor = responsiveness(assumptions)
    if len(factor) == 1 and rivals_enter:
        factor = np.ones(PARTS)
    if len(factor) == 1:
        return Answers(factor, np.zeros(1), np.full(1, 0.5))
    luck = np.array([NormalDist().inv_cdf(x) for x in _scattered(2)])
    return Answers(factor, (luck - luck.mean()) / luck.std(), _scattered(3))


def _scattered(base: int) -> np.ndarray:
    """The middles of `PARTS` equal parts of 0 to 1, in the order of van der Corput's sequence.

    From its start the order of forty numbers to base 2 rises by itself (0.20 with the place); from `BEGIN` on
    no two of the three orders have more than 0.03 in common.
    """
    sequence = np.zeros(PARTS)
    for k in range(PARTS):
        rest = BEGIN + k
        digit = 1.0 / base
        while rest:
            sequence[k] += digit * (rest % base)
            rest //= base
            digit /= base
    return (np.argsort(np.argsort(sequence)) + 0.5) / PARTS


def reading(factor, luck, years: int, assumptions: Assumptions) -> np.ndarray:
    """What the share after some years says about responsiveness: misled by luck, less so over more years.

    Examples
    --------
    >>> float(reading(1.2, 0.0, 1, Assumptions()))
    1.2
    """
    return np.asarray(factor * np.exp(assumptions.luck / np.sqrt(years) * luck))


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
