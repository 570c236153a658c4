"""What stands behind a forecast: parts, members, quantiles, coverage without hindsight; short histories."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import HierarchicalForecaster, MktError, backtest, score_forecasts
from mktanalysis.forecasting import Structure, explain
from mktanalysis.forecasting.forecaster.panel import without_islands
from mktanalysis.forecasting.models.weights import BIAS_GROWTH, Record, level_bias, past_origins


def pair_panel(n, freq, rng, growth=0.0, noise=0.05, n_cities=6):
    structure = Structure.from_parents(pd.Series({"N": None} | {f"c{k}": "N" for k in range(n_cities)}))
    periods = pd.period_range("2010-01", periods=n, freq=freq)
    values = np.exp(
        5 + rng.normal(size=(n_cities, 1)) + growth * np.arange(n) + noise * rng.normal(size=(n_cities, n))
    )
    panel = pd.DataFrame(
        {
            "region": np.repeat(structure.nodes[structure.leaves].astype(str), n),
            "period": periods.take(np.tile(np.arange(n), n_cities)),
            "value": values.ravel(),
        }
    )
    return structure, panel


@pytest.mark.parametrize(("freq", "n"), [("Y", 16), ("Q", 40)])
def test_parts_add_up_and_weights_to_one(freq, n):
    structure, panel = pair_panel(n, freq, np.random.default_rng(0), growth=0.02)
    end = panel["period"].max()
    fixed = pd.DataFrame({"region": ["N"], "period": [end + 1], "value": [2000.0]})
    result = HierarchicalForecaster(fixed=fixed).fit(panel, structure).forecast(2)
    parts = result.parts
    total = parts[["base", "bias", "reconciliation", "fixed"]].sum(axis=1)
    np.testing.assert_allclose(total, parts["mean"], rtol=1e-9)
    np.testing.assert_allclose(parts["mean"], result.table["mean"], rtol=1e-12)
    assert (parts.loc[parts["period"] == end + 2, "fixed"] == 0).all()
    weights = result.members.groupby("region")["weight"]
    np.testing.assert_allclose(weights.sum(), 1.0)
    assert (weights.nunique() == 1).all() == (freq == "Y")  # years are weighted alike
    assert (parts["bias"] == 0).all() == (freq == "Y")
    words = explain(result, "N", period=end + 1, name="全国")
    assert words.startswith(f"全国 {end + 1}") and "固定总数" in words and "指数平滑" in words
    with pytest.raises(MktError, match="没有 Q 的预测"):
        explain(result, "Q")


@pytest.mark.parametrize(("freq", "n"), [("Y", 16), ("Q", 40), ("M", 60)])
def test_a_period_has_one_forecast_whatever_the_horizon(freq, n):
    structure, panel = pair_panel(n, freq, np.random.default_rng(1), growth=0.02)
    fitted = HierarchicalForecaster().fit(panel, structure)
    short, long = (fitted.predict(h).set_index(["region", "period"])["mean"] for h in (2, 5))
    np.testing.assert_allclose(short, long.reindex(short.index), rtol=1e-12)


def test_quantiles_nest_and_agree_with_the_interval():
    structure, panel = pair_panel(40, "Q", np.random.default_rng(2))
    fitted = HierarchicalForecaster("theta").fit(panel, structure)
    table = fitted.predict(3, quantiles=[0.9, 0.1, 0.5, 0.025, 0.975])
    columns = ["q0.025", "q0.1", "q0.5", "q0.9", "q0.975"]
    assert list(table.columns[-5:]) == columns
    assert (np.diff(table[columns], axis=1) >= 0).all()
    np.testing.assert_allclose(table["q0.1"], table["lower"])
    np.testing.assert_allclose(table["q0.9"], table["upper"])
    np.testing.assert_allclose(table["q0.5"], table["mean"])
    with pytest.raises(MktError, match="quantiles"):
        fitted.predict(1, quantiles=[80])


def test_crps_is_twice_the_mean_quantile_loss_over_the_sum_of_actuals():
    levels = [0.1, 0.5, 0.9]
    structure, panel = pair_panel(40, "Q", np.random.default_rng(3))
    settings = {"horizon": 2, "n_origins": 3, "quantiles": levels}
    table = backtest(HierarchicalForecaster("theta"), panel, structure, **settings)
    rows = table[table["model"] == "reconciled"]
    loss = 0.0
    for level in levels:
        gap = rows["actual"] - rows[f"q{level:g}"]
        loss += 2 * np.where(gap >= 0, level * gap, (level - 1) * gap).sum() / len(levels)
    scores = score_forecasts(rows, by="model")
    assert scores["crps"].iloc[0] == pytest.approx(loss / rows["actual"].sum())
    plain = score_forecasts(
        backtest(HierarchicalForecaster("theta"), panel, structure, horizon=2, n_origins=3)
    )
    assert plain["crps"].isna().all()


def test_coverage_told_of_uses_nothing_after_its_origins():
    """The coverage is that of intervals made at the origins from what was known: changing the last period
    changes only what is scored there."""
    structure, panel = pair_panel(60, "Q", np.random.default_rng(4), n_cities=40)
    result = HierarchicalForecaster("theta").fit(panel, structure).forecast(1)
    found = result.coverage.set_index("level")
    assert found["n_errors"].tolist() == [5, 200]
    assert found["coverage"].iloc[1] == pytest.approx(0.8, abs=0.1)
    end = panel["period"].max()
    wild = panel.assign(value=panel["value"].where(panel["period"] < end, panel["value"] * 100))
    after = HierarchicalForecaster("theta").fit(wild, structure).forecast(1).coverage.set_index("level")
    inside = found["coverage"] * found["n_errors"] - after["coverage"] * after["n_errors"]
    assert (inside.round(9) <= found["n_errors"] / 5).all() and after["coverage"].iloc[1] < found[
        "coverage"
    ].iloc[1]


def test_bias_of_a_level_is_found_and_a_single_model_stays_as_it_is():
    levels = ["top", "leaf", "leaf"]
    history = np.full((3, 30), 100.0)
    residual = np.array([[0.0], [6.0], [-12.0]]) * np.ones(30)
    residual[:, :-8] = 50.0  # older errors do not count
    found = level_bias(residual, history, levels, 4, 6)
    assert found.shape == (3, 6)
    np.testing.assert_allclose(found[:, 0], [0.0, -0.03, -0.03])
    np.testing.assert_allclose(found[1, 3:], found[1, 0] * (1 + BIAS_GROWTH))  # no further after a year
    assert (np.diff(found[1]) <= 0).all()
    assert (level_bias(residual, history, levels, 1, 3) == 0).all()
    structure, panel = pair_panel(40, "Q", np.random.default_rng(5), growth=0.03)
    single = HierarchicalForecaster("seasonal_naive").fit(panel, structure).forecast(1)
    assert (single.parts["bias"] == 0).all()


def test_one_shock_and_mere_noise_are_no_bias():
    rng = np.random.default_rng(8)
    history = np.full((40, 30), 100.0)
    levels = ["leaf"] * 40
    noise = 0.5 * rng.normal(size=(40, 30))
    shock = noise.copy()
    shock[:, -2] -= 30.0
    calm = level_bias(noise, history, levels, 4, 4)
    after = level_bias(shock, history, levels, 4, 4)
    assert np.abs(after - calm).max() < 0.002 < 30 / 8 / 100
    alternating = np.tile([4.0, -4.0], 15) * np.ones((40, 1))
    assert np.abs(level_bias(alternating + noise, history, levels, 4, 4)).max() < 0.002
    lag = level_bias(noise + 4.0, history, levels, 4, 4)
    assert np.abs(lag[:, 0] - 0.04).max() < 0.002


@pytest.mark.parametrize(("noise", "left"), [(0.3, 0.75), (0.15, 0.55)])
def test_a_turn_in_growth_leaves_less_bias(noise, left):
    """Forty cities that start to grow four years before the end: the total lags behind by less.

    In much noise a lag is less sure, and less of it is corrected.
    """
    rng = np.random.default_rng(6)
    path = np.concatenate([np.zeros(40), 0.025 * np.arange(1, 17)])
    structure = Structure.from_parents(pd.Series({"N": None} | {f"c{k:02d}": "N" for k in range(40)}))
    values = np.exp(5 + rng.normal(size=(40, 1)) + path + noise * rng.normal(size=(40, 56)))
    periods = pd.period_range("2010Q1", periods=56, freq="Q")
    panel = pd.DataFrame(
        {
            "region": np.repeat(structure.nodes[structure.leaves].astype(str), 56),
            "period": periods.take(np.tile(np.arange(56), 40)),
            "value": values.ravel(),
        }
    )
    table = backtest(HierarchicalForecaster(), panel, structure, horizon=4, n_origins=4)
    scores = score_forecasts(table).set_index(["level", "model"])["bias"]
    top = scores.index.get_level_values("level")[0]
    assert scores[top, "bottom_up"] < -0.05
    assert abs(scores[top, "reconciled"]) < left * abs(scores[top, "bottom_up"])


def test_weights_rest_on_errors_known_at_the_origin_alone():
    rng = np.random.default_rng(7)
    origins = np.arange(20, 44)
    actual = rng.normal(size=(24, 3, 4))
    scale = np.ones((24, 3))
    records = []
    for change in (0.0, 100.0):
        later = actual.copy()
        later[:, 0][origins[:, None] + np.arange(1, 5) > 40] += change
        record = Record(2, later, scale, origins, ["t", "l", "l"], 4)
        for k in range(24):
            for m in range(2):
                record.add(m, k, np.full((3, 4), float(m)))
        records.append(record)
    at = int(np.flatnonzero(origins == 40)[0])
    np.testing.assert_allclose(records[0].weights(at), records[1].weights(at))
    assert (records[0].weights(23) != records[1].weights(23)).any()
    assert past_origins(40, 12, 3).tolist() == past_origins(40, 12, 12).tolist()


@pytest.mark.parametrize("n_known", [1, 3, 6])
def test_a_region_with_little_history_is_covered(n_known):
    """Thirteen cities, 48 months, 15% noise, one of them new: its interval is no narrower than others'."""
    rng = np.random.default_rng(8)
    inside, widths, others = [], [], []
    for _ in range(24):
        structure, panel = pair_panel(51, "M", rng, noise=0.15, n_cities=13)
        end = panel["period"].min() + 47
        past = panel[
            (panel["period"] <= end) & ((panel["region"] != "c0") | (panel["period"] > end - n_known))
        ]
        table = HierarchicalForecaster("theta").fit(past, structure).predict(3)
        joined = table.merge(panel, on=["region", "period"])
        joined = joined.assign(width=(joined["upper"] - joined["lower"]) / joined["mean"])
        new = joined[joined["region"] == "c0"]
        inside.append(new["value"].between(new["lower"], new["upper"]).mean())
        widths.append(new["width"].mean())
        others.append(joined.loc[joined["region"] != "c0", "width"].mean())
    assert np.mean(inside) >= 0.75
    assert np.mean(widths) >= np.mean(others)


