"""A first assignment: recursive bisection, or growth around locked units.

Always holds: every territory is connected and has a unit; locked units are where they are locked.
"""

from __future__ import annotations

import heapq

import numpy as np

from ...errors import InfeasibleError
from ..problem import Problem, parts_of

#: Directions of a cut that are tried.
DIRECTIONS = 12


def first_cut(problem: Problem, turn: float = 0.0) -> list[int]:
    """Cut by recursive bisection; `turn` (0-1) turns the directions, for other starts.

    Examples
    --------
    >>> import pandas as pd
    >>> line = Problem(pd.Index(list("abcd")), np.full((4, 1), 0.5), np.array([0.1]), np.ones(4),
    ...     np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0))), [[1], [0, 2], [1, 3], [2]], 2,
    ...     [-1] * 4, [-1] * 2, coords=np.column_stack([np.arange(4.0), np.zeros(4)]))
    >>> first_cut(line) in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    label = [0] * problem.n
    load = problem.loads.mean(axis=1)
    load = load if load.sum() > 0 else np.ones(problem.n)
    angles = (np.arange(DIRECTIONS) + turn) * np.pi / DIRECTIONS
    rays = np.column_stack([np.cos(angles), np.sin(angles)])
    jobs = [(list(range(problem.n)), problem.k, 0)]
    while jobs:
        members, k, first = jobs.pop()
        if k == 1:
            for i in members:
                label[i] = first
            continue
        one, other, k_one = _halve(problem, members, k, load, rays)
        jobs.append((one, k_one, first))
        jobs.append((other, k - k_one, first + k_one))
    return label


def _halve(problem: Problem, members: list, k: int, load: np.ndarray, rays: np.ndarray):
    """Two connected halves and the number of territories of the first."""
    best = None
    coords = problem.coords[members]
    for ray in rays:
        order = np.array(members)[np.argsort(coords @ ray, kind="stable")]
        for share in sorted({k // 2, k - k // 2}):
            found = _prefix(problem, order, share / k, load)
            if found is None:
                continue
            one, other = found
            if len(one) < share or len(other) < k - share:
                continue
            off = abs(load[one].sum() / max(load[members].sum(), 1e-12) - share / k)
            inside = set(one)
            border = sum(j not in inside for i in one for j in problem.neighbors[i])
            key = (off > 0.5 / k, border, off)  # a balanced cut with a short border
            if best is None or key < best[0]:
                best = (key, one, other, share)
    if best is None:
        return _peel(problem, members)
    return best[1:]


def _prefix(problem: Problem, order: np.ndarray, share: float, load: np.ndarray):
    """The first units of an order with that share of the load, both sides made connected."""
    total = np.cumsum(load[order])
    at = int(np.searchsorted(total, share * total[-1])) + 1
    at = min(max(at, 1), len(order) - 1)
    one = parts_of(problem.neighbors, order[:at].tolist())
    stray = {i for part in one[1:] for i in part}
    other = parts_of(problem.neighbors, [*order[at:].tolist(), *stray])
    side = [*one[0], *(i for part in other[1:] for i in part)]
    if not other or len(parts_of(problem.neighbors, side)) > 1:
        return None
    return side, other[0]


def _peel(problem: Problem, members: list):
    """One unit off, the rest connected: always possible, the last unit that a search reaches."""
    inside = set(members)
    reached = [members[0]]
    seen = {members[0]}
    for i in reached:
        for j in problem.neighbors[i]:
            if j in inside and j not in seen:
                seen.add(j)
                reached.append(j)
    return [reached[-1]], reached[:-1], 1


def grown(problem: Problem, rng: np.random.Generator) -> list[int]:
    """Territories grown around their locked units; those without any start far from all others.

    Raises
    ------
    InfeasibleError
        Locked units of one territory that no free way joins.
    """
    label = list(problem.lock)
    for t in range(problem.k):
        _join_locked(problem, label, t)
    _seed_rest(problem, label, rng)
    load = (1.0 - problem.heads).tolist()
    relative = problem.loads.mean(axis=1).tolist()
    ways: list[list] = [[] for _ in range(problem.k)]
    for i, t in enumerate(label):
        if t >= 0:
            load[t] += relative[i]
            _offer(problem, label, ways[t], i, t)
    heap = [(load[t], t) for t in range(problem.k)]
    heapq.heapify(heap)
    while heap:
        _, t = heapq.heappop(heap)
        while ways[t]:
            _, i = heapq.heappop(ways[t])
            if label[i] < 0:
                label[i] = t
                load[t] += relative[i]
                _offer(problem, label, ways[t], i, t)
                heapq.heappush(heap, (load[t], t))
                break
    return label


def _offer(problem: Problem, label: list, way: list, i: int, t: int) -> None:
    """Put the free neighbours of `i` on the list of its territory, nearest to it first."""
    for j in problem.neighbors[i]:
        if label[j] < 0:
            at = problem.site[t] if problem.site[t] >= 0 else min(i, problem.distance.shape[1] - 1)
            heapq.heappush(way, (float(problem.distance[j, at]), j))


def _join_locked(problem: Problem, label: list, t: int) -> None:
    """Take the fewest free units that link the locked units of a territory."""
    while True:
        parts = parts_of(problem.neighbors, [i for i, at in enumerate(label) if at == t])
        if len(parts) < 2:
            return
        goal = {i for part in parts[1:] for i in part}
        before = dict.fromkeys(parts[0], -1)
        queue = list(parts[0])
        end = -1
        for i in queue:
            if i in goal:
                end = i
                break
            for j in problem.neighbors[i]:
                if j not in before and (label[j] < 0 or j in goal):
                    before[j] = i
                    queue.append(j)
        if end < 0:
            names = "、".join(str(problem.codes[i]) for i, at in enumerate(problem.lock) if at == t)
            import pandas as pd

            raise InfeasibleError(f"锁在同一片区的单元之间没有可走的相邻单元：{names}", pd.DataFrame())
        while end >= 0:
            label[end] = t
            end = before[end]


def _seed_rest(problem: Problem, label: list, rng: np.random.Generator) -> None:
    """A seed for each territory without a unit: the free unit with the most steps to all seeds."""
    empty = sorted(set(range(problem.k)) - set(label))
    if len(empty) > label.count(-1):
        import pandas as pd

        text = f"锁定之后只剩 {label.count(-1)} 个单元，不够另外 {len(empty)} 个片区：请少锁几个，或减少片区"
        raise InfeasibleError(text, pd.DataFrame())
    for t in empty:
        free = [i for i, at in enumerate(label) if at < 0]
        if problem.site[t] >= 0:  # a home: the nearest free unit
            at = min(free, key=lambda i: (float(problem.distance[i, problem.site[t]]), i))
        elif len(free) == len(label):
            at = free[int(rng.integers(len(free)))]
        else:
            steps = _steps(problem, [i for i, at in enumerate(label) if at >= 0])
            at = max(free, key=lambda i: (steps.get(i, 0), -i))
        label[at] = t


def _steps(problem: Problem, sources: list) -> dict:
    """Borders to cross from the nearest source."""
    steps = dict.fromkeys(sources, 0)
    queue = list(sources)
    for i in queue:
        for j in problem.neighbors[i]:
            if j not in steps:
                steps[j] = steps[i] + 1
                queue.append(j)
    return steps
