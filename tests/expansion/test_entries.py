"""Where next: planted truth is found again, nothing is known before its time."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.expansion import backtest_entries, fit_entries, rank_entries


def planted(seed=0, n=300, years=12, per_year=8, beta=(1.2, -1.6)):
    """Openings drawn one by one by a conditional logit on log potential and log distance."""
    rng = np.random.default_rng(seed)
    points = pd.DataFrame(
        {
            "region": [f"u{i:03d}" for i in range(n)],
            "lon": rng.uniform(-100, -80, n),
            "lat": rng.uniform(30, 45, n),
        }
    )
    potential = pd.Series(np.exp(rng.normal(10, 1, n)), index=points["region"])
    xyz = np.radians(points[["lon", "lat"]].to_numpy())
    held, rows = {0}, [("u000", 1990)]
    for year in range(1991, 1991 + years):
        at = np.array(sorted(held))
        d = np.array([_km(xyz, xyz[i]) for i in at]).min(axis=0)
        u = beta[0] * np.log(potential.to_numpy()) + beta[1] * np.log1p(d)
        u[at] = -np.inf
        gumbel = u + rng.gumbel(size=n)
        new = np.argsort(-gumbel)[:per_year]
        rows += [(points["region"][i], year) for i in new]
        held |= set(new.tolist())
    return pd.DataFrame(rows, columns=["region", "period"]), potential, points


def _km(xyz, one):
    half = np.sin((xyz[:, 1] - one[1]) / 2) ** 2
    half = half + np.cos(xyz[:, 1]) * np.cos(one[1]) * np.sin((xyz[:, 0] - one[0]) / 2) ** 2
    return 2 * 6371.0 * np.arcsin(np.sqrt(half))


def test_fit_finds_the_planted_weights():
    model = fit_entries(*planted(per_year=3, years=40))
    table = model.table.set_index("feature")
    assert (np.abs(table["weight"] - [1.2, -1.6]) < 3 * table["error"] + 0.1).all()
    assert model.log_likelihood > model.null_log_likelihood


def test_both_together_predict_better_than_either():
    scores = backtest_entries(*planted()).groupby("method")[["precision", "auc"]].mean()
    assert scores.loc["fitted", "precision"] > scores.loc[["potential", "proximity"], "precision"].max()
    assert scores.loc["fitted", "auc"] > scores.loc[["potential", "proximity"], "auc"].max()


def test_the_future_is_not_known():
    openings, potential, points = planted()
    all_of_it = backtest_entries(openings, potential, points).query("period <= 1996")
    cut = backtest_entries(openings[openings["period"] <= 1996], potential, points)
    pd.testing.assert_frame_equal(all_of_it.reset_index(drop=True), cut)


def test_periods_may_be_periods_and_outlets_may_repeat():
    openings, potential, points = planted(years=4)
    twice = pd.concat([openings, openings.assign(period=openings["period"] + 1)], ignore_index=True)
    dated = twice.assign(period=pd.PeriodIndex(twice["period"].astype(str), freq="Y"))
    one, two = fit_entries(openings, potential, points), fit_entries(dated, potential, points)
    assert one.weights == two.weights


def test_ranking_leaves_out_the_held_and_puts_no_potential_last():
    potential = pd.Series({"a": 5.0, "b": 0.0, "c": 9.0, "d": np.nan})
    order = rank_entries(potential, pd.Series(10.0, potential.index), held=["c"])
    assert order.index.tolist() == ["a", "b", "d"]


@pytest.mark.parametrize(
    "potential, distance, weights",
    [({"a": -1.0}, {"a": 1.0}, None), ({"a": 1.0}, {}, None), ({"a": 1.0}, {"a": 1.0}, {"size": 1.0})],
)
def test_bad_input(potential, distance, weights):
    with pytest.raises(mkt.MktError):
        rank_entries(pd.Series(potential), pd.Series(distance, dtype=float), weights=weights)


def test_openings_without_a_point_are_named():
    openings, potential, points = planted(years=2)
    with pytest.raises(mkt.MktError, match="u000"):
        fit_entries(openings, potential, points[points["region"] != "u000"])


def test_a_large_roll_out_in_another_country_is_ranked_far_better_than_by_one_figure_alone():
    history = planted(seed=3, n=1200, years=25, per_year=20, beta=(1.0, -1.5))
    model = fit_entries(*history)
    table = model.table.set_index("feature")
    assert (np.abs(table["weight"] - [1.0, -1.5]) < 3 * table["error"] + 0.05).all()
    scores = backtest_entries(*history).groupby("method")[["precision", "base_rate", "auc"]].mean()
    alone = scores.loc[["potential", "proximity"]]
    assert scores.loc["fitted", "precision"] > 1.4 * alone["precision"].max()
    assert scores.loc["fitted", "precision"] > 5 * scores.loc["fitted", "base_rate"]
    assert scores.loc["fitted", "auc"] > alone["auc"].max() + 0.05


def test_many_choices_a_year_do_not_pull_the_weights_to_zero():
    """Twenty places a year of 900: the order within the year is unknown, Efron's averages allow for it."""
    table = fit_entries(*planted(seed=5, n=900, years=12, per_year=20)).table.set_index("feature")
    assert (np.abs(table["weight"] - [1.2, -1.6]) < 3 * table["error"]).all()


