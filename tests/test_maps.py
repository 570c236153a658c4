"""Every region has a shape, the borders and the inset are there, colours are those of the values."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

import mktanalysis as mkt
from mktanalysis import maps, style
from mktanalysis.maps import geometry

TIERS = ["一线", "二线", "三线"]


def tiers(**labels):
    codes = [code.removeprefix("c") for code in labels]
    return pd.Series(pd.Categorical(list(labels.values()), TIERS, ordered=True), index=codes)


def artists(ax, gid):
    return [artist for artist in ax.get_children() if artist.get_gid() == gid]


def inset_of(ax):
    return next((child for child in ax.child_axes if child.get_label() == "south_china_sea"), None)


def painted(figure, level):
    """Colour of every shape code of a national map."""
    (regions,) = artists(figure.axes[0], "regions")
    colors = [to_hex(color) for color in regions.get_facecolors()]
    codes = geometry.load_shapes(level).codes
    assert len(colors) == len(codes) == len(regions.get_paths())
    return pd.Series(colors, index=codes)


def pixels(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


# --- geometry


@given(lon=st.floats(73, 136), lat=st.floats(2, 54))
def test_projection_is_albers_as_in_proj(lon, lat):
    proj = pyproj.Proj("+proj=aea +lat_1=25 +lat_2=47 +lat_0=35 +lon_0=105 +ellps=WGS84")
    x, y = maps.project([lon], [lat])
    assert np.allclose([x[0], y[0]], np.array(proj(lon, lat)) / 1e3, atol=1e-6)


def test_areas_are_those_of_the_country():
    shapes = geometry.load_shapes("province")
    area = pd.Series(shapely.area(shapes.polygons), index=shapes.codes)
    assert area.sum() == pytest.approx(9.6e6, rel=0.02)
    assert area["710000"] == pytest.approx(36_200, rel=0.02)
    assert area.idxmax() == "650000"


@pytest.mark.parametrize("level", ["province", "prefecture", "county"])
def test_every_region_of_the_tree_has_a_shape(level):
    codes = pd.Series(1, index=mkt.load_regions().level(level))
    codes = geometry.with_land(codes).index
    assert len(codes) >= {"province": 31, "prefecture": 341, "county": 2840}[level]
    assert geometry.shape_codes(codes, level).isin(geometry.load_shapes(level).codes).all()


def test_all_337_prefectures_and_taiwan_hongkong_macao_are_there():
    codes = set(geometry.load_shapes("prefecture").codes)
    assert set(mkt.load_tier_list("2021").index) <= codes
    assert {"710000", "810000", "820000", "110100", "460300", "419000"} <= codes
    assert len(codes) == 337 + 4 + 3 + 3  # groups under a province; islands apart; three reserves in 甘肃


def test_thinned_shapes_keep_every_part_of_the_coverage():
    for level in ("province", "prefecture", "county"):
        fine, coarse = geometry.load_shapes(level), geometry.load_shapes(level, coarse=True)
        assert list(fine.codes) == list(coarse.codes)
        assert not shapely.is_empty(coarse.polygons).any()
        overlaps = [
            shapely.area(s.polygons).sum() - shapely.union_all(s.polygons).area for s in (fine, coarse)
        ]
        assert overlaps[1] <= overlaps[0] < 0.3  # km², one place on the border of 江苏 and 山东
        assert shapely.area(coarse.polygons).sum() == pytest.approx(
            shapely.area(fine.polygons).sum(), rel=1e-3
        )


def test_province_outlines_merged_from_prefectures_are_the_published_ones():
    published = geometry.load_shapes("province").polygons
    merged = geometry.outline(2, coarse=False)
    gap = shapely.area(shapely.symmetric_difference(published, merged))
    assert (gap < 1e-6 * shapely.area(published)).all()


def test_centres_lie_inside():
    shapes, centres = geometry.load_shapes("county"), geometry.centres("county")
    assert centres.index.is_unique
    rows = [np.flatnonzero(shapes.codes == code) for code in ("320583", "460399", "110101")]
    for row in rows:
        point = centres.loc[shapes.codes[row[0]]]
        assert any(shapely.contains_xy(shapes.polygons[r], point.x, point.y) for r in row)


def test_boundaries_load_without_cartopy_or_matplotlib():
    code = (
        "import sys; from mktanalysis.maps import geometry as g; g.load_shapes('county', coarse=True);"
        "print([m for m in ('cartopy', 'matplotlib.pyplot', 'geopandas') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


# --- national maps


def test_colours_are_those_of_the_labels():
    colors = painted(maps.plot_map(tiers(c110100="一线", c320100="二线", c320500="二线")), "prefecture")
    best, second, _ = style.ordered_colors(3)
    assert colors["110100"] == best
    assert colors["320100"] == colors["320500"] == second
    rest = colors.drop(["110100", "320100", "320500"])
    assert (rest == style.MISSING).all()
    assert "710000" in rest.index


def test_a_group_code_colours_all_its_units():
    colors = painted(maps.plot_map(tiers(c469000="一线")), "prefecture")
    assert (colors["469000"] == style.ordered_colors(3)[0]).all()
    assert len(colors["469000"]) == 15


def test_national_map_has_borders_inset_and_legend():
    figure = maps.plot_map(tiers(c110100="一线", c320100="三线"), title="标题", label="级别", source="名单")
    ax = figure.axes[0]
    small = inset_of(ax)
    for axes in (ax, small):
        assert [len(artists(axes, gid)) for gid in ("national_border", "province_borders")] == [1, 1]
        (dashes,) = artists(axes, "nine_dash_line")
        assert len(dashes.get_segments()) == 9
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["一线（1）", "三线（1）", "无数据"]
    assert ax.get_legend().get_title().get_text() == "级别"
    assert figure.get_supxlabel() == "数据来源：名单"


def test_inset_shows_all_islands_and_hides_nothing():
    """No shape of the national map lies under the inset: not even Taiwan's east coast."""
    figure = maps.plot_map(tiers(c110100="一线"))
    ax = figure.axes[0]
    pixels(figure)  # lays the axes out
    small = inset_of(ax)
    corners = ax.transData.inverted().transform(small.get_window_extent().get_points())
    box = shapely.box(*corners.ravel())
    shapes = geometry.load_shapes("prefecture", coarse=True)
    hidden = pd.Series(shapes.codes[shapely.intersects(shapes.polygons, box)])
    assert set(hidden) <= {"460300"}
    (west, east), (south, north) = small.get_xlim(), small.get_ylim()
    islands = shapes.polygons[shapes.codes == "460300"][0]
    assert shapely.box(west, south, east, north).contains(islands)


