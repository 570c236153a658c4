"""From a panel to a matrix: filling, level breaks, changed regions, and every bad input."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import MktError, TableError
from mktanalysis.forecasting import detect_breaks
from mktanalysis.forecasting.forecaster.panel import build_cube
from mktanalysis.regions import rebase_panel


@pytest.fixture
def tree():
    return mkt.RegionTree.from_table(
        pd.DataFrame(
            {
                "region": ["N", "P", "Q", "a", "b", "c"],
                "name": list("NPQabc"),
                "level": ["nation", "province", "province", "city", "city", "city"],
                "parent": [None, "N", "N", "P", "P", "Q"],
            }
        )
    )


def panel(**series):
    years = pd.period_range("2010", periods=max(map(len, series.values())), freq="Y")
    parts = [
        pd.DataFrame({"region": name, "period": years[: len(values)], "value": np.asarray(values, float)})
        for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True).astype({"region": "str"})


def test_inner_nodes_are_sums_and_row_order_does_not_matter(tree):
    table = panel(a=[1, 2, 3], b=[4, 5, 6], c=[7, 8, 9])
    cube = build_cube(table, tree)
    history, share = cube.history()
    rows = dict(zip(cube.structure.nodes, history, strict=True))
    assert rows["N"].tolist() == [12, 15, 18] and rows["P"].tolist() == [5, 7, 9]
    assert (share == 1).all()
    again = build_cube(table.sample(frac=1, random_state=0), tree)
    assert list(again.structure.nodes) == list(cube.structure.nodes)
    np.testing.assert_array_equal(again.bottom, cube.bottom)


def test_gaps_on_the_line_and_ends_by_the_parents_growth(tree):
    table = panel(a=[10, np.nan, 40, 80], b=[1, 2, 4, 8], c=[5, 5, 5, 5])
    table = table.drop(index=table.index[(table["region"] == "b") & (table["period"] == "2010")])
    history, share = build_cube(table, tree).history()
    nodes = build_cube(table, tree).structure.nodes
    a, b = history[nodes.get_loc("a")], history[nodes.get_loc("b")]
    np.testing.assert_allclose(a, [10, 20, 40, 80])  # straight in logs
    # 2010-11: nothing below P was observed on both sides, the nation grew by 5/5
    np.testing.assert_allclose(b, [2, 2, 4, 8])
    assert share[nodes.get_loc("a")].tolist() == [1, 0, 1, 1]


def test_a_level_break_is_chained_to_the_latest_level(tree):
    years = [100 * 1.1**k for k in range(8)]
    broken = years[:4] + [0.5 * value for value in years[4:]]
    breaks = pd.DataFrame({"region": ["P"], "period": ["2014"]})
    cube = build_cube(panel(a=broken, b=broken, c=years), tree, breaks=breaks)
    history, _ = cube.history()
    nodes = cube.structure.nodes
    np.testing.assert_allclose(history[nodes.get_loc("a")], [0.5 * value for value in years])
    np.testing.assert_allclose(history[nodes.get_loc("c")], years)
    everywhere = build_cube(panel(a=years, b=years, c=years), tree, breaks=pd.DataFrame({"period": ["2014"]}))
    assert everywhere.broken[:, 4].all() and everywhere.broken.sum() == 3


def test_all_problems_at_once(tree):
    table = panel(a=[1, -2, 3], b=[4, 5, np.inf], x=[1, 2, 3])
    with pytest.raises(TableError) as caught:
        build_cube(table, tree)
    words = " ".join(caught.value.problems["problem"])
    assert "不在地区树中" in words and "数值为负" in words and "不是有限数" in words
    assert len(caught.value.problems) == 3


def test_duplicates(tree):
    table = panel(a=[1, 2, 3])
    with pytest.raises(TableError, match="主键重复"):
        build_cube(pd.concat([table, table]), tree)


def test_totals_that_disagree_are_refused_and_those_that_agree_are_not(tree):
    table = panel(a=[1, 2, 3], b=[1, 1, 1], P=[2, 3, 4])
    assert list(build_cube(table, tree).structure.nodes) == ["N", "P", "a", "b"]
    with pytest.raises(TableError, match="与下级之和"):
        build_cube(panel(a=[1, 2, 3], b=[1, 1, 1], P=[2, 3, 5]), tree)


def test_hourly_data_and_empty_panels(tree):
    table = panel(a=[1, 2, 3])
    with pytest.raises(MktError, match="年"):
        build_cube(table.assign(period=pd.period_range("2020-01-01", periods=3, freq="h")), tree)
    with pytest.raises(MktError, match="没有任何数值"):
        build_cube(table.assign(value=np.nan), tree)


def test_inputs_are_not_changed(tree):
    table = panel(a=[1, np.nan, 3], b=[4, 5, 6], c=[7, 8, 9])
    before = table.copy()
    build_cube(table, tree).history()
    pd.testing.assert_frame_equal(table, before)


def test_a_merged_region_with_a_hole_gives_a_hole():
    table = panel(old=[1, np.nan, 3], new=[10, 11, 12, 20])
    moved = rebase_panel(table, pd.DataFrame({"old": ["old"], "new": ["new"], "share": [1.0]}))
    assert moved["period"].dt.year.tolist() == [2010, 2012, 2013]
    assert moved["value"].tolist() == [11, 15, 20]


def test_a_split_goes_by_share():
    table = panel(old=[10, 20])
    moved = rebase_panel(table, pd.DataFrame({"old": ["old"] * 2, "new": ["x", "y"], "share": [0.3, 0.7]}))
    assert moved.pivot(index="region", columns="period", values="value").to_numpy().tolist() == [
        [3, 6],
        [7, 14],
    ]


@pytest.mark.parametrize(("freq", "length"), [("Y", 24), ("Q", 36), ("M", 84)])
def test_planted_breaks_are_found_and_nothing_else(freq, length):
    market = mkt.synthetic.make_market(n_provinces=6, n_periods=length, freq=freq, random_state=0)
    found = detect_breaks(market.panel, market.tree)
    assert (
        found[["region", "period"]].to_numpy().tolist()
        == market.breaks[["region", "period"]].to_numpy().tolist()
    )
