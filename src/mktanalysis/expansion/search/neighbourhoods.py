"""Neighbourhood search with HiGHS: free a part of the plan, keep the rest, solve the part exactly.

Always holds: a round never returns a worse plan; rounds are limited by nodes and simplex iterations, not by
the clock, and the same seed gives the same plan.
"""

from __future__ import annotations

import numpy as np

from ...highs import Arrays, Solution, solve_arrays
from ..choices.evaluate import evaluate
from ..milp.build import Model
from .control import Control

#: Simplex iterations that a round should take: larger neighbourhoods below, smaller ones above. After so
#: many rounds in vain a round may take more by the factor, where time is what limits the search.
WORK = 1500
IN_VAIN = 10
MORE = 1.4
#: Choices that the first round of each kind sets free.
FIRST = 80.0
#: A part is small and starts from a good plan: HiGHS's own heuristics and restarts cost more than they find.
PART = {"mip_heuristic_effort": 0.0, "mip_allow_restart": False}


def improve(
    model: Model,
    rows: np.ndarray,
    *,
    rounds: int,
    nodes: int,
    rng: np.random.Generator,
    likely: np.ndarray | None = None,
    control: Control | None = None,
) -> np.ndarray:
    """Improve a plan by exact solutions of neighbourhoods.

    Parameters
    ----------
    model : Model
    rows : ndarray
        Rows of a feasible plan.
    rounds : int
        Neighbourhoods solved.
    nodes : int
        Branch-and-bound nodes of each.
    rng : Generator
    likely : ndarray of bool, shape (choices,), optional
        Every second neighbourhood has only these choices, and the plan's own, free: it can be the wider.
    control : Control, optional
        Time limit, when the plan is good enough, who else has better ones, and who hears of better plans and
        of progress.

    Returns
    -------
    ndarray
        Rows of the best plan found.
    """
    control = control or Control()
    problem = model.problem
    part = Part(model)
    best = np.asarray(rows)
    values = complete(model, rows)
    value = -np.inf if values is None else float(part.arrays.cost @ values)
    views = [np.ones(len(model.z), dtype=bool)] + ([] if likely is None else [likely])
    size = np.full(len(views) * len(NEIGHBOURHOODS), FIRST)
    work = float(WORK)
    vain = 0
    for k in range(rounds):
        if values is None or control.expired(0.3) or control.enough(value):
            break
        if (other := control.offered(value)) is not None and evaluate(problem, other).feasible:
            best = other
            values = complete(model, other)
            value = float(part.arrays.cost @ values)
        kind = k % len(size)
        shape, view = divmod(kind, len(views))
        wanted = views[view].copy()
        wanted[best] = True
        free = NEIGHBOURHOODS[shape](_Situation(problem, best), size[kind], rng) & wanted
        found = part.solve(values, free, nodes=nodes, clock=control.clock)
        scale = 1.2 if found.work < work / 2 else 0.7 if found.work > 2 * work else 1.0
        size[kind] = min(size[kind] * scale, 2.0 * len(model.z))
        vain += 1
        if found.values is not None and found.objective > value + 1e-9 * abs(value):
            better = model.rows_of(found.values)
            if evaluate(problem, better).feasible:
                best = better
                value = found.objective
                values = found.values
                vain = 0
                control.found(best)
        if vain >= IN_VAIN and control.timed:
            work = work * MORE
            vain = 0
        control.tell(control.done(k + 1, rounds))
    return best


class Part:
    """A programme of which parts are solved: columns that the rest decides are taken out first."""

    def __init__(self, model: Model):
        self.model = model
        self.arrays = model.program.arrays()
        self.by_row = self.arrays.matrix.tocsr()
        self.owner = model.program.owner

    def solve(
        self, values: np.ndarray, free: np.ndarray, *, nodes=None, clock=None, options=PART, enough=None
    ) -> Solution:
        """Best values with the choices outside `free` kept as in `values` (all columns).

        With `enough`, a function, the run ends once it says so of the objective.
        """
        model = self.model
        arrays = self.arrays
        kept = self._decided(np.unique(model.problem.candidates.unit[free]))
        kept[model.z[~free]] = True
        values = values.copy()
        values[model.z] = np.round(values[model.z])
        open_ = np.flatnonzero(~kept)
        fixed = np.where(kept, values, 0.0)
        rows = np.unique(arrays.matrix[:, open_].indices)
        block = self.by_row[rows]
        given = block @ fixed
        small = Arrays(
            arrays.cost[open_],
            arrays.low[open_],
            arrays.high[open_],
            arrays.integer[open_],
            block[:, open_].tocsc(),
            arrays.row_low[rows] - given,
            arrays.row_high[rows] - given,
        )
        rest = float(arrays.cost @ fixed)
        found = solve_arrays(
            small,
            gap=2e-4,
            nodes=nodes,
            seconds=None if clock is None else max(clock.left(), 0.2),
            start=values[open_],
            options=options,
            watch=None if enough is None else lambda _bound, value: enough(value + rest),
        )
        if found.values is None:
            return found
        values[open_] = found.values
        return Solution(values, float(arrays.cost @ values), np.inf, found.ended, found.nodes, found.work)

    def _decided(self, units: np.ndarray) -> np.ndarray:
        """Columns that cannot change when only `units` may: of other units, of regions without any."""
        case = self.model.problem.case
        (n, _) = self.model.problem.shape
        own = np.zeros(n, dtype=bool)
        own[units] = True
        near = own | (np.asarray(case.adjacency @ own.astype(float)) > 0)
        above = np.zeros(len(case.ladder.regions), dtype=bool)
        parent = case.ladder.parent
        for region in np.unique(parent[:n][own]):
            while region >= 0 and not above[region]:
                above[region] = True
                region = parent[n + region]
        return ~np.concatenate([own, near, above, [True]])[self.owner]


