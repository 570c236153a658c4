"""Risk, edits, strategies, diagnosis, supply centres, staff, built-in units."""

import itertools

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.china import market_units
from mktanalysis.expansion import (
    STRATEGIES,
    Assumptions,
    Chance,
    Policy,
    Rung,
    Search,
    Staffing,
    choose_robust,
    compare_plans,
    compare_strategies,
    continue_policy,
    diagnose_position,
    expansion_market,
    great_circle_km,
    grid_example,
    max_cover,
    opening_times,
    p_median,
    plan_expansion,
    plan_strategy,
    simulate_risk,
    strategy_sensitivity,
    supply_coverage,
    workload,
)


def easy_policy(**fields):
    """A policy in the world without resistance, where a plan can be followed by hand."""
    return Policy(**fields).assuming(Assumptions.easy())


@pytest.fixture(scope="module")
def grid():
    units, edges, tree = grid_example(4, 4, random_state=1)
    policy = easy_policy(base=("r2c2",), periods=6, budget=6e6).assuming(Assumptions.easy(terminal_years=6.0))
    return (
        units,
        edges,
        tree,
        policy,
        plan_expansion(expansion_market(units, edges, tree), policy, search=Search(gap=0.05)),
    )


def test_no_chance_returns_the_plan(grid):
    plan = grid[-1]
    still = Chance(capacity_sd=0.0, response_sd=0.0, rivals_sd=0.0, reaction=(0.0, 0.0))
    risk = simulate_risk(plan, chance=still, n_draws=5)
    np.testing.assert_allclose(risk.values, plan.gain, rtol=1e-9)
    np.testing.assert_allclose(risk.fan["median"], plan.cash_flow["cash"].cumsum())


def test_a_plan_without_steps_has_nothing_to_lose(grid):
    units, edges, tree, policy = grid[:4]
    none = policy.replace(new_units=0)
    risk = simulate_risk(plan_expansion(expansion_market(units, edges, tree), none), n_draws=50)
    assert risk.values.abs().max() == 0 and risk.figures["loss_probability"] == 0


def test_batches_do_not_change_the_draws(grid, monkeypatch):
    import mktanalysis.expansion.results.risk as module

    one = simulate_risk(grid[-1], n_draws=30)
    monkeypatch.setattr(module, "BATCH_CELLS", 16 * 6 * 7)
    two = simulate_risk(grid[-1], n_draws=30)
    np.testing.assert_allclose(one.values, two.values)
    assert one.fan["lower"].le(one.fan["upper"]).all()


def test_stronger_reaction_of_rivals_costs(grid):
    calm, sharp = (simulate_risk(grid[-1], chance=Chance(reaction=(r, r)), n_draws=40) for r in (0.0, 2.0))
    assert (sharp.values < calm.values).all()


def test_capacity_keeps_its_mean(grid):
    from mktanalysis.expansion.results.risk import _draw

    case, rng = grid[-1].case, np.random.default_rng(0)
    shock = _draw(Chance(capacity_sd=0.1), case, None, 3000, rng.spawn(3000))
    np.testing.assert_allclose(shock.capacity.mean(axis=0), 1.0, atol=0.03)


def test_robust_choice_names_a_plan_for_each_criterion(grid):
    units, edges, tree, policy, plan = grid
    poor = plan_expansion(
        expansion_market(units, edges, tree), policy.replace(budget=1e6), search=Search(gap=0.1)
    )
    table = choose_robust({"rich": simulate_risk(plan, n_draws=50), "poor": simulate_risk(poor, n_draws=50)})
    assert sum(len(text.split("、")) for text in table["best_by"] if text) == 4


def test_history_is_kept_and_the_rest_planned_again(grid):
    units, edges, tree, _, plan = grid
    again = continue_policy(plan, from_year=2027, budget=4e6)
    new = plan_expansion(expansion_market(units, edges, tree), again, search=Search(gap=0.05))
    before = plan.steps[plan.steps["period"].dt.year < 2027]
    kept = new.steps[new.steps["period"].dt.year < 2027]
    assert kept[["region", "period", "action"]].equals(before[["region", "period", "action"]])
    assert new.checks["holds"].all()
    moved = compare_plans(plan, new)
    assert moved["change"].iloc[-1] == "total"
    assert moved["value_change"].iloc[-1] == pytest.approx(new.gain - plan.gain)
    assert set(moved["region"][:-1]).isdisjoint(before["region"])


