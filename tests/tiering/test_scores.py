"""Scores: their parts add up, gaps are estimated and flagged, faulty tables are refused as a whole."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import TableError
from mktanalysis.errors import MktError
from mktanalysis.tiering import TierError, score_regions, suspect_units, wide_indicators


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    size = rng.normal(size=60)
    columns = {name: np.exp(size + 0.3 * rng.normal(size=60) + shift) for name, shift in
               (("gdp", 20), ("retail", 18), ("people", 14), ("wage", 11))}  # fmt: skip
    return pd.DataFrame(columns, index=[f"{i:06}" for i in range(60)])


def test_contributions_add_up_and_scale_is_standard(table):
    details = score_regions(table)
    assert details.contributions.sum(axis=1).to_numpy() == pytest.approx(details.score.to_numpy())
    assert details.standardised.mean().to_numpy() == pytest.approx(np.zeros(4), abs=1e-12)
    assert details.standardised.std(ddof=0).to_numpy() == pytest.approx(np.ones(4))
    assert details.method["weight"].sum() == pytest.approx(1)


def test_score_does_not_depend_on_units_or_row_order(table):
    scaled = table.assign(gdp=table["gdp"] / 1e8).sample(frac=1, random_state=1)
    pd.testing.assert_series_equal(score_regions(scaled).score, score_regions(table).score)


def test_input_is_not_changed(table):
    gap = table.copy()
    gap.iloc[3, 1] = np.nan
    before = gap.copy()
    score_regions(gap)
    pd.testing.assert_frame_equal(gap, before)


def test_long_and_wide_are_one(table):
    long = table.rename_axis("region").reset_index().melt("region", var_name="indicator")
    long = long.assign(period=pd.Period("2020", "Y"))
    pd.testing.assert_frame_equal(wide_indicators(long)[list(table)], table, check_names=False)
    later = long.assign(period=pd.Period("2021", "Y"))
    with pytest.raises(MktError, match="一个时期"):
        score_regions(pd.concat([long, later]))


def test_negative_direction_turns_the_indicator(table):
    one = score_regions(table[["gdp", "wage"]], negative=("wage",))
    assert one.standardised["wage"].corr(np.log(table["wage"])) == pytest.approx(-1)


def test_weights_by_name_choose_the_indicators(table):
    details = score_regions(table, weights={"gdp": 3, "retail": 1})
    assert details.method["weight"].to_dict() == {"gdp": 0.75, "retail": 0.25}
    with pytest.raises(MktError, match="不在数据里"):
        score_regions(table, weights={"sales": 1})
    with pytest.raises(MktError, match="非负"):
        score_regions(table, weights={"gdp": -1})


def test_principal_component_weights_match_sklearn(table):
    from sklearn.decomposition import PCA

    details = score_regions(table, weights="pca")
    loading = np.abs(PCA(1).fit(details.standardised).components_[0])
    assert details.method["weight"].to_numpy() == pytest.approx(loading / loading.sum())


def test_principal_component_refuses_opposed_indicators(table):
    with pytest.raises(MktError, match="方向相反"):
        score_regions(table.assign(far=1 / table["gdp"]), weights="pca")


def test_gaps_are_estimated_from_the_regions_other_figures(table):
    rng = np.random.default_rng(1)
    gone = pd.Series(rng.random(60) < 1 / 3, table.index)
    holes = table.assign(retail=table["retail"].mask(gone))
    details = score_regions(holes)
    truth = score_regions(table)
    assert (details.imputed["retail"] == gone).all() and not details.imputed.drop(columns="retail").any(
        axis=None
    )
    guess, real = np.log(holes["retail"]).fillna(0), np.log(table["retail"])
    estimate = (
        details.standardised["retail"] * details.method.loc["retail", "spread"]
        + details.method.loc["retail", "mean"]
    )
    assert (estimate[gone] - real[gone]).abs().mean() < 0.5 * (real[gone] - real.mean()).abs().mean()
    assert guess.notna().all()
    assert (details.error[gone] > 0).all() and (details.error[~gone] == 0).all()
    assert np.corrcoef(details.score, truth.score)[0, 1] > 0.99


def test_error_of_estimates_is_calibrated():
    rng = np.random.default_rng(5)
    size = rng.normal(size=3000)
    table = pd.DataFrame({n: np.exp(size + 0.5 * rng.normal(size=3000)) for n in "abc"})
    holes = table.assign(c=table["c"].mask(pd.Series(rng.random(3000) < 0.3)))
    details, truth = score_regions(holes, check_units=False), score_regions(table, check_units=False)
    gone = details.imputed["c"]
    assert (details.score - truth.score)[gone].std() == pytest.approx(details.error[gone].mean(), rel=0.1)


def test_a_region_of_which_too_little_is_known_has_no_score(table):
    holes = table.copy()
    holes.iloc[0, 1:] = np.nan
    details = score_regions(holes, min_known=0.5)
    assert np.isnan(details.score.iloc[0]) and details.standardised.iloc[0].isna().all()
    assert details.score.iloc[1:].notna().all()


def test_too_few_complete_regions_to_estimate(table):
    holes = table.head(8).copy()
    holes.iloc[0, 0] = np.nan
    with pytest.raises(TierError, match="不足以估计"):
        score_regions(holes)


def test_reference_keeps_the_scale_of_another_year(table):
    grown = score_regions(table * 2, reference=table)
    level = score_regions(table)
    assert ((grown.score - level.score) > 0.3).all()
    pd.testing.assert_series_equal(score_regions(table, reference=table).score, level.score)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda t: t.assign(gdp=t["gdp"].mask(t.index == "000003", -1.0)), TableError, "不能为负"),
        (lambda t: t.assign(gdp=t["gdp"].mask(t.index == "000003", 0.0)), TableError, "不能为零"),
        (lambda t: t.assign(gdp=np.inf), TableError, "不是有限的数"),
        (lambda t: t.assign(gdp="many"), TableError, "数字列"),
        (lambda t: t.assign(gdp=7.0), TierError, "都相同"),
        (lambda t: t.assign(gdp=np.nan), TierError, "没有任何数据"),
        (lambda t: t.head(1), TierError, "只有一个地区"),
        (lambda t: t.head(0), TierError, "空的"),
        (lambda t: pd.concat([t, t.head(2)]), TableError, "重复"),
        (lambda t: t.assign(gdp=t["gdp"].mask(t.index == "000003", t["gdp"] * 1e4)), TableError, "单位"),
        (lambda t: t.assign(gdp=t["gdp"].mask(t.index == "000003", t["gdp"] / 1e8)), TableError, "单位"),
    ],
)
def test_bad_tables_are_refused(table, change, error, words):
    with pytest.raises(error, match=words):
        score_regions(change(table))


def test_every_fault_of_a_table_is_listed(table):
    bad = table.copy()
    bad.iloc[2, 0], bad.iloc[5, 3] = -1, -2
    with pytest.raises(TableError) as caught:
        score_regions(bad)
    assert set(caught.value.problems["row"]) == {"000002", "000005"}


def test_a_wrong_unit_is_found_in_small_and_large_regions(table):
    for region in (table["gdp"].idxmin(), table["gdp"].idxmax(), table["gdp"].index[7]):
        slipped = table.assign(gdp=table["gdp"].where(table.index != region, table["gdp"] * 1e4))
        found = suspect_units(slipped)
        assert found.loc[region, "gdp"] and found.to_numpy().sum() == 1


def test_honest_extremes_pass():
    cities = pd.DataFrame({"gdp": np.geomspace(1e9, 4e12, 300), "people": np.geomspace(1e5, 3e7, 300)})
    assert not suspect_units(cities).any(axis=None)
