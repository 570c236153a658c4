"""Retail of every city and county: totals obeyed, estimates that help, published figures kept."""

import numpy as np
import pytest

import mktanalysis as mkt
from mktanalysis.china import (
    carried_year,
    check_county_gdp,
    check_imputed_retail,
    city_retail,
    county_gdp,
    county_retail,
    load_panel,
)


def _national(year):
    months = mkt.load_table("national_retail_monthly").set_index("period")
    return months.loc[f"{year}-12", "ytd_value"].item()


@pytest.mark.parametrize("year", [2020, 2023])
def test_cities_together_are_the_published_nation(year):
    found = city_retail(year)
    assert found["retail"].sum() == pytest.approx(_national(year), rel=1e-12)
    assert found["status"].value_counts()["imputed"] == 45
    assert not found.isna().any(axis=None)


def test_published_figures_stand():
    panel = load_panel().set_index(["region", "period"])["value"].xs("2023", level="period")
    found = city_retail(2023)
    both = found.index.intersection(panel.index)
    assert (found.loc[both, "retail"] == panel[both]).all()
    assert (found.loc[both, "status"] == "observed").all()


def test_what_is_carried_says_so_and_has_an_interval():
    found = city_retail()
    assert carried_year() == 2026 and set(found["year"].dropna()) == {2026}
    carried = found[found["status"] == "nowcast"]
    assert len(carried) > 290 and (carried["lower"] < carried["retail"]).all()
    assert set(found["status"]) == {"nowcast", "imputed"}


def test_left_out_cities_are_met_a_third_better_than_by_the_provinces_median():
    found = check_imputed_retail()
    error = (found[["learnt", "median"]].div(found["retail"], axis=0) - 1).abs()
    assert len(found) > 290
    assert error["learnt"].median() < 0.6 * error["median"].median()
    assert error["learnt"].mean() < 0.67 * error["median"].mean()


def test_xinjiang_is_near_its_likely_retail():
    """The bureau's own figure for the province in 2023 is 385 billion yuan: not used anywhere."""
    found = city_retail(2023)["retail"]
    province = found[found.index.str[:2] == "65"].sum()
    assert 330e9 < province < 440e9


def test_county_gdp_held_out():
    found = check_county_gdp(n_splits=10)
    assert found.loc["heads", "median_error"] > 0.22 and found.loc["heads", "beyond_half"] > 0.18
    assert found.loc["yearbook", "median_error"] <= 0.155
    assert found.loc["yearbook", "beyond_half"] <= 0.04
    assert found.loc["census", "median_error"] < 0.17


def test_counties_share_out_their_city():
    tree = mkt.load_regions()
    counties = county_gdp()
    own = counties["status"] == "observed"
    table = mkt.load_table("county_indicators").query("indicator == 'gdp' and status == 'observed'")
    published = table.set_index("region")["value"]
    assert (counties.loc[published.index, "gdp"] == published).all() and own.sum() == len(published)
    home = tree.parents("prefecture", counties.index)
    shares = counties["share"].groupby(home).sum()
    assert np.allclose(shares[shares > 0], 1)
    gdp = mkt.load_table("city_indicators").query("indicator == 'gdp' and period.dt.year == 2020")
    gdp = gdp.set_index("region")["value"]
    split = home[counties["status"] == "allocated"].unique()
    off = counties["gdp"].groupby(home).sum()[split] / gdp[split] - 1
    assert (off.abs() < 1e-9).mean() > 0.99  # in one city the published counties make more than the city


def test_county_retail_sums_to_the_city_with_an_interval():
    tree = mkt.load_regions()
    counties = county_retail(2023)
    sums = counties["retail"].groupby(tree.parents("prefecture", counties.index)).sum()
    assert np.allclose(sums, city_retail(2023)["retail"].reindex(sums.index))
    several = counties[counties["retail"] > 0]
    assert (several["lower"] <= several["retail"]).all() and (several["retail"] <= several["upper"]).all()
    assert set(counties["status"]) == {"allocated", "imputed"}


def test_rich_counties_get_more_than_their_heads():
    tree = mkt.load_regions()
    counties = county_retail(2023)
    share = counties["population"] / counties["population"].groupby(
        tree.parents("prefecture", counties.index).to_numpy()
    ).transform("sum")
    city = city_retail(2023)["retail"].reindex(tree.parents("prefecture", counties.index).to_numpy())
    heads = share * city.to_numpy()
    for code in ("320583", "320281", "330782", "520382"):  # 昆山, 江阴, 义乌, 仁怀
        assert counties.loc[code, "retail"] > 1.05 * heads[code], code
    assert counties.loc["230111", "retail"] < 0.8 * heads["230111"]  # 呼兰, much poorer than 哈尔滨


def test_years_that_cannot_be():
    with pytest.raises(mkt.MktError, match="2026"):
        city_retail(2030)
    with pytest.raises(mkt.MktError, match="2000"):
        city_retail(1990)
