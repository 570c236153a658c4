"""Other libraries' forms there and back, and other forecasters' figures made coherent."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import HierarchicalForecaster, MktError
from mktanalysis.forecasting import Structure, from_hierarchical_index, from_nixtla, reconcile, to_nixtla
from mktanalysis.synthetic import make_market


@pytest.fixture(scope="module")
def market():
    return make_market(n_provinces=3, n_prefectures=2, n_counties=3, n_periods=14, random_state=0)


def test_there_and_back_gives_the_same_forecast(market):
    series, summing, tags = to_nixtla(market.panel, market.tree)
    panel, structure = from_nixtla(series, summing, tags, freq="Y")
    assert structure.parent is not None and set(tags) == set(market.tree.levels)
    ours = HierarchicalForecaster("theta").fit(market.panel, market.tree).predict(2)
    theirs = HierarchicalForecaster("theta").fit(panel, structure).predict(2)
    both = ours.merge(theirs, on=["region", "period", "level"], suffixes=("", "_back"))
    assert len(both) == len(ours)
    for column in ("mean", "lower", "upper"):
        np.testing.assert_allclose(both[column], both[f"{column}_back"], rtol=1e-9)
    total = series[series["unique_id"] == "100000"].set_index("ds")["y"]
    np.testing.assert_allclose(total, market.panel.groupby("period")["value"].sum(), rtol=1e-12)


def test_one_child_chains_stay_a_tree_and_crossings_a_matrix():
    tree = Structure.from_parents(pd.Series({"N": None, "p": "N", "c": "p", "q": "N", "d": "q", "e": "q"}))
    matrix = pd.DataFrame(tree.summing.toarray(), index=tree.nodes, columns=tree.nodes[tree.leaves])
    periods = pd.date_range("2020", periods=3, freq="YS")
    series = pd.concat([pd.DataFrame({"unique_id": leaf, "ds": periods, "y": 1.0}) for leaf in "cde"])
    back = from_nixtla(series, matrix, freq="Y")[1]
    parents = {n: (back.nodes[p] if p >= 0 else None) for n, p in zip(back.nodes, back.parent, strict=True)}
    assert parents == {"N": None, "p": "N", "q": "N", "c": "p", "d": "q", "e": "q"}
    crossed = pd.concat([matrix, pd.DataFrame([[1, 1, 0]], index=["x"], columns=matrix.columns)])
    assert from_nixtla(series, crossed, freq="Y")[1].parent is None
    with pytest.raises(MktError, match="没有数"):
        from_nixtla(series[series["unique_id"] != "d"], matrix, freq="Y")
    with pytest.raises(MktError, match="unique_id"):
        from_nixtla(series.rename(columns={"y": "value"}), matrix, freq="Y")


def test_hierarchical_index_leaves_totals_out_and_reads_dates():
    index = pd.MultiIndex.from_product(
        [["a", "b", "__total"], pd.date_range("2020-01-01", periods=30, freq="MS")], names=["shop", "time"]
    )
    values = pd.DataFrame({"y": np.arange(90.0)}, index=index)
    panel, structure = from_hierarchical_index(values)
    assert list(structure.nodes) == ["__total", "a", "b"] and len(panel) == 60
    assert panel["period"].dtype == "period[M]"
    table = HierarchicalForecaster("theta").fit(panel, structure).predict(2)
    assert list(table["level"].unique()) == ["total", "shop"]


def rolled(rng, structure, periods, horizon, sd):
    """Random leaves, foreign forecasts from every origin with independent errors, and those errors."""
    errors = rng.normal(0, sd, (len(periods), structure.size, horizon))
    rows = [
        pd.DataFrame(
            {"region": structure.nodes, "period": periods[k], "horizon": h + 1, "error": errors[k, :, h]}
        )
        for k in range(len(periods))
        for h in range(horizon)
    ]
    return pd.concat(rows, ignore_index=True)


def test_foreign_forecasts_add_up_and_are_covered():
    """A foreign forecaster with normal errors of sd 5: reconciled intervals hold 80% of what comes."""
    rng = np.random.default_rng(0)
    structure = Structure.from_parents(pd.Series({"N": None} | {f"c{k:02d}": "N" for k in range(30)}))
    past = pd.period_range("2000Q1", periods=40, freq="Q")
    ahead = pd.period_range(past[-1] + 1, periods=2, freq="Q")
    inside = []
    for _ in range(6):
        errors = rolled(rng, structure, past, 2, 5.0)
        actual = structure.add_up(rng.uniform(100, 200, (30, 2)))
        base = actual - rng.normal(0, 5.0, actual.shape)
        table = pd.DataFrame(
            {
                "region": np.repeat(structure.nodes, 2),
                "period": ahead.append([ahead] * 30),
                "mean": base.ravel(),
            }
        )
        found = reconcile(table, errors, structure, quantiles=[0.1, 0.9])
        wide = found["mean"].to_numpy().reshape(31, 2)
        np.testing.assert_allclose(structure.add_up(wide[structure.leaves]), wide, rtol=1e-9)
        np.testing.assert_allclose(found[["q0.1", "q0.9"]], found[["lower", "upper"]])
        inside.append(found["lower"].le(actual.ravel()) & found["upper"].ge(actual.ravel()))
        # closer to the actual than the base forecasts, at the top by much
        assert np.abs(wide - actual).mean() <= np.abs(base - actual).mean() * 1.02
    assert np.mean(inside) == pytest.approx(0.8, abs=0.08)


def test_forecasts_that_lack_a_node_or_errors_are_refused():
    structure = Structure.from_parents(pd.Series({"N": None, "a": "N", "b": "N"}))
    ahead = pd.period_range("2020", periods=1, freq="Y")
    base = pd.DataFrame({"region": ["N", "a", "b"], "period": ahead.repeat(3), "mean": [9.0, 4.0, 5.0]})
    past = pd.period_range("2010", periods=5, freq="Y")
    errors = pd.DataFrame(
        {"region": np.repeat(["N", "a", "b"], 5), "period": past.append([past, past]), "error": 1.0}
    )
    with pytest.raises(MktError, match="基础预测不全：b"):
        reconcile(base.iloc[:2], errors, structure)
    with pytest.raises(MktError, match="没有一步的误差：a"):
        reconcile(base, errors[errors["region"] != "a"], structure)
    with pytest.raises(MktError, match="top_down"):
        reconcile(base, errors, structure, reconciliation="top_down")