class _Situation:
    """A problem with the period in which each unit starts: -1 the base, the number of periods for never."""

    def __init__(self, problem, rows: np.ndarray):
        case = problem.case
        c = problem.candidates
        (self.n, self.periods) = problem.shape
        self.case = case
        self.c = c
        self.since = np.where(case.base, -1, self.periods)
        self.since[c.unit[rows]] = c.start[rows]
        self.reachable = np.flatnonzero(case.earliest < self.periods)
        self.per_unit = len(c) / max(len(self.reachable), 1)

    def within(self, steps: int) -> np.ndarray:
        """Choices that move a start by so many periods at most, or add a unit late."""
        c = self.c
        since = self.since[self.c.unit]
        late = (since == self.periods) & (c.start >= self.periods - 1 - steps)
        return (np.abs(c.start - since) <= steps) | late

    def ball(self, count: float, rng) -> np.ndarray:
        centre = int(rng.choice(self.reachable))
        inside = np.zeros(self.n, dtype=bool)
        inside[_ball(self.case.adjacency, centre, max(4, int(count)))] = True
        return inside[self.c.unit]


def _area(s: _Situation, size: float, rng) -> np.ndarray:
    """All choices of the units around a drawn one."""
    return s.ball(size / s.per_unit, rng)


def _window(s: _Situation, size: float, rng) -> np.ndarray:
    """Whoever starts within some periods, and units at their border that could."""
    c = s.c
    first = int(rng.integers(0, s.periods))
    free = np.zeros(len(s.c), dtype=bool)
    for width in range(1, s.periods - first + 1):
        end = first + width
        inside = (s.since >= first) & (s.since < first + width)
        near = np.asarray(s.case.adjacency @ (s.since < end).astype(float)) > 0
        units = inside | (near & (s.since >= end))
        wider = units[c.unit] & (c.start >= first) & (c.start < end)
        if width > 1 and wider.sum() > 1.5 * size:
            break
        free = wider
    return free


def _shifts_nearby(s: _Situation, size: float, rng) -> np.ndarray:
    """A wider area whose starts may move by two periods."""
    return s.ball(size / 5, rng) & s.within(2)


def _shifts_anywhere(s: _Situation, size: float, rng) -> np.ndarray:
    """Units drawn from everywhere whose starts may move by one period."""
    count = min(max(8, int(size / 3)), len(s.reachable))
    inside = np.zeros(s.n, dtype=bool)
    inside[rng.choice(s.reachable, size=count, replace=False)] = True
    return inside[s.c.unit] & s.within(1)


def _regions(s: _Situation, size: float, rng) -> np.ndarray:
    """Whole rung regions whose starts may move by three periods."""
    home = s.case.ladder.parent[: s.n] if len(s.case.ladder.regions) else np.zeros(s.n, dtype=int)
    free = np.zeros(len(s.c), dtype=bool)
    near = s.within(3)
    for region in rng.permutation(np.unique(home[s.reachable])):
        wider = free | (near & (home == region)[s.c.unit])
        if wider.sum() > 1.5 * size:
            break
        free = wider
    return free if free.any() else _shifts_nearby(s, size, rng)  # where even one region is too large


NEIGHBOURHOODS = (_area, _window, _shifts_nearby, _shifts_anywhere, _regions)


def _ball(adjacency, centre: int, count: int) -> np.ndarray:
    """The `count` units nearest to `centre` by steps."""
    seen = [centre]
    frontier = [centre]
    known = {centre}
    while frontier and len(seen) < count:
        following = []
        for i in frontier:
            for j in adjacency.indices[adjacency.indptr[i] : adjacency.indptr[i + 1]]:
                if j not in known:
                    known.add(int(j))
                    following.append(int(j))
        seen += sorted(following)
        frontier = sorted(following)
    return np.array(seen[:count])


def complete(model: Model, rows: np.ndarray) -> np.ndarray:
    """Values of all columns for given starts (what is left after presolve is small); None if they are
    infeasible.
    """
    arrays = model.program.arrays()
    low = arrays.low.copy()
    high = arrays.high.copy()
    low[model.z] = 0.0
    high[model.z] = 0.0
    low[model.z[rows]] = 1.0
    high[model.z[rows]] = 1.0
    return solve_arrays(arrays._replace(low=low, high=high)).values
