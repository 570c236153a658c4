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
