"""The searching parts against the slow truth: books against evaluation, parts against the whole, priced money
against the optimum."""

import numpy as np
import pytest

from mktanalysis.expansion import Assumptions, Policy, Rung, Search, expansion_market, grid_example
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.choices.evaluate import evaluate
from mktanalysis.expansion.milp.build import build_model
from mktanalysis.expansion.search.anneal import anneal
from mktanalysis.expansion.search.bounds import BranchInBackground, Relaxation, lagrangian_bounds
from mktanalysis.expansion.search.control import Clock, Control
from mktanalysis.expansion.search.greedy import Builder, greedy
from mktanalysis.expansion.search.incremental import Ledger
from mktanalysis.expansion.search.neighbourhoods import NEIGHBOURHOODS, Part, _Situation, complete, improve
from mktanalysis.expansion.search.shortlist import WIDTHS, likely, solve_support
from mktanalysis.expansion.search.solve import solve
from mktanalysis.highs import solve_arrays

#: Rungs that are reached and lost within a few periods, offices included.
RUNGS = (
    Rung(level="prefecture", radiance=0.01, office_cost=2e4, count_share=0.4, capacity_share=0.4),
    Rung(level="province", radiance=0.01, office_cost=5e4, count_share=0.4, capacity_share=0.4),
)


def problem_of(side=5, periods=6, seed=0, **policy):
    units, edges, tree = grid_example(side, side, random_state=seed)
    assumed = {name: policy.pop(name) for name in ("spill", "spill_cap") if name in policy}
    policy = Policy(base=("r2c2",), periods=periods, **{"budget": 6e6, **policy})
    assumptions = Assumptions.easy(rungs=RUNGS, **assumed)
    market = expansion_market(units, edges, tree)
    return build_problem(market, policy, assumptions, keep_dominated=True)


@pytest.mark.parametrize("rule", ["held", "strong", "none"])
@pytest.mark.parametrize("carry", [True, False])
def test_books_equal_the_evaluation_after_any_changes(rule, carry):
    savings = {"spill": 0.3, "spill_cap": 0.9}  # some turn a first year's loss into a profit
    problem = problem_of(contiguity=rule, carry_over=carry, people=50.0, new_units=3, **savings)
    c, rng, books = problem.candidates, np.random.default_rng(1), Ledger(problem)
    assert ((c.loss > 0) & (c.loss < 0.9 * c.opening)).any()
    at_first, alone = books.gain, evaluate(problem, [])
    for step in range(400):
        unit = int(rng.choice(c.unit))
        books.change(unit, int(rng.choice(np.append(np.flatnonzero(c.unit == unit), -1))))
        if step % 20:
            continue
        truth = evaluate(problem, books.rows())
        assert books.gain - at_first == pytest.approx(truth.value - alone.value, abs=1e-3)
        assert np.allclose(np.array(books.need) + problem.base_need, truth.need, atol=1e-3)
        assert np.allclose(books.people, truth.people)
        assert (np.array(books.rung) == truth.rungs).all() and (np.array(books.office) == truth.offices).all()
        assert books.shortfall() == pytest.approx(max(0.0, -truth.money.min()), abs=1e-3)
        assert (books.within_limits() and books.shortfall() < 1e-3) == truth.feasible


def test_a_change_back_leaves_no_trace():
    problem = problem_of()
    books = Ledger(problem, greedy(problem))
    rungs, gain, need = [list(row) for row in books.rung], books.gain, list(books.need)
    unit = problem.candidates.unit[books.rows()[0]]
    row = books.row[unit]
    books.change(unit, -1)
    assert books.gain != gain
    books.change(unit, row)
    assert books.rung == rungs and books.gain == pytest.approx(gain) and np.allclose(books.need, need)


def test_contiguity_is_judged_before_a_change_as_after_it():
    problem, rng = problem_of(), np.random.default_rng(2)
    books, c, seen = Ledger(problem, greedy(problem)), problem.candidates, set()
    for _ in range(300):
        unit = int(rng.choice(c.unit))
        row = int(rng.choice(np.append(np.flatnonzero(c.unit == unit), -1)))
        kept, fine = books.row[unit], books.keeps_contiguity([(unit, row)])
        books.change(unit, row)
        assert fine == all(books.supported(u) for u in range(books.n))
        seen.add(fine)
        if not fine:
            books.change(unit, kept)
    assert seen == {True, False}


