"""One verb shows a table: heads with units, names beside codes, base values for the report."""

import base64
import json
import re
import zipfile

import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.reports.one.markup import table_html
from mktanalysis.reports.one.publish import RUN_FOLDER
from mktanalysis.words import render

STEPS = render.named(
    pd.DataFrame(
        {
            "period": pd.PeriodIndex(["2025", "2026"], freq="Y"),
            "region": ["320100", "320500"],
            "action": ["深耕", "浅耕"],
            "cost": [5.4e6, 1.2e6],
            "share": [0.235, 0.1],
            "strong_from": pd.array([2027, None], dtype="Int64"),
        }
    ),
    "steps",
)


@pytest.fixture(scope="module")
def tree():
    return mkt.load_regions()


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(RUN_FOLDER, str(tmp_path))
    return tmp_path


def test_heads_say_what_and_in_which_unit(tree):
    shown = mkt.present(STEPS, tree=tree, money="万元")
    assert list(shown.texts.columns) == [
        *("进入年", "地区", "地区代码", "方式", "首年费用（万元）", "期末份额", "强势始于"),
    ]
    assert shown.texts.iloc[0].tolist() == ["2025", "南京市", "320100", "深耕", "540", "23.5%", "2027"]
    assert shown.texts.iloc[1].tolist()[-2:] == ["10.0%", "—"]
    assert shown.table["cost"].tolist() == [5.4e6, 1.2e6] and "name" not in STEPS


def test_columns_are_chosen_and_named():
    shown = mkt.present(STEPS, {"region": "市", "share": "占比"}, rows=1)
    assert list(shown.texts.columns) == ["市", "占比"] and len(shown.texts) == 1
    assert "共 2 行" in repr(shown) and "共 2 行" in shown._repr_html_()
    with pytest.raises(mkt.MktError, match="没有这些列：profit"):
        mkt.present(STEPS, ["profit"])


def test_figures_stand_each_in_their_unit():
    figures = pd.Series({"gain": 2.5e8, "gap": 0.021, "payback_year": 2028.0, "n_held": 7.0})
    shown = mkt.present(figures, kind="plan_figures").texts
    assert shown["项目"].tolist() == ["净现值增量", "与上界的差距", "回本年份", "期末单元数"]
    assert shown["数值"].tolist() == ["2.5 亿元", "2.1%", "2028", "7 个"]


def test_limits_stand_in_one_column():
    table = pd.DataFrame({"region": ["a"], "lower": [1.2e9], "upper": [3.4e9]})
    shown = mkt.present(table, units="yuan", intervals=True).texts
    assert shown["区间（亿元）"].tolist() == ["12 ～ 34"]


def test_base_values_are_published_with_their_units(run_folder, tree):
    from mktanalysis.reports.one.workbook import read_published, write_workbook

    mkt.present(STEPS, tree=tree, money="亿元", rows=1, publish="steps")
    (meta,) = json.loads((run_folder / "published.json").read_text("utf-8"))["tables"]
    assert meta["title"] == "扩张步骤" and meta["rows"] == 2
    head = (run_folder / "tables" / "steps.csv").read_text("utf-8-sig").splitlines()[0]
    assert head == "进入年,地区,地区代码,方式,首年费用（元）,期末份额（0—1）,强势始于"
    back = read_published(run_folder, meta)
    assert back["首年费用"].tolist() == [5.4e6, 1.2e6] and back["期末份额"].tolist() == [0.235, 0.1]
    write_workbook(run_folder / "tables.xlsx", run_folder, [meta])
    assert cell_as_shown(run_folder / "tables.xlsx", "期末份额") == "0.0%"
    assert cell_as_shown(run_folder / "tables.xlsx", "强势始于") == "0"


def cell_as_shown(path, head):
    """Number format of the first figure below a header."""
    book = zipfile.ZipFile(path)
    texts = re.findall(r"<t[^>]*>(.*?)</t>", book.read("xl/sharedStrings.xml").decode())
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    heads = [int(i) for i in re.findall(r'<c r="[A-Z]+1" s="\d+" t="s"><v>(\d+)</v>', sheet)]
    letter = "ABCDEFGHIJ"[[texts[i].partition("（")[0] for i in heads].index(head)]
    style = int(re.search(rf'<c r="{letter}2" s="(\d+)"', sheet)[1])
    styles = book.read("xl/styles.xml").decode()
    formats = re.findall(r'<xf numFmtId="(\d+)"', styles.partition("<cellXfs")[2])
    codes = dict(re.findall(r'numFmtId="(\d+)" formatCode="(.*?)"', styles))
    return {"1": "0"}.get(formats[style], codes.get(formats[style]))


def test_outside_a_report_publishing_is_only_checked():
    assert mkt.present(STEPS, publish="steps") is not None
    with pytest.raises(mkt.MktError, match="名称"):
        mkt.present(STEPS, publish="Not A Name")


def test_text_from_data_is_never_markup():
    html = mkt.present(pd.DataFrame({"name": ["<script>x</script>"]}), title="<b>")._repr_html_()
    assert "<script" not in html and "<b>" not in html


def test_chosen_columns_keep_the_name_on_the_page_and_the_code_in_the_file():
    table = pd.DataFrame({"region": ["320100"], "name": ["南京市"], "share": [0.2], "rank": [1]})
    shown = mkt.present(table, ["share"])
    assert list(shown.texts.columns) == ["地区", "份额"]
    assert list(shown.sheet().columns) == ["地区", "地区代码", "份额"]
    assert "地区代码" in mkt.present(table, ["region", "share"]).texts.columns


def test_the_source_stands_below_the_table_and_is_no_markup():
    shown = mkt.present(pd.DataFrame({"name": ["南京市"]})).sourced("年鉴<b>公布值</b>")
    assert repr(shown).splitlines()[-1] == "来源：年鉴<b>公布值</b>"
    assert "来源：年鉴&lt;b&gt;公布值" in shown._repr_html_().partition("</table>")[2]
    assert "来源" not in mkt.present(pd.DataFrame({"name": ["南京市"]}))._repr_html_()


def test_bars_are_on_one_scale_and_stay_out_of_texts_and_files(tree):
    table = pd.DataFrame(
        {
            "region": ["320100", "320500", "320200"],
            "now": [1e8, 2e10, None],
            "2028": [1.1e8, 2.4e10, 1e8],
            "lower": [9e7, 2e10, 9e7],
            "upper": [1.5e8, 3e10, 2e8],
        }
    )
    shown = mkt.present(table, tree=tree, units=dict.fromkeys(table.columns[1:], "亿元")).barred(
        "now", "2028"
    )
    bars = next(column for column in shown.shown if column.name == "interval").bars
    assert ['"0.90 到 1.50 倍"' in bars[0], '"1.00 到 1.50 倍"' in bars[1], bars[2]] == [True, True, ""]
    ends = [
        re.search(r"H([\d.]+)", base64.b64decode(b.partition("base64,")[2][:-2]).decode())[1]
        for b in bars[:2]
    ]
    assert ends[0] == ends[1]  # both end at one and a half times today's figure
    assert "img" not in repr(shown) and "img" not in str(shown.sheet()) and "细线为 1 倍" in shown.key
    page = table_html(shown._repr_html_())
    assert page.count("<img") == 2 and page.count('<td class="n">') == 4 * 3  # the code too
    with pytest.raises(mkt.MktError, match="画区间条需要这些列：2030"):
        shown.barred("now", "2030")
