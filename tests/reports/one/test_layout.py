"""The order of a page: what was asked for, the first page, evidence, appendix; neighbours; alt texts."""

import json
import re

import pytest

from mktanalysis import stories, style
from mktanalysis.reports.one.job import Job
from mktanalysis.reports.one.markup import table_html
from mktanalysis.reports.one.outputs import headline
from mktanalysis.reports.one.page import given_parameters, report_page
from mktanalysis.reports.plan.notebook import node
from mktanalysis.words.render import Units, columns_of, html_table

FACTS = {"version": "1", "data": "d" * 64, "package": "p" * 64, "notebook": "n" * 64}
PARAMETERS = (
    'province: str = "320000"  # 省份：六位代码或名称\n'
    "share: float = 0.01  # 本品类占社零的比例（假设，请换成自己的）\n"
    "flag: bool = True  # 是否含县"
)


def job(**more):
    cell = {"cell_type": "code", "source": PARAMETERS, "metadata": {"tags": ["parameters"]}}
    known = {"parameters": {"province": "320000", "share": 0.02, "flag": False}, "before": ["a-1", "浙江省"]}
    facts = {**FACTS, "started": "2026-11-27T06:00:00+00:00"}
    return Job(
        "r",
        "报告 · 江苏省",
        "n.ipynb",
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}),
        cwd=".",
        facts=facts,
        **{**known, **more},
    )


def shown(thing):
    data, metadata = thing._repr_mimebundle_()
    output = {"output_type": "execute_result", "data": data, "metadata": metadata}
    return {"cell_type": "code", "source": "", "metadata": {}, "outputs": [output]}


def prose(text, *tags):
    return {"cell_type": "markdown", "source": text, "metadata": {"tags": list(tags)}}


STORY = stories.Story(
    "市场",
    stories.Claim("江苏最大。"),
    (stories.Number("gain", 2.5e8, 1e8, 4e8, "八成"),),
    (stories.Claim("先进无锡。"),),
    stories.Claim("区间偏窄。"),
)
CELLS = [
    prose("# 市场报告\n\n一个省的市场。"),
    shown(stories.Strip({"数据": "2023 年"}, {"折现率": "10%"})),
    shown(STORY),
    prose("## 一、大小\n\n证据甲"),
    prose("## 核对\n\n证据丙", "appendix"),
    prose("## 二、路径\n\n证据乙"),
    prose("内部说明", "hide"),
    prose("## 三、现金"),
]


@pytest.fixture
def page():
    return report_page(job(), node({"cells": CELLS}), {"tables": [], "figures": []})


def test_the_first_page_stands_above_the_prose(page):
    order = ["<h1>报告 · 江苏省", 'class="strip"', 'class="first"', "江苏最大。", "先进无锡。", "区间偏窄。",
             "一个省的市场", "证据甲", "证据乙", "附录：方法与核对</h2>", "证据丙"]  # fmt: skip
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert page.count("江苏最大。") == 1 and "内部说明" not in page
    assert "<dd>2.5 亿元<small>1 亿元 — 4 亿元，八成</small>" in page
    assert headline(node({"cells": CELLS})) == "江苏最大。"


def test_the_strip_tells_parameters_in_chinese_and_assumptions_apart(page):
    strip = page.partition('class="strip">')[2].partition("</div>")[0]
    assert "<span>省份 <b>江苏省</b></span>" in strip and "<span>是否含县 <b>否</b></span>" in strip
    assert "<em>本品类占社零的比例 <b>0.02</b></em>" in strip
    assert "<span>数据 <b>2023 年</b></span>" in strip and "<em>折现率 <b>10%</b></em>" in strip
    assert "province" not in page.partition("<footer>")[0].partition("<main>")[2]
    assert given_parameters(job(parameters={"odd": [True, None]})) == [("odd", "是、无", False)]


def test_contents_lead_to_the_headings(page):
    links = dict(re.findall(r'<li><a href="#(s\d)">(.*?)</a>', page))
    heads = dict(re.findall(r'<h2 id="(s\d)">(.*?)</h2>', page))
    assert links == heads and list(heads.values()) == ["一、大小", "二、路径", "三、现金", "附录：方法与核对"]
    assert "<h3>核对</h3>" in page
    short = report_page(job(), node({"cells": CELLS[:4]}), {"tables": [], "figures": []})
    assert 'class="toc"' not in short


def test_neighbours_and_the_day_of_the_machine(page):
    assert '<a rel="prev" href="../a-1/report.html">← 浙江省</a>' in page and 'rel="next"' not in page
    assert "生成于 2026 年 11 月 2" in page and "T06:00" not in page
    assert "script" not in page.partition("<body>")[2]


def test_a_figure_shows_its_interval():
    figures = [{"name": "x", "label": "规模", "unit": "亿元", "value": 2.0, "lower": 1.0, "upper": 3.0}]
    page = report_page(job(), node({"cells": []}), {"tables": [], "figures": figures})
    assert "2.00<small>亿元（1.00 — 3.00）</small>" in page


def test_a_common_unit_stands_once_above_its_columns():
    import pandas as pd

    table = pd.DataFrame({"name": ["南京"], "cost": [1e8], "income": [2e8], "share": [0.1]})
    markup = html_table(columns_of(table, Units()), title="题")
    assert markup.count("万元") == 1 and '<th colspan="2">万元</th>' in markup
    clean = table_html(markup)
    assert '<th colspan="2" class="over">万元</th>' in clean
    rows = re.findall(r"<tr>(.*?)</tr>", clean)
    assert re.findall(r"<th[^>]*>", rows[1]) == ['<th class="n">', '<th class="n">']
    assert '<th rowspan="2" class="n">' in rows[0] and '<th rowspan="2">地区' in rows[0]
    assert rows[2].count('<td class="n">') == 3 and "<td>南京" in rows[2]
    alone = html_table(columns_of(table[["name", "cost", "share"]], Units()))
    assert "colspan" not in alone and "（万元）" in alone


def test_alternative_text_says_what_is_seen():
    figure, axes = style.new_figure()
    axes.barh(["苏州", "无锡"], [3.0, 1.0])
    axes.set_title("增量最大的城市", loc="left")
    data, metadata = figure._repr_mimebundle_()
    assert data == {} and metadata["alt"] == "增量最大的城市。苏州 3，无锡 1"
    figure.suptitle("题" * 600)
    assert len(style.describe(figure)) <= 400


def test_a_check_answers_in_chinese():
    output = {"output_type": "stream", "name": "stdout", "text": "加得起来： True\n包住：False；x = True"}
    cell = {"cell_type": "code", "source": "", "metadata": {}, "outputs": [output]}
    page = report_page(job(), node({"cells": [cell]}), {"tables": [], "figures": []})
    assert "加得起来：是\n包住：否；x = True" in page


def test_a_column_of_sentences_is_kept_wide_and_one_of_words_is_not():
    sentence = "与已有单元相邻；强势邻区辐射省下 225 万元；打开 1 个后续单元"
    rows = "".join(
        f"<tr><td>{name}</td><td>5</td><td>{why}</td></tr>"
        for name, why in [("南京", sentence), ("苏州", "近")]
    )
    head = "<tr><th>地区</th><th>数</th><th>为什么</th></tr>"
    for thead in (head, f'<thead><tr><th rowspan="2">地区</th><th colspan="2">甲</th></tr>{head}</thead>'):
        clean = table_html(f"<table>{thead}<tbody>{rows}</tbody></table>")
        assert f'<td class="long">{sentence}</td>' in clean and '<td class="long">近</td>' in clean
        assert "<td>南京</td>" in clean and '<td class="n">5</td>' in clean
