"""No plan breaks a condition, whatever the instance; more money never hurts; without extras it is a
knapsack.
"""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mktanalysis as mkt
from mktanalysis.expansion import (
    Assumptions,
    Policy,
    Response,
    Search,
    expansion_market,
    grid_example,
    plan_expansion,
    unreachable_units,
)
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.choices.evaluate import evaluate
from mktanalysis.expansion.phases import EASY_CONCENTRATED
from mktanalysis.expansion.search.greedy import greedy
from mktanalysis.expansion.search.solve import solve


def easy_policy(**fields):
    """A policy in the world without resistance, where a plan can be followed by hand."""
    return Policy(**fields).assuming(Assumptions.easy())


QUICK = Search(gap=0.05, nodes=20, rounds=3, anneal_rounds=15)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    rule=st.sampled_from(["held", "strong", "none"]),
    budget=st.floats(5e5, 2e7),
    people=st.sampled_from([None, 2.0, 6.0]),
    new_units=st.sampled_from([None, 1, 3]),
    carry=st.booleans(),
    reinvest=st.sampled_from([0.0, 0.5, 1.0]),
    method=st.sampled_from(["auto", "greedy", "anneal", "search"]),
)
def test_conditions_hold_on_any_instance(seed, rule, budget, people, new_units, carry, reinvest, method):
    units, edges, tree = grid_example(4, 4, random_state=seed)
    policy = easy_policy(
        base=("r2c2",),
        periods=5,
        budget=budget,
        people=people,
        new_units=new_units,
        contiguity=rule,
        carry_over=carry,
        reinvest=reinvest,
    )
    before = units.copy(deep=True), edges.copy(deep=True)
    search = Search(**{**dict(QUICK), "method": method})
    plan = plan_expansion(expansion_market(units, edges, tree), policy, search=search)
    assert plan.checks["holds"].all(), plan.checks
    assert plan.gain <= plan.bound * (1 + 1e-6) + 1.0
    assert plan.figures["promised_value"] == pytest.approx(plan.figures["value"])
    assert units.equals(before[0]) and edges.equals(before[1])


