"""A market is checked once and knows no policy; old calls still answer, and say what they are called now."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.expansion import (
    Assumptions,
    Policy,
    Response,
    Search,
    compare_strategies,
    continue_policy,
    diagnose_position,
    expansion_market,
    grid_example,
    plan_expansion,
    plan_strategy,
    strategy_sensitivity,
)
from mktanalysis.expansion.market import market as home
from mktanalysis.expansion.market.case import build_case
from mktanalysis.regions import haversine_km

HASTY = Search(method="greedy", rounds=2)


@pytest.fixture
def tables():
    return grid_example(3, 3, random_state=1)


def test_a_comparison_and_a_sensitivity_check_the_tables_once(tables, monkeypatch):
    seen = []
    check = home.unit_table
    monkeypatch.setattr(home, "unit_table", lambda *args: seen.append(1) or check(*args))
    market = expansion_market(*tables)
    policy = Policy(base=("r1c1",), periods=3)
    compare_strategies(market, policy, search=HASTY, n_draws=0)
    table = strategy_sensitivity(market, policy)
    settings = table[["condition", "factor"]].drop_duplicates()
    assert len(seen) == 1 and len(table) == len(settings) * table["strategy"].nunique()
    assert not table.duplicated(["condition", "factor", "strategy"]).any()


def test_one_market_serves_many_policies_and_stays_as_it_is(tables):
    market = expansion_market(*tables)
    before = market.table.copy()
    one = plan_expansion(market, Policy(base=("r1c1",), periods=3, budget=4e6))
    plan_expansion(market, Policy(base=("r3c3",), periods=5, contiguity="none"))
    again = plan_expansion(market, Policy(base=("r1c1",), periods=3, budget=4e6))
    pd.testing.assert_frame_equal(one.steps, again.steps)
    pd.testing.assert_frame_equal(market.table, before)
    assert one.market is market and not hasattr(market, "policy")


def test_stronger_rivals_are_the_same_as_a_table_that_says_so(tables):
    units, edges, tree = tables
    stronger = expansion_market(units.assign(rival_strength=units["rival_strength"] * 1.25), edges, tree)
    policy = Policy(base=("r1c1",), periods=4, budget=6e6)
    scaled = plan_expansion(expansion_market(*tables).with_rivals(1.25), policy)
    pd.testing.assert_frame_equal(scaled.steps, plan_expansion(stronger, policy).steps)


def test_names_are_accepted_where_codes_are():
    tree = mkt.load_regions().subtree("410000")
    market = expansion_market(
        mkt.market_units("prefecture", within="410000"), mkt.load_edges("prefecture"), tree
    )
    named = Policy(
        base=("郑州市",),
        periods=4,
        start=2025,
        budget=2e8,
        pinned={"洛阳": 2026},
        forbidden=("开封市",),
        history=(("许昌市", "集中", 2025),),
    )
    coded = named.replace(
        base=("410100",),
        pinned={"410300": 2026},
        forbidden=("410200",),
        history=(("411000", "集中", 2025),),
    )
    seen = build_case(market, named)
    assert seen.policy == build_case(market, coded).policy
    assert seen.base.sum() == 1 and market.units[seen.base].tolist() == ["410100"]
    asked = Policy(base=("郑州市",), objective="earliest", target="河南省")
    assert build_case(market, asked).policy.target == "410000"


@pytest.mark.parametrize(
    "change, word",
    [
        ({"base": ("郑洲市",)}, "郑洲市"),
        ({"pinned": {"落阳市": None}}, "落阳市"),
        ({"forbidden": ("开丰市", "r1c2")}, "开丰市"),
        ({"history": (("新相市", "集中", 2025),)}, "新相市"),
        ({"objective": "earliest", "target": "河难省"}, "河难省"),
    ],
)
def test_an_unknown_name_is_named(tables, change, word):
    with pytest.raises(mkt.UnknownNameError, match=word):
        plan_expansion(expansion_market(*tables), Policy(**{"base": ("r1c1",), "periods": 3, **change}))


def test_a_region_named_twice_or_ordered_against_itself_is_refused():
    tree = mkt.load_regions()
    market = expansion_market(mkt.market_units("prefecture"), mkt.load_edges("prefecture"), tree)
    with pytest.raises(mkt.MktError, match="写了两次"):
        build_case(market, Policy(base=("410100",), pinned={"洛阳市": None, "410300": 2027}))
    with pytest.raises(mkt.MktError, match="base 与 forbidden"):
        build_case(market, Policy(base=("410100",), forbidden=("郑州市",)))


def test_the_first_year_follows_the_newest_figures(tables):
    units, edges, tree = tables
    policy = Policy(base=("r1c1",), periods=3)
    for year in (2019, 2024):
        market = expansion_market(units.assign(year=[year] + [year - 2] * 8), edges, tree)
        assert build_case(market, policy).years == (year + 1, year + 2, year + 3)
    assert build_case(market, policy.replace(start=2040)).years[0] == 2040
    rows = [(code, year, 2e7) for code in units["region"] for year in (2031, 2032, 2033)]
    ahead = pd.DataFrame(rows, columns=["region", "period", "mean"])
    market = expansion_market(units, edges, tree, capacity=ahead)
    assert market.newest == 2030 and build_case(market, policy).years == (2031, 2032, 2033)


def test_figures_without_a_year_ask_for_one(tables):
    units, edges, tree = tables
    market = expansion_market(units.drop(columns="year"), edges, tree)
    with pytest.raises(mkt.MktError, match="start"):
        plan_expansion(market, Policy(base=("r1c1",), periods=3))
    assert plan_expansion(market, Policy(base=("r1c1",), periods=3, start=2030)).policy.start == 2030
    with pytest.raises(mkt.MktError, match="start"):
        _ = Policy(base=("r1c1",)).years


def test_planning_again_keeps_what_was_assumed(tables):
    market = expansion_market(*tables)
    assumed = Assumptions(terminal_years=7.0, spill=0.0)
    plan = plan_expansion(market, Policy(base=("r1c1",), periods=4, budget=5e6), assumptions=assumed)
    again = plan_expansion(market, continue_policy(plan, from_year=2026))
    assert again.assumptions == assumed == plan.assumptions
    told = ["reason"]  # of a step that is history it says so
    pd.testing.assert_frame_equal(again.steps.drop(columns=told), plan.steps.drop(columns=told))
    assert again.steps["reason"].iloc[0].startswith("已发生或已锁定")


def test_other_objectives_have_a_value_of_their_own_and_a_gain(tables):
    market = expansion_market(*tables)
    policy = Policy(base=("r1c1",), periods=5, budget=6e6, target="prefecture", objective="earliest")
    plan = plan_expansion(market, policy)
    assert plan.objective_value > plan.gain == pytest.approx(plan.figures["gain"])
    assert plan.objective_value <= plan.bound * (1 + 1e-9)
    usual = plan_expansion(market, policy.replace(objective="profit"))
    assert usual.objective_value == usual.gain


def test_old_calls_answer_as_the_new_ones_and_name_them(tables):
    market = expansion_market(*tables)
    policy = Policy(base=("r1c1",), periods=4, budget=5e6)
    new = plan_expansion(market, policy, search=HASTY)
    with pytest.warns(FutureWarning, match=r"plan_expansion\(market, \.\.\.\)"):
        old = plan_expansion(*tables, policy=policy, search=HASTY)
    pd.testing.assert_frame_equal(old.steps, new.steps)
    with pytest.warns(FutureWarning, match=r"plan\.gain"):
        assert old.value == new.gain
    with pytest.warns(FutureWarning, match="expansion_market"):
        old = plan_strategy("potential", *tables, policy=policy)
    pd.testing.assert_frame_equal(old.steps, plan_strategy("potential", market, policy).steps)
    with pytest.warns(FutureWarning, match="expansion_market"):
        old = compare_strategies(*tables, policy=policy, search=HASTY, n_draws=0)
    new = compare_strategies(market, policy, search=HASTY, n_draws=0)
    pd.testing.assert_frame_equal(old.table, new.table)
    with pytest.warns(FutureWarning, match="expansion_market"):
        old = strategy_sensitivity(*tables, policy=policy, rivals=(), spill=())
    pd.testing.assert_frame_equal(old, strategy_sensitivity(market, policy, rivals=(), spill=()))
    with pytest.warns(FutureWarning, match="expansion_market"):
        old = diagnose_position(*tables, base="r1c1", response=Response(enter_share=0.3))
    new = diagnose_position(market, base="r1c1", assumptions=Assumptions(response=Response(enter_share=0.3)))
    pd.testing.assert_frame_equal(old.units, new.units)


def test_assumptions_given_with_the_policy_still_hold_and_warn(tables):
    market = expansion_market(*tables)
    with pytest.warns(FutureWarning, match=r"Policy\(terminal_years\) is now Assumptions"):
        policy = Policy(base=("r1c1",), periods=4, budget=5e6, terminal_years=6.0)
    with pytest.warns(FutureWarning, match="spill"):
        policy = policy.replace(spill=0.0)
    new = Policy(base=("r1c1",), periods=4, budget=5e6)
    assumed = Assumptions(terminal_years=6.0, spill=0.0)
    assert policy.assumptions == assumed
    with pytest.warns(FutureWarning, match="spill"):
        assert policy.spill == 0.0
    old = plan_expansion(market, policy)
    pd.testing.assert_frame_equal(old.steps, plan_expansion(market, new, assumptions=assumed).steps)
    with pytest.raises(AttributeError, match="nothing"):
        _ = policy.nothing


def test_wrong_assumptions_are_refused_in_words():
    for fields, words in (({"spill_cap": 2.0}, "spill_cap：不能大于 1"), ({"programmes": ()}, "programmes")):
        with pytest.raises(mkt.MktError, match=words):
            Assumptions(**fields)
    with pytest.raises(mkt.MktError, match="ramp：不能大于 1"):
        Response(ramp=2.0)


def test_great_circles_are_those_of_the_whole_package():
    points = pd.DataFrame({"region": ["a", "b"], "lon": [116.4, 121.47], "lat": [39.9, 31.23]})
    km = mkt.expansion.great_circle_km(points)
    np.testing.assert_allclose(km.loc["a", "b"], haversine_km(116.4, 39.9, 121.47, 31.23))
    assert km.loc["a", "a"] == 0 and km.loc["b", "a"] == km.loc["a", "b"]