def test_a_comparison_adds_up_to_the_change_of_the_gain(grid):
    units, edges, tree, policy, plan = grid
    other = plan_expansion(expansion_market(units, edges, tree), policy.replace(periods=4, budget=3e6))
    moved = compare_plans(plan, other)
    assert moved["change"].tolist()[-2:] == ["rest", "total"] and len(moved) > 3
    assert moved["value_change"].iloc[:-1].sum() == pytest.approx(moved["value_change"].iloc[-1])
    assert moved["value_change"].iloc[-1] == other.figures["gain"] - plan.figures["gain"]


def test_a_new_limit_holds_from_the_year_asked_whatever_the_number_type(grid):
    plan = grid[-1]
    changed = continue_policy(plan, from_year=2027, budget=np.int64(1_000_000), people=np.float64(5.0))
    assert changed.budget == (6e6, 6e6, 1e6, 1e6, 1e6, 1e6)
    assert changed.people == (np.inf, np.inf, 5.0, 5.0, 5.0, 5.0)
    first = plan.steps["region"].iloc[0]
    assert continue_policy(plan, locked=first).history[0][0] == first
    with pytest.raises(mkt.MktError, match="zz"):
        continue_policy(plan, locked=("zz",))


def test_a_relaxation_says_how_many_people_and_which_wishes(grid):
    units, edges, tree, policy, plan = grid
    few = continue_policy(plan, from_year=2027, people=0.1)
    with pytest.raises(mkt.InfeasibleError) as caught:
        plan_expansion(expansion_market(units, edges, tree), few)
    row = caught.value.relaxation.set_index("condition").filter(like="销售人员", axis=0).iloc[0]
    assert np.isfinite(row["needed"]) and row["given"] == 0.1
    enough = continue_policy(plan, from_year=2027, people=row["needed"])
    assert plan_expansion(expansion_market(units, edges, tree), enough).checks["holds"].all()
    at_once = policy.replace(pinned=dict.fromkeys(("r1c2", "r2c1", "r3c2"), 2025), new_units=2, budget=1e9)
    with pytest.raises(mkt.InfeasibleError) as caught:
        plan_expansion(expansion_market(units, edges, tree), at_once)
    table = caught.value.relaxation.set_index("condition")
    told = table.loc["指定进入的单元", "needed"]
    assert (
        told.startswith("放弃其中 1 个")
        and table.loc[table.index.str.startswith("每期"), "needed"].item() == 3
    )
    kept = {code: year for code, year in at_once.pinned.items() if code not in told}
    assert len(kept) == 2 and plan_expansion(
        expansion_market(units, edges, tree), at_once.replace(pinned=kept)
    )


def test_forbidden_and_pinned_are_obeyed(grid):
    units, edges, tree, policy, plan = grid
    first = plan.steps["region"].iloc[0]
    other = sorted(set(units["region"]) - set(plan.steps["region"]) - {"r2c2"})[:1]
    asked = policy.replace(forbidden=(first,), pinned=dict.fromkeys(other))
    new = plan_expansion(expansion_market(units, edges, tree), asked, search=Search(gap=0.05))
    assert first not in set(new.steps["region"]) and set(other) <= set(new.steps["region"])
    assert new.gain <= plan.bound + 1.0


def test_every_strategy_is_feasible_and_none_beats_the_optimum(grid):
    units, edges, tree = grid_example(3, 4, random_state=1)
    policy = grid[3].replace(periods=4)
    result = compare_strategies(
        expansion_market(units, edges, tree),
        policy,
        search=Search(method="search", rounds=1, anneal_rounds=10),
        n_draws=20,
    )
    assert set(result.table["strategy"]) == {*STRATEGIES, "planned", "optimum"}
    assert result.table["strategy"].iloc[0] == "optimum"
    assert all(plan.checks["holds"].all() for plan in result.plans.values())


