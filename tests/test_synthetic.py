from itertools import pairwise

import numpy as np
import pytest

from mktanalysis.errors import MktError
from mktanalysis.regions import check_edges, components
from mktanalysis.schemas import INDICATORS, PANEL, check_table
from mktanalysis.synthetic import make_grid_market, make_market


@pytest.mark.parametrize("freq", ["Y", "Q", "M"])
def test_tables_meet_their_schemas(freq):
    market = make_market(freq=freq, n_periods=13, random_state=0)
    check_table(market.panel, PANEL)
    check_table(market.indicators, INDICATORS)
    check_edges(market.edges, market.tree.leaves)
    assert set(market.panel["region"]) == set(market.tree.leaves)
    assert market.units["capacity"].gt(0).all() and market.base in set(market.units["region"])
    assert not market.panel.duplicated(["region", "period"]).any()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 7), (3, 5, 7), (7, 3, 5), (2, 9, 2)])
def test_all_is_connected(shape):
    market = make_market(
        n_provinces=shape[0], n_prefectures=shape[1], n_counties=shape[2], n_periods=1, random_state=0
    )
    assert components(market.edges, market.tree.leaves).max() == 0
    assert len(market.tree.leaves) == np.prod(shape)


def test_retail_of_a_prefecture_is_the_sum_of_its_counties():
    market = make_market(freq="M", n_periods=30, random_state=3)
    retail = market.indicators.query("indicator == 'retail_sales'").set_index(["region", "period"])["value"]
    home = market.tree.parents("prefecture", market.panel["region"]).to_numpy()
    summed = market.panel["value"].groupby([home, market.panel["period"].dt.asfreq("Y")]).sum()
    assert set(retail.index.get_level_values(1).astype(str)) == {"2022", "2023"}  # full years only
    for key, value in retail.items():
        assert summed[key] == pytest.approx(value, rel=1e-12)


def test_planted_tiers_lie_apart():
    market = make_market(n_provinces=8, random_state=1)
    last = market.indicators[market.indicators["period"] == "2023"]
    wide = last.pivot(index="region", columns="indicator", values="value")
    size = np.log(wide["resident_population"] * wide["disposable_income"])
    groups = [size[market.tiers.index[market.tiers == tier]] for tier in market.tiers.cat.categories]
    assert all(len(group) for group in groups)
    assert all(upper.min() > lower.max() for upper, lower in pairwise(groups))


def test_the_break_is_where_it_is_said_to_be():
    market = make_market(n_periods=12, random_state=2)
    broken = market.breaks.iloc[0]
    wide = market.panel.pivot(index="period", columns="region", values="value")
    step = wide.loc[broken["period"]] / wide.loc[broken["period"] - 1]
    inside = market.tree.parents("province", step.index) == broken["region"]
    assert step[inside.to_numpy()].max() < 1 < step[~inside.to_numpy()].median()


def test_same_seed_same_market():
    one, two, other = (make_market(random_state=seed) for seed in (5, 5, 6))
    assert one.panel.equals(two.panel) and one.units.equals(two.units) and one.base == two.base
    assert not one.panel.equals(other.panel)


def test_grid():
    market = make_grid_market(3, 4, random_state=0)
    assert len(market.tree.leaves) == 12 and len(market.edges) == 2 * (3 * 3 + 2 * 4)
    with pytest.raises(MktError):
        make_grid_market(0, 3)


@pytest.mark.parametrize("bad", [{"n_provinces": 0}, {"n_counties": 100}, {"freq": "W"}, {"n_periods": 0}])
def test_bad_arguments(bad):
    with pytest.raises(MktError):
        make_market(**bad)
