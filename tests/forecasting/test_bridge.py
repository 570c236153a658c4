"""The bridge: what is known is met, moves what it moves with, and says how sure the rest is."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.forecasting import backtest_bridge, bridge, complete_year, score_forecasts
from mktanalysis.forecasting.hierarchy.structure import Structure
from mktanalysis.forecasting.today.movement import Known, carry, estimate_movement


@pytest.fixture(scope="module")
def market():
    return mkt.synthetic.make_market(n_provinces=3, n_periods=16, random_state=1)


def _known(rows, **more):
    return pd.DataFrame(rows, columns=["region", "period", "value", "kind"]).assign(**more)


def _value(found, region, period):
    table = found.table
    return table[(table["region"] == region) & (table["period"] == period)].iloc[0]


def _ends(market):
    last = market.panel["period"].max()
    return market.tree.level("nation")[0], market.tree.level("province"), last


def test_known_totals_are_met_and_everything_adds_up(market):
    nation, provinces, last = _ends(market)
    rows = [(nation, str(last + 1), 0.05, "growth"), (provinces[0], str(last + 1), -0.02, "growth"),
            (nation, str(last + 2), 0.01, "growth")]  # fmt: skip
    found = bridge(market.panel, _known(rows), market.tree)
    before = market.panel[market.panel["period"] == last].set_index("region")["value"]
    top = [_value(found, nation, last + step)["value"] for step in (1, 2)]
    assert top[0] / before.sum() == pytest.approx(1.05, abs=1e-9)
    assert top[1] / top[0] == pytest.approx(1.01, abs=1e-9)
    inside = market.tree.parents("province", before.index) == provinces[0]
    province = _value(found, provinces[0], last + 1)["value"]
    assert province / before[inside.to_numpy()].sum() == pytest.approx(0.98, abs=1e-9)
    wide = found.table.pivot(index="region", columns="period", values="value")
    assert np.allclose(wide.loc[provinces].sum(), wide.loc[nation], rtol=1e-12)
    assert set(found.table["status"]) == {"nowcast"}


def test_a_level_is_a_growth_from_what_the_panel_holds(market):
    nation, _, last = _ends(market)
    total = market.panel.loc[market.panel["period"] == last, "value"].sum()
    rate = bridge(market.panel, _known([(nation, str(last + 1), 0.04, "growth")]), market.tree)
    level = bridge(market.panel, _known([(nation, str(last + 1), 1.04 * total, "level")]), market.tree)
    assert np.allclose(rate.table["value"], level.table["value"], rtol=1e-9)
    assert np.allclose(rate.table["lower"], level.table["lower"], rtol=1e-7)


def test_the_update_is_the_textbooks_conditional_normal():
    """Against dense algebra on one period: prior covariance of leaves built in full."""
    tree = Structure.from_parents(pd.Series({"N": None, "A": "N", "B": "N", "a": "A", "b": "A", "c": "B"}))
    rng = np.random.default_rng(0)
    movement = estimate_movement(tree, rng.normal(size=(9, 3)) * 0.01, np.ones(3))
    movement = type(movement)(movement.member, np.array([4e-4, 2e-4, 1e-4]), np.array([1e-4, 3e-4, 2e-4]))
    dense = movement.times(np.eye(3))
    below = tree.summing.tocsr()[tree.leaves[[0]]]
    one = Known(
        tree.leaves[[0]],
        below,
        np.array([1]),
        np.array([False]),
        np.log([1.1]),
        np.array([1e-4]),
        np.zeros(1),
    )
    found = carry(movement, np.ones(3), np.ones((3, 1)), one)
    gain = dense[:, 0] / (dense[0, 0] + 1e-4)
    assert np.allclose(np.log(found.values[:, 1]), gain * np.log(1.1), rtol=1e-8)
    left, added = found.spread(tree.summing.tocsr()[tree.leaves], np.ones(3, dtype=int))
    assert np.allclose(left + added, np.diag(dense) - gain * dense[:, 0], rtol=1e-8)
    assert np.allclose(added, gain**2 * 1e-4, rtol=1e-8)


def test_planted_movements_are_found():
    rng = np.random.default_rng(3)
    parents = {"N": None} | {f"P{i}": "N" for i in range(8)}
    parents |= {f"P{i}c{j}": f"P{i}" for i in range(8) for j in range(12)}
    tree = Structure.from_parents(pd.Series(parents))
    province = np.repeat(np.arange(8), 12)
    errors = 0.04 * rng.normal(size=(60, 1)) + 0.02 * rng.normal(size=(60, 8))[:, province]
    errors = errors + 0.03 * rng.normal(size=(60, 96))
    found = estimate_movement(tree, errors, np.exp(rng.normal(size=96)))
    assert np.sqrt(found.factor[0]) == pytest.approx(0.04, rel=0.25)
    assert np.sqrt(found.factor[1]) == pytest.approx(0.02, rel=0.25)
    assert np.sqrt(found.own.mean()) == pytest.approx(0.03, rel=0.1)


def test_an_uncertain_figure_pulls_less_and_widens_more(market):
    nation, _, last = _ends(market)
    row = [(nation, str(last + 1), 0.2, "growth")]
    sure = _value(bridge(market.panel, _known(row), market.tree), nation, last + 1)
    loose = _value(bridge(market.panel, _known(row, error=0.05), market.tree), nation, last + 1)
    free = sure["forecast"]
    assert abs(loose["value"] - free) < abs(sure["value"] - free)
    assert loose["upper"] - loose["lower"] > sure["upper"] - sure["lower"]


def test_members_across_a_revision_get_the_error_that_their_scatter_shows(market):
    _, _, last = _ends(market)
    leaves = market.panel["region"].unique()
    rng = np.random.default_rng(0)
    calm = bridge(
        market.panel,
        _known([(c, str(last + 1), 0.03, "growth") for c in leaves[:8]], error=np.nan),
        market.tree,
    )
    wild = [
        (c, str(last + 1), float(0.03 + 0.25 * e), "growth")
        for c, e in zip(leaves[:8], rng.choice([-1, 1], 8), strict=True)
    ]
    torn = bridge(market.panel, _known(wild, error=np.nan), market.tree)
    assert torn.known["error"].median() > 0.1 > calm.known["error"].median()


def test_bad_figures_are_told_all_at_once(market):
    nation, provinces, last = _ends(market)
    rows = [("nowhere", str(last + 1), 0.1, "growth"), (nation, str(last), 0.1, "growth"),
            (nation, str(last + 1), 3.5, "share"), (provinces[0], str(last + 1), 35.0, "growth")]  # fmt: skip
    with pytest.raises(mkt.TableError) as told:
        bridge(market.panel, _known(rows), market.tree)
    text = str(told.value)
    for words in ("不在面板", "面板已到", "kind 应为", "增速应是比率"):
        assert words in text


def test_a_city_above_its_province_is_a_contradiction(market):
    _, provinces, last = _ends(market)
    before = market.panel[market.panel["period"] == last].set_index("region")["value"]
    home = market.tree.parents("province", before.index).to_numpy()
    inside = before[home == provinces[0]]
    rows = [(provinces[0], str(last + 1), inside.sum(), "level"),
            *[(city, str(last + 1), 1.5 * value, "level") for city, value in inside.items()]]  # fmt: skip
    with pytest.raises(mkt.TableError, match="矛盾"):
        bridge(market.panel, _known(rows), market.tree)


def test_a_change_of_base_among_the_known_is_noted(market):
    nation, _, last = _ends(market)
    rows = [(nation, str(last + 1), 0.9, "growth")]
    notes = bridge(market.panel, _known(rows, error=0.01), market.tree).notes
    assert notes["region"].tolist() == [nation] and "口径" in notes["problem"].iloc[0]


def test_a_region_whose_own_figures_end_early_is_carried_too(market):
    nation, _, last = _ends(market)
    city = market.panel["region"].iloc[0]
    short = market.panel[~((market.panel["region"] == city) & (market.panel["period"] == last))]
    found = bridge(short, _known([(nation, str(last + 1), 0.05, "growth")]), market.tree)
    own = found.panel[found.panel["region"] == city].set_index("period")
    assert own.loc[last, "status"] == "nowcast" and own.loc[last - 1, "status"] == "observed"
    assert own.loc[last, "lower"] < own.loc[last, "value"] < own.loc[last, "upper"]


def test_row_order_changes_nothing_and_inputs_stay(market):
    nation, provinces, last = _ends(market)
    rows = [(nation, str(last + 1), 0.05, "growth"), (provinces[0], str(last + 1), 0.01, "growth")]
    known = _known(rows, error=[0.0, 0.01])
    copies = (market.panel.copy(), known.copy())
    first = bridge(market.panel, known, market.tree)
    second = bridge(market.panel.sample(frac=1, random_state=0), known[::-1], market.tree)
    pd.testing.assert_frame_equal(first.table, second.table, rtol=1e-9)
    pd.testing.assert_frame_equal(market.panel, copies[0])
    pd.testing.assert_frame_equal(known, copies[1])


def test_a_known_total_helps_the_cities(market):
    nation, _, _ = _ends(market)
    totals = market.panel.groupby("period")["value"].sum()

    def known_at(cutoff):
        year = pd.Period(str(cutoff + 1), totals.index.freq)
        return _known([(nation, str(year), float(totals[year] / totals[year - 1] - 1), "growth")])

    last = totals.index[-1].year
    results = backtest_bridge(market.panel, known_at, market.tree, cutoffs=range(last - 5, last), horizon=1)
    scores = score_forecasts(results).set_index(["level", "model"])
    level = market.tree.levels[-1]
    assert scores.loc[(level, "bridge"), "wape"] < scores.loc[(level, "forecast"), "wape"]
    assert 0.65 < scores.loc[(level, "bridge"), "coverage"] < 0.95
    assert scores.loc[("nation", "bridge"), "wape"] < 1e-9


def test_two_months_say_less_than_ten():
    rng = np.random.default_rng(0)
    rows = []
    for year in range(2008, 2021):
        growth = 0.05 + 0.03 * rng.normal(size=12)
        rows += [(f"{year}-{m:02d}", growth[:m].mean()) for m in range(1, 13)]
    table = pd.DataFrame(rows, columns=["period", "growth"]).assign(region="N")
    table["period"] = pd.PeriodIndex(table["period"], freq="M")
    whole = table["period"] < "2020-01"
    errors = {
        month: complete_year(table[whole | (table["period"] == f"2020-{month:02d}")]).iloc[-1]
        for month in (2, 10)
    }
    assert errors[2]["error"] > 2 * errors[10]["error"] > 0 and errors[2]["months"] == 2
    assert complete_year(table).iloc[-1]["error"] == 0


def test_a_running_year_needs_past_ones():
    table = pd.DataFrame(
        {"region": "N", "period": pd.PeriodIndex(["2019-12", "2020-02"], freq="M"), "growth": 0.1}
    )
    with pytest.raises(mkt.MktError, match="往年"):
        complete_year(table)


def test_forecasts_from_carried_figures_are_as_unsure_as_both(market):
    nation, _, last = _ends(market)
    found = bridge(market.panel, _known([(nation, str(last + 1), 0.05, "growth")], error=0.02), market.tree)
    table = pd.DataFrame(
        {"region": [nation], "mean": [100.0], "lower": [90.0], "upper": [110.0], "q0.1": [90.0]}
    )
    wide = found.widen(table, last + 1).iloc[0]
    then = _value(found, nation, last + 1)
    extra = 100 * (then["upper"] / then["value"] - 1)
    assert wide["upper"] == pytest.approx(100 + np.hypot(10, extra))
    assert wide["lower"] == pytest.approx(wide["q0.1"]) and wide["lower"] < 90
    assert found.until(last + 1)["period"].max() == last + 1