@pytest.mark.parametrize(
    ("side", "seed", "rule"), [(3, 1, "held"), (3, 1, "none"), (4, 2, "strong"), (3, 0, "held")]
)
def test_the_planned_row_is_never_worse_than_a_rule_that_keeps_its_conditions(side, seed, rule):
    """A hasty search is beaten by a rule in the first three of these markets."""
    units, edges, tree = grid_example(side, side, random_state=seed)
    policy = easy_policy(base=("r2c2",), periods=5, budget=3e6, contiguity=rule)
    policy = policy.assuming(Assumptions.easy(terminal_years=6.0))
    hasty = Search(method="greedy", rounds=2)
    found = compare_strategies(expansion_market(units, edges, tree), policy, search=hasty, n_draws=0)
    gains = found.table.set_index("strategy")["gain"]
    kept = {"held": ["base_first", "countryside_first", "waterfall"], "strong": ["waterfall"]}
    rules = kept.get(rule, list(STRATEGIES))
    assert (gains[rules] <= gains["planned"] + 1.0).all()
    plan = found.plans["planned"]
    assert plan.checks["holds"].all() and plan.bound >= plan.gain
    assert plan.gain == pytest.approx(plan.figures["gain"])


def test_sensitivity_has_one_winner_a_setting(grid):
    units, edges, tree, policy, _ = grid
    table = strategy_sensitivity(expansion_market(units, edges, tree), policy, spill=(1.0,), rivals=(1.0,))
    best = table.groupby(["condition", "factor"])["gain"].max()
    winners = table.groupby(["condition", "factor"])["wins"].sum()
    assert winners.equals((best > 0).astype(winners.dtype)) and winners.nunique() == 2
    won = table.loc[table["wins"]].set_index(["condition", "factor"])["gain"]
    assert won.sort_index().equals(best[best > 0].sort_index())


def test_diagnosis_of_the_brewery():
    """First in no county, second in none, third in two: no strong unit, and it says so."""
    units, edges, tree = grid_example(3, 3)
    units = units.assign(own_share=[0.17, 0.17] + [0.05] * 7, rival_1=0.3, rival_2=0.2, rival_3=0.12)
    found = diagnose_position(expansion_market(units, edges, tree), assumptions=Assumptions.easy())
    assert found.counts.set_index("position")["n_units"].tolist() == [0, 0, 2, 7, 0]
    assert found.ladder["n_strong"].sum() == 0 and found.concentration["strong_sales_share"] == 0.0
    assert set(found.bases["region"].head(2)) == {"r1c1", "r1c2"}


def test_a_base_without_a_share_is_diagnosed_with_the_one_that_its_effort_leads_to(grid):
    units, edges, tree, policy, plan = grid
    market = expansion_market(units.assign(own_share=0.0), edges, tree)
    found = diagnose_position(market, base=policy.base, assumptions=policy.assumptions)
    held = found.units.set_index("region")["own_share"]
    first = plan.paths[plan.paths["period"].dt.year == 2025].set_index("region")["share"]
    assert held["r2c2"] == pytest.approx(first["r2c2"]) and held.drop("r2c2").eq(0).all()


def test_an_assumed_base_is_placed_as_the_plan_places_it(grid):
    units, edges, tree, policy, _ = grid
    strong_rivals = units.assign(own_share=0.0, rival_1=0.36, rival_2=0.2, rival_strength=1.1)
    found = (
        diagnose_position(
            expansion_market(strong_rivals, edges, tree), base="r2c2", assumptions=policy.assumptions
        )
        .units.set_index("region")
        .loc["r2c2"]
    )
    paths = plan_expansion(expansion_market(strong_rivals, edges, tree), policy.replace(new_units=0)).paths
    assert (found["rank"], found["strong"]) == tuple(paths.loc[0, ["rank", "strong"]])
    assert found["own_share"] < 0.36 and found["rank"] == 1  # rivals shrink in what we hold


def test_a_place_without_rivals_is_no_endless_lead(grid):
    units, edges, tree = grid[:3]
    shares = units.assign(own_share=[0.2, 0.4] + [0.0] * 14, rival_1=[0.0, 0.3] + [0.3] * 14)
    found = diagnose_position(expansion_market(shares, edges, tree)).bases
    assert found["score"].max() < 4 and "3.0 倍以上" in found.set_index("region")["reason"]["r1c1"]


def test_comparisons_need_the_same_draws(grid):
    risks = {n: simulate_risk(grid[-1], n_draws=n) for n in (5, 6)}
    for wrong in (risks, {}):
        with pytest.raises(mkt.MktError, match="重放次数"):
            choose_robust(wrong)
    with pytest.raises(mkt.MktError, match="n_draws"):
        simulate_risk(grid[-1], n_draws=0)
    with pytest.raises(mkt.MktError, match="最低"):
        Chance(reaction=(0.5, 0.1))


