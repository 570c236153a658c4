"""Charts of the data: shares add up, missing is missing, break years are marked."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import mktanalysis as mkt
from mktanalysis import style
from mktanalysis.charts import regions as charts


@pytest.fixture
def indicators():
    rows = [
        ("a", "2020", "gdp", 1.0, "observed"),
        ("b", "2020", "gdp", 2.0, "imputed"),
        ("a", "2022", "gdp", 3.0, "observed"),
        ("c", "2022", "gdp", np.nan, "interpolated"),
        ("a", "2021", "urban_rate", 0.5, "observed"),
    ]
    table = pd.DataFrame(rows, columns=["region", "period", "indicator", "value", "status"])
    return table.assign(period=pd.PeriodIndex(table["period"], freq="Y"))


def test_coverage_counts_by_hand(indicators):
    before = indicators.copy()
    table = charts.coverage_table(indicators, n_regions=4).set_index(["indicator", "year", "status"])[
        "n_regions"
    ]
    assert table["gdp", 2020].to_dict() == {"imputed": 1, "observed": 1, "withheld": 0, "missing": 2}
    assert table["gdp", 2021].to_dict() == {"imputed": 0, "observed": 0, "withheld": 0, "missing": 4}
    assert table["gdp", 2022, "missing"] == 2
    assert table["gdp", 2022, "withheld"] == 1  # a status without a value is no figure
    assert table["urban_rate", 2022, "missing"] == 4
    pd.testing.assert_frame_equal(indicators, before)


def test_coverage_shares_add_up_on_the_real_table():
    cities = mkt.load_table("city_indicators")
    table = charts.coverage_table(cities, n_regions=350)
    assert table.groupby(["indicator", "year"])["share"].sum().to_numpy() == pytest.approx(1.0)
    known = table[~table["status"].isin(["missing", "withheld"])]["n_regions"].sum()
    assert known == cities["value"].notna().sum()


def test_more_regions_than_there_should_be_is_an_error(indicators):
    with pytest.raises(mkt.MktError, match="多于"):
        charts.coverage_table(indicators, n_regions=1)


def test_coverage_chart_names_indicators_and_leaves_missing_blank(indicators, tmp_path):
    figure = charts.plot_coverage(charts.coverage_table(indicators, n_regions=4), title="覆盖", source="年鉴")
    ax = figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["地区生产总值", "城镇化率"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["20", "21", "22"]
    assert [t.get_text() for t in ax.texts] == ["25\n+25", "25\n×25", "25"]
    style.save_figure(figure, tmp_path / "coverage.png")


def test_breaks_are_marked_and_growth_is_the_median():
    periods = pd.period_range("2017", "2020", freq="Y", name="period")
    path = np.array([10.0, 11.0, 5.5, 6.6])
    values = pd.DataFrame({"a": path, "b": 10 * path, "c": 5 * path}, index=periods)
    values = values.melt(ignore_index=False, var_name="region").reset_index()
    breaks = pd.DataFrame(
        {"indicator": ["gdp", "other"], "period": pd.PeriodIndex(["2019", "2020"], freq="Y")}
    )
    ax = charts.plot_breaks(values, breaks, indicator="gdp").axes[0]
    (points,) = [c for c in ax.collections if hasattr(c, "get_sizes") and len(c.get_offsets()) == 3]
    assert np.allclose(points.get_offsets(), [(2018, 0.1), (2019, -0.5), (2020, 0.2)])
    colors = [to_hex(c) for c in points.get_facecolors()]
    assert colors == [style.LINES[0], style.ACCENT, style.LINES[0]]
    assert [t.get_text() for t in ax.texts] == ["口径变化"]


def test_growth_does_not_bridge_a_missing_year():
    values = pd.DataFrame(
        {
            "region": "a",
            "period": pd.PeriodIndex(["2017", "2018", "2020"], freq="Y"),
            "value": [1.0, 2.0, 8.0],
        }
    )
    breaks = pd.DataFrame({"indicator": [], "period": pd.PeriodIndex([], freq="Y")})
    ax = charts.plot_breaks(values, breaks, indicator="gdp").axes[0]
    (points,) = [c for c in ax.collections if hasattr(c, "get_sizes") and len(c.get_offsets()) == 1]
    assert np.allclose(points.get_offsets(), [(2018, 1.0)])


def test_group_shares_fill_the_bar(tmp_path):
    sizes = pd.DataFrame({"人口": [30.0, 60.0, 10.0], "城市": [1, 1, np.nan]}, index=["华东", "华南", "西北"])
    figure = charts.plot_group_sizes(sizes, title="份额")
    ax = figure.axes[0]
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(3, 2)
    assert np.allclose(widths, [[0.3, 0.5], [0.6, 0.5], [0.1, 0.0]])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["人口", "城市"]
    style.save_figure(figure, tmp_path / "sizes.png")
