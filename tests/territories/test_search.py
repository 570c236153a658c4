"""Search and proof against brute force on small grids, against each other, and for what must never happen."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from mktanalysis.territories.problem import Problem, parts_of
from mktanalysis.territories.proof.bound import lower_bound, pair_bounds
from mktanalysis.territories.proof.exact import best_choice, connected_sets, smallest_tolerance
from mktanalysis.territories.proof.hess import prove
from mktanalysis.territories.search.anneal import anneal
from mktanalysis.territories.search.spread import spread_cut
from mktanalysis.territories.search.start import first_cut, grown
from mktanalysis.territories.search.walk import Walk, medians, score, total_cost
from mktanalysis.territories.search.windows import mend


def grid(rows, columns, k, tolerance=0.3, seed=0, **more):
    """A grid with drawn loads; distances between cell centres."""
    rng = np.random.default_rng(seed)
    n = rows * columns
    points = np.array([(r, c) for r in range(rows) for c in range(columns)], dtype=float)
    points += rng.random(points.shape) / 5
    near = [
        [j for j in range(n) if abs(i // columns - j // columns) + abs(i % columns - j % columns) == 1]
        for i in range(n)
    ]
    load = 1 + rng.random(n)
    loads = (load * k / load.sum())[:, None]
    distance = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
    given_ = {"lock": [-1] * n, "site": [-1] * k, "coords": points, "weight": load / load.sum(), **more}
    codes = pd.Index([f"u{i:02d}" for i in range(n)])
    return Problem(
        codes, loads, np.array([tolerance]), given_.pop("weight"), distance, near, k, given_.pop("lock"),
        given_.pop("site"), **given_,
    )  # fmt: skip


def all_designs(problem):
    """Every connected assignment within the bands, by brute force; labels in order of first use."""

    def grow(label):
        if len(label) == problem.n:
            if max(label) + 1 == problem.k:
                yield label
            return
        for t in range(min(max(label, default=-1) + 2, problem.k)):
            yield from grow([*label, t])

    for label in grow([]):
        found = np.array(label)
        loads = np.bincount(found, problem.loads[:, 0], problem.k)
        if (np.abs(loads - 1) > problem.tolerance[0] + 1e-9).any():
            continue
        if all(
            len(parts_of(problem.neighbors, np.flatnonzero(found == t).tolist())) == 1
            for t in range(problem.k)
        ):
            yield label


def connected(problem, label):
    label = np.array(label)
    return all(
        len(parts_of(problem.neighbors, np.flatnonzero(label == t).tolist())) == 1 for t in range(problem.k)
    )


@pytest.mark.parametrize(
    ("rows", "columns", "k", "seed"), [(2, 4, 2, 0), (3, 3, 3, 1), (3, 3, 2, 2), (2, 5, 3, 3)]
)
def test_annealing_and_proof_find_the_best_of_all_designs(rows, columns, k, seed):
    problem = grid(rows, columns, k, seed=seed)
    least = min(total_cost(problem, label) for label in all_designs(problem))
    label = anneal(problem, effort=0.1)
    proof = prove(problem, label)
    assert proof.proven and connected(problem, proof.label)
    assert proof.cost == pytest.approx(least) and total_cost(problem, best_choice(problem)) == pytest.approx(
        least
    )
    assert total_cost(problem, label) == pytest.approx(least)


def test_four_by_four_is_solved_by_both_proofs():
    problem = grid(4, 4, 3, tolerance=0.2, seed=5)
    proof = prove(problem, anneal(problem, effort=0.05))
    assert proof.proven and proof.cost == pytest.approx(total_cost(problem, best_choice(problem)))


@pytest.mark.parametrize("seed", range(3))
def test_fewest_cut_borders(seed):
    problem = grid(3, 3, 3, tolerance=0.35, seed=seed, cut=True)
    least = min(total_cost(problem, label) for label in all_designs(problem))
    assert total_cost(problem, best_choice(problem)) == least
    assert total_cost(problem, anneal(problem, effort=0.2)) == least


@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_below_the_optimum(seed):
    problem = grid(3, 4, 3, tolerance=0.25, seed=seed)
    best = total_cost(problem, best_choice(problem))
    bound = lower_bound(problem, best)
    assert bound.bound <= best + 1e-9
    pairs = pair_bounds(problem, bound.price)
    label = np.array(best_choice(problem))
    sites = np.array(medians(problem, label))[label]
    assert (pairs[np.arange(problem.n), sites] <= best + 1e-9).all(), "a pair of the optimum is ruled out"


def test_pair_bounds_hold_for_any_prices():
    problem = grid(2, 4, 2, tolerance=0.3, seed=1)
    designs = list(all_designs(problem))
    rng = np.random.default_rng(0)
    for _ in range(20):
        pairs = pair_bounds(problem, rng.random(problem.n) * 0.4 - 0.1)
        for label in designs:
            sites = np.array(medians(problem, label))[np.array(label)]
            cost = total_cost(problem, label)
            assert (pairs[np.arange(problem.n), sites] <= cost + 1e-9).all()


def test_connected_sets_are_all_of_them():
    problem = grid(3, 3, 2, seed=3)
    found = set(connected_sets(problem, np.array([1.2])).tolist())
    for mask in range(1, 1 << 9):
        at = [i for i in range(9) if mask >> i & 1]
        fits = problem.loads[at].sum() <= 1.2 + 1e-9 and len(parts_of(problem.neighbors, at)) == 1
        assert (mask in found) == fits


@pytest.mark.parametrize("seed", range(3))
def test_smallest_tolerance_is_the_least_of_all_designs(seed):
    problem = grid(3, 3, 3, tolerance=0.9, seed=seed)
    least = min(
        np.abs(np.bincount(label, problem.loads[:, 0], 3) - 1).max() for label in all_designs(problem)
    )
    (value, label, proven) = smallest_tolerance(problem, 0.9)
    assert proven and value == pytest.approx(least)
    assert np.abs(np.bincount(label, problem.loads[:, 0], 3) - 1).max() == pytest.approx(least)


def test_a_tighter_tolerance_is_never_cheaper():
    costs = []
    for tolerance in (0.6, 0.4, 0.25, 0.15):
        best = best_choice(grid(3, 4, 3, tolerance=tolerance, seed=7))
        costs.append(np.inf if best is None else total_cost(grid(3, 4, 3, seed=7), best))
    assert costs == sorted(costs)


def test_the_books_of_a_walk_equal_those_counted_afresh():
    problem = grid(5, 6, 4, seed=2)
    walk = Walk(problem, first_cut(problem), np.random.default_rng(1))
    for _ in range(20):
        walk.block(200, 0.05, 0.2)
        walk.settle()
        assert walk.quick_score() == pytest.approx(score(problem, walk.label))
        assert [sorted(one) for one in walk.members] == [
            [i for i, at in enumerate(walk.label) if at == t] for t in range(4)
        ]


@given(rows=st.integers(2, 5), columns=st.integers(2, 5), k=st.integers(1, 6), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_every_territory_is_connected_and_has_a_unit(rows, columns, k, seed):
    problem = grid(rows, columns, min(k, rows * columns), seed=seed)
    rng = np.random.default_rng(seed)
    annealed = anneal(problem, effort=0.02, random_state=seed)
    for label in (first_cut(problem), spread_cut(problem, rng), grown(problem, rng), annealed):
        assert set(label) == set(range(problem.k)) and connected(problem, label)


def test_spread_medians_travel_less_than_bisection():
    problem = grid(16, 16, 9, tolerance=0.1, seed=3)
    spread = [spread_cut(problem, np.random.default_rng(seed)) for seed in range(3)]
    assert max(total_cost(problem, label) for label in spread) < 1.05 * total_cost(
        problem, first_cut(problem)
    )
    assert spread[0] == spread_cut(problem, np.random.default_rng(0))


def test_a_bound_of_many_units_is_that_of_all_pairs():
    """Pairs left out on the way to the prices do not raise the bound that is told."""
    problem = grid(12, 12, 8, tolerance=0.1, seed=1)
    best = total_cost(problem, anneal(problem, effort=0.05, starts=1))
    bound = lower_bound(problem, best)
    cost = problem.weight[:, None] * problem.distance - bound.price[:, None]
    value = np.array(
        [
            _least(cost[:, j], problem.loads[:, 0], j, problem.low[0], problem.high[0])
            for j in range(problem.n)
        ]
    )
    assert bound.bound == pytest.approx(bound.price.sum() + np.sort(value)[: problem.k].sum())
    assert 0.9 * best < bound.bound <= best


def _least(gain, load, own, low, high):
    """A site's continuous knapsack by linear programming."""
    bounds = [(1, 1) if i == own else (0, 1) for i in range(len(gain))]
    found = linprog(gain, A_ub=np.vstack([load, -load]), b_ub=[high, -low], bounds=bounds)
    return found.fun if found.success else np.inf


