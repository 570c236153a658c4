"""A walk over assignments: single units and pairs change territory across a border.

Always holds: every territory stays connected and keeps at least one unit; the books (members, loads, prices
of imbalance) equal those counted afresh; the same seed gives the same walk on every machine, because the
walk is counted in proposals and no clock is asked. Plain lists on purpose: at this size they are ten times
as fast as arrays.
"""

from __future__ import annotations

import numpy as np

from ..problem import NO_BALANCE, Problem

#: Partners tried for a swap where a single move is refused.
SWAP_TRIES = 3
#: A move that costs more travel than this many temperatures is not saved by a swap.
SWAP_REACH = 1.0
#: Price of two units together that should be apart, in loads out of the band.
APART_PRICE = 4.0


class Walk:
    """State of a walk: ``label`` a territory for each unit, ``at`` a site for each territory."""

    def __init__(self, problem: Problem, label, rng: np.random.Generator):
        self.problem = problem
        self.rng = rng
        self.near = problem.neighbors
        self.linked = [set(one) for one in self.near]
        self.tail = [i for i, one in enumerate(self.near) for _ in one]
        self.head = [j for one in self.near for j in one]
        self.lock = problem.lock
        self.apart = problem.apart or None
        self.label = list(label)
        self.columns = problem.loads.T.tolist()
        self._members()
        self._measures()
        self.at = [-1] * problem.k  # the site that each row of `cost` was made for
        self.cost = [[0.0] * problem.n for _ in range(problem.k)]
        self.changed = set(range(problem.k))
        self.settle()

    def _members(self) -> None:
        self.members: list[list[int]] = [[] for _ in range(self.problem.k)]
        self.place = [0] * self.problem.n
        for i, t in enumerate(self.label):
            self.place[i] = len(self.members[t])
            self.members[t].append(i)

    def _measures(self) -> None:
        """Per measure: loads of units and territories, prices, half the band, the price's scale.

        A territory of several people starts below zero, so that all are balanced at 1; its band is wider than
        the price knows, and is kept by the score.
        """
        self.measures = []
        self.heads = self.problem.heads.tolist()
        missing = [1 - h for h in self.heads]
        for column, tolerance in zip(self.columns, self.problem.tolerance.tolist(), strict=True):
            if tolerance >= NO_BALANCE:
                continue
            load = [
                sum(column[i] for i in one) + less for one, less in zip(self.members, missing, strict=True)
            ]
            half = tolerance / 2
            scale = 1 / max(tolerance, 1e-3) ** 2
            price = [max(abs(x - 1) - half, 0.0) ** 2 * scale for x in load]
            self.measures.append((column, load, price, half, scale))

    def settle(self) -> None:
        """Put every changed territory's site at its median unit and refresh what its units cost there."""
        problem = self.problem
        if problem.cut:
            self.changed.clear()
            return
        for t in sorted(self.changed):
            if problem.site[t] < 0:
                at = np.array(sorted(self.members[t]))
                travel = problem.weight[at] @ problem.distance[np.ix_(at, at)]
                site = int(at[travel.argmin()])
            else:
                site = problem.site[t]
            if site != self.at[t]:
                self.at[t] = site
                self.cost[t] = unit_costs(problem, t, site).tolist()
        self.changed.clear()

    def quick_score(self) -> tuple[int, float]:
        """As `score`, from the books; the sites must be settled."""
        out = 0
        for _, load, _, half, _ in self.measures:
            out += sum(abs(x - 1) > (2 * half + 1e-9) * h for x, h in zip(load, self.heads, strict=True))
        if self.apart is not None:
            label = self.label
            out += sum(j > i and label[i] == label[j] for i, one in enumerate(self.apart) for j in one)
        if self.problem.cut:
            return out, total_cost(self.problem, self.label)
        cost = self.cost
        return out, sum(cost[t][i] for i, t in enumerate(self.label))

    def block(self, count: int, temperature: float, price: float) -> None:
        """Make `count` proposals at a temperature and a price of imbalance."""
        rng = self.rng
        edges = rng.integers(0, len(self.tail), count).tolist()
        limits = (-temperature * np.log1p(-rng.random(count))).tolist()
        picks = rng.random(count).tolist()
        label = self.label
        tail = self.tail
        head = self.head
        lock = self.lock
        cost = self.cost
        measures = self.measures
        cut = self.problem.cut
        reach = SWAP_REACH * temperature
        for e, limit, pick in zip(edges, limits, picks, strict=True):
            i = tail[e]
            a = label[i]
            b = label[head[e]]
            if a == b or lock[i] >= 0:
                continue
            travel = self._cut_change(i, a, b) if cut else cost[b][i] - cost[a][i]
            change = travel
            for column, load, now, half, scale in measures:
                x = column[i]
                off = abs(load[a] - x - 1) - half
                after = off * off * scale if off > 0 else 0.0
                off = abs(load[b] + x - 1) - half
                if off > 0:
                    after += off * off * scale
                change += price * (after - now[a] - now[b])
            if self.apart is not None:
                change += price * self._meets(i, a, b)
            if change <= limit:
                if self.stays_connected(i, a):
                    self.move(i, a, b)
            elif travel <= reach:  # refused for its load: perhaps something can come back for it
                self._swap(i, a, b, (limit, price, pick))

    def _swap(self, i: int, a: int, b: int, how: tuple) -> None:
        """Let some unit of `b` go to `a` while `i` comes, if the pair is accepted."""
        limit, price, pick = how
        label = self.label
        pool = self.members[b]
        size = len(pool)
        start = int(pick * size)
        tries = 0
        for step in range(min(size, 4 * SWAP_TRIES)):
            j = pool[(start + step) % size]
            if self.lock[j] >= 0 or not any(label[h] == a and h != i for h in self.near[j]):
                continue
            tries += 1
            if self._swap_change(i, j, price) <= limit and self._swap_connected(i, j, a, b):
                self.move(i, a, b)
                self.move(j, b, a)
                return
            if tries >= SWAP_TRIES:
                return

    def _swap_change(self, i: int, j: int, price: float) -> float:
        label = self.label
        a = label[i]
        b = label[j]
        if self.problem.cut:
            change = self._cut_change(i, a, b) + self._cut_change(j, b, a) + 2 * (j in self.linked[i])
        else:
            change = self.cost[b][i] - self.cost[a][i] + self.cost[a][j] - self.cost[b][j]
        for column, load, now, half, scale in self.measures:
            x = column[i] - column[j]
            off = abs(load[a] - x - 1) - half
            after = off * off * scale if off > 0 else 0.0
            off = abs(load[b] + x - 1) - half
            if off > 0:
                after += off * off * scale
            change += price * (after - now[a] - now[b])
        if self.apart is not None:
            change += price * (self._meets(i, a, b, without=j) + self._meets(j, b, a, without=i))
        return change

    def _cut_change(self, i: int, a: int, b: int) -> int:
        label = self.label
        return sum((label[j] == a) - (label[j] == b) for j in self.near[i])

    def _meets(self, i: int, a: int, b: int, without: int = -1) -> float:
        """Price of whom `i` meets in `b` less whom it leaves in `a`."""
        label = self.label
        met = sum((label[j] == b) - (label[j] == a) for j in self.apart[i] if j != without)
        return APART_PRICE * met

    def _swap_connected(self, i: int, j: int, a: int, b: int) -> bool:
        label = self.label
        if not any(label[h] == b and h != j for h in self.near[i]):
            return False
        return self.stays_connected(i, a) and self.stays_connected(j, b)

    def stays_connected(self, i: int, t: int) -> bool:
        """Whether territory `t` is connected, and not empty, without its unit `i`."""
        label = self.label
        around = [j for j in self.near[i] if label[j] == t]
        if len(around) < 2:
            return bool(around)
        left = set(around)
        left.discard(around[0])
        reached = [around[0]]
        for j in reached:  # the neighbours among themselves: nearly always enough
            hit = left & self.linked[j]
            if hit:
                left -= hit
                if not left:
                    return True
                reached.extend(hit)
        near = self.near
        seen = {i, *reached}
        for j in reached:
            for h in near[j]:
                if h not in seen and label[h] == t:
                    if h in left:
                        left.discard(h)
                        if not left:
                            return True
                    seen.add(h)
                    reached.append(h)
        return False

    def move(self, i: int, a: int, b: int) -> None:
        """Take unit `i` from `a` to `b` and keep the books."""
        self.label[i] = b
        members = self.members[a]
        last = members.pop()
        if last != i:
            at = self.place[i]
            members[at] = last
            self.place[last] = at
        self.place[i] = len(self.members[b])
        self.members[b].append(i)
        for column, load, price, half, scale in self.measures:
            x = column[i]
            load[a] -= x
            load[b] += x
            off = abs(load[a] - 1) - half
            price[a] = off * off * scale if off > 0 else 0.0
            off = abs(load[b] - 1) - half
            price[b] = off * off * scale if off > 0 else 0.0
        self.changed.add(a)
        self.changed.add(b)


