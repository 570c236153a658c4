"""The expansion problem as a mixed-integer programme, in a form whose relaxation is tight.

Always holds: a set of starts is a feasible solution of this programme exactly when `evaluate` calls it
feasible and every start touches what is held (or strong) the period before; both give it the same value.

Tight forms used: contiguity binds what is held, not only what starts; a child counts for a rung or an office
through a column of its own that the child and the region bound separately; starts outside the budget's reach
are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...highs import Program
from ..choices.candidates import Problem
from ..choices.evaluate import needs_no_neighbour, past_periods, radiance_matrix
from .objective import set_objective
from .spillover import add_felt, add_spill, opening_most


@dataclass(frozen=True, eq=False)
class Model:
    """The programme and where its columns stand.

    ``z`` one column a candidate; ``held`` and ``strong`` (units x periods, -1 where fixed by the base or
    never);
    ``rungs`` and ``offices`` (rung regions x periods); ``saving`` (units x periods, -1 where none);
    ``carry``.
    """

    problem: Problem
    program: Program
    scale: float
    z: np.ndarray
    held: np.ndarray
    strong: np.ndarray
    rungs: np.ndarray
    offices: np.ndarray
    saving: np.ndarray
    parts: dict = field(default_factory=dict)

    def rows_of(self, values: np.ndarray) -> np.ndarray:
        """Candidates started in a solution."""
        return np.flatnonzero(values[self.z] > 0.5)


def build_model(problem: Problem, *, form: str = "usual") -> Model:
    """Write the programme.

    ``form`` is ``usual``; ``tight`` (savings neighbour by neighbour: more columns, a better bound); or
    ``coarse`` (every
    opening saves the cap, contiguity only by steps from the base: a relaxation for very large problems).
    """
    case = problem.case
    program = Program()
    budget = np.array(case.policy.per_period("budget"))
    scale = max(float(budget.mean()), 1.0)
    parts: dict = {}
    z = _starts(problem, program, scale, parts)
    held = _held(problem, program, z)
    strong = _strong(problem, program, z)
    if form != "coarse":
        _contiguity(problem, program, held, strong)
    offices = _offices(problem, program, held, scale)
    rungs = _rungs(problem, program, z, strong, scale)
    saving = add_spill(problem, program, z, strong, scale, form)
    cash = _cash(problem, program, z, offices, rungs, saving, scale)
    parts["cash"] = cash
    parts.update(_people_and_starts(problem, program, z))
    model = Model(problem, program, scale, z, held, strong, rungs, offices, saving, parts)
    set_objective(model)
    return model


def _starts(problem: Problem, program: Program, scale: float, parts: dict) -> np.ndarray:
    c = problem.candidates
    z = program.columns(len(c), low=c.fixed.astype(float), cost=c.value / scale, integer=True, owner=c.unit)
    units, at = np.unique(c.unit, return_inverse=True)
    pinned = np.isin(problem.case.units[units], list(problem.case.policy.pinned)) if len(units) else []
    rows = program.rows(len(units), [(at, z, 1.0)], low=np.where(pinned, 1.0, 0.0), high=1.0)
    parts["pins"] = rows[np.asarray(pinned, dtype=bool)]
    return z


def _held(problem: Problem, program: Program, z: np.ndarray) -> np.ndarray:
    """y[i,t] = y[i,t-1] + starts: entered, left again or not; -1 before the first possible start."""
    c = problem.candidates
    (n, periods) = problem.shape
    first = np.full(n, periods)
    np.minimum.at(first, c.unit, c.start)
    exists = np.arange(periods)[None, :] >= first[:, None]
    held = np.full((n, periods), -1)
    held[exists] = program.columns(int(exists.sum()), owner=np.nonzero(exists)[0])
    row = np.full((n, periods), -1)
    row[exists] = np.arange(exists.sum())
    later = exists.copy()
    later[:, 0] = False
    later[:, 1:] &= exists[:, :-1]
    parts = [(row[exists], held[exists], 1.0), (row[c.unit, c.start], z, -1.0)]
    before = np.roll(held, 1, axis=1)
    parts.append((row[later], before[later], -1.0))
    program.rows(int(exists.sum()), parts, low=0.0, high=0.0)
    return held


def _strong(problem: Problem, program: Program, z: np.ndarray) -> np.ndarray:
    """Strength of each unit and period from its starts; -1 where it cannot be (or the base decides)."""
    c = problem.candidates
    (n, periods) = problem.shape
    possible = np.zeros((n, periods), dtype=bool)
    np.logical_or.at(possible, c.unit, c.strong)
    strong = np.full((n, periods), -1)
    if not _needs_strength(problem):
        return strong
    strong[possible] = program.columns(int(possible.sum()), owner=np.nonzero(possible)[0])
    row = np.full((n, periods), -1)
    row[possible] = np.arange(possible.sum())
    choice, period = np.nonzero(c.strong)
    program.rows(
        int(possible.sum()),
        [(row[possible], strong[possible], 1.0), (row[c.unit[choice], period], z[choice], -1.0)],
        low=0.0,
        high=0.0,
    )
    return strong


def _needs_strength(problem: Problem) -> bool:
    policy = problem.case.policy
    assumptions = problem.case.assumptions
    rewarded = any(r.radiance > 0 for r in problem.case.ladder.rungs) or policy.objective != "profit"
    return rewarded or assumptions.spill > 0 or policy.contiguity == "strong"


def _contiguity(problem: Problem, program: Program, held: np.ndarray, strong: np.ndarray) -> None:
    """What is held needs a neighbour held (or strong) the period before, unless it touches the base."""
    case = problem.case
    policy = case.policy
    if policy.contiguity == "none":
        return
    support = held if policy.contiguity == "held" else strong
    i, t = np.nonzero((held >= 0) & ~needs_no_neighbour(problem)[:, None])
    if len(i) == 0:
        return
    near = case.adjacency[i].tocoo()
    r, j = near.coords
    before = t[r] - 1
    column = np.where(before >= 0, support[j, np.maximum(before, 0)], -1)
    ok = column >= 0
    given = np.zeros(len(i))
    if policy.contiguity == "strong":  # base units that are strong in some periods only
        np.add.at(given, r, problem.base_strong[j, np.maximum(before, 0)] & (before >= 0))
        # strength can be lost again, so only the start is bound
        starts = _start_columns(problem)
        parts = [(np.arange(len(i))[s], col, 1.0) for s, col in starts(i, t)]
        program.rows(len(i), [*parts, (r[ok], column[ok], -1.0)], high=given)
        return
    program.rows(len(i), [(np.arange(len(i)), held[i, t], 1.0), (r[ok], column[ok], -1.0)], high=0.0)
    _touches_what_stays(problem, program, (i, t, r[ok], j[ok], column[ok]))


def _touches_what_stays(problem: Problem, program: Program, near) -> None:
    """A start beside units that may have been left by then needs a neighbour likelier held than left.

    `near`: unit and period of each row, and of each neighbour its row, unit and column of having entered,
    from which the choices are taken back that are left by the period before.
    """
    c = problem.candidates
    i, t, r, j, column = near
    left = ~c.held & (np.arange(problem.shape[1]) >= c.start[:, None])
    z = np.flatnonzero(left.any(axis=1))
    z = z[np.argsort(c.unit[z], kind="stable")]
    first = np.searchsorted(c.unit[z], j)
    count = np.searchsorted(c.unit[z], j, side="right") - first
    pair = np.repeat(np.arange(len(j)), count)
    each = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    choice = z[first[pair] + each]
    out = left[choice, t[r[pair]] - 1]
    asked = np.zeros(len(i), dtype=bool)
    asked[r[pair[out]]] = True
    if not asked.any():
        return
    row = np.cumsum(asked) - 1
    some = asked[r]
    parts = [(rows, columns, 1.0) for rows, columns in _start_columns(problem)(i[asked], t[asked])]
    parts += [(row[r[some]], column[some], -1.0), (row[r[pair[out]]], choice[out], 1.0)]
    program.rows(int(asked.sum()), parts, high=0.0)


def _start_columns(problem: Problem):
    """Function (units, periods) -> [(rows, columns)] of the starts of these units in these periods."""
    c = problem.candidates
    (_, periods) = problem.shape
    key = c.unit * periods + c.start

    def find(i, t):
        wanted = i * periods + t
        order = np.argsort(wanted)
        at = np.searchsorted(wanted[order], key)
        hit = (at < len(wanted)) & (wanted[order][np.minimum(at, len(wanted) - 1)] == key)
        return [(order[at[hit]], np.flatnonzero(hit))]

    return find


def _nodes(problem: Problem, units: np.ndarray, groups: np.ndarray, fixed: np.ndarray):
    """Columns of units and rung regions as one block, and which nodes are given (1) by the base."""
    given = np.vstack([fixed, np.zeros((len(groups), fixed.shape[1]), dtype=bool)])
    return np.vstack([units, groups]), given


def _links(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Child node and rung region of every link of the ladder."""
    child = np.flatnonzero(problem.case.ladder.parent >= 0)
    return child, problem.case.ladder.parent[child]


