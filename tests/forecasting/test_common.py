"""Fixed totals spread by common movement: the sweep equals the dense conditional mean, and helps."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import HierarchicalForecaster, InfeasibleError
from mktanalysis.china import load_breaks, load_panel
from mktanalysis.forecasting import Structure
from mktanalysis.forecasting.hierarchy import common
from mktanalysis.forecasting.hierarchy.common import CommonMovement, common_movement, settle


def drawn_tree(rng):
    parents = {"N": None}
    for k in range(rng.integers(2, 14)):
        parents[f"n{k}"] = list(parents)[rng.integers(len(parents))]
    return Structure.from_parents(pd.Series(parents))


def drawn_movement(rng, structure):
    leaf = np.isin(np.arange(structure.size), structure.leaves)
    shared = rng.uniform(0, 0.1, structure.size) * (rng.random(structure.size) < 0.7)
    own = rng.uniform(0.001, 0.1, structure.size)
    return CommonMovement(np.where(leaf, 0, shared), np.where(leaf, own, 0))


def dense(structure, forecast, movement, shared, held, at):
    """Conditional mean with the whole covariance matrix of the leaves."""
    summing = structure.summing.toarray()
    size = np.abs(forecast[structure.leaves])
    covariance = np.diag(
        np.maximum(size, 1e-6 * np.abs(forecast).max()) ** 2 * movement.own[structure.leaves]
    )
    for node in range(structure.size):
        load = summing[node] * size
        covariance += shared[node] * np.outer(load, load)
    rows = summing[held]
    gap = (at - forecast)[held]
    return forecast + summing @ (
        covariance @ rows.T @ np.linalg.lstsq(rows @ covariance @ rows.T, gap, rcond=None)[0]
    )


@pytest.mark.parametrize("seed", range(60))
def test_two_sweeps_equal_the_dense_conditional_mean(seed):
    rng = np.random.default_rng(seed)
    structure = drawn_tree(rng)
    leaf = rng.uniform(1, 100, len(structure.leaves))
    forecast = structure.add_up(leaf[:, None])
    movement = drawn_movement(rng, structure)
    held = rng.random(structure.size) < 0.3
    at = structure.add_up(leaf[:, None] * rng.uniform(0.9, 1.1, (len(leaf), 1)))
    lower = np.where(held[:, None], at, -np.inf)
    upper = np.where(held[:, None], at, np.inf)
    found = settle(structure, forecast, movement, lower, upper, informs=held[:, None])
    surprise = np.where(held[:, None], at - forecast, 0)
    shared = common._surprised(movement.shared[:, None], surprise, held[:, None], forecast)[:, 0]
    expected = dense(structure, forecast[:, 0], movement, shared, held, at[:, 0])
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-6, atol=1e-6)


def test_a_decision_moves_its_parts_and_sums_and_nothing_beside_it():
    structure = Structure.from_parents(pd.Series({"N": None, "a": "N", "b": "N", "a1": "a", "a2": "a"}))
    forecast = structure.add_up(np.array([[30.0], [10.0], [20.0]]))
    movement = CommonMovement(np.array([0.01, 0.01, 0, 0, 0]), np.array([0, 0, 0.01, 0.01, 0.01]))
    at = np.array([[np.nan], [66.0], [np.nan], [np.nan], [np.nan]])
    lower = np.nan_to_num(at, nan=-np.inf)
    upper = np.nan_to_num(at, nan=np.inf)
    budget = settle(structure, forecast, movement, lower, upper)
    told = settle(structure, forecast, movement, lower, upper, informs=np.isfinite(at))
    b = structure.nodes.get_loc("b")
    assert budget[b, 0] == forecast[b, 0] and budget[0, 0] == pytest.approx(66 + forecast[b, 0])
    assert told[b, 0] > forecast[b, 0]


@pytest.mark.parametrize("seed", range(25))
def test_bounds_hold_whatever_is_asked(seed):
    rng = np.random.default_rng(seed)
    structure = drawn_tree(rng)
    leaf = rng.uniform(1, 100, (len(structure.leaves), 3))
    forecast = structure.add_up(leaf)
    inside = structure.add_up(leaf * rng.uniform(0, 3, leaf.shape))  # some feasible values
    bounded = rng.random(forecast.shape) < 0.5
    lower = np.where(bounded, inside * rng.choice([1.0, 0.5], size=forecast.shape), -np.inf)
    lower[structure.leaves] = np.maximum(lower[structure.leaves], 0)
    upper = np.where(rng.random(forecast.shape) < 0.3, inside, np.inf)
    found = settle(structure, forecast, drawn_movement(rng, structure), lower, upper)
    np.testing.assert_allclose(structure.add_up(found[structure.leaves]), found, rtol=1e-12)
    tiny = 1e-8 * forecast.max()
    assert (found >= lower - tiny).all() and (found <= upper + tiny).all()
    open_ = np.full(forecast.shape, np.inf)
    loose = settle(structure, forecast, drawn_movement(rng, structure), -open_, open_)
    np.testing.assert_allclose(loose, forecast, rtol=1e-12)


def test_a_falling_total_leaves_nothing_below_zero_and_contradictions_are_told():
    structure = Structure.from_parents(pd.Series({"N": None} | {f"r{k}": "N" for k in range(5)}))
    forecast = structure.add_up(np.array([[100.0], [5.0], [1.0], [0.0], [40.0]]))
    movement = CommonMovement(np.array([1e-6, 0, 0, 0, 0, 0]), np.array([0, 0.5, 9.0, 9.0, 0.1, 0.1]))
    lower = np.full(forecast.shape, -np.inf)
    lower[structure.leaves] = 0.0
    lower[0] = 2.0
    upper = np.where(np.arange(6)[:, None] == 0, 2.0, np.inf)
    found = settle(structure, forecast, movement, lower, upper)
    assert found[0, 0] == pytest.approx(2.0, rel=1e-12) and (found >= 0).all()
    with pytest.raises(InfeasibleError):
        settle(structure, forecast, movement, np.where(lower == 0, 1.0, lower), upper)


def test_planted_movements_are_found():
    """Shocks of 3% for all, 2% a province, 10% a city, many origins: found within a quarter."""
    parents = {"N": None} | {f"p{i}": "N" for i in range(8)}
    parents |= {f"c{i}{j}": f"p{i}" for i in range(8) for j in range(9)}
    structure = Structure.from_parents(pd.Series(parents))
    rng = np.random.default_rng(1)
    size = structure.add_up(np.full((72, 1), 10.0))
    above = structure.parent[structure.leaves]
    shock = 0.03 * rng.normal(size=(400, 1)) + 0.02 * rng.normal(size=(400, 9))[:, above]
    leaf = 10.0 * (shock + 0.1 * rng.normal(size=(400, 72)))
    errors = np.stack([structure.add_up(row[:, None]) for row in leaf])
    found = common_movement(structure, errors, np.broadcast_to(size, errors.shape))
    province = np.setdiff1d(np.arange(1, structure.size), structure.leaves)
    assert np.sqrt(found.shared[0]) == pytest.approx(0.03, rel=0.25)
    assert np.sqrt(found.shared[province].mean() / common.TRUST) == pytest.approx(0.02, rel=0.25)
    assert np.sqrt(found.own[structure.leaves].mean() / common.TRUST) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("year", ["2014", "2021"])
def test_a_known_national_total_serves_the_cities_as_well_as_proportion(year):
    """Retail of cities cut off at a year, the nation's total of the next two known."""
    tree = mkt.load_regions()
    panel = load_panel("retail_sales")
    breaks = load_breaks("retail_sales")
    past = panel[panel["period"] <= year]
    later = panel[(panel["period"] > year) & panel["region"].isin(past["region"])]
    actual = later[later["period"] <= pd.Period(year, "Y") + 2].set_index(["region", "period"])["value"]
    free = HierarchicalForecaster("ets", breaks=breaks).fit(past, tree).predict(2)
    leaf = free[free["region"].isin(panel["region"])].set_index(["region", "period"])["mean"]
    total = actual.reindex(leaf.index).fillna(leaf).groupby("period").sum()
    fixed = total.rename("value").reset_index().assign(region="100000")
    held = HierarchicalForecaster("ets", breaks=breaks, fixed=fixed).fit(past, tree).predict(2)
    held = held.set_index(["region", "period"])["mean"]
    share = (total / leaf.groupby("period").sum()).reindex(leaf.index.get_level_values(1)).to_numpy()

    def miss(values):
        return float((values.reindex(actual.index) - actual).abs().sum() / actual.sum())

    assert miss(held) <= 1.002 * miss(leaf * share)
    assert miss(held) < 0.95 * miss(leaf)
