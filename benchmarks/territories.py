"""Territories: drawn instances of the public family, China's counties, and packages of the field, in one run.

    python benchmarks/territories.py [drawn] [china] [peers]

Always holds: every result is checked by `check_plan` before it is reported; times are CPU seconds of one
thread. `peers` needs spopt and geopandas in the environment that runs it.
"""

from __future__ import annotations

import sys
import time
from functools import partial

import numpy as np
import pandas as pd
from scipy.spatial import Delaunay

import mktanalysis as mkt
from mktanalysis.china import macro_inputs
from mktanalysis.territories import check_plan, design_territories, realign, scheme_frontier

#: Units and territories of the drawn instances, as in the public family.
DRAWN = ((60, 4), (80, 5), (100, 7), (120, 8), (150, 9), (200, 11))
MEASURES = {"a": 0.05, "b": 0.05, "c": 0.05}


def drawn(n: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Uniform points, three measures of nearly equal units, planar neighbours (a thinned triangulation)."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 500, (n, 2))
    units = pd.DataFrame({"region": [f"u{i:03d}" for i in range(n)], "x": points[:, 0], "y": points[:, 1]})
    means = {"a": 850, "b": 2750, "c": 2780}
    units = units.assign(**{name: rng.normal(mean, 0.03 * mean, n) for name, mean in means.items()})
    pairs = {
        tuple(sorted((t[i], t[j]))) for t in Delaunay(points).simplices for i, j in ((0, 1), (1, 2), (0, 2))
    }
    length = {pair: float(np.hypot(*(points[pair[0]] - points[pair[1]]))) for pair in pairs}
    kept = [pair for pair in sorted(pairs) if length[pair] < np.quantile(list(length.values()), 0.8)]
    return units, pd.DataFrame([(f"u{i:03d}", f"u{j:03d}") for i, j in kept], columns=["region", "neighbor"])


def timed(work):
    """What `work` returns, and its CPU seconds."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def report(name: str, plan, seconds: float, units, edges, tree=None) -> None:
    """One line, after the independent check."""
    checks = check_plan(plan.assignment, units, edges, plan.conditions, tree=tree, bridges=plan.bridges)
    broken = checks.loc[~checks["holds"], "condition"].tolist()
    figures = plan.figures
    gap = "proven" if figures["proven"] else f"gap {figures['gap']:.2%}"
    print(
        f"{name}: cost {figures['cost']:.2f}, {gap}, {figures['n_out']} out, {seconds:.1f} s; broken {broken}"
    )


def run_drawn() -> None:
    """Drawn instances by size."""
    for n, k in DRAWN:
        (units, edges) = drawn(n, seed=n)
        work = partial(design_territories, units, edges, n=k, measures=MEASURES, weight=None)
        (plan, seconds) = timed(work)
        report(f"drawn {n} units to {k}", plan, seconds, units, edges)


def run_china() -> None:
    """Built-in jobs: macro-regions, counties nested in provinces and free, re-alignment."""
    given = macro_inputs()
    (table, seconds) = timed(lambda: scheme_frontier(given.units, given.edges, distance=given.distance))
    print(f"macro-regions, {len(table)} designs: all proven {bool(table['proven'].all())}, {seconds:.1f} s")
    tree = mkt.load_regions()
    units = mkt.market_units("county", category_share=1.0)[["region", "name", "capacity"]]
    units = units.merge(mkt.load_table("points"), on="region")
    edges = mkt.load_edges("county")
    for n, within in ((100, "province"), (300, "province"), (30, None), (100, None)):
        work = partial(design_territories, units, edges, tree, n=n, within=within, nodes=50)
        (plan, seconds) = timed(work)
        report(f"2,851 counties to {n}, within {within}", plan, seconds, units, edges, tree)
    for province, n in (("320000", 12), ("430000", 10), ("510000", 12)):
        run_drift(units[units["region"].str.startswith(province[:2])].reset_index(drop=True), edges, n)


def run_drift(units: pd.DataFrame, edges: pd.DataFrame, n: int) -> None:
    """A year's drift: sales moved to come back to 10%, against a design that asks nothing of today."""
    today = design_territories(units, edges, n=n, effort=0.2, nodes=0).assignment
    drift = np.exp(np.random.default_rng(1).normal(0, 0.15, len(units)))
    later = units.assign(capacity=units["capacity"] * drift)
    (plan, seconds) = timed(lambda: realign(later, edges, today))
    free = design_territories(later, edges, n=n, current=today, effort=0.2, nodes=0)
    moved = plan.figures["moved_share"]
    print(
        f"drift, {len(units)} units: {moved:.1%} moved, "
        f"free {free.figures['moved_share']:.1%}, {seconds:.1f} s"
    )


def run_peers() -> None:
    """The regionalisers of spopt on 341 prefectures to 30: load of the largest territory over the mean."""
    import geopandas
    from libpysal.weights import W
    from spopt.region import MaxPHeuristic, Skater

    given = macro_inputs("prefecture")
    units = given.units.set_index("region")
    (plan, seconds) = timed(lambda: design_territories(given.units, given.edges, n=30, nodes=0))
    heads = plan.territories["capacity"] / plan.territories["heads"]
    print(f"this package: {heads.max() / (units['capacity'].sum() / 30):.2f} x mean, {seconds:.1f} s")
    near = (
        given.edges.groupby("region")["neighbor"]
        .apply(list)
        .reindex(units.index)
        .apply(lambda found: found if isinstance(found, list) else [])
    )
    shapes = geopandas.points_from_xy(units["lon"], units["lat"])
    frame = geopandas.GeoDataFrame(units, geometry=shapes)
    weights = W(near.to_dict(), silence_warnings=True)
    floor = units["capacity"].sum() / 33
    models = {
        "Skater": lambda: Skater(frame, weights, ["lon", "lat", "capacity"], n_clusters=30),
        "MaxP": lambda: MaxPHeuristic(frame, weights, ["lon", "lat"], "capacity", floor),
    }
    for name, make in models.items():
        model = make()
        (_, seconds) = timed(model.solve)
        loads = units["capacity"].groupby(np.asarray(model.labels_)).sum()
        print(f"{name}: {loads.max() / loads.mean():.2f} x mean, {seconds:.1f} s")


if __name__ == "__main__":
    jobs = {"drawn": run_drawn, "china": run_china, "peers": run_peers}
    for name in sys.argv[1:] or ["drawn", "china"]:
        jobs[name]()
