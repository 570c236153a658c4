import csv
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import escape, unescape
from types import SimpleNamespace

import pytest

from mktanalysis.reports import Settings
from mktanalysis.reports.folder.index import index_page
from mktanalysis.reports.folder.measures import measures_of
from mktanalysis.reports.folder.ranking import ranking
from mktanalysis.reports.folder.run import Run
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
    assert figures[0] == ["报告", "地区代码", "规模（亿元）", "占比（%）"]
    assert [row[1] for row in figures[1:]] == ["320000", "540000", "650000", "110000"]
    assert [row[2] for row in figures[1:]] == ["4.5", "", "4.5", "4.5"]
    rolled = cells(out / "tables" / "cities.csv")
    assert rolled[0] == ["报告", "参数 地区代码", "城市", "值（元）"] and len(rolled) == 9
    assert {row[2] for row in rolled[1:] if row[2].startswith("'")} == {"'=1+1"}
    assert not (out / "tables" / "alone.csv").exists()
    book = CalamineWorkbook.from_path(str(out / "figures.xlsx"))
    assert book.sheet_names == ["关键数字", "城市", "只有一份"]  # the one workbook holds every table
    assert len(book.get_sheet_by_name("城市").to_python()) == 9
    assert book.get_sheet_by_index(0).to_python()[0] == ["报告", "地区代码", "规模（亿元）", "占比（%）"]


def test_index_has_map_lines_and_links(warm, write_notebook, write_spec, tmp_path):
    write_notebook(BODY)
    out = tmp_path / "out"
    rows = run_rows(write_spec(SPEC), out_dir=out, settings=Settings(timeout=60))
    page = (out / "index.html").read_text("utf-8")
    for row in rows:
        assert page.count(f'href="{row.report}/report.html"') == 3  # table and two maps
        assert (out / row.report / "report.html").exists()
    assert page.count('class="spark"') == 4 and "江苏省：4.50 亿元" in page and "无数据" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    ranked = page.partition("<table>")[2].partition("</table>")[0]
    assert ranked.count('<th scope="col"') == 2 + 3 and ranked.count('<th scope="row"') == 4 + 1 + 4
    assert "aria-label" in page


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
    assert "的旧报告" in page.partition('class="rows">')[2]
    listed = page.partition("<tbody>")[2]
    assert listed.index(escape(rows[0].title)) < listed.index(escape(rows[1].title))  # failures first
    failure = json.loads((out / rows[0].report / "failure.json").read_text("utf-8"))
    assert failure["status"] == "failed" and failure["error"]["source"].startswith("assert region")


def province_runs(figures, areas=("320000", "650000", "440000", "460000")):
    """Rows of a part about provinces, each with planted figures, as the engine's records hold them."""
    rows = []
    for code, values in zip(areas, figures, strict=True):
        record = {"figures": values, "tables": [], "started": "2026-11-27T06:00:00+00:00", "headline": "好"}
        rows.append(
            Run(
                report=f"r-{code}", part="各省", title=f"报告 {code}", label=f"省{code}", notebook="n.ipynb",
                key="n", parameters={"province": code}, identity={}, status="done", record=record,
            )
        )  # fmt: skip
    return rows


def figure(name, value, unit="", **more):
    return {"name": name, "label": LABELS.get(name, name), "unit": unit, "value": value, **more}


LABELS = {
    "best_tier": "级别",
    "retail_now": "2023 年零售额",
    "retail_then": "2028 年零售额",
    "growth": "年均增长",
    "covered": "人口",
}


def planted(now, then, covered, tier="二线"):
    ends = {"lower": then * 0.9, "upper": then * 1.1}
    return [
        figure("best_tier", tier),
        figure("retail_now", now, "亿元"),
        figure("retail_then", then, "亿元", **ends),
        figure("growth", ((then / now) ** 0.2 - 1) * 100, "%"),
        figure("covered", covered, "%"),
    ]


FIGURES = [
    planted(100.0, 150.0, 100.0, "一线"),
    planted(10.0, 18.0, 23.0, "新一线"),
    planted(200.0, 280.0, 99.0),
    planted(20.0, 30.0, 48.0),
]


def landing_page(rows):
    return index_page(SimpleNamespace(title="总目录", maps={"各省": "growth"}, reports=()), rows, [])


def test_the_first_lines_say_what_was_found():
    page = landing_page(province_runs(FIGURES))
    lead = page.partition('class="lead">')[2].partition("<")[0]
    assert lead.startswith("4 个地区 2023 年零售额合计 330 亿元，2028 年零售额 478 亿元，增加 148 亿元")
    assert "增量的 95% 在广东、江苏、海南" in lead and "新疆、海南有地方没有统计，合计是下限" in lead
    assert page.index("lead") < page.index('class="figures"') < page.index('class="pictures"')


def test_the_ranking_is_by_increment_with_sums_and_shares():
    measures = measures_of(province_runs(FIGURES))
    assert measures.values["increment"].tolist() == [50.0, 8.0, 80.0, 10.0]
    table = ranking(measures, "growth")
    rows = re.findall(r'data-area="([^"]*)" data-find', table)
    assert rows == ["华南", "华东", "华南", "西北"]  # 广东、江苏、海南、新疆
    assert "54.1%" in table and table.count('class="bar"') == 8  # a share and an interval a row
    sums = table.partition('class="sums">')[2]
    assert "330<small>下限" in sums and '<td class="n">100</td>' in sums  # all, and 华东 alone is whole
    growth = ((478 / 330) ** 0.2 - 1) * 100
    assert f"{growth:.2f}" in sums
    assert sums.index("华南") < sums.index("华东") < sums.index("西北")


