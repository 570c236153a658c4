"""A finished plan's own consistency."""

import itertools
import math

import numpy as np
import pytest

from mktanalysis.expansion import Assumptions, Policy, Rung, expansion_market, grid_example, plan_expansion
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.choices.evaluate import evaluate
from mktanalysis.expansion.results.replay import Starts, replay
from mktanalysis.expansion.results.risk import plan_starts


def easy_policy(**fields):
    """A policy in the world without resistance, where a plan can be followed by hand."""
    return Policy(**fields).assuming(Assumptions.easy())


def test_replay_returns_what_evaluation_promised_for_any_starts():
    units, edges, tree = grid_example(4, 4, random_state=5)
    problem = build_problem(
        expansion_market(units, edges, tree), easy_policy(base=("r2c2",), periods=6, contiguity="none")
    )
    rng, c = np.random.default_rng(0), problem.candidates
    for _ in range(20):
        rows = [rng.choice(np.flatnonzero(c.unit == i)) for i in np.unique(c.unit) if rng.random() < 0.5]
        seen, told = (
            replay(problem.case, Starts(c.unit[rows], c.programme[rows], c.start[rows], c.bars[rows])),
            evaluate(problem, rows),
        )
        np.testing.assert_allclose(seen.value[0], told.value)
        np.testing.assert_allclose(seen.money[0], told.money)
        np.testing.assert_array_equal(seen.rungs[0], told.rungs)


def test_gain_is_the_cash_beyond_the_base_and_what_comes_after_the_horizon():
    units, edges, tree = grid_example(3, 3, random_state=2)
    policy = easy_policy(base=("r2c2",), periods=4, budget=5e6).assuming(Assumptions.easy(terminal_years=5.0))
    tables = units, edges, tree
    plan = plan_expansion(expansion_market(*tables), policy)
    bare = plan_expansion(
        expansion_market(*tables), policy.replace(forbidden=tuple(set(units["region"]) - {"r2c2"}))
    )
    weight = 1.1 ** -np.arange(1.0, 5)
    within = (plan.cash_flow["cash"] - bare.cash_flow["cash"]) @ weight
    assert plan.figures["gain"] == pytest.approx(within + plan.figures["gain_after"])
    none = plan_expansion(expansion_market(*tables), policy, assumptions=Assumptions.easy(terminal_years=0.0))
    assert none.figures["gain_after"] == pytest.approx(0.0, abs=1e-3)
    assert len(plan.steps) > 0 and plan.figures["gain_after"] > 0


@pytest.mark.parametrize("periods, change", [(12, {}), (12, {"entry_cost": 0.0, "own_share": 0.25}), (4, {})])
def test_payback_is_the_first_year_from_which_the_money_spent_is_back(periods, change):
    units, edges, tree = grid_example(3, 3)
    policy = easy_policy(base=("r1c1",), periods=periods, budget=1e8)
    tables = units.assign(**change), edges, tree
    plan = plan_expansion(expansion_market(*tables), policy)
    bare = plan_expansion(
        expansion_market(*tables), policy.replace(forbidden=tuple(set(units["region"]) - {"r1c1"}))
    )
    total = np.cumsum(plan.cash_flow["cash"] - bare.cash_flow["cash"]).to_numpy()
    year = next((y for t, y in enumerate(plan.policy.years) if (total[t:] >= 0).all()), np.nan)
    np.testing.assert_equal(plan.figures["payback_year"], float(year))
    assert plan.figures["peak_cash"] == pytest.approx(max(0.0, -total.min()))
    assert np.isnan(bare.figures["payback_year"])  # nothing was spent


def _first_years(plan):
    return plan.paths.groupby("region")["period"].min().dt.year


def test_the_parts_of_why_add_up_and_are_shared_fairly():
    units, edges, tree = grid_example(4, 4, random_state=3)
    policy = easy_policy(base=("r2c2",), periods=7, budget=6e6)
    plan = plan_expansion(expansion_market(units, edges, tree), policy)
    since, near = _first_years(plan), edges.groupby("region")["neighbor"].apply(list)
    since["r2c2"] = plan.policy.start - 1
    assert len(plan.why) >= 5
    for row in plan.why.itertuples():
        year = row.period.year
        assert row.held_neighbours == sum(since.get(j, 9999) < year for j in near[row.region])
        later = [j for j in near[row.region] if year < since.get(j, 0)]
        assert row.opens == sum(
            [x for x in near[j] if since.get(x, 9999) < since[j]] == [row.region] for j in later
        )
    together = plan.why["own_value"] + plan.why["ladder_value"]
    assert together.sum() == pytest.approx(plan.figures["gain"], abs=1.0)


def test_the_parts_of_why_are_near_the_shapley_value():
    units, edges, tree = grid_example(3, 3, random_state=5)
    rung = Rung(level="prefecture", radiance=0.02, office_cost=1e5, count_share=0.6, capacity_share=0.5)
    policy = easy_policy(base=("r2c2",), periods=5, budget=3e6, forbidden=("r1c1", "r3c3"))
    policy = policy.assuming(Assumptions.easy(rungs=(rung,)))
    plan = plan_expansion(expansion_market(units, edges, tree), policy)
    case, starts = plan.case, plan_starts(plan)
    n = len(plan.why)
    assert 4 <= n <= 7

    def worth(members):
        some = np.array(members, dtype=int)
        return replay(case, Starts(*(x[some] for x in vars(starts).values()))).value[0]

    fair = np.zeros(n)
    for size in range(n):
        for others in itertools.combinations(range(n), size):
            weight = 1 / (n * math.comb(n - 1, size))
            for k in set(range(n)) - set(others):
                fair[k] += weight * (worth([*others, k]) - worth(others))
    order = plan.why.set_index("region").loc[case.units[starts.unit]]
    given = (order["own_value"] + order["ladder_value"]).to_numpy()
    assert order["ladder_value"].abs().max() > 1e4  # there is something to share
    assert np.abs(given - fair).max() < 0.1 * np.abs(fair).max()


def test_a_step_that_earns_nothing_is_not_praised():
    units, edges, tree = grid_example(3, 3)
    dear = units.assign(entry_cost=[1e6] * 8 + [9e8])
    policy = easy_policy(base=("r1c1",), periods=6, budget=4e8, pinned={"r3c3": None})
    reason = plan_expansion(expansion_market(dear, edges, tree), policy).why.set_index("region")["reason"][
        "r3c3"
    ]
    assert reason.startswith("指定进入") and reason.endswith("自身不赚钱")
    done = policy.replace(pinned={}, history=(("r1c2", "浅耕", 2025),))
    assert (
        "已发生"
        in plan_expansion(expansion_market(dear, edges, tree), done).why.set_index("region")["reason"]["r1c2"]
    )
