"""Own files and modules: what a report is made from is known, and a change makes it stale."""

import itertools
from pathlib import Path

import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports import Settings
from mktanalysis.reports.plan import inputs
from mktanalysis.reports.plan.provenance import _tree_hash, installed
from mktanalysis.reports.plan.spec import read_spec
from mktanalysis.reports.run.batch import run_rows

FAST = Settings(timeout=60)
TYPED = """
from pathlib import Path
one: Path = Path("a.csv")
several: list[Path] = [Path("b.csv"), Path("c.csv")]
named: dict[str, str] = {"x": "d.csv"}
text: str = "e.csv"
folder: Path = Path("more")
word: str = "more"
"""
SPEC = """
title = "t"
[[part]]
[[part.chapter]]
notebook = "small"
"""
FILES = ("a.csv", "b.csv", "c.csv", "d.csv", "e.csv", "more/f.csv", "more/deep/g.csv")
MODULES = ("helper.py", "package/__init__.py", "package/inner.py", "inside.py")


@pytest.fixture
def project(write_notebook, write_spec, tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("from . import inner")
    (tmp_path / "package" / "inner.py").write_text("import inside")
    (tmp_path / "helper.py").write_text("import package")
    (tmp_path / "inside.py").write_text("x = 1")
    (tmp_path / "unused.py").write_text("x = 1")
    write_notebook("import helper", typed=TYPED)
    return write_spec(SPEC)


def test_every_file_that_can_be_told_is_known(project):
    (report,) = read_spec(project).reports
    assert set(report.inputs) == {*FILES, *MODULES}


@pytest.mark.parametrize("name", FILES + MODULES)
def test_a_changed_file_makes_the_report_stale(name, project, warm, tmp_path):
    out = tmp_path / "out"
    assert [row.status for row in run_rows(project, out_dir=out, settings=FAST)] == ["done"]
    assert [row.status for row in run_rows(project, out_dir=out, settings=FAST)] == ["kept"]
    (tmp_path / name).write_text((tmp_path / name).read_text() + "\n")
    assert [row.status for row in run_rows(project, out_dir=out, settings=FAST)] == ["done"]


def test_a_file_that_nobody_reads_does_not(project, warm, tmp_path):
    out = tmp_path / "out"
    run_rows(project, out_dir=out, settings=FAST)
    (tmp_path / "unused.py").write_text("x = 2")
    assert [row.status for row in run_rows(project, out_dir=out, settings=FAST)] == ["kept"]


def test_a_file_edited_during_the_run_is_no_success(write_notebook, write_spec, warm, tmp_path):
    (tmp_path / "a.csv").write_text("1")
    write_notebook("open(file, 'a').write('2')", typed='file: str = "a.csv"')
    (row,) = run_rows(write_spec(SPEC), out_dir=tmp_path / "out", settings=FAST)
    assert row.status == "failed" and "a.csv" in row.message and "被改动" in row.message


def test_a_vast_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "MAX_FILES", 3)
    for number in range(5):
        (tmp_path / "many").mkdir(exist_ok=True)
        (tmp_path / "many" / f"{number}").write_text("")
    with pytest.raises(MktError, match="many"):
        inputs.own_files({"cells": []}, {"folder": Path("many")}, tmp_path)


def test_a_wheel_and_a_checkout_of_the_same_source_have_the_same_hash(tmp_path):
    for kind, extra in itertools.product(("wheel", "checkout"), ("a.py", "sub/b.toml")):
        (tmp_path / kind / extra).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / kind / extra).write_text(extra)
    for brought in ("_data/tables.toml", "_specs/china.toml", "_notebooks/x.py", "__pycache__/a.py"):
        (tmp_path / "wheel" / brought).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "wheel" / brought).write_text("x")
    hashes = {_tree_hash(tmp_path / kind, ("*.py", "*.toml")) for kind in ("wheel", "checkout")}
    assert len(hashes) == 1
    (tmp_path / "wheel" / "a.py").write_text("other")
    assert _tree_hash(tmp_path / "wheel", ("*.py", "*.toml")) not in hashes


def test_packages_are_known_with_what_they_rest_on():
    from importlib.metadata import version

    found = installed("mktanalysis")
    assert found["numpy"] == version("numpy") and found["pandas"] == version("pandas")
    assert found["contourpy"] == version("contourpy")  # of matplotlib
    assert "pytest" not in found  # of an extra


SEEN = """
import glob, importlib, json
hidden = importlib.import_module("hid" + "den")
inner = importlib.import_module("plug." + hidden.name)
words = [open(name).read() for name in sorted(glob.glob("parts/*.txt"))]
other = open(json.load(open("config.json"))["file"]).read()
open("made.txt", "w").write("x")
made = open("made.txt").read()
"""


@pytest.fixture(params=["fork", "papermill"])
def seen(request, write_notebook, write_spec, tmp_path):
    """A report that reads what neither imports nor parameters tell, and how to run it."""
    (tmp_path / "hidden.py").write_text("name = 'first'")
    for name, text in (
        ("plug/__init__.py", ""),
        ("plug/first.py", "x = 1"),
        ("parts/a.txt", "1"),
        ("elsewhere/data.txt", "2"),
        ("config.json", '{"file": "elsewhere/data.txt"}'),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    write_notebook(SEEN)
    spec = write_spec(SPEC)
    settings = Settings(timeout=120, runner=request.param)

    def run() -> str:
        (row,) = run_rows(spec, out_dir=tmp_path / "out", settings=settings)
        return row.status

    return run


@pytest.mark.parametrize(
    "name",
    ["hidden.py", "plug/first.py", "parts/a.txt", "parts/new.txt", "config.json", "elsewhere/data.txt"],
)
def test_what_a_report_was_seen_to_read_makes_it_stale(seen, name, tmp_path):
    assert [seen(), seen()] == ["done", "kept"]
    (tmp_path / "unused.txt").write_text("1")
    (tmp_path / "made.txt").write_text("the report's own file is no input")
    assert seen() == "kept"
    path = tmp_path / name
    path.write_text((path.read_text() if path.exists() else "") + "\n")
    assert seen() == "done"
