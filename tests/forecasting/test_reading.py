"""A forecast as it is read: regions around one, past beside future, what was thought earlier."""

import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import forecasting


@pytest.fixture(scope="module")
def market():
    size = {"n_provinces": 2, "n_prefectures": 2, "n_counties": 3, "n_periods": 20}
    return mkt.synthetic.make_market(**size, random_state=0)


@pytest.fixture(scope="module")
def result(market):
    return mkt.HierarchicalForecaster("drift").fit(market.panel, market.tree).forecast(3)


def test_past_and_future_are_those_of_the_forecast(market, result):
    table = forecasting.past_and_future(result)
    root = market.tree.root
    ahead = result.table[result.table["region"] == root].sort_values("period")
    past = result.history[result.history["region"] == root].sort_values("period")["value"]
    row = table.loc[root]
    assert row["now"] == past.iloc[-1] and row[str(ahead["period"].iloc[-1])] == ahead["mean"].iloc[-1]
    assert row["increment"] == pytest.approx(ahead["mean"].iloc[-1] - past.iloc[-1])
    assert (1 + row["growth"]) ** 3 == pytest.approx(ahead["mean"].iloc[-1] / past.iloc[-1])
    assert list(table.index) == list(dict.fromkeys(result.table["region"]))


def test_regions_around_one(market, result):
    root = market.tree.root
    around = forecasting.regions_around(result, market.tree, root, most=5)
    assert around[0] == root and len(around) == len(set(around))
    family = forecasting.line_and_children(result, market.tree, root)
    final = result.table[result.table["period"] == result.table["period"].max()].set_index("region")["mean"]
    below = family[1:]
    assert set(below) == set(market.tree.children(root))
    assert list(final[below]) == sorted(final[below], reverse=True)


def test_an_earlier_view_knows_nothing_later(market):
    forecaster = mkt.HierarchicalForecaster("drift")
    end = market.panel["period"].max() - 2
    then = forecasting.forecast_as_of(forecaster, market.panel, market.tree, end=end, horizon=2)
    changed = market.panel.copy()
    changed.loc[changed["period"] > end, "value"] *= 5
    same = forecasting.forecast_as_of(forecaster, changed, market.tree, end=end, horizon=2)
    pd.testing.assert_frame_equal(then, same)
    assert then["period"].min() == end + 1


def test_a_quick_backtest_fits_the_history(market):
    forecaster = mkt.HierarchicalForecaster("drift")
    trial = forecasting.quick_backtest(forecaster, market.panel, market.tree, horizon=5)
    assert set(mkt.score_forecasts(trial)["model"]) >= {"reconciled"}
    short = market.panel[market.panel["period"] <= market.panel["period"].min() + 3]
    assert forecasting.quick_backtest(forecaster, short, market.tree, horizon=5).empty


def test_settings_come_back():
    forecaster = mkt.HierarchicalForecaster("drift", coverage=0.9)
    again = mkt.HierarchicalForecaster(**forecaster.get_params())
    assert again.get_params() == forecaster.get_params()
    assert forecaster.set_params(coverage=0.5).coverage == 0.5
    with pytest.raises(mkt.MktError, match="没有参数"):
        forecaster.set_params(colour="red")