@pytest.mark.parametrize(
    "more", [{}, {"people": 6.0}, {"new_units": 1}, {"contiguity": "strong"}, {"pinned": {"r1c2": 2027}}]
)
def test_annealing_keeps_every_limit_and_never_loses(more):
    problem = problem_of(**more)
    start = greedy(problem)
    rows = anneal(problem, start, moves=6000, rng=np.random.default_rng(0))
    again = anneal(problem, start, moves=6000, rng=np.random.default_rng(0))
    best = evaluate(problem, rows)
    assert best.feasible and best.value >= evaluate(problem, start).value - 1e-6
    assert complete(build_model(problem), rows) is not None  # contiguity and pins included
    assert rows.tolist() == again.tolist()


def test_annealing_finds_more_than_greedy():
    problem = problem_of(side=6, periods=8, seed=3)
    start = greedy(problem)
    rows = anneal(problem, start, moves=15_000, rng=np.random.default_rng(0))
    base = evaluate(problem, []).value
    assert evaluate(problem, rows).value - base > 1.05 * (evaluate(problem, start).value - base)


@pytest.mark.parametrize("form", ["usual", "tight"])
def test_every_form_values_starts_as_the_evaluation_does(form):
    problem, rng = problem_of(spill=0.1, spill_cap=0.25, budget=1e9), np.random.default_rng(4)
    model, c, values = build_model(problem, form=form), problem.candidates, []
    for _ in range(8):  # programmes mixed: a cheaper opening saves less
        rows = Builder(problem).build(rng.random(len(c)))
        found = complete(model, rows)
        promised = float(model.program.arrays().cost @ found) * model.scale
        values.append(promised)
        assert promised == pytest.approx(evaluate(problem, rows).value - problem.base_value, rel=1e-7)
    assert len(set(c.programme[rows])) == 2 and len(set(values)) > 1


def test_a_part_is_solved_as_the_whole_with_the_rest_kept():
    problem, rng = problem_of(side=6, seed=5), np.random.default_rng(0)
    model = build_model(problem)
    rows = greedy(problem)
    values, part, better = complete(model, rows), Part(model), 0
    for neighbourhood in NEIGHBOURHOODS:
        free = neighbourhood(_Situation(problem, rows), 30.0, rng)
        assert 0 < free.sum() < len(free)
        found = part.solve(values, free, nodes=1000)
        low, high = part.arrays.low.copy(), part.arrays.high.copy()
        kept = model.z[~free]
        low[kept] = high[kept] = np.round(values[kept])
        whole = solve_arrays(part.arrays._replace(low=low, high=high), gap=1e-6)
        assert found.objective == pytest.approx(whole.objective, rel=5e-4)
        assert found.objective == pytest.approx(float(part.arrays.cost @ found.values), rel=1e-9)
        better += found.objective > float(part.arrays.cost @ values) + 1e-6
    assert better


def test_neighbourhoods_improve_and_stop_when_enough():
    problem = problem_of(side=6, seed=6)
    model, rows = build_model(problem), greedy(problem)
    better = improve(model, rows, rounds=15, nodes=20, rng=np.random.default_rng(0))
    assert evaluate(problem, better).feasible
    assert evaluate(problem, better).value > evaluate(problem, rows).value
    at_once = improve(
        model,
        rows,
        rounds=15,
        nodes=20,
        rng=np.random.default_rng(0),
        control=Control(enough=lambda value: True),
    )
    assert at_once.tolist() == rows.tolist()


def test_neighbourhoods_go_on_from_a_better_plan_found_elsewhere():
    problem = problem_of(side=4, periods=4, seed=6)
    model = build_model(problem)
    best = model.program.solve(gap=0.0)
    asked = []

    def offered(value):
        asked.append(value)
        return model.rows_of(best.values) if value < best.objective - 1e-9 else None

    control = Control(offered=offered)
    none = np.zeros(0, dtype=int)
    found = improve(model, none, rounds=2, nodes=1, rng=np.random.default_rng(0), control=control)
    assert evaluate(problem, found).value == pytest.approx(
        evaluate(problem, model.rows_of(best.values)).value
    )
    assert asked[1] == pytest.approx(best.objective)


def test_a_search_ends_with_branch_and_bound_beside_it():
    """What is proven beside it is asked for while annealing too, and its plan is taken over."""
    problem = problem_of(side=4, periods=4, seed=6)
    exact = build_model(problem).program.solve(gap=0.0)
    timed = solve(problem, Search(seconds=60.0, gap=1e-6))
    assert timed.ended == "within the gap"
    assert timed.objective == pytest.approx(exact.objective * build_model(problem).scale)
    assert timed.trace[-1][2] < 30.0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("carry", [True, False])