def _offices(problem: Problem, program: Program, held: np.ndarray, scale: float) -> np.ndarray:
    """O[R,t] = 1 when `office_from` children are managed: y[c] <= O + f[c], sum of f <= office_from - 1."""
    case = problem.case
    (_, periods) = problem.shape
    ladder = case.ladder
    groups = len(ladder.regions)
    costs = np.array([r.office_cost for r in ladder.rungs])
    if groups == 0 or not (costs > 0).any():
        return np.full((groups, periods), -1)
    cost = -(costs[:, None] * problem.weight_end[None, :] / scale).ravel()
    own = 2 * problem.shape[0] + np.repeat(np.arange(groups), periods)
    offices = program.columns(groups * periods, cost=cost, integer=True, owner=own)
    offices = offices.reshape(groups, periods)
    base = np.repeat(case.base[:, None], periods, axis=1)
    columns, given = _nodes(problem, held, offices, base)
    child, region = _links(problem)
    k, t = np.nonzero((columns[child] >= 0) | given[child])
    c = child[k]
    g = region[k]
    free = np.array([r.office_from for r in ladder.rungs]) - 1
    spare = program.columns(len(k), high=(free[g] > 0).astype(float), owner=2 * problem.shape[0] + g)
    row = np.arange(len(k))
    own = columns[c, t] >= 0
    program.rows(
        len(k),
        [(row[own], columns[c, t][own], 1.0), (row, offices[g, t], -1.0), (row, spare, -1.0)],
        high=-given[c, t].astype(float),
    )
    every = np.arange(
        groups * periods
    )  # without the office at most `free` children are managed, with it no spare is needed
    free = np.repeat(free, periods).astype(float)
    program.rows(groups * periods, [(g * periods + t, spare, 1.0), (every, offices.ravel(), free)], high=free)
    if periods > 1:  # offices stay: what is entered only grows
        pair = np.arange(groups * (periods - 1))
        program.rows(
            len(pair), [(pair, offices[:, :-1].ravel(), 1.0), (pair, offices[:, 1:].ravel(), -1.0)], high=0.0
        )
    return offices


