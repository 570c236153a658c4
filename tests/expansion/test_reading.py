"""A plan as it is read: states, zones, moves; sites side by side; a company that is strong nowhere."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import expansion


@pytest.fixture(scope="module")
def plan():
    market = mkt.expansion_market(*expansion.grid_example(3, 3))
    policy = mkt.Policy(base=("r1c1",), periods=5, start=2025, budget=8e6)
    return mkt.plan_expansion(market, policy, assumptions=expansion.Assumptions.easy())


def test_states_are_those_of_the_paths(plan):
    states = expansion.yearly_states(plan, most=3)
    assert list(states) == ["2025", "2027", "2029"]
    for year, state in states.items():
        paths = plan.paths[plan.paths["period"].dt.year == int(year)]
        assert (state == "强势").sum() == paths["strong"].sum()
        assert (state != "未进入").sum() == len(paths) and len(state) == 9


def test_zones_add_up_to_the_plan(plan):
    units = plan.market.table.reset_index()
    zones = pd.Series(np.where(np.arange(9) < 4, "东", "西"), plan.case.units)
    table = expansion.zone_table(plan, zones, units)
    assert table["n_units"].sum() == 9 and table["n_entered"].sum() == len(plan.steps)
    assert table["capacity"].sum() == pytest.approx(plan.case.capacity[:, -1].sum())
    end = plan.paths[plan.paths["period"] == plan.paths["period"].max()]
    capacity = pd.Series(plan.case.capacity[:, -1], plan.case.units)
    sold = (end["share"] * capacity.reindex(end["region"]).to_numpy()).sum()
    assert (table["share"] * table["capacity"]).sum() == pytest.approx(sold)


def test_listed_and_unlisted_moves_add_up(plan):
    halved = mkt.plan_expansion(plan.market, plan.policy.replace(budget=3e6), assumptions=plan.assumptions)
    moves = expansion.compare_plans(plan, halved)
    for most in (1, 50):
        shown = expansion.largest_moves(moves, most=most)
        assert shown["value_change"].iloc[:-1].sum() == pytest.approx(shown["value_change"].iloc[-1])
    assert len(expansion.largest_moves(moves, most=1)) <= 4


def test_sites_are_judged_alike():
    x = np.arange(6.0)
    km = pd.DataFrame(np.abs(x[:, None] - x) * 100, index=list("abcdef"), columns=list("abcdef"))
    weight = pd.Series([1.0, 1, 1, 1, 1, 5], list("abcdef"))
    table, nearest = expansion.compare_sites(km, weight, ["a"], n_centres=1, radius_km=150)
    by = table.set_index("option")
    assert by.loc["只从根据地", "distance_km"] == pytest.approx((0 + 100 + 200 + 300 + 400 + 2500) / 10)
    assert by["distance_km"].min() == by.loc["加权距离最短", "distance_km"]
    assert by["covered_share"].max() == by.loc["半径内容量最多", "covered_share"]
    assert set(nearest.assignment) == set(nearest.centres)


def test_a_thin_company_is_strong_nowhere():
    market = mkt.expansion_market(*expansion.grid_example(3, 3))
    for assumed in (None, expansion.Assumptions.easy()):
        found = expansion.diagnose_position(expansion.thin_example(market), assumptions=assumed)
        assert not found.units["strong"].any() and found.units["own_share"].min() > 0
    assert (market.table["own_share"] != expansion.thin_example(market).table["own_share"]).any()