EXACT = Search(method="exact", gap=0.0, nodes=100_000)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    rule=st.sampled_from(["held", "strong", "none"]),
    carry=st.booleans(),
    budget=st.floats(2e5, 6e6),
    more=st.floats(1.01, 3.0),
    when=st.integers(0, 3),
)
def test_more_budget_never_lowers_the_optimum(seed, rule, carry, budget, more, when):
    """Neither more in every year nor more in one year only."""
    units, edges, tree = grid_example(3, 3, random_state=seed)
    policy = easy_policy(base=("r1c1",), periods=4, budget=budget, contiguity=rule, carry_over=carry)
    policy = policy.assuming(Assumptions.easy(terminal_years=6.0))
    once = tuple(budget * (more if t == when else 1.0) for t in range(4))
    plans = [
        plan_expansion(expansion_market(units, edges, tree), policy.replace(budget=b), search=EXACT)
        for b in (budget, once, budget * more)
    ]
    assert all(plan.ended == "optimal" for plan in plans)
    gains = [plan.gain for plan in plans]
    assert all(a <= b + 1e-6 * abs(b) + 1.0 for a, b in itertools.pairwise(gains))


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), room=st.floats(0.0, 2e7), years=st.sampled_from([2.0, 5.0, 8.0]))
def test_without_extras_it_is_a_knapsack(seed, room, years):
    """One year, no spill-over, no ladder, equal margins: a dynamic programme on whole costs finds it too."""
    units, edges, tree = grid_example(4, 4, random_state=seed)
    assumptions = Assumptions.easy(
        spill=0.0,
        rungs=(),
        programmes=(EASY_CONCENTRATED,),
        response=Response.easy(rank_margin=(0.2,), distance_cost=0.0, enter_share=0.1, exit_share=0.1),
        terminal_years=years,
    )
    policy = easy_policy(base=("r2c2",), periods=1, contiguity="none").assuming(assumptions)
    step = 10_000  # entry costs are raised until every unit needs a whole number of steps
    odd = _problem(units, edges, tree, policy).candidates
    entry = units.set_index("region")["entry_cost"].sort_index()
    entry.iloc[odd.unit] += step * np.ceil(odd.need[:, 0] / step) - odd.need[:, 0]
    units = units.assign(entry_cost=entry.reindex(units["region"]).to_numpy())
    problem = _problem(units, edges, tree, policy)
    policy = policy.replace(budget=float(max(0.0, problem.base_need[0] + room)))
    c = problem.candidates
    best = np.zeros(int((policy.budget - problem.base_need[0]) // step) + 1)
    for value, weight in zip(c.value, np.rint(c.need[:, 0] / step).astype(int), strict=True):
        if weight < len(best):
            best[weight:] = np.maximum(best[weight:], best[: len(best) - weight] + value)
    plan = plan_expansion(expansion_market(units, edges, tree), policy, search=EXACT)
    assert plan.gain == pytest.approx(best[-1], rel=1e-9, abs=1.0)


def _problem(units, edges, tree, policy):
    return build_problem(expansion_market(units, edges, tree), policy)


def test_search_is_never_worse_than_its_stages_and_repeats():
    units, edges, tree = grid_example(4, 5, random_state=2)
    problem = build_problem(
        expansion_market(units, edges, tree), easy_policy(base=("r2c3",), periods=4, budget=4e6)
    )
    search = Search(method="search", rounds=2, anneal_rounds=15)
    one, two = solve(problem, search), solve(problem, search)
    assert np.array_equal(one.rows, two.rows) and one.bound == two.bound
    reached = [value for _, value, _ in one.trace]
    assert reached == sorted(reached)
    assert one.objective >= evaluate(problem, greedy(problem)).value - problem.base_value - 1e-6


@pytest.mark.parametrize("stage", ["anneal", "improve"])
def test_an_interrupted_search_keeps_the_best_plan_so_far(stage, monkeypatch):
    units, edges, tree = grid_example(7, 7, random_state=2)
    policy = easy_policy(base=("r4c4",), periods=7, budget=4e6)

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"mktanalysis.expansion.search.solve.{stage}", stopped)
    search = Search(method="search", rounds=2, anneal_rounds=5)
    plan = plan_expansion(expansion_market(units, edges, tree), policy, search=search)
    quick = plan_expansion(expansion_market(units, edges, tree), policy, search=Search(method="greedy"))
    assert plan.ended == "interrupted" and plan.checks["holds"].all()
    assert len(plan.steps) > 0 and plan.gain >= quick.gain - 1.0


def test_row_order_changes_nothing():
    units, edges, tree = grid_example(3, 3, random_state=4)
    policy = easy_policy(base=("r1c1",), periods=4, budget=5e6)
    one = plan_expansion(expansion_market(units, edges, tree), policy)
    shuffled = plan_expansion(
        expansion_market(units.sample(frac=1, random_state=0), edges.sample(frac=1, random_state=1), tree),
        policy,
    )
    assert one.steps.equals(shuffled.steps)


def test_hysteresis_keeps_strength_between_the_thresholds():
    from mktanalysis.expansion.choices.response import strong_next

    response = Response.easy(enter_share=0.2, exit_share=0.1)
    share = np.array([0.15, 0.15, 0.09, 0.21])
    was = np.array([False, True, True, False])
    assert strong_next(was, share, np.ones(4, dtype=int), response).tolist() == [False, True, False, True]


def test_earliest_and_least_cost_reach_the_target():
    units, edges, tree = grid_example(3, 3, random_state=1)
    policy = easy_policy(base=("r1c1",), periods=5, budget=6e6, target="prefecture")
    soon = plan_expansion(expansion_market(units, edges, tree), policy.replace(objective="earliest"))
    cheap = plan_expansion(expansion_market(units, edges, tree), policy.replace(objective="least_cost"))
    rich = plan_expansion(expansion_market(units, edges, tree), policy)
    when = soon.ladder.loc[soon.ladder["region"] == "P1", "period"].min()
    assert "P1" in set(cheap.ladder["region"]) and cheap.checks["holds"].all()
    others = [p.ladder.loc[p.ladder["region"] == "P1", "period"].min() for p in (cheap, rich)]
    assert all(when <= other for other in others if other == other)
    assert cheap.cash_flow["outlay"].sum() <= soon.cash_flow["outlay"].sum() + 1.0


BAD = {
    "base not in the tree": ({"base": ("zz",)}, mkt.UnknownNameError),
    "pinned is not a unit": ({"pinned": {"P1": None}}, mkt.TableError),
    "pinned out of reach": ({"pinned": {"r3c3": 2025}}, mkt.InfeasibleError),
    "pinned but no money": ({"pinned": {"r1c2": 2025}, "budget": 0.0}, mkt.InfeasibleError),
    "horizon shorter than the ramp-up": ({"periods": 1}, mkt.MktError),
    "history of a closed unit": ({"history": (("gone", "集中", 2025),)}, mkt.UnknownNameError),
    "history in a base of several": (
        {"base": ("P1",), "budget": 1e9, "history": (("r1c2", "集中", 2025),)},
        mkt.MktError,
    ),
    "target is no rung": ({"objective": "earliest", "target": "county"}, mkt.MktError),
}


@pytest.mark.parametrize("change, error", BAD.values(), ids=list(BAD))
def test_bad_policies_say_what_is_wrong(change, error):
    units, edges, tree = grid_example(3, 3)
    with pytest.raises(error):
        plan_expansion(
            expansion_market(units, edges, tree),
            easy_policy(**{"base": ("r1c1",), "periods": 3, "reinvest": 0.0, **change}),
        )


def test_bad_units_are_listed_together():
    units, edges, tree = grid_example(2, 2)
    bad = units.assign(capacity=[-1.0, 1.0, 1.0, 1.0], entry_cost=[0.0, -5.0, 0.0, 0.0])
    with pytest.raises(mkt.TableError) as caught:
        plan_expansion(expansion_market(bad, edges, tree), easy_policy(base=("r1c1",)))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    "units, edges, words",
    [
        ({"capacity": [np.inf, 1.0, 1.0, 1.0]}, {}, "应为有限的数（值：'r1c1'）"),
        ({"own_share": 0.5, "rival_1": 0.4, "rival_2": 0.2}, {}, "现有份额与对手份额合计超过 1"),
        ({"own_share": 0.8, "rival_share": 0.3}, {}, "现有份额与对手份额合计超过 1"),
        ({"capacity": "2000万"}, {}, "表格有 1 处问题：\n- 列“capacity”：类型应为 number"),
        ({}, {"distance_km": -5.0}, "低于下限 0 km"),
        ({}, {"distance_km": np.nan}, "缺少数值"),
    ],
)
def test_figures_that_cannot_be_are_named(units, edges, words):
    table, touching, tree = grid_example(2, 2)
    with pytest.raises(mkt.TableError) as caught:
        plan_expansion(
            expansion_market(table.assign(**units), touching.assign(**edges), tree),
            easy_policy(base=("r1c1",)),
        )
    assert words in str(caught.value)


