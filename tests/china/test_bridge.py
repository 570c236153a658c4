"""China's panels carried to today: only what was known, published totals met, better than history alone."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.china import bridge_panel, bridge_scores, known_figures, load_breaks, load_panel, said
from mktanalysis.forecasting import backtest_bridge, score_forecasts


def test_an_early_cut_knows_nothing_later():
    known = known_figures(after=2021)
    assert known["period"].max().year == 2024
    nation = known[known["region"] == "100000"].set_index("period")
    months = mkt.load_table("national_retail_monthly").set_index("period")
    assert nation.loc["2024", "value"].item() == months.loc["2024-07", "ytd_growth_rate"]
    assert nation.loc["2024", "error"].item() > 0 == nation.loc["2023", "error"].item()


def test_large_cities_across_the_census_pull_little():
    found = bridge_panel()
    known = found.known[found.known["region"] != "100000"].set_index("region")
    one_base = ["110100", "120100", "310100", "500100"]
    assert known.loc[one_base, "error"].max() < 0.02 < known.drop(index=one_base)["error"].min()
    # 厦门 +21 % is a change of base: its own growth is not put there
    assert known.loc["350200", "value"] > 0.2 and known.loc["350200", "result"] < 0.16


def test_the_nation_grows_as_published_within_its_error():
    found = bridge_panel()
    nation = found.known[found.known["region"] == "100000"]
    off = np.log1p(nation["result"]) - np.log1p(nation["value"])
    assert (off.abs() < 2 * np.hypot(nation["error"], nation["shared_error"])).all()
    top = found.table[found.table["level"] == "nation"]
    assert ((top["lower"] < top["value"]) & (top["value"] < top["upper"])).all()


def test_published_figures_stand_as_they_were():
    panel = load_panel()
    own = bridge_panel().panel.query("status == 'observed'").set_index(["region", "period"])["value"]
    pd.testing.assert_series_equal(
        own.sort_index(), panel.set_index(["region", "period"])["value"].sort_index()
    )


@pytest.mark.parametrize("indicator", ["retail_sales", "gdp", "registered_population"])
def test_figures_of_the_newest_year_are_the_published_ones(indicator):
    """A city that gave a part away years ago keeps its later figures: 四平 (公主岭), 资阳 (简阳)."""
    table = mkt.load_table("city_indicators")
    table = table[(table["indicator"] == indicator) & (table["status"] == "observed")]
    panel = load_panel(indicator).set_index(["region", "period"])["value"]
    last = table["period"].max()
    published = table[table["period"] == last].set_index("region")["value"]
    pd.testing.assert_series_equal(panel.xs(last, level="period"), published.sort_index(), check_names=False)
    before = table[table["period"] == pd.Period("2012", "Y")]["value"].sum()
    assert panel.xs(pd.Period("2012", "Y"), level="period").sum() == pytest.approx(before, rel=2e-3)


def test_a_city_that_gave_a_county_away_does_not_fall():
    wide = load_panel("retail_sales").pivot(index="region", columns="period", values="value")
    growth = np.log(wide).diff(axis=1)
    away = growth["2016"] - growth["2016"].median()
    assert abs(away["512000"]) < 0.1 and abs(away["510100"]) < 0.1  # 简阳, from 资阳 to 成都


def test_gdp_is_carried_by_the_provinces():
    found = bridge_panel("gdp")
    assert found.table["period"].max().year == 2024
    table = mkt.load_table("province_indicators").query("indicator == 'gdp'")
    gdp = table.pivot(index="region", columns="period", values="value")
    result = found.known.set_index("region")["result"]
    growth = (gdp["2024"] / gdp["2023"] - 1).reindex(result.index)
    assert (result - growth).abs().median() < 0.01


def test_said_names_years_and_sources():
    words = said(bridge_panel())
    assert "公布数到 2023 年" in words and "2026" in words and "1—7 月" in words


def test_unknown_indicator():
    with pytest.raises(mkt.MktError, match="retail_sales"):
        known_figures("registered_population")


def test_the_known_halves_the_error_of_cities():
    breaks = load_breaks("retail_sales")
    results = backtest_bridge(
        load_panel(), lambda year: known_figures(after=year), mkt.load_regions(), cutoffs=(2014, 2020, 2021),
        breaks=breaks, model="log_recent_drift",
    )  # fmt: skip
    scores = score_forecasts(results).set_index(["level", "model"])
    city = scores.xs("prefecture")
    assert city.loc["bridge", "wape"] < 0.75 * city.loc["forecast", "wape"]
    assert 0.7 < city.loc["bridge", "coverage"] < 0.9


def test_intervals_of_every_level_hold_what_they_promise():
    """Ten cut-offs: their common errors are few draws, so that the top is judged by a wider band."""
    scores = bridge_scores().set_index(["model", "level"])
    held = scores.loc["bridge", "coverage"]
    assert held[["macro_region", "province", "prefecture"]].between(0.72, 0.86).all()
    assert 0.6 <= held["nation"] <= 1.0
    better = scores.loc["bridge", "wape"] / scores.loc["forecast", "wape"]
    assert (better < 0.8).all() and better["nation"] < 0.5
