"""Value and gap of greedy, annealing, neighbourhood search and the exact solver on one family of instances.

    python benchmarks/expansion.py            the family from 60 to 300 units
    python benchmarks/expansion.py --china    the counties of Henan and the cities and counties of China as
    well

Peers: plain HiGHS (the programme as it stands, no start) and, if `ortools` is installed, CP-SAT on the same
programme.
Seconds are wall clock and CPU of this process; machines drift, so compare rows of one run.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

import mktanalysis as mkt
from mktanalysis.expansion import Policy, Search, grid_example, market_units
from mktanalysis.expansion.candidates import build_problem
from mktanalysis.expansion.evaluate import evaluate
from mktanalysis.expansion.market import build_market
from mktanalysis.expansion.model import build_model
from mktanalysis.expansion.solve import solve


def grid_problem(side: int, periods: int, budget: float, seed: int, **policy):
    units, edges, tree = grid_example(side, side, random_state=seed, per_prefecture=9)
    middle = f"r{side // 2}c{side // 2}"
    policy = Policy(base=(middle,), periods=periods, budget=budget, terminal_years=6.0, **policy)
    return build_problem(build_market(units, edges, tree, policy=policy))


def china_problem(level: str, within: str | None, base: str, periods: int, budget: float, **policy):
    tree = mkt.load_regions()
    tree = tree.subtree(within) if within else tree
    units, edges = market_units(level, within=within), mkt.load_edges(level)
    policy = Policy(base=(base,), periods=periods, budget=budget, **policy)
    return build_problem(build_market(units, edges, tree, policy=policy))


def measure(name: str, problem, seconds: float, methods) -> list[dict]:
    rows = []
    for method in methods:
        wall, cpu = time.perf_counter(), time.process_time()
        value, bound, ended = METHODS[method](problem, seconds)
        gap = bound / value - 1 if value > 0 and np.isfinite(bound) else np.nan
        rows.append(
            {
                "instance": name,
                "units": problem.shape[0],
                "periods": problem.shape[1],
                "method": method,
                "value": round(value / 1e6, 2),
                "bound": round(bound / 1e6, 2),
                "gap": round(gap, 4),
                "ended": ended,
                "wall": round(time.perf_counter() - wall, 1),
                "cpu": round(time.process_time() - cpu, 1),
            }
        )
        print(rows[-1], flush=True)
    return rows


def own(method: str):
    def run(problem, seconds):
        outcome = solve(problem, Search(method=method, seconds=seconds, rounds=200))
        return outcome.objective, outcome.bound, outcome.ended

    return run


def plain_highs(problem, seconds):
    model = build_model(problem)
    found = model.program.solve(gap=0.01, seconds=seconds)
    if found.values is None:
        return float("nan"), found.bound * model.scale, found.ended
    value = evaluate(problem, model.rows_of(found.values)).value - problem.base_value
    return value, found.bound * model.scale, found.ended


def cp_sat(problem, seconds):
    """The same programme in integers: coefficients times 10,000, continuous columns in ten-thousandths."""
    from ortools.sat.python import cp_model

    model = build_model(problem)
    cost, low, high, integer, matrix, row_low, row_high = model.program.arrays()
    unit, sat = 10_000, cp_model.CpModel()
    step = np.where(integer, 1, unit)
    end = 10**9
    lows, highs = np.maximum(low * step, -end).astype(int), np.minimum(high * step, end).astype(int)
    x = [sat.new_int_var(int(a), int(b), "") for a, b in zip(lows, highs, strict=True)]
    rows = matrix.tocsr()
    for r in range(rows.shape[0]):
        at = slice(rows.indptr[r], rows.indptr[r + 1])
        columns, values = rows.indices[at], rows.data[at]
        scaled = np.rint(values * unit * unit / step[columns]).astype(int)
        total = cp_model.LinearExpr.weighted_sum([x[c] for c in columns], scaled.tolist())
        slack = int(np.abs(scaled).sum() // unit + 1)  # rounding must not cut a feasible plan off
        if np.isfinite(row_low[r]):
            sat.add(total >= int(np.floor(row_low[r] * unit * unit)) - slack)
        if np.isfinite(row_high[r]):
            sat.add(total <= int(np.ceil(row_high[r] * unit * unit)) + slack)
    sat.maximize(cp_model.LinearExpr.weighted_sum(x, np.rint(cost * unit * unit / step).astype(int).tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, 2
    status = solver.solve(sat)
    bound = solver.best_objective_bound / unit / unit * model.scale
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return float("nan"), bound, solver.status_name(status)
    rows = np.flatnonzero([solver.value(x[c]) > 0 for c in model.z])
    return evaluate(problem, rows).value - problem.base_value, bound, solver.status_name(status)


METHODS = {name: own(name) for name in ("greedy", "anneal", "search", "exact", "auto")}
METHODS |= {"plain HiGHS": plain_highs, "CP-SAT": cp_sat}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--china", action="store_true")
    parser.add_argument("--seconds", type=float, default=30.0, help="time limit of each run")
    parser.add_argument("--to", help="write the table as csv")
    options = parser.parse_args()
    methods = [m for m in METHODS if m != "CP-SAT" or _has_ortools()]
    rows = []
    for side in (8, 12, 17):
        for label, budget in (("moderate", 2e7), ("tight", 6e6)):
            problem = grid_problem(side, 8, budget * side / 8, seed=side)
            rows += measure(f"grid {side}x{side} {label}", problem, options.seconds, methods)
    if options.china:
        simple = {"rungs": (), "spill": 0.0}
        for name, arguments, more in (
            ("337 cities x 8 simple", ("prefecture", None, "410100", 8, 1e9), simple),
            ("2,850 counties x 20 simple, loose", ("county", None, "410100", 20, 1e10), simple),
            ("Henan counties x 8", ("county", "410000", "410100", 8, 1e8), {}),
            ("Henan counties x 12 moderate", ("county", "410000", "410100", 12, 1e8), {}),
            ("Henan counties x 12 tight", ("county", "410000", "410100", 12, 3e7), {}),
            ("Henan counties x 12 tight, one county as base", ("county", "410000", "410122", 12, 3e7), {}),
            ("337 cities x 20 tight", ("prefecture", None, "410100", 20, 1e8), {}),
            ("2,850 counties x 12", ("county", None, "410100", 12, 1e9), {}),
        ):
            rows += measure(name, china_problem(*arguments, **more), options.seconds, ["greedy", "auto"])
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if options.to:
        table.to_csv(options.to, index=False)


def _has_ortools() -> bool:
    from importlib.util import find_spec

    return find_spec("ortools") is not None


if __name__ == "__main__":
    main()