def test_a_missing_key_column_is_the_only_complaint():
    units, edges, tree = grid_example(2, 2)
    with pytest.raises(mkt.TableError) as caught:
        expansion_market(units, edges.drop(columns="neighbor"), tree)
    assert caught.value.problems["column"].tolist() == ["neighbor"]


def test_relaxation_names_the_smallest_budget_that_would_do():
    units, edges, tree = grid_example(3, 3)
    policy = easy_policy(base=("r1c1",), periods=3, pinned={"r1c2": 2025}, budget=1e5, reinvest=0.0)
    with pytest.raises(mkt.InfeasibleError) as caught:
        plan_expansion(expansion_market(units, edges, tree), policy)
    table = caught.value.relaxation
    needed = table.loc[table["condition"].str.startswith("预算"), "needed"].iloc[0]
    enough = policy.replace(budget=(needed - 2e5, 1e5, 1e5))
    assert plan_expansion(expansion_market(units, edges, tree), enough).steps["region"].tolist()[0] == "r1c2"
    with pytest.raises(mkt.InfeasibleError):
        plan_expansion(expansion_market(units, edges, tree), policy.replace(budget=(needed - 3e5, 1e5, 1e5)))


def test_isolated_unit_is_never_entered_by_contact():
    units, edges, tree = grid_example(3, 3)
    alone = edges[(edges["region"] != "r3c3") & (edges["neighbor"] != "r3c3")]
    plan = plan_expansion(
        expansion_market(units, alone, tree),
        easy_policy(base=("r1c1",), budget=1e9),
        assumptions=Assumptions.easy(terminal_years=12.0, rungs=()),
    )
    assert "r3c3" not in set(plan.steps["region"]) and len(plan.steps) == 7


