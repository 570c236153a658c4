"""Whatever the layout, the figures are the same."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktanalysis.io import read_table

FACTORS = {"元": 1.0, "千元": 1e3, "万元": 1e4, "百万元": 1e6, "亿元": 1e8}
SPELLINGS = {
    "320100": ["南京", "南 京 市", "江苏南京", "320100"],
    "320200": ["无锡市", "江苏/无锡", "３２０２００"],
    "320300": ["徐州", "江苏省徐州市"],
    "320500": ["苏州市", "苏州"],
}


@st.composite
def drawn_file(draw):
    """Figures in yuan by region and year, and the rows of a file that holds them."""
    years = draw(st.lists(st.sampled_from(range(2015, 2024)), min_size=1, max_size=4, unique=True))
    unit = draw(st.sampled_from(list(FACTORS)))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    truth = {(code, year): np.round(rng.uniform(1e11, 9e11), -6) for code in SPELLINGS for year in years}
    truth[("320100", years[0])] = np.nan
    name = {code: draw(st.sampled_from(names)) for code, names in SPELLINGS.items()}

    def cell(code, year):
        value = truth[(code, year)]
        number = value / FACTORS[unit]
        return (
            draw(st.sampled_from(["—", "", "…"]))
            if value != value
            else draw(st.sampled_from([f"{number:,.6f}", f"{float(number)!r}"]))
        )

    title = draw(st.sampled_from([[], [["各市主要指标"], []]]))
    notes = draw(st.sampled_from([[], [["注：示例"], ["资料来源：年鉴"]]]))
    layout = draw(st.sampled_from(["long", "wide", "unit above", "double", "listed"]))
    codes = list(SPELLINGS)
    if layout == "long":
        rows = [
            ["城市", "年份", f"社零（{unit}）"],
            *[[name[c], f"{y}年", cell(c, y)] for c in codes for y in years],
        ]
    elif layout == "wide":
        rows = [
            ["地区", *[f"{y}年零售额({unit})" for y in years]],
            *[[name[c], *[cell(c, y) for y in years]] for c in codes],
        ]
    elif layout == "unit above":
        title = [["社会消费品零售总额"], [f"单位：{unit}"]]
        rows = [["地区", *map(str, years)], *[[name[c], *[cell(c, y) for y in years]] for c in codes]]
    elif layout == "double":
        rows = [["地区", f"社零({unit})", *[""] * (len(years) - 1)], ["", *map(str, years)]]
        rows += [[name[c], *[cell(c, y) for y in years]] for c in codes]
    else:
        rows = [["地区", "指标", "单位", *map(str, years)]]
        rows += [[name[c], "社零", unit, *[cell(c, y) for y in years]] for c in codes]
    return truth, [*title, *rows, *notes]


@given(drawn_file())
@settings(max_examples=25, deadline=None)
def test_every_layout_gives_the_same_figures(tmp_path_factory, tree, drawn):
    truth, rows = drawn
    path = tmp_path_factory.mktemp("drawn") / "own.csv"
    width = max(map(len, rows))
    quoted = [",".join(f'"{cell}"' for cell in [*row, *[""] * (width - len(row))]) for row in rows]
    path.write_bytes("\r\n".join(quoted).encode("gb18030"))
    table = read_table(path, kind="indicators", tree=tree)
    found = table.set_index(["region", table["period"].dt.year])["value"]
    expected = pd.Series(truth)
    if expected["320100"].isna().all():
        expected = expected.drop("320100")  # a region without any figure is left out
    assert len(found) == len(expected)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=1e-9, nan_ok=True)
