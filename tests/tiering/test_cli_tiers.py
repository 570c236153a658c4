"""The tiers command: every system, own files, what it refuses."""

import pandas as pd
import pytest

from mktanalysis.cli import main


def run(capsys, *arguments):
    """Standard output, standard error and exit code of the command."""
    code = 0
    try:
        main(["tiers", *arguments])
    except SystemExit as stop:
        code = stop.code or 0
    captured = capsys.readouterr()
    return captured.out, captured.err, code


def test_province_by_data_and_list_written_to_a_file(capsys, tmp_path):
    path = tmp_path / "tiers.csv"
    out, err, code = run(
        capsys, "--year", "2021", "--region", "江苏省", "--compare", "2021", "--to", str(path)
    )
    assert code == 0 and not err
    assert "苏州市" in out and "加权 kappa" in out and "相对突出" in out
    table = pd.read_csv(path, dtype=str)
    assert len(table) == 13 and table["级别"].notna().all()


def test_rules_say_what_decided(capsys):
    out, _, code = run(capsys, "--system", "T3", "--region", "浙江")
    assert code == 0 and "是直辖市、省会" in out and "常住人口" in out


def test_city_shows_odds_and_gaps(capsys):
    out, _, code = run(capsys, "--city", "苏州")
    assert code == 0 and "落在各级的比例" in out and "各指标同步需达到" in out and "亿元" in out


def test_counties(capsys):
    out, _, code = run(capsys, "--level", "county", "--n-tiers", "5", "--region", "苏州市")
    assert code == 0 and "昆山市" in out


def test_own_sales_as_another_system(capsys, tmp_path):
    path = tmp_path / "销售.csv"
    rows = [
        ("南京市", 900),
        ("苏州市", 1200),
        ("无锡市", 700),
        ("常州市", 300),
        ("徐州市", 120),
        ("宿迁市", 40),
    ]
    path.write_text("地区,年份,销售额(万元)\n" + "\n".join(f"{n},2021,{v}" for n, v in rows), "utf-8")
    out, err, code = run(capsys, "--file", str(path), "--n-tiers", "3", "--compare", "2021")
    assert code == 0, err
    assert "苏州市" in out and "自有数据 与 2021" in out


def test_own_rules_copied_and_edited(capsys, tmp_path):
    path = tmp_path / "own.toml"
    _, _, code = run(capsys, "--copy-rules", "T5", "--to", str(path))
    assert code == 0
    out, _, code = run(capsys, "--system", str(path), "--region", "江苏省")
    assert code == 0 and "南京市" in out
    _, err, code = run(capsys, "--copy-rules", "T5", "--to", str(path))
    assert code == 2 and "不覆盖" in err
    path.write_text(path.read_text("utf-8").replace("gdp >= 6000亿", "gdp >> 6000亿"), "utf-8")
    _, err, code = run(capsys, "--system", str(path))
    assert code == 2 and "own.toml，第" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--system", "T9"], "没有分级方法"),
        (["--n-tiers", "many"], "级数应为整数"),
        (["--sizes", "4,x"], "级数应为整数"),
        (["--region", "无名省"], "没有这个地区"),
        (["--system", "T3", "--city", "苏州"], "--city"),
        (["--system", "T4"], "sales"),
        (["--to", "tiers.doc"], ".csv 或 .xlsx"),
    ],
)
def test_refusals_are_one_message(capsys, arguments, words):
    _, err, code = run(capsys, *arguments)
    assert code == 2 and words in err


def test_tiers_of_carried_figures_say_what_carried_them(capsys):
    out, err, code = run(capsys, "--carried", "--region", "江苏省")
    assert code == 0 and "2026 年" in out and "补到 2026 年" in err
    assert run(capsys, "--year", "2026")[2] != 0
