"""``mktanalysis data``, the group of commands by itself."""

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from mktanalysis.cli import data
from mktanalysis.datasets import files
from mktanalysis.errors import MktError


@pytest.fixture
def run():
    app = typer.Typer()
    app.callback()(lambda: None)
    data.register(app)
    return lambda *arguments: CliRunner().invoke(app, ["data", *arguments])


def test_list_shows_every_table(run):
    result = run("list")
    assert result.exit_code == 0
    assert all(name in result.output for name in files.schemas())


def test_show_filters_and_writes_all_rows(run, tmp_path):
    path = tmp_path / "北京.csv"
    arguments = ["--region", "北京", "--indicator", "resident_population", "--to", str(path)]
    assert run("show", "city_indicators", *arguments).exit_code == 0
    written = pd.read_csv(path, dtype={"地区代码": "str"})
    assert set(written["地区代码"]) == {"110100"} and 21_893_095 in set(written["数值"])
    assert set(written["单位"]) == {"人"}


def test_show_says_what_is_wrong(run):
    assert isinstance(run("show", "nothing").exception, MktError)
    assert "没有 indicator 列" in str(run("show", "points", "--indicator", "gdp").exception)
    assert "没有符合条件" in str(run("show", "points", "--region", "全国").exception)


def test_check_ends_with_one_when_a_file_was_changed(run, tmp_path, monkeypatch):
    assert run("check").exit_code == 0
    for path in files.data_folder().glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "breaks.csv").open("a", encoding="utf-8") as file:
        file.write("gdp,2021,*,added\n")
    monkeypatch.setattr(files, "data_folder", lambda: tmp_path)
    result = run("check")
    assert result.exit_code == 1 and "不一致" in result.output


def test_template_lists_the_counties_of_a_province(run, tmp_path):
    path = tmp_path / "销售.xlsx"
    result = run("template", str(path), "--level", "county", "--within", "江苏", "--year", "2024")
    assert result.exit_code == 0, result.exception
    cells = pd.concat(pd.read_excel(path, sheet_name=None, header=None, engine="calamine").values())
    assert cells.isin(["昆山市"]).any(axis=None) and not cells.isin(["杭州市"]).any(axis=None)


def test_help_has_an_example_for_every_command(run):
    for command in ("list", "show", "check", "template"):
        assert "例：mktanalysis data" in run(command, "--help").output
