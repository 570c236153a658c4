"""Specifications and notebooks with ordinary and odd mistakes: a list of problems, never a traceback."""

import json

import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports import Settings, run_report
from mktanalysis.reports.plan import spec as module
from mktanalysis.reports.plan.spec import SpecError, read_spec
from mktanalysis.reports.run.batch import run_rows

ONE = '[[part]]\n[[part.chapter]]\nnotebook = "small"\n'
MISTAKES = {
    "part as a table": ('[part]\ntitle = "a"', "双方括号"),
    "chapter as a table": ('[[part]]\n[part.chapter]\nnotebook = "small"', "双方括号"),
    "part as text": ('part = "a"', "双方括号"),
    "parts of numbers": ("part = [1, 2]", "双方括号"),
    "title as a number": ("title = 3\n" + ONE, "应为文字"),
    "include as text": ('include = "x.toml"\n' + ONE, "列表"),
    "include of numbers": ("include = [1]\n" + ONE, "列表"),
    "parameters as text": ('parameters = "x"\n' + ONE, "应为一个表"),
    "part parameters as a list": (
        "[[part]]\nparameters = [1]\n[[part.chapter]]\nnotebook = 'small'",
        "应为一个表",
    ),
    "notebook as a number": ("[[part]]\n[[part.chapter]]\nnotebook = 3", "应为文字"),
    "notebook missing": ("[[part]]\n[[part.chapter]]\ntitle = 'x'", "找不到笔记本"),
    "notebook too long": (f"[[part]]\n[[part.chapter]]\nnotebook = '{'x' * 5000}'", "找不到笔记本"),
    "notebook with nul": ('[[part]]\n[[part.chapter]]\nnotebook = "a\\u0000"', "找不到笔记本"),
    "grid as a list": (ONE + "grid = [1]", "应为一个表"),
    "grid of text": (ONE + 'grid = { years = "3" }', "应为列表"),
    "grid of tables": (ONE + "grid = { years = [{ a = 1 }] }", "类型应为"),
    "grid of times": (ONE + "grid = { years = [07:32:00] }", "类型应为"),
    "grid of nan": (ONE + "grid = { years = [nan] }", "类型应为"),
    "huge integer": (ONE + "grid = { years = [99999999999999999999] }", "64"),
    "doubled values": (ONE + "grid = { years = [1, 2, 1] }", "重复"),
    "empty grid": (ONE + "grid = { years = [] }", "取值的个数"),
    "level as a number": (ONE + "grid = { region = { level = 3 } }", "没有层级"),
    "within as a number": (ONE + 'grid = { region = { level = "county", within = 3 } }', "within"),
    "within nowhere": (ONE + 'grid = { region = { level = "county", within = "南极" } }', "南极"),
    "rows as text": (ONE + 'rows = "a.csv"', "应为一个表"),
    "rows nowhere": (ONE + 'rows = { table = "a.csv" }', "找不到表格"),
    "rows with nul": (ONE + 'rows = { table = "a\\u0000" }', "找不到表格"),
    "exclude as a table": (ONE + "exclude = { years = 1 }\ngrid = { years = [1, 2] }", "双方括号"),
    "exclude of numbers": (ONE + "exclude = [1]\ngrid = { years = [1, 2] }", "双方括号"),
    "exclude unknown": (ONE + "exclude = [{ yeers = 1 }]\ngrid = { years = [1, 2] }", "years"),
    "exclude unknown in rows": (ONE + 'exclude = [{ yeers = 1 }]\nrows = { table = "rows.csv" }', "yeers"),
    "not toml": ("= = =", "TOML"),
    "deep": ("a = " + "[" * 5000 + "]" * 5000, "TOML"),
    "unknown key": ("titel = 'x'\n" + ONE, "title"),
    "nothing": ("", "没有任何报告"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_problem_with_its_place(name, write_notebook, write_spec, tmp_path):
    write_notebook("1")
    (tmp_path / "rows.csv").write_text("years\n1\n2\n")
    text, word = MISTAKES[name]
    with pytest.raises(SpecError) as caught:
        read_spec(write_spec(text))
    assert any(word in problem for problem in caught.value.problems), caught.value.problems
    assert all(problem.startswith("spec.toml") for problem in caught.value.problems)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_encodings_of_chinese_editors_are_read(encoding, write_notebook, tmp_path):
    write_notebook("1")
    path = tmp_path / "spec.toml"
    path.write_bytes(f'title = "区域报告"\n{ONE}'.encode(encoding))
    assert read_spec(path).title == "区域报告"
    path.write_bytes(b"\xff\xff\x00\x81")
    with pytest.raises(SpecError):
        read_spec(path)


def test_circles_and_doubled_includes_are_told(write_notebook, tmp_path):
    write_notebook("1")
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.toml").write_text('include = ["sub/../sub/b.toml"]\n' + ONE)
    (tmp_path / "sub" / "b.toml").write_text('include = ["../sub/../a.toml"]')
    with pytest.raises(SpecError, match="包含了自己"):
        read_spec(tmp_path / "a.toml")
    (tmp_path / "sub" / "b.toml").write_text("title = 'b'")
    (tmp_path / "a.toml").write_text('include = ["sub/b.toml", "sub/../sub/b.toml"]\n' + ONE)
    with pytest.raises(SpecError, match="已经包含过"):
        read_spec(tmp_path / "a.toml")


def test_a_grid_without_end_is_refused_before_it_is_made(write_notebook, write_spec, monkeypatch):
    write_notebook("1", typed='a: str = "x"\nb: str = "y"\nc: str = "z"')
    county = '{ level = "county" }'
    monkeypatch.setattr(module.itertools, "product", lambda *_: pytest.fail("expanded"))
    with pytest.raises(SpecError, match="上限"):
        read_spec(write_spec(ONE + f"[part.chapter.grid]\na = {county}\nb = {county}\nc = {county}"))


def notebook_of(cells, **more):
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more})


