"""Build a plan period by period from a preference order: the simplest planner, and the engine of annealing.

Always holds: what is built is feasible - money, people, new units and contiguity in every period, later
years of what is started included. Savings by spill-over are counted as they are known at the start, radiance
of rungs as it is reached by what has been started before the period.
"""

from __future__ import annotations

import numpy as np

from ..choices.candidates import Problem, felt_saving
from ..choices.evaluate import evaluate, office_matrix, past_periods, radiance_matrix, rung_matrix


class Builder:
    """Period by period, starts what is preferred most among what is allowed and affordable."""

    def __init__(self, problem: Problem):
        case = problem.case
        policy = problem.case.policy
        c = problem.candidates
        self.problem = problem
        self.policy = policy
        self.assumptions = case.assumptions
        self.c = c
        self.n, self.periods = problem.shape
        self.cumulate = np.cumsum if policy.carry_over else (lambda x, axis: x)
        self.need = self.cumulate(c.need, axis=1)
        budget = self.cumulate(np.array(policy.per_period("budget")), axis=0)
        self.limit = budget + 1e-9 * np.abs(budget).max(initial=1.0)
        people = policy.per_period("people")
        self.people_limit = np.full(self.periods, np.inf) if people is None else np.array(people) + 1e-9
        past = past_periods(policy)
        self.limit[:past] = np.inf
        self.people_limit[:past] = np.inf
        self.cost = np.array([r.office_cost for r in case.ladder.rungs])
        self.office_from = np.array([r.office_from for r in case.ladder.rungs])
        self.above = case.ladder.parent[self.n :]
        self.fixed = np.flatnonzero(c.fixed)
        self.free_from_base = np.asarray(case.adjacency @ case.base.astype(float)) > 0
        always = case.base & problem.base_strong.all(axis=1)
        self.free_from_strong = np.asarray(case.adjacency @ always.astype(float)) > 0
        counted = np.zeros(self.n + len(self.cost), dtype=int)  # managed children of the base alone
        held = case.base[:, None]
        managed = np.concatenate([held[:, 0], office_matrix(case, held)[:, 0]])
        inside = case.ladder.parent >= 0
        np.add.at(counted, self.n + case.ladder.parent[inside], managed[inside])
        self.base_count = counted[self.n :]
        steps = np.arange(self.periods)
        #: ramp[t] = what one yuan a period from t on adds to the cumulated need
        self.once = self.cumulate(np.eye(self.periods), axis=1)
        self.ramp = self.cumulate((steps[None, :] >= steps[:, None]).astype(float), axis=1)
        self.base_used = self.cumulate(problem.base_need + self._base_offices(), axis=0)
        self.radiance = radiance_matrix(case) * policy.reinvest

    def _base_offices(self) -> np.ndarray:
        offices = office_matrix(self.problem.case, self.problem.case.base[:, None])[:, 0]
        return np.full(self.periods, self.cost[offices].sum())

    def build(self, score: np.ndarray) -> np.ndarray:
        """Rows of the candidates started, sorted; ``-inf`` is never started (unless decided already)."""
        c = self.c
        case = self.problem.case
        self.count = self.base_count.copy()
        self.used = self.base_used.copy()
        self.people = self.problem.base_people.copy()
        kept = np.repeat(case.base[:, None], self.periods, axis=1)
        entered = case.base.copy()
        strong = self.problem.base_strong.copy()
        share = self.problem.base_share.copy()
        first = self.problem.base_strong[:, 0]
        allowed = np.isfinite(score) & ~c.fixed
        order = np.lexsort([c.unit, -score])
        order = order[allowed[order]]
        by_period = np.split(
            order[np.argsort(c.start[order], kind="stable")],
            np.cumsum(np.bincount(c.start[order], minlength=self.periods))[:-1],
        )
        rows: list[int] = []
        for t in range(self.periods):
            held = kept[:, t - 1] if t else case.base
            reachable = self._reachable(held, strong, t) & ~entered
            self.earned = self.cumulate(
                (self.radiance * rung_matrix(case, strong, share)).sum(axis=0), axis=0
            )
            self.saved = self._saved(strong[:, t - 1] if t else first)
            decided = [row for row in self.fixed if c.start[row] == t]
            for row in decided:
                self._commit(row, t)
            ready = by_period[t][reachable[c.unit[by_period[t]]]]
            started = decided + self._start_ready(ready, t)
            entered[c.unit[started]] = True
            kept[c.unit[started]] |= c.held[started]
            strong[c.unit[started]] |= c.strong[started]
            share[c.unit[started]] += c.share[started]
            rows += started
        return np.array(sorted(rows), dtype=int)

    def _saved(self, strong: np.ndarray) -> np.ndarray:
        """Share of its opening that each unit would save now."""
        near = np.asarray(self.problem.case.adjacency @ strong.astype(float))
        return np.minimum(self.assumptions.spill * near, self.assumptions.spill_cap)

    def _felt(self, rows):
        """What the budget feels of the savings of these choices now."""
        c = self.c
        return felt_saving(self.saved[c.unit[rows]] * c.opening[rows], c.loss[rows], self.policy.reinvest)

    def _reachable(self, held, strong, t: int) -> np.ndarray:
        """Units not held that may start by the contiguity rule (units decided for later are not free)."""
        free = ~held
        free[self.c.unit[self.fixed]] = False
        if self.policy.contiguity == "none":
            return free
        if self.policy.contiguity == "held":
            return free & (np.asarray(self.problem.case.adjacency @ held.astype(float)) > 0)
        near = np.asarray(self.problem.case.adjacency @ strong[:, max(t - 1, 0)].astype(float)) > 0
        return free & (self.free_from_strong | (near & (t > 0)))

    def _start_ready(self, ready: np.ndarray, t: int) -> list[int]:
        """Start the candidates in order as long as money, people and the limit of new units allow."""
        c = self.c
        started = []
        most = np.inf if self.policy.new_units is None else self.policy.new_units
        while len(ready) and len(started) < most:
            office = self._office_steps()[self.problem.case.ladder.parent[c.unit[ready]]]
            used = self.need[ready] + self.used + office[:, None] * self.ramp[t]
            used -= self._felt(ready)[:, None] * self.once[t]
            fits = (used <= self.limit + self.earned).all(axis=1) & (
                self.people + c.people[ready] <= self.people_limit
            ).all(axis=1)
            ready = ready[fits] if self.policy.carry_over else ready
            hits = np.flatnonzero(fits)
            if len(hits) == 0:
                break
            row = int(ready[0] if self.policy.carry_over else ready[hits[0]])
            self._commit(row, t)
            started.append(row)
            ready = ready[c.unit[ready] != c.unit[row]]
        return started

    def _office_steps(self) -> np.ndarray:
        """Yearly office cost that one more managed child right below each rung region would add (last entry:
        none).
        """
        step = np.zeros(len(self.cost) + 1)
        opens = self.count + 1 == self.office_from
        for g in range(len(self.cost) - 1, -1, -1):
            if opens[g]:
                step[g] = self.cost[g] + step[self.above[g]]
        return step

    def _commit(self, row: int, t: int) -> None:
        unit = self.c.unit[row]
        self.used = self.used + self.need[row] - self._felt(row) * self.once[t]
        self.people = self.people + self.c.people[row]
        g = self.problem.case.ladder.parent[unit]
        extra = 0.0
        while g >= 0:
            self.count[g] += 1
            if self.count[g] != self.office_from[g]:
                break
            extra += self.cost[g]
            g = self.above[g]
        self.used = self.used + extra * self.ramp[t]