def test_taiwan_and_every_mainland_region_are_in_the_frame():
    ax = maps.plot_map(tiers(c110100="一线")).axes[0]
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    shapes = geometry.load_shapes("prefecture", coarse=True)
    inside = shapely.within(shapes.polygons, shapely.box(west, south, east, north))
    assert set(shapes.codes[~inside]) <= {"460300"}


@pytest.mark.parametrize("level", ["province", "prefecture", "county"])
def test_every_level_draws_something(level):
    codes = sorted(set(geometry.load_shapes(level).codes))
    figure = maps.plot_map(pd.Series(np.arange(len(codes), dtype=float), index=codes), level=level)
    image = pixels(figure)
    assert len(np.unique(image.reshape(-1, 4), axis=0)) > 50
    assert (image[..., :3] != 255).any(axis=-1).mean() > 0.2
    assert painted(figure, level).nunique() == 6


def test_county_codes_of_both_sides_of_a_change_are_known():
    old, new = (maps.plot_map(pd.Series({c: "x"}), level="county") for c in ("540422", "540481"))
    assert painted(old, "county").equals(painted(new, "county"))


def test_counties_without_land_are_left_off_and_nothing_else():
    figure = maps.plot_map(pd.Series({"232761": 5.0, "232701": 7.0}), level="county")
    assert (painted(figure, "county") != style.MISSING).sum() == 1


def test_prefectures_without_counties_have_one_of_their_own():
    codes = ["441999", "442099", "460399", "460499", "620299"]
    assert list(geometry.shape_codes(codes, "county")) == codes


def test_order_of_rows_changes_nothing_and_inputs_stay():
    values = pd.Series(np.linspace(1, 9, 30), index=mkt.load_regions().level("prefecture")[:30])
    before = values.copy()
    forward, backward = (painted(maps.plot_map(v), "prefecture") for v in (values, values[::-1]))
    pd.testing.assert_series_equal(forward, backward)
    pd.testing.assert_series_equal(values, before)


