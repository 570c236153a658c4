"""Units to plan with: every one a place, nothing lost, neighbours on both sides."""

import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import china, maps

HAINAN = "460000"


@pytest.fixture(scope="module")
def hainan():
    return china.planning_units("prefecture", within=HAINAN)


def test_groups_are_divided_into_their_members_and_nothing_is_lost(hainan):
    units, _, tree = hainan
    grouped = mkt.market_units("prefecture", within=HAINAN)
    assert units["capacity"].sum() == pytest.approx(grouped["capacity"].sum(), rel=1e-9)
    assert units["population"].sum() == pytest.approx(grouped["population"].sum())
    table = mkt.load_regions().table
    groups = set(table.loc[(table["level"] == "prefecture") & (table["kind"] == "direct"), "region"])
    assert groups and not groups & set(units["region"]) and not groups & set(tree.regions)
    assert {"文昌市", "琼海市", "海口市"} <= set(units["name"]) and units["region"].is_unique
    assert set(tree.level_of(units["region"])) == {"prefecture"}
    assert set(units["status"]) <= {"observed", "nowcast", "allocated", "imputed"}


def test_neighbours_are_those_of_the_land(hainan):
    units, edges, _ = hainan
    pairs = set(zip(edges["region"], edges["neighbor"], strict=True))
    assert pairs == {pair[::-1] for pair in pairs} and all(a != b for a, b in pairs)
    county = mkt.load_edges("county")
    assert ("469005", "460100") in pairs  # 文昌 borders on districts of 海口
    inside = county[county["region"].str.startswith("4690") & county["neighbor"].str.startswith("4690")]
    assert set(zip(inside["region"], inside["neighbor"], strict=True)) <= pairs
    assert set(units["region"]) - {"460300"} <= {a for a, _ in pairs}  # 三沙 lies in the sea


def test_a_plan_and_its_map_know_the_places(hainan):
    units, edges, tree = hainan
    market = mkt.expansion_market(units, edges, tree.subtree(HAINAN))
    plan = mkt.plan_expansion(market, mkt.Policy(base=("460100",), budget=3.3e7))
    assert len(plan.steps) and "469000" not in set(plan.steps["region"])
    entered = plan.steps.set_index("region")["period"].dt.year
    figure = maps.plot_path(entered, base="460100", within=HAINAN)
    assert "文昌" in "".join(text.get_text() for text in figure.axes[0].texts) or len(entered) < 3


def test_where_there_are_none_nothing_changes():
    units, _, tree = china.planning_units("prefecture", within="320000")
    pd.testing.assert_frame_equal(units, mkt.market_units("prefecture", within="320000"))
    assert len(tree.level("prefecture")) == 337 + 32  # every province has its members
    counties, near, whole = china.planning_units("county", within="110000")
    pd.testing.assert_frame_equal(counties, mkt.market_units("county", within="110000"))
    assert near.equals(mkt.load_edges("county")) and len(whole) == len(mkt.load_regions())
