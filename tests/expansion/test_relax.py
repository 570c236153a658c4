"""Infeasible wishes are told with what would do: out of reach in time, or too little of a limit."""

import numpy as np
import pytest

import mktanalysis as mkt
from mktanalysis.expansion import (
    Assumptions,
    Policy,
    Rung,
    Search,
    expansion_market,
    grid_example,
    plan_expansion,
)
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.choices.evaluate import evaluate
from mktanalysis.expansion.milp.build import build_model
from mktanalysis.expansion.search import infeasible as relaxing
from mktanalysis.expansion.search import solve as solving
from mktanalysis.expansion.search.greedy import greedy
from mktanalysis.expansion.search.infeasible import Loose, relaxations
from mktanalysis.expansion.search.neighbourhoods import complete

TABLES = grid_example(4, 4, random_state=1)
#: Strong in three quarters of a province of 16 counties.
WISH = {
    "base": ("r1c1",),
    "objective": "least_cost",
    "target": "province",
}
ASSUMED = Assumptions.easy(
    rungs=(Rung(level="province", count_share=0.75, capacity_share=0.5, office_cost=1e5),)
)


def problem_of(**policy):
    units, edges, tree = TABLES
    return build_problem(expansion_market(units, edges, tree), Policy(**{**WISH, **policy}), ASSUMED)


def told(**policy):
    with pytest.raises(mkt.InfeasibleError) as caught:
        plan_expansion(
            expansion_market(*TABLES),
            Policy(**{**WISH, **policy}),
            assumptions=ASSUMED,
            search=Search(nodes=20),
        )
    return caught.value


def test_a_target_out_of_reach_in_time_names_the_years_it_takes():
    error = told(periods=3, budget=1e12)
    assert "资金和人员不限" in str(error) and len(error.relaxation) == 1
    years = int(error.relaxation["needed"].iloc[0])
    assert error.relaxation["given"].iloc[0] == 3 < years
    assert told(periods=years - 1, budget=1e12).relaxation["needed"].iloc[0] == years
    plan = plan_expansion(
        expansion_market(*TABLES),
        Policy(**{**WISH, "periods": years, "budget": 1e9}),
        assumptions=ASSUMED,
        search=Search(nodes=5),
    )
    assert "province" in set(plan.ladder["level"])


def test_a_target_that_no_horizon_reaches_names_what_else_to_loosen():
    far = tuple(f"r{i}c{j}" for i in (2, 3) for j in (1, 2, 3, 4))
    error = told(periods=6, budget=1e12, forbidden=far)
    assert "forbidden" in str(error) and "30 年" in str(error)


@pytest.mark.parametrize("limits", [{"budget": 3e5}, {"budget": 1e9, "people": 2.0}])
def test_least_loosening_by_parts_is_near_the_exact_one_and_would_do(limits, monkeypatch):
    problem = problem_of(periods=6, reinvest=0.0, **limits)
    exact = relaxations(problem)
    monkeypatch.setattr(relaxing, "EXACT_CHOICES", 0)
    table = relaxations(problem)
    assert table["condition"].tolist() == exact["condition"].tolist() and len(table) == 1
    least, found = exact["needed"].iloc[0], table["needed"].iloc[0]
    assert least <= found * 1.01 and found <= 1.3 * least
    name = "people" if "people" in limits else "budget"
    soon = (float(found) - 5 * 3e5, *[3e5] * 5)  # money at once never hurts
    years = float(found) if name == "people" else soon
    enough = problem_of(**{"periods": 6, "reinvest": 0.0, **limits, name: years})
    monkeypatch.undo()
    assert build_model(enough).program.solve(gap=0.9, nodes=50).values is not None


def test_a_plan_that_greedy_misses_is_found_by_giving_limits_a_price(monkeypatch):
    problem = problem_of(periods=6, budget=4e6)
    assert complete(build_model(problem), greedy(problem)) is None
    monkeypatch.setattr(relaxing, "EXACT_CHOICES", 0)
    rows = Loose(problem).rows_within()
    assert evaluate(problem, rows).feasible and complete(build_model(problem), rows) is not None


def test_what_was_not_found_is_not_called_impossible(monkeypatch):
    for module in (relaxing, solving):
        monkeypatch.setattr(module, "EXACT_CHOICES", 0)
    error = told(periods=6, budget=3e5, reinvest=0.0)
    assert "没有找到" in str(error) and error.relaxation["condition"].str.startswith("预算").all()
    assert np.isfinite(error.relaxation["needed"].iloc[0])