def test_all_missing_is_a_grey_map():
    figure = maps.plot_map(pd.Series({"320000": np.nan, "330000": np.nan}), level="province")
    assert set(painted(figure, "province")) == {style.MISSING}
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["无数据"]


def test_labels_with_markup_are_plain_text():
    figure = maps.plot_map(pd.Series({"320000": "<b>$x$"}), level="province", title="a_b")
    pixels(figure)
    assert figure.axes[0].get_legend().get_texts()[0].get_text() == "<b>$x$（1）"


@pytest.mark.parametrize(
    ("values", "legend"),
    [
        (pd.Series({"320100": 1, "320200": None, "320300": 5}, dtype="Int64"), 2),
        (pd.Series({"320100": True, "320200": False}), 2),
        (pd.Series({"320100": pd.Period("2024"), "320200": None}), 1),
        (pd.Series({"320100": "a", "320200": None}), 1),
        (pd.Series(dtype=float), 0),
    ],
)
def test_any_kind_of_value_can_be_drawn(values, legend):
    texts = maps.plot_map(values).axes[0].get_legend().get_texts()
    assert len(texts) == legend + 1
    assert texts[-1].get_text() == "无数据"


# --- errors


@pytest.mark.parametrize(
    ("values", "level", "message"),
    [
        (pd.Series({"110000": 1.0}), "prefecture", "110100 北京"),
        (pd.Series({320100: 1.0}), "prefecture", "320100 南京"),
        (pd.Series({"南京市": 1.0}), "prefecture", "320100 南京"),
        (pd.Series({"999999": 1.0}), "county", "999999"),
    ],
)
def test_unknown_code_says_what_may_be_meant(values, level, message):
    with pytest.raises(mkt.UnknownNameError, match=message):
        maps.plot_map(values, level=level)


def test_all_unknown_codes_are_listed_at_once():
    with pytest.raises(mkt.UnknownNameError) as caught:
        maps.plot_map(pd.Series({"000001": 1, "320100": 2, "000002": 3}))
    assert caught.value.unresolved["name"].tolist() == ["000001", "000002"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: maps.plot_map(pd.Series({"320000": 1}), level="nation"), "nation"),
        (lambda: maps.plot_map({"320000": 1}), "Series"),
        (lambda: maps.plot_map(pd.Series([1, 2], index=["320100", "320100"])), "重复"),
        (lambda: maps.plot_map(pd.Series({"320100": np.inf})), "无穷大"),
        (lambda: maps.plot_map(pd.Series({"320100": 1}), within="320583"), "within"),
        (lambda: maps.plot_map(pd.Series({"320100": 1}), within="990000"), "within"),
        (lambda: maps.plot_maps({}), "至少"),
        (lambda: maps.plot_maps({"甲": [1]}), "Series"),
        (lambda: maps.plot_path(pd.Series({"320100": 1}), base=[]), "根据地"),
    ],
)
def test_wrong_use_is_a_clear_error(call, message):
    with pytest.raises(mkt.MktError, match=message):
        call()


# --- parts, several maps, paths


def test_zoom_keeps_to_the_province():
    figure = maps.plot_map(tiers(c110100="一线", c320100="二线"), within="320000", label="级别")
    ax = figure.axes[0]
    around, inside = artists(ax, "regions")
    assert {to_hex(c) for c in around.get_facecolors()} == {style.OUTSIDE}
    assert len(inside.get_paths()) == 13
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["二线（1）", "无数据"]
    assert {"南京", "徐州", "南通"} <= {text.get_text() for text in ax.texts}
    assert inset_of(ax) is None


def test_numbers_of_a_part_are_classed_within_it():
    codes = [c for c in geometry.load_shapes("prefecture").codes if c.startswith("32")]
    values = pd.Series(np.arange(13.0), index=codes)
    far = pd.Series({"110100": 1e9, "310100": -1e9})
    alone, with_others = (
        [t.get_text() for t in maps.plot_map(v, within="320000").axes[0].get_legend().get_texts()]
        for v in (values, pd.concat([values, far]))
    )
    assert alone == with_others
    assert len(alone) == 6


def test_hainan_shows_its_islands_in_the_inset():
    ax = maps.plot_map(tiers(c460100="一线", c460300="二线"), within="460000").axes[0]
    small = inset_of(ax)
    colors = [to_hex(c) for c in artists(small, "regions")[0].get_facecolors()]
    assert style.ordered_colors(3)[1] in colors
    assert style.OUTSIDE in colors
    width = np.ptp(ax.get_xlim())
    assert width < 700  # the island, not the sea