def greedy_score(problem: Problem) -> np.ndarray:
    """Value per yuan that the choice binds at its deepest point; choices without profit are left out."""
    c = problem.candidates
    deepest = np.maximum(np.cumsum(c.need, axis=1).max(axis=1, initial=0.0), 1e-9)
    return np.where(c.value > 0, c.value / deepest, -np.inf)


def ladder_score(problem: Problem) -> np.ndarray:
    """As `greedy_score`, each choice credited with its part of what its rung regions radiate once strong."""
    c = problem.candidates
    case = problem.case
    n = len(case.units)
    needed = case.ladder.needed
    later = np.cumsum((radiance_matrix(case) * problem.weight_end)[:, ::-1], axis=1)[:, ::-1]
    turned = np.where(c.strong.any(axis=1), c.strong.argmax(axis=1), -1)
    credit = np.zeros(len(c))
    part = np.ones(len(c))
    g = case.ladder.parent[c.unit]
    while (g >= 0).any():
        ok = (g >= 0) & (turned >= 0)
        part[ok] /= needed[g[ok]]
        credit[ok] += part[ok] * later[g[ok], turned[ok]]
        g = np.where(g >= 0, case.ladder.parent[np.minimum(n + g, len(case.ladder.parent) - 1)], -1)
    deepest = np.maximum(np.cumsum(c.need, axis=1).max(axis=1, initial=0.0), 1e-9)
    total = c.value + credit
    return np.where(total > 0, total / deepest, -np.inf)


def greedy(problem: Problem) -> np.ndarray:
    """Greedy plan: the best of a few scores (per yuan bound, absolute, with the ladder), pinned units before
    all.
    """
    c = problem.candidates
    builder = Builder(problem)
    pinned = problem.case.units.isin(list(problem.case.policy.pinned))[c.unit]
    first = greedy_score(problem)
    ladder = ladder_score(problem)
    scores = (first, np.where(np.isfinite(first), c.value, -np.inf), ladder)
    plans = [builder.build(np.where(pinned, 1e18, s)) for s in scores]
    feasible = [rows for rows in plans if evaluate(problem, rows).feasible]
    return max(feasible or plans, key=lambda rows: evaluate(problem, rows).value)
