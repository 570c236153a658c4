"""The books of one plan: what it is worth and what it takes, kept up to date while single units change.

Always holds: after any changes the figures equal those of `evaluate` for the same starts (the base's own
included alike); a change costs time in proportion to the unit's neighbours and periods, not to the plan.
Plain lists and whole-number masks on purpose: at this size they are ten times as fast as arrays.
"""

from __future__ import annotations

import numpy as np

from ..choices.candidates import Problem
from ..choices.evaluate import needs_no_neighbour, node_sums, past_periods, radiance_matrix


class Ledger:
    """State of a plan: ``row[unit]`` the choice started (-1 none), ``since[unit]`` its first period.

    ``gain`` is the discounted profit and ``need[t]`` the money taken, both without the base's own starts.
    """

    def __init__(self, problem: Problem, rows=()):
        case = problem.case
        c = problem.candidates
        policy = problem.case.policy
        assumptions = problem.case.assumptions
        self.problem = problem
        (self.n, self.periods) = problem.shape
        self.unit = c.unit.tolist()
        self.start = c.start.tolist()
        self.value = c.value.tolist()
        self.taken = c.need.tolist()
        self.people_of = c.people.tolist()
        self.opening = c.opening.tolist()
        self.loss = c.loss.tolist()
        self.mask = _masks(c.strong)
        self.hold = _masks(c.held)
        self.base_mask = _masks(problem.base_strong)
        near = case.adjacency
        self.near = [near.indices[near.indptr[i] : near.indptr[i + 1]].tolist() for i in range(self.n)]
        self.weight = problem.weight.tolist()
        self.weight_end = problem.weight_end.tolist()
        self.spill = assumptions.spill
        self.cap = assumptions.spill_cap
        self.reinvest = policy.reinvest
        self.gain = 0.0
        self.need = [0.0] * self.periods
        self.nothing = [0.0] * self.periods
        self.people, self.starts = problem.base_people.tolist(), [0] * self.periods
        self.row = [-1] * self.n
        self.base_hold = [((1 << self.periods) - 1) * held for held in case.base.tolist()]
        self.since = np.where(case.base, -1, self.periods).tolist()
        self._limits()
        self._ladder()
        for row in rows:
            self.change(self.unit[row], int(row))

    def _limits(self) -> None:
        problem = self.problem
        policy = self.problem.case.policy
        self.rule = policy.contiguity
        self.carry = policy.carry_over
        self.past = past_periods(policy)
        self.given = (np.array(policy.per_period("budget")) - problem.base_need).tolist()
        people = policy.per_period("people")
        self.people_limit = None if people is None else [limit + 1e-9 for limit in people]
        self.most_starts = policy.new_units
        self.free = needs_no_neighbour(problem).tolist()

    def _ladder(self) -> None:
        case = self.problem.case
        c = self.problem.candidates
        ladder = case.ladder
        (n, periods) = self.problem.shape
        count = len(ladder.regions)
        self.parent = ladder.parent.tolist()
        self.needed = ladder.needed.tolist()
        self.office_from = [rung.office_from for rung in ladder.rungs]
        self.office_cost = [rung.office_cost for rung in ladder.rungs]
        weight = node_sums(case, case.capacity)
        self.node_weight = weight.tolist()
        part = np.array([rung.capacity_share for rung in ladder.rungs])[:, None]
        share = np.array([rung.share for rung in ladder.rungs])[:, None]
        self.weight_needed = (part * weight[n:] * (1 - 1e-9)).tolist()
        self.sales_needed = (share * weight[n:] * (1 - 1e-9)).tolist()
        self.radiance = radiance_matrix(case).tolist()
        self.sales_of = (c.share * case.capacity[c.unit]).tolist()
        zeros = np.zeros((count, periods))
        self.managed = zeros.astype(int).tolist()
        self.office = zeros.astype(int).tolist()
        self.counted = zeros.astype(int).tolist()
        self.rung = zeros.astype(int).tolist()
        self.strong_weight = zeros.tolist()
        self.sales = node_sums(case, case.capacity * self.problem.base_share)[n:].tolist()
        for unit in np.flatnonzero(case.base):
            for t in range(periods):
                self._manage(unit, t, 1)
        for unit, t in zip(*np.nonzero(self.problem.base_strong), strict=True):
            self._strengthen(unit, t, 1)
        for region in range(count):
            for t in range(periods):
                self._rung(region, t)

    def change(self, unit: int, new: int) -> None:
        """Let `unit` start the choice `new` (-1: not at all) instead of what it has now."""
        old = self.row[unit]
        if old == new:
            return
        before, after = (self.mask[row] if row >= 0 else 0 for row in (old, new))
        differs = before ^ after
        helped = self._helped(unit, differs)
        for other in helped:
            self._save(other, -1)
        if old >= 0:
            self._book(unit, old, -1)
        self.row[unit] = new
        self.since[unit] = self.start[new] if new >= 0 else self.periods
        if new >= 0:
            self._book(unit, new, 1)
        for other in helped:
            self._save(other, 1)
        if self.office:
            self._climb(unit, old, new, differs, after)

    def _helped(self, unit: int, differs: int) -> list[int]:
        """Neighbours whose start sees another strength of `unit` than before."""
        if not differs or not self.spill:
            return []
        at = ((other, self.row[other]) for other in self.near[unit])
        return [
            other
            for other, row in at
            if row >= 0 and self.start[row] and differs >> (self.start[row] - 1) & 1
        ]

    def _book(self, unit: int, row: int, sign: int) -> None:
        start = self.start[row]
        taken = self.taken[row]
        people = self.people_of[row]
        self.gain += sign * self.value[row]
        self.starts[start] += sign
        for t in range(start, self.periods):
            self.need[t] += sign * taken[t]
        if self.people_limit is not None:
            for t in range(start, self.periods):
                self.people[t] += sign * people[t]
        if self.spill:
            self._save(unit, sign)

    def _save(self, unit: int, sign: int) -> None:
        """Book what strong neighbours of the period before save of the unit's opening."""
        row = self.row[unit]
        t = self.start[row]
        back = t - 1 if t else 0
        saved = 0.0
        for other in self.near[unit]:
            at = self.row[other]
            mask = self.mask[at] if at >= 0 and t else self.base_mask[other]
            if mask >> back & 1:
                saved += self.spill
        if saved:
            saved = min(saved, self.cap) * self.opening[row]
            self.gain += sign * saved * self.weight[t]
            beyond = saved - self.loss[row]  # as in `felt_saving`
            felt = saved if beyond <= 0 else self.loss[row] + self.reinvest * beyond
            self.need[t] -= sign * felt

    def _climb(self, unit: int, old: int, new: int, differs: int, after: int) -> None:
        """Offices, sales and rungs above a unit that starts otherwise."""
        was = self.start[old] if old >= 0 else self.periods
        now = self.start[new] if new >= 0 else self.periods
        for t in range(now, was):
            self._manage(unit, t, 1)
        for t in range(was, now):
            self._manage(unit, t, -1)
        first = min(was, now)
        region = self.parent[unit]
        above = []
        while region >= 0:
            above.append(region)
            region = self.parent[self.n + region]
        more, less = (self.sales_of[row] if row >= 0 else self.nothing for row in (new, old))
        later = range(first, self.periods)
        for region in above:
            sales = self.sales[region]
            for t in later:
                sales[t] += more[t] - less[t]
        if differs:
            for t in later:
                if differs >> t & 1:
                    self._strengthen(unit, t, 1 if after >> t & 1 else -1)
        for region in above:  # sales may have crossed their threshold; lower regions count in the next
            counted = self.counted[region]
            needed = self.needed[region]
            sales = self.sales[region]
            threshold = self.sales_needed[region]
            on = self.rung[region]
            for t in later:
                if counted[t] >= needed and on[t] != (sales[t] >= threshold[t]):
                    self._rung(region, t)

    def _manage(self, node: int, t: int, sign: int) -> None:
        region = self.parent[node]
        if region < 0:
            return
        self.managed[region][t] += sign
        on = int(self.managed[region][t] >= self.office_from[region])
        if on != self.office[region][t]:
            sign = 1 if on else -1
            self.office[region][t] = on
            self.gain -= sign * self.office_cost[region] * self.weight_end[t]
            self.need[t] += sign * self.office_cost[region]
            self._manage(self.n + region, t, sign)

    def _strengthen(self, node: int, t: int, sign: int) -> None:
        region = self.parent[node]
        if region >= 0:
            self.counted[region][t] += sign
            self.strong_weight[region][t] += sign * self.node_weight[node][t]
            self._rung(region, t)

    def _rung(self, region: int, t: int) -> None:
        on = int(
            self.counted[region][t] >= self.needed[region]
            and self.strong_weight[region][t] >= self.weight_needed[region][t]
            and self.sales[region][t] >= self.sales_needed[region][t]
        )
        if on != self.rung[region][t]:
            sign = 1 if on else -1
            self.rung[region][t] = on
            profit = sign * self.radiance[region][t]
            self.gain += profit * self.weight_end[t]
            self.need[t] -= self.reinvest * profit
            self._strengthen(self.n + region, t, sign)

    def supported(self, unit: int) -> bool:
        """Whether the unit, if started, touches what is held (or strong) the period before."""
        t = self.since[unit]
        if self.free[unit] or t < 0 or t >= self.periods:
            return True
        if t == 0:
            return False  # beside the base it would be free
        held = self.rule == "held"
        mine, base = (self.hold, self.base_hold) if held else (self.mask, self.base_mask)
        at = ((other, self.row[other]) for other in self.near[unit])
        return any((mine[row] if row >= 0 else base[o]) >> (t - 1) & 1 for o, row in at)

    def keeps_contiguity(self, changes) -> bool:
        """Whether units and their neighbours would all touch what is held after these changes.

        Under the rule ``strong`` it depends on more than the starts: ask `contiguous_around` afterwards.
        """
        if self.rule != "held":
            return True
        kept = [(unit, self.row[unit], self.since[unit]) for unit, _ in changes]
        for unit, row in changes:
            self.row[unit] = row
            self.since[unit] = self.start[row] if row >= 0 else self.periods
        fine = self.contiguous_around([unit for unit, _ in changes])
        for unit, row, since in kept:
            self.row[unit] = row
            self.since[unit] = since
        return fine

    def contiguous_around(self, units) -> bool:
        """Whether these units and their neighbours are all supported."""
        for unit in units:
            if not self.supported(unit):
                return False
            for other in self.near[unit]:
                if not self.supported(other):
                    return False
        return True

    def shortfall(self) -> float:
        """Most money missing at any period's end, yuan."""
        money = worst = 0.0
        for t in range(self.periods):
            money = (money if self.carry else 0.0) + self.given[t] - self.need[t]
            if money < worst and t >= self.past:
                worst = money
        return -worst

    def within_limits(self) -> bool:
        """People and new units of every open period."""
        now = range(self.past, self.periods)
        if self.most_starts is not None and any(self.starts[t] > self.most_starts for t in now):
            return False
        return self.people_limit is None or all(self.people[t] <= self.people_limit[t] for t in now)

    def rows(self) -> np.ndarray:
        return np.array(sorted(row for row in self.row if row >= 0), dtype=int)


def _masks(strong: np.ndarray) -> list[int]:
    """Periods of strength as whole numbers, bit t for period t."""
    bits = 1 << np.arange(strong.shape[1], dtype=object)
    return [int(bits[row].sum()) for row in strong]
