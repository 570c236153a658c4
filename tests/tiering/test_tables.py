"""Tiers as tables: nothing that the estimators do not hold."""

import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import tiering


@pytest.fixture(scope="module")
def scores():
    market = mkt.synthetic.make_market(
        n_provinces=3, n_prefectures=4, n_counties=1, n_periods=4, random_state=0
    )
    table = market.indicators
    return mkt.score_regions(table[table["period"] == table["period"].max()], check_units=False)


def test_one_row_a_region_best_first(scores):
    clusters = mkt.TierClusterer(3, n_resamples=20, random_state=0).fit(scores)
    table = tiering.tier_table(clusters, scores)
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert (table["score"].diff().dropna() <= 0).all()
    pd.testing.assert_series_equal(
        table["tier"].sort_index(), clusters.tiers_.dropna().sort_index(), check_names=False
    )
    alone = mkt.TierClusterer(3, n_resamples=0).fit(scores)
    assert tiering.tier_table(alone, scores)["stability"].isna().all()


def test_centres_are_means_by_tier(scores):
    tiers = mkt.TierClusterer(3, n_resamples=0).fit(scores).tiers_
    centers = tiering.tier_centers(scores, tiers)
    first = centers.index[0]
    members = tiers.index[tiers == first]
    pd.testing.assert_series_equal(
        centers.loc[first], scores.standardised.loc[members].mean(), check_names=False
    )


def test_pairs_agree_with_themselves_and_both_ways():
    a = pd.Series(pd.Categorical(["一", "一", "二", "三"], ["一", "二", "三"], ordered=True), list("wxyz"))
    b = pd.Series(pd.Categorical(["一", "二", "二", "三"], ["一", "二", "三"], ordered=True), list("wxyz"))
    found = tiering.pairwise_agreement({"a": a, "b": b})
    assert found.loc["a", "a"] == pytest.approx(1.0) and found.loc["a", "b"] == pytest.approx(
        found.loc["b", "a"]
    )


def test_notable_regions_are_the_top_and_the_movers():
    ranks = pd.DataFrame({2010: [1.0, 2, 3, 4, 5, 6], 2020: [1.0, 3, 2, 6, 5, 4]}, index=list("abcdef"))
    chosen = tiering.notable(ranks, top=2, movers=1, also=["e", "missing"])
    assert chosen == ["a", "c", "d", "f", "e"]  # d fell most, f rose most
