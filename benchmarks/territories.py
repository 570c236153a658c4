"""Territories: drawn instances of the public family, China's counties, and packages of the field, in one run.

    python benchmarks/territories.py [drawn] [files] [borders] [macro] [china] [peers]
        [--peers PYTHON] [--files DIR]

Always holds: every result is checked by `check_plan` before it is reported; times are CPU seconds of one
thread. The packages of the field run in an environment of their own, see `territories_peers.py`. `--files` is
a folder of public instances (.dat), which are not part of this project.
"""

from __future__ import annotations

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
from scipy.spatial import Delaunay

import mktanalysis as mkt
from mktanalysis.china import macro_inputs
from mktanalysis.highs import Program
from mktanalysis.territories import check_plan, design_territories, realign, scheme_frontier

#: Units and territories of the drawn instances, as in the public family.
DRAWN = ((60, 4), (80, 5), (100, 7), (120, 8), (150, 9), (200, 11))
MEASURES = {"a": 0.05, "b": 0.05, "c": 0.05}
#: Square grids to equal parts: side, parts, fewest cut borders. A part of m x m cells has a perimeter of
#: 4 m at least, so the squares are optimal: (parts x 4 m - 4 x side) / 2.
GRIDS = (
    (6, 4, 12), (6, 9, 24), (8, 4, 16), (8, 16, 48), (9, 9, 36), (10, 4, 20),
    (10, 25, 80), (12, 4, 24), (12, 9, 48), (12, 16, 72), (15, 9, 60), (16, 16, 96),
)  # fmt: skip
#: Counties: territories, the level they keep to, effort.
JOBS = ((100, "province", 1.0), (300, "province", 1.0), (30, None, 0.2), (100, None, 1.0))
#: Limit of plain HiGHS.
SECONDS = 45.0


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
    about = {"tree": tree, "heads": plan.territories.set_index("territory")["heads"]}
    checks = check_plan(plan.assignment, units, edges, plan.conditions, bridges=plan.bridges, **about)
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


def run_macro() -> None:
    """31 provinces to 4 to 9 macro-regions."""
    given = macro_inputs()
    (table, seconds) = timed(lambda: scheme_frontier(given.units, given.edges, distance=given.distance))
    print(f"macro-regions, {len(table)} designs: all proven {bool(table['proven'].all())}, {seconds:.1f} s")


def run_china() -> None:
    """Built-in jobs: counties nested in provinces and free, re-alignment."""
    tree = mkt.load_regions()
    units = mkt.market_units("county", category_share=1.0)[["region", "name", "capacity"]]
    units = units.merge(mkt.load_table("points"), on="region")
    edges = mkt.load_edges("county")
    for n, within, effort in JOBS:
        wishes = {"within": within, "effort": effort, "nodes": 50}
        (plan, seconds) = timed(partial(design_territories, units, edges, tree, n=n, **wishes))
        name = f"2,851 counties to {n}, within {within}, effort {effort:g}"
        report(name, plan, seconds, units, edges, tree)
    for province, n in (("320000", 12), ("430000", 10), ("510000", 12)):
        run_drift(units[units["region"].str.startswith(province[:2])].reset_index(drop=True), edges, n)


def run_drift(units: pd.DataFrame, edges: pd.DataFrame, n: int) -> None:
    """A year's drift: sales moved to come back to 10%, against a design that asks nothing of today."""
    today = design_territories(units, edges, n=n, effort=0.2, nodes=0).assignment
    drift = np.exp(np.random.default_rng(1).normal(0, 0.15, len(units)))
    later = units.assign(capacity=units["capacity"] * drift)
    (plan, seconds) = timed(lambda: realign(later, edges, today, effort=0.2))
    free = design_territories(later, edges, n=n, current=today, effort=0.2, nodes=0)
    figures = plan.figures
    print(
        f"drift, {len(units)} units: {figures['moved_share']:.2%} moved, at least "
        f"{figures['moved_bound']:.2%}, {figures['n_out']} out, free {free.figures['moved_share']:.1%}, "
        f"{seconds:.1f} s"
    )