def test_a_region_with_one_figure_says_so():
    structure, panel = pair_panel(48, "M", np.random.default_rng(9))
    end = panel["period"].max()
    past = panel[(panel["region"] != "c0") | (panel["period"] == end)]
    result = HierarchicalForecaster("theta").fit(past, structure).forecast(1)
    assert "只有 1 个数" in explain(result, "c0")
    assert "只有" not in explain(result, "c1")
    assert result.parts.set_index("region")["n_observed"].to_dict()["N"] == 48


def test_a_gap_longer_than_the_history_around_it_is_not_filled():
    nan = np.nan
    rows = np.array(
        [
            [1.0, 2, 3, nan, nan, 6, 7, 8],  # short gap: stays
            [1.0, 2, nan, nan, nan, nan, nan, 8],  # five missing, three known: a new region
            [nan, nan, nan, nan, nan, nan, 7, 8],  # no gap at all
        ]
    )
    before = rows.copy()
    found = without_islands(rows)
    np.testing.assert_array_equal(rows, before)
    np.testing.assert_array_equal(found[[0, 2]], rows[[0, 2]])
    assert np.isnan(found[1, :7]).all() and found[1, 7] == 8
    structure, panel = pair_panel(48, "M", np.random.default_rng(10))
    start = panel["period"].min()
    islands = panel[(panel["region"] != "c0") | ~panel["period"].between(start + 5, start + 45)]
    history = HierarchicalForecaster("theta").fit(islands, structure).forecast(1).history
    assert history.query("region == 'c0'")["observed_share"].sum() == 2


