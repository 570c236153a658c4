"""A few neighbouring territories at a time are divided anew: exactly where some stay out of their bands, by
short searches where there are very many units.

Always holds: the number of territories out of a band never rises, and with as many out the excess or the cost
falls; territories stay connected; the order of the windows depends on the figures alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..problem import Problem
from ..proof.exact import TooMany, label_sets, members, set_costs, sets_and_loads
from .anneal import anneal
from .recombine import choose_sets
from .walk import score

#: Units and territories of a window, sets it may have; nodes of branch and bound; rounds over all windows.
UNITS = 22
TERRITORIES = 5
SETS = 15_000
NODES = 50
ROUNDS = 4
#: Where a larger share is out than this, something else is wrong than the division.
MOST_OUT = 0.5
#: Neighbours that windows begin with.
NEIGHBORS = 4
#: Sets with less than this share of a balanced load are no territories even where bands cannot be kept.
LEAST_LOAD = 0.4
#: Windows of a large design: territories, units that are enough, how many of them count as done; the search.
LARGE_TERRITORIES = 8
LARGE_UNITS = 260
LARGE_STEP = 3
LARGE_STARTS, LARGE_EFFORT = 4, 0.2


def mend(problem: Problem, label: list[int]) -> list[int]:
    """Labels with as few territories out of their bands as windows of neighbours allow."""
    best = list(label)
    if problem.n > UNITS and len(_out(problem, label)) > MOST_OUT * problem.k:
        return best
    tried: set = set()
    for _ in range(ROUNDS):
        before = best
        for t in _out(problem, best):
            for window in _windows(problem, best, t):
                key = tuple(tuple(i for i, at in enumerate(best) if at == u) for u in sorted(window))
                if key not in tried and t in _out(problem, best):
                    tried.add(key)
                    best = _divided(problem, best, sorted(window))
        if best is before or not _out(problem, best):
            break
    return best if score(problem, best)[0] <= score(problem, label)[0] else label


def searched_again(problem: Problem, label: list[int], seed: int, rounds: int) -> list[int]:
    """Windows of neighbours of a large design searched from the beginning, each better answer kept."""
    best = list(label)
    for number in range(rounds):
        todo = list(range(problem.k))
        while todo:
            window = _large_window(problem, best, todo[0], number)
            for t in window[: LARGE_STEP + 1]:
                if t in todo:
                    todo.remove(t)
            inside = [i for i, at in enumerate(best) if at in window]
            part = _part(problem, inside, window)
            now = [window.index(best[i]) for i in inside]
            found = anneal(part, random_state=seed + number, starts=LARGE_STARTS, effort=LARGE_EFFORT)
            if score(part, found) < score(part, now):
                for i, t in zip(inside, found, strict=True):
                    best[i] = window[t]
    return best


def _large_window(problem: Problem, label, t: int, number: int) -> list[int]:
    """Territory `t` and those around it; in odd rounds it reaches out farther, with fewer at each step."""
    border = _borders(problem, label)
    window = [t]
    size = np.bincount(label, minlength=problem.k)
    for u in window:
        around = sorted(border[u], key=lambda v: (-border[u][v], v))
        for v in around if number % 2 == 0 else around[:2]:
            if v not in window and len(window) < LARGE_TERRITORIES and size[window].sum() < LARGE_UNITS:
                window.append(v)
    return window


def _borders(problem: Problem, label) -> list[dict[int, int]]:
    """Number of borders between each territory and its neighbours."""
    border: list[dict[int, int]] = [{} for _ in range(problem.k)]
    for i, near in enumerate(problem.neighbors):
        for j in near:
            if label[i] != label[j]:
                border[label[i]][label[j]] = border[label[i]].get(label[j], 0) + 1
    return border


def mendable(problem: Problem) -> bool:
    """Whether sets of units can be priced: no homes, no price of moving."""
    homes = problem.distance.shape[1] != problem.n
    return not (homes or problem.keep)


def _relative(problem: Problem, label) -> np.ndarray:
    """Loads a head (territories, measures)."""
    sums = [np.bincount(label, column, problem.k) for column in problem.loads.T]
    return np.array(sums).T / problem.heads[:, None]


def _out(problem: Problem, label) -> list[int]:
    """Territories out of a band, the worst first."""
    excess = (np.abs(_relative(problem, label) - 1) - problem.tolerance).max(axis=1)
    out = np.flatnonzero(excess > 1e-9)
    return out[np.argsort(-excess[out], kind="stable")].tolist()


def _windows(problem: Problem, label, t: int):
    """Sets of neighbouring territories around `t`: with all its neighbours, then from each of them on."""
    size = np.bincount(label, minlength=problem.k)
    border = _borders(problem, label)
    around = sorted(border[t], key=lambda u: (-border[t][u], u))[:NEIGHBORS]
    for start in ([t], *([t, u] for u in around)):
        window = list(start)
        for u in window:
            for v in sorted(border[u], key=lambda v: (-border[u][v], v)):
                fits = size[window].sum() + size[v] <= UNITS and len(window) < TERRITORIES
                if v not in window and fits:
                    window.append(v)
        if len(window) > 1 and size[window].sum() <= UNITS:
            yield window


def _divided(problem: Problem, label: list, window: list[int]) -> list[int]:
    """The labels with the territories of a window divided anew, if that is better."""
    inside = [i for i, at in enumerate(label) if at in window]
    part = _part(problem, inside, window)
    now = [window.index(label[i]) for i in inside]
    try:
        masks, loads = sets_and_loads(part, part.high, SETS)
    except TooMany:
        return label
    held = (loads >= np.where(part.low > 0, LEAST_LOAD, 0.0)).all(axis=1)
    own = np.array(
        [sum(1 << p for p, at in enumerate(now) if at == t) for t in range(part.k)], dtype=np.int64
    )
    masks = np.union1d(masks[held], own)
    cost = _prices(part, masks)
    best = cost[np.searchsorted(masks, own)].sum()
    (columns, rows) = np.nonzero(members(masks, part.n))
    chosen = choose_sets((rows, columns, cost), (part.n, part.k), best, NODES)
    if chosen is None or cost[chosen].sum() >= best * (1 - 1e-9):
        return label
    found = list(label)
    for i, t in zip(inside, label_sets(part, masks[chosen]), strict=True):
        found[i] = window[t]
    return found


def _part(problem: Problem, inside: list[int], window: list[int]) -> Problem:
    """The territories of a window as a problem of their own, with the same balanced load."""
    place = {i: p for p, i in enumerate(inside)}
    return replace(
        problem, codes=problem.codes[inside], loads=problem.loads[inside], weight=problem.weight[inside],
        distance=problem.distance[np.ix_(inside, inside)],
        neighbors=[[place[j] for j in problem.neighbors[i] if j in place] for i in inside], k=len(window),
        lock=[window.index(t) if (t := problem.lock[i]) >= 0 else -1 for i in inside],
        site=[place.get(problem.site[t], -1) for t in window],
        coords=None if problem.coords is None else problem.coords[inside],
        apart=[{place[j] for j in problem.apart[i] if j in place} for i in inside] if problem.apart else [],
        old=[], people=problem.heads[window].tolist(),
    )  # fmt: skip


def _prices(part: Problem, masks: np.ndarray) -> np.ndarray:
    """Cost of each set, and a price above all costs for a set out of its bands, more the farther out."""
    inside = members(masks, part.n)
    loads = (inside @ part.loads) / (1 + inside @ part.extra)[:, None]
    excess = np.maximum(np.abs(loads - 1) - part.tolerance, 0.0).max(axis=1)
    cost = set_costs(part, masks)
    price = part.k * float(cost.max()) + 1e-9
    return cost + np.where(excess > 1e-9, price * (1 + np.minimum(excess, 1.0)), 0.0)
