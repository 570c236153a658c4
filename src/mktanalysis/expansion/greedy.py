"""Build a plan step by step from a preference order: the simplest planner, and the start of the better ones.

Always holds: what is built is feasible - money, people, new units and contiguity in every period, later years of
what is started included.
"""

from __future__ import annotations

import numpy as np

from .candidates import Problem
from .evaluate import cash_position, past_periods


class Builder:
    """A plan under construction: adds a start if the plan stays feasible, and keeps offices up to date."""

    def __init__(self, problem: Problem):
        market = problem.market
        self.problem, self.policy, self.c = problem, market.policy, problem.candidates
        n, periods = problem.shape
        self.rows: list[int] = []
        self.need = problem.base_outlay - self.policy.reinvest * problem.base_income
        self.people = problem.base_people.copy()
        self.started = np.zeros(periods, dtype=int)
        self.since = np.where(market.base, 0, periods)  # first period in which a unit is held
        self.strong = problem.base_strong.copy()
        self.limit = np.cumsum(self.policy.per_period("budget")) if self.policy.carry_over else None
        people = self.policy.per_period("people")
        self.people_limit = np.full(periods, np.inf) if people is None else np.array(people) + 1e-6
        self.past = past_periods(self.policy)
        self.people_limit[: self.past] = np.inf
        self._managed = np.full((len(market.ladder.regions), periods), 0)
        self._costs = np.array([r.office_cost for r in market.ladder.rungs])
        self._from = np.array([r.office_from for r in market.ladder.rungs])
        for i in np.flatnonzero(market.base):
            self.need = self.need + self._manage(i, 0, commit=True)
        for row in np.flatnonzero(self.c.fixed):
            self._commit(row, self._manage(self.c.unit[row], self.c.start[row], commit=True))

    def _manage(self, unit: int, start: int, *, commit: bool) -> np.ndarray:
        """Office costs that managing one more unit from `start` on adds, up the ladder."""
        extra = np.zeros(len(self.need))
        node, since, n = unit, np.arange(len(extra)) >= start, len(self.problem.market.units)
        ladder = self.problem.market.ladder
        while since.any() and (g := ladder.parent[node]) >= 0:
            before = self._managed[g] >= self._from[g]
            after = self._managed[g] + since >= self._from[g]
            if commit:
                self._managed[g] += since
            since = after & ~before
            extra += since * self._costs[g]
            node = n + g
        return extra

    def touches(self, unit: int, start: int) -> bool:
        """Whether a unit may start by the contiguity rule."""
        rule, market = self.policy.contiguity, self.problem.market
        if rule == "none":
            return True
        near = market.adjacency.indices[market.adjacency.indptr[unit] : market.adjacency.indptr[unit + 1]]
        if rule == "held":
            return bool((market.base[near] | (self.since[near] < start)).any())
        always = self.problem.base_strong[near].all(axis=1)
        return bool(always.any() or (start > 0 and self.strong[near, start - 1].any()))

    def try_start(self, row: int) -> bool:
        """Start candidate `row` if everything stays feasible; True if it was started."""
        c, policy = self.c, self.policy
        unit, start = c.unit[row], c.start[row]
        if self.since[unit] < len(self.need) or not self.touches(unit, start):
            return False
        if policy.new_units is not None and self.started[start] >= policy.new_units:
            return False
        if (self.people + c.people[row] > self.people_limit).any():
            return False
        office = self._manage(unit, start, commit=False)
        need = self.need + office + c.outlay[row] - policy.reinvest * c.income[row]
        if not self._affordable(need):
            return False
        self._commit(row, self._manage(unit, start, commit=True))
        return True

    def _affordable(self, need: np.ndarray) -> bool:
        now = slice(self.past, None)
        if self.limit is not None:
            return bool((np.cumsum(need)[now] <= self.limit[now] + 1e-6 * self.limit[-1]).all())
        return cash_position(self.problem, 0 * need, need)[2]

    def _commit(self, row: int, office: np.ndarray) -> None:
        c = self.c
        self.need = self.need + office + c.outlay[row] - self.policy.reinvest * c.income[row]
        self.people = self.people + c.people[row]
        self.started[c.start[row]] += 1
        self.since[c.unit[row]] = c.start[row]
        self.strong[c.unit[row]] |= c.strong[row]
        self.rows.append(int(row))


def build_by_score(problem: Problem, score: np.ndarray) -> np.ndarray:
    """Period by period, start what scores highest among what is allowed and affordable.

    Parameters
    ----------
    problem : Problem
    score : ndarray, shape (candidates,)
        Higher is earlier; ``-inf`` is never started (unless decided already).

    Returns
    -------
    ndarray
        Rows of the candidates started, sorted.
    """
    builder, c = Builder(problem), problem.candidates
    order = np.lexsort([c.unit, -score])
    order = order[np.isfinite(score[order]) & ~c.fixed[order]]
    by_period = [order[c.start[order] == t] for t in range(problem.shape[1])]
    for rows in by_period:
        for row in rows:
            builder.try_start(row)
    return np.array(sorted(builder.rows), dtype=int)


def greedy_score(problem: Problem) -> np.ndarray:
    """Value per yuan that the choice binds at its deepest point; choices without profit are left out."""
    c = problem.candidates
    need = np.cumsum(c.outlay - problem.market.policy.reinvest * c.income, axis=1)
    deepest = np.maximum(need.max(axis=1, initial=0.0), 1e-9)
    score = c.value / deepest
    return np.where(c.value > 0, score, -np.inf)


def greedy(problem: Problem) -> np.ndarray:
    """Greedy plan: the best of a few scores (value per yuan, value), pinned units before all others."""
    from .evaluate import evaluate

    c = problem.candidates
    pinned = problem.market.units.isin(list(problem.market.policy.pinned))[c.unit]
    first = greedy_score(problem)
    scores = (first, np.where(np.isfinite(first), c.value, -np.inf))
    plans = [build_by_score(problem, np.where(pinned, 1e18, s)) for s in scores]
    return max(plans, key=lambda rows: evaluate(problem, rows).value)
