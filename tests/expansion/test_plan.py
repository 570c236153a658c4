"""A finished plan's own consistency."""

import numpy as np
import pytest

from mktanalysis.expansion import Policy, grid_example, plan_expansion
from mktanalysis.expansion.candidates import build_problem
from mktanalysis.expansion.evaluate import evaluate
from mktanalysis.expansion.market import build_market
from mktanalysis.expansion.simulate import Starts, replay


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


def test_gain_is_the_cash_beyond_the_base_and_what_comes_after_the_horizon():
    units, edges, tree = grid_example(3, 3, random_state=2)
    policy = Policy(base=("r2c2",), periods=4, budget=5e6, terminal_years=5.0)
    tables = units, edges, tree
    plan = plan_expansion(*tables, policy=policy)
    bare = plan_expansion(*tables, policy=policy.replace(forbidden=tuple(set(units["region"]) - {"r2c2"})))
    weight = 1.1 ** -np.arange(1.0, 5)
    within = (plan.cash_flow["cash"] - bare.cash_flow["cash"]) @ weight
    assert plan.figures["gain"] == pytest.approx(within + plan.figures["gain_after"])
    none = plan_expansion(*tables, policy=policy.replace(terminal_years=0.0))
    assert none.figures["gain_after"] == pytest.approx(0.0, abs=1e-3)
    assert len(plan.steps) > 0 and plan.figures["gain_after"] > 0
