"""Charts of tiers show what their tables say, in Chinese, without a missing glyph."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import TierClusterer, style
from mktanalysis.charts.tiers import _apart, plot_bump, plot_confusion, plot_profile, plot_tier_ladder
from mktanalysis.errors import MktError


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)), columns=["gdp", "retail_sales", "自定指标"],
                         index=[f"{i:06}" for i in range(60)])  # fmt: skip
    return table, TierClusterer(4).fit(table)


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def ladder_table(clusters):
    return pd.DataFrame({"score": clusters.score_, "tier": clusters.tiers_, "n_imputed": 0})


def test_ladder_places_scores_and_shares(fitted, tmp_path):
    table, clusters = fitted
    rows = ladder_table(clusters).nlargest(12, "score")
    rows.iloc[0, 2] = 3
    names = pd.Series([f"城市{i}" for i in range(60)], table.index)
    figure = plot_tier_ladder(
        rows, clusters.membership_, clusters.breaks_, names=names, title="阶梯", source="测试"
    )
    style.save_figure(figure, tmp_path / "ladder.png")  # a missing glyph is an error
    left, right = figure.axes
    drawn = np.asarray(left.collections[0].get_offsets())
    assert drawn[:, 0] == pytest.approx(rows["score"].to_numpy())
    assert left.get_yticklabels()[0].get_text() == names[rows.index[0]]
    ends = pd.Series([float(bar.get_x() + bar.get_width()) for bar in right.patches])
    rows_of = [round(float(bar.get_y()), 6) for bar in right.patches]
    assert ends.groupby(rows_of).max().to_numpy() == pytest.approx(np.ones(12))
    faces = left.collections[0].get_facecolors()
    assert faces[0].tolist() == [1, 1, 1, 1] and faces[1].tolist() != [1, 1, 1, 1]
    assert "综合得分（空心：部分指标为推算）" in texts(figure)


def test_ladder_of_nothing(fitted):
    _, clusters = fitted
    with pytest.raises(MktError, match="没有可画的地区"):
        plot_tier_ladder(ladder_table(clusters).head(0), clusters.membership_, clusters.breaks_)


def test_bump_draws_ranks_names_and_gaps(tmp_path):
    kind = pd.CategoricalDtype(["甲", "乙"], ordered=True)
    ranks = pd.DataFrame({2019: [1, 2, 3.0], 2020: [2, 1, np.nan], 2021: [2, 1, 3.0]}, index=list("abc"))
    tiers = pd.DataFrame({y: ["甲", "甲", "乙"] for y in ranks}, index=list("abc")).astype(kind)
    figure = plot_bump(
        ranks, tiers, names={"a": "南京", "b": "苏州", "c": "宿迁"}, title="名次", source="测试"
    )
    style.save_figure(figure, tmp_path / "bump.png")
    axes = figure.axes[0]
    assert axes.yaxis_inverted()
    found = texts(figure)
    assert all(any(text.startswith(name) for text in found) for name in ("南京  2", "苏州  1", "宿迁  3"))
    assert any(np.isnan(line.get_ydata().astype(float)).any() for line in axes.lines)
    with pytest.raises(MktError, match="名次"):
        plot_bump(ranks * np.nan, tiers)


def test_names_beside_lines_keep_apart_and_in_order():
    spots = np.array([1.0, 1.01, 1.02, 5.0, 9.0, 9.0])
    placed = _apart(spots, gap=0.5)
    assert (np.diff(placed) >= 0.5 - 1e-12).all()
    assert placed[3] == 5.0 and placed[:3].mean() == pytest.approx(spots[:3].mean())


def test_confusion_writes_every_count(tmp_path):
    counts = pd.DataFrame([[4, 0], [3, 20]], index=["一线", "二线"], columns=["一线", "二线"])
    figure = plot_confusion(counts, rows="甲", columns="乙", title="对照", source="测试")
    style.save_figure(figure, tmp_path / "confusion.png")
    assert {"4", "3", "20"} <= set(texts(figure)) and "0" not in texts(figure)
    share = figure.axes[0].images[0].get_array()
    assert share[1].tolist() == pytest.approx([3 / 23, 20 / 23])
    assert "75.0%" in texts(plot_confusion(pd.DataFrame([[0.75, 0.25]], index=["一线"]), percent=True))


def test_profile_marks_estimates_and_neighbouring_tiers(fitted, tmp_path):
    table, clusters = fitted
    tier = clusters.tiers_.iloc[0]
    imputed = pd.Series({"gdp": True, "retail_sales": False, "自定指标": False})
    figure = plot_profile(
        table.iloc[0], clusters.centers_, tier=tier, imputed=imputed, name="本市", title="画像"
    )
    style.save_figure(figure, tmp_path / "profile.png")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert set(labels) == {"地区生产总值", "社会消费品零售总额", "自定指标"}
    assert "高于（低于）全国平均几个标准差；空心为推算" in texts(figure)
    with pytest.raises(MktError, match="没有级别"):
        plot_profile(table.iloc[0], clusters.centers_, tier="头等")


def test_charts_change_no_table(fitted):
    _, clusters = fitted
    rows, shares = ladder_table(clusters), clusters.membership_.copy()
    before = rows.copy()
    plot_tier_ladder(rows, shares, clusters.breaks_)
    pd.testing.assert_frame_equal(rows, before)
    pd.testing.assert_frame_equal(shares, clusters.membership_)
