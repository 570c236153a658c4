"""Agreement of two gradings against scikit-learn, and what is said about the differences."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, cohen_kappa_score

from mktanalysis import compare_assignments
from mktanalysis.errors import MktError


@pytest.fixture
def two():
    rng = np.random.default_rng(0)
    kind = pd.CategoricalDtype(list("ABCDE"), ordered=True)
    first = rng.integers(0, 5, 300)
    second = np.clip(first + rng.integers(-1, 2, 300), 0, 4)
    index = [f"{i:06}" for i in range(300)]
    return tuple(pd.Series(pd.Categorical.from_codes(c, dtype=kind), index) for c in (first, second))


def test_indices_equal_sklearns(two):
    a, b = two
    found = compare_assignments(a, b.sample(frac=1, random_state=0))
    assert found.kappa == pytest.approx(cohen_kappa_score(a.cat.codes, b.cat.codes, weights="quadratic"))
    assert found.adjusted_rand == pytest.approx(adjusted_rand_score(a.cat.codes, b.cat.codes))
    assert found.agreement == pytest.approx((a.cat.codes == b.cat.codes).mean())
    assert found.confusion.to_numpy().sum() == 300 and found.confusion.loc["A", "E"] == 0


def test_indices_are_symmetric(two):
    one, other = compare_assignments(*two), compare_assignments(*two[::-1])
    assert one.kappa == pytest.approx(other.kappa) and one.adjusted_rand == pytest.approx(other.adjusted_rand)
    assert (one.differing["shift"] == -other.differing["shift"]).all()


def test_an_empty_tier_stays_a_tier():
    kind = pd.CategoricalDtype(list("ABC"), ordered=True)
    a = pd.Series(pd.Categorical(list("AACC"), dtype=kind))
    b = pd.Series(pd.Categorical(list("AACA"), dtype=kind))
    found = compare_assignments(a, b)
    assert found.confusion.shape == (3, 3)
    assert found.differing["shift"].tolist() == [2]


def test_other_numbers_of_tiers_have_no_kappa_but_a_rank_correlation(two):
    a = two[0]
    coarse = a.map({"A": "high", "B": "high", "C": "low", "D": "low", "E": "low"})
    coarse = coarse.astype(pd.CategoricalDtype(["high", "low"], ordered=True))
    found = compare_assignments(a, coarse)
    assert np.isnan(found.kappa) and np.isnan(found.agreement)
    assert 0.7 < found.rank_correlation < 1
    assert found.differing["shift"].isna().all()


def test_regions_of_one_side_only_are_counted(two):
    a, b = two
    found = compare_assignments(a.head(100), b.tail(220))
    assert (found.n_common, found.n_only_a, found.n_only_b) == (20, 80, 200)


def test_reasons_name_the_outstanding_indicators(two):
    parts = pd.DataFrame({"gdp": 0.1, "retail": 0.5, "wage": -0.4}, index=two[0].index)
    found = compare_assignments(*two, contributions=parts)
    assert (found.differing["reason"] == "相对突出：retail（+0.43），相对薄弱：wage（-0.47）").all()


def test_nothing_in_common_and_repeated_regions(two):
    with pytest.raises(MktError, match="没有共同的地区"):
        compare_assignments(two[0].head(2), two[1].tail(2))
    with pytest.raises(MktError, match="重复"):
        compare_assignments(pd.concat([two[0], two[0]]), two[1])


def test_all_in_one_tier():
    same = pd.Series(["A", "A", "A"], dtype=pd.CategoricalDtype(["A"], ordered=True))
    found = compare_assignments(same, same)
    assert np.isnan(found.kappa) and found.agreement == 1 and found.adjusted_rand == 1
