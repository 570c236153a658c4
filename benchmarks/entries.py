"""Where does a roll-out go next? Rankings judged on openings that they have not seen, in one run.

    python benchmarks/entries.py                     every bed
    python benchmarks/entries.py --beds planted      beds whose name contains the word
    python benchmarks/entries.py --folder FOLDER     another roll-out as well: tables of its own:
        openings.csv (region, period), points.csv (region, lon, lat), potential.csv (region and a column a
        year, or region and potential); if there: edges.csv (region, neighbor), parents.csv (region, parent)

Real roll-outs: charging operators in Germany by postcode area and half-year (pooled), a grocery chain's
small-format stores in American counties by year (`data/openings`). Planted ones, drawn on China's counties
by a known rule: ``oracle`` is the ranking by that rule, which nobody can beat but by luck.

Every method is judged on the same openings, those with at least twenty before them. Pooled figures: precision
of the n best, share of the openings among the 3n best, AUC, log likelihood an opening.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import mktanalysis as mkt
from mktanalysis.china import market_units
from mktanalysis.expansion import backtest_entries
from mktanalysis.expansion.entries.backtest import judge
from mktanalysis.expansion.entries.geography import build_geography

DATA = Path(__file__).parent / "data" / "openings"
MIN_OPENINGS = 20
#: Seeds, years and mean entries a year of every planted rule.
SEEDS = (1, 2)
YEARS = 25
A_YEAR = 20


@dataclass
class Bed:
    """One history: tables of the calls, and what the truth thought of each place where it is known."""

    openings: pd.DataFrame
    potential: pd.Series | pd.DataFrame
    points: pd.DataFrame
    edges: pd.DataFrame | None = None
    tree: pd.Series | None = None
    truth: dict | None = None


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv", dtype={"region": str, "neighbor": str, "parent": str})


def german() -> list[Bed]:
    areas = read("german_areas")
    potential = areas.set_index("region")["potential"]
    edges = read("german_edges")
    return [
        Bed(openings[["region", "period"]], potential, areas, edges)
        for _, openings in read("german_charging").groupby("operator")
    ]


def small_format() -> list[Bed]:
    counties = read("us_counties")
    potential = counties.set_index("region")["potential"]
    return [Bed(read("us_small_format"), potential, counties, read("us_county_edges"))]


# ---- planted roll-outs -------------------------------------------------------------------------------------


def log_linear(place):
    return 1.0 * place["size"] - 1.5 * place["distance"]


def nearness(place):
    return -2.0 * place["distance"]


def hump(place):
    """Not next door, not far: best at two spacings; potential counts up to the median."""
    far = (place["distance"] - np.log(2 * place["spacing"])) / 0.5
    return -0.5 * far**2 + 1.5 * np.minimum(place["size"], 0.0)


def momentum(place):
    return 0.8 * place["size"] - 0.7 * place["distance"] + 1.2 * place["entered_around"]


def big_first(place):
    return 2.5 * place["size"] - 0.2 * place["distance"]


def chain(place):
    """A retail chain: no place too small, a plateau, flat to three spacings, hardly beyond; taste drifts."""
    drift = 0.03 * place["year"]
    size = np.clip((place["size"] + 0.8 - drift) / 1.2, -1.5, 1.0)
    beyond = np.maximum(place["distance"] - np.log(3 * place["spacing"]), 0.0)
    return 2.2 * size - 3.5 * beyond + 0.5 * (place["neighbours"] > 0) + 0.5 * place["entered_around"]


RULES = {
    "log-linear": log_linear,
    "nearness": nearness,
    "hump": hump,
    "momentum": momentum,
    "big first": big_first,
    "chain": chain,
}


def planted(rule, seed: int) -> Bed:
    """Openings drawn one by one with chances by exp(rule), on China's counties."""
    rng = np.random.default_rng(seed)
    units = market_units("county").sort_values("region")
    points = mkt.load_table("points")
    points = points[points["region"].isin(units["region"])].sort_values("region").reset_index(drop=True)
    potential = units.set_index("region")["capacity"].reindex(points["region"])
    edges = mkt.load_edges("county")
    regions = pd.Index(points["region"])
    map_ = build_geography(regions, points[["lon", "lat"]].to_numpy(float), edges, None)
    size = np.log(potential.where(potential > 0).to_numpy() / potential.median())
    first = np.full(len(points), np.nan)
    first[rng.choice(np.flatnonzero(np.abs(size) < 0.5), 1)] = 0
    truth = {}
    for year in range(1, YEARS + 1):
        held = first < year
        place = {
            "size": size,
            "distance": np.log1p(map_.nearest_km(held)),
            "neighbours": map_.neighbours @ held.astype(float),
            "entered_around": np.log1p(map_.reach[0] @ (first == year - 1).astype(float)),
            "spacing": map_.spacing,
            "year": year,
        }
        truth[year] = np.where(held | np.isnan(size), -np.inf, rule(place))
        drawn = truth[year] + rng.gumbel(size=len(size))
        first[np.argsort(-np.nan_to_num(drawn, nan=-np.inf))[: rng.poisson(A_YEAR)]] = year
    openings = pd.DataFrame({"region": regions, "period": first}).dropna().astype({"period": int})
    return Bed(openings, potential, points, edges, truth=truth)


