"""Every column of a public result has a word, and every result shows itself."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import capacity, expansion, forecasting, planning, tiering, words
from mktanalysis.words.render import TABLE
from mktanalysis.words.summary import Shown


@pytest.fixture(scope="module")
def market():
    return mkt.synthetic.make_market()


@pytest.fixture(scope="module")
def panel(market):
    rows = market.indicators[market.indicators["indicator"] == "gdp"]
    lowest = market.tree.level_of(rows["region"]).to_numpy() == market.tree.levels[-1]
    chosen = rows if not lowest.any() else rows[lowest]
    return chosen[["region", "period", "value"]].reset_index(drop=True)


@pytest.fixture(scope="module")
def plan():
    grid = expansion.expansion_market(*expansion.grid_example(3, 3))
    policy = mkt.Policy(base=("r1c1",), periods=4, budget=4e6)
    return grid, policy, mkt.plan_expansion(grid, policy)


def expansion_results(plan):
    grid, policy, path = plan
    risk = mkt.simulate_risk(path, n_draws=20)
    compared = mkt.compare_strategies(grid, policy, strategies=["base_first", "potential"], n_draws=5)
    today = expansion.diagnose_position(grid, base=("r1c1",))
    tables = [path.steps, path.paths, path.ladder, path.cash_flow, path.staff, path.figures, path.why]
    tables += [path.checks, risk.rungs, risk.levels, risk.fan, risk.figures, compared.table]
    tables += [today.counts, today.units, today.ladder, today.concentration, today.bases]
    tables += [expansion.choose_robust({"a": risk}), expansion.compare_plans(path, path)]
    tables += [expansion.workload(pd.Series({"a": 300.0}))]
    tables += [expansion.strategy_sensitivity(grid, policy, strategies="potential", budget=(1.0,))]
    return [path, risk, compared, today], tables


def entry_results():
    points = pd.DataFrame(
        {"region": [f"p{i}" for i in range(40)], "lon": np.arange(40) % 8, "lat": np.arange(40) // 8}
    )
    openings = pd.DataFrame({"region": points["region"][:30], "period": 2000 + np.arange(30) // 3})
    history = (
        openings,
        pd.Series(np.arange(1.0, 41.0), points["region"]),
        points.astype({"lon": float, "lat": float}),
    )
    model = expansion.fit_entries(*history)
    review = expansion.review_entries(*history, min_openings=10)
    tables = [model.table, model.next(5), model.probability(), model.curves(), model.explain("p35")]
    tables += [review.methods, review.periods, review.calibration, review.by_distance, review.by_potential]
    return [model, review], tables


def calibration_results():
    units, edges, tree = expansion.grid_example(3, 3)
    market = expansion.expansion_market(units, edges, tree)
    rows = [(code, 2015 + age, 1e6 * age, 1e6) for code in market.units for age in range(8)]
    history = pd.DataFrame(rows, columns=["region", "period", "sales", "effort"])
    found = expansion.calibrate_assumptions(history, market, mkt.Policy(base=("r2c2",)))
    return [found], [found.table, found.forward]


def tier_results(market):
    year = market.indicators["period"].max()
    figures = market.indicators[market.indicators["period"] == year]
    scores = mkt.score_regions(figures)
    clusters = mkt.TierClusterer(4, n_resamples=5).fit(scores)
    other = mkt.TierClusterer(4, pyramid=False, n_resamples=0).fit(scores)
    found = mkt.compare_assignments(clusters.tiers_, other.tiers_)
    model = mkt.TierModel().fit(scores.standardised, clusters.tiers_)
    history = tiering.tier_history(market.indicators, clusterer=mkt.TierClusterer(4, n_resamples=0))
    tables = [scores.method, found.differing, history.table]
    return [scores, clusters, found, model, history], tables


def forecast_results(market, panel):
    forecaster = mkt.HierarchicalForecaster("drift").fit(panel, market.tree)
    result = forecaster.forecast(2)
    trial = mkt.backtest(forecaster, panel, market.tree, horizon=1, n_origins=2)
    tables = [result.table, result.coverage, result.base, result.fixed, result.history]
    tables += [trial, mkt.score_forecasts(trial)]
    tables += [forecasting.detect_breaks(panel, market.tree)]
    return [forecaster, result], tables


def capacity_results(market):
    years = pd.period_range("2000", periods=20, freq="Y", name="period")
    curve = 0.6 / (1 + np.exp(-0.5 * (np.arange(20) - 8)))
    fit = capacity.fit_penetration(pd.DataFrame({"region": "a", "period": years, "value": curve}))
    ones = pd.Series(1.0, ["a", "b"])
    size = capacity.market_capacity(ones * 1e5, ones * 0.3, ones * 200)
    places = pd.DataFrame({"region": ["南"], "kind": ["县城"], "n_places": [48]})
    return [fit], [fit.table, size, capacity.saturation_counts(places, outlets_per_place=1.0)]


def check(results, tables):
    for table in tables:
        kind = table.attrs.get(TABLE, "")
        names = table.index if isinstance(table, pd.Series) else [*table.columns, *table.index.names]
        lost = [n for n in names if isinstance(n, str) and n.isascii() and words.word(n, kind) is None]
        assert not lost, (kind, lost)
        assert mkt.present(table)._repr_html_().startswith("<table>")
    for result in results:
        assert isinstance(result, Shown)
        text = repr(result)
        html = result._repr_html_()
        assert "下一步：" in text and text.count("\n") <= 14 and "下一步" in html
        assert "<script" not in html and " at 0x" not in text


def test_expansion(plan):
    check(*expansion_results(plan))
    assert "为什么" in repr(plan[2]) and plan[2].steps["reason"].str.len().gt(0).all()


def test_entries():
    check(*entry_results())


def test_calibration():
    check(*calibration_results())


def test_tiers(market):
    check(*tier_results(market))
    assert repr(mkt.TierClusterer(3)) == "TierClusterer(n_tiers=3)"


def test_forecasts(market, panel):
    check(*forecast_results(market, panel))


def test_capacity(market):
    check(*capacity_results(market))


def test_planning():
    months = pd.period_range("2020-01", periods=36, freq="M", name="period")
    panel = pd.DataFrame({"region": "a", "period": months, "value": np.tile(np.arange(1.0, 13.0), 3)})
    index = planning.seasonal_index(panel)
    target = pd.DataFrame({"region": ["a"], "period": pd.PeriodIndex(["2024"], freq="Y"), "value": [120.0]})
    check([], [index, planning.split_target(target, index)])
