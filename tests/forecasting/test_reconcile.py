import numpy as np
import pandas as pd
import pytest

from mktanalysis import InfeasibleError
from mktanalysis.forecasting.reconcile import reconcile
from mktanalysis.forecasting.structure import Structure


def random_tree(size: int, rng) -> Structure:
    parents = {f"n{i:03d}": f"n{rng.integers(0, max(1, i // 2)):03d}" if i else None for i in range(size)}
    return Structure.from_parents(pd.Series(parents))


def dense(structure, base, variance):
    summing = structure.summing.toarray()
    weighted = summing.T / variance
    return summing @ np.linalg.solve(weighted @ summing, weighted @ base)


@pytest.mark.parametrize("seed", range(5))
def test_two_sweeps_equal_the_dense_formula(seed):
    rng = np.random.default_rng(seed)
    tree = random_tree(80, rng)
    base, variance = rng.normal(size=(80, 4)) * 1e5, rng.uniform(0.1, 50, 80)
    expected = dense(tree, base, variance)
    np.testing.assert_allclose(reconcile(tree, base, variance), expected, rtol=1e-9, atol=1e-9 * 1e5)


def optimum(structure, base, variance, lower, upper):
    """The same quadratic program by an interior point solver."""
    import clarabel
    import scipy.sparse as sp

    summing = structure.summing.toarray()
    quadratic = sp.csc_matrix(summing.T @ np.diag(1 / variance) @ summing)
    rows, right = np.vstack([summing, -summing]), np.r_[upper, -lower]
    keep = np.isfinite(right)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-12
    cones = [clarabel.NonnegativeConeT(int(keep.sum()))]
    linear = -summing.T @ (base / variance)
    solver = clarabel.DefaultSolver(
        quadratic, linear, sp.csc_matrix(rows[keep]), right[keep], cones, settings
    )
    return summing @ np.array(solver.solve().x)


@pytest.mark.parametrize("seed", range(12))
def test_bounds_on_any_node_give_the_exact_optimum(seed):
    rng = np.random.default_rng(seed)
    tree = random_tree(60, rng)
    base, variance = rng.normal(size=(60, 2)) * 10, rng.uniform(0.1, 5, 60)
    inside = tree.add_up(rng.normal(size=(len(tree.leaves), 2)) * 5)
    lower = np.where(rng.random((60, 2)) < 0.5, inside - rng.exponential(2, (60, 2)), -np.inf)
    upper = np.where(rng.random((60, 2)) < 0.5, inside + rng.exponential(2, (60, 2)), np.inf)
    fixed = rng.random((60, 2)) < 0.05
    lower[fixed] = upper[fixed] = inside[fixed]
    found = reconcile(tree, base, variance, lower=lower, upper=upper)
    for step in range(2):
        expected = optimum(tree, base[:, step], variance, lower[:, step], upper[:, step])
        np.testing.assert_allclose(found[:, step], expected, atol=1e-5)
    assert np.allclose(found, tree.add_up(found[tree.leaves]))


def test_non_negative_is_the_optimum_not_clipping():
    rng = np.random.default_rng(3)
    tree = random_tree(60, rng)
    base, variance = rng.normal(size=(60, 3)) * 10, rng.uniform(0.1, 5, 60)
    floor = np.full(base.shape, -np.inf)
    floor[tree.leaves] = 0
    found = reconcile(tree, base, variance, lower=floor)
    assert found[tree.leaves].min() >= 0
    for step in range(3):
        expected = optimum(tree, base[:, step], variance, floor[:, step], np.full(60, np.inf))
        np.testing.assert_allclose(found[:, step], expected, atol=1e-6)


def test_fixed_total_stays_and_infeasible_floors_name_the_smallest_relaxation():
    tree = Structure.from_parents(pd.Series({"N": None, "a": "N", "b": "N"}))
    base, variance = np.array([[10.0], [3.0], [4.0]]), np.ones(3)
    low, high = np.full((3, 1), -np.inf), np.full((3, 1), np.inf)
    low[0] = high[0] = 100.0
    found = reconcile(tree, base, variance, lower=low, upper=high)
    assert found.ravel().tolist() == [100.0, 49.5, 50.5]
    low[1], low[2] = 70.0, 45.0
    with pytest.raises(InfeasibleError) as caught:
        reconcile(tree, base, variance, lower=low, upper=high)
    row = caught.value.relaxation.iloc[0]
    assert (row["region"], row["given"], row["needed"]) == ("N", 100.0, 115.0)
