"""Stored forecasts and reconciled values of other programs, and ours on the same series.

statsforecast and hierarchicalforecast wrote the numbers with ``tests/reference/forecast_peers.py``.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mktanalysis.forecasting.hierarchy.linear import reconcile_general, shrunk_covariance
from mktanalysis.forecasting.hierarchy.reconcile import node_variances, reconcile
from mktanalysis.forecasting.hierarchy.structure import Structure
from mktanalysis.forecasting.models import simple as base
from mktanalysis.forecasting.models.averages import MODELS

REFERENCE = Path(__file__).parents[1] / "reference"
#: Largest difference of any step: statsforecast also estimates where smoothing starts and keeps the weight at
#: 0.1 or more, which tells on short series.
THETA = {"yearly": 0.006, "quarterly": 0.022, "monthly": 0.001}


@pytest.fixture(scope="module", params=list(THETA))
def series(request):
    table = pd.read_csv(REFERENCE / "forecast_series.csv")
    table = table[table["set"] == request.param]
    past, ahead = table[table["step"] <= 0], table[table["step"] > 0]
    wide = past.pivot(index="series", columns="step", values="actual")
    theirs = {
        name: ahead.pivot(index="series", columns="step", values=name).loc[wide.index].to_numpy()
        for name in ("theta", "auto_ets")
    }
    return request.param, int(table["season"].iloc[0]), wide, theirs


def test_theta_is_near_statsforecast(series):
    name, season, wide, theirs = series
    mine = base.theta(wide.to_numpy(), theirs["theta"].shape[1], season)[0]
    np.testing.assert_allclose(mine, theirs["theta"], rtol=THETA[name])


def test_theta_equals_statsforecast_at_its_weight_and_start(series, monkeypatch):
    """The two forms differ by what is left of the start after n steps, a share of (1 - alpha)^n, no more."""
    name, season, wide, theirs = series
    found = json.loads((REFERENCE / "forecast_peers.json").read_text())["theta"]
    fits = [found[f"{name} {label}"] for label in wide.index]
    weight, start = (np.array([fit[key] for fit in fits]) for key in ("alpha", "initial_smoothed"))

    def smooth(values, alpha):
        level = start.copy()
        for t in range(values.shape[1]):
            level = level + alpha * (values[:, t] - level)
        return level, np.zeros(values.shape)

    monkeypatch.setattr(base, "smooth", smooth)
    monkeypatch.setattr(base, "smoothing_weight", lambda values: weight)
    mine = base.theta(wide.to_numpy(), theirs["theta"].shape[1], season)[0]
    left = (1 - weight) ** wide.shape[1]
    assert (np.abs(mine / theirs["theta"] - 1).max(axis=1) <= left + 1e-7).all()
    assert left.min() < 1e-7  # where the start is forgotten they are equal


def test_ets_stays_in_the_neighbourhood_of_the_automatic_choice(series):
    """Not the same model (damped trend on a grid against a choice of fifteen): within 5% on average."""
    _, season, wide, theirs = series
    mine = MODELS["ets"](wide.to_numpy(), theirs["auto_ets"].shape[1], season)[0]
    assert np.abs(mine / theirs["auto_ets"] - 1).mean() < 0.05


@pytest.fixture(scope="module")
def tourism():
    values = pd.read_csv(REFERENCE / "forecast_reconciled.csv").pivot(index="node", columns="step")
    residual = pd.read_csv(REFERENCE / "forecast_residuals.csv", index_col="node")
    tree = pd.read_csv(REFERENCE.parents[1] / "benchmarks" / "data" / "tourismsmall_tree.csv")
    parent = tree.set_index("region")["parent"]
    structure = Structure.from_parents(parent)
    assert set(structure.nodes) == set(residual.index) and structure.size == 89
    return structure, values.loc[structure.nodes], residual.loc[structure.nodes].to_numpy()


@pytest.mark.parametrize("method", ["ols", "wls_struct", "wls_var", "mint_shrink"])
def test_reconciled_tourism_equals_hierarchicalforecast(tourism, method):
    structure, values, residual = tourism
    forecasts = values["base"].to_numpy()
    if method == "mint_shrink":
        mine = reconcile_general(structure, forecasts, *shrunk_covariance(residual))
    else:
        variance = node_variances(structure, method, (residual**2).mean(axis=1))
        mine = reconcile(structure, forecasts, variance)
    theirs = values[method].to_numpy()
    np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9 * np.abs(theirs).max())
