"""A finished plan's own consistency."""

import numpy as np

from mktanalysis.expansion import Policy, grid_example
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