# ---- judging ----------------------------------------------------------------------------------------------


def from_folder(folder: Path) -> list[Bed]:
    """A roll-out that is not in the project."""
    table = {
        path.stem: pd.read_csv(path, dtype={"region": str, "neighbor": str, "parent": str})
        for path in folder.glob("*.csv")
    }
    potential = table["potential"].set_index("region")
    if list(potential.columns) == ["potential"]:
        potential = potential["potential"]
    parents = table["parents"].set_index("region")["parent"] if "parents" in table else None
    return [Bed(table["openings"], potential, table["points"], table.get("edges"), parents)]


def judge_bed(bed: Bed, **fitting) -> pd.DataFrame:
    """The backtest, with the oracle where the truth is known."""
    found = backtest_entries(
        bed.openings,
        bed.potential,
        bed.points,
        edges=bed.edges,
        tree=bed.tree,
        min_openings=MIN_OPENINGS,
        **fitting,
    )
    if bed.truth is None:
        return found
    first = bed.openings.groupby("region")["period"].min().reindex(sorted(bed.points["region"])).to_numpy()
    rows = []
    for period in found["period"].unique():
        at_risk = ~(first < period)
        figures = judge(bed.truth[period][at_risk], first[at_risk] == period)
        rows.append({"period": period, "method": "oracle", **figures})
    return pd.concat([found, pd.DataFrame(rows)], ignore_index=True)


def pooled(judged: list[pd.DataFrame]) -> pd.DataFrame:
    """All periods in which the fit was judged, weighted by their openings."""
    table = pd.concat([one.assign(bed=i) for i, one in enumerate(judged)], ignore_index=True)
    common = table.loc[table["method"] == "fitted", ["bed", "period"]]
    table = table.merge(common, on=["bed", "period"])
    names = ["precision", "precision_long", "auc", "log_likelihood"]
    weighted = (
        table[names]
        .mul(table["n_openings"], axis=0)
        .assign(method=table["method"], openings=table["n_openings"])
    )
    sums = weighted.groupby("method", sort=False).sum()
    return sums[names].div(sums["openings"], axis=0).assign(openings=sums["openings"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--beds", default="", help="only beds whose name contains this")
    parser.add_argument("--folder", type=Path, help="another roll-out")
    parser.add_argument("--to", help="write the table as csv")
    options = parser.parse_args()
    beds = {"German charging": german, "US small format": small_format}
    for name, rule in RULES.items():
        beds[f"planted {name}"] = lambda rule=rule: [planted(rule, seed) for seed in SEEDS]
    if options.folder is not None:
        beds[options.folder.name] = lambda: from_folder(options.folder)
    tables = []
    for name, make in beds.items():
        if options.beds not in name and name != getattr(options.folder, "name", ""):
            continue
        histories = make()
        start = time.process_time()
        table = pooled([judge_bed(bed) for bed in histories])
        seconds = time.process_time() - start
        print(f"\n{name}: {len(histories)} histories, {seconds:.1f} CPU s\n{table.round(3)}", flush=True)
        tables.append(table.assign(bed=name).reset_index())
    if options.to:
        pd.concat(tables).to_csv(options.to, index=False)


if __name__ == "__main__":
    main()
