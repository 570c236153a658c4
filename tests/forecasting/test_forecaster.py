"""The estimator and its backtest: coherent, calibrated, without hindsight."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import (
    HierarchicalForecaster,
    InfeasibleError,
    MktError,
    TableError,
    backtest,
    score_forecasts,
)
from mktanalysis.forecasting import SpringFestival, Structure
from mktanalysis.forecasting.forecaster import intervals


@pytest.fixture(scope="module")
def market():
    return mkt.synthetic.make_market(
        n_provinces=3, n_prefectures=3, n_counties=3, n_periods=16, random_state=0
    )


@pytest.fixture(scope="module")
def fitted(market):
    return HierarchicalForecaster("theta", breaks=market.breaks).fit(market.panel, market.tree)


def as_panel(regions, periods, values):
    when = periods.take(np.tile(np.arange(len(periods)), len(regions)))
    return pd.DataFrame({"region": np.repeat(regions, len(periods)), "period": when, "value": values.ravel()})


def sums_hold(table, tree, column="mean"):
    wide = table.pivot(index="region", columns="period", values=column)
    for region in wide.index:
        below = [child for child in tree.children(region) if child in wide.index]
        if below:
            np.testing.assert_allclose(wide.loc[region], wide.loc[below].sum(), rtol=1e-9)


def test_table_and_coherence(fitted, market):
    table = fitted.predict(3)
    assert list(table.columns) == ["region", "period", "level", "mean", "lower", "upper"]
    assert len(table) == 3 * len(market.tree)
    assert (table["lower"] <= table["mean"]).all() and (table["mean"] <= table["upper"]).all()
    sums_hold(table, market.tree)
    width = (table["upper"] - table["lower"]).groupby(table["region"])
    assert (width.diff().dropna() >= -1e-6).all()  # never narrower with the horizon


def test_row_order_changes_nothing_and_inputs_stay(market):
    before = market.panel.copy()
    one = HierarchicalForecaster("theta").fit(market.panel, market.tree).predict(2)
    two = HierarchicalForecaster("theta").fit(market.panel.iloc[::-1], market.tree).predict(2)
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(market.panel, before)


@pytest.mark.parametrize("method", ["bottom_up", "top_down", "ols", "wls_struct", "wls_var", "mint_shrink"])
def test_every_method_adds_up(market, method):
    table = HierarchicalForecaster("drift", reconciliation=method).fit(market.panel, market.tree).predict(2)
    sums_hold(table, market.tree)


def test_bottom_up_and_top_down_are_what_they_say(market):
    up = (
        HierarchicalForecaster("drift", reconciliation="bottom_up").fit(market.panel, market.tree).forecast(2)
    )
    leaf = up.base[up.base["level"] == "county"]
    np.testing.assert_allclose(leaf["base"], leaf["mean"], rtol=1e-9)
    down = (
        HierarchicalForecaster("drift", reconciliation="top_down").fit(market.panel, market.tree).forecast(2)
    )
    top = down.base[down.base["level"] == "nation"]
    np.testing.assert_allclose(top["base"], top["mean"], rtol=1e-9)


def test_fixed_total_stays_exactly_and_its_discrepancy_is_told(market):
    free = HierarchicalForecaster("theta").fit(market.panel, market.tree).forecast(2)
    nation = free.table[free.table["level"] == "nation"]
    budget = pd.DataFrame({"region": ["100000"], "period": nation["period"].iloc[:1], "value": [2e12]})
    held = HierarchicalForecaster("theta", fixed=budget).fit(market.panel, market.tree).forecast(2)
    row = held.fixed.iloc[0]
    assert row["fixed"] == 2e12
    assert row["forecast"] == pytest.approx(nation["mean"].iloc[0])
    assert row["discrepancy"] == pytest.approx(2e12 - row["forecast"])
    top = held.table[held.table["level"] == "nation"].iloc[0]
    np.testing.assert_allclose(top[["mean", "lower", "upper"]].astype(float), 2e12, rtol=1e-12)
    sums_hold(held.table, market.tree)


def test_floors_and_children_above_their_parent(market):
    year = market.panel["period"].max() + 1
    floor = pd.DataFrame({"region": ["110101"], "period": [year], "lower": [5e11]})
    held = HierarchicalForecaster("theta", fixed=floor).fit(market.panel, market.tree).predict(1)
    assert held.set_index("region")["mean"]["110101"] >= 5e11 * (1 - 1e-9)
    both = pd.DataFrame({"region": ["110000", "110100"], "period": [year] * 2, "value": [1e10, 2e10]})
    with pytest.raises(InfeasibleError) as caught:
        HierarchicalForecaster("theta", fixed=both).fit(market.panel, market.tree).predict(1)
    assert caught.value.relaxation.iloc[0][["region", "given", "needed"]].tolist() == ["110000", 1e10, 2e10]


def test_wrong_fixed_tables_are_told_as_a_whole(market):
    year = market.panel["period"].max() + 1
    strange = pd.DataFrame({"region": ["zz", "110000", "110000", "110000"],
                            "period": [year, year - 1, year, year], "value": 1.0})  # fmt: skip
    with pytest.raises(TableError) as caught:
        HierarchicalForecaster("theta", fixed=strange).fit(market.panel, market.tree).predict(1)
    assert len(caught.value.problems) == 3
    monthly = pd.DataFrame(
        {"region": ["110000"], "period": pd.PeriodIndex(["2030-01"], freq="M"), "value": 1.0}
    )
    for table, words in ((monthly, "split_target"), (monthly[["region", "period"]], "value")):
        with pytest.raises(MktError, match=words):
            HierarchicalForecaster("theta", fixed=table).fit(market.panel, market.tree).predict(1)


def test_crossed_groupings_by_a_summing_matrix():
    cells = [f"{region}|{product}" for region in "AB" for product in "xy"]
    rows = {"all": [1, 1, 1, 1], "A": [1, 1, 0, 0], "B": [0, 0, 1, 1], "x": [1, 0, 1, 0], "y": [0, 1, 0, 1]}
    rows |= {cell: np.eye(4)[k] for k, cell in enumerate(cells)}
    summing = pd.DataFrame(rows, index=cells).T
    structure = Structure.from_summing(summing, pd.Series({"all": "top"}).reindex(rows).fillna("group"))
    years, rng = pd.period_range("2000", periods=18, freq="Y"), np.random.default_rng(0)
    panel = pd.concat(
        [
            pd.DataFrame({"region": c, "period": years, "value": 50 + np.arange(18) + rng.normal(0, 2, 18)})
            for c in cells
        ]
    ).astype({"region": "str"})
    for method in ("wls_var", "mint_shrink", "bottom_up"):
        table = HierarchicalForecaster("theta", reconciliation=method).fit(panel, structure).predict(2)
        wide = table.pivot(index="region", columns="period", values="mean").loc[list(rows)].to_numpy()
        np.testing.assert_allclose(wide, summing.to_numpy(float) @ wide[-4:], rtol=1e-9)


def test_zeros_and_constants_and_two_points(market):
    first = market.tree.leaves[0]
    zeros = market.panel.assign(value=market.panel["value"].where(market.panel["region"] != first, 0.0))
    table = HierarchicalForecaster().fit(zeros, market.tree).predict(2)
    row = table[table["region"] == first]
    assert np.abs(row[["mean", "lower", "upper"]].to_numpy()).max() < 1e-3 * zeros["value"].mean()
    dead = HierarchicalForecaster().fit(market.panel.assign(value=0.0), market.tree).predict(2)
    assert (dead["mean"] == 0).all() and (dead["upper"] == 0).all()
    last = market.panel["period"].max()
    for n in (2, 3):
        with pytest.raises(MktError, match=f"有 {n} 期，至少需要 4 期.*补上更早的数据"):
            HierarchicalForecaster().fit(market.panel[market.panel["period"] > last - n], market.tree)
    # one region with two points only borrows the growth of its neighbours
    short = market.panel[(market.panel["region"] != first) | (market.panel["period"] > last - 2)]
    found = HierarchicalForecaster("theta").fit(short, market.tree).forecast(1)
    assert found.table["mean"].gt(0).all()
    assert found.history.query("region == @first")["observed_share"].sum() == 2


@pytest.mark.parametrize("n_years", [4, 5, 6])
def test_short_annual_panels_are_covered(n_years):
    """Sixty walks with a trend, four to six years known: intervals pooled over the regions hold."""
    tree = mkt.synthetic.make_market(
        n_provinces=5, n_prefectures=3, n_counties=4, n_periods=6, random_state=0
    ).tree
    rng, n, horizon = np.random.default_rng(n_years), len(tree.leaves), 3
    inside = []
    for _ in range(12):
        steps = 0.06 + 0.05 * rng.normal(size=(n, n_years + horizon))
        values = np.exp(5 + rng.normal(size=(n, 1)) + np.cumsum(steps, axis=1))
        years = pd.period_range("2015", periods=n_years + horizon, freq="Y")
        panel = as_panel(tree.leaves, years, values)
        table = HierarchicalForecaster().fit(panel[panel["period"] <= years[n_years - 1]], tree).predict(3)
        sums_hold(table, tree)
        joined = table.merge(panel, on=["region", "period"])
        inside.append(joined["value"].between(joined["lower"], joined["upper"]).mean())
        spread = (table["upper"] - table["lower"]).to_numpy().reshape(-1, horizon)
        assert (np.diff(spread, axis=1) > 0).all()  # wider also where no error is known that far ahead
    assert 0.7 < np.mean(inside) < 0.95


@pytest.mark.parametrize(("freq", "n_periods"), [("Q", 11), ("M", 27)])
def test_two_seasons_and_a_bit_are_the_least(market, freq, n_periods):
    leaves, periods = market.tree.leaves, pd.period_range("2015-01", periods=n_periods + 1, freq=freq)
    values = np.random.default_rng(0).uniform(5, 6, (len(leaves), n_periods + 1))
    panel = as_panel(leaves, periods, values)
    with pytest.raises(MktError, match=f"至少需要 {n_periods + 1} 期.*汇总到年"):
        HierarchicalForecaster("theta").fit(panel[panel["period"] < periods[-1]], market.tree)
    table = HierarchicalForecaster("theta").fit(panel, market.tree).predict(3)
    assert table[["lower", "upper"]].notna().all(axis=None)


def test_negative_values_only_where_allowed(market):
    below = market.panel.assign(value=market.panel["value"] - market.panel["value"].mean())
    with pytest.raises(TableError, match="nonnegative=False"):
        HierarchicalForecaster().fit(below, market.tree)
    table = HierarchicalForecaster("theta", nonnegative=False).fit(below, market.tree).predict(1)
    assert (table["mean"] < 0).any()
    falling = pd.DataFrame(
        {
            "region": "a",
            "period": pd.period_range("2000", periods=12, freq="Y"),
            "value": np.arange(12.0)[::-1],
        }
    ).astype({"region": "str"})
    tree = mkt.RegionTree.from_table(
        pd.DataFrame({"region": ["N", "a"], "name": ["N", "a"], "level": ["n", "c"], "parent": [None, "N"]})
    )
    assert HierarchicalForecaster("drift").fit(falling, tree).predict(3)["mean"].min() == 0


def test_bad_settings():
    with pytest.raises(MktError, match="fit"):
        HierarchicalForecaster().predict(1)
    for settings in ({"coverage": 80}, {"reconciliation": "magic"}):
        with pytest.raises(MktError):
            HierarchicalForecaster(**settings).fit(pd.DataFrame(), None)


def test_horizon_must_be_a_positive_whole_number(fitted):
    for horizon in (0, -1, 1.5):
        with pytest.raises(MktError, match="horizon"):
            fitted.predict(horizon)


def test_backtest_uses_nothing_after_its_origin(market):
    """Changing the future of an origin changes nothing that was forecast from it."""
    settings = {"horizon": 2, "n_origins": 3}
    one = backtest(HierarchicalForecaster("average"), market.panel, market.tree, **settings)
    origin = one["origin"].min()
    changed = market.panel.assign(
        value=market.panel["value"].where(market.panel["period"] <= origin, market.panel["value"] * 3)
    )
    two = backtest(HierarchicalForecaster("average"), changed, market.tree, **settings)
    columns = ["region", "period", "model", "mean", "lower", "upper"]
    first = [table.loc[table["origin"] == origin, columns] for table in (one, two)]
    pd.testing.assert_frame_equal(*first)


def test_backtest_equals_fitting_at_the_origin(market):
    table = backtest(HierarchicalForecaster("theta"), market.panel, market.tree, horizon=2, n_origins=2)
    origin = table["origin"].max()
    past = market.panel[market.panel["period"] <= origin]
    expected = HierarchicalForecaster("theta").fit(past, market.tree).predict(2)
    found = table[(table["origin"] == origin) & (table["model"] == "reconciled")]
    for column in ("mean", "lower", "upper"):
        np.testing.assert_allclose(found[column], expected[column], rtol=1e-9)


def test_targets_across_a_break_are_not_scored(market):
    table = backtest(
        HierarchicalForecaster("theta", breaks=market.breaks),
        market.panel,
        market.tree,
        horizon=3,
        n_origins=6,
    )
    at = market.breaks["period"].iloc[0]
    region = market.breaks["region"].iloc[0]
    crossing = table[(table["region"] == region) & (table["origin"] < at) & (table["period"] >= at)]
    assert len(crossing) and crossing["actual"].isna().all()
    assert table.loc[(table["region"] == region) & (table["period"] < at), "actual"].notna().all()


def test_scores_by_hand():
    results = pd.DataFrame(
        {
            "level": "city", "model": "reconciled", "region": ["a", "b"], "mean": [9.0, 24.0],
            "lower": [8.0, 21.0], "upper": [11.0, 25.0], "actual": [10.0, 20.0], "scale": [2.0, 4.0],
            "rms_scale": [2.0, 4.0], "nominal": 0.8,
        }
    )  # fmt: skip
    row = score_forecasts(results).iloc[0]
    assert row["n"] == 2
    assert row["wape"] == pytest.approx(5 / 30)
    assert row["mase"] == pytest.approx((0.5 + 1.0) / 2)
    assert row["rmsse"] == pytest.approx(np.sqrt((0.25 + 1) / 2))
    assert row["bias"] == pytest.approx(3 / 30)
    assert row["coverage"] == 0.5
    assert row["interval_score"] == pytest.approx((3 / 2 + (4 + 10) / 4) / 2)
    whole = score_forecasts(results, by="model")
    pd.testing.assert_series_equal(whole.iloc[0], row.drop("level"), check_names=False)


def test_history_too_short_for_a_backtest(market):
    with pytest.raises(MktError, match="历史太短"):
        backtest(HierarchicalForecaster("theta"), market.panel, market.tree, horizon=4, n_origins=10)


def test_intervals_cover_what_they_promise_at_every_level():
    """Independent noise around a level: nominal 80% must hold from the nation to the counties."""
    tree = mkt.synthetic.make_market(
        n_provinces=3, n_prefectures=3, n_counties=4, n_periods=6, random_state=0
    ).tree
    covers = [_coverage_of_noise(tree, seed) for seed in (5, 6, 7)]
    cover = sum(covers) / len(covers)
    assert cover[["prefecture", "county"]].between(0.75, 0.85).all()
    # the nation has 48 errors a draw, in runs of four that have months in common
    assert cover[["nation", "macro_region", "province"]].between(0.7, 0.92).all()


def _coverage_of_noise(tree, seed):
    rng, months = np.random.default_rng(seed), pd.period_range("2010Q1", periods=60, freq="Q")
    level = rng.uniform(50, 500, len(tree.leaves))
    values = level[:, None] * (1 + rng.normal(0, 0.1, (len(tree.leaves), 60)))
    panel = as_panel(tree.leaves, months, values)
    table = backtest(HierarchicalForecaster("theta"), panel, tree, horizon=4, n_origins=12)
    return score_forecasts(table).query("model == 'reconciled'").set_index("level")["coverage"]


@pytest.mark.parametrize(("later", "season"), [(1.0, 4), (0.5, 4), (2.0, 4), (0.5, 12)])
def test_intervals_cover_trends_with_shared_shocks_also_when_times_change(later, season):
    """Walks that share a part of their steps, seasonal; half or twice as large in the last third."""
    tree = mkt.synthetic.make_market(
        n_provinces=5, n_prefectures=3, n_counties=4, n_periods=6, random_state=0
    ).tree
    length, n = 16 * season, len(tree.leaves)
    rng, freq = np.random.default_rng(0), {4: "Q", 12: "M"}[season]
    shock = np.sqrt(0.8) * rng.normal(size=(n, length)) + np.sqrt(0.2) * rng.normal(size=length)
    size = np.where(np.arange(length) < 2 * length // 3, 1.0, later) * 0.08 / np.sqrt(season)
    cycle = 0.2 * np.sin(2 * np.pi * np.arange(length) / season)
    values = np.exp(5 + rng.normal(size=(n, 1)) + cycle + np.cumsum(size * shock, axis=1))
    panel = as_panel(tree.leaves, pd.period_range("2008-01", periods=length, freq=freq), values)
    settings = {"horizon": 4, "n_origins": 8, "step": season // 4}
    table = backtest(HierarchicalForecaster("theta"), panel, tree, **settings)
    cover = score_forecasts(table).query("model == 'reconciled'").set_index("level")[["n", "coverage"]]
    many = cover["n"] >= 200
    assert many.sum() >= 2
    assert cover.loc[many, "coverage"].between(0.75, 0.85).all(), cover
    assert cover.loc[~many, "coverage"].between(0.65, 0.95).all(), cover


def test_limits_equal_a_weighted_quantile_with_borrowed_scores():
    rng = np.random.default_rng(0)
    score, groups = rng.normal(size=(7, 6, 3)), np.array(["a", "b", "b", "c", "c", "c"])
    score[rng.random(score.shape) < 0.2] = np.nan
    score[:, 0] = np.nan  # a level without errors of its own lives on the others'
    known, late = np.isfinite(score), rng.uniform(0.1, 1, (7, 1, 3))
    weight = np.where(known, late, 0.0)
    for quantile in (0.1, 0.8):
        found = intervals.Ranked.of(score, weight).limits(groups, quantile)
        for node, group in enumerate(groups):
            share = (groups == group) + intervals.BORROWED_SERIES / 6
            weights = (weight * share[:, None])[known]
            slow = np.quantile(score[known], quantile, weights=weights, method="inverted_cdf")
            assert found[node] == slow


def test_late_errors_decide_the_width():
    structure = Structure.from_parents(pd.Series({"N": None} | {f"r{k}": "N" for k in range(40)}))
    origins, one = np.arange(20, 50), np.ones((30, 41))
    errors = np.random.default_rng(0).normal(size=(30, 41, 2))
    widths = [
        intervals.calibrate(errors * size[:, None, None], one, one[0], origins, structure, 4).half_width(0.8)
        for size in (np.ones(30), np.where(origins < 38, 2.0, 1.0))
    ]
    assert widths[0][1:].mean() == pytest.approx(1.28, rel=0.07)  # the normal quantile
    assert widths[1][1:].mean() == pytest.approx(1.28, rel=0.2)  # all errors alike would give more than 2


def test_limits_follow_skewed_errors_and_nest():
    """Errors that are mostly above: the upper limit lies further out; more coverage is never narrower."""
    structure = Structure.from_parents(pd.Series({"N": None} | {f"r{k}": "N" for k in range(40)}))
    origins, one = np.arange(20, 50), np.ones((30, 41))
    errors = np.random.default_rng(0).gamma(1.0, size=(30, 41, 2)) - 0.5
    found = intervals.calibrate(errors, one, one[0], origins, structure, 4)
    lower, upper = found.limits(0.8)
    assert (upper > 1.3 * -lower).all() and (lower <= 0).all()
    yearly = intervals.calibrate(errors, one, one[0], origins, structure, 1).limits(0.8)
    np.testing.assert_allclose(yearly[0], -yearly[1])  # of years the sign of late errors tells little
    ladder = found.offsets([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
    assert (np.diff(ladder, axis=0) >= 0).all() and (ladder[3] == 0).all()


def test_sample_paths_add_up_and_spread_as_the_intervals(fitted, market):
    paths = fitted.sample_paths(2, 400, random_state=0)
    again = fitted.sample_paths(2, 400, random_state=0)
    pd.testing.assert_frame_equal(paths, again)
    wide = paths.pivot(index=["period", "path"], columns="region", values="value")
    for region in market.tree.level("province"):
        np.testing.assert_allclose(
            wide[region], wide[list(market.tree.children(region))].sum(axis=1), rtol=1e-9
        )
    joined = paths.merge(fitted.predict(2), on=["region", "period", "level"])
    inside = joined["value"].between(joined["lower"], joined["upper"])
    assert 0.65 < inside[joined["level"] == "county"].mean() < 0.95


def test_spring_festival_is_learnt_and_continued():
    tree = mkt.synthetic.make_market(
        n_provinces=2, n_prefectures=2, n_counties=3, n_periods=6, random_state=0
    ).tree
    months, rng = pd.period_range("2012-01", periods=120, freq="M"), np.random.default_rng(0)
    from mktanalysis.forecasting import spring_festival

    share = spring_festival(pd.period_range("2012-01", periods=132, freq="M"))
    path = 100 * np.exp(0.3 * share)
    values = path[:120] * np.exp(rng.normal(0, 0.01, (len(tree.leaves), 120)))
    panel = as_panel(tree.leaves, months, values)
    errors = {}
    for name, model in (("plain", "ets"), ("festival", SpringFestival("ets"))):
        table = HierarchicalForecaster(model, n_origins=3).fit(panel, tree).predict(12)
        nation = table[table["level"] == "nation"]["mean"].to_numpy() / len(tree.leaves)
        errors[name] = np.abs(nation[:2] / path[120:122] - 1).mean()
    assert errors["festival"] < 0.01 < errors["plain"]


def test_breaks_that_leave_few_errors_narrow_nothing_and_none_is_refused(market):
    periods = sorted(market.panel["period"].unique())
    some = pd.DataFrame({"period": periods[6::3]})
    settings = {"horizon": 2, "n_origins": 4}
    table = backtest(HierarchicalForecaster("theta", breaks=some), market.panel, market.tree, **settings)
    assert table.query("model == 'reconciled'")[["lower", "upper"]].notna().all(axis=None)
    every = pd.DataFrame({"period": periods})
    with pytest.raises(MktError, match="断点"):
        HierarchicalForecaster("theta", breaks=every).fit(market.panel, market.tree).predict(2)
