"""Forecasts by level on many sets: error, bias, coverage of three intervals, CRPS, and what chance allows.

    python benchmarks/forecast_levels.py                  # tourismsmall, windows of labour, planted trees
    python benchmarks/forecast_levels.py --seeds 5 6      # other trees
    python benchmarks/forecast_levels.py --short --annual

Eight origins whose horizons overlap are few draws of what the regions of a level share: even intervals of
exactly the right width then miss a band about their nominal coverage. How often is computed beside what was
found, so that a goal is not set beyond it.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from forecast import PUBLISHED_QUANTILES, load
from scipy.special import ndtri

import mktanalysis as mkt
from mktanalysis.forecasting import HierarchicalForecaster, Structure, backtest, score_forecasts
from mktanalysis.forecasting.forecaster.intervals import shared_draws

#: What counts as held: a nominal coverage and its band, for levels with so many points.
BANDS = {0.8: (0.75, 0.85), 0.95: (0.92, 0.975)}
ENOUGH = 200
ORIGINS = 8
#: Ends of windows of labour: calm and troubled times.
LABOUR_ENDS = ("1993-12", "2001-12", "2011-12", "2020-02", "2021-12")
KINDS = (
    "stable", "turn up", "turn down", "walks", "shared walks", "one cycle", "slumps", "season moves",
    "autoregressive", "slopes move", "bursts", "heavy tails", "level breaks",
)  # fmt: skip


def planted(kind: str, freq: str, seed: int) -> tuple[Structure, pd.DataFrame]:
    """A tree of 3, 9 and 36 regions with ten years of months, or twelve of quarters."""
    rng = np.random.default_rng([seed, KINDS.index(kind), freq == "M"])
    year = 12 if freq == "M" else 4
    length = 120 if freq == "M" else 48
    leaves = [f"3_{i:02d}" for i in range(36)]
    parents = {"N": None} | {f"1_{i}": "N" for i in range(3)}
    parents |= {f"2_{i}": f"1_{i // 3}" for i in range(9)}
    parents |= {leaf: f"2_{i // 4}" for i, leaf in enumerate(leaves)}
    levels = {name: f"l{0 if name == 'N' else name[0]}" for name in parents}
    shape = (36, length)
    time = np.arange(length)
    own = rng.normal(0, 0.06, shape)
    shared = np.zeros(length)
    growth = rng.normal(0.03, 0.01, (36, 1)) / year * time
    phase = 2 * np.pi * time / year
    season = rng.normal(0.15, 0.04, (36, 1)) * np.sin(phase + rng.normal(0, 0.3, (36, 1)))
    after = np.maximum(time - int(0.7 * length) - rng.integers(-year, year), 0)
    if kind == "turn up":
        growth = growth + (rng.normal(0.12, 0.03, (36, 1)) * after - 0.02 * time) / year
    elif kind == "turn down":
        growth = growth + (0.06 * time - rng.normal(0.09, 0.03, (36, 1)) * after) / year
    elif kind == "walks":
        own = own / 2 + rng.normal(0, 0.02, shape).cumsum(axis=1)
        shared = rng.normal(0, 0.02, length).cumsum()
    elif kind == "shared walks":
        own = own + np.repeat(rng.normal(0, 0.015, (3, length)).cumsum(axis=1), 12, axis=0)
        shared = rng.normal(0, 0.025, length).cumsum()
    elif kind == "one cycle":
        shared = 0.08 * np.sin(phase / rng.uniform(5, 8) + rng.uniform(0, 6))
    elif kind == "slumps":
        for at in rng.choice(length - 2, 4, replace=False):
            shared[at:] += 0.6 * rng.normal(-0.08, 0.05) * 0.6 ** np.arange(length - at)
    elif kind == "season moves":
        season = season + rng.normal(0, 0.01, shape).cumsum(axis=1) * np.sin(phase)
    elif kind == "autoregressive":
        shared = rng.normal(0, 0.02, length)
        for k in range(1, length):
            own[:, k] += 0.8 * own[:, k - 1]
            shared[k] += 0.85 * shared[k - 1]
    elif kind == "slopes move":
        slope = rng.normal(0, 0.002, shape).cumsum(axis=1) + rng.normal(0, 0.0015, length).cumsum()
        growth = growth + slope.cumsum(axis=1) * 4 / year
    elif kind == "bursts":
        calm = np.convolve(rng.normal(0, 1.8, length + 20), np.full(8, 1 / 8), "same")[10:-10]
        own = own * np.exp(calm)
        shared = rng.normal(0, 0.03, length) * np.exp(calm)
    elif kind == "heavy tails":
        own = 0.04 * rng.standard_t(3, shape)
        shared = 0.02 * rng.standard_t(3, length)
    elif kind == "level breaks":
        for row in np.flatnonzero(rng.random(36) < 0.6):
            own[row, rng.integers(length // 4, length) :] += rng.normal(0, 0.2)
    values = np.exp(rng.normal(6, 0.8, (36, 1)) + growth + season + own + shared)
    periods = pd.period_range("2010-01", periods=length, freq=freq)
    return (
        Structure.from_parents(pd.Series(parents), pd.Series(levels)),
        pd.DataFrame(values.T, periods, leaves),
    )


def sets(seeds):
    """Name, tree, leaves' values, horizon and step of each set."""
    structure, values, _ = load("tourismsmall")
    yield "tourismsmall h4", structure, values, 4, 1
    yield "tourismsmall h8", structure, values, 8, 1
    structure, values, _ = load("labour")
    for end in LABOUR_ENDS:
        yield f"labour to {end}", structure, values[:end], 12, 3
    for kind in KINDS:
        for freq, horizon, step in (("Q", 4, 2), ("M", 12, 4)):
            for seed in seeds:
                yield f"{kind} {freq} {seed}", *planted(kind, freq, seed), horizon, step


