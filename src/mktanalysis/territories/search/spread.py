"""A first assignment of many units: medians that share the load by prices, from several beginnings.

Always holds: every territory is connected and has a unit; a territory has one locked unit at most. The pieces
are nearly those of a power diagram: a unit goes where distance plus the price of the site is least, and full
sites become dearer (the dual of the balanced transport to fixed sites); then each site moves to the median
unit of its piece (Lloyd).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..problem import Problem, parts_of
from .start import first_cut, grown

#: Beginnings, rounds of moving the sites, steps of the prices in a round and at the end, and a step's size in
#: mean distances.
BEGINNINGS = 6
ROUNDS = 15
STEPS, LAST_STEPS = 6, 25
STEP = 0.15


def spread_cut(problem: Problem, rng: np.random.Generator) -> list[int]:
    """The best of several beginnings, made connected.

    Examples
    --------
    >>> import pandas as pd
    >>> far = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))
    >>> line = Problem(pd.Index(list("abcd")), np.full((4, 1), 0.5), np.array([0.1]), np.ones(4), far,
    ...     [[1], [0, 2], [1, 3], [2]], 2, [-1] * 4, [-1] * 2, coords=np.column_stack([np.arange(4.0)] * 2))
    >>> spread_cut(line, np.random.default_rng(0)) in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    best = None
    tolerance = float(problem.tolerance.min())
    for _ in range(BEGINNINGS):
        label, cost = _settled(problem, rng, tolerance)
        load = np.bincount(label, _relative(problem), problem.k)
        if len(np.unique(label)) < problem.k:
            continue
        key = cost * (1 + np.maximum(np.abs(load - 1) - tolerance, 0.0).sum() / problem.k)
        if best is None or key < best[0]:
            best = (key, label)
    return first_cut(problem) if best is None else _joined(problem, best[1].tolist())


def _relative(problem: Problem) -> np.ndarray:
    """Mean loads (n,); a team's unit without the load of its other people, so that all are balanced at 1."""
    return problem.loads.mean(axis=1) - problem.extra


def _settled(problem: Problem, rng: np.random.Generator, tolerance: float) -> tuple[np.ndarray, float]:
    """Labels and travel of one beginning."""
    sites = _seeds(problem, rng)
    weight = problem.weight
    mean = float(weight @ problem.distance[:, sites].min(axis=1)) / max(float(weight.sum()), 1e-300)
    price = np.zeros(problem.k)
    for _ in range(ROUNDS):
        label, price = _priced(problem, sites, price, (STEPS, STEP * mean, tolerance))
        moved = sites.copy()
        for t in np.unique(label):
            at = np.flatnonzero(label == t)
            moved[t] = at[(weight[at] @ problem.distance[np.ix_(at, at)]).argmin()]
        if (moved == sites).all():
            break
        sites = moved
    label, _ = _priced(problem, sites, price, (LAST_STEPS, STEP * mean, tolerance))
    return label, float(weight @ problem.distance[np.arange(problem.n), sites[label]])


def _seeds(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    """Sites one after another, likely where much load is far from those before (k-means++); locked units are
    the first."""
    load = problem.loads.mean(axis=1)
    locked = {t: i for i, t in enumerate(problem.lock) if t >= 0}
    sites = [locked[t] for t in range(len(locked))]
    near = problem.distance[:, sites].min(axis=1) if sites else np.ones(problem.n)
    for _ in range(problem.k - len(sites)):
        chance = load * near
        chance = chance if chance.sum() > 0 else np.ones(problem.n)
        sites.append(int(rng.choice(problem.n, p=chance / chance.sum())))
        far = problem.distance[:, sites[-1]]
        near = far.copy() if len(sites) == 1 else np.minimum(near, far)
    return np.array(sites)


def _priced(problem: Problem, sites: np.ndarray, price: np.ndarray, how: tuple):
    """Labels by distance plus price, and the prices after some steps against overload."""
    steps, step, tolerance = how
    load = _relative(problem)
    far = problem.distance[:, sites]
    lock = np.asarray(problem.lock)
    held = lock >= 0

    def nearest() -> np.ndarray:
        return np.where(held, lock, np.argmin(far + price, axis=1))

    label = nearest()
    for _ in range(steps - 1):
        off = np.bincount(label, load, problem.k) - 1
        price = price + step * np.where(np.abs(off) > tolerance / 2, off, 0.0)
        label = nearest()
    return label, price


def _joined(problem: Problem, label: list[int]) -> list[int]:
    """The part with the locked unit, else the largest part of every territory stays, the rest joins a
    neighbour."""
    load = problem.loads[:, 0]
    for t in range(problem.k):
        parts = parts_of(problem.neighbors, [i for i, at in enumerate(label) if at == t])
        parts.sort(key=lambda part: (-sum(problem.lock[i] >= 0 for i in part), -load[part].sum()))
        for part in parts[1:]:
            for i in part:
                label[i] = -1
    return grown(replace(problem, lock=label), np.random.default_rng(0))
