"""Markets that resist, and that nobody knows before entering: shares, chances, promises, doubts."""

import itertools

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.expansion import (
    Assumptions,
    Chance,
    Policy,
    Programme,
    Response,
    Search,
    doubts,
    expansion_market,
    grid_example,
    plan_expansion,
    plausibility,
    simulate_risk,
)
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.choices.chance import draw_responsiveness, responsiveness
from mktanalysis.expansion.choices.evaluate import evaluate
from mktanalysis.expansion.choices.programmes import build_library
from mktanalysis.expansion.choices.response import Standing, attraction_share, rank_of
from mktanalysis.expansion.market.case import build_case
from mktanalysis.expansion.results.replay import Shock, expected, replay
from mktanalysis.expansion.results.risk import plan_starts

#: Nothing is left to chance but how the markets entered answer.
ONLY_ANSWERS = Chance(capacity_sd=0.0, response_sd=0.0, rivals_sd=0.0, reaction=(0.25, 0.25))


@pytest.mark.parametrize("elasticity", [1.0, 0.6])
@pytest.mark.parametrize("strength", [0.8, 1.2])
def test_brands_of_equal_effort_end_at_one_over_the_root_of_their_order(elasticity, strength):
    """Five brands enter one after the other and spend alike for 60 years: simulated year by year."""
    response = Response(elasticity=elasticity)
    order = np.arange(1, 6)
    market = Standing(response, order)
    goodwill = np.zeros(5)
    for year in range(60):
        effort = np.where(year >= 2 * (order - 1), 0.02, 0.0)
        goodwill = market.after(goodwill, effort, strength)
    share = attraction_share(goodwill, strength, response, order)
    odds = share / (1 - share)  # over the same rest of the market
    np.testing.assert_allclose(odds / odds[0], 1 / np.sqrt(order), rtol=1e-4)


def test_half_of_the_final_share_takes_two_to_three_years():
    market = Standing(Response(), 4)
    final = market.share(market.of_effort(0.035, np.ones(1)), 1.0)[0]
    goodwill, shares = np.zeros(1), []
    for _ in range(10):
        goodwill = market.after(goodwill, 0.035, 1.0)
        shares.append(market.share(goodwill, 1.0)[0])
    assert shares[1] < final / 2 < shares[2]
    assert np.diff(shares).min() > 0 and shares[-1] < final


def test_overtaking_needs_a_lasting_multiple_or_a_weak_rival():
    units, edges, tree = grid_example(1, 3)
    units = units.assign(rival_strength=[1.0, 1.0, 0.4])
    held = (Programme(name="同等", effort=(0.021,)), Programme(name="三倍", effort=(0.063,)))
    assumed = Assumptions(spread=0.0, programmes=held)
    case = build_case(expansion_market(units, edges, tree), Policy(base=("r1c1",), periods=15), assumed)
    share = build_library(case).share.mean(axis=0)[:, :, -1]
    rank = rank_of(share, case.rivals[:, None], np.zeros((3, 1)))
    assert rank[1].tolist() == [3, 1]  # equal effort trails, three times as much for good overtakes
    assert rank[2].tolist() == [1, 1]  # a weak market is taken with equal effort


def test_a_standing_shows_the_share_it_was_made_from():
    share = np.array([0.0, 0.05, 0.3, 0.8])
    for response in (Response(), Response(elasticity=0.7), Response.easy()):
        market = Standing(response, np.array([4, 1, 2, 3]))
        np.testing.assert_allclose(market.share(market.of_share(share, 1.1), 1.1), share, atol=1e-12)


def test_without_spread_and_resistance_it_is_the_easy_world():
    assert Assumptions.easy(spill=0.1).response == Response.easy() and Assumptions.easy().spread == 0.0
    assert float(attraction_share(0.06, 1.0, Response.easy(), order=4)) == 0.5


@pytest.fixture(scope="module")
def made():
    """A plan of a dozen counties with their own growth, and its case."""
    units, edges, tree = grid_example(5, 5, random_state=2, per_prefecture=5)
    policy = Policy(base=("r3c3",), periods=8, budget=2e7)
    search = Search(method="search", rounds=3, anneal_rounds=5)
    return plan_expansion(expansion_market(units, edges, tree), policy, search=search)


def test_the_promise_is_the_mean_of_the_equally_likely_answers(made):
    assert len(made.steps) > 5 and made.checks["holds"].all()
    assert made.figures["value"] == pytest.approx(made.figures["promised_value"], rel=1e-9)
    assert made.gain <= made.bound * (1 + 1e-6)


def test_two_thousand_draws_keep_the_promise(made):
    risk = simulate_risk(made, chance=ONLY_ANSWERS, n_draws=2000)
    assert risk.figures["mean"] == pytest.approx(made.gain, abs=0.02 * made.figures["value"])


def test_chances_are_those_of_draws(made):
    case, starts = made.case, plan_starts(made)
    told = expected(case, starts).detail["chance"][starts.unit]
    rng = np.random.default_rng(1)
    alone = np.arange(len(case.units))
    factors = np.array([draw_responsiveness(case.assumptions, alone, rng) for _ in range(10_000)])
    shock = Shock(response=np.where(case.base, 1.0, factors), luck=rng.normal(size=factors.shape))
    seen = replay(case, starts, shock=shock)
    drawn = seen.detail["strong"][:, starts.unit].mean(axis=0)
    assert np.abs(drawn - told).max() < 0.03
    np.testing.assert_allclose(
        made.steps.set_index("region")["strong_chance"][case.units[starts.unit]], told[:, -1]
    )


