"""Write forecasts of statsforecast and reconciled values of hierarchicalforecast on public series.

Run with both installed (an environment of their own):
    python tests/reference/forecast_peers.py
Writes forecast_series.csv (history and forecasts of a few yearly, quarterly and monthly series: Theta and
AutoETS of statsforecast), forecast_reconciled.csv (Theta forecasts of all 89 nodes of Australian tourism, and
what MinTrace makes of them), forecast_residuals.csv (the residuals behind them) and forecast_peers.json
(versions, and the weight and start that Theta found for each series).
"""

import json
import os
from pathlib import Path

os.environ["NIXTLA_ID_AS_COL"] = "1"

import hierarchicalforecast
import numpy as np
import pandas as pd
import statsforecast
from hierarchicalforecast.methods import MinTrace
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, Theta

here = Path(__file__).parent
data = here.parents[1] / "benchmarks" / "data"
METHODS = ("ols", "wls_struct", "wls_var", "mint_shrink")


def nodes_of(name):
    """All nodes of a data set, top-down, and the leaves below each."""
    bottom = pd.read_csv(data / f"{name}.csv.gz", index_col="period").astype(float)
    tree = pd.read_csv(data / f"{name}_tree.csv").set_index("region")["parent"]
    below = {node: [] for node in tree.index}
    for leaf in bottom.columns:
        node = leaf
        while isinstance(node, str):
            below[node].append(leaf)
            node = tree[node]
    return bottom, below


def forecast(wide, season, horizon, models, fitted=False):
    """Forecasts in long form and, if asked for, residuals (series x time)."""
    long = wide.reset_index(drop=True).rename_axis("ds").reset_index()
    long = long.melt("ds", var_name="unique_id", value_name="y")
    engine = StatsForecast(models, freq=1, n_jobs=1)
    found = engine.forecast(df=long, h=horizon, fitted=fitted)
    if not fitted:
        return found, None
    inside = engine.forecast_fitted_values()
    off = inside.assign(off=inside["y"] - inside["Theta"])
    off = off.pivot(index="unique_id", columns="ds", values="off")
    return found, off.loc[wide.columns]


tourism, below = nodes_of("tourismsmall")
labour, _ = nodes_of("labour")
year = labour.groupby(labour.index.str[:4]).mean()
year = year[labour.groupby(labour.index.str[:4]).size() == 12]
total = tourism.sum(axis=1).rename("total")
sets = {
    "yearly": (year.iloc[:, [0, 4, 8, 24]], 1, 5),
    "quarterly": (pd.concat([total, tourism.iloc[:, [0, 14, 28, 42]]], axis=1), 4, 8),
    "monthly": (labour.iloc[-120:, [0, 4, 13, 24]], 12, 12),
}
rows, weights = [], {}
for name, (wide, season, horizon) in sets.items():
    found, _ = forecast(wide, season, horizon, [Theta(season), AutoETS(season)])
    for series in wide.columns:
        fit = Theta(season).fit(wide[series].to_numpy()).model_["par"]
        weights[f"{name} {series}"] = {key: float(fit[key]) for key in ("initial_smoothed", "alpha")}
        for step, value in enumerate(wide[series]):
            rows.append((name, season, series, step - len(wide) + 1, value, None, None))
        mine = found[found["unique_id"] == series]
        for step, (theta, ets) in enumerate(zip(mine["Theta"], mine["AutoETS"], strict=True), 1):
            rows.append((name, season, series, step, None, theta, ets))
table = pd.DataFrame(rows, columns=["set", "season", "series", "step", "actual", "theta", "auto_ets"])
table.to_csv(here / "forecast_series.csv", index=False, lineterminator="\n", float_format="%.12g")

order = [node for node in below if node not in tourism] + list(tourism.columns)
summing = np.array([[leaf in below[node] for leaf in tourism.columns] for node in order], float)
whole = pd.DataFrame(tourism.to_numpy() @ summing.T, index=tourism.index, columns=order)
found, residual = forecast(whole, 4, 8, [Theta(4)], fitted=True)
base = found.pivot(index="unique_id", columns="ds", values="Theta").loc[order].to_numpy()
residual = residual.iloc[:, 4:]
values = {"base": base}
for method in METHODS:
    values[method] = MinTrace(method=method)(
        S=summing, y_hat=base, y_insample=residual.to_numpy(), y_hat_insample=np.zeros(residual.shape)
    )["mean"]
index = pd.MultiIndex.from_product([order, range(1, 9)], names=["node", "step"])
table = pd.DataFrame({name: array.ravel() for name, array in values.items()}, index)
table.to_csv(here / "forecast_reconciled.csv", lineterminator="\n", float_format="%.15g")
residual = residual.rename_axis("node")
residual.to_csv(here / "forecast_residuals.csv", lineterminator="\n", float_format="%.15g")
versions = {part.__name__: part.__version__ for part in (statsforecast, hierarchicalforecast)}
result = {**versions, "theta": weights}
(here / "forecast_peers.json").write_text(json.dumps(result, indent=1) + "\n")
