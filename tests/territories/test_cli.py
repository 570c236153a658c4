"""The commands: what they print and write agrees with the functions."""

import pandas as pd
import pytest

from mktanalysis.cli import main


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["territories", *arguments])
    (out, err) = capsys.readouterr()
    return ended.value.code or 0, out, err


def test_design_then_realign(tmp_path, capsys):
    file = tmp_path / "片区.csv"
    (code, out, _) = run(
        capsys,
        "design",
        "--n",
        "4",
        "--in",
        "海南省",
        "--effort",
        "0.05",
        "--to",
        str(file),
        "--tolerance",
        "0.3",
    )
    assert code == 0 and "平均距离" in out
    table = pd.read_csv(file, dtype=str)
    assert table["片区"].nunique() == 4 and table["地区代码"].str.startswith("46").all()
    (code, out, _) = run(
        capsys, "realign", "--current", str(file), "--in", "海南省", "--effort", "0.05", "--tolerance", "0.3"
    )
    assert code == 0 and "共移动 0 个单元" in out


def test_coverage_tells_the_seed_s_case(capsys):
    (code, out, _) = run(capsys, "coverage", "--centre", "上海市", "--radius", "300")
    assert code == 0 and "浙江省" in out and "下一个中心" in out


def test_compare_proves_seven_regions(capsys):
    (code, out, _) = run(capsys, "compare", "--k", "7")
    assert code == 0 and "最优 7 个" in out and "seven" in out


def test_refusals_are_sentences(capsys):
    (code, _, err) = run(capsys, "coverage")
    assert code == 2 and "至少一个中心" in err
    (code, _, err) = run(capsys, "design", "--n", "3", "--level", "village")
    assert code == 2 and "county 或 prefecture" in err
