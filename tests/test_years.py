"""The year that is meant where none is given: one rule for commands, notebooks, verbs, lists of reports."""

import ast
import inspect
import json
import re
import tomllib
from pathlib import Path

import pytest
import typer

import mktanalysis as mkt
from mktanalysis import china, cli
from mktanalysis.reports.plan.parameters import read_parameters

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: Years that a cell may name: censuses, changes of definition, published lists, counts of divisions.
NAMED = {"2000", "2005", "2010", "2015", "2020", "2021", "2023", "2025"}


def _commands(command, path=()):
    """Every command of the program with its options."""
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, (*path, name))
    yield " ".join(path), command


ALL_COMMANDS = dict(_commands(typer.main.get_command(cli.build_app())))


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_no_command_has_a_year_of_its_own(name):
    for option in ALL_COMMANDS[name].params:
        if "year" in option.name and option.name not in ("years",):
            assert option.default in (None, (), []), f"{name} --{option.name} {option.default}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_notebook_has_a_year_of_its_own(path):
    for parameter in read_parameters(json.loads(path.read_text("utf-8"))).values():
        if re.fullmatch(r"(\w+_)?year", parameter.name):
            assert parameter.default == 0, f"{path.stem}: {parameter.name} = {parameter.default}"


@pytest.mark.parametrize("path", sorted((ROOT / "reports" / "specs").glob("*.toml")), ids=lambda p: p.stem)
def test_no_specification_has_a_year_of_its_own(path):
    assert not re.search(r"\byear\w*\s*=\s*20\d\d", path.read_text("utf-8"))
    tomllib.loads(path.read_text("utf-8"))


def test_no_verb_of_the_built_in_figures_has_a_year_of_its_own():
    for name in china.__all__:
        verb = getattr(china, name)
        if inspect.isfunction(verb):
            for parameter in inspect.signature(verb).parameters.values():
                if parameter.name == "year":
                    assert parameter.default in (None, inspect.Parameter.empty), name


def test_what_is_planned_starts_from_the_year_that_figures_are_carried_to():
    year = china.carried_year()
    for level in ("prefecture", "county"):
        assert set(mkt.market_units(level, within="320000")["year"]) == {year}
    units = mkt.market_units("prefecture", within="320000")
    market = mkt.expansion_market(units, mkt.load_edges("prefecture"), mkt.load_regions().subtree("320000"))
    assert market.newest + 1 == year + 1
    assert set(china.city_market()["year"]) == set(china.county_market()["year"]) == {year}
    assert china.bridge_panel().end.year == year


def test_what_is_published_is_of_the_newest_complete_year():
    assert china.newest_year() == mkt.load_panel("retail_sales")["period"].max().year
    pd_equal = china.city_profile().values.equals(china.city_profile(china.newest_year()).values)
    assert pd_equal


def test_the_same_rule_for_every_indicator_and_level():
    """Means of wages end a year earlier than retail: the newest that is published, at each level."""
    for level, indicator in (
        ("prefecture", "average_wage"),
        ("prefecture", "resident_population"),
        ("province", "disposable_income"),
        ("province", "resident_population"),
    ):
        found = mkt.datasets.load_indicators(level, indicators=[indicator])
        table = mkt.load_table({"prefecture": "city_indicators", "province": "province_indicators"}[level])
        rows = table[(table["indicator"] == indicator) & table["value"].notna()]
        newest = rows.groupby("region")["period"].max().dt.year
        years = found.years[indicator].dropna().astype(int)
        assert (years == newest.reindex(years.index)).all()


def test_cells_name_no_year_but_those_of_definitions():
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["cell_type"] != "code" or cell["metadata"].get("tags"):
                continue
            for node in ast.walk(ast.parse("".join(cell["source"]))):
                if isinstance(node, ast.keyword) and node.arg in ("year", "start", "first", "last"):
                    value = node.value.value if isinstance(node.value, ast.Constant) else None
                    assert value is None or str(value) in NAMED, f"{path.stem}: {node.arg}={value}"
