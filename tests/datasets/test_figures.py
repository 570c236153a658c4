"""The figures: census totals, sums over the tree, units, status, breaks."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.china import known_figures
from mktanalysis.datasets import load_indicators


def _series(table, indicator, year):
    part = mkt.load_table(table).query("indicator == @indicator")
    return part[part["period"] == pd.Period(str(year), "Y")].set_index("region")["value"]


def test_census_of_2020_adds_up_through_the_tree():
    tree = mkt.load_regions()
    people = _series("county_indicators", "resident_population", 2020)
    assert tree.rollup(people, "nation")["value"].iloc[0] == 1_409_778_724
    provinces = tree.rollup(people, "province")["value"]
    assert provinces["110000"] == 21_893_095 and provinces["500000"] == 32_054_159
    for level, table in (("prefecture", "city_indicators"), ("province", "province_indicators")):
        stated = _series(table, "resident_population", 2020)
        summed = tree.rollup(people, level)["value"]
        assert set(stated.index) == set(tree.level(level))
        assert (stated.reindex(summed.index) == summed).all()


def test_households_and_urban_people_add_up_too():
    tree = mkt.load_regions()
    homes = _series("county_indicators", "n_households", 2020)
    assert (
        tree.rollup(homes, "prefecture")["value"] == _series("city_indicators", "n_households", 2020)
    ).all()
    people = _series("county_indicators", "resident_population", 2020)
    urban = _series("county_indicators", "urban_rate", 2020)
    city = tree.rollup(urban, "prefecture", how="mean", weights=people)["value"]
    assert np.allclose(city, _series("city_indicators", "urban_rate", 2020).reindex(city.index), atol=2e-6)
    assert tree.rollup(urban, "nation", how="mean", weights=people)["value"].iloc[0] == pytest.approx(
        0.6389, abs=2e-3
    )


def test_zones_are_counted_once():
    zones = mkt.load_table("census_zones")
    people = _series("county_indicators", "resident_population", 2020)
    inside = zones.groupby("region")["resident_population"].sum()
    assert len(zones) == 134 and (inside < people.reindex(inside.index)).all()
    table = mkt.load_table("county_indicators").query("indicator == 'resident_population'")
    status = table[table["period"] == pd.Period("2020", "Y")].set_index("region")["status"]
    assert (status[inside.index] == "allocated").all()
    rest = set(status.index[status == "allocated"]) - set(inside.index)
    assert rest == {"330102", "330109", "330110", "330113", "330114"}  # 杭州, redrawn in 2021


def test_all_337_cities_have_population_in_both_censuses():
    tree = mkt.load_regions()
    cities = tree.table.query("level == 'prefecture' and kind != 'direct'")["region"]
    for year in (2010, 2020):
        people = _series("city_indicators", "resident_population", year).reindex(cities)
        missing = set(people.index[people.isna()])
        assert missing <= ({"460300"} if year == 2010 else set())  # 三沙 was set up in 2012


def test_status_and_missing_go_together():
    table = mkt.load_table("city_indicators")
    filled = table["status"] == "interpolated"
    assert table.loc[filled, "value"].isna().all()
    assert table.loc[~filled, "value"].notna().all()
    assert filled.sum() > 1000
    heads_2000 = table.query("indicator == 'gdp_per_capita'")
    heads_2000 = heads_2000[heads_2000["period"] == pd.Period("2000", "Y")]
    assert (heads_2000["status"] == "interpolated").all()  # the whole year was filled in upstream


def test_known_misprints_are_corrected_or_left_out():
    retail = _series("city_indicators", "retail_sales", 2018)
    assert retail["150800"] == pytest.approx(296.1564e8) and retail["450900"] == pytest.approx(776.0546e8)
    rejected = mkt.load_table("rejected_cells").set_index(["region", "indicator"])["reason"]
    assert "海口" in rejected["632500", "gdp"].iloc[0]
    assert ("430600", "urban_rate") in rejected.index
    cities = mkt.load_table("city_indicators")
    assert set(cities.loc[cities["region"] == "632500", "source"].str[:4]) <= {"2010", "2020"}
    assert cities.query("region == '371200'")["period"].max() == pd.Period("2018", "Y")
    assert cities.query("region == '341400'")["period"].max() == pd.Period("2010", "Y")


def test_base_units_by_known_magnitudes():
    assert _series("city_indicators", "gdp", 2023)["310100"] == pytest.approx(4.7219e12, rel=1e-3)
    assert _series("city_indicators", "gdp_per_capita", 2023)["110100"] == pytest.approx(200_278, rel=0.01)
    assert _series("province_indicators", "gdp", 2023)["440000"] == pytest.approx(13.57e12, rel=0.02)
    monthly = mkt.load_table("national_retail_monthly").set_index("period")
    assert monthly.loc["2019-12", "ytd_value"] == pytest.approx(41.16e12, rel=0.02)
    units = mkt.load_table("city_indicators").groupby("indicator")["unit"].nunique()
    assert (units == 1).all()


def test_january_and_february_together():
    table = mkt.load_table("national_retail_monthly")
    both = table[table["jan_feb_combined"]]
    assert (
        (both["period"].dt.month == 2).all()
        and both["value"].isna().all()
        and both["ytd_value"].notna().all()
    )
    assert len(both) == 15  # 2012-2026
    single = table[~table["jan_feb_combined"]]
    assert single["value"].notna().all()


def test_province_retail_is_the_sum_of_its_cities():
    table = mkt.load_table("city_indicators").query("indicator == 'retail_sales' and region.str[:2] == '32'")
    summed = table.groupby("period")["value"].sum()
    stated = mkt.load_table("province_indicators").query("indicator == 'retail_sales' and region == '320000'")
    stated = stated.set_index("period")["value"]
    assert len(stated) > 15
    assert (stated == summed.reindex(stated.index)).all()
    xinjiang = mkt.load_table("province_indicators").query(
        "region == '650000' and indicator == 'retail_sales'"
    )
    assert xinjiang.empty  # only a fraction of its people live in cities with a figure


def test_imputed_population_only_where_none_is_observed():
    table = mkt.load_table("city_indicators").query("indicator == 'resident_population'")
    assert not table.duplicated(["region", "period"]).any()
    wide = mkt.load_table("city_indicators").pivot(
        index=["region", "period"], columns="indicator", values="value"
    )
    imputed = table[table["status"] == "imputed"].set_index(["region", "period"])["value"]
    implied = (wide["gdp"] / wide["gdp_per_capita"]).reindex(imputed.index)
    assert np.allclose(imputed, implied, atol=1)


def test_breaks_name_known_indicators():
    breaks = mkt.load_table("breaks")
    known = set(mkt.load_table("city_indicators")["indicator"]) | set(
        mkt.load_table("province_indicators")["indicator"]
    )
    assert set(breaks["indicator"]) <= known | set(mkt.list_tables().index)  # a series or a table of one
    retail = breaks.query("indicator == 'retail_sales'")["period"].astype("str").tolist()
    assert retail == ["2005", "2019", "2020"]


def test_growth_scatters_most_in_the_years_of_breaks():
    table = mkt.load_table("city_indicators").query("indicator == 'retail_sales'")
    wide = table.pivot(index="region", columns="period", values="value")
    growth = np.log(wide).diff(axis=1)
    scatter = (growth.quantile(0.9) - growth.quantile(0.1)).dropna().sort_values()
    assert {str(year) for year in scatter.index[-3:]} == {"2005", "2019", "2020"}


def test_counties_have_a_figure_of_2010_only_if_they_are_the_same_unit():
    people = _series("county_indicators", "resident_population", 2010)
    redrawn = {"110101", "310106", "330102", "330203", "370211", "410202", "440115", "500110", "500111"}
    hosts = set(mkt.load_table("census_zones")["region"])
    assert not (redrawn | hosts) & set(people.index) and len(people) > 2000
    assert people[["230110", "230108", "654002", "654003"]].tolist() == [916_408, 190_253, 515_082, 166_261]
    now = _series("county_indicators", "resident_population", 2020).reindex(people.index)
    assert (now / people).between(0.4, 2.5).all()


def test_cities_of_2010_are_on_the_counties_of_2020():
    people = _series("city_indicators", "resident_population", 2010)
    known = {
        "130600": 11_194_379,
        "610400": 5_096_001,
        "460400": 932_362,
        "441500": 2_935_717,
        "222400": 2_271_600,
    }  # census bulletins of the cities
    assert all(people[code] == pytest.approx(count, rel=0.01) for code, count in known.items())


def test_falls_of_revenue_in_2020_and_2022_are_kept():
    revenue = _series("city_indicators", "fiscal_revenue", 2022)
    assert revenue[["540100", "610800"]].notna().all()
    assert _series("city_indicators", "fiscal_revenue", 2020)["420500"] == pytest.approx(139.97e8, rel=1e-3)


def test_indicators_in_wide_form():
    found = load_indicators("prefecture", year=2019, indicators=["gdp", "resident_population"])
    assert list(found.values.columns) == ["gdp", "resident_population"]
    assert found.values.index.equals(found.status.index) and found.values.index.equals(found.years.index)
    assert (found.years.max() <= 2019).all()
    assert found.values.isna().equals(found.status.isna())
    gdp = _series("city_indicators", "gdp", 2019)
    same = found.years["gdp"] == 2019
    assert (found.values.loc[same, "gdp"] == gdp.reindex(found.values.index[same])).all()
    assert (
        "371200" not in found.values.index
        and "371200" in load_indicators("prefecture", year=2018).values.index
    )
    # a city without yearbook figures falls back on the census, with its year beside it
    assert found.years.loc["433100", "resident_population"] == 2010


def test_indicators_can_be_limited_in_age():
    fresh = load_indicators("prefecture", year=2019, indicators=["resident_population"], max_age=2)
    assert (fresh.years["resident_population"].dropna() >= 2017).all()
    assert "433100" not in fresh.values.index


def test_indicators_report_unknown_names():
    with pytest.raises(mkt.MktError, match="disposable_income"):
        load_indicators("prefecture", indicators=["disposable_income"])
    with pytest.raises(mkt.MktError, match="county"):
        load_indicators("town")


def test_county_yearbook_by_known_figures():
    gdp = _series("county_indicators", "gdp", 2020)
    known = {"320583": 427.7e9, "320281": 411.4e9, "330782": 148.6e9}  # 昆山, 江阴, 义乌
    for code, value in known.items():
        assert gdp[code] == pytest.approx(value, rel=1e-3), code
    status = mkt.load_table("county_indicators").query("indicator == 'gdp'").set_index("region")["status"]
    assert (status == "observed").sum() == 2069 and set(status) == {"observed", "allocated"}
    # 禄丰县 532331 became 禄丰市 532302 in 2021
    assert "532302" in gdp and "532331" not in gdp


def test_counties_and_what_they_leave_are_the_city():
    tree = mkt.load_regions()
    gdp = _series("county_indicators", "gdp", 2020)
    status = mkt.load_table("county_indicators").query("indicator == 'gdp'").set_index("region")["status"]
    home = tree.parents("prefecture", gdp.index)
    city = _series("city_indicators", "gdp", 2020)
    whole = gdp.groupby(home).sum()
    with_rest = (status == "allocated").groupby(home).any()
    split = with_rest.index[with_rest]
    assert np.allclose(whole[split], city[split], rtol=1e-6)
    n_all = tree.parents("prefecture", tree.level("county")).value_counts()
    counties = home.value_counts().reindex(n_all.index) == n_all
    whole_city = counties.index[counties].difference(split).intersection(city.index)
    ratio = whole[whole_city] / city[whole_city]
    assert len(ratio) > 20 and abs(ratio.mean() - 1) < 0.002 and ratio.between(0.98, 1.02).all()


def test_main_cities_have_the_yearbooks_growth_on_another_base():
    main = mkt.load_table("main_city_retail").pivot(index="region", columns="period", values="value")
    city = mkt.load_table("city_indicators").query("indicator == 'retail_sales' and status == 'observed'")
    city = city.pivot(index="region", columns="period", values="value")
    ratio = (main / city.reindex(main.index))[pd.period_range("2019", "2023", freq="Y")]
    same = (ratio.sub(1).abs() < 0.02).mean().mean()
    assert 0.85 < same < 0.95
    assert main.loc["310100", "2023"] / city.loc["310100", "2023"] == pytest.approx(0.885, abs=2e-3)
    # breaks name the cities whose 2024 is on another base than their 2023: all but the municipalities
    breaks = mkt.load_table("breaks").query("indicator == 'main_city_retail' and period.dt.year == 2024")
    assert set(main.index) - set(breaks["region"]) == {"110100", "120100", "310100", "500100"}
    growth = np.log(main).diff(axis=1)
    assert growth["2024"].std() > 1.5 * growth[["2021", "2022", "2023"]].std().max()


def test_where_the_nations_level_and_growth_are_on_different_bases():
    """Published growth is against revised figures of the year before: levels alone would say another growth.

    2010, 2015 and 2018 by three to five points, 2020 and 2025 by one: so the bridge takes growth.
    """
    months = mkt.load_table("national_retail_monthly")
    years = months[months["period"].dt.month == 12]
    years = years.set_index(years["period"].dt.year)
    off = np.log(years["ytd_value"]).diff() - np.log1p(years["ytd_growth_rate"])
    revised = off[off.abs() > 0.005].round(3)
    assert revised.to_dict() == {2010: 0.041, 2015: 0.035, 2018: -0.047, 2020: -0.009, 2025: -0.009}
    assert off.drop(revised.index).abs().max() < 0.002
    nation = known_figures(after=2014).query("region == '100000'").set_index("period")["value"]
    assert nation["2015"] == years.loc[2015, "ytd_growth_rate"]
