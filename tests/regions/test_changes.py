import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktanalysis.errors import MktError, TableError
from mktanalysis.regions import check_crosswalk, compose_crosswalks, translate


def random_step(rng, regions: list[str]) -> pd.DataFrame:
    rows = []
    for old in regions:
        if rng.random() < 0.5:
            targets = rng.choice(regions, size=rng.integers(1, 4), replace=False)
            rows += [
                (old, new, share)
                for new, share in zip(targets, rng.dirichlet(np.ones(len(targets))), strict=True)
            ]
    return pd.DataFrame(rows, columns=["old", "new", "share"]).astype(
        {"old": "str", "new": "str", "share": float}
    )


@given(seed=st.integers(0, 9999))
@settings(max_examples=25, deadline=None)
def test_composition_equals_step_by_step_and_sums_stay(seed):
    rng = np.random.default_rng(seed)
    regions = list("abcdef")
    steps = [random_step(rng, regions) for _ in range(3)]
    values = pd.Series(rng.uniform(1, 9, 6), regions)
    before = values.copy()
    slow = values
    for step in steps:
        slow = translate(slow, step)
    fast = translate(values, compose_crosswalks(steps))
    pd.testing.assert_series_equal(fast[fast > 1e-12], slow[slow > 1e-12])
    assert fast.sum() == pytest.approx(values.sum())
    pd.testing.assert_series_equal(values, before)


def test_panel_mean_and_missing():
    split = pd.DataFrame({"old": ["a", "a", "b"], "new": ["b", "c", "c"], "share": [0.25, 0.75, 1.0]})
    index = pd.MultiIndex.from_product([["a", "b"], [2020, 2021]], names=["region", "period"])
    panel = translate(pd.Series([4.0, np.nan, 1.0, 2.0], index), split)
    assert panel[("c", 2020)] == 4.0 and panel[("b", 2020)] == 1.0
    assert panel[("c", 2021)] != panel[("c", 2021)]  # a part is unknown
    rates = translate(
        pd.Series({"a": 0.5, "b": 0.9}), split, how="mean", weights=pd.Series({"a": 4.0, "b": 1.0})
    )
    assert rates["c"] == pytest.approx((0.5 * 3 + 0.9) / 4) and rates["b"] == pytest.approx(0.5)


def test_bad_crosswalks():
    good = pd.DataFrame({"old": ["a", "a"], "new": ["b", "c"], "share": [0.4, 0.6]})
    assert check_crosswalk(good) is good
    with pytest.raises(TableError, match="之和应为 1"):
        check_crosswalk(good.iloc[:1])
    with pytest.raises(TableError, match="0 到 1"):
        check_crosswalk(good.assign(share=[1.5, -0.5]))
    with pytest.raises(TableError, match="多次"):
        check_crosswalk(good.assign(new="b"))
    with pytest.raises(TableError, match="缺少这一列"):
        check_crosswalk(good.drop(columns="share"))
    with pytest.raises(MktError, match="重复"):
        translate(pd.Series([1.0, 2.0], ["a", "a"]), good)
    with pytest.raises(MktError, match="how"):
        translate(pd.Series({"a": 1.0}), good, how="max")
