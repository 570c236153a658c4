"""Exact answers for some thirty units: all connected sets within the bands, and the cheapest choice of them.

Always holds: every connected set whose loads fit is listed once; what is chosen covers each unit once; a
smallest tolerance is proven, by a choice that keeps it and a search that finds none below.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..problem import NO_BALANCE, Problem
from ..search.recombine import choose_sets, numbered

#: Up to so many units sets are listed at all, and up to so many sets.
MOST_UNITS = 40
MOST_SETS = 4_000_000
#: Sets evaluated together.
CHUNK = 100_000
#: A feasibility search that looks at more nodes than this gives up (and says so).
MOST_NODES = 300_000


class TooMany(Exception):
    """More connected sets than are listed; an internal signal, never seen outside this room."""


def connected_sets(problem: Problem, high: np.ndarray, most: int = MOST_SETS) -> np.ndarray:
    """Masks of all connected sets with loads at most `high`, by size; bit i for unit i (int64).

    More than `most` of them are too many.

    Examples
    --------
    >>> import pandas as pd
    >>> line = Problem(pd.Index(list("abc")), np.full((3, 1), 0.5), np.array([0.1]), np.ones(3),
    ...     np.ones((3, 3)), [[1], [0, 2], [1]], 2, [-1] * 3, [-1] * 2)
    >>> sorted(connected_sets(line, np.array([1.0])).tolist())
    [1, 2, 3, 4, 6]
    """
    bits = np.left_shift(1, np.arange(problem.n, dtype=np.int64))
    near = np.array([sum(1 << j for j in one) for one in problem.neighbors], dtype=np.int64)
    fits = (problem.loads <= high + 1e-9).all(axis=1)
    sets = bits[fits]
    around = near[fits]
    loads = problem.loads[fits]
    found = [sets]
    count = len(sets)
    while len(sets):
        grown = []
        for i in np.flatnonzero(fits):
            can = ((around & bits[i]) != 0) & ((sets & bits[i]) == 0)
            can &= (loads + problem.loads[i] <= high + 1e-9).all(axis=1)
            grown.append((sets[can] | bits[i], around[can] | near[i], loads[can] + problem.loads[i]))
        masks = np.concatenate([part[0] for part in grown])
        masks, first = np.unique(masks, return_index=True)
        count += len(masks)
        if count > most:
            raise TooMany
        sets = masks
        around = np.concatenate([part[1] for part in grown])[first]
        loads = np.concatenate([part[2] for part in grown])[first]
        found.append(sets)
    return np.concatenate(found)


def members(masks: np.ndarray, n: int) -> np.ndarray:
    """Masks as a table of flags (sets, n)."""
    return (masks[:, None] >> np.arange(n)) & 1 == 1


def sets_and_loads(problem: Problem, high, most: int = MOST_SETS) -> tuple[np.ndarray, np.ndarray]:
    """Connected sets up to `high` that obey all wishes, and their loads a head (sets, measures)."""
    heads = problem.heads
    extra = problem.extra
    part = replace(problem, loads=problem.loads - extra[:, None])
    masks = connected_sets(part, 1 + heads.max() * (np.asarray(high) - 1), most)
    for t in range(problem.k):
        locked = [i for i, at in enumerate(problem.lock) if at == t]
        whole = sum(1 << i for i in locked)
        others = sum(1 << i for i, at in enumerate(problem.lock) if at not in (-1, t))
        held = masks & whole
        masks = masks[(held == 0) | ((held == whole) & ((masks & others) == 0))]
    for i, others in enumerate(problem.apart):
        for j in others:
            pair = (1 << i) | (1 << j)
            masks = masks[(masks & pair) != pair]
    loads = np.concatenate(
        [_per_head(problem, members(part, problem.n)) for part in _chunks(masks)] or [problem.loads[:0]]
    )
    fits = (loads <= high + 1e-9).all(axis=1)
    return masks[fits], loads[fits]


def _per_head(problem: Problem, inside: np.ndarray) -> np.ndarray:
    """Loads a head (sets, measures) of sets given as flags (sets, n)."""
    return (inside @ problem.loads) / (1 + inside @ problem.extra)[:, None]


def _chunks(masks: np.ndarray):
    return [masks[at : at + CHUNK] for at in range(0, len(masks), CHUNK)]


def set_costs(problem: Problem, masks: np.ndarray) -> np.ndarray:
    """Cost of each set: travel to its median or seat, or half its outer borders where borders count."""
    if problem.cut:
        return np.concatenate([_borders(problem, part) for part in _chunks(masks)] or [np.zeros(0)])
    travel = problem.weight[:, None] * problem.distance
    seats = sorted({at for at in problem.site if at >= 0})
    parts = []
    for part in _chunks(masks):
        inside = members(part, problem.n)
        sums = np.where(inside, inside @ travel, np.inf)
        cost = sums.min(axis=1)
        for seat in seats:
            cost = np.where(inside[:, seat], sums[:, seat], cost)
        parts.append(cost)
    return np.concatenate(parts or [np.zeros(0)])


def _borders(problem: Problem, masks: np.ndarray) -> np.ndarray:
    inside = members(masks, problem.n)
    total = np.zeros(len(masks))
    for i, one in enumerate(problem.neighbors):
        for j in one:
            total += inside[:, i] & ~inside[:, j]
    return total / 2


def best_choice(problem: Problem, best: float = np.inf):
    """Labels of the proven optimum, or None if no connected choice keeps the bands.

    Column generation over the listed sets would give the same; they are few enough to be priced at once by
    the duals of a growing part of them.
    """
    masks, loads = sets_and_loads(problem, problem.high)
    inside = (loads >= problem.low - 1e-9).all(axis=1)
    masks = masks[inside]
    cost = set_costs(problem, masks)
    kept = _priced(problem, masks, cost)
    if kept is None:
        return None
    table = members(masks[kept], problem.n)
    (columns, rows) = np.nonzero(table)
    chosen = choose_sets((rows, columns, cost[kept]), (problem.n, problem.k), np.inf, None)
    if chosen is None:
        return None
    bound, duals = _relaxation(problem, masks, cost, kept)
    value = cost[kept][chosen].sum()
    reduced = _reduced(problem, masks, cost, duals)
    more = np.flatnonzero(bound + reduced <= value * (1 + 1e-9) + 1e-9)
    table = members(masks[more], problem.n)
    (columns, rows) = np.nonzero(table)
    chosen = choose_sets((rows, columns, cost[more]), (problem.n, problem.k), value, None)
    return label_sets(problem, masks[more][chosen])


def _reduced(problem: Problem, masks, cost, duals) -> np.ndarray:
    parts = [members(part, problem.n) @ duals[: problem.n] for part in _chunks(masks)]
    return cost + np.concatenate(parts or [np.zeros(0)]) + duals[problem.n]


def _relaxation(problem: Problem, masks, cost, kept):
    """Value and duals of the linear programme over some sets, with a price for what stays uncovered."""
    from ...highs import Program

    table = members(masks[kept], problem.n)
    (columns, rows) = np.nonzero(table)
    program = Program()
    program.columns(len(kept), cost=-cost[kept])
    program.rows(problem.n, [(rows, columns, 1.0)], low=1.0, high=1.0)
    program.rows(1, [(0, np.arange(len(kept)), 1.0)], low=problem.k, high=problem.k)
    large = 10 * (float(cost.max(initial=1.0)) + 1) * problem.k
    lack = program.columns(problem.n, high=np.inf, cost=-large)
    program._entries.append((np.arange(problem.n), lack, np.ones(problem.n)))
    slack = program.columns(2, high=np.inf, cost=-large)
    program._entries.append((np.full(2, problem.n), slack, np.array([1.0, -1.0])))
    solution = program.solve(relaxed=True)
    return -solution.objective, solution.duals


def _priced(problem: Problem, masks, cost):
    """Columns with which the linear programme over all sets is solved, or None where none covers."""
    if len(masks) < problem.k:
        return None
    kept = np.argsort(cost / np.maximum(members(masks, problem.n).sum(axis=1), 1), kind="stable")[:2000]
    kept = np.sort(kept)
    for _ in range(200):
        _, duals = _relaxation(problem, masks, cost, kept)
        reduced = _reduced(problem, masks, cost, duals)
        better = np.flatnonzero(reduced < -1e-7 * max(float(np.abs(cost).max(initial=0.0)), 1e-9))
        better = np.setdiff1d(better, kept)
        if not len(better):
            break
        better = better[np.argsort(reduced[better], kind="stable")[:3000]]
        kept = np.union1d(kept, better)
    near = np.argsort(reduced, kind="stable")[:20_000]
    return np.union1d(kept, near)


def label_sets(problem: Problem, masks: np.ndarray) -> list[int]:
    """Territory of each unit from the chosen sets; locks and seats keep their numbers."""
    return numbered(problem, [np.flatnonzero(row).tolist() for row in members(masks, problem.n)])


def smallest_tolerance(problem: Problem, reached: float) -> tuple[float, list | None, bool]:
    """Least deviation of the worst territory: value, labels that keep it, and whether it is proven.

    `reached` is a deviation that is known to be possible; where a single unit makes it so, nothing is
    searched for. Bisection over the deviations of the listed sets.
    """
    wide = np.where(problem.tolerance < NO_BALANCE, reached, NO_BALANCE)
    held = problem.tolerance < NO_BALANCE
    single = float(problem.loads[:, held].max(initial=0.0)) / int(problem.heads.max()) - 1
    if reached <= single + 1e-9:
        return float(reached), None, True
    masks, loads = sets_and_loads(problem, 1 + wide)
    off = np.abs(loads[:, held] - 1).max(axis=1, initial=0.0)
    masks = masks[off <= reached + 1e-9]
    off = off[off <= reached + 1e-9]
    values = np.unique(off.round(12))
    values = values[values >= single - 1e-9]
    low = 0
    high = len(values) - 1
    best = None
    while low <= high:
        middle = (low + high) // 2
        part = masks[off <= values[middle] + 1e-11]
        cover, finished = exact_cover(problem, part, values[middle])
        if cover is None and not finished:
            return float(reached), None, False
        if cover is None:
            low = middle + 1
        else:
            best = (float(values[middle]), label_sets(problem, cover))
            high = middle - 1
    return (float(reached), None, False) if best is None else (*best, True)


def exact_cover(problem: Problem, masks: np.ndarray, off: float):
    """`k` disjoint sets that cover all units, or None; and whether the search came to its end.

    The unit with the fewest sets is covered first; a rest is given up as soon as one of its connected parts
    can hold no whole number of territories, or not as many as are left.
    """
    k = problem.k
    whole = (1 << problem.n) - 1
    near = [sum(1 << j for j in one) for one in problem.neighbors]
    held = np.flatnonzero(problem.tolerance < NO_BALANCE)
    load = problem.loads[:, held[0]].tolist() if len(held) and not problem.extra.any() else None
    budget = [MOST_NODES]

    def possible(rest: int, left: int) -> bool:
        least = most = 0
        while rest:
            part = _part(rest, near)
            rest &= ~part
            if load is None:
                least += 1
                most += part.bit_count()
                continue
            x = _load(part, load)
            few = max(int(np.ceil(x / (1 + off) - 1e-9)), 1)
            many = min(int(np.floor(x / (1 - off) + 1e-9)) if off < 1 else k, part.bit_count())
            if few > many:
                return False
            least += few
            most += many
        return least <= left <= most

    def search(rest: int, left: int, sets: np.ndarray):
        if not rest:
            return [] if left == 0 else None
        budget[0] -= 1
        if budget[0] < 0 or not possible(rest, left):
            return None
        counts = [(int(((sets >> i) & 1).sum()), i) for i in range(problem.n) if rest >> i & 1]
        fewest, unit = min(counts)
        if not fewest:
            return None
        for mask in sets[(sets >> unit) & 1 == 1].tolist():
            found = search(rest & ~mask, left - 1, sets[(sets & mask) == 0])
            if found is not None:
                return [mask, *found]
        return None

    found = search(whole, k, masks)
    done = budget[0] >= 0
    return (None if found is None else np.array(found, dtype=np.int64)), done or found is not None


def _part(rest: int, near: list[int]) -> int:
    """The connected part of the lowest unit of a mask."""
    part = rest & -rest
    front = part
    while front:
        around = 0
        while front:
            low = front & -front
            around |= near[low.bit_length() - 1]
            front ^= low
        front = around & rest & ~part
        part |= front
    return part


def _load(part: int, load: list[float]) -> float:
    total = 0.0
    while part:
        low = part & -part
        total += load[low.bit_length() - 1]
        part ^= low
    return total
