"""Bounds from relaxations that were not solved to the end."""

import numpy as np
import pytest

from mktanalysis.expansion import Assumptions, Policy, Search, expansion_market, grid_example
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.milp.build import build_model
from mktanalysis.expansion.search.bounds import INTERIOR
from mktanalysis.expansion.search.solve import solve


def easy_policy(**fields):
    """A policy in the world without resistance, where a plan can be followed by hand."""
    return Policy(**fields).assuming(Assumptions.easy())


def grid_problem(seed):
    units, edges, tree = grid_example(4, 4, random_state=seed)
    policy = easy_policy(base=("r1c1",), periods=4, budget=4e6).assuming(Assumptions.easy(terminal_years=6.0))
    return build_problem(expansion_market(units, edges, tree), policy)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("form", ["usual", "tight", "coarse"])
def test_bound_holds_wherever_the_interior_point_method_stops(seed, form):
    problem = grid_problem(seed)
    best = solve(problem, Search(gap=0.0, nodes=10_000))
    assert best.ended == "optimal"
    model = build_model(problem, form=form)
    bounds = []
    for steps in (4, 8, 200):
        options = {**INTERIOR, "ipm_iteration_limit": steps}
        bounds.append(model.program.solve(relaxed=True, options=options).bound * model.scale)
    assert min(bounds) >= best.objective * (1 - 1e-9)
    exact = model.program.solve(relaxed=True).bound * model.scale
    assert bounds[-1] == pytest.approx(exact, rel=1e-4)
    assert np.isfinite(bounds[-1])
