"""Tables in words, as text and as HTML: nothing is markup, nothing is changed, all lines are equally wide."""

import pandas as pd
import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports.one.markup import inert_html, table_html
from mktanalysis.words import render

TABLE = pd.DataFrame(
    {
        "region": ["320100", "<b>x</b>"],
        "name": ["南京市", "<script>alert(1)</script>"],
        "cost": [1.5e6, float("nan")],
        "share": [0.235, 0.5],
        "held": [True, False],
    }
)


def columns(table=TABLE, **how):
    return render.columns_of(table, render.Units(**how))


def test_money_of_a_table_is_in_one_unit():
    table = TABLE.assign(saving=[2e9, 0.0], gdp_per_capita=[1e5, 2e5], gdp=[5e11, 1e12])
    units = {column.name: column.unit for column in columns(table)}
    assert units["cost"] == units["saving"] == "亿元"
    assert units["gdp_per_capita"] == "元" and units["gdp"] == "亿元"
    units = {column.name: column.unit for column in columns(table, money="万元")}
    assert units == {**units, "cost": "万元", "gdp": "万元", "gdp_per_capita": "元"}


def test_the_table_is_not_changed():
    before = TABLE.copy(deep=True)
    columns()
    pd.testing.assert_frame_equal(TABLE, before)


def test_percent_of_percent_is_refused():
    with pytest.raises(MktError, match="份额"):
        columns(TABLE.assign(share=[23.5, 50.0]))


def test_a_figure_of_an_indicator_is_shown_in_its_unit():
    table = pd.DataFrame(
        {"indicator": ["gdp", "urban_rate"], "value": [4.3e11, 0.71], "unit": ["yuan", "share"]}
    )
    found = {column.name: column.texts for column in columns(table)}
    assert found["indicator"] == ("地区生产总值", "城镇化率")
    assert found["value"] == ("4,300", "71%") and found["unit"] == ("亿元", "%")


def test_html_is_inert_and_the_report_page_keeps_it():
    html = render.html_table(columns(), title="<i>题</i>")
    assert "<script" not in html and "<b>" not in html and "<i>" not in html
    page = table_html(html)
    for text in ("南京市", "23.5%", "首年费用（万元）", "&lt;script&gt;alert(1)&lt;/script&gt;", "<caption>"):
        assert text in page and text in inert_html(html)
    assert page.count("<tr>") == 3 and page.count("</td>") == 10


def test_text_lines_up_whatever_the_script():
    lines = render.text_table(columns(TABLE.assign(name=["南京市", "abc"]))).split("\n")
    rule = [len(part) for part in lines[1].split("  ")]
    assert len(lines) == 4 and render.text_width(lines[0]) <= sum(rule) + 2 * (len(rule) - 1)
    ends = {render.text_width(line[: line.index("%")]) for line in lines[2:]}
    assert len(ends) == 1


def test_prose_is_folded_and_names_are_not():
    table = pd.DataFrame({"name": ["内蒙古自治区呼和浩特市"], "reason": ["为梯级贡献很多，" * 12]})
    text = render.text_table(columns(table), width=70)
    assert max(map(render.text_width, text.split("\n"))) <= 70
    assert "内蒙古自治区呼和浩特市" in text.split("\n")[2]
    assert "".join(line[11:].strip() for line in text.split("\n")[2:]) == "为梯级贡献很多，" * 12