def _rungs(problem: Problem, program: Program, z, strong: np.ndarray, scale: float) -> np.ndarray:
    """L[R,t] = 1 needs enough strong children by number and capacity, and enough share overall."""
    from ..choices.evaluate import node_sums

    case = problem.case
    (n, periods) = problem.shape
    ladder = case.ladder
    groups = len(ladder.regions)
    if groups == 0 or not _needs_strength(problem):
        return np.full((groups, periods), -1)
    reward = radiance_matrix(case) * problem.weight_end / scale
    own = 2 * n + np.repeat(np.arange(groups), periods)
    rungs = program.columns(groups * periods, cost=reward.ravel(), integer=True, owner=own)
    rungs = rungs.reshape(groups, periods)
    columns, given = _nodes(problem, strong, rungs, problem.base_strong)
    child, region = _links(problem)
    k, t = np.nonzero((columns[child] >= 0) | given[child])
    c = child[k]
    g = region[k]
    counted = program.columns(len(k), owner=2 * n + g)
    row = np.arange(len(k))
    program.rows(len(k), [(row, counted, 1.0), (row, rungs[g, t], -1.0)], high=0.0)
    own = (columns[c, t] >= 0) & ~given[c, t]
    program.rows(
        int(own.sum()),
        [(np.arange(own.sum()), counted[own], 1.0), (np.arange(own.sum()), columns[c, t][own], -1.0)],
        high=0.0,
    )
    weight = node_sums(case, case.capacity)
    cell = g * periods + t
    all_cells = np.arange(groups * periods)
    needed = np.repeat(ladder.needed, periods).astype(float)
    program.rows(groups * periods, [(cell, counted, 1.0), (all_cells, rungs.ravel(), -needed)], low=0.0)
    part = np.array([r.capacity_share for r in ladder.rungs])
    total = weight[n:]
    relative = weight[c, t] / np.maximum(total[g, t], 1e-12)
    program.rows(
        groups * periods,
        [(cell, counted, relative), (all_cells, rungs.ravel(), -np.repeat(part, periods))],
        low=-1e-9,
    )
    _overall_share(problem, program, z, rungs, total)
    return rungs


