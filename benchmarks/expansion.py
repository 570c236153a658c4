"""Value and gap of greedy, annealing, neighbourhood search and the exact solver on one family of instances.

    python benchmarks/expansion.py            the family from 64 to 289 units
    python benchmarks/expansion.py --drawn 20 --seconds 10 --methods auto,"plain HiGHS",CP-SAT
                                              drawn instances of 36 to 300 units instead of the family
    python benchmarks/expansion.py --drawn 6 --ablation
                                              does every stage of the search pay?
    python benchmarks/expansion.py --china    the counties of Henan and the cities and counties of China as
    well

Peers: plain HiGHS (the programme as it stands, no start) and, if `ortools` is there, CP-SAT on the same
programme with two workers. `ortools` is no dependency of the package; an environment of its own will do:

    python -m venv peers && peers/bin/pip install ortools .
    peers/bin/python benchmarks/expansion.py --seconds 15 --to expansion.csv

The instances are those of the world without resistance (`Assumptions.easy`), as measured before;
--resisting runs them under the defaults.

On a machine that other work shares, wall clock measures the others. --cpu gives every method so many CPU
seconds a processor instead: `auto` ends when both of its processors have had them, plain HiGHS is read off at
that moment of its own.

Values and bounds are millions of yuan beyond the base's own. Seconds are wall clock (limited) and CPU;
machines drift, so compare rows of one run.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import time

import numpy as np
import pandas as pd

import mktanalysis as mkt
from mktanalysis import highs
from mktanalysis.china import market_units
from mktanalysis.expansion import Assumptions, Policy, Search, expansion_market, grid_example
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.choices.evaluate import evaluate
from mktanalysis.expansion.milp.build import build_model
from mktanalysis.expansion.search import bounds, control, neighbourhoods
from mktanalysis.expansion.search import solve as search_stages
from mktanalysis.expansion.search.solve import solve

#: Makes the assumptions of every instance; the gap at which every method may stop.
WORLD = {"resisting": False, "gap": 0.01, "cpu": False}


def assume(**changes) -> Assumptions:
    return Assumptions(**changes) if WORLD["resisting"] else Assumptions.easy(**changes)


def grid_problem(side: int, periods: int, budget: float, seed: int):
    market = expansion_market(*grid_example(side, side, random_state=seed, per_prefecture=9))
    middle = f"r{side // 2}c{side // 2}"
    policy = Policy(base=(middle,), periods=periods, budget=budget)
    return build_problem(market, policy, assume(terminal_years=6.0))


def drawn_problem(seed: int):
    """One of the drawn instances: 36 to 300 units, 6 to 12 periods, money from tight to moderate."""
    rng = np.random.default_rng(1000 + seed)
    rows = int(rng.integers(6, 18))
    columns = int(rng.integers(6, min(18, 300 // rows + 1)))
    tables = grid_example(rows, columns, random_state=seed, per_prefecture=int(rng.integers(6, 13)))
    policy = Policy(
        base=(f"r{rows // 2}c{columns // 2}",),
        periods=int(rng.integers(6, 13)),
        budget=float(np.exp(rng.uniform(np.log(4e6), np.log(4e7)))),
    )
    return build_problem(expansion_market(*tables), policy, assume(terminal_years=6.0))


def compare_drawn(seeds, seconds: float, methods, share: float = 1.0) -> list[dict]:
    """Every method on every drawn instance, then how often `auto` is worse than each, and by how much.

    `share` is the part of two processors that this machine gives us: `auto` and CP-SAT, who use two, have
    their time stretched by it, plain HiGHS, who uses one, has not.
    """
    rows = []
    for seed in seeds:
        problem = drawn_problem(seed)
        for method in methods:
            stretched = seconds if method == "plain HiGHS" else seconds / share
            rows += measure(f"drawn {seed}", problem, stretched, [method])
    table = pd.DataFrame(rows).pivot(index="instance", columns="method", values=["value", "bound"])
    for peer in methods:
        if peer == "auto" or "auto" not in methods:
            continue
        best = table["value"].max(axis=1)  # a peer may have nothing, or a plan worth less than nothing
        value = (table["value", "auto"] - table["value", peer].fillna(0.0)) / best
        bound = table["bound", "auto"] / table["bound", peer] - 1
        print(
            f"auto against {peer}: plan worse by more than 0.01% on {(value < -1e-4).sum()} of {len(seeds)} "
            f"(worst {value.min():.2%}), better on {(value > 1e-4).sum()} (best {value.max():.2%}); "
            f"bound worse on {(bound > 1e-4).sum()} (worst {bound.max():.2%}), "
            f"better on {(bound < -1e-4).sum()}"
        )
    return rows


def china_problem(level: str, within: str | None, base: str, periods: int, budget: float, **assumed):
    tree = mkt.load_regions()
    tree = tree.subtree(within) if within else tree
    market = expansion_market(market_units(level, within=within), mkt.load_edges(level), tree)
    policy = Policy(base=(base,), periods=periods, budget=budget)
    return build_problem(market, policy, assume(**assumed))


def measure(name: str, problem, seconds: float, methods) -> list[dict]:
    rows = []
    for method in methods:
        SPENT.clear()
        wall, cpu = time.perf_counter(), time.process_time()
        value, bound, ended = {**METHODS, **ABLATIONS}[method](problem, seconds)
        gap = bound / value - 1 if value > 0 and np.isfinite(bound) else np.nan
        rows.append(
            {
                "instance": name,
                "units": problem.shape[0],
                "periods": problem.shape[1],
                "method": method,
                "value": round(float(value) / 1e6, 2),
                "bound": round(float(bound) / 1e6, 2),
                "gap": round(float(gap), 4),
                "ended": ended,
                "wall": round(time.perf_counter() - wall, 1),
                "cpu": round(time.process_time() - cpu + sum(SPENT), 1),
            }
        )
        print(rows[-1], flush=True)
    return rows


def own(method: str):
    def run(problem, seconds):
        outcome = solve(problem, Search(method=method, seconds=seconds, rounds=200, gap=WORLD["gap"]))
        return outcome.objective, outcome.bound, outcome.ended

    return run


class CpuClock(control.Clock):
    """A clock that runs with the CPU time that this process has had on each of its processors."""

    def __init__(self, seconds=None):
        super().__init__(seconds)
        self.start = time.process_time()

    def spent(self) -> float:
        return (time.process_time() - self.start) / PROCESSORS


#: Processors of `auto`: plans are sought on one, bounds on the other.
PROCESSORS = 2
#: How much longer than the CPU time a run may last, where HiGHS looks at the wall clock.
SHARED = 20.0


def clock_by_cpu() -> None:
    """Let every search from now on count CPU time; HiGHS, who counts wall time, is asked to look at it."""
    plainly = highs.solve_arrays

    def patient(arrays, *, seconds=None, watch=None, **more):
        if seconds is None:
            return plainly(arrays, watch=watch, **more)
        clock = CpuClock(seconds)

        def ask(bound, value):
            asked = watch is not None and watch(bound, value)
            return asked or clock.left() <= 0

        return plainly(arrays, seconds=SHARED * seconds, watch=ask, **more)

    control.Clock = search_stages.Clock = CpuClock
    for module in (highs, bounds, neighbourhoods):
        module.solve_arrays = patient
    WORLD["cpu"] = True


def read_off(problem, seconds):
    """Plain HiGHS as it stood after so many CPU seconds of its own."""
    model = build_model(problem)
    arrays = model.program.arrays()
    seen = {"values": None, "bound": np.inf, "ended": "time limit"}
    start = time.thread_time()

    def watch(bound, _value):
        if over := time.thread_time() - start > seconds:
            return over
        seen["bound"] = min(seen["bound"], bound)
        return False

    def better(values):
        if time.thread_time() - start <= seconds:
            seen["values"] = values

    found = highs.solve_arrays(arrays, gap=WORLD["gap"], seconds=SHARED * seconds, watch=watch, better=better)
    if time.thread_time() - start <= seconds:
        seen = {"values": found.values, "bound": found.bound, "ended": found.ended}
    value = float("nan")
    if seen["values"] is not None:
        value = evaluate(problem, model.rows_of(seen["values"])).value - problem.base_value
    return value, seen["bound"] * model.scale, seen["ended"]


def plain_highs(problem, seconds):
    if WORLD["cpu"]:
        return read_off(problem, seconds)
    model = build_model(problem)
    found = model.program.solve(gap=WORLD["gap"], seconds=seconds)
    if found.values is None:
        return float("nan"), found.bound * model.scale, found.ended
    value = evaluate(problem, model.rows_of(found.values)).value - problem.base_value
    return value, found.bound * model.scale, found.ended


def cp_sat(problem, seconds):
    """CP-SAT on the same programme, in a process of its own: its library and HiGHS' do not load together."""
    model = build_model(problem)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        chosen, bound, ended, cpu = pool.apply(
            _cp_sat, (tuple(model.program.arrays()), model.z, seconds, WORLD["gap"])
        )
    SPENT.append(cpu)
    if chosen is None:
        return float("nan"), bound * model.scale, ended
    found = evaluate(problem, np.flatnonzero(chosen))
    return found.value - problem.base_value, bound * model.scale, ended if found.feasible else "infeasible"