def test_a_prefecture_and_several_provinces_can_be_zoomed_to():
    city = maps.plot_map(pd.Series({"320583": 3.0}), level="county", within="320500")
    assert len(artists(city.axes[0], "regions")[1].get_paths()) == 9
    two = maps.plot_map(pd.Series({"320100": "x"}), within=["320000", "310000"])
    assert len(artists(two.axes[0], "regions")[1].get_paths()) == 14


def test_several_maps_share_their_classes():
    low = pd.Series({"320100": 1.0, "320200": 2.0})
    high = low * 100
    figure = maps.plot_maps({"甲": low, "乙": high}, title="两年")
    left, right = ({to_hex(c) for c in artists(ax, "regions")[0].get_facecolors()} for ax in figure.axes[:2])
    assert left & right == {style.MISSING}
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == ["甲", "乙"]


def test_path_has_a_stage_per_period_and_an_arrow_per_step():
    entered = pd.Series(
        {"320500": 2025, "320600": 2026, "310100": 2026, "330100": None, "320400": 2024}, dtype=object
    )
    figure = maps.plot_path(entered, base="320400")
    ax = figure.axes[0]
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    assert texts == ["根据地（1）", "2025（1）", "2026（2）", "未进入"]
    assert len(artists(ax, "arrow")) == 3
    texts = [t.get_text().split("\n")[0] for t in ax.texts if t.get_gid() != "arrow"]
    assert sorted(texts) == ["1", "2", "2", "★"]


def test_path_arrows_start_at_the_nearest_held_region():
    entered = pd.Series({"320500": pd.Period("2025"), "310100": pd.Period("2026")})
    ax = maps.plot_path(entered, base="320400").axes[0]
    points = geometry.centres("prefecture")[["x", "y"]]
    first, second = artists(ax, "arrow")
    assert np.allclose(first.xyann, points.loc["320400"])
    assert np.allclose(second.xyann, points.loc["320500"])
    assert np.allclose(second.xy, points.loc["310100"])


def test_a_group_of_units_on_a_path_has_a_number_and_no_name():
    ax = maps.plot_path(pd.Series({"659000": 2025, "652300": 2026}), base="650100").axes[0]
    texts = {text.get_text() for text in ax.texts if text.get_gid() != "arrow"}
    assert {"1", "2\n昌吉"} <= texts
    assert not any("nan" in text for text in texts)


def test_path_over_many_provinces_is_national():
    codes = mkt.load_tier_list("2021").index[::20]
    figure = maps.plot_path(pd.Series(2025, index=codes[1:]), base=codes[0])
    assert inset_of(figure.axes[0]) is not None


# --- classes


@given(
    st.lists(st.floats(0.01, 1e12), min_size=1, max_size=60),
    st.integers(2, 8),
    st.sampled_from(["quantile", "log", "equal"]),
)
def test_classes_are_ordered_like_the_numbers(numbers, n, how):
    values = pd.Series(numbers, index=[f"r{i}" for i in range(len(numbers))])
    classes = maps.classify(values, breaks=n, how=how)
    assert classes.notna().all()
    assert classes.cat.ordered
    assert classes.cat.categories.size <= n
    codes = classes.cat.codes[values.sort_values(kind="stable").index]
    assert (np.diff(codes.to_numpy()) <= 0).all()  # higher numbers, earlier (better) classes


def test_quantile_classes_are_about_equal_in_size():
    counts = maps.classify(pd.Series(np.random.default_rng(0).lognormal(size=600))).value_counts()
    assert counts.between(85, 115).all()


def test_given_breaks_are_used_as_they_stand():
    values = pd.Series({"a": 1e8, "b": 5e8, "c": 9e8, "d": np.nan})
    classes = maps.classify(values, breaks=[5e8], unit="亿元")
    assert classes.astype(object).tolist()[:3] == ["< 5", "≥ 5", "≥ 5"]
    assert classes.isna().tolist() == [False, False, False, True]
    assert classes.cat.categories.tolist() == ["≥ 5", "< 5"]


def test_one_value_is_one_class():
    assert maps.classify(pd.Series([3.0, 3.0])).tolist() == ["全部", "全部"]