WRONG = {
    "a text for the base": ({"base": "r1c1"}, "base：应为元组"),
    "negative budget": ({"budget": -1.0}, "budget：不能小于 0"),
    "infinite budget": ({"budget": float("inf")}, "有限的数"),
    "budgets of another horizon": ({"budget": (1.0, 2.0)}, "periods=3"),
    "no such rule": ({"contiguity": "near"}, "contiguity：应为"),
    "no such field": ({"budgte": 1.0}, "budgte：没有这一项"),
    "no target": ({"objective": "earliest"}, "target"),
    "pinned and forbidden": ({"pinned": {"r1c2": None}, "forbidden": ("r1c2",)}, "pinned 与 forbidden"),
    "base forbidden": ({"forbidden": ("r1c1",)}, "根据地"),
    "history forbidden": ({"history": (("r1c2", "集中", 2025),), "forbidden": ("r1c2",)}, "已经进入"),
    "pinned to another year than it happened": (
        {"history": (("r1c2", "集中", 2026),), "pinned": {"r1c2": 2025}},
        "pinned 与 history",
    ),
    "history of the base": ({"history": (("r1c1", "集中", 2025),)}, "history 与 base"),
    "pinned before the first opening": ({"pinned": {"r1c2": 2025}, "first_open": 2026}, "first_open"),
    "nothing may open": ({"start": 2025, "first_open": 2040}, "first_open=2040"),
}


@pytest.mark.parametrize("change, words", WRONG.values(), ids=list(WRONG))
def test_wrong_policies_are_refused_in_words(change, words):
    with pytest.raises(mkt.MktError, match=words):
        easy_policy(**{"base": ("r1c1",), "periods": 3, **change})


def test_every_wrong_field_is_told_at_once():
    with pytest.raises(mkt.MktError, match="3 处") as caught:
        easy_policy(base=(), budget=-1.0, periods=0)
    assert all(field in str(caught.value) for field in ("base", "budget", "periods"))


def test_gaps_in_optional_columns_get_the_default():
    units, edges, tree = grid_example(2, 2)
    gaps = units.assign(own_share=[np.nan, 0.0, np.nan, 0.0], customers=[np.nan, np.nan, 10.0, np.nan])
    plan = plan_expansion(expansion_market(gaps, edges, tree), easy_policy(base=("r1c1",), budget=1e7))
    assert plan.staff["staff"].notna().all() and plan.checks["holds"].all()


