"""The command: what it prints and writes, and what it says to wrong input."""

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
    pd.DataFrame([("江苏省", "2024-07", 2000)], columns=["地区", "月份", "销售额(万元)"]).to_csv(
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