def panel_of(values: pd.DataFrame) -> pd.DataFrame:
    """Long table of leaves' values (periods x leaves)."""
    long = values.rename_axis(index="period", columns="region").stack().rename("value")
    return long.dropna().reset_index().astype({"region": "str"})


def by_level(structure: Structure, values: pd.DataFrame, horizon: int, step: int) -> pd.DataFrame:
    """Scores of the default by level, and the chance of either band under exactly right widths."""
    tails = [0.025, 0.25, 0.75, 0.975]
    table = backtest(
        HierarchicalForecaster(), panel_of(values), structure,
        horizon=horizon, n_origins=ORIGINS, step=step, quantiles=[*PUBLISHED_QUANTILES, *tails[::3]],
    )  # fmt: skip
    table = table[table["model"] == "reconciled"]
    scores = score_forecasts(table.drop(columns=["q0.025", "q0.975"])).set_index("level")
    found = scores[["n", "mase", "bias", "crps"]].assign(cover_80=scores["coverage"])
    for share, low, high in ((50, "q0.25", "q0.75"), (95, "q0.025", "q0.975")):
        inside = table["actual"].between(table[low], table[high]).groupby(table["level"]).mean()
        found[f"cover_{share}"] = inside
    shape = (ORIGINS, structure.size, horizon)
    scale = table["scale"].where(table["scale"] > 0, 1.0)
    errors = ((table["actual"] - table["mean"]) / scale).to_numpy().reshape(shape)
    levels = np.asarray(structure.levels)
    for level in found.index:
        chances = by_chance(errors[:, levels == level], step)
        found.loc[level, ["chance_80", "chance_95"]] = chances
    return found


def by_chance(errors: np.ndarray, step: int, repeats: int = 300) -> list[float]:
    """Chance that a level's coverage is in each band when every width is exactly right.

    Errors of a period ahead are sums of steps, shared by the level's regions in the part that `errors`
    (origins, regions, horizon) show, and each region's own for the rest: overlapping horizons go together.
    """
    rng = np.random.default_rng(0)
    n_origins, regions, horizon = errors.shape
    level = errors / np.sqrt(np.nanmean(errors**2, axis=(0, 2), keepdims=True))
    shared, _ = shared_draws(level, step * np.arange(n_origins), np.inf)
    origin = step * np.arange(n_origins)[:, None]
    ahead = np.arange(1, horizon + 1)

    def drawn() -> np.ndarray:
        path = rng.normal(size=(repeats, origin[-1, 0] + horizon + 1)).cumsum(axis=1)
        return (path[:, origin + ahead] - path[:, origin]) / np.sqrt(ahead)

    together = np.sqrt(shared) * drawn()
    inside = {nominal: np.zeros(repeats) for nominal in BANDS}
    for _ in range(regions):
        size = np.abs(together + np.sqrt(1 - shared) * drawn())
        for nominal, share in inside.items():
            share += (size <= ndtri((1 + nominal) / 2)).mean(axis=(1, 2)) / regions
    return [((low <= inside[c]) & (inside[c] <= high)).mean() for c, (low, high) in BANDS.items()]


