"""Forecasts of the same series by statsforecast and hierarchicalforecast, in an environment of their own.

    python -m venv peers && peers/bin/pip install statsforecast hierarchicalforecast
    python benchmarks/forecast.py --peers peers/bin/python

Called by ``forecast.py``: reads one npz (values, summing matrix, season, origins, horizon), writes one
npz (means and intervals by method, seconds of CPU, peak memory).
"""

import os
import sys
import time
import warnings
from pathlib import Path

os.environ.update(NIXTLA_ID_AS_COL="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from hierarchicalforecast.core import HierarchicalReconciliation  # noqa: E402
from hierarchicalforecast.methods import MinTrace  # noqa: E402
from statsforecast import StatsForecast  # noqa: E402
from statsforecast.models import AutoETS, Theta  # noqa: E402

LEVEL = 80


def long_frame(values, ids, dates):
    n, length = values.shape
    return pd.DataFrame(
        {"unique_id": np.repeat(ids, length), "ds": np.tile(dates[:length], n), "y": values.ravel()}
    )


def one_origin(task, model, origin, reconcile):
    """Arrays (nodes, horizon) by method, and CPU seconds of fitting and of reconciling."""
    values, summing, leaves = task["values"], task["summing"], task["leaves"]
    season, horizon = int(task["season"]), int(task["horizon"])
    n = len(values)
    order = np.r_[np.setdiff1d(np.arange(n), leaves), leaves]
    ids = np.array([f"s{i:05d}" for i in range(n)])
    freq = {12: "MS", 4: "QS", 1: "YS"}[season]
    dates = pd.date_range("1980-01-01", periods=values.shape[1], freq=freq)
    start = time.process_time()
    fitter = StatsForecast(models=[model], freq=freq, n_jobs=1)
    train = long_frame(values[order, :origin], ids[order], dates)
    ahead = fitter.forecast(df=train, h=horizon, fitted=True, level=[LEVEL])
    fitted = fitter.forecast_fitted_values()
    done = time.process_time()
    table = ahead
    if reconcile:
        frame = pd.DataFrame(summing[order], columns=ids[leaves])
        frame.insert(0, "unique_id", ids[order])
        tags = {level: ids[task["levels"] == level] for level in dict.fromkeys(task["levels"])}
        methods = [MinTrace(method="mint_shrink"), MinTrace(method="wls_var")]
        table = HierarchicalReconciliation(reconcilers=methods).reconcile(
            Y_hat_df=ahead, Y_df=fitted, S_df=frame, tags=tags, level=[LEVEL]
        )
    end = time.process_time()
    table = table.sort_values(["unique_id", "ds"])
    found = {name: table[name].to_numpy().reshape(n, horizon) for name in table.columns[2:]}
    return found, done - start, end - done


def main(source: str, target: str, names: str, reconcile: str) -> None:
    """Run the models over all origins."""
    task = dict(np.load(source, allow_pickle=False))
    out = {}
    for name in names.split(","):
        makers = {"AutoETS": AutoETS, "Theta": Theta}
        # The first call of a model compiles it: not counted.
        small = task | {"values": task["values"][:1], "leaves": np.array([0])}
        one_origin(small, makers[name](season_length=int(task["season"])), int(task["origins"][0]), False)
        fit = rec = 0.0
        parts = []
        for origin in task["origins"]:
            model = makers[name](season_length=int(task["season"]))
            found, a, b = one_origin(task, model, int(origin), reconcile == "1")
            parts.append(found)
            fit, rec = fit + a, rec + b
        for key in parts[0]:
            out[f"{name}|{key.replace(name, 'base')}"] = np.stack([part[key] for part in parts])
        out[f"{name}|fit_cpu"], out[f"{name}|reconcile_cpu"] = fit, rec
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    out["peak_mb"] = int(status["VmHWM"].split()[0]) / 1024
    np.savez(target, **out)


if __name__ == "__main__":
    main(*sys.argv[1:])
