"""Simulated annealing over single moves: a unit starts earlier, later, otherwise or not at all; two change
places.

Always holds: the best feasible plan seen is returned, so it is never worse than the start; the same seed and
number of moves give the same plan. Plans that overdraw the money are passed through at a price, so that the
search can cross from one good plan to the next.
"""

from __future__ import annotations

import math
import random

import numpy as np

from ..choices.candidates import Problem
from ..choices.evaluate import evaluate
from .control import Control
from .incremental import Ledger

#: Heat of the first and last move, in values of a typical unit; and of the first from a plan that is good
#: already.
HEAT = (0.08, 0.001)
WARM = 0.04
#: Price of a missing yuan at the first and last move, in units of what a yuan earns (the dual of the cash
#: rows); besides, at the end any overdraft costs as much as this many typical units are worth.
PRICE = (1.2, 5.0)
OVERDRAWN = 1.0
#: The time is read, and heat and prices are set, every so many moves.
BLOCK = 200


def anneal(
    problem: Problem,
    start: np.ndarray,
    *,
    moves: int,
    rng: np.random.Generator,
    yuan_earns: float = 3.0,
    likely: np.ndarray | None = None,
    warm: bool = False,
    control: Control | None = None,
) -> np.ndarray:
    """Improve a plan by single moves.

    Parameters
    ----------
    problem : Problem
    start : ndarray
        Rows of a feasible plan.
    moves : int
        Moves tried; where `control` has a time limit, as many as it allows instead.
    rng : Generator
    yuan_earns : float
        What one more yuan of the first period's budget would earn (sets the price of an overdraft).
    likely : ndarray of bool, shape (choices,), optional
        Only these choices and the plan's own are tried.
    warm : bool, default False
        The start is a good plan: begin at less heat.
    control : Control, optional
        Time limit, when the plan is good enough (in yuan), and who hears of better plans and of progress.

    Returns
    -------
    ndarray
        Rows of the best plan seen.
    """
    control = control or Control()
    ledger = Ledger(problem, start)
    draw = random.Random(int(rng.integers(2**62)))
    pool = _Pool(ledger, draw, likely)
    scale = _typical_value(problem)
    best = np.asarray(start)
    best_gain = ledger.gain
    if not pool.movable or not (control.timed or moves):
        return best
    first = WARM if warm else HEAT[0]
    k = 0
    done = 0.0
    heat = first * scale
    price = PRICE[0] * yuan_earns
    fee = 0.0
    tolerance = 1e-8 * max(1.0, *map(abs, ledger.given))
    current = _worth(ledger, price, fee, tolerance)
    while done < 1:
        k += 1
        if k % BLOCK == 0:
            done = control.done(k, moves)
            heat = scale * first * (HEAT[1] / first) ** done
            price = yuan_earns * PRICE[0] * (PRICE[1] / PRICE[0]) ** min(1.0, done / 0.85)
            fee = OVERDRAWN * scale * min(1.0, done / 0.85)
            current = _worth(ledger, price, fee, tolerance)
            control.tell(done)
            if control.enough(best_gain):
                break
        changes = pool.draw_changes()
        if not changes:
            break
        if not ledger.keeps_contiguity(changes):
            continue
        kept = [(unit, ledger.row[unit]) for unit, _ in changes]
        gain = ledger.gain
        need = ledger.need[:]
        for unit, row in changes:
            ledger.change(unit, row)
        touches = ledger.rule != "strong" or ledger.contiguous_around([unit for unit, _ in changes])
        if touches and ledger.within_limits():
            worth = _worth(ledger, price, fee, tolerance)
            if worth >= current or draw.random() < math.exp((worth - current) / heat):
                current = worth
                if ledger.gain > best_gain and ledger.shortfall() <= tolerance:
                    rows = ledger.rows()
                    best_gain = ledger.gain
                    if evaluate(problem, rows).feasible:
                        best = rows
                        control.found(best)
                continue
        for unit, row in reversed(kept):
            ledger.change(unit, row)
        # exactly as before, no rounding left over
        ledger.gain = gain
        ledger.need = need
    return best