def test_priced_money_bounds_the_optimum_and_never_worsens(seed, carry):
    problem = problem_of(side=4, periods=4, seed=seed, carry_over=carry, budget=3e6)
    model = build_model(problem)
    best = model.program.solve(gap=0.0)
    assert best.ended == "optimal"
    relaxed, turns = Relaxation(problem, model), iter([9.0] * 6)
    bounds = lagrangian_bounds(
        relaxed.model,
        relaxed.yuan_earns,
        greedy(problem),
        goal=best.objective,
        left=lambda: next(turns, 0.0),
    )
    bounds = list(bounds)
    assert bounds and np.isfinite(bounds).all()
    assert min(bounds) >= best.objective - 1e-6
    assert bounds[0] <= relaxed.bound + 1e-6  # whole starts at the relaxation's prices
    assert (np.diff(bounds) <= 0).all()


def test_a_time_limit_runs_both_sides_and_the_bound_holds(monkeypatch):
    monkeypatch.setattr("mktanalysis.expansion.search.solve.EXACT_CHOICES", 0)
    problem = problem_of(side=6, periods=5, seed=8)
    timed = solve(problem, Search(seconds=4.0, gap=0.0))
    stages = {stage for stage, _, _ in timed.trace}
    assert {"greedy", "anneal", "neighbourhoods", "relaxation"} <= stages
    exact = solve(problem, Search(method="exact", gap=0.0, nodes=100_000))
    assert exact.ended == "optimal"
    assert timed.bound >= exact.objective - 1.0
    assert timed.objective <= exact.objective + 1.0
    assert evaluate(problem, timed.rows).feasible


def test_annealing_without_moves_returns_the_start():
    problem = problem_of()
    rows = greedy(problem)
    assert anneal(problem, rows, moves=0, rng=np.random.default_rng(0)).tolist() == list(rows)


def test_the_likely_choices_are_those_of_highest_reduced_cost():
    problem = problem_of()
    merit = Relaxation(problem, build_model(problem)).merit
    few = likely(problem, merit, 1.5)
    units = len(np.unique(problem.candidates.unit))
    assert int(1.5 * units) <= few.sum() < len(merit)
    assert merit[few].min() >= merit[~few].max()
    assert likely(problem, merit, 1000).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_support_leads_to_a_plan_no_worse_and_the_same_every_time(seed):
    problem = problem_of(seed=seed, budget=3e6)
    model, start = build_model(problem), np.asarray(greedy(problem))
    merit = Relaxation(problem, model).merit
    found, again = (solve_support(model, start, merit) for _ in range(2))
    assert found.tolist() == again.tolist()
    assert evaluate(problem, found).feasible
    assert evaluate(problem, found).value >= evaluate(problem, start).value
    allowed = likely(problem, merit, WIDTHS[-1])
    allowed[start] = True
    assert allowed[found].all()


def test_bounds_are_told_while_they_are_proven():
    problem = problem_of(side=6, seed=2, budget=3e6)
    model = build_model(problem)
    told = []
    best = model.program.solve(gap=0.0, watch=lambda bound, value: told.append((bound, value)))
    assert best.ended == "optimal" and told
    bounds, values = np.array(told).T
    assert (bounds >= best.objective - 1e-6).all() and (values <= best.objective + 1e-6).all()
    relaxed, seen = Relaxation(problem, model), []
    turns = iter([9.0] * 400)
    for bound in lagrangian_bounds(
        relaxed.model,
        relaxed.yuan_earns,
        greedy(problem),
        goal=best.objective,
        left=lambda: next(turns, 0.0),
        seen=seen.append,
    ):
        assert bound >= best.objective - 1e-6
    assert seen and min(seen) >= best.objective - 1e-6


def test_branch_and_bound_beside_a_search_finds_what_it_finds_alone():
    """The thread is the plain solver on the programme as it stands: its plan is never lost."""
    market = expansion_market(*grid_example(3, 4, random_state=3))
    policy = Policy(base=("r2c2",), periods=4, budget=6e6)
    model = build_model(build_problem(market, policy, Assumptions.easy()))
    alone = model.program.solve(gap=0.0)
    beside = BranchInBackground(model, Clock(), gap=0.0)
    beside.thread.join()
    assert beside.found.tolist() == model.rows_of(alone.values).tolist()
    assert beside.bound == pytest.approx(alone.bound)
