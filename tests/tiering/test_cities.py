"""Tiers of China's cities and counties from the built-in tables, gaps, market types."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import TierClusterer, compare_assignments, load_regions, load_table, load_tier_list
from mktanalysis.china import (
    CITY_INDICATORS,
    check_tiers,
    city_panel,
    city_people,
    city_profile,
    county_profile,
    market_position,
    score_cities,
    score_counties,
)
from mktanalysis.errors import MktError
from mktanalysis.tiering import TierModel, market_types, next_tiers, score_regions, tier_history


@pytest.fixture(scope="module")
def scores():
    return score_cities(2021)


@pytest.fixture(scope="module")
def clusters(scores):
    return TierClusterer(n_resamples=0).fit(scores)


def known(scores):
    return ~scores.imputed[["gdp", "retail_sales"]].any(axis=1)


@pytest.mark.parametrize(
    ("year", "kappa"), [(2019, 0.92), (2020, 0.92), (2021, 0.92), (2022, 0.92), (2023, 0.91)]
)
def test_unsupervised_tiers_agree_with_the_published_list(year, kappa):
    scores = score_cities(year)
    tiers = TierClusterer(n_resamples=0).fit(scores).tiers_
    found = compare_assignments(tiers[known(scores)], load_tier_list("2021"))
    assert found.n_common == 296
    assert found.kappa >= kappa and found.agreement >= 0.75


def test_with_the_lists_sizes_given(scores):
    fitted = TierClusterer(pyramid=[4, 15, 30, 70, 90, 128], n_resamples=0).fit(scores)
    found = compare_assignments(fitted.tiers_[known(scores)], load_tier_list("2021"))
    assert found.kappa >= 0.93 and found.agreement >= 0.79


def test_the_four_first_cities(clusters):
    first = clusters.tiers_.index[clusters.tiers_ == "一线"]
    assert set(first) == {"110100", "310100", "440100", "440300"}


def test_profile_has_every_city_and_says_what_is_missing():
    profile = city_profile(2021)
    assert profile.values.shape == (337, len(CITY_INDICATORS))
    assert (profile.status.eq("missing") == profile.values.isna()).all(axis=None)
    assert profile.status.loc["532900", "gdp"] == "missing"  # 大理, an autonomous prefecture
    assert profile.status.loc["532900", "urban_population"] == "imputed"  # the census of 2020 carried on


def test_urban_population_meets_the_census():
    profile = city_profile(2020, indicators=("urban_population", "population_growth"))
    assert profile.values.loc["110100", "urban_population"] == pytest.approx(19_166_433, rel=1e-5)
    between = city_profile(2015, indicators=("urban_population",))
    assert between.status.loc["110100", "urban_population"] == "interpolated"


def test_unknown_indicators_and_years():
    with pytest.raises(MktError, match="没有城市指标"):
        city_profile(2020, indicators=("happiness",))
    with pytest.raises(MktError, match="没有城市指标 'average_wage' 的数据"):
        city_profile(2010, indicators=("average_wage",))


def test_level_breaks_of_2019_and_2020_move_few_cities():
    panel = city_panel(2015, 2022, indicators=("gdp", "retail_sales"))
    history = tier_history(panel, breaks=load_table("breaks"))
    codes = history.tiers.apply(lambda s: s.cat.codes.where(s.notna()))
    moved = (codes.diff(axis=1).fillna(0) != 0).sum()
    unlinked = tier_history(panel).tiers.apply(lambda s: s.cat.codes.where(s.notna()))
    assert moved[[2019, 2020]].sum() < (unlinked.diff(axis=1).fillna(0) != 0).sum()[[2019, 2020]].sum()
    assert moved[[2019, 2020]].mean() <= moved[[2016, 2017, 2018, 2021, 2022]].mean() + 3


def test_allocated_figures_of_counties_add_up_to_their_city():
    tree, profile = load_regions(), county_profile(2020)
    cities = city_profile(2020, indicators=("retail_sales",)).values["retail_sales"]
    parent = tree.parents("prefecture", profile.values.index)
    told = profile.status["retail_sales"] == "allocated"
    sums = profile.values["retail_sales"][told].groupby(parent).sum(min_count=1).dropna()
    assert len(sums) > 250
    assert sums.to_numpy() == pytest.approx(cities[sums.index].to_numpy())
    assert (profile.status["retail_sales"].isin(["allocated", "imputed", "missing"])).all()
    with pytest.raises(MktError, match="rural_weight"):
        county_profile(2020, rural_weight=2)


def test_county_tiers_cover_all_with_a_census():
    scores = score_counties(2020)
    tiers = TierClusterer(5, n_resamples=0).fit(scores).tiers_
    assert len(tiers) > 2800 and tiers.notna().sum() > 2800
    assert tiers["320583"] < tiers["542521"]  # 昆山 above 普兰
    assert (tiers.isna() == scores.score.isna()).all()


def test_gaps_lead_exactly_to_the_next_tier(scores, clusters):
    figures = city_profile(2021).values
    for region, direction in (("320200", "up"), ("340100", "down")):
        gaps = next_tiers(scores, clusters, figures, regions=[region])
        gaps = gaps[gaps["direction"] == direction]
        moved = figures.copy()
        moved.loc[region, gaps["indicator"]] = gaps["together"].to_numpy()
        score = score_regions(moved, reference=figures, min_known=0.3, check_units=False).score[region]
        target = scores.score[region] + gaps["score_gap"].iloc[0]
        assert score == pytest.approx(target, abs=1e-6)
        one = gaps.dropna(subset="alone").iloc[0]
        moved = figures.copy()
        moved.loc[region, one["indicator"]] = one["alone"]
        alone = score_regions(moved, reference=figures, min_known=0.3, check_units=False).score[region]
        assert alone == pytest.approx(target, abs=1e-6)


def test_gaps_need_the_clusterers_own_scores(scores, clusters):
    with pytest.raises(MktError, match="不是由这份得分"):
        next_tiers(score_cities(2018), clusters, city_profile(2018).values)
    with pytest.raises(MktError, match="没有得分"):
        next_tiers(scores, clusters, city_profile(2021).values, regions=["999999"])


def test_gaps_at_the_ends_have_one_direction(scores, clusters):
    gaps = next_tiers(scores, clusters, city_profile(2021).values, regions=["310100", "542500"])
    assert set(gaps.loc[gaps["region"] == "310100", "direction"]) == {"down"}
    assert set(gaps.loc[gaps["region"] == "542500", "direction"]) == {"up"}


def test_market_types_follow_the_grid():
    regions = [f"{i}" for i in range(9)]
    potential = pd.Series(np.repeat([3.0, 2.0, 1.0], 3), regions)
    position = pd.Series(np.tile([3.0, 2.0, 1.0], 3), regions)
    types = market_types(potential, position, cuts=((3, 2), (3, 2)))
    assert types["type"].tolist() == [
        "重点开发", "重点开发", "培育", "重点开发", "培育", "等待开发", "培育", "等待开发", "等待开发",
    ]  # fmt: skip
    assert types["type"].cat.ordered and types["type"].cat.categories[0] == "重点开发"


def test_market_types_of_thirds_gaps_and_own_grid():
    potential = pd.Series(np.arange(9.0), [f"{i}" for i in range(9)])
    types = market_types(potential, potential.drop("0"))
    assert types["potential_level"].value_counts(sort=False).tolist() == [3, 3, 3]
    assert pd.isna(types.loc["0", "type"])
    grid = pd.DataFrame([["攻"], ["守"]], index=["大", "小"], columns=["有"])
    own = market_types(potential, potential, grid=grid, cuts=((5,), ()))
    assert own["type"].value_counts(sort=False).to_dict() == {"攻": 4, "守": 5}


def test_market_types_refuse_what_cannot_be_told():
    flat = pd.Series([1.0, 1.0, 1.0])
    with pytest.raises(MktError, match="potential"):
        market_types(flat, pd.Series([1.0, 2.0, 3.0]))
    with pytest.raises(MktError, match="从高到低"):
        market_types(pd.Series([1.0, 2, 3]), pd.Series([1.0, 2, 3]), cuts=((1, 2), None))


def test_a_list_of_cities_learnt_and_applied_to_counties():
    shared = ("gdp", "retail_sales", "bank_deposits", "fiscal_revenue", "urban_population")
    cities = city_profile(2021, indicators=shared).values
    fitted = score_regions(cities, min_known=0.2, check_units=False)
    model = TierModel().fit(fitted.standardised, load_tier_list("2021"))
    counties = county_profile(2021).values[list(shared)]
    counties = counties.where(counties > 0)
    on_city_scale = score_regions(counties, reference=cities, min_known=0.2, check_units=False)
    tiers = model.predict_tiers(on_city_scale.standardised)
    assert tiers["310115"] == "新一线"  # 浦东新区 alone is a large city
    assert tiers["320583"] in ("二线", "三线") and tiers["542521"] == "五线"
    assert tiers.isna().sum() == on_city_scale.score.isna().sum()


def test_the_list_of_2025_that_nothing_was_made_with():
    """Weights, cuts and the choice of indicators never saw it: default, and learnt on 2021 and carried on."""
    found = check_tiers().set_index("system")
    assert (found["n_common"] == 296).all()
    assert found.loc["default", "agreement"] >= 0.807 and found.loc["default", "kappa"] >= 0.933
    assert found.loc["learnt", "kappa"] > found.loc["default", "kappa"]
    assert found.loc["anchored", "agreement"] >= 0.87 and found.loc["anchored", "kappa"] >= 0.958
    assert found.loc["anchored", "agreement"] >= found.loc["former", "agreement"]


def test_figures_carried_to_today_do_not_lower_the_agreement():
    published = check_tiers().set_index("system").loc["default"]
    carried = check_tiers(carried=True).set_index("system").loc["default"]
    assert carried["n_common"] == published["n_common"]
    assert carried["agreement"] >= published["agreement"] and carried["kappa"] >= published["kappa"]


def test_the_list_of_another_year_that_is_kept():
    found = check_tiers(2021, listed="2021").set_index("system").loc["default"]
    assert found["agreement"] >= 0.78 and found["kappa"] >= 0.92


def test_carried_profiles_say_so_and_leave_the_published_ones_alone():
    carried = city_profile(carried=True)
    assert set(carried.status["retail_sales"]) <= {"nowcast", "missing"}
    assert "nowcast" not in set(city_profile().status.to_numpy().ravel())
    assert (carried.status["urban_population"] != "nowcast").all()
    with pytest.raises(MktError, match="补到今天"):
        city_profile(2025)


def test_a_year_without_figures_says_which_there_are():
    with pytest.raises(MktError, match="1990 年没有城市指标；可用 2000—2023 年"):
        score_cities(1990)


def test_position_is_retail_by_resident():
    profile = city_profile(2022)
    found = market_position(profile)
    people = city_people()
    expected = profile.values["retail_sales"] / people.reindex(profile.values.index)
    pd.testing.assert_series_equal(found, expected.dropna(), check_names=False, rtol=1e-3)
    assert "540200" not in found.nlargest(50).index  # few people of 日喀则 are urban: it is no rich market
