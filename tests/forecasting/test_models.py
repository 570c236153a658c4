"""Base models against statsmodels on single series, and the rules they all keep."""

import warnings

import numpy as np
import pandas as pd
import pytest

from mktanalysis import MktError
from mktanalysis.forecasting import PerSeries
from mktanalysis.forecasting.models import simple as models
from mktanalysis.forecasting.models.averages import MODELS, components, model_names
from mktanalysis.forecasting.models.ets import Candidates, States, ets, run


def walk(n, length, seed=0):
    rng = np.random.default_rng(seed)
    return 100 + np.cumsum(rng.normal(1, 3, (n, length)), axis=1)


def seasonal(n, length, season=12, seed=0):
    rng = np.random.default_rng(seed)
    cycle = 1 + 0.3 * np.sin(2 * np.pi * np.arange(length) / season)
    return (50 + np.arange(length)) * cycle * np.exp(rng.normal(0, 0.03, (n, length)))


@pytest.mark.parametrize("seed", range(3))
def test_theta_equals_statsmodels_at_its_weight(seed, monkeypatch):
    from statsmodels.tsa.forecasting.theta import ThetaModel

    values = walk(1, 60, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = ThetaModel(pd.Series(values[0]), deseasonalize=False).fit()
    found = models.theta(values, 6)[0][0]
    np.testing.assert_allclose(found, fit.forecast(6), rtol=1e-3)  # the weight comes from a grid
    monkeypatch.setattr(models, "smoothing_weight", lambda v: np.full(len(v), fit.params["alpha"]))
    np.testing.assert_allclose(models.theta(values, 6)[0][0], fit.forecast(6), rtol=1e-12)


def test_seasonal_adjustment_equals_statsmodels():
    from statsmodels.tsa.seasonal import seasonal_decompose

    values = seasonal(1, 60)
    expected = seasonal_decompose(values[0], period=12, model="multiplicative").seasonal
    adjusted, _, additive = models.deseasonalise(values, 12)
    assert not additive[0]
    np.testing.assert_allclose(values[0] / adjusted[0], expected, rtol=1e-9)


@pytest.mark.parametrize("phi", [0.9, 1.0])
def test_ets_recursion_equals_statsmodels(phi):
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    values, start = seasonal(1, 48)[0], 10 * np.sin(np.arange(12))
    model = ExponentialSmoothing(
        values, trend="add", damped_trend=phi < 1, seasonal="add", seasonal_periods=12,
        initialization_method="known", initial_level=50.0, initial_trend=1.0, initial_seasonal=start,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = model.fit(
            smoothing_level=0.3, smoothing_trend=0.05, smoothing_seasonal=0.1,
            damping_trend=phi if phi < 1 else None, optimized=False,
        )  # fmt: skip
    one = Candidates(*(np.array([[x]]) for x in (0.3, 0.3 * 0.05, 0.1, phi)))
    state = States(np.array([[50.0]]), np.array([[1.0]]), start[:, None, None])
    _, last, errors = run(values[None], state, one, keep=True)
    np.testing.assert_allclose(errors[:, 0, 0], fit.resid, atol=1e-9)
    damp = np.cumsum(phi ** np.arange(1, 15))
    ahead = last.level + damp * last.trend + last.season[np.arange(14) % 12, :, 0].T
    # statsmodels takes the season of a year before for step 12 alone: a slip of an index there
    keep = np.arange(14) != 11
    np.testing.assert_allclose(ahead[0][keep], fit.forecast(14)[keep], atol=1e-9)


def test_ets_fits_no_worse_than_statsmodels_by_much():
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    values = seasonal(6, 60)
    _, residual = ets(values, 12, 12)
    for row, rest in zip(values, residual, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = ExponentialSmoothing(row, trend="add", seasonal="add", seasonal_periods=12).fit()
        assert (rest**2).sum() < 1.15 * fit.sse  # its 14 first states are fitted too, ours are not


def test_ets_chooses_the_same_however_high_a_series_lies():
    """The search runs in single precision: small steps on a large level must not be lost in it."""
    for values, season in ((seasonal(20, 60), 12), (walk(20, 40), 1)):
        mean, residual = ets(values, 6, season)
        high, same = ets(values + 1e8, 6, season)
        np.testing.assert_allclose(high - 1e8, mean, atol=1e-3)
        np.testing.assert_allclose(same, residual, atol=1e-3)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("season", [1, 4, 12])
def test_rules_of_all_models(name, season):
    model, values = MODELS[name], seasonal(5, 40, max(season, 3))
    values[4] = 7.0
    mean, residual = model(values, 6, season)
    assert mean.shape == (5, 6) and residual.shape == values.shape
    assert np.isfinite(mean).all()
    np.testing.assert_allclose(mean[4], 7.0, rtol=1e-6)  # a constant series stays
    order = [3, 0, 4, 2, 1]
    np.testing.assert_allclose(model(values[order], 6, season)[0], mean[order], rtol=1e-12)
    np.testing.assert_allclose(model(values * 1e6, 6, season)[0], mean * 1e6, rtol=1e-6)
    before = values.copy()
    model(values, 6, season)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("name", MODELS)
def test_leading_gaps_and_zeros(name):
    values = seasonal(3, 40, 4)
    values[1, :13] = np.nan
    values[2] = 0.0
    mean, residual = MODELS[name](values, 5, 4)
    assert np.isfinite(mean).all() and np.isnan(residual[1, :13]).all()
    np.testing.assert_allclose(mean[1], MODELS[name](values[1:2, 13:], 5, 4)[0][0], rtol=1e-12)
    np.testing.assert_allclose(mean[2], 0.0, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_very_short_histories(name, length):
    mean, _ = MODELS[name](walk(2, length), 4, 12)
    assert np.isfinite(mean).all()


def test_a_known_trend_and_season_are_continued():
    time = np.arange(60)
    values = (100.0 + 2 * time + 10 * np.sin(2 * np.pi * time / 12))[None]
    expected = 100 + 2 * np.arange(60, 72) + 10 * np.sin(2 * np.pi * np.arange(60, 72) / 12)
    np.testing.assert_allclose(ets(values, 12, 12)[0][0], expected, atol=0.5)
    growing = 100 * 1.05 ** np.arange(20)[None]
    np.testing.assert_allclose(
        MODELS["log_drift"](growing, 3)[0][0], 100 * 1.05 ** np.arange(20, 23), rtol=1e-9
    )


class Mean:
    """The least one-series model."""

    def fit(self, y):
        self.level = y.mean()
        return self

    def predict(self, horizon):
        return np.full(horizon, self.level)


def test_any_object_with_fit_and_predict():
    values = walk(4, 20)
    values[0, :5] = np.nan
    (call,) = components(Mean(), 1)
    np.testing.assert_allclose(call(values, 2)[0][:, 0], np.nanmean(values, axis=1))
    parallel = PerSeries(Mean(), n_jobs=2)(values, 2)[0]
    np.testing.assert_allclose(parallel[:, 1], np.nanmean(values, axis=1))


def test_statsmodels_plugs_in():
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    def ses(y, horizon):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return SimpleExpSmoothing(y, initialization_method="estimated").fit().forecast(horizon)

    assert np.isfinite(PerSeries(ses)(walk(2, 30), 3)[0]).all()


def test_bad_models_say_so():
    with pytest.raises(MktError, match="没有模型"):
        components("arima", 1)
    with pytest.raises(MktError, match="fit"):
        components(3, 1)
    with pytest.raises(MktError, match="有限数"):
        PerSeries(lambda y, horizon: np.full(horizon, np.nan))(walk(1, 5), 2)


@pytest.mark.parametrize("season", [1, 4])
def test_recent_drift_is_drift_of_what_is_recent(season):
    """A line that bends: drift sees the mean slope, recent drift the last; equal where all is recent."""
    bent = np.r_[np.arange(0.0, 40.0, 4.0), 36.0 + np.arange(1.0, 5 * season + 1)][None]
    steps = np.arange(1, 4)
    np.testing.assert_allclose(models.recent_drift(bent, 3, season)[0], bent[:, -1:] + steps, rtol=1e-12)
    assert (models.drift(bent, 3, season)[0] > bent[:, -1:] + 1.4 * steps).all()
    short = walk(3, 5 * season + 1)
    for ours, whole in zip(
        models.recent_drift(short, 2, season), models.drift(short, 2, season), strict=True
    ):
        np.testing.assert_allclose(ours, whole, rtol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_ets_of_a_few_values_follows_the_last_ones(length):
    """Too few values to judge a form: exponential smoothing by fit, not the mean of all."""
    values = 100 * 1.2 ** np.arange(length)[None]
    mean = ets(values, 2)[0]
    assert np.isfinite(mean).all()
    assert (mean >= values[:, -1:] * 0.95).all()


def test_average_of_annual_figures_looks_at_recent_growth_instead_of_the_last_year():
    names = ["theta", "log_theta", "ets", "log_ets"]
    assert components("average", 12) == components([*names, "seasonal_naive"], 12)
    assert components("average", 1) == components([*names, "recent_drift", "log_recent_drift"], 1)
    assert len(model_names("average", 1)) == len(components("average", 1))


@pytest.mark.parametrize(("season", "years"), [(12, 3), (12, 4), (4, 4)])
def test_a_season_is_found_in_few_years_and_chance_is_none(season, years):
    """Of a season three times the noise most series are told to have one; of noise alone hardly any."""
    rng = np.random.default_rng(0)
    time = np.arange(int(years * season) + season)
    noise = rng.normal(0, 0.05, (400, len(time)))
    course = 0.15 * np.sin(2 * np.pi * time / season)
    values = np.exp(5 + course + 0.05 * time / season + noise)
    known = values[:, :-season]
    found = models._is_seasonal(known, season)
    assert found.mean() > 0.85
    away = np.abs(models.theta(known, season, season)[0] / values[:, -season:] - 1)
    assert away.mean() < 0.075  # the noise alone is 0.04, the season left out 0.1
    assert models._is_seasonal(np.exp(5 + noise)[:, :-season], season).mean() < 0.08