def _typical_value(problem: Problem) -> float:
    """Median over units of what the unit's best choice alone is worth, of units worth anything."""
    c = problem.candidates
    best = np.zeros(problem.shape[0])
    np.maximum.at(best, c.unit, c.value)
    return float(np.median(best[best > 0])) if (best > 0).any() else 1.0


def _worth(ledger: Ledger, price: float, fee: float, tolerance: float) -> float:
    missing = ledger.shortfall()
    return ledger.gain - price * missing - (fee if missing > tolerance else 0.0)


class _Pool:
    """What may change: units with choices that no order has decided."""

    def __init__(self, ledger: Ledger, draw: random.Random, likely: np.ndarray | None):
        c = ledger.problem.candidates
        case = ledger.problem.case
        self.ledger = ledger
        self.draw = draw
        decided = set(c.unit[c.fixed].tolist())
        self.by_start: list[dict[int, list[int]]] = [{} for _ in range(ledger.n)]
        for row, (unit, start) in enumerate(zip(ledger.unit, ledger.start, strict=True)):
            if unit not in decided and (likely is None or likely[row] or ledger.row[unit] == row):
                self.by_start[unit].setdefault(start, []).append(row)
        self.movable = [unit for unit in range(ledger.n) if self.by_start[unit]]
        pinned = case.units.isin(list(case.policy.pinned))
        self.must = pinned.tolist()

    def draw_changes(self) -> list[tuple[int, int]]:
        """One unit drawn anew, two units drawn anew, or two in each other's time; nothing if nothing can."""
        for _ in range(1000):
            unit = self.movable[self.draw.randrange(len(self.movable))]
            kind = self.draw.random()
            if kind < 0.35:
                changes = [(unit, self._other_start(unit))]
            else:
                other = self._partner(unit)
                if other == unit:
                    continue
                if kind < 0.7:
                    changes = [(unit, self._other_start(unit)), (other, self._other_start(other))]
                else:
                    changes = self._swapped(unit, other)
            if any(row is None for _, row in changes):
                continue
            if any(row != self.ledger.row[u] for u, row in changes):
                return changes
        return []

    def _partner(self, unit: int) -> int:
        """A neighbour that may change, or any unit."""
        near = self.ledger.near[unit]
        if near and self.draw.random() < 0.5:
            other = near[self.draw.randrange(len(near))]
            return other if self.by_start[other] else unit
        return self.movable[self.draw.randrange(len(self.movable))]

    def _other_start(self, unit: int) -> int | None:
        """A choice of the unit near its present start, or none; None where there is no such choice."""
        ledger = self.ledger
        periods = self.ledger.periods
        draw = self.draw
        since = ledger.since[unit]
        if since < periods:
            if draw.random() < 0.12:
                return None if self.must[unit] else -1
            start = since + draw.choice((-3, -2, -1, -1, 1, 1, 2, 3))
        elif ledger.free[unit] and draw.random() < 0.5:
            start = draw.randrange(periods)
        else:  # from the first period in which a neighbour is held
            start = min((ledger.since[other] for other in ledger.near[unit]), default=periods)
            start = min(periods - 1, max(0, start + 1 + draw.randrange(4)))
        return self._at(unit, start)

    def _at(self, unit: int, start: int) -> int | None:
        rows = self.by_start[unit].get(start)
        return rows[self.draw.randrange(len(rows))] if rows else None

    def _swapped(self, unit: int, other: int) -> list[tuple[int, int | None]]:
        since = self.ledger.since
        periods = self.ledger.periods
        pairs = ((unit, since[other]), (other, since[unit]))
        none = [(None if self.must[u] else -1) for u, _ in pairs]
        return [(u, self._at(u, t) if t < periods else none[k]) for k, (u, t) in enumerate(pairs)]
