"""An analyst's own quota file in, a month table out, in one command: files as people write them."""

import pandas as pd
import pytest
import xlsxwriter
from typer.testing import CliRunner

from mktanalysis.cli import build_app, main

TITLED = [
    ["江苏省2027年度销售任务分解表"],
    ["单位：万元"],
    ["序号", "城市", "年度任务"],
    [1, "南京市", "12,000"],
    [2, "苏州", "18000"],
    [3, "无锡市", "9 500"],
    ["", "合计", "39,500"],
]
MERGED = [
    ["地区", "2027年", None],
    [None, "任务(万元)", "占比"],
    ["南京市", 12000, 0.3],
    ["苏州市", 18000, 0.45],
    ["无锡市", 9500, 0.25],
    ["合计", 39500, 1],
]
YEAR_IN_HEAD = [
    ["地级市", "2027年任务（万元）"],
    ["南京", 12000],
    ["苏州", 18000],
    ["无锡", 9500],
    ["总计", 39500],
]
BILLIONS = [
    ["省份", "城市", "年份", "销售目标(亿元)"],
    ["江苏", "南京市", 2027, 1.2],
    [None, "苏州市", 2027, 1.8],
    [None, "无锡市", 2027, 0.95],
    ["江苏", "合计", 2027, 3.95],
]
FULL_WIDTH = [
    ["城市", "年份", "任务额（万元）", "同比增长", "备注"],
    ["南京市", "2027年", "１２０００", "8%", "重点"],
    ["苏州市", "2027年", "18000", "9%", ""],
    ["无锡市", "2027年", " 9500 ", "3%", None],
]


def book(folder, rows, merges=()):
    path = folder / "任务.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet("分解")
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value is not None:
                    sheet.write(r, c, value)
        for merge in merges:
            sheet.merge_range(*merge)
    return path


@pytest.mark.parametrize(
    ("rows", "merges"),
    [
        (TITLED, ()),
        (MERGED, [(0, 1, 0, 2, "2027年"), (0, 0, 1, 0, "地区")]),
        (YEAR_IN_HEAD, ()),
        (BILLIONS, [(1, 0, 3, 0, "江苏")]),
        (FULL_WIDTH, ()),
    ],
    ids=[
        "title, unit above, text numbers, total",
        "merged heads",
        "year in head",
        "亿元, merged province",
        "full width",
    ],
)
def test_one_command_from_a_quota_file_to_its_months(tmp_path, rows, merges):
    path, out = book(tmp_path, rows, merges), tmp_path / "月度.csv"
    result = CliRunner().invoke(build_app(), ["targets", "months", "--targets", str(path), "--to", str(out)])
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out, encoding="utf-8-sig")
    yearly = table.groupby("地区")["任务（元）"].sum()
    assert yearly.to_dict() == {"南京市": 1.2e8, "苏州市": 1.8e8, "无锡市": 9.5e7}
    assert len(table) == 36 and set(table["月份"]) == {f"2027-{month:02d}" for month in range(1, 13)}
    assert (table["任务（元）"] % 1e4 == 0).all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["城市", "年份", "任务"], ["南京市", 2027, 12000]], "没有写单位"),
        ([["城市", "年份", "任务(万元)"], ["南京巿", 2027, 12000]], "南京市"),
        ([["城市", "年份", "任务(万元)"], ["南京市", 2027, -5]], "不能为负数"),
        ([["城市", "2026年任务(万元)", "2027年任务(万元)"], ["南京市", 1, 2]], "现有：2026、2027"),
        (
            [
                ["地区", "年份", "任务(万元)"],
                ["江苏省", 2027, 300],
                ["南京市", 2027, 100],
                ["苏州市", 2027, 200],
            ],
            "与它的上级江苏省同在一张任务表里",
        ),
    ],
    ids=["no unit", "misspelt", "negative", "two years", "two levels"],
)
def test_what_cannot_be_meant_is_told(tmp_path, capsys, rows, said):
    with pytest.raises(SystemExit) as ended:
        main(["targets", "months", "--targets", str(book(tmp_path, rows))])
    captured = capsys.readouterr()
    assert ended.value.code == 2 and "Traceback" not in captured.err
    assert said in "".join(captured.err.split())
