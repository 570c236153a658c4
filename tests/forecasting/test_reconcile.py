"""Reconciliation against the dense formula, an interior point solver and hierarchicalforecast."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import InfeasibleError, MktError
from mktanalysis.forecasting.forecaster.rolling import recent_level, top_down
from mktanalysis.forecasting.hierarchy.linear import constraints, reconcile_general, shrunk_covariance
from mktanalysis.forecasting.hierarchy.reconcile import node_variances, reconcile
from mktanalysis.forecasting.hierarchy.structure import Structure


def random_tree(size: int, rng) -> Structure:
    parents = {f"n{i:03d}": f"n{rng.integers(0, max(1, i // 2)):03d}" if i else None for i in range(size)}
    return Structure.from_parents(pd.Series(parents))


def crossed(rng=None) -> Structure:
    """Region by product: totals by either, and a grand total; no tree holds both groupings."""
    cells = [f"{region}|{product}" for region in "ABC" for product in "xyzw"]
    rows = {"all": np.ones(12)}
    rows |= {region: np.array([cell.startswith(region) for cell in cells], float) for region in "ABC"}
    rows |= {product: np.array([cell.endswith(product) for cell in cells], float) for product in "xyzw"}
    rows |= {cell: np.eye(12)[k] for k, cell in enumerate(cells)}
    return Structure.from_summing(pd.DataFrame(rows, index=cells).T)


def optimum(structure, base, covariance, lower, upper):
    """The bounded quadratic program in the leaves, by an interior point solver."""
    import clarabel
    import scipy.sparse as sp

    summing = structure.summing.toarray()
    precision = np.linalg.inv(covariance)
    quadratic = sp.csc_matrix(np.triu(summing.T @ precision @ summing))
    rows, right = np.vstack([summing, -summing]), np.r_[upper, -lower]
    keep = np.isfinite(right)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-12
    cones = [clarabel.NonnegativeConeT(int(keep.sum()))]
    linear = -summing.T @ precision @ base
    solver = clarabel.DefaultSolver(
        quadratic, linear, sp.csc_matrix(rows[keep]), right[keep], cones, settings
    )
    return summing @ np.array(solver.solve().x)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


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
        expected = optimum(tree, base[:, step], np.diag(variance), lower[:, step], upper[:, step])
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
    dead = base.copy()
    dead[tree.leaves[0]] = 0.0  # a market of nothing: no rounding below 0 however large the others
    many = reconcile(tree, dead * 1e7, np.where(dead[:, 0] == 0, 1e-10, variance) * 1e14, lower=floor)
    assert many[tree.leaves].min() >= 0
    for step in range(3):
        expected = optimum(tree, base[:, step], np.diag(variance), floor[:, step], np.full(60, np.inf))
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


def residuals(size, length, rng):
    common = rng.normal(size=(size, 3)) @ rng.normal(size=(3, length))
    return (common + 2 * rng.normal(size=(size, length))) * rng.uniform(1e3, 1e6, (size, 1))


def dense_general(structure, base, covariance):
    summing, precision = structure.summing.toarray(), np.linalg.inv(covariance)
    return summing @ np.linalg.solve(summing.T @ precision @ summing, summing.T @ precision @ base)


@pytest.mark.parametrize("make", [lambda rng: random_tree(50, rng), crossed])
def test_low_rank_form_equals_the_dense_formula(make, rng):
    structure = make(rng)
    base = rng.normal(size=(structure.size, 3)) * 1e5
    diagonal, low_rank = shrunk_covariance(residuals(structure.size, 24, rng))
    expected = dense_general(structure, base, np.diag(diagonal) + low_rank @ low_rank.T)
    found = reconcile_general(structure, base, diagonal, low_rank)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * 1e5)
    assert np.abs(constraints(structure) @ found).max() < 1e-6


@pytest.mark.parametrize("method", ["ols", "wls_struct", "wls_var", "mint_shrink"])
@pytest.mark.parametrize("length", [12, 60])
def test_equals_hierarchicalforecast(method, length, rng):
    from hierarchicalforecast.methods import MinTrace

    structure = random_tree(40, rng)
    order = np.r_[np.setdiff1d(np.arange(40), structure.leaves), structure.leaves]
    base = rng.normal(size=(40, 4)) * 1e5
    error = residuals(40, length, rng)
    level = np.zeros_like(error)
    peer = MinTrace(method=method)
    summing = structure.summing.toarray()[order]
    expected = peer(S=summing, y_hat=base[order], y_insample=error[order], y_hat_insample=level)["mean"]
    if method == "mint_shrink":
        found = reconcile_general(structure, base, *shrunk_covariance(error))
    else:
        found = reconcile(structure, base, node_variances(structure, method, (error**2).mean(axis=1)))
    np.testing.assert_allclose(found[order], expected, rtol=1e-9, atol=1e-9 * 1e5)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("make", [lambda rng: random_tree(40, rng), crossed])
def test_bounds_and_fixed_nodes_with_correlated_errors(make, seed):
    rng = np.random.default_rng(seed)
    structure = make(rng)
    size = structure.size
    base = rng.normal(size=(size, 2)) * 10
    diagonal, low_rank = rng.uniform(0.5, 3, size), rng.normal(size=(size, 4))
    inside = structure.add_up(rng.uniform(0, 5, (len(structure.leaves), 2)))
    lower = np.where(rng.random((size, 2)) < 0.5, inside - rng.exponential(1, (size, 2)), -np.inf)
    upper = np.where(rng.random((size, 2)) < 0.3, inside + rng.exponential(1, (size, 2)), np.inf)
    lower[0, 0] = upper[0, 0] = inside[0, 0]
    found = reconcile_general(structure, base, diagonal, low_rank, lower=lower, upper=upper)
    assert found[0, 0] == pytest.approx(inside[0, 0], abs=1e-9)
    for step in range(2):
        covariance = np.diag(diagonal) + low_rank @ low_rank.T
        expected = optimum(structure, base[:, step], covariance, lower[:, step], upper[:, step])
        np.testing.assert_allclose(found[:, step], expected, atol=1e-5)


def test_tree_and_general_path_agree(rng):
    tree = random_tree(60, rng)
    base, variance = rng.normal(size=(60, 3)) * 10, rng.uniform(0.1, 5, 60)
    floor = np.full(base.shape, -np.inf)
    floor[tree.leaves] = 0.0
    np.testing.assert_allclose(
        reconcile_general(tree, base, variance, lower=floor),
        reconcile(tree, base, variance, lower=floor),
        atol=1e-7,
    )


def test_infeasible_bounds_across_groupings_are_named():
    structure = crossed()
    zero, ones = np.zeros((structure.size, 1)), np.ones(structure.size)
    lower, upper = zero - np.inf, zero + np.inf
    rows = {name: structure.nodes.get_loc(name) for name in ("all", "A", "B", "C")}
    lower[rows["all"]] = upper[rows["all"]] = 10.0
    for region in "ABC":
        lower[rows[region]] = 4.0
    with pytest.raises(InfeasibleError) as caught:
        reconcile_general(structure, zero, ones, lower=lower, upper=upper)
    change = (caught.value.relaxation["needed"] - caught.value.relaxation["given"]).abs().sum()
    assert change == pytest.approx(2.0)


def test_a_summing_matrix_must_hold_its_leaves():
    with pytest.raises(MktError, match="单位矩阵"):
        Structure.from_summing(
            pd.DataFrame([[1, 1], [1, 1], [0, 1]], index=["t", "a", "b"], columns=["a", "b"])
        )


def test_too_few_residuals_for_a_covariance():
    with pytest.raises(MktError, match="wls_var"):
        shrunk_covariance(np.ones((4, 2)))


def test_top_down_needs_a_tree():
    structure = crossed()
    with pytest.raises(MktError, match="一棵树"):
        top_down(structure, np.ones((structure.size, 1)), np.ones(structure.size))


def test_top_down_splits_the_root_by_recent_shares(rng):
    structure = random_tree(40, rng)
    history = structure.add_up(rng.uniform(1, 9, (len(structure.leaves), 8)))
    base = rng.uniform(10, 20, (40, 4))
    recent = history[:, -3:].mean(axis=1)
    shares = recent[structure.leaves] / recent[0]
    found = structure.add_up(top_down(structure, base, recent_level(history, 1)))
    np.testing.assert_allclose(found, structure.summing.toarray() @ (shares[:, None] * base[0]), rtol=1e-12)


@pytest.mark.parametrize("season", [4, 12])
def test_top_down_shares_do_not_depend_on_the_month_in_which_history_ends(season):
    """Two leaves of equal size that sell in opposite halves of the year: half of the year's total each."""
    structure = Structure.from_parents(pd.Series({"N": None, "a": "N", "b": "N"}))
    wave = 1 + 0.9 * np.sin(2 * np.pi * np.arange(5 * season) / season)
    history = structure.add_up(np.stack([wave, 2 - wave]))
    for end in range(2 * season, 4 * season):
        base = np.full((3, season), 10.0)
        found = top_down(structure, base, recent_level(history[:, :end], season))
        np.testing.assert_allclose(found, 5.0, rtol=1e-12)
