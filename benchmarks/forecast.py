"""Accuracy, coverage, time and memory of forecasting, side by side with statsforecast + hierarchicalforecast.

    python benchmarks/forecast.py                               # this package alone
    python benchmarks/forecast.py --peers peers/bin/python      # and the peers, see forecast_peers.py
    python benchmarks/forecast.py --quick                       # fewer origins, smaller samples
    python benchmarks/forecast.py --only published speed        # parts: published, accuracy, speed, memory

Both sides see the same series, origins and horizons in one run; time is CPU time of one thread, memory the
peak of a process. What the peers would do for hours is measured in part, scaled up, and marked so.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from mktanalysis.forecasting import HierarchicalForecaster, Structure, backtest, score_forecasts
from mktanalysis.forecasting.forecaster.panel import Cube
from mktanalysis.forecasting.hierarchy.linear import reconcile_general, shrunk_covariance
from mktanalysis.forecasting.hierarchy.reconcile import reconcile
from mktanalysis.forecasting.models.averages import MODELS, components

HERE = Path(__file__).parent
NOMINAL = 0.8
#: Quantiles of the published comparison (Rangapuram et al., End-to-End Learning of Coherent Probabilistic
#: Forecasts, ICML 2021): steps of 0.05, the last 8 quarters or months, CRPS averaged over the levels.
PUBLISHED_QUANTILES = [round(0.05 * k, 2) for k in range(1, 20)]
PUBLISHED_HORIZON = 8
#: Its methods as the ML Reproducibility Challenge 2021 found them, mean of five runs where chance is in it
#: (github.com/dstefanov46/RC_2021, table 4, Apache-2.0). The best of a set is the best published.
PUBLISHED = pd.DataFrame(
    {
        "ARIMA, bottom-up": (0.1138, 0.0453),
        "ETS, bottom-up": (0.1008, 0.0432),
        "ARIMA + MinT shrink": (0.1171, 0.0467),
        "ARIMA + MinT ols": (0.1195, 0.0463),
        "ETS + MinT shrink": (0.1013, 0.0455),
        "ETS + MinT ols": (0.1002, 0.0459),
        "ARIMA + ERM": (0.5885, 0.0399),
        "ETS + ERM": (2.3742, 0.0456),
        "PERMBU + MinT": (0.0763, 0.0393),
        "HierE2E": (0.0916, 0.0335),
        "DeepVAR": (0.0953, 0.0367),
        "DeepVAR+": (0.0956, 0.0457),
    },
    index=["tourismsmall", "labour"],
)
PEAK = "full call, peak MB"
PARTS = ("published", "accuracy", "speed", "memory")


def load(name: str) -> tuple[Structure, pd.DataFrame, int]:
    """Tree, bottom series (period x series) and season of a benchmark."""
    tree = pd.read_csv(HERE / "data" / f"{name}_tree.csv", dtype=str).set_index("region")
    values = pd.read_csv(HERE / "data" / f"{name}.csv.gz", index_col="period")
    freq = "Q" if "Q" in values.index[0] else "M"
    values.index = pd.PeriodIndex(values.index, freq=freq)
    return Structure.from_parents(tree["parent"], tree["level"]), values, 4 if freq == "Q" else 12


def scores(structure, mean, lower, upper, actual, scale) -> dict:
    """MASE, interval score in the same unit, coverage by level; arrays origins x nodes x horizon."""
    unit = scale[:, :, None]
    below, above = np.maximum(lower - actual, 0), np.maximum(actual - upper, 0)
    interval = (upper - lower + 2 / (1 - NOMINAL) * (below + above)) / unit
    inside = (below == 0) & (above == 0)
    found = {"MASE": np.mean(np.abs(mean - actual) / unit), "interval_score": interval.mean()}
    for level in dict.fromkeys(structure.levels):
        found[f"cover_{level}"] = inside[:, structure.levels == level].mean()
    return found


def accuracy(name: str, horizon: int, n_origins: int, step: int, peers: str | None) -> pd.DataFrame:
    """One benchmark: ours by model, then the peers on the same origins."""
    structure, values, season = load(name)
    panel = values.rename_axis(columns="region").stack().rename("value").reset_index()
    whole = structure.add_up(values[structure.nodes[structure.leaves]].to_numpy().T)
    length = whole.shape[1]
    origins = length - horizon - step * np.arange(n_origins)[::-1]
    actual = np.stack([whole[:, o : o + horizon] for o in origins])
    scale = np.stack([np.abs(whole[:, season:o] - whole[:, : o - season]).mean(axis=1) for o in origins])
    rows = []
    for model in ("average", "theta", "ets"):
        start = time.process_time()
        table = backtest(
            HierarchicalForecaster(model), panel.astype({"region": "str"}), structure,
            horizon=horizon, n_origins=n_origins, step=step,
        )  # fmt: skip
        seconds = time.process_time() - start
        table = table[table["model"] == "reconciled"]
        mean, lower, upper = (table[c].to_numpy().reshape(actual.shape) for c in ("mean", "lower", "upper"))
        found = scores(structure, mean, lower, upper, actual, scale)
        rows.append({"who": "mktanalysis", "method": f"{model} + wls_common", **found, "cpu_s": seconds})
    if peers:
        rows += peer_accuracy(peers, structure, whole, season, origins, horizon, actual, scale)
    return (
        pd.DataFrame(rows)
        .assign(benchmark=f"{name} h={horizon} x{n_origins}")
        .set_index(["benchmark", "who"])
    )


def published() -> pd.DataFrame:
    """Normalised CRPS in the published protocol, ranked with its twelve methods."""
    ours = {}
    for name in PUBLISHED.index:
        structure, values, _ = load(name)
        ours[name] = last_window(structure, values)
    table = PUBLISHED.assign(mktanalysis=pd.Series(ours)).T
    for name in PUBLISHED.index:
        table[f"rank {name}"] = table[name].rank().astype(int)
    return table.sort_values("rank tourismsmall")


def last_window(structure: Structure, values: pd.DataFrame) -> float:
    """CRPS of the last eight periods, mean of the levels."""
    panel = values.rename_axis(columns="region").stack().rename("value").reset_index()
    table = backtest(
        HierarchicalForecaster(), panel.astype({"region": "str"}), structure,
        horizon=PUBLISHED_HORIZON, n_origins=1, quantiles=PUBLISHED_QUANTILES,
    )  # fmt: skip
    return score_forecasts(table[table["model"] == "reconciled"])["crps"].mean()


def earlier_windows() -> pd.DataFrame:
    """The same of labour one to five years earlier: its last window begins in April 2020, after a calm."""
    structure, values, _ = load("labour")
    ends = [len(values) - 12 * years for years in range(6)]
    rows = [(str(values.index[end - 8]), last_window(structure, values[:end])) for end in ends]
    return pd.DataFrame(rows, columns=["labour, first month", "crps"]).set_index("labour, first month")


def by_level(name: str, horizon: int, n_origins: int, step: int) -> pd.DataFrame:
    """Our default by level: MASE, bias, coverage of three intervals, CRPS."""
    structure, values, _ = load(name)
    panel = values.rename_axis(columns="region").stack().rename("value").reset_index()
    quantiles = [0.025, 0.25, 0.75, 0.975, *PUBLISHED_QUANTILES]
    table = backtest(
        HierarchicalForecaster(), panel.astype({"region": "str"}), structure,
        horizon=horizon, n_origins=n_origins, step=step, quantiles=quantiles,
    )  # fmt: skip
    table = table[table["model"] == "reconciled"]
    scores = score_forecasts(table.drop(columns=["q0.025", "q0.975"])).set_index("level")
    found = scores[["n", "mase", "bias", "coverage", "crps"]]
    for share, low, high in ((50, "q0.25", "q0.75"), (95, "q0.025", "q0.975")):
        inside = table["actual"].between(table[low], table[high]).groupby(table["level"]).mean()
        found = found.assign(**{f"coverage_{share}": inside.reindex(found.index)})
    return found.assign(benchmark=f"{name} h={horizon} x{n_origins}").set_index("benchmark", append=True)


def peer_accuracy(peers, structure, whole, season, origins, horizon, actual, scale) -> list[dict]:
    """Rows of the peers' methods."""
    found = run_peers(peers, structure, whole, season, origins, horizon, "AutoETS,Theta", True)
    rows = []
    for model in ("AutoETS", "Theta"):
        for method in ("mint_shrink", "wls_var"):
            key = f"{model}|base/MinTrace_method-{method}"
            mean, lower, upper = found[key], found[f"{key}-lo-80"], found[f"{key}-hi-80"]
            cpu = float(found[f"{model}|fit_cpu"] + found[f"{model}|reconcile_cpu"])
            row = scores(structure, mean, lower, upper, actual, scale)
            rows.append({"who": "peers", "method": f"{model} + {method}", **row, "cpu_s": cpu})
    return rows