def test_members_of_a_list_and_of_an_own_model_are_named():
    structure, panel = pair_panel(16, "Y", np.random.default_rng(11))

    class Last:
        def fit(self, y):
            self.last = y[-1]
            return self

        def predict(self, horizon):
            return np.repeat(self.last, horizon)

    members = HierarchicalForecaster(["ets", Last()]).fit(panel, structure).forecast(1).members
    assert list(members["model"].unique()) == ["ets", "Last"]
    assert mkt.forecasting.explain is explain


def shaken_panel(rng, n=24, length=44):
    """Cities with a step of their own and one that all share, of the same size; quarters."""
    structure = Structure.from_parents(pd.Series({"N": None} | {f"c{k:02d}": "N" for k in range(n)}))
    shared = 0.03 * rng.normal(size=length)
    own = 0.03 * rng.normal(size=(n, length))
    values = np.exp(
        4 + 0.5 * rng.normal(size=(n, 1)) + 0.01 * np.arange(length) + np.cumsum(shared + own, axis=1)
    )
    periods = pd.period_range("2012Q1", periods=length, freq="Q")
    keys = pd.MultiIndex.from_product([structure.nodes[structure.leaves].astype(str), periods])
    panel = pd.Series(values.ravel(), keys, name="value").rename_axis(["region", "period"]).reset_index()
    return structure, panel.astype({"region": "str"})