def test_the_ladder_of_another_country_needs_its_own_rungs():
    codes = ["01001", "01003", "02013", "02016"]
    rows = [("US", "nation", None), ("01", "state", "US"), ("02", "state", "US")]
    rows += [(code, "county", code[:2]) for code in codes]
    table = pd.DataFrame(rows, columns=["region", "level", "parent"]).assign(name=lambda t: t["region"])
    tree = mkt.RegionTree.from_table(table)
    pairs = [(a, b) for a, b in itertools.permutations(codes, 2) if abs(codes.index(a) - codes.index(b)) == 1]
    edges = pd.DataFrame(pairs, columns=["region", "neighbor"]).assign(distance_km=40.0)
    units = pd.DataFrame({"region": codes, "capacity": 2e7, "year": 2024})
    rungs = (Rung(level="state", radiance=0.001), Rung(level="nation"))
    policy = easy_policy(base=("01001",), periods=8, budget=2e7, objective="earliest", target="state")
    policy = policy.assuming(Assumptions.easy(rungs=rungs))
    plan = plan_expansion(expansion_market(units, edges, tree), policy)
    assert plan.ladder["level"].tolist()[0] == "state" and "offices_state" in plan.staff
    with pytest.raises(mkt.MktError, match="stat 不在地区树中；地区树的层级：nation、state、county"):
        plan_expansion(
            expansion_market(units, edges, tree),
            policy,
            assumptions=Assumptions.easy(rungs=(Rung(level="stat"),)),
        )
    with pytest.raises(mkt.MktError, match="请用 rungs 给出梯级"):
        plan_expansion(expansion_market(units, edges, tree), policy, assumptions=Assumptions.easy(rungs=()))


def test_strategies_are_judged_by_profit_whatever_the_objective(grid):
    units, edges, tree = grid_example(2, 3)
    policy = grid[3].replace(base=("r1c1",), periods=3)
    asked = policy.replace(objective="earliest", target="prefecture")
    table = compare_strategies(
        expansion_market(units, edges, tree),
        asked,
        strategies=["potential"],
        search=Search(rounds=1, nodes=5),
        n_draws=0,
    ).table
    assert table["strategy"].iloc[0] == "optimum" and table["gain"].notna().all()
    with pytest.raises(mkt.MktError, match="waterfall"):
        plan_strategy("quick", expansion_market(units, edges, tree), policy)


def test_p_median_equals_brute_force_and_bound_holds():
    rng = np.random.default_rng(0)
    points = pd.DataFrame(
        {
            "region": [f"p{i}" for i in range(14)],
            "lon": rng.uniform(110, 118, 14),
            "lat": rng.uniform(30, 36, 14),
        }
    )
    distance, weight = great_circle_km(points), pd.Series(rng.uniform(1, 5, 14), index=points["region"])
    found = p_median(distance, weight, 3)
    w = weight.to_numpy()
    best = min(
        (distance.to_numpy()[:, list(s)].min(axis=1) @ w) for s in itertools.combinations(range(14), 3)
    )
    assert found.value == pytest.approx(best)
    assert found.bound <= best + 1e-6 and found.gap < 0.05
    cover = max_cover(distance, weight, 2, radius_km=250.0)
    near = distance.to_numpy() <= 250.0
    most = max(w[near[:, list(s)].any(axis=1)].sum() for s in itertools.combinations(range(14), 2))
    assert cover.value == pytest.approx(most) and cover.bound >= most - 1e-6
    table = supply_coverage(distance, cover.centres, radius_km=250.0, weight=weight)
    assert table["covered_share"].iloc[0] == pytest.approx(most / w.sum())


def test_centres_open_with_the_first_unit_they_serve(grid):
    plan = grid[-1]
    assignment = pd.Series("west", index=plan.steps["region"])
    assignment.iloc[-1] = "east"
    table = opening_times(plan.steps, assignment).set_index("centre")
    assert table.loc["west", "period"] == plan.steps["period"].iloc[0]
    assert table.loc["east", "period"] == plan.steps["period"].iloc[-1]


def test_a_centre_that_serves_the_base_opens_at_once(grid):
    plan = grid[-1]
    assignment = pd.Series("west", index=plan.paths["region"].unique())
    assignment[plan.steps["region"].iloc[-1]] = "east"
    table = opening_times(plan.paths, assignment).set_index("centre")
    assert table.loc["west", "period"] == plan.cash_flow["period"].iloc[0]
    assert table["n_units"].to_dict() == {"west": len(plan.steps), "east": 1}