def test_units_of_a_province_answer_alike_to_the_part_they_share():
    assumed = Assumptions(spread=0.5, common=0.6)
    home, rng = np.array([0, 0, 1]), np.random.default_rng(0)
    drawn = np.log([draw_responsiveness(assumed, home, rng) for _ in range(4000)])
    found = np.corrcoef(drawn.T)
    assert found[0, 1] == pytest.approx(0.6, abs=0.05) and abs(found[0, 2]) < 0.05
    assert drawn.std() == pytest.approx(0.5, abs=0.02)
    assert np.exp(drawn).mean() == pytest.approx(1.0, abs=0.02)
    assert responsiveness(assumed).mean() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_exact_plan_is_the_best_of_all_plans(seed):
    units, edges, tree = grid_example(2, 3, random_state=seed, per_prefecture=2)
    units = units.assign(rival_strength=[0.6, 0.9, 0.7, 0.8, 0.6, 1.0])
    market = expansion_market(units, edges, tree)
    policy = Policy(base=("r1c1",), periods=3, budget=3e6)
    assumed = Assumptions(terminal_years=8.0)
    problem = build_problem(market, policy, assumed, keep_dominated=True)
    c = problem.candidates
    choices = [[-1, *np.flatnonzero(c.unit == i)] for i in range(6) if not problem.case.base[i]]
    best = max(
        found.value
        for rows in itertools.product(*choices)
        if (found := _judged(problem, [r for r in rows if r >= 0])) is not None
    )
    exact = Search(method="exact", gap=0.0, nodes=10_000)
    plan = plan_expansion(market, policy, assumptions=assumed, search=exact)
    assert plan.figures["value"] == pytest.approx(best, rel=1e-7)


def _judged(problem, rows):
    """The evaluation of starts that keep money and contiguity; None of others."""
    found = evaluate(problem, rows)
    near = (problem.case.adjacency @ found.held.astype(float)) > 0
    base = (problem.case.adjacency @ problem.case.base.astype(float)) > 0
    c = problem.candidates
    touches = all(base[c.unit[r]] or (c.start[r] > 0 and near[c.unit[r], c.start[r] - 1]) for r in rows)
    return found if found.feasible and touches else None


def test_a_chance_asked_for_makes_fewer_units_strong(made):
    market, policy = made.market, made.policy
    starts = plan_starts(made)
    strong = [
        expected(build_case(market, policy, made.assumptions.replace(reach_chance=x)), starts).n_strong[0, -1]
        for x in (0.2, 0.5, 0.8)
    ]
    assert strong[0] >= strong[1] >= strong[2] and strong[0] > strong[2]


def test_money_lasts_in_the_plan_as_in_its_replay(made):
    assert (made.cash_flow["money_left"] >= -1.0).all()


def test_figures_of_a_plan_add_up(made):
    figures = made.figures
    assert figures["gain"] == pytest.approx(figures["gain_within"] + figures["gain_after"])
    assert figures["gross_spending"] >= figures["peak_cash"] > 0


def test_default_plans_are_plausible_and_easy_ones_are_doubted():
    tree = mkt.load_regions().subtree("410000")
    units = mkt.market_units("prefecture", within="410000")
    market = expansion_market(units, mkt.load_edges("prefecture"), tree)
    policy = Policy(base=("郑州市",), budget=2e8)
    search = Search(method="greedy")
    table = plausibility(plan_expansion(market, policy, search=search)).set_index("figure")
    assert 3 <= table.at["years_to_strong", "value"] <= 5
    assert 0.4 <= table.at["strong_after_five", "value"] <= 0.7
    assert table.loc[["first_share", "order_ratio", "peak_share_gain"], "usual"].all()
    easy = plan_expansion(market, policy, assumptions=Assumptions.easy(), search=search)
    assert any("居第一" in doubt for doubt in doubts(easy))


def test_a_plan_without_steps_has_nothing_to_doubt():
    units, edges, tree = grid_example(2, 2)
    plan = plan_expansion(expansion_market(units, edges, tree), Policy(base=("r1c1",), periods=3, budget=0.0))
    assert len(plan.steps) == 0 and doubts(plan) == []
    assert plausibility(plan)["usual"].isna().all()


def test_a_headline_that_rests_on_the_years_after_is_doubted(made):
    assumed = made.assumptions.replace(terminal_years=30.0)
    far = plan_expansion(made.market, made.policy, assumptions=assumed, search=Search(method="greedy"))
    assert any("计划期以后" in doubt for doubt in doubts(far))


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"spread": -0.1}, "spread：不能小于 0"),
        ({"reach_chance": 1.0}, "reach_chance：应小于|reach_chance：不能"),
        ({"common": 1.5}, "common：不能大于 1"),
    ],
)
def test_chances_that_cannot_be_are_refused(fields, words):
    with pytest.raises(mkt.MktError, match=words):
        Assumptions(**fields)


def test_inputs_stay_as_they_are(made):
    before = made.market.table.copy()
    simulate_risk(made, n_draws=20)
    pd.testing.assert_frame_equal(made.market.table, before)
