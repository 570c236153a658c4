"""Weekly and daily figures: the week, the year and the holidays are learnt and continued."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import HierarchicalForecaster, MktError, backtest, score_forecasts
from mktanalysis.forecasting import Calendar, Structure
from mktanalysis.forecasting.models.averages import MODELS
from mktanalysis.forecasting.models.daily import calendar_factors, cycle_of, shrunk_effects
from mktanalysis.forecasting.models.ridge import ridge
from mktanalysis.forecasting.models.simple import seasonal_median

WEEK = np.array([0.0, -0.02, -0.03, 0.0, 0.05, 0.2, 0.15])
FEASTS = pd.to_datetime(["2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10"])


def daily_panel(end, noise=0.03, n=8):
    """Shops with a week, a year, and a feast that moves, on which they sell a half of the usual."""
    structure = Structure.from_parents(pd.Series({"N": None} | {f"s{k}": "N" for k in range(n)}))
    days = pd.period_range("2020-06-01", end, freq="D")
    rng = np.random.default_rng(0)
    year = 0.3 * np.sin(2 * np.pi * days.day_of_year.to_numpy() / 365.25)
    feast = np.where(days.to_timestamp().isin(FEASTS), np.log(0.5), 0.0)
    path = WEEK[days.day_of_week] + year + feast
    values = np.exp(4 + 0.3 * rng.normal(size=(n, 1)) + path + noise * rng.normal(size=(n, len(days))))
    panel = pd.DataFrame(
        {
            "region": np.repeat(structure.nodes[structure.leaves].astype(str), len(days)),
            "period": days.take(np.tile(np.arange(len(days)), n)),
            "value": values.ravel(),
        }
    )
    return structure, panel


def test_cycles():
    assert [cycle_of(pd.PeriodDtype(f)) for f in ("Y", "Q", "M", "W-SUN", "D")] == [1, 4, 12, 52, 7]
    with pytest.raises(MktError):
        cycle_of(pd.PeriodDtype("h"))


def test_the_year_and_a_feast_are_continued_into_days_ahead():
    structure, panel = daily_panel("2024-02-14")
    past = panel[panel["period"] <= "2024-02-06"]
    events = pd.DataFrame({"name": "feast", "date": FEASTS})
    misses = {}
    for name, model in (("plain", "theta"), ("calendar", Calendar("theta", events=events))):
        table = HierarchicalForecaster(model, n_origins=4).fit(past, structure).predict(8)
        both = table.merge(panel, on=["region", "period"])
        misses[name] = np.abs(np.log(both["mean"] / both["value"])).groupby(both["period"].astype(str)).mean()
    assert misses["plain"]["2024-02-10"] > 0.5 > 0.1 > misses["calendar"]["2024-02-10"]
    assert misses["calendar"].mean() < 0.06


def test_planted_effects_are_found_from_the_past_alone():
    panel = daily_panel("2023-12-31", noise=0.02)[1]
    wide = panel.pivot(index="region", columns="period", values="value")
    events = pd.DataFrame({"name": "feast", "date": FEASTS})
    calendar = Calendar(events=events)
    past, later = calendar_factors(calendar, wide.to_numpy(), pd.PeriodIndex(wide.columns), 45)
    day = list(wide.columns.astype(str)).index("2023-01-22")
    np.testing.assert_allclose(past[:, day] / past[:, day - 1], 0.5, rtol=0.1)
    feast = later[:, 40] / later[:, 39]  # 10 February 2024
    np.testing.assert_allclose(feast, 0.5, rtol=0.1)
    summer, winter = ([str(p).endswith(d) for p in wide.columns] for d in ("-04-01", "-10-01"))
    ratio = past[:, summer].mean() / past[:, winter].mean()
    assert np.log(ratio) == pytest.approx(0.6, abs=0.08)
    # a series with zeros is left alone
    strange = np.where(np.arange(len(wide))[:, None] == 0, 0.0, wide.to_numpy())
    untouched = calendar_factors(calendar, strange, pd.PeriodIndex(wide.columns), 5)[0]
    assert (untouched[0] == 1).all() and (untouched[1] != 1).any()


def test_effects_are_drawn_towards_all_as_far_as_they_are_uncertain():
    rng = np.random.default_rng(1)
    design = rng.normal(size=(400, 1))
    noise = np.array([0.01] * 20 + [20.0] * 20)[:, None]
    own = 1 + 0.3 * rng.normal(size=(40, 1))
    found = shrunk_effects(own @ design.T + noise * rng.normal(size=(40, 400)), design)
    np.testing.assert_allclose(found[:20], own[:20], atol=0.02)
    assert np.ptp(found[20:]) < np.ptp(own[20:])


def test_weeks_with_a_yearly_season_are_forecast_and_covered():
    structure = Structure.from_parents(pd.Series({"N": None} | {f"s{k}": "N" for k in range(10)}))
    weeks = pd.period_range("2018-01-01", periods=216, freq="W-SUN")
    rng = np.random.default_rng(2)
    year = 0.3 * np.sin(2 * np.pi * np.arange(216) / 52)
    values = np.exp(4 + rng.normal(size=(10, 1)) + year + 0.05 * rng.normal(size=(10, 216)))
    panel = pd.DataFrame(
        {
            "region": np.repeat(structure.nodes[structure.leaves].astype(str), 216),
            "period": weeks.take(np.tile(np.arange(216), 10)),
            "value": values.ravel(),
        }
    )
    table = backtest(
        HierarchicalForecaster("theta", n_origins=6), panel, structure, horizon=4, n_origins=4, step=6
    )
    scores = score_forecasts(table).query("model == 'reconciled'").set_index("level")
    assert scores["mase"].iloc[-1] < 1.0  # better than last year's week
    assert 0.65 < scores["coverage"].iloc[-1] < 0.95


def test_events_need_names_and_dates():
    with pytest.raises(MktError, match="name、date"):
        Calendar(events=pd.DataFrame({"day": ["2024-02-10"]}))


def weekly_rows(rng, n=30, length=200):
    """Series with one weekly course, each at its own level, and surprises that fade by half a day."""
    surprise = np.zeros((n, length))
    for day in range(1, length):
        surprise[:, day] = 0.5 * surprise[:, day - 1] + 0.1 * rng.normal(size=n)
    return np.exp(rng.normal(3, 1, (n, 1)) + WEEK[np.arange(length) % 7] + surprise)


def test_ridge_learns_the_week_and_how_surprises_fade_from_all_series_together():
    values = weekly_rows(np.random.default_rng(1))
    misses = {"ridge": [], "seasonal_naive": [], "ets": []}
    for origin in range(150, 200, 7):
        for name, found in misses.items():
            mean, _ = MODELS[name](values[:, :origin], 1, 7)
            found.append(np.abs(np.log(mean[:, 0] / values[:, origin])).mean())
    miss = {name: np.mean(found) for name, found in misses.items()}
    assert miss["ridge"] < miss["ets"] < miss["seasonal_naive"]
    assert miss["ridge"] < 1.2 * 0.1 * np.sqrt(2 / np.pi)  # a fifth above what cannot be known


def test_ridge_keeps_scale_and_steps_and_does_without_what_it_lacks():
    values = weekly_rows(np.random.default_rng(2), n=6, length=120)
    mean, residual = ridge(values, 9, 7)
    scaled, _ = ridge(values * np.arange(1, 7)[:, None] * 1e6, 9, 7)
    # The largest row tells of the others, so that all are scaled alike but for their order.
    same, _ = ridge(values * 1e6, 9, 7)
    np.testing.assert_allclose(same, mean * 1e6, rtol=1e-9)
    assert np.isfinite(scaled).all()
    np.testing.assert_allclose(ridge(values, 3, 7)[0], mean[:, :3], rtol=1e-12)
    # One step ahead it is what the residuals say.
    one = ridge(values[:, :-1], 1, 7)[0][:, 0]
    assert np.corrcoef(values[:, -1] - one, residual[:, -1])[0, 1] > 0.9
    late = values.copy()
    late[0, :20] = np.nan
    assert np.isfinite(ridge(late, 3, 7)[0]).all() and np.isnan(ridge(late, 3, 7)[1][0, :20]).all()
    for other in (ridge(values[:, :50], 2, 7)[0], ridge(values, 2, 12)[0]):
        assert other.shape == (6, 2) and np.isfinite(other).all()


def test_the_usual_weekday_is_the_median_of_the_last_five():
    values = weekly_rows(np.random.default_rng(3), n=4, length=60)
    spoilt = values.copy()
    spoilt[:, -7] *= 50  # a promotion on one day
    mean, residual = seasonal_median(values, 14, 7)
    five = np.stack([values[:, 60 - 7 * k : 60 - 7 * (k - 1)] for k in range(1, 6)])
    np.testing.assert_allclose(mean[:, :7], np.median(five, axis=0))
    np.testing.assert_allclose(mean[:, 7:], mean[:, :7])
    assert (seasonal_median(spoilt, 7, 7)[0] < 2 * five.max(axis=0)).all()
    assert np.isfinite(residual[:, 35:]).all() and np.isnan(residual[:, :35]).all()
