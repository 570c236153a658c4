"""The notebooks: what they may hold, that they run, and that their stored outputs are still true."""

import ast
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from mktanalysis.reports.names import names_local_path
from mktanalysis.reports.plan.parameters import read_parameters

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
#: All notebooks together, in fresh kernels, on a slow machine.
SECONDS = 600
CHINESE = re.compile("[\u4e00-\u9fff]")


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def tags(cell):
    return cell["metadata"].get("tags", [])


def load(path):
    return json.loads(path.read_text("utf-8"))


def test_there_are_notebooks():
    assert [path.name[:2] for path in NOTEBOOKS][:1] == ["01"] and len(NOTEBOOKS) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
class TestHygiene:
    def test_parameters_come_first_typed_and_explained(self, path):
        notebook = load(path)
        assert tags(code_cells(notebook)[0]) == ["parameters"]
        for parameter in read_parameters(notebook).values():
            assert CHINESE.search(parameter.help), f"{parameter.name} is not explained"

    def test_kernel_is_the_common_one(self, path):
        assert load(path)["metadata"]["kernelspec"] == {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        }

    def test_prose_leads(self, path):
        notebook = load(path)
        first = notebook["cells"][0]
        assert (
            first["cell_type"] == "markdown"
            and source(first).startswith("# ")
            and CHINESE.search(source(first))
        )
        assert (
            sum(len(CHINESE.findall(source(c))) for c in notebook["cells"] if c["cell_type"] == "markdown")
            > 200
        )

    def test_cells_are_short(self, path):
        """A cell is a few short lines: load, call, show; the parameters have an explanation on their line."""
        for cell in code_cells(load(path)):
            lines = [line for line in source(cell).split("\n") if line.strip()]
            if "parameters" not in tags(cell):
                assert len(lines) <= 12, source(cell)
                assert max(map(len, lines)) <= 100, max(lines, key=len)

    def test_cells_are_thin(self, path):
        for cell in code_cells(load(path)):
            for node in ast.walk(ast.parse(source(cell))):
                assert not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)), source(
                    cell
                )

    def test_no_path_of_a_machine(self, path):
        for cell in load(path)["cells"]:
            texts = [source(cell), json.dumps(cell.get("outputs", []), ensure_ascii=False)]
            assert not any(names_local_path(text) for text in texts)
            assert not any("attachments" in cell for _ in [0])

    def test_only_marked_cells_keep_small_plain_outputs(self, path):
        marked = [cell for cell in code_cells(load(path)) if "check" in tags(cell)]
        assert marked and all(cell["outputs"] for cell in marked), "no stored output to compare with"
        for cell in code_cells(load(path)):
            if "check" not in tags(cell):
                assert cell["outputs"] == [], source(cell)
            for output in cell["outputs"]:
                assert output["output_type"] in ("stream", "execute_result")
                assert set(output.get("data", {"text/plain": 0})) == {"text/plain"}
                assert len(json.dumps(output, ensure_ascii=False)) < 10_000

    def test_tables_and_figures_are_left_for_the_report(self, path):
        code = "\n".join(source(cell) for cell in code_cells(load(path)))
        assert ("publish_table(" in code or "publish=" in code) and "publish_figure(" in code


WATCH = """
import matplotlib.pyplot as _plt
from IPython import get_ipython as _shell
from IPython.core.pylabtools import print_figure as _print
from matplotlib.figure import Figure as _Figure
from matplotlib.text import Text as _Text
import re as _re
def _said(text):
    return text.get_text()
_bare = []
_english = []
def _watched(figure):
    texts = [text.get_text() for text in figure.texts]
    titles = [axes.get_title(loc=loc) for axes in figure.axes for loc in ("left", "center", "right")]
    _english.extend(t for t in map(_said, figure.findobj(_Text)) if _re.search("[a-z]_[a-z]", t))
    heading = figure.get_suptitle() or any(titles)
    if not heading or not any("来源" in text for text in texts):
        _bare.append((figure.get_suptitle(), titles, texts))
    return _print(figure, base64=True)
_shell().display_formatter.formatters["image/png"].for_type(_Figure, _watched)
"""
ASSERT = """assert not _bare, f'figures without title or source line: {_bare}'
assert not _english, f'names of columns on a chart: {_english}'"""


@pytest.fixture(scope="session")
def nbval(tmp_path_factory):
    """Every notebook run by nbval in a fresh kernel, its marked outputs compared; notebook -> failures."""
    folder = tmp_path_factory.mktemp("notebooks")
    for path in NOTEBOOKS:
        notebook = load(path)
        for cell in notebook["cells"]:
            if "check" in tags(cell):
                cell["metadata"]["tags"] = [*tags(cell), "nbval-check-output"]
                cell["execution_count"] = 1  # nbval takes a cell without a count for one that was never run
        at = next(i for i, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code") + 1
        made = [
            {
                "cell_type": "code",
                "id": name,
                "metadata": {},
                "source": text,
                "outputs": [],
                "execution_count": None,
            }
            for name, text in (("watch", WATCH), ("assert", ASSERT))
        ]
        notebook["cells"] = [*notebook["cells"][:at], made[0], *notebook["cells"][at:], made[1]]
        (folder / path.name).write_text(json.dumps(notebook, ensure_ascii=False), "utf-8")
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-cell-timeout=300"]
    command += ["-p", "no:cacheprovider", "-q", f"--junitxml={report}", "--rootdir", str(folder)]
    ran = subprocess.run([*command, str(folder)], cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    assert report.exists(), ran.stdout[-3000:] + ran.stderr[-3000:]
    found = {path.stem: {"cells": 0, "failed": []} for path in NOTEBOOKS}
    for case in ElementTree.parse(report).iter("testcase"):
        stem = re.split(r"[./]", case.get("classname", "") + "." + case.get("file", ""))
        name = next(stem_ for stem_ in found if stem_ in stem)
        found[name]["cells"] += 1
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        if bad is not None:
            found[name]["failed"].append((bad.text or bad.get("message", ""))[:2000])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_runs_in_a_fresh_kernel_with_the_stored_outputs(path, nbval):
    found = nbval[path.stem]
    assert found["cells"] == len(code_cells(load(path))) + 2
    assert not found["failed"], found["failed"][0]