def test_distances_and_weights_that_cannot_be_are_refused():
    points = pd.DataFrame({"region": list("abcd"), "lon": [110.0, 111.0, 112.0, 113.0], "lat": 30.0})
    km, weight = great_circle_km(points), pd.Series(1.0, list("abcd"))
    cut = km.where(km < 150, np.inf)
    with pytest.raises(mkt.MktError, match="有限的数"):
        p_median(cut, weight, 2)
    assert max_cover(cut, weight, 2, radius_km=150).value == 4.0
    for wrong, words in ((weight.head(3), "没有权重"), (pd.concat([weight, weight]), "重复的地区")):
        for ask in (
            lambda w: p_median(km, w, 2),
            lambda w: supply_coverage(km, "a", radius_km=150, weight=w),
        ):
            with pytest.raises(mkt.MktError, match=words):
                ask(wrong)
    assert p_median(km, weight, 2, fixed=("a", "a")).centres == p_median(km, weight, 2, fixed="a").centres
    assert supply_coverage(km, "a", radius_km=150)["n_covered"].item() == 2


def test_workload_grows_with_customers_and_adds_up():
    table = workload(pd.Series({"a": 100.0, "b": 200.0}))
    kinds = ["sweep", "visits", "old_customers", "model_stores", "supervision"]
    np.testing.assert_allclose(table[kinds].sum(axis=1), table["hours"])
    staff = table.set_index(["region", "phase"])["staff"]
    assert (staff["b"] > staff["a"]).all()


def test_workload_keeps_the_source_s_cadences():
    """A quarter, a month, a month, a week, every working day; six customers a week; stores by level."""
    usual = Staffing()
    stock = Staffing(class_stay_weeks=(52.0,) * 5)
    assert stock.class_contacts == pytest.approx((4, 12, 12, 52, 260))  # a weekly visit is 52 a year
    assert usual.class_contacts == pytest.approx((4, 3, 2, 13 / 6, 65 / 6))  # prospects pass through
    assert usual.hours_per_person / (usual.visit_hours + usual.travel_hours) == 300  # six a week, 50 weeks
    alone = Staffing(class_visits=(False,) * 5, call_hours=0.0, old_customer_contacts=0.0, sweep_hours=0.0)
    one = pd.Series({"a": 100.0})
    stores = {
        level: workload(one, staffing=alone, level=level)["model_stores"][0]
        for level in ("county", "prefecture")
    }
    assert stores == {"county": 78.0, "prefecture": 156.0}
    few = workload(one, staffing=Staffing(prospects=0.5)).set_index("phase")
    many = workload(one, staffing=Staffing(prospects=1.0)).set_index("phase")
    assert many.loc["mature", "visits"] == pytest.approx(2 * few.loc["mature", "visits"])
    assert many.loc["mature", "old_customers"] == 0 < few.loc["mature", "old_customers"]
    # the supervisor's days are hours, and not the salesman's
    busy = workload(one, staffing=Staffing(supervisor_days=(99.0, 99.0)))
    assert busy["staff"].equals(workload(one)["staff"]) and (busy["hours"] > workload(one)["hours"]).all()


def test_builtin_units_split_the_city_and_say_so():
    cities, counties = market_units("prefecture", within="410000"), market_units("county", within="410000")
    tree = mkt.load_regions()
    by_city = counties.groupby(tree.parents("prefecture", counties["region"]).to_numpy())["capacity"].sum()
    np.testing.assert_allclose(by_city.loc[cities["region"]], cities["capacity"])
    assert set(counties["status"]) <= {"allocated", "imputed"} and counties["capacity"].gt(0).all()


def test_henan_from_zhengzhou_reaches_the_province():
    tree = mkt.load_regions().subtree("410000")
    units, edges = market_units("prefecture", within="410000"), mkt.load_edges("prefecture")
    policy = easy_policy(base=("410100",), periods=6, budget=3e8)
    plan = mkt.plan_expansion(expansion_market(units, edges, tree), policy, search=Search(gap=0.05))
    assert plan.checks["holds"].all() and plan.gap <= 0.05
    assert "410000" in set(plan.ladder["region"])
