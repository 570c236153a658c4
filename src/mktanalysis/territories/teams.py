"""How many people a territory has: the one rule that designs, tables and checks share.

Always holds: people add up to what was asked for; the balanced load is that of all units over all people, and
a territory of `h` people is balanced at `h` times it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import InfeasibleError


def share_people(load: pd.Series, n: int) -> pd.Series:
    """People to regions: one each, then always to the largest load a head.

    Examples
    --------
    >>> share_people(pd.Series({"a": 6.0, "b": 3.0}), 3).to_dict()
    {'a': 2, 'b': 1}
    """
    if n < len(load):
        relaxation = pd.DataFrame([{"condition": "n", "given": n, "needed": len(load)}])
        raise InfeasibleError(f"上级地区有 {len(load)} 个，每个至少要 1 个片区，而 n = {n}", relaxation)
    people = pd.Series(1, load.index)
    for _ in range(n - len(load)):
        people[(load / people).idxmax()] += 1
    return people


def team_sizes(load: np.ndarray, n: int, tolerance: float, *, free=None, named: int = 0) -> dict[int, int]:
    """People of the territory around each unit that is too large for one person.

    A unit above (1 + tolerance) times the mean load a person needs ``ceil(load / (1 + tolerance))`` people;
    what is missing to their load comes from its neighbours.

    Parameters
    ----------
    load : ndarray, (units,)
    n : int
        People in all.
    tolerance : float
    free : ndarray of bool, (units,), optional
        Units that may have a team; default all.
    named : int
        Territories that others have named already; each keeps a person.

    Returns
    -------
    dict
        Position -> people (two or more), the largest first; at least one more territory is left for the other
        units.

    Examples
    --------
    >>> team_sizes(np.array([1.5, 0.5, 1.0, 1.0]), 4, 0.1)
    {0: 2}
    """
    ratio = load * n / max(load.sum(), 1e-300)
    large = ratio > (1 + tolerance) * (1 + 1e-9)
    if free is not None:
        large &= free
    sizes: dict[int, int] = {}
    left = n - max(named, 1 if len(load) > 1 else 0)
    for i in sorted(np.flatnonzero(large).tolist(), key=lambda i: (-ratio[i], i)):
        size = min(int(np.ceil(ratio[i] / (1 + tolerance) - 1e-9)), left)
        if size > 1:
            sizes[i] = size
            left -= size
    return sizes


def people_of(load: pd.Series, n: int) -> pd.Series:
    """People of territories that are known by their loads alone: as even a load a head as whole people allow.

    One each, the others one after another where the load is most above the next whole number (Sainte-Laguë).

    Examples
    --------
    >>> people_of(pd.Series({"a": 1.9, "b": 1.1, "c": 1.0}), 4).to_dict()
    {'a': 2, 'b': 1, 'c': 1}
    """
    people = pd.Series(1, load.index)
    for _ in range(n - len(load)):
        people[(load / (people + 0.5)).idxmax()] += 1
    return people


def relative_loads(sums: np.ndarray, heads: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Loads a head over the mean a head of the group (territories, measures): 1 is balanced.

    Examples
    --------
    >>> relative_loads(np.array([[4.0], [1.0], [1.0]]), np.array([2, 1, 1]), np.array(["", "", ""])).tolist()
    [[1.3333333333333333], [0.6666666666666666], [0.6666666666666666]]
    """
    table = pd.DataFrame(sums)
    total = table.groupby(group).transform("sum").to_numpy()
    people = pd.Series(heads).groupby(group).transform("sum").to_numpy()
    mean = total / people[:, None]
    return sums / heads[:, None] / np.where(mean > 0, mean, 1.0)
