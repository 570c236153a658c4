"""An analyst's own newer figures in force for every verb: they win, they move the rest, and they are told."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import china
from mktanalysis.china import (
    bridge_panel,
    carried_year,
    city_retail,
    load_breaks,
    load_panel,
    market_units,
    newest_year,
    own_figures,
    use_figures,
    with_figures,
)

YEAR = pd.Period("2024", "Y")


def _year(factor=1.035):
    """A whole newer year of retail."""
    panel = load_panel()
    last = panel[panel["period"] == YEAR - 1]
    return last.assign(period=YEAR, indicator="retail_sales", value=last["value"] * factor)


def _rows(*rows):
    table = pd.DataFrame(rows, columns=["region", "period", "indicator", "value"])
    return table.assign(period=pd.PeriodIndex(table["period"].astype(str), freq="Y"))


def test_a_whole_year_moves_what_everything_starts_from_and_nothing_stays_behind():
    before = market_units("prefecture", within="320000")
    with with_figures(own_figures(_year())):
        assert newest_year() == 2024 and carried_year() == 2026
        found = bridge_panel()
        assert found.published == YEAR and found.end.year == 2026
        assert (city_retail(2024)["status"] == "observed").sum() > 290
        assert china.city_profile().values.shape[0] == 337
        during = market_units("prefecture", within="320000")
    assert newest_year() == 2023 and not np.allclose(during["capacity"], before["capacity"])
    pd.testing.assert_frame_equal(market_units("prefecture", within="320000"), before)


def test_single_figures_stand_and_move_the_others_of_the_region():
    panel = load_panel().set_index(["region", "period"])["value"]
    strong = 1.12 * panel["320100", YEAR - 1]
    alone = bridge_panel().panel.set_index(["region", "period"])
    with with_figures(own_figures(_rows(("320100", 2024, "retail_sales", strong)))):
        assert newest_year() == 2023
        found = bridge_panel().panel.set_index(["region", "period"])
    own = found.loc[("320100", YEAR)]
    assert own["value"] == pytest.approx(strong, rel=1e-9) and own["status"] == "observed"
    assert own["lower"] == pytest.approx(own["upper"], rel=1e-6)
    assert found.loc[("320100", YEAR + 1), "status"] == "nowcast"
    assert found.loc[("320200", YEAR), "value"] > alone.loc[("320200", YEAR), "value"]
    assert found.loc[("320200", YEAR), "status"] == "nowcast"


def test_a_city_that_was_never_published_has_its_own_figure():
    with with_figures(own_figures(_rows(("532900", 2024, "retail_sales", 9e10)))):
        found = city_retail(2024).loc["532900"]
        later = city_retail().loc["532900"]
    assert found["retail"] == 9e10 and found["status"] == "observed"
    assert later["status"] == "nowcast" and 0.9 < later["retail"] / 9e10 < 1.2
    assert city_retail(2024).loc["532900", "status"] == "imputed"


def test_a_municipality_counts_as_a_province_and_as_its_city():
    own = own_figures(_rows(("110000", 2024, "gdp", 5.0e12)))
    assert set(own.tables) == {"city_indicators", "province_indicators"}
    assert set(own.report["region"]) == {"110000", "110100"}


def test_changed_published_figures_are_listed():
    panel = load_panel().set_index(["region", "period"])["value"]
    rows = [(code, 2023, "retail_sales", 1.05 * panel[code, YEAR - 1]) for code in ("320100", "320200")]
    own = own_figures(_rows(*rows, ("320300", 2023, "retail_sales", panel["320300", YEAR - 1])))
    assert own.conflicts["region"].tolist() == ["320100", "320200"]
    assert own.conflicts["change"].tolist() == pytest.approx([0.05, 0.05])
    assert "改动 2 个" in own.said() and "与内置相同 1 个" in own.said()


def test_another_base_is_asked_for_and_put_down_when_confirmed():
    anew = _year(1.25)
    with pytest.raises(mkt.TableError, match="全部城市 2024"):
        own_figures(anew)
    with with_figures(own_figures(anew, rebased=True)):
        added = load_breaks("retail_sales")
        assert added["period"].max() == YEAR
        top = bridge_panel().table.query("level == 'nation'").set_index("period")["value"]
        growth = top[YEAR + 2] / top[YEAR + 1] - 1
        assert growth < 0.05
    assert load_breaks("retail_sales")["period"].max() < YEAR


def test_a_single_figure_on_another_base_says_nothing_about_the_others():
    panel = load_panel().set_index(["region", "period"])["value"]
    row = _rows(("320100", 2024, "retail_sales", 1.6 * panel["320100", YEAR - 1]))
    with pytest.raises(mkt.TableError, match="南京市 2024"):
        own_figures(row)
    alone = bridge_panel().table
    with with_figures(own_figures(row, rebased=True)):
        found = bridge_panel().table
    nation = found["region"] == "100000"
    assert np.allclose(found.loc[nation, "value"], alone.loc[nation, "value"], rtol=0.002)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("320100", 2024, "retail_sales", 8600.0)], "为单位"),
        ([("371200", 2024, "retail_sales", 4e10)], "371200"),
        ([("100000", 2024, "retail_sales", 4e13)], "全国"),
        ([("320583", 2024, "retail_sales", 1.7e11)], "县级的内置表没有指标"),
        ([("320100", 2024, "retail_sales", 8e11)] * 2, "两次"),
    ],
)
def test_what_cannot_be_laid_over_is_refused_with_a_reason(rows, words):
    with pytest.raises(mkt.MktError, match=words):
        own_figures(_rows(*rows))


def test_months_are_refused():
    rows = _rows(("320100", 2024, "retail_sales", 8e10))
    with pytest.raises(mkt.MktError, match="按年"):
        own_figures(rows.assign(period=pd.PeriodIndex(["2024-03"], freq="M")))


def test_a_notebook_puts_them_in_force_and_takes_them_away(tmp_path):
    path = tmp_path / "年鉴.csv"
    _year().assign(value=lambda t: t["value"] / 1e8)[["region", "value"]].set_axis(
        ["地区代码", "社会消费品零售总额（亿元）"], axis=1
    ).assign(年份=2024).to_csv(path, index=False)
    try:
        assert use_figures(path) == "年鉴.csv：新增 296 个"
        assert newest_year() == 2024
    finally:
        assert use_figures("") == ""
    assert newest_year() == 2023


def test_inputs_stay():
    rows = _year()
    copy = rows.copy()
    own_figures(rows)
    pd.testing.assert_frame_equal(rows, copy)
