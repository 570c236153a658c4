"""Problems that share the paths of their choices equal those that are built alone."""

import dataclasses

import numpy as np
import pytest

from mktanalysis.expansion import Assumptions, Policy, expansion_market, grid_example
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.strategies.rules import Shared


def assert_same(one, two):
    for name in ("names", "base_value", "shape"):
        assert getattr(one, name) == getattr(two, name)
    for name in ("weight", "weight_end", "base_need", "base_people", "base_strong"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    for part in dataclasses.fields(one.candidates):
        np.testing.assert_array_equal(
            getattr(one.candidates, part.name), getattr(two.candidates, part.name), err_msg=part.name
        )
    assert one.case.policy == two.case.policy and one.case.assumptions == two.case.assumptions
    np.testing.assert_array_equal(one.case.earliest, two.case.earliest)


@pytest.mark.parametrize("contiguity", ["held", "strong", "none"])
@pytest.mark.parametrize("keep_dominated", [True, False])
@pytest.mark.parametrize("more", [{}, {"pinned": {"r4c4": 2027}, "forbidden": ("r1c1",)}])
def test_a_shared_problem_is_the_one_built_alone(contiguity, keep_dominated, more):
    market = expansion_market(*grid_example(4, 5, random_state=2))
    policy = Policy(base=("r2c2",), periods=5, start=2025, budget=5e6, **more)
    assumptions = Assumptions(spill=0.1)
    shared = Shared(market, policy, assumptions)
    changes = (
        (shared, policy, assumptions),
        (shared.also(policy=policy.replace(budget=9e6)), policy.replace(budget=9e6), assumptions),
        (shared.also(assumptions=assumptions.replace(spill=0.0)), policy, assumptions.replace(spill=0.0)),
    )
    for one, own, assumed in changes:
        alone = build_problem(
            market, own.replace(contiguity=contiguity), assumed, keep_dominated=keep_dominated
        )
        assert_same(one.problem(contiguity, keep_dominated=keep_dominated), alone)