def grid(side: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Equal units on a square grid."""
    cells = [(r, c) for r in range(side) for c in range(side)]
    units = pd.DataFrame(
        [(f"u{r:02d}{c:02d}", float(c), float(r)) for r, c in cells], columns=["region", "x", "y"]
    )
    near = [
        (f"u{r:02d}{c:02d}", f"u{r + a:02d}{c + b:02d}")
        for r, c in cells
        for a, b in ((0, 1), (1, 0))
        if (r + a, c + b) in set(cells)
    ]
    return units.assign(capacity=1.0), pd.DataFrame(near, columns=["region", "neighbor"])


def run_borders(python: str | None) -> None:
    """Fewest cut borders of grids whose optimum is known, parts equal within 0.5 %."""
    for side, k, least in GRIDS:
        (units, edges) = grid(side)
        wishes = {"measures": {"capacity": 0.005}, "objective": "borders"}
        (plan, seconds) = timed(partial(design_territories, units, edges, n=k, **wishes))
        found = plan.figures["cost"]
        out = plan.figures["n_out"]
        line = f"grid {side} x {side} to {k}: {found:.0f} of at least {least}, {out} out, {seconds:.1f} s"
        if python:
            job = as_job(units, edges, k, "capacity", 0.005)
            (labels, spent) = ask(python, job, "gerrychain")
            cut = "fails" if labels is None else cut_borders(labels, edges)
            line += f"; gerrychain {cut}, {spent:.1f} s"
        print(line)


def cut_borders(labels: pd.Series, edges: pd.DataFrame) -> int:
    """Borders between different labels."""
    one = labels.reindex(edges["region"]).to_numpy()
    return int((one != labels.reindex(edges["neighbor"]).to_numpy()).sum())


def as_job(units, edges, n: int, load: str, tolerance: float) -> dict:
    """A job for `territories_peers.py`."""
    place = ["lon", "lat"] if "lon" in units else ["x", "y"]
    table = units[["region", *place, load]].set_axis(["region", "x", "y", "load"], axis=1)
    inside = edges["region"].isin(units["region"]) & edges["neighbor"].isin(units["region"])
    pairs = edges.loc[inside, ["region", "neighbor"]].drop_duplicates().values.tolist()
    return {"units": table.to_dict("records"), "edges": pairs, "n": n, "tolerance": tolerance}


def ask(python: str, job: dict, method: str):
    """Labels (None where the package fails) and CPU seconds of a package."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        file.write_text(json.dumps(job), encoding="utf-8")
        script = Path(__file__).with_name("territories_peers.py")
        done = subprocess.run(
            [python, "-W", "ignore", script, file, method], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1])
        return None, float("nan")
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    return pd.Series(answer["labels"], [row["region"] for row in job["units"]]), answer["seconds"]


def run_peers(python: str | None) -> None:
    """341 prefectures to 30: largest load over the mean, parts, travel to the median city."""
    given = macro_inputs("prefecture")
    units = given.units
    (plan, seconds) = timed(lambda: design_territories(units, given.edges, n=30, nodes=0))
    labels = {"this package": (plan.assignment, seconds)}
    job = as_job(units, given.edges, 30, "capacity", 0.1)
    job["edges"] += [list(pair) for pair in plan.bridges]
    for method in ("skater", "maxp") if python else ():
        labels[method] = ask(python, job, method)
    load = units.set_index("region")["capacity"]
    for name, (label, seconds) in labels.items():
        if label is None:
            continue
        label = label.reindex(load.index)
        sums = load.groupby(label).sum()
        travel = sum(
            (load[codes].to_numpy() @ given.distance.loc[codes, codes].to_numpy()).min()
            for codes in label.groupby(label).groups.values()
        )
        relative = sums / load.sum() * 30
        sizes = f"largest {relative.max():.2f} x mean, smallest {relative.min():.2f} x"
        print(
            f"341 cities to 30, {name}: {len(sums)} parts, {sizes}, {travel / load.sum():.1f} km, "
            f"{seconds:.1f} s"
        )
    run_plain(*DRAWN[0])