def test_coverage_below_the_limit_is_hatched_and_called_a_lower_bound():
    page = landing_page(province_runs(FIGURES))
    assert page.count('class="n thin"') == 2 * 4 and page.count("map0x0-hatch") >= 2  # three sizes, the share
    assert "18<small>下限" in page.replace(".0", "") and page.count("<small>下限") == 2 * 3 + 3 * 3
    whole = landing_page(province_runs([planted(10.0, 20.0 + i, 100.0) for i in range(4)]))
    assert "下限" not in whole and "thin" not in whole.partition("<main>")[2]


def test_a_task_or_a_cost_is_no_lower_bound():
    rows = province_runs([[*found, figure("task", 5.0 + at, "亿元")] for at, found in enumerate(FIGURES)])
    measures = measures_of(rows)
    assert measures.bounded("retail_now") and measures.bounded("increment") and not measures.bounded("task")
    sums = ranking(measures).partition('class="sums">')[2]
    assert '<td class="n">26.0</td>' in sums and "26.0<small>" not in sums


def test_maps_can_be_switched_and_share_their_outlines():
    page = landing_page(province_runs(FIGURES))
    assert re.findall(r'data-map="(\d)" aria-pressed', page) == ["0", "1", "2", "3", "4"]
    assert len(re.findall(r'<figure data-map="\d" hidden>', page)) == 4
    assert page.count('<path id="map0x0-0"') == 1 and 'id="map0x1-0"' not in page
    assert page.count("<circle") >= 4 + 3 and "气泡大小" in page


def test_rows_are_found_by_pinyin_and_macro_region_and_tiers_sort_by_level():
    table = ranking(measures_of(province_runs(FIGURES)))
    assert re.findall(r'data-find="([^"]*)"', table)[1].startswith("jiangsu js 华东")
    assert 'data-sort="2">一线' in table and 'data-sort="3">新一线' in table and 'data-sort="5">二线' in table


def test_figures_with_an_interval_of_single_reports_come_first():
    rows = province_runs(FIGURES)
    alone = replace(rows[0], report="whole", part="全国", key="w", parameters={}, title="全国")
    alone.record["figures"] = [figure("gain", 2.5, "亿元", lower=1.0, upper=4.0)]
    page = landing_page([alone, *province_runs(FIGURES)])
    top = page.partition('class="figures">')[2].partition("</dl>")[0]
    assert top.count("<dt>") == 4 and top.index("gain") < top.index("合计") and "1.00 — 4.00" in top
    assert '<h3><a href="whole/report.html">' in page and "<p>好</p>" in page


def test_without_figures_there_is_a_plain_list():
    rows = [replace(row, record={**row.record, "figures": []}) for row in province_runs(FIGURES)]
    page = landing_page(rows)
    assert '<p class="lead">好</p>' in page  # the judgement of the first report
    silent = [replace(row, record={**row.record, "headline": ""}) for row in rows]
    assert "lead" not in landing_page(silent).partition("<main>")[2]
    assert page.count('href="r-320000/report.html"') == 1


def test_no_english_on_the_page():
    text = re.sub(r"<style>.*?</style>|<script>.*?</script>|<svg.*?</svg>|<[^>]+>", " ",
                  landing_page(province_runs(FIGURES)), flags=re.S)  # fmt: skip
    assert set(re.findall("[A-Za-z]{2,}", unescape(text))) <= {"csv"}


@pytest.mark.browser
def test_filter_chips_levels_and_maps_in_a_browser(tmp_path):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("NO CHROMIUM ON THIS MACHINE: the index was not opened in a browser")
    probe = """
var shown = function () {
  return Array.from(document.querySelectorAll("tbody.rows tr:not([hidden]) th")).map(
    function (cell) { return cell.textContent; }).join("+");
};
var box = document.getElementById("filter0"), found = [];
["一线", "线", "xj", "jiangsu", "华南"].forEach(function (word) {
  box.value = word; box.dispatchEvent(new Event("input")); found.push(word + "=" + shown());
});
box.value = ""; box.dispatchEvent(new Event("input"));
document.querySelector(".chip[data-area=西北]").click(); found.push("chip=" + shown());
found.push("sums=" + document.querySelectorAll(".sums tr:not([hidden])").length);
document.querySelector(".chip[data-area=西北]").click();
Array.from(document.querySelectorAll("thead button")).filter(
  function (button) { return button.textContent === "级别"; })[0].click();
found.push("levels=" + shown());
document.querySelectorAll("button[data-map]")[1].click();
found.push("map=" + document.querySelector("figure[data-map]:not([hidden])").getAttribute("data-map"));
document.title = found.join("|");
"""
    page = re.sub(
        r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", landing_page(province_runs(FIGURES))
    )
    path = tmp_path / "probe.html"
    path.write_text(page.replace("</body>", f"<script>{probe}</script></body>"), "utf-8")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--virtual-time-budget=2000")
    command = [browser, *flags, f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = dict(part.split("=") for part in re.search(r"<title>(.*?)</title>", dom)[1].split("|"))
    assert found["一线"] == "省320000" and found["线"].count("省") == 4
    assert found["xj"] == "省650000" and found["jiangsu"] == "省320000"
    assert found["华南"] == "省440000+省460000"
    assert found["chip"] == "省650000" and found["sums"] == "1"
    assert found["levels"].startswith("省320000+省650000")  # 一线, 新一线, then 二线
    assert found["map"] == "1"