def unit_costs(problem: Problem, territory: int, site: int) -> np.ndarray:
    """Cost of every unit (n,) in a territory served from a site, the price of moving included."""
    cost = problem.weight * problem.distance[:, site]
    if problem.keep:
        old = np.asarray(problem.old)
        cost = cost + problem.keep * problem.loads[:, 0] * ((old >= 0) & (old != territory))
    return cost


def score(problem: Problem, label) -> tuple[float, float]:
    """What the search minimises: territories out of a band (and pairs that should be apart), then cost.

    Counted afresh from the labels; ties of the median go to the first unit in canonical order.
    """
    label = np.asarray(label)
    out = 0
    heads = problem.heads
    for column, tolerance in zip(problem.loads.T, problem.tolerance, strict=True):
        load = np.bincount(label, weights=column, minlength=problem.k) / heads
        out += int((np.abs(load - 1) > tolerance + 1e-9).sum())
    for i, others in enumerate(problem.apart):
        out += sum(1 for j in others if j > i and label[i] == label[j])
    return out, total_cost(problem, label)


def total_cost(problem: Problem, label) -> float:
    """Travel to the medians (or cut borders), and the price of what moves."""
    label = np.asarray(label)
    if problem.cut:
        return float(sum(label[i] != label[j] for i, one in enumerate(problem.neighbors) for j in one)) / 2
    total = 0.0
    for t, site in enumerate(medians(problem, label)):
        total += float(unit_costs(problem, t, site)[label == t].sum())
    return total


def medians(problem: Problem, label) -> list[int]:
    """Site of each territory: the fixed one, else the unit with the least weighted distance to all others."""
    label = np.asarray(label)
    sites = []
    for t in range(problem.k):
        at = np.flatnonzero(label == t)
        if problem.site[t] >= 0:
            sites.append(problem.site[t])
        else:
            travel = problem.weight[at] @ problem.distance[np.ix_(at, at)]
            sites.append(int(at[travel.argmin()]))
    return sites