def run_plain(n: int, k: int) -> None:
    """Hess's programme with flows for contiguity, as it stands, given to HiGHS."""
    (units, edges) = drawn(n, seed=n)
    far = np.hypot(
        *(units[["x", "y"]].to_numpy()[:, None] - units[["x", "y"]].to_numpy()[None]).transpose(2, 0, 1)
    )
    place = {code: i for i, code in enumerate(units["region"])}
    arcs = [(place[a], place[b]) for a, b in edges.itertuples(index=False)]
    arcs = np.array(arcs + [(b, a) for a, b in arcs])
    program = Program()
    at = program.columns(n * n, cost=-far.ravel(), integer=True).reshape(n, n)  # unit, site
    (unit, site) = np.indices((n, n))
    program.rows(n, [(unit.ravel(), at.ravel(), 1.0)], low=1.0, high=1.0)
    program.rows(1, [(0, at.diagonal(), 1.0)], low=k, high=k)
    every = np.arange(n * n)
    program.rows(n * n, [(every, at.ravel(), 1.0), (every, at.diagonal()[site.ravel()], -1.0)], high=0.0)
    for name, tolerance in MEASURES.items():
        load = (units[name] / units[name].sum() * k).to_numpy()
        parts = (site.ravel(), at.ravel(), load[unit.ravel()])
        program.rows(n, [parts, (np.arange(n), at.diagonal(), -(1 + tolerance))], high=0.0)
        program.rows(n, [parts, (np.arange(n), at.diagonal(), -(1 - tolerance))], low=0.0)
    flow = program.columns(n * len(arcs), high=float(n)).reshape(n, len(arcs))  # site, arc
    for j in range(n):
        into = (arcs[:, 1], flow[j], 1.0)
        others = np.delete(np.arange(n), j)
        row = np.full(n, -1)
        row[others] = np.arange(n - 1)
        parts = [(row[arcs[:, 1]], flow[j], 1.0), (row[arcs[:, 0]], flow[j], -1.0)]
        kept = [(r[r >= 0], c[r >= 0], v) for r, c, v in parts]
        program.rows(n - 1, [*kept, (np.arange(n - 1), at[others, j], -1.0)], low=0.0, high=0.0)
        program.rows(n, [into, (np.arange(n), at[:, j], -(n - 1.0))], high=0.0)
    (solution, seconds) = timed(partial(program.solve, seconds=SECONDS))
    value = "none" if solution.values is None else f"{-solution.objective:.2f}"
    print(
        f"drawn {n} units to {k}, plain HiGHS: cost {value}, bound {-solution.bound:.2f}, "
        f"{solution.ended}, {seconds:.1f} s"
    )


def read_instance(file: Path):
    """Units, borders, number of parts and tolerance of a public instance."""
    rows = [line.split() for line in file.read_text().splitlines() if line.strip()]
    n = int(rows[0][0])
    units = pd.DataFrame(rows[1 : n + 1]).iloc[:, :6].set_axis(["region", "x", "y", "a", "b", "c"], axis=1)
    units = units.astype(dict.fromkeys(("x", "y", "a", "b", "c"), float))
    count = int(rows[n + 1][0])
    edges = pd.DataFrame(rows[n + 2 : n + 2 + count], columns=["region", "neighbor"])
    last = rows[n + 2 + count]
    return units, edges, int(last[0]), float(last[2])


def run_files(folder: str | None) -> None:
    """Public instances, each a file."""
    for file in sorted(Path(folder).glob("*.dat")) if folder else ():
        (units, edges, k, tolerance) = read_instance(file)
        wishes = {"measures": dict.fromkeys(("a", "b", "c"), tolerance), "weight": None}
        (plan, seconds) = timed(partial(design_territories, units, edges, n=k, **wishes))
        report(f"{file.stem}, {len(units)} units to {k}", plan, seconds, units, edges)


def main() -> None:
    """Run the jobs asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", nargs="*", default=["drawn", "borders", "macro", "china", "peers"])
    parser.add_argument("--peers", help="python of the environment with spopt and gerrychain")
    parser.add_argument("--files", help="folder of public instances")
    asked = parser.parse_args()
    jobs = {
        "drawn": run_drawn, "files": partial(run_files, asked.files), "macro": run_macro, "china": run_china,
        "borders": partial(run_borders, asked.peers), "peers": partial(run_peers, asked.peers),
    }  # fmt: skip
    sys.stdout.reconfigure(line_buffering=True)
    for name in asked.jobs:
        jobs[name]()


if __name__ == "__main__":
    main()
