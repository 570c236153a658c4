"""Simulated annealing over the preference order of the greedy builder.

Always holds: every state is a feasible plan, because the builder makes it; the best plan seen is returned, so
it is
never worse than the start; the same seed gives the same plan.
"""

from __future__ import annotations

import numpy as np

from .candidates import Problem
from .evaluate import evaluate
from .greedy import Builder, ladder_score


def anneal(
    problem: Problem, start: np.ndarray, *, rounds: int, rng: np.random.Generator, report=None, clock=None
):
    """Improve a plan by changing preferences of units and of whole rung regions.

    Parameters
    ----------
    problem : Problem
    start : ndarray
        Rows of a feasible plan.
    rounds : int
        Plans tried.
    rng : Generator
    report : callable, optional
        Called with the best value after each round.

    Returns
    -------
    ndarray
        Rows of the best plan seen.
    """
    market, c, builder = problem.market, problem.candidates, Builder(problem)
    score = ladder_score(problem)
    pinned = market.units.isin(list(market.policy.pinned))[c.unit]
    home = market.ladder.parent[: len(market.units)]
    best, best_value = start, evaluate(problem, start).value
    taste, value = np.zeros((len(market.units), len(market.policy.programmes))), -np.inf
    taste += _taste_of(problem, start)
    heat = 0.005 * max(abs(best_value - problem.base_value), 1.0)
    for k in range(rounds):
        if clock is not None and clock.left() <= 0:
            break
        new = taste + _move(taste.shape, home, rng)
        rows = builder.build(np.where(pinned, 1e18, score * np.exp(new[c.unit, c.programme])))
        found = evaluate(problem, rows).value
        if found >= value or rng.random() < np.exp((found - value) / (heat * (1 - k / rounds) + 1e-9)):
            taste, value = new, found
        if found > best_value and evaluate(problem, rows).feasible:
            best, best_value = rows, found
        if report is not None:
            report(best_value)
    return best


def _taste_of(problem: Problem, rows: np.ndarray) -> np.ndarray:
    """Preferences that lead the builder towards a given plan: what it starts early is liked most."""
    c, (n, periods) = problem.candidates, problem.shape
    taste = np.zeros((n, len(problem.market.policy.programmes)))
    taste[c.unit[rows], c.programme[rows]] = 0.5 * (1 - c.start[rows] / periods)
    return taste


def _move(shape, home: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change the liking of a few units, or of all units of one rung region."""
    move = np.zeros(shape)
    if len(home) and rng.random() < 0.3:
        group = home[rng.integers(len(home))]
        move[home == group] += rng.normal(0, 0.6)
        return move
    few = rng.choice(shape[0], size=max(1, shape[0] // 30), replace=False)
    move[few] += rng.normal(0, 0.7, size=(len(few), shape[1]))
    return move