def test_a_fixed_total_narrows_what_is_left_and_its_intervals_hold():
    inside, ratios = [], []
    for seed in range(8):
        structure, panel = shaken_panel(np.random.default_rng(seed))
        last = panel["period"].max()
        past = panel[panel["period"] < last]
        known = panel[panel["period"] == last]
        fixed = pd.DataFrame({"region": ["N"], "period": [last], "value": [known["value"].sum()]})
        free = HierarchicalForecaster("theta").fit(past, structure).predict(2)
        tied = HierarchicalForecaster("theta", fixed=fixed).fit(past, structure).predict(2)
        first = (tied["period"] == last) & (tied["region"] != "N")
        width = tied["upper"] - tied["lower"]
        ratios.append((width[first].sum()) / (free["upper"] - free["lower"])[first].sum())
        assert width[(tied["period"] == last) & (tied["region"] == "N")].max() < 1e-6
        # The second quarter is free: as if nothing were fixed.
        columns = ["mean", "lower", "upper"]
        later = tied["period"] > last
        np.testing.assert_allclose(tied.loc[later, columns], free.loc[later, columns], rtol=1e-9)
        both = tied[first].merge(known, on="region")
        inside.append(((both["value"] >= both["lower"]) & (both["value"] <= both["upper"])).mean())
    assert max(ratios) < 0.9 and 0.55 < np.mean(ratios) < 0.85  # own steps alone: 0.71 of both
    assert np.mean(inside) == pytest.approx(0.8, abs=0.07)


def test_intervals_of_a_young_panel_are_not_those_of_its_first_years():
    """Four years of months, each city for itself: what was erred with two years of history is past."""
    held, width = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        time = np.arange(60)
        names = [f"c{i:02d}" for i in range(13)]
        growth = rng.normal(0.05, 0.02, (13, 1)) * time / 12
        season = 0.15 * np.sin(2 * np.pi * time / 12)
        values = np.exp(rng.normal(5, 0.7, (13, 1)) + growth + season + rng.normal(0, 0.05, (13, 60)))
        months = pd.period_range("2015-01", periods=60, freq="M")
        wide = pd.DataFrame(values.T, months, names).rename_axis(index="period", columns="region")
        panel = wide[:48].stack().rename("value").reset_index().astype({"region": "str"})
        tree = Structure.from_parents(pd.Series({"N": None} | dict.fromkeys(names, "N")))
        ahead = HierarchicalForecaster().fit(panel, tree).predict(12)
        ahead = ahead[ahead["region"] != "N"].assign(actual=values[:, 48:].ravel())
        held.append(ahead["actual"].between(ahead["lower"], ahead["upper"]).mean())
        width.append(((ahead["upper"] - ahead["lower"]) / ahead["mean"]).mean())
    # The noise alone needs 2 x 1.28 x 0.05 = 0.13 of the figure; 0.3 covered 0.93.
    assert 0.75 < np.mean(held) < 0.9 and np.mean(width) < 0.25