def test_a_plan_without_a_step_gains_nothing_though_the_base_is_strong_at_a_higher_level():
    units, edges, tree = grid_example(2, 3, per_prefecture=3)
    policy = easy_policy(base=("P1",), periods=4, budget=1e7, forbidden=("r2c1", "r2c2", "r2c3"))
    plan = plan_expansion(expansion_market(units, edges, tree), policy)
    assert len(plan.steps) == 0 and "P1" in set(plan.ladder["region"])
    assert plan.gain == plan.figures["gain"] == pytest.approx(0.0, abs=1e-6)
    assert plan.bound == pytest.approx(0.0, abs=1.0) and plan.figures["peak_cash"] == 0.0


def test_units_out_of_reach_are_told_with_the_reason():
    units, edges, tree = grid_example(2, 4)
    alone = edges[(edges["region"] != "r1c4") & (edges["neighbor"] != "r1c4")]
    policy = easy_policy(base=("r1c1",), periods=3, forbidden=("r2c1",), supply_radius_km=100.0)
    plan = plan_expansion(expansion_market(units, alone, tree), policy)
    table = unreachable_units(plan).set_index("region")["reason"]
    assert table.index.tolist() == ["r1c4", "r2c1", "r2c4"]
    assert "相邻" in table["r1c4"] and "禁止" in table["r2c1"] and "半径" in table["r2c4"]
    free = plan_expansion(
        expansion_market(units, alone, tree), easy_policy(base=("r1c1",), periods=3, contiguity="none")
    )
    assert len(unreachable_units(free)) == 0


def test_units_of_another_level_are_named():
    units, edges, tree = grid_example(3, 3, random_state=0)
    last = units["region"].iloc[-1]
    above = str(tree.parents("prefecture", [last]).iloc[0])
    mixed = units.assign(region=units["region"].replace(last, above))
    with pytest.raises(mkt.MktError, match=f"与多数不同的 1 个：{above}"):
        plan_expansion(expansion_market(mixed, edges, tree), easy_policy(base=("r1c1",), periods=4))


@pytest.mark.parametrize("carry", [True, False])
def test_a_gross_budget_pays_everything_that_is_spent_beyond_the_base(carry):
    market = expansion_market(*grid_example(3, 3, random_state=4))
    policy = Policy(base=("r2c2",), periods=6, budget=6e6, budget_kind="gross", carry_over=carry)
    plan = plan_expansion(market, policy)
    alone = plan_expansion(market, policy.replace(budget=0.0))
    flow = plan.cash_flow
    spent = flow["outlay"] + flow["office_cost"] - alone.cash_flow["outlay"] - alone.cash_flow["office_cost"]
    assert len(plan.steps) and not len(alone.steps) and plan.checks["holds"].all()
    np.testing.assert_allclose(flow["need"], spent, rtol=1e-9)
    left = (6e6 - spent).cumsum() if carry else 6e6 - spent
    np.testing.assert_allclose(flow["money_left"], left, rtol=1e-9)
    assert (left >= -1).all() and plan.figures["value"] == pytest.approx(plan.figures["promised_value"])
    assert plan.gain < plan_expansion(market, policy.replace(budget_kind="net", reinvest=0.5)).gain


def test_a_plan_under_a_gross_budget_is_the_best_of_all():
    market = expansion_market(*grid_example(1, 4, random_state=2))
    policy = Policy(base=("r1c2",), periods=3, budget=7e6, budget_kind="gross", contiguity="none")
    problem = build_problem(market, policy, keep_dominated=True)
    c = problem.candidates
    free = [[[], *([row] for row in np.flatnonzero(c.unit == unit))] for unit in np.unique(c.unit)]
    plans = [np.array(list(itertools.chain(*some)), dtype=int) for some in itertools.product(*free)]
    found = [evaluate(problem, rows) for rows in plans]
    best = max(one.value for one in found if one.feasible)
    assert not all(one.feasible for one in found)
    assert plan_expansion(market, policy).figures["promised_value"] == pytest.approx(best, rel=1e-9)
