"""The exact solver against brute force, and a finished plan's own consistency."""

import itertools

import numpy as np
import pytest

from mktanalysis.expansion import Policy, Search, grid_example
from mktanalysis.expansion.candidates import build_problem
from mktanalysis.expansion.evaluate import evaluate
from mktanalysis.expansion.market import build_market
from mktanalysis.expansion.plan import make_plan
from mktanalysis.expansion.simulate import Starts, replay
from mktanalysis.expansion.solve import solve


def brute_force(problem):
    """Best value over every set of starts, contiguity judged by walking the neighbours."""
    market, c = problem.market, problem.candidates
    rule, periods = market.policy.contiguity, market.policy.periods
    choices = [[-1, *np.flatnonzero(c.unit == i)] for i in np.unique(c.unit)]
    near = {i: np.flatnonzero(market.adjacency[[i]].toarray()[0]) for i in range(len(market.units))}
    best = -np.inf
    for picked in itertools.product(*choices):
        rows = [row for row in picked if row >= 0]
        since = np.where(market.base, -1, periods)
        for row in rows:
            since[c.unit[row]] = c.start[row]
        if rule == "held" and any((since[near[c.unit[r]]] >= c.start[r]).all() for r in rows):
            continue
        result = evaluate(problem, rows)
        if rule == "strong":
            ok = True
            for r in rows:
                s, around = c.start[r], near[c.unit[r]]
                always = (market.base[around] & result.strong[around].all(axis=1)).any()
                ok &= bool(always or (s > 0 and result.strong[around, s - 1].any()))
            if not ok:
                continue
        if result.feasible:
            best = max(best, result.value)
    return best


# with a wide net every unit may start at any time: fewer units; on the 4x4 grid two periods reach two steps
CASES = [
    ("held", 3, 1, (3, 3)),
    ("held", 2, 2, (3, 3)),
    ("strong", 3, 1, (3, 3)),
    ("none", 2, 2, (2, 3)),
    ("held", 2, 1, (4, 4)),
]


@pytest.mark.parametrize(("rule", "periods", "programmes", "shape"), CASES)
@pytest.mark.parametrize("seed", range(2))
def test_exact_equals_brute_force(seed, rule, periods, programmes, shape):
    units, edges, tree = grid_example(*shape, random_state=seed)
    policy = Policy(
        base=("r1c1",), periods=periods, budget=3e6, contiguity=rule, spill=0.1, terminal_years=6.0
    )
    policy = policy.replace(programmes=policy.programmes[-programmes:])
    problem = build_problem(build_market(units, edges, tree, policy=policy))
    plan = make_plan(problem, solve(problem, Search(gap=0.0, nodes=10_000)), tree)
    assert plan.value + problem.base_value == pytest.approx(brute_force(problem), rel=1e-7)
    assert plan.checks["holds"].all()


def test_replay_returns_what_evaluation_promised_for_any_starts():
    units, edges, tree = grid_example(4, 4, random_state=5)
    problem = build_problem(
        build_market(units, edges, tree, policy=Policy(base=("r2c2",), periods=6, contiguity="none"))
    )
    rng, c = np.random.default_rng(0), problem.candidates
    for _ in range(20):
        rows = [rng.choice(np.flatnonzero(c.unit == i)) for i in np.unique(c.unit) if rng.random() < 0.5]
        seen, told = (
            replay(problem.market, Starts(c.unit[rows], c.programme[rows], c.start[rows])),
            evaluate(problem, rows),
        )
        np.testing.assert_allclose(seen.value[0], told.value)
        np.testing.assert_allclose(seen.money[0], told.money)
        np.testing.assert_array_equal(seen.rungs[0], told.rungs)