def summary(table: pd.DataFrame) -> pd.Series:
    """Share of levels with enough points in each band, and the share that right widths would reach."""
    big = table[table["n"] >= ENOUGH]
    held = {nominal: big[f"cover_{100 * nominal:.0f}"].between(*band) for nominal, band in BANDS.items()}
    return pd.Series(
        {
            "levels": len(big),
            "in .75-.85 of .80": held[0.8].mean(),
            "by chance": big["chance_80"].mean(),
            "whole sets": held[0.8].groupby(big["set"]).all().mean(),
            "whole sets by chance, at most": big.groupby("set")["chance_80"].min().mean(),
            "in .92-.975 of .95": held[0.95].mean(),
            "by chance, of .95": big["chance_95"].mean(),
            "mean coverage, all levels, of .50": table["cover_50"].mean(),
            "of .80": table["cover_80"].mean(),
            "of .95": table["cover_95"].mean(),
        }
    )


def short_regions(seeds: int = 40) -> pd.DataFrame:
    """Coverage of a city with few months beside twelve with 48, a year ahead, nominal .80; widths of both."""
    rows = []
    names = [f"c{i:02d}" for i in range(13)]
    structure = Structure.from_parents(pd.Series({"N": None} | dict.fromkeys(names, "N")))
    time = np.arange(60)
    for noise in (0.15, 0.05):
        for months in (1, 3, 6, 12, 48):
            for seed in range(seeds):
                rng = np.random.default_rng([seed, months])
                growth = rng.normal(0.05, 0.02, (13, 1)) * time / 12
                season = 0.15 * np.sin(2 * np.pi * time / 12)
                whole = np.exp(rng.normal(5, 0.7, (13, 1)) + growth + season + rng.normal(0, noise, (13, 60)))
                values = pd.DataFrame(whole.T, pd.period_range("2015-01", periods=60, freq="M"), names)
                known = values[:48].copy()
                known.iloc[: 48 - months, 0] = np.nan
                ahead = HierarchicalForecaster().fit(panel_of(known), structure).predict(12)
                ahead = ahead[ahead["region"] != "N"].assign(actual=whole[:, 48:].ravel())
                ahead = ahead.assign(
                    held=ahead["actual"].between(ahead["lower"], ahead["upper"]),
                    width=(ahead["upper"] - ahead["lower"]) / ahead["mean"],
                )
                rows.append(
                    ahead.groupby(ahead["region"] == "c00")[["held", "width"]].mean().stack()
                    .rename({True: "short", False: "others"}).rename((noise, months, seed))
                )  # fmt: skip
    table = pd.DataFrame(rows)
    table.index = pd.MultiIndex.from_tuples(table.index, names=["noise", "months", "seed"])
    return table.groupby(level=["noise", "months"]).mean()


def annual_windows() -> pd.DataFrame:
    """Cities' coverage of .80 over windows that end in different years: growth of each was another."""
    tree = mkt.load_regions()
    rows = []
    for indicator in ("retail_sales", "gdp", "registered_population"):
        panel = mkt.load_panel(indicator)
        forecaster = HierarchicalForecaster(breaks=mkt.load_breaks(indicator))
        for end in (2012, 2014, 2016, 2018, 2020, panel["period"].max().year):
            known = panel[panel["period"].dt.year <= end]
            for horizon in (3, 5):
                table = backtest(forecaster, known, tree, horizon=horizon, n_origins=5)
                table = table[(table["model"] == "reconciled") & (table["level"] == "prefecture")]
                score = score_forecasts(table)[["n", "mase", "coverage"]].iloc[0]
                rows.append({"indicator": indicator, "end": end, "horizon": horizon, **score})
    table = pd.DataFrame(rows).set_index(["indicator", "horizon", "end"])["coverage"].unstack()
    return table.assign(mean=table.mean(axis=1))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="of the planted trees")
    parser.add_argument("--short", action="store_true", help="regions with few months instead")
    parser.add_argument("--annual", action="store_true", help="windows of annual city figures instead")
    options = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 30, "display.precision", 3)
    if options.short:
        print(short_regions().to_string(), "\n", flush=True)
    if options.annual:
        print(annual_windows().to_string(), "\n", flush=True)
    if options.short or options.annual:
        return
    parts = []
    for name, *task in sets(options.seeds):
        parts.append(by_level(*task).assign(set=name).set_index("set", append=True).swaplevel())
        print(parts[-1].to_string(header=len(parts) == 1), flush=True)
    table = pd.concat(parts).reset_index()
    real = table["set"].str.startswith(("tourism", "labour"))
    print(pd.DataFrame({"real": summary(table[real]), "planted": summary(table[~real])}).to_string())


if __name__ == "__main__":
    main()
