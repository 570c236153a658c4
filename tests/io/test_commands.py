"""Every command that reads a file: the same options, every note printed, one faulty region stops no other."""

import pytest

from mktanalysis.cli import main


def run(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return ended.value.code or 0, printed.out, printed.err


@pytest.fixture
def sales(tmp_path):
    """Three cities by month; one has a month without sales."""
    lines = ["城市,月份,销售额(万元)"]
    for number, city in enumerate(["南京市", "苏州市", "无锡市"]):
        for year in range(2021, 2025):
            for month in range(1, 13):
                value = 0 if (city, year, month) == ("无锡市", 2022, 3) else 100 + 10 * number + month % 4
                lines.append(
                    (f"{city},{year}-{month:02d},{value + year - 2020}") if value else f"{city},2022-03,0"
                )
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_notes_are_printed_and_a_faulty_region_is_listed(sales, capsys):
    code, out, err = run(capsys, "targets", "season", "--file", sales)
    assert code == 0 and "读入 144 行" in err
    assert "320200" in err and "320100" in out and "320500" in out


def test_a_budget_in_the_middle_of_the_year(sales, tmp_path, capsys):
    fixed = tmp_path / "fixed.csv"
    fixed.write_text("地区,月份,预算(万元)\n南京市,2024-11,90\n南京市,2025-01,150", "utf-8")
    code, out, err = run(
        capsys, "forecast", "--file", sales, "--fixed", fixed, "--region", "江苏省", "--horizon", 2
    )
    assert code == 0 and "1 个固定值没有用上" in err and "150" in out and "春节" in err


def test_tiers_say_which_year_they_use(tmp_path, capsys):
    path = tmp_path / "own.csv"
    cities = ["南京市", "苏州市", "无锡市", "徐州市"]
    rows = [
        (f"{city},{year},{100 * n * (year - 2018)}")
        for n, city in enumerate(cities, 1)
        for year in range(2020, 2024)
    ]
    path.write_text("\n".join(["城市,年份,销售额(万元)", *rows]), "utf-8")
    code, _, err = run(capsys, "tiers", "--file", path, "--n-tiers", 2)
    assert code == 0 and "用 2023 年的数" in err
    code, _, err = run(capsys, "tiers", "--file", path, "--n-tiers", 2, "--year", 2015)
    assert code == 2 and "2020-2023" in err


def test_options_of_reading(tmp_path, capsys):
    path = tmp_path / "own.csv"
    path.write_text("城市,年份,销售额(万元)\n苏州,2023,500\n昆山,2023,-300\n无锡,2023,200", "utf-8")
    code, _, err = run(capsys, "data", "check", path)
    assert code == 2 and "--allow-negative" in err
    code, _, err = run(capsys, "data", "check", path, "--allow-negative")
    assert code == 2 and "--upper" in err
    code, out, err = run(capsys, "data", "check", path, "--allow-negative", "--upper", "rest")
    assert code == 0 and "苏州市其余" in err and "销售额（万元）" in out and "200" in out
    path.write_text("城市,年份,常住人口(万人)\n巢湖市,2009,450\n合肥市,2009,490", "utf-8")
    code, out, _ = run(capsys, "data", "check", path, "--kind", "indicators", "--year", 2009)
    assert code == 0 and "341400" in out
