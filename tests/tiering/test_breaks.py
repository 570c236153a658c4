"""Breaks against brute force and another implementation; pyramids and sizes against their definitions."""

from itertools import combinations

import jenkspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktanalysis.errors import MktError
from mktanalysis.tiering.breaks import (
    assign,
    optimal_breaks,
    optimal_starts,
    pyramid_shares,
    starts_for_sizes,
)


def within(values, weights, starts):
    """Weighted sum of squares inside the classes that start at `starts`."""
    total = 0.0
    for start, end in zip([0, *starts], [*starts, len(values)], strict=True):
        w, x = weights[start:end], values[start:end]
        if w.sum():
            total += (w * (x - np.average(x, weights=w)) ** 2).sum()
    return total


def brute_force(values, weights, k):
    return min(within(values, weights, cut) for cut in combinations(range(1, len(values)), k - 1))


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.integers(-50, 50), min_size=4, max_size=11),
    data=st.data(),
)
def test_as_good_as_every_partition(values, data):
    values = np.sort(np.array(values, dtype=float))
    weights = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values))), float
    )
    k = data.draw(st.integers(2, 4))
    starts = optimal_starts(values[None], weights[None], k)[0]
    assert (np.diff(starts) >= 0).all()
    assert within(values, weights, starts) == pytest.approx(brute_force(values, weights, k), abs=1e-8)


@pytest.mark.parametrize(("n", "k"), [(25, 3), (337, 6), (337, 9), (120, 2)])
def test_same_classes_as_jenkspy(n, k):
    values = np.random.default_rng(n + k).lognormal(size=n)
    theirs = jenkspy.jenks_breaks(values.tolist(), n_classes=k)[1:-1]
    ours = optimal_breaks(values, k)
    upper = k - 1 - np.searchsorted(theirs, values, side="left")
    assert (assign(values, ours) == upper).all()


def test_rows_of_a_batch_are_independent():
    rng = np.random.default_rng(3)
    values = np.sort(rng.normal(size=(5, 80)), axis=1)
    weights = rng.integers(0, 4, size=(5, 80)).astype(float)
    together = optimal_starts(values, weights, 5)
    for row in range(5):
        alone = optimal_starts(values[[row]], weights[[row]], 5)
        assert (alone[0] == together[row]).all()


def test_large_offsets_do_not_cancel():
    values = np.array([0.0, 0.1, 5.0, 5.2, 9.0]) + 1e9
    assert optimal_breaks(values, 3) - 1e9 == pytest.approx([2.55, 7.1], abs=1e-5)


def test_equal_values_never_part():
    values = np.array([1, 1, 1, 1, 2, 3, 3])
    labels = assign(values, optimal_breaks(values, 2))
    assert all(len(set(labels[values == v])) == 1 for v in np.unique(values))


def test_fewer_values_than_classes():
    with pytest.raises(MktError, match="不同的数值"):
        optimal_breaks([1, 1, 2], 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=2, max_size=7))
def test_pyramid_is_the_nearest_that_never_shrinks(sizes):
    from sklearn.isotonic import isotonic_regression

    sizes = np.array(sizes, dtype=float)
    ours = pyramid_shares(sizes[None])[0]
    assert ours == pytest.approx(isotonic_regression(sizes), abs=1e-9)
    assert ours.sum() == pytest.approx(sizes.sum())


def test_given_sizes_are_met_exactly():
    starts = starts_for_sizes(np.ones((1, 337)), np.array([4, 15, 30, 70, 90, 128]))[0]
    assert np.diff([0, *starts, 337])[::-1].tolist() == [4, 15, 30, 70, 90, 128]


def test_other_totals_scale_the_sizes():
    starts = starts_for_sizes(np.ones((1, 100)), np.array([1, 1, 2]))[0]
    assert np.diff([0, *starts, 100])[::-1].tolist() == [25, 25, 50]


def test_a_break_belongs_to_the_upper_tier():
    assert assign(np.array([5.0, 4.999, 7.0]), np.array([5.0, 7.0])).tolist() == [1, 2, 0]
