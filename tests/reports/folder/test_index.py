import csv
import json

from mktanalysis.reports import Settings
from mktanalysis.reports.run.batch import run_rows

BODY = """
import pandas as pd
from mktanalysis.reports import publish_table, publish_figure
table = pd.DataFrame({"城市": [f"{region}市", "=1+1"], "值": [float(years), None]})
publish_table("cities", table, title="城市", units={"值": "亿元"})
if region == "320000":
    publish_table("alone", table, title="只有一份")
publish_figure("size", None if region == "540000" else years * 1.5e8, label="规模", unit="亿元")
publish_figure("share", 0.125, label="占比", unit="%")
publish_figure("trend", [1, None, 3, years], label="走势")
"""
SPEC = """
title = "总目录"
[[part]]
title = "各省"
map = "size"
[[part.chapter]]
notebook = "small"
[part.chapter.grid]
region = ["320000", "540000", "650000", "110000"]
"""


def cells(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_tables_and_figures_are_rolled_up(warm, write_notebook, write_spec, tmp_path):
    from python_calamine import CalamineWorkbook

    write_notebook(BODY)
    out = tmp_path / "out"
    run_rows(write_spec(SPEC), out_dir=out, settings=Settings(timeout=60))
    figures = cells(out / "tables" / "figures-small.csv")
    assert figures[0] == ["报告", "region", "规模", "占比（%）"]
    assert [row[1] for row in figures[1:]] == ["320000", "540000", "650000", "110000"]
    assert [row[2] for row in figures[1:]] == ["4.5", "", "4.5", "4.5"]
    rolled = cells(out / "tables" / "cities.csv")
    assert rolled[0] == ["报告", "参数 region", "城市", "值（元）"] and len(rolled) == 9
    assert {row[2] for row in rolled[1:] if row[2].startswith("'")} == {"'=1+1"}
    assert not (out / "tables" / "alone.csv").exists()
    book = CalamineWorkbook.from_path(str(out / "figures.xlsx"))
    assert book.get_sheet_by_index(0).to_python()[0] == ["报告", "地区代码", "规模（亿元）", "占比（%）"]


def test_index_has_map_lines_and_links(warm, write_notebook, write_spec, tmp_path):
    write_notebook(BODY)
    out = tmp_path / "out"
    rows = run_rows(write_spec(SPEC), out_dir=out, settings=Settings(timeout=60))
    page = (out / "index.html").read_text("utf-8")
    for row in rows:
        assert page.count(f'href="{row.report}/report.html"') == 2  # table and map
        assert (out / row.report / "report.html").exists()
    assert page.count('class="spark"') == 4 and "江苏省：4.50 亿元" in page and "无数据" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert page.count("<th scope=") == 6 + 4 and "aria-label" in page


def test_a_failure_after_a_success_links_the_old_report(warm, write_notebook, write_spec, tmp_path):
    write_notebook(BODY)
    out = tmp_path / "out"
    run_rows(write_spec(SPEC), out_dir=out, settings=Settings(timeout=60))
    write_notebook(BODY, "assert region != '650000', '新疆没有数'")
    rows = run_rows(write_spec(SPEC), out_dir=out, settings=Settings(timeout=60))
    assert rows[0].status == "failed" and rows[0].parameters["region"] == "650000"
    page = (out / "index.html").read_text("utf-8")
    assert "的旧报告" in page and "新疆没有数" in page and "第 5 个单元格" in page
    assert page.index("没有完成的报告") < page.index("<table>")
    listed = page.partition("<tbody>")[2]
    assert listed.index(rows[0].report) < listed.index(rows[1].report)
    failure = json.loads((out / rows[0].report / "failure.json").read_text("utf-8"))
    assert failure["status"] == "failed" and failure["error"]["source"].startswith("assert region")