#: CPU seconds of other processes, to be added to this one's.
SPENT: list[float] = []
#: A row's coefficients are whole numbers of 1e-9; columns that are not 0 or 1 step by 1e-4, or 1e-6 above 1.
ROW, FINE, WIDE = 10**9, 10**4, 10**6


def _cp_sat(arrays, z, seconds, gap):
    """The programme in whole numbers: starts chosen, bound, how it ended, CPU seconds.

    Columns between 0 and 1 are 0 or 1 in every plan (held, strong, counted, ...). A row is widened by what
    the steps of its other columns can make, so no plan is cut off and the bound holds.
    """
    from ortools.sat.python import cp_model

    cost, low, high, integer, matrix, row_low, row_high = arrays
    step = np.where(high > 1, WIDE, FINE)
    step[integer | ((low >= 0) & (high == 1))] = 1
    sat, ends = cp_model.CpModel(), (np.floor(low * step).astype(int), np.ceil(high * step).astype(int))
    x = [sat.new_int_var(int(a), int(b), "") for a, b in zip(*ends, strict=True)]
    most, rows = np.maximum(np.abs(ends[0]), np.abs(ends[1])), matrix.tocsr()
    for r in range(rows.shape[0]):
        at = slice(rows.indptr[r], rows.indptr[r + 1])
        columns, values = rows.indices[at], rows.data[at] * (ROW / step[rows.indices[at]])
        whole = np.rint(values).astype(int)
        slack = (np.abs(whole - values) * most[columns]).sum() + np.abs(values[step[columns] > 1]).sum() / 2
        total = cp_model.LinearExpr.weighted_sum([x[c] for c in columns], whole.tolist())
        if np.isfinite(row_low[r]):
            sat.add(total >= math.floor(row_low[r] * ROW - slack))
        if np.isfinite(row_high[r]):
            sat.add(total <= math.ceil(row_high[r] * ROW + slack))
    prices = np.rint(cost * ROW / step)
    sat.maximize(cp_model.LinearExpr.weighted_sum(x, prices.astype(int).tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, WORKERS
    solver.parameters.relative_gap_limit = gap
    status = solver.solve(sat)
    error = (np.abs(prices - cost * ROW / step) * most).sum()
    bound, ended = (solver.best_objective_bound + error) / ROW, solver.status_name(status).lower()
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    chosen = np.array([solver.value(x[c]) > 0 for c in z]) if found else None
    return chosen, bound, ended, time.process_time()


#: CP-SAT lives on several searches at once: with one worker it is much weaker.
WORKERS = 2


def without(stage: str):
    """The search with one of its stages left out: does it pay?"""

    def run(problem, seconds):
        kept = {"GUIDED": search_stages.GUIDED, "BRANCHED_CHOICES": search_stages.BRANCHED_CHOICES}
        proving = bounds.lagrangian_bounds
        search_stages.GUIDED = tuple(one for one in kept["GUIDED"] if one[0] != stage)
        if stage == "branch and bound":
            search_stages.BRANCHED_CHOICES = 0
        if stage == "Lagrangian":
            bounds.lagrangian_bounds = lambda *_, **__: iter(())
        try:
            return own("auto")(problem, seconds)
        finally:
            bounds.lagrangian_bounds = proving
            for name, value in kept.items():
                setattr(search_stages, name, value)

    return run


STAGES = ("support", "anneal", "neighbourhoods", "branch and bound", "Lagrangian")
METHODS = {name: own(name) for name in ("greedy", "anneal", "search", "exact", "auto")}
METHODS |= {"plain HiGHS": plain_highs, "CP-SAT": cp_sat}
ABLATIONS = {f"without {stage}": without(stage) for stage in STAGES}


SIMPLE = {"rungs": (), "spill": 0.0}
OWN, BOTH = ["auto"], ["auto", "plain HiGHS"]
#: Name; level, within, base, periods, budget a year; assumptions; time limit; methods. At 140 million plain
#: HiGHS takes about 16 s to prove 1 %.
CHINA = (
    ("337 cities x 8 simple", ("prefecture", None, "410100", 8, 1e9), SIMPLE, None, OWN),
    ("2,850 counties x 20 simple, loose", ("county", None, "410100", 20, 1e10), SIMPLE, None, OWN),
    ("337 cities x 20 simple, tight", ("prefecture", None, "410100", 20, 1e8), SIMPLE, 60, OWN),
    ("Henan counties x 8, 140 million", ("county", "410000", "410100", 8, 1.4e8), {}, 20, BOTH),
    ("Henan counties x 8, 200 million", ("county", "410000", "410100", 8, 2e8), {}, 20, BOTH),
    ("Henan counties x 8, 100 million", ("county", "410000", "410100", 8, 1e8), {}, 20, BOTH),
    ("Henan counties x 8, longer", ("county", "410000", "410100", 8, 1e8), {}, 90, OWN),
    ("Henan counties x 12 moderate", ("county", "410000", "410100", 12, 1e8), {}, 60, BOTH),
    ("Henan counties x 12 tight", ("county", "410000", "410100", 12, 3e7), {}, 90, BOTH),
    ("Henan x 12 tight, one county as base", ("county", "410000", "410122", 12, 3e7), {}, 180, OWN),
    ("337 cities x 20 tight", ("prefecture", None, "410100", 20, 1e8), {}, 240, OWN),
    ("2,850 counties x 12", ("county", None, "410100", 12, 1e9), {}, 60, OWN),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--china", action="store_true")
    parser.add_argument("--drawn", type=int, default=0, help="so many drawn instances instead of the family")
    parser.add_argument("--resisting", action="store_true", help="markets that resist (the defaults)")
    parser.add_argument("--first", type=int, default=0, help="the first of the drawn instances")
    parser.add_argument("--gap", type=float, default=0.01, help="proven gap at which every method may stop")
    parser.add_argument("--cpu", action="store_true", help="CPU seconds a processor instead of wall clock")
    parser.add_argument("--share", type=float, default=1.0, help="part of two processors that is ours")
    parser.add_argument("--ablation", action="store_true", help="auto, and auto without each of its stages")
    parser.add_argument("--methods", help="comma separated, of the family of grids; all without it")
    parser.add_argument("--seconds", type=float, default=30.0, help="time limit of each run")
    parser.add_argument("--to", help="write the table as csv")
    options = parser.parse_args()
    WORLD.update(resisting=options.resisting, gap=options.gap)
    if options.cpu:
        clock_by_cpu()
    wanted = options.methods.split(",") if options.methods else METHODS
    wanted = ["auto", *ABLATIONS] if options.ablation else wanted
    methods = [m for m in wanted if m != "CP-SAT" or _has_ortools()]
    rows = []
    if options.drawn:
        seeds = range(options.first, options.first + options.drawn)
        rows += compare_drawn(seeds, options.seconds, methods, options.share)
    for side in () if options.drawn else (8, 12, 17):
        for label, budget in (("moderate", 2e7), ("tight", 6e6)):
            problem = grid_problem(side, 8, budget * side / 8, seed=side)
            rows += measure(f"grid {side}x{side} {label}", problem, options.seconds, methods)
    if options.china:
        for name, arguments, assumed, seconds, methods in CHINA:
            rows += measure(name, china_problem(*arguments, **assumed), seconds, methods)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if options.to:
        table.to_csv(options.to, index=False)


def _has_ortools() -> bool:
    from importlib.util import find_spec

    return find_spec("ortools") is not None


if __name__ == "__main__":
    main()