def test_places_without_potential_are_no_outliers():
    openings, potential, points = planted()
    never = ~potential.index.isin(openings["region"])
    lost = never & (np.arange(len(potential)) % 5 == 0)
    gaps = fit_entries(openings, potential.mask(lost), points)
    zeros = fit_entries(openings, potential.mask(lost, 0.0), points)
    left_out = fit_entries(openings, potential[~lost], points[~lost])
    assert gaps.weights == zeros.weights
    assert gaps.weights == pytest.approx(left_out.weights, rel=1e-6)


def test_dates_are_years_and_what_is_no_date_is_named():
    openings, potential, points = planted(years=4)
    dated = openings.assign(period=pd.to_datetime(openings["period"].astype(str) + "-05-01"))
    assert fit_entries(dated, potential, points).weights == fit_entries(openings, potential, points).weights
    with pytest.raises(mkt.MktError, match="春天"):
        fit_entries(openings.assign(period="春天"), potential, points)
    with pytest.raises(mkt.MktError, match="period"):
        fit_entries(openings[["region"]], potential, points)
    with pytest.raises(mkt.MktError, match="rivals"):
        fit_entries(openings, potential, points, features=["rivals"])
    with pytest.raises(mkt.MktError, match="首批"):
        backtest_entries(openings[openings["period"] == 1990], potential, points)


def test_a_ranking_that_says_nothing_is_as_good_as_chance():
    points = pd.DataFrame({"region": list("abcdefgh"), "lon": np.arange(8.0), "lat": 0.0})
    openings = pd.DataFrame({"region": list("abcdef"), "period": [1990, 1991, 1995, 1996, 1996, 1999]})
    judged = backtest_entries(openings, pd.Series(1.0, list("abcdefgh")), points)
    blind = judged[judged["method"] == "potential"]
    np.testing.assert_allclose(blind["precision"], blind["base_rate"])
    assert blind["auc"].eq(0.5).all()


POINTS = pd.DataFrame({"region": list("abcd"), "lon": np.arange(4.0), "lat": 0.0})
OPENINGS = pd.DataFrame({"region": list("abcd"), "period": [1990, 1991, 1992, 1993]})
EVEN = pd.Series(1.0, list("abcd"))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"openings": OPENINGS.drop(columns="region")}, "开店记录缺少列：region"),
        ({"points": POINTS.drop(columns="lon")}, "坐标表缺少列：lon"),
        ({"edges": pd.DataFrame({"a": [1]})}, "邻接表缺少列：region、neighbor"),
        ({"potential": pd.concat([EVEN, EVEN])}, "潜力中有重复的地区：a、b"),
        ({"potential": pd.DataFrame({"gdp": EVEN})}, "列应为年份，给出的是：gdp"),
        ({"potential": pd.DataFrame(index=list("abcd"))}, "没有列"),
        ({"potential": EVEN.astype(str)}, "潜力应为数"),
        ({"features": []}, "至少要有一个特征"),
    ],
)
def test_histories_that_cannot_be_read_are_refused_in_words(change, words):
    with pytest.raises(mkt.MktError, match=words):
        fit_entries(**{"openings": OPENINGS, "potential": EVEN, "points": POINTS, **change})


def test_a_ranking_of_doubled_or_worded_figures_is_refused():
    for potential, distance in ((pd.concat([EVEN, EVEN]), EVEN), (EVEN, pd.concat([EVEN, EVEN]))):
        with pytest.raises(mkt.MktError, match="重复的地区"):
            rank_entries(potential, distance)
    with pytest.raises(mkt.MktError, match="潜力应为数"):
        rank_entries(EVEN.astype(str), EVEN)
    assert rank_entries(EVEN, EVEN, held="a").index.tolist() == ["b", "c", "d"]
