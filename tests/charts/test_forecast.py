"""Charts of forecasts: what they show is what the tables hold."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import HierarchicalForecaster, MktError
from mktanalysis.charts import forecast as charts
from mktanalysis.synthetic import make_market


@pytest.fixture(scope="module")
def result():
    market = make_market(n_provinces=2, n_prefectures=2, n_counties=2, n_periods=12, random_state=0)
    return market.tree, HierarchicalForecaster("theta").fit(market.panel, market.tree).forecast(3)


def drawn(figure):
    figure.canvas.draw()  # a missing glyph is a warning, and warnings are errors


def test_fans(result):
    tree, forecast = result
    regions = ["100000", *tree.level("province")]
    figure = charts.plot_fans(
        forecast.history,
        forecast.table,
        regions,
        names=tree.names(),
        unit="亿元",
        title="零售额",
        source="合成市场",
    )
    drawn(figure)
    assert [ax.get_title() for ax in figure.axes[:3]] == [""] * 3  # titles stand left
    assert [ax.get_title(loc="left") for ax in figure.axes[:3]] == list(tree.names(regions))
    dashed = next(line for line in figure.axes[0].lines if line.get_linestyle() == "--")
    nation = forecast.table[forecast.table["region"] == "100000"]
    np.testing.assert_allclose(dashed.get_ydata()[1:], nation["mean"])
    with pytest.raises(MktError, match="没有预测"):
        charts.plot_fans(forecast.history, forecast.table, ["zz"])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_title_and_legend_stand_beside_each_other(result, count):
    tree, forecast = result
    regions = ["100000", *tree.level("province")][:count]
    title = "新疆维吾尔自治区：社会消费品零售总额"
    figure = charts.plot_fans(forecast.history, forecast.table, regions, unit="亿元", title=title)
    drawn(figure)
    heading = figure._suptitle.get_window_extent()
    assert not heading.overlaps(figure.legends[0].get_window_extent())


def test_figures_published_later_are_drawn_into_the_fan(result):
    _, forecast = result
    region = "100000"
    ahead = forecast.table[forecast.table["region"] == region]
    later = pd.DataFrame({"region": region, "period": ahead["period"].iloc[:2], "value": [1.0, 2.0]})
    unknown = later.assign(period=ahead["period"].iloc[0] - 5)
    figure = charts.plot_fans(
        forecast.history, forecast.table, [region], later=pd.concat([later, unknown]), title="题"
    )
    drawn(figure)
    (marks,) = [line for line in figure.axes[0].lines if line.get_label() == "后来公布"]
    assert list(marks.get_ydata()) == [1.0, 2.0] and marks.get_marker() == "D"


def test_coverage_changes_and_season(result):
    _, forecast = result
    figure = charts.plot_level_coverage(forecast.coverage, title="区间兑现率")
    drawn(figure)
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(widths, forecast.coverage["coverage"])
    drawn(charts.plot_changes(pd.Series({"甲": -0.1, "乙": 0.2}), unit="%", label="变化", title="变化"))
    with pytest.raises(MktError, match="30"):
        charts.plot_changes(pd.Series(range(31)))
    drawn(charts.plot_seasonal_index(pd.Series([1.2, 0.8, 0.9, 1.1], index=[1, 2, 3, 4]), title="季节指数"))


def test_curves_show_levels_where_known_and_say_so_where_not():
    years = pd.period_range("2010", periods=6, freq="Y")
    panel = pd.DataFrame({"region": ["a"] * 6 + ["b"] * 6, "period": [*years, *years], "value": 0.1})
    panel = panel.astype({"period": "period[Y-DEC]"})
    curve = panel[panel["region"] == "a"].assign(value=0.2)
    levels = pd.DataFrame(
        {"region": ["a", "b"], "saturation": [0.5, None], "lower": [0.4, 0.3], "upper": [0.6, None]}
    )
    figure = charts.plot_curves(panel, curve, levels, ["a", "b"], title="渗透率", source="合成")
    drawn(figure)
    one, other = figure.axes[:2]
    assert [line.get_ydata()[0] for line in one.lines] == [0.1, 0.5, 0.2]
    assert "看不出" in other.texts[0].get_text() and len(other.lines) == 1
    with pytest.raises(MktError, match="没有数据"):
        charts.plot_curves(panel, curve, levels, ["c"])