TAGGED = {
    "cell_type": "code",
    "metadata": {"tags": ["parameters"]},
    "source": "years: int = 3",
    "outputs": [],
}
NOTEBOOKS = {
    "no cell type": notebook_of([TAGGED, {"source": "1"}]),
    "cell is text": notebook_of([TAGGED, "x"]),
    "cells is a table": json.dumps({"cells": {}, "nbformat": 4}),
    "deep": '{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "not json": "{",
    "other format": notebook_of([TAGGED], nbformat=3),
    "wrong date": notebook_of([{**TAGGED, "source": "day: date = date(2024, 13, 1)"}]),
    "date of text": notebook_of([{**TAGGED, "source": "day: date = date('x')"}]),
    "date of nothing": notebook_of([{**TAGGED, "source": "day: date = date()"}]),
    "deep code": notebook_of([{**TAGGED, "source": "x: int = " + "(" * 500 + "1" + ")" * 500}]),
    "deep minus": notebook_of([{**TAGGED, "source": "x: int = " + "-" * 5000 + "1"}]),
    "nul in code": notebook_of([{**TAGGED, "source": "x: int = 1\0"}]),
    "unknown type": notebook_of([{**TAGGED, "source": "x: complex = 1"}]),
    "literal of a call": notebook_of([{**TAGGED, "source": "x: Literal[f()] = 1"}]),
    "huge default": notebook_of([{**TAGGED, "source": f"x: int = {10**30}"}]),
}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_broken_notebook_is_an_error_of_ours(name, write_spec, tmp_path):
    (tmp_path / "small.ipynb").write_text(NOTEBOOKS[name], "utf-8")
    with pytest.raises(MktError):
        run_report(tmp_path / "small.ipynb", {}, out_dir=tmp_path / "out")
    with pytest.raises(SpecError, match=r"small\.ipynb"):
        read_spec(write_spec(ONE))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_a_notebook_in_another_encoding_is_named(encoding, tmp_path):
    (tmp_path / "small.ipynb").write_bytes(notebook_of([TAGGED]).replace("3", "'南'").encode(encoding))
    with pytest.raises(MktError):
        run_report(tmp_path / "small.ipynb", {}, out_dir=tmp_path / "out")


def test_what_jupyter_forgives_is_forgiven(warm, tmp_path):
    cells = [
        TAGGED,
        {"cell_type": "code", "metadata": None, "source": ["years\n", "+ 1"], "outputs": None},
        {"cell_type": "markdown", "metadata": {"tags": None}, "source": "# 题"},
        {"cell_type": "raw", "source": "x"},
        {"cell_type": "code", "metadata": {"tags": [1, "x"]}, "source": "1", "outputs": [None, {"x": 1}]},
    ]
    text = json.dumps({"cells": cells, "metadata": None, "nbformat": 4})
    (tmp_path / "small.ipynb").write_text(text, "utf-8")
    settings = Settings(timeout=60)
    result = run_report(tmp_path / "small.ipynb", {}, out_dir=tmp_path / "out", settings=settings)
    assert result.ok, result.error


def test_two_notebooks_of_one_name_in_two_folders_are_two(warm, write_notebook, write_spec, tmp_path):
    from mktanalysis.reports.run.batch import run_rows

    body = "from mktanalysis.reports import publish_figure\npublish_figure('n', years, label='数')"
    for folder in ("north", "south"):
        (tmp_path / folder).mkdir()
        write_notebook(body).rename(tmp_path / folder / "small.ipynb")
    write_notebook(body, name="a b")
    write_notebook(body, name="a-b")
    chapters = "".join(
        f'[[part.chapter]]\nnotebook = "{name}"\ngrid = {{ years = [1, 2] }}\n'
        for name in ("north/small", "south/small", "a b", "a-b")
    )
    rows = run_rows(
        write_spec(f'title = "t"\n[[part]]\n{chapters}'),
        out_dir=tmp_path / "out",
        settings=Settings(timeout=60),
    )
    assert [row.status for row in rows] == ["done"] * 8 and len({row.report for row in rows}) == 8
    figures = sorted(path.name for path in (tmp_path / "out" / "tables").glob("figures-*.csv"))
    assert len(figures) == 4
    for name in figures:
        assert len((tmp_path / "out" / "tables" / name).read_text("utf-8-sig").splitlines()) == 3


@pytest.mark.parametrize(
    "change",
    [{"source": None}, {"source": 3}, {"source": [1, 2]}, {"outputs": 3}, {"outputs": None, "metadata": 3}],
)
def test_odd_parts_of_a_cell_end_no_run(change, tmp_path, write_spec):
    """What can be understood of a notebook runs, or the report fails by name; the run itself goes on."""
    typed = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "years: int = 3"}
    odd = {"cell_type": "code", "metadata": {}, "source": "1", **change}
    content = {"cells": [typed, odd], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "small.ipynb").write_text(json.dumps(content))
    (row,) = run_rows(write_spec(ONE), out_dir=tmp_path / "out", settings=Settings(timeout=60))
    assert row.status in ("done", "failed") and (tmp_path / "out" / "index.html").exists()