def _overall_share(problem: Problem, program: Program, z, rungs: np.ndarray, total: np.ndarray) -> None:
    """Sales of all units in the region against its capacity."""
    from ..choices.evaluate import node_sums

    case = problem.case
    c = problem.candidates
    (n, periods) = problem.shape
    ladder = case.ladder
    wanted = np.array([r.share for r in ladder.rungs])
    base = node_sums(case, case.capacity * problem.base_share)[n:] / np.maximum(total, 1e-12)
    parts = []
    level = np.arange(n)  # climb from the units up the ladder, one region above at a time
    up = ladder.parent[level]
    while (up >= 0).any():
        rows, t = np.nonzero((c.share > 0) & (up[c.unit] >= 0)[:, None])
        g = up[c.unit[rows]]
        sales = case.capacity[c.unit[rows], t] * c.share[rows, t] / np.maximum(total[g, t], 1e-12)
        parts.append((g * periods + t, z[rows], sales))
        up = np.where(up >= 0, ladder.parent[np.minimum(up + n, len(ladder.parent) - 1)], -1)
    cells = np.arange(rungs.size)
    parts.append((cells, rungs.ravel(), -np.repeat(wanted, periods)))
    program.rows(rungs.size, parts, low=-base.ravel() - 1e-9)


def _cash(problem: Problem, program: Program, z, offices, rungs, saving, scale: float) -> np.ndarray:
    """Money left: carry[t] = carry[t-1] + budget - need (not below zero)."""
    case = problem.case
    c = problem.candidates
    periods = problem.shape[1]
    policy = case.policy
    need = c.need / scale
    choice, period = np.nonzero(need)
    parts = [(period, z[choice], need[choice, period])]
    t = np.broadcast_to(np.arange(periods), offices.shape)
    if offices.size and offices.max() >= 0:
        costs = np.array([r.office_cost for r in case.ladder.rungs])[:, None] / scale
        parts.append((t.ravel(), offices.ravel(), np.broadcast_to(costs, offices.shape).ravel()))
    if rungs.size and rungs.max() >= 0:
        parts.append((t.ravel(), rungs.ravel(), (-policy.reinvest * radiance_matrix(case) / scale).ravel()))
    parts += [(when, column, -felt / scale) for when, column, felt in add_felt(problem, program, z, saving)]
    budget = np.array(policy.per_period("budget"))
    limit = (budget - problem.base_need) / scale
    past = np.arange(periods) < past_periods(policy)
    if policy.carry_over:
        # more than can ever move: finite ends keep a bound from inexact duals safe
        flow = np.abs(limit) + (np.abs(need).sum(axis=0) + opening_most(problem).sum(axis=0) / scale)
        flow = flow + radiance_matrix(case).sum(axis=0) / scale
        flow = flow + sum(r.office_cost for r in case.ladder.rungs) / scale
        most = np.cumsum(flow) + 1.0
        carry = program.columns(periods, low=np.where(past, -most, 0.0), high=most)
        parts += [(np.arange(periods), carry, 1.0), (np.arange(1, periods), carry[:-1], -1.0)]
        return program.rows(periods, parts, low=limit, high=limit)
    return program.rows(periods, parts, high=np.where(past, np.inf, limit))


def _people_and_starts(problem: Problem, program: Program, z) -> dict:
    c = problem.candidates
    (_, periods) = problem.shape
    policy = problem.case.policy
    past = np.arange(periods) < past_periods(policy)
    parts = {}
    if policy.people is not None:
        choice, period = np.nonzero(c.people)
        limit = np.array(policy.per_period("people")) - problem.base_people
        parts["people"] = program.rows(
            periods, [(period, z[choice], c.people[choice, period])], high=np.where(past, np.inf, limit)
        )
    if policy.new_units is not None:
        parts["new_units"] = program.rows(
            periods, [(c.start, z, 1.0)], high=np.where(past, np.inf, float(policy.new_units))
        )
    return parts
