"""Own figures over built-in ones: they win, all is told, other units and old codes are refused."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.io import overlay


@pytest.fixture(scope="module")
def builtin():
    table = mkt.load_table("city_indicators")
    return table[table["indicator"].isin(["gdp", "retail_sales"]) & (table["status"] == "observed")]


def _own(builtin, factor=1.04, indicator="retail_sales", n=30):
    rows = builtin[(builtin["indicator"] == indicator) & (builtin["period"] == pd.Period("2023", "Y"))].head(
        n
    )
    return pd.DataFrame(
        {"region": rows["region"], "period": pd.Period("2024", "Y"), "indicator": indicator,
         "value": rows["value"] * factor}
    )  # fmt: skip


def test_a_new_year_is_added_and_nothing_else_changes(builtin):
    own = _own(builtin)
    laid = overlay(builtin, own, tree=mkt.load_regions(), source="年鉴 2025")
    assert len(laid.table) == len(builtin) + len(own) and set(laid.report["kind"]) == {"new"}
    mine = laid.table[laid.table["period"] == pd.Period("2024", "Y")]
    assert set(mine["source"]) == {"年鉴 2025"} and set(mine["unit"]) == {"yuan"}
    old = laid.table[laid.table["period"] < pd.Period("2024", "Y")].reset_index(drop=True)
    keys = ["region", "period", "indicator"]
    pd.testing.assert_frame_equal(old, builtin.sort_values(keys, ignore_index=True))
    assert laid.breaks.empty and "新增 30 个" in laid.said()


def test_changed_and_same_are_told_apart(builtin):
    own = _own(builtin, 1.0).assign(period=pd.Period("2023", "Y"))
    own.iloc[0, own.columns.get_loc("value")] *= 1.1
    laid = overlay(builtin, own)
    assert laid.report["kind"].value_counts().to_dict() == {"same": 29, "changed": 1}
    assert laid.report.loc[laid.report["kind"] == "changed", "change"].item() == pytest.approx(0.1)
    assert len(laid.table) == len(builtin)


def test_another_base_is_asked_about(builtin):
    own = _own(builtin)
    own.iloc[3, own.columns.get_loc("value")] *= 0.6
    laid = overlay(builtin, own)
    assert laid.breaks["region"].tolist() == [own["region"].iloc[3]]
    assert laid.breaks["step"].item() == pytest.approx(np.log(0.6), abs=0.01)
    assert "口径" in laid.said()


@pytest.mark.parametrize(("factor", "word"), [(1e-8, "亿"), (1e-4, "万")])
def test_other_units_are_refused(builtin, factor, word):
    with pytest.raises(mkt.TableError, match=f"以“{word}”为单位"):
        overlay(builtin, _own(builtin, factor))


def test_old_codes_and_doubles_are_told_together(builtin):
    own = _own(builtin)
    own = pd.concat([own, own.head(1), own.head(1).assign(region="371200")])
    with pytest.raises(mkt.TableError) as told:
        overlay(builtin, own, tree=mkt.load_regions())
    assert "两次" in str(told.value) and "371200" in str(told.value)


def test_a_panel_without_indicator_works_and_row_order_does_not_matter():
    panel = mkt.load_panel("retail_sales")
    rows = panel[panel["period"] == pd.Period("2023", "Y")].head(10)
    own = rows.assign(period="2024", value=rows["value"] * 1.03)
    first = overlay(panel, own)
    second = overlay(panel.sample(frac=1, random_state=0), own[::-1])
    pd.testing.assert_frame_equal(first.table, second.table)
    assert first.table["period"].dtype == panel["period"].dtype
    assert len(first.table) == len(panel) + 10