def test_locks_and_apart_are_kept():
    lock = [-1] * 12
    lock[0] = lock[11] = 1
    problem = grid(3, 4, 3, tolerance=0.5, lock=lock, seed=4)
    label = anneal(problem, effort=0.1)
    assert label[0] == label[11] == 1 and connected(problem, label)
    apart = [set() for _ in range(12)]
    apart[5] = {6}
    apart[6] = {5}
    problem = grid(3, 4, 3, tolerance=0.5, apart=apart, seed=4)
    label = anneal(problem, effort=0.1)
    assert label[5] != label[6]
    proof = prove(problem, label)
    assert proof.proven and proof.label[5] != proof.label[6]
    assert proof.cost == pytest.approx(total_cost(problem, best_choice(problem)))


def test_the_products_of_k_labels_agree_with_the_growth():
    """The brute force itself: counted another way."""
    problem = grid(2, 3, 2, tolerance=0.6, seed=1)
    other = {
        label
        for label in product(range(2), repeat=6)
        if label[0] == 0 and len(set(label)) == 2 and connected(problem, label)
        and (np.abs(np.bincount(label, problem.loads[:, 0], 2) - 1) <= 0.6).all()
    }  # fmt: skip
    assert {tuple(label) for label in all_designs(problem)} == other


def test_mending_never_makes_it_worse_and_is_exact_where_a_window_holds_all():
    for seed in range(4):
        problem = grid(3, 4, 4, tolerance=0.15, seed=seed)
        start = first_cut(problem)
        mended = mend(problem, start)
        assert score(problem, mended) <= score(problem, start) or not score(problem, start)[0]
        assert connected(problem, mended)
        if best_choice(problem) is not None and score(problem, start)[0]:
            assert score(problem, mended)[0] == 0


def test_a_team_s_bound_and_proof_agree_with_all_sets():
    lock = [-1] * 16
    lock[5] = 0
    problem = grid(4, 4, 3, tolerance=0.2, lock=lock, people=[2, 1, 1], seed=2)
    loads = problem.loads[:, 0] * 4 / 3
    loads[5] = 1.6
    loads = loads * 4 / loads.sum()
    problem = replace(problem, loads=loads[:, None])
    best = best_choice(problem)
    label = anneal(problem, effort=0.2)
    proof = prove(problem, label)
    assert proof.proven and score(problem, proof.label)[0] == 0
    assert proof.cost == pytest.approx(total_cost(problem, best))
    assert lower_bound(problem, proof.cost).bound <= proof.cost + 1e-9


def test_units_locked_to_different_territories_stay_apart_in_the_proof():
    lock = [-1] * 12
    lock[0], lock[1] = 0, 1  # neighbours, far better together
    problem = grid(3, 4, 2, tolerance=0.9, lock=lock, seed=1)
    label = anneal(problem, effort=0.1)
    proof = prove(problem, label)
    assert proof.proven and proof.label[0] == 0 and proof.label[1] == 1
    assert proof.cost == pytest.approx(total_cost(problem, best_choice(problem)))
