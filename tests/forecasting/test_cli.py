"""The command: what it prints and writes, and what it says to wrong input."""

import re
import zipfile

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.cli import main


@pytest.fixture
def own_sales(tmp_path):
    tree, rng = mkt.load_regions(), np.random.default_rng(0)
    cities = tree.names(tree.children("320000"))
    months = [str(month) for month in pd.period_range("2022-01", periods=30, freq="M")]
    rows = [(city, month, round(rng.uniform(90, 110), 1)) for city in cities for month in months]
    path = tmp_path / "销售.csv"
    pd.DataFrame(rows, columns=["城市", "月份", "销售额(万元)"]).to_csv(path, index=False, encoding="gb18030")
    return path


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["forecast", *map(str, arguments)])
    return ended.value.code


def test_own_file_with_a_total_that_must_not_move(own_sales, tmp_path, capsys):
    budget, out = tmp_path / "预算.csv", tmp_path / "结果.xlsx"
    pd.DataFrame([("江苏省", "2024-07", 2000)], columns=["地区", "月份", "预算(万元)"]).to_csv(
        budget, index=False
    )
    code = run("--file", own_sales, "--fixed", budget, "--region", "江苏省", "--model", "theta", "--to", out)
    printed = capsys.readouterr().out
    assert code in (0, None) and "2,000" in printed and "差额" in printed
    table = pd.read_excel(out, sheet_name=0, engine="calamine", dtype=str)
    assert len(table) == 3 * (13 + 3)  # 13 cities, province, macro-region, nation; three months
    codes = [column for column in table if table[column].isin(["320500"]).any()]
    assert codes  # codes stay text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--indicator", "average_wage"), "不能按地区相加"),
        (("--model", "arima"), "没有模型"),
        (("--coverage", "80"), "coverage"),
        (("--region", "昆山市"), "没有数据"),
        (("--to", "x.docx"), ".xlsx"),
    ],
)
def test_wrong_input_is_told_in_chinese(arguments, message, capsys):
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err


def test_a_child_above_its_parent_is_refused_with_the_smallest_relaxation(own_sales, tmp_path, capsys):
    budget = tmp_path / "预算.csv"
    rows = [("江苏省", "2024-07", 1000, None), ("南京市", "2024-07", None, 1500)]
    pd.DataFrame(rows, columns=["地区", "月份", "预算(万元)", "下限(万元)"]).to_csv(budget, index=False)
    assert run("--file", own_sales, "--fixed", budget, "--model", "theta") == 2
    told = capsys.readouterr().err
    assert "江苏省" in told and "2024-07" in told and "1,000 万元，至少需要 1,500 万元" in told


def test_scenario_and_changes_reach_the_workbook_in_the_display_unit(tmp_path, capsys):
    out = tmp_path / "结果.xlsx"
    run("--region", "西南", "--model", "theta", "--horizon", 2, "--scenario", "西南=-2", "--scenario",
        "四川省=x0.9", "--changes", "--to", out)  # fmt: skip
    assert "情景" in capsys.readouterr().out
    table = pd.read_excel(out, sheet_name="情景", engine="calamine", dtype={"地区代码": str})
    last = table[table["时期"] == table["时期"].max()].set_index("地区代码")
    assert last.loc["510000", "变化（%）"] == pytest.approx(-0.1)
    assert last.loc["530000", "变化（%）"] == pytest.approx(-0.04, abs=0.003)
    below = ["500000", "510000", "520000", "530000", "540000"]
    assert last.loc["西南", "情景（亿元）"] == pytest.approx(last.loc[below, "情景（亿元）"].sum())
    other = last.index[last["层级"] == "大区"].difference(["西南"])
    assert last.loc[other, "变化（%）"].abs().max() < 1e-12
    changed = pd.read_excel(out, sheet_name="与上年预测相比", engine="calamine")
    actual = changed[(changed["地区"] == "全国") & (changed["对照"] == "实际")].iloc[0]
    assert actual["变化（%）"] == pytest.approx(actual["现在（亿元）"] / actual["旧预测（亿元）"] - 1)


def test_numbers_of_the_workbook_have_formats(tmp_path, capsys):
    out = tmp_path / "结果.xlsx"
    run("--model", "theta", "--horizon", 1, "--to", out)
    with zipfile.ZipFile(out) as book:
        styles, sheet = (book.read(f"xl/{name}.xml").decode() for name in ("styles", "worksheets/sheet1"))
    codes = dict(re.findall(r'numFmtId="(\d+)" formatCode="([^"]+)"', styles))
    used = [codes.get(number) for number in re.findall(r'<xf numFmtId="(\d+)"', styles)[1:]]
    row = dict(re.findall(r'<c r="([A-Z])2" s="(\d+)"', sheet))
    assert [used[int(row[column])] for column in "ABCDEFG"] == ["@"] * 4 + ["#,##0.00"] * 3


@pytest.mark.parametrize(
    ("scenario", "message"),
    [("西南", "看不懂"), ("西南=x-1", "不为负"), ("昆山市=-2", "不在预测之内"), ("火星=-2", "没有这个地区")],
)
def test_scenarios_that_make_no_sense(scenario, message, capsys):
    assert run("--model", "drift", "--scenario", scenario) == 2
    assert message in capsys.readouterr().err


def test_gaps_are_told(own_sales, capsys):
    table = pd.read_csv(own_sales, encoding="gb18030")
    table.drop(index=range(3, 7)).to_csv(own_sales, index=False, encoding="gb18030")
    run("--file", own_sales, "--model", "drift", "--horizon", 1)
    assert "缺 4 个数（南京市）" in capsys.readouterr().err
