"""What looking is worth: planted markets where the net pays and where it does not, against brute force."""

import numpy as np
import pytest

from mktanalysis.expansion import (
    Assumptions,
    Chance,
    Policy,
    Search,
    compare_strategies,
    expansion_market,
    grid_example,
    plan_expansion,
    simulate_risk,
    strategy_sensitivity,
    value_of_looking,
)
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.phases import CONCENTRATED, SCOUT, fixed_courses, scout_then

EXACT = Search(method="exact", gap=0.0, nodes=10_000)
ONLY_ANSWERS = Chance(capacity_sd=0.0, response_sd=0.0, rivals_sd=0.0, reaction=(0.25, 0.25))


def _market(seed=1, shape=(3, 3), **columns):
    units, edges, tree = grid_example(*shape, random_state=seed, per_prefecture=3)
    return expansion_market(units.assign(**columns), edges, tree)


def _plan(market, assumed, **policy):
    policy = Policy(**{"base": ("r2c2",), "periods": 6, "budget": 6e6, "contiguity": "none", **policy})
    return plan_expansion(market, policy, assumptions=assumed, search=EXACT)


#: Markets that nobody knows and that are dear to enter in earnest: looking first pays.
DEAR = {"entry_cost": 4e6, "rival_strength": 1.0}
UNKNOWN = Assumptions(spread=0.9, rungs=(), spill=0.0)


def test_fixed_courses_are_the_programmes_with_every_decision_taken_beforehand():
    market, policy = _market(), Policy(base=("r2c2",), periods=6)
    looked = build_problem(market, policy, UNKNOWN, keep_dominated=True).candidates
    fixed = UNKNOWN.replace(programmes=fixed_courses(UNKNOWN.programmes, 6))
    blind = build_problem(market, policy, fixed, keep_dominated=True).candidates
    assert len(fixed.programmes) == 5 and np.isin(blind.kept, [0.0, 1.0]).all()
    own = np.array([p.name.split("→")[0] == SCOUT.name for p in fixed.programmes])
    for row in range(len(looked)):
        same = (blind.unit == looked.unit[row]) & (blind.start == looked.start[row])
        best = blind.value[same & (own[blind.programme] == (looked.programme[row] == 0))].max()
        assert max(looked.blind[row], best) == pytest.approx(looked.blind[row])
        assert looked.value[row] >= looked.blind[row] - 1e-6  # or left for sure, which is none of the fixed


def test_what_looking_is_worth_adds_up_where_units_stand_alone():
    """Without limits every unit goes its own best way: the net is worth what its units are."""
    market = _market(**DEAR)
    plan = _plan(market, UNKNOWN, budget=1e9, periods=4)
    found = value_of_looking(plan, search=EXACT)
    problem = build_problem(market, plan.policy, UNKNOWN, keep_dominated=True)
    c = problem.candidates
    best, blind = (
        sum(max(0.0, x[c.unit == i].max()) for i in np.flatnonzero(~problem.case.base))
        for x in (c.value, c.blind)
    )
    assert found["gain"] == pytest.approx(best) and found["fixed_gain"] == pytest.approx(blind)
    assert found["net_information"] > 0 and plan.rules["information"].max() > 0


def test_looking_is_worth_nothing_where_everything_is_known():
    plan = _plan(_market(**DEAR), UNKNOWN.replace(spread=0.0))
    assert value_of_looking(plan, search=EXACT)["net_information"] == pytest.approx(0.0, abs=1.0)
    assert plan.rules["information"].max() < 1.0


@pytest.mark.parametrize("luck", [0.0, 0.3, 0.6])
def test_the_more_a_reading_misleads_the_less_it_is_worth(luck):
    market, policy = _market(**DEAR), Policy(base=("r2c2",), periods=6)
    worth = [
        build_problem(market, policy, UNKNOWN.replace(luck=x), keep_dominated=True).candidates.value.sum()
        for x in (luck, luck + 0.5)
    ]
    assert worth[0] > worth[1]


def test_the_net_is_cast_where_it_pays_and_force_comes_first_where_it_does_not():
    unknown = _plan(_market(**DEAR), UNKNOWN, budget=2e7)
    assert set(unknown.steps["action"]) == {SCOUT.name}
    known = UNKNOWN.replace(spread=0.05)
    sure = _plan(_market(rival_strength=0.5, entry_cost=2e5), known, budget=2e7)
    assert set(sure.steps["action"]) == {CONCENTRATED.name}


def test_dear_scouts_stay_at_home():
    cheap, dear = (
        _plan(_market(**DEAR), UNKNOWN.replace(programmes=(scout_then(CONCENTRATED, entry=x), CONCENTRATED)))
        for x in (0.1, 1.0)
    )
    assert (cheap.steps["action"] == SCOUT.name).sum() > (dear.steps["action"] == SCOUT.name).sum()
    assert cheap.gain > dear.gain


def test_strategies_say_truthfully_when_the_net_wins():
    policy = Policy(base=("r2c2",), periods=6, budget=2e7)
    table = strategy_sensitivity(
        _market(shape=(4, 4), entry_cost=3e6, rival_strength=0.7),
        policy,
        assumptions=UNKNOWN,
        budget=(),
        rivals=(),
        spill=(),
        spread=(0.0, 1.0),
        scouting=(0.3, 3.0),
        strategies=["base_first", "scout_rings", "wide_net"],
    )
    gain = table.set_index(["condition", "factor", "strategy"])["gain"].unstack()
    lead = gain["scout_rings"] - gain["base_first"]  # both ring by ring: only looking tells them apart
    assert lead["spread", 0.0] < 0 < lead["spread", 1.0]
    assert lead["scouting", 3.0] < lead["scouting", 0.3]
    assert (gain["wide_net"] >= gain["scout_rings"] - 1.0).all()  # the same programme, free to go anywhere


def test_a_comparison_says_which_strategies_are_free_of_contiguity():
    policy = Policy(base=("r2c2",), periods=5, budget=1e7)
    found = compare_strategies(
        _market(**DEAR), policy, assumptions=UNKNOWN, search=Search(rounds=2), n_draws=0
    )
    free = found.table.set_index("strategy")["contiguity"]
    assert free["wide_net"] == free["optimum"] == "none"
    assert free["scout_rings"] == free["planned"] == "held"
    assert (found.table["n_left"] >= 0).all()


def test_draws_keep_the_promise_of_a_net():
    plan = _plan(_market(shape=(4, 4), **DEAR), UNKNOWN.replace(spread=0.6), budget=2e7)
    assert plan.steps["left_chance"].mean() > 0.1
    risk = simulate_risk(plan, chance=ONLY_ANSWERS, n_draws=2000)
    assert risk.figures["mean"] == pytest.approx(plan.gain, abs=0.02 * plan.figures["value"])


def test_rules_say_what_is_seen_and_done():
    plan = _plan(_market(**DEAR), UNKNOWN, budget=2e7)
    first = plan.rules.drop_duplicates("region")
    done = first[["leave_chance", "less_chance", "stay_chance", "push_chance"]]
    np.testing.assert_allclose(done.sum(axis=1), 1.0)
    assert (first["leave_below"] <= first["push_from"]).all()
    case, answered = plan.case, plan.case.assumptions
    assert answered.luck > 0  # what is seen is not what is: the shares of the rule are those of the reading
    assert set(first["look"]) <= set(case.years) and (first["phase"] == SCOUT.name).all()
    kept = 1 - first.set_index("region")["leave_chance"]
    left = plan.steps.set_index("region")["left_chance"]
    assert (1 - left <= kept.reindex(left.index) + 1e-9).all()