@pytest.mark.parametrize(
    "arguments",
    [{"breaks": [2, 1]}, {"breaks": []}, {"breaks": 1}, {"how": "jenks"}, {"unit": "千元"}, {"how": "log"}],
)
def test_wrong_classes_are_an_error(arguments):
    with pytest.raises(mkt.MktError):
        maps.classify(pd.Series([-1.0, 2.0]), **arguments)


# --- svg


def test_svg_is_well_formed_complete_and_small():
    values = pd.Series({"320000": "华东", "440000": "华南"})
    text = maps.province_svg(values, label="大区")
    root = ET.fromstring(text)
    titles = [e.text for e in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 34
    assert {"台湾", "海南", "香港", "澳门"} <= set(titles)
    assert len(text) < 60_000
    assert text == maps.province_svg(values, label="大区")
    assert 'href="#china-map"' in text  # the inset shows the same shapes


def test_svg_escapes_what_it_is_given():
    bad = '"><script>alert(1)</script>'
    values = pd.Series({"320000": bad})
    text = maps.province_svg(
        values, label=bad, tooltips=pd.Series({"320000": bad}), links=pd.Series({"320000": f"a.html?{bad}"})
    )
    ET.fromstring(text)
    assert "<script" not in text


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " JavaScript:x", "//evil.example", "https://a.example"]
)
def test_svg_links_are_relative(link):
    with pytest.raises(mkt.MktError, match="相对地址"):
        maps.province_svg(pd.Series({"320000": 1}), links=pd.Series({"320000": link}))


def test_svg_ids_can_be_told_apart():
    with pytest.raises(mkt.MktError, match="identifier"):
        maps.province_svg(pd.Series({"320000": 1}), identifier='a" onload="x')
    ids = re.findall(r'id="([^"]+)"', maps.province_svg(pd.Series({"320000": 1}), identifier="second"))
    assert len(ids) == len(set(ids)) == 34 + 2 and all(found.startswith("second-") for found in ids)


def test_svg_maps_of_a_page_share_their_shapes():
    values = pd.Series({"320000": 1.0, "650000": 2.0, "460000": 3.0})
    whole = maps.province_svg(values, identifier="one")
    again = maps.province_svg(values, identifier="two", shapes="one", hatched=["650000"])
    ET.fromstring(again)
    assert len(again) < len(whole) / 3 and "d=" in whole
    assert set(re.findall(r'href="#(one[^"]*)"', again)) <= set(re.findall(r'id="([^"]+)"', whole))
    assert "下限" in again and "下限" not in whole and again.count("two-hatch") >= 3


def test_estimated_regions_are_hatched_and_counted_in_the_legend():
    values = tiers(c320100="一线", c320500="二线")
    guessed = pd.Series({"320500": True, "320100": False}, name="靠推算")
    figure = maps.plot_map(values, within="320000", marked=guessed)
    (lines,) = artists(figure.axes[0], "estimated")
    assert len(lines.get_paths()) == 1 and lines.get_hatch()
    assert figure.axes[0].get_legend().get_texts()[-1].get_text() == "靠推算（1）"
    assert not artists(maps.plot_map(values, marked=guessed & False).axes[0], "estimated")


def test_numbers_of_a_path_stand_above_its_arrows_with_a_rim():
    figure = maps.plot_path(pd.Series({"320500": 2025, "320200": 2026}), base="320400")
    arrows = [text for text in figure.axes[0].texts if text.get_gid() == "arrow"]
    marks = [text for text in figure.axes[0].texts if text.get_gid() != "arrow" and text.get_text()]
    assert arrows and marks
    assert max(a.get_zorder() for a in arrows) < min(m.get_zorder() for m in marks)
    assert all(mark.get_path_effects() for mark in marks)


def test_a_crowd_of_districts_is_drawn_larger():
    districts = [code for code in geometry.load_shapes("county").codes if code.startswith("5001")]
    entered = pd.Series(2026, index=[code for code in districts if code != "500112"])
    figure = maps.plot_path(entered, base="500112", level="county", within="500000")
    (small,) = [child for child in figure.axes[0].child_axes if child.get_label() == "close_up"]
    wide = np.ptp(small.get_xlim()) / np.ptp(figure.axes[0].get_xlim())
    assert wide < 0.5 and len([text for text in small.texts if text.get_text()]) >= 3
    few = maps.plot_path(pd.Series({"500113": 2026}), base="500112", level="county", within="500000")
    assert not [child for child in few.axes[0].child_axes if child.get_label() == "close_up"]