def run_peers(peers, structure, values, season, origins, horizon, models: str, reconciled: bool) -> dict:
    """Call forecast_peers.py in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(
            source, values=values, summing=structure.summing.toarray() if reconciled else np.eye(1),
            leaves=structure.leaves if reconciled else np.arange(len(values)),
            levels=np.array(structure.levels, dtype="U"), season=season, origins=origins, horizon=horizon,
        )  # fmt: skip
        call = [peers, str(HERE / "forecast_peers.py"), source, target, models, "1" if reconciled else "0"]
        subprocess.run(call, check=True)
        return dict(np.load(target))


def synthetic(
    counts: tuple[int, ...], length: int, freq: str
) -> tuple[Structure, np.ndarray, pd.PeriodIndex]:
    """A tree with so many nodes a level below the root, and growing, seasonal leaves."""
    parents, levels, above = {"N": None}, {"N": "l0"}, ["N"]
    for depth, count in enumerate(counts, 1):
        here = [f"{depth}_{i:05d}" for i in range(count)]
        parents |= {name: above[i * len(above) // count] for i, name in enumerate(here)}
        levels |= dict.fromkeys(here, f"l{depth}")
        above = here
    structure = Structure.from_parents(pd.Series(parents), pd.Series(levels))
    rng, n, time_ = np.random.default_rng(0), len(structure.leaves), np.arange(length)
    per_year = 12 if freq == "M" else 1
    growth = rng.normal(0.05, 0.02, (n, 1)) * time_ / per_year
    season = 0.15 * np.sin(2 * np.pi * time_ / 12) * (per_year == 12)
    noise = rng.normal(0, 0.05, (n, length))
    values = np.exp(rng.normal(14, 1, (n, 1)) + growth + season + noise)
    return structure, values, pd.period_range("2010-01", periods=length, freq=freq)


def speed(peers: str | None, quick: bool) -> pd.DataFrame:
    """CPU seconds of base models, reconciliation and the full call, peak memory, on 3,226 series."""
    rows = []
    for length, freq, season, horizon in ((20, "Y", 1, 5), (120, "M", 12, 12)):
        structure, bottom, periods = synthetic((7, 31, 337, 2850), length, freq)
        none = np.zeros(bottom.shape, bool)
        cube = Cube(structure, bottom, periods, season, none, none)
        whole, case = structure.add_up(bottom), f"3,226 x {length} {freq}"
        found = own_times(cube, whole, horizon) | {PEAK: own_memory("average", length, freq)["peak_mb"]}
        against = peer_times(peers, structure, whole, season, horizon, quick) if peers else {}
        for job, figure in found.items():
            row = {"case": case, "job": job, "mktanalysis": figure}
            rows += [row | {"peers": one, "peer": name} for one, name in against.get(job, [])] or [row]
    table = pd.DataFrame(rows)
    return table.assign(ratio=table["peers"] / table["mktanalysis"]) if "peers" in table else table


def own_times(cube: Cube, whole: np.ndarray, horizon: int) -> dict[str, float]:
    """Job -> CPU seconds of this package."""
    structure, found = cube.structure, {}
    for name in ("seasonal_naive", "theta", "ets", "log_ets"):
        found[f"base {name}"] = cpu(partial(MODELS[name], whole, horizon, cube.season))
    average = components("average", cube.season)
    found["base, all of average"] = cpu(lambda: [model(whole, horizon, cube.season) for model in average])
    base, floor = (
        whole[:, :horizon] - whole[:, :horizon].mean() / 1000,
        np.full((structure.size, horizon), -np.inf),
    )
    floor[structure.leaves] = 0
    found["reconcile (tree)"] = cpu(partial(reconcile, structure, base, np.ones(structure.size)))
    bounded = partial(reconcile, structure, base, np.ones(structure.size), lower=floor)
    found["reconcile, non-negative"] = cpu(bounded)
    residual = np.diff(whole, axis=1)
    covariance = shrunk_covariance(residual)
    found["MinT-shrink covariance"] = cpu(partial(shrunk_covariance, residual))
    found["reconcile (MinT-shrink)"] = cpu(partial(reconcile_general, structure, base, *covariance))
    for model in ("theta", "average"):
        forecaster = HierarchicalForecaster(model, n_origins=5)
        forecaster.cube_ = cube
        found[f"full call, 5 origins, {model}"] = cpu(partial(forecaster.forecast, horizon))
    return found


def peer_times(peers, structure, whole, season, horizon, quick) -> dict[str, list[tuple[float, str]]]:
    """Job -> peers' figures: Theta on all series, AutoETS on a sample scaled up.

    The full call is five calibration origins and the forecast: six times the fit; only one reconciliation is
    counted, where this package reconciles at each origin.
    """
    last, sample = [whole.shape[1]], 60 if quick else 200
    theta = run_peers(peers, structure, whole, season, last, horizon, "Theta", True)
    pick = np.linspace(0, len(whole) - 1, sample).astype(int)
    ets = run_peers(peers, structure, whole[pick], season, last, horizon, "AutoETS", False)
    theta_fit, rec = float(theta["Theta|fit_cpu"]), float(theta["Theta|reconcile_cpu"]) / 2
    scaled = f"AutoETS, {sample} series scaled up"
    ets_fit = float(ets["AutoETS|fit_cpu"]) * len(whole) / sample
    full = [(6 * ets_fit + rec, f"6 x {scaled} + MinTrace"), (6 * theta_fit + rec, "6 x Theta + MinTrace")]
    return {
        "base theta": [(theta_fit, "Theta")],
        "base ets": [(ets_fit, scaled)],
        "base, all of average": [(ets_fit, scaled), (theta_fit, "Theta")],
        "reconcile (tree)": [(rec, "half of two MinTrace, with intervals")],
        "full call, 5 origins, theta": full[1:],
        "full call, 5 origins, average": full,
        PEAK: [(float(theta["peak_mb"]), "Theta + MinTrace, one origin")],
    }


def cities() -> pd.DataFrame:
    """CPU seconds of the default call on 337 cities up to the nation: intervals and five tested origins."""
    rows = []
    for length, freq, season, horizon in ((20, "Y", 1, 5), (120, "M", 12, 12)):
        structure, bottom, periods = synthetic((7, 31, 337), length, freq)
        none = np.zeros(bottom.shape, bool)
        forecaster = HierarchicalForecaster()
        forecaster.cube_ = Cube(structure, bottom, periods, season, none, none)
        rows.append((f"337 cities x {length} {freq}", cpu(partial(forecaster.forecast, horizon))))
    return pd.DataFrame(rows, columns=["case", "default call, CPU s"])


def cpu(call) -> float:
    """CPU seconds of the faster of two calls."""
    best = np.inf
    for _ in range(2):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def own_memory(model: str, length: int, freq: str, *counts: int) -> dict:
    """Peak memory and CPU seconds of the full call in a process of its own."""
    task = json.dumps([model, length, freq, list(counts)])
    done = subprocess.run([sys.executable, __file__, "--memory", task], check=True, capture_output=True)
    return json.loads(done.stdout)


def memory(model: str, length: int, freq: str, counts: list[int]) -> None:
    """Forecast from five origins (and now), print the peak memory."""
    structure, bottom, periods = synthetic((7, 31, 337, 2850, *counts), length, freq)
    season, horizon = (12, 12) if freq == "M" else (1, 5)
    forecaster = HierarchicalForecaster(model, n_origins=5)
    none = np.zeros(bottom.shape, bool)
    forecaster.cube_ = Cube(structure, bottom, periods, season, none, none)
    start = time.process_time()
    forecaster.forecast(horizon)
    seconds = time.process_time() - start
    # Not getrusage: its peak is inherited from the process that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024
    print(json.dumps({"series": structure.size, "peak_mb": round(peak), "cpu_s": round(seconds, 1)}))


def main() -> None:
    """Run everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peers", help="python of an environment with statsforecast and hierarchicalforecast"
    )
    parser.add_argument("--quick", action="store_true", help="fewer origins, smaller samples")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        return memory(*json.loads(options.memory))
    pd.set_option("display.width", 220, "display.max_columns", 30, "display.precision", 3)
    if "published" in options.only:
        print(published().round(4).to_string(), "\n", flush=True)
        print(earlier_windows().round(4).T.to_string(), "\n", flush=True)
    if "accuracy" in options.only:
        for case in (
            ("tourismsmall", 4, 8, 1),
            ("tourismsmall", 8, 8, 1),
            ("labour", 12, 2 if options.quick else 8, 3),
        ):
            print(by_level(*case).to_string(), "\n", flush=True)
            print(accuracy(*case, options.peers).to_string(), "\n", flush=True)
    if "speed" in options.only:
        print(cities().to_string(index=False), "\n", flush=True)
        print(speed(options.peers, options.quick).to_string(index=False), "\n", flush=True)
    if "memory" in options.only:
        for model in ("theta",) if options.quick else ("theta", "average"):
            print("48,000 monthly series,", model, own_memory(model, 120, "M", 45000), flush=True)


if __name__ == "__main__":
    main()
