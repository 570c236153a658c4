"""What the data hold: counts, absent places, known facts; sizes where no figure is published."""

import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import china


@pytest.fixture(scope="module")
def tree():
    return mkt.load_regions()


def test_sums_equal_what_is_published(tree):
    facts = china.known_facts(tree)
    assert (facts["相差"] == 0).all() and len(facts) == 5


def test_levels_are_counted_by_year(tree):
    counts = china.level_counts([2010, 2020]).set_index("level")
    assert counts.loc["province"].tolist() == [31, 31, 31]
    assert counts.loc["county", "现在"] == len(tree.level("county"))
    old = mkt.load_regions(year=2010)
    assert counts.loc["county", "2010"] == len(old.level("county"))


def test_absent_and_present_make_the_whole(tree):
    figures, year = china.city_figures("retail_sales", 2022, tree)
    absent = china.without_figures(figures, tree)
    ranked = china.ranked_cities(tree)
    present = figures.dropna().index.intersection(ranked)
    assert year == 2022 and len(absent) + len(present) == len(ranked) == 337
    assert not set(absent["region"]) & set(present)
    assert (tree.names(absent["region"]).to_numpy() == absent["name"]).all()


def test_the_nearest_year_is_taken_and_unknown_indicators_are_refused(tree):
    assert china.city_figures("average_wage", 1900, tree)[1] >= 1990
    with pytest.raises(mkt.MktError, match="没有市级指标"):
        china.city_figures("nonsense", 2022, tree)


def test_a_mean_is_weighted_and_an_amount_is_summed(tree):
    wage, _ = china.city_figures("average_wage", 2021, tree)
    found = china.group_totals(wage, "average_wage", tree)["value"]
    assert wage.min() <= found.min() and found.max() <= wage.max()
    retail, _ = china.city_figures("retail_sales", 2021, tree)
    whole = china.group_totals(retail, "retail_sales", tree)["value"].sum()
    assert whole == pytest.approx(retail.sum())


def test_weights_of_macro_regions_add_up(tree):
    weights = china.group_weights(tree, year=2020)
    assert weights["n_counties"].sum() == len(tree.level("county"))
    assert weights["resident_population"].sum() == pytest.approx(1_409_778_724, rel=0.01)


def test_growth_factors_multiply_to_retail(tree):
    factors = china.growth_factors(tree)
    made = factors["population"] * factors["income"] * factors["spend_rate"]
    table = mkt.load_table("city_indicators").query("indicator == 'retail_sales'")
    known = table.set_index(["region", "period"])["value"]
    keys = pd.MultiIndex.from_frame(factors[["region", "period"]])
    assert (made.to_numpy() / known.reindex(keys).to_numpy() == pytest.approx(1.0)) and len(factors) > 500


def test_counties_of_a_city_add_up_to_it(tree):
    city = china.focus_city("retail_sales", tree, "320000")
    assert city == "320500"
    for indicator in ("retail_sales", "gdp", "registered_population"):
        counties = china.county_market(indicator)
        of_city = counties[counties["parent"] == city]
        whole = china.city_market(indicator)["value"][city]
        assert of_city["value"].sum() == pytest.approx(whole) and set(of_city["status"]) == {"allocated"}


def test_published_gdp_of_counties_stands_in_its_year(tree):
    found = china.county_market("gdp", 2020)
    table = mkt.load_table("county_indicators").query("indicator == 'gdp' and status == 'observed'")
    published = table.set_index("region")["value"]
    own = found[found["status"] == "observed"]
    assert len(own) == len(published) and (own["value"] == published[own.index]).all()
    assert (own["lower"] == own["upper"]).all()
    later = china.county_market("gdp")
    wide = later.loc[["320583"]].eval("upper / lower").item()
    assert later.loc["320583", "status"] == "allocated" and 1.05 < wide < 1.4


def test_figures_of_a_year_that_cannot_be():
    with pytest.raises(mkt.MktError, match="2024"):
        china.city_market("gdp", 2031)


def test_the_jiangsu_case():
    outlets = china.jiangsu_outlets(mkt.load_regions())
    assert outlets.loc["江苏", ["n_outlets", "equivalent_outlets"]].tolist() == [196, 184]
    assert outlets["n_outlets"].iloc[:3].tolist() == [108, 48, 40]


def test_pull_is_a_split_among_centres_outside(tree):
    pull = china.outside_pull("retail_sales", tree, "340000")
    shares = pull.filter(like="pull_")
    assert ((shares > 0) & (shares <= 1)).all(axis=None)
    assert pull["pull_3"].mean() > pull["pull_1"].mean()  # a steeper decay favours the nearest


def test_market_units_are_planned_where_there_are_enough(tree):
    assert china.unit_level("320000", tree) == "prefecture" and china.unit_level("110000", tree) == "county"
    units = pd.DataFrame({"region": ["320100", "320500"], "capacity": [1.0, 2.0]})
    assert china.largest_unit(units, tree) == "320500"


def test_people_covered(tree):
    panel = mkt.load_panel("retail_sales")
    share = china.covered_people(panel, tree, "100000")
    table = china.panel_coverage(panel, tree)
    assert 0.9 < share < 1 and (table["n_with"] <= table["n_regions"]).all()
    assert (
        table["n_with"].sum()
        == panel["region"].isin(tree.level("prefecture")).groupby(panel["region"]).any().sum()
    )


def test_a_total_covers_the_people_of_the_places_with_figures(tree):
    retail, _ = china.city_figures("retail_sales", 2022, tree)
    found = china.group_totals(retail, "retail_sales", tree)["covered_share"]
    panel = retail.dropna().rename_axis("region").reset_index()
    expected = china.panel_coverage(panel, tree)["covered_share"]
    assert found.to_dict() == pytest.approx(expected.reindex(found.index).to_dict(), abs=2e-3)
