"""What the engine promises about a run: statuses, isolation, the same report either way."""

import json

import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports import ParameterError, Settings, run_batch, run_report
from mktanalysis.reports.run.batch import run_rows

PUBLISH = """
import pandas as pd
from mktanalysis.reports import publish_table, publish_figure
table = pd.DataFrame({"城市": ["南京", "<b>苏州</b>"], "值": [1.5, years]})
publish_table("cities", table, title="城市", units={"值": "亿元"})
publish_figure("n", years, label="年数", unit="年")
table
"""
SPEC = """
title = "测试"
[[part]]
title = "一"
[[part.chapter]]
notebook = "small"
[part.chapter.grid]
region = {values}
"""
FAST = Settings(timeout=60, memory_mb=2048)


def spec_of(write_spec, values):
    return write_spec(SPEC.format(values=json.dumps(values, ensure_ascii=False)))


def outputs(folder):
    cells = json.loads((folder / "notebook.ipynb").read_text("utf-8"))["cells"]
    return [(cell.get("execution_count"), cell.get("outputs"), cell["source"]) for cell in cells]


RICH = """
import sys, asyncio, os, subprocess
from IPython.display import display, clear_output, HTML, Markdown, update_display
print("甲"); print("丙")
handle = display("first", display_id="x")
update_display("second", display_id="x")
display(Markdown("**粗**"), HTML("<i>x</i>"))
await asyncio.sleep(0)
_ = 1
"""
NOTES = "import sys; print('乙', file=sys.stderr)"
PLOT = """
import matplotlib.pyplot as plt
import numpy as np
plt.plot([1, 2, 3]); plt.title("t")
print(np.random.rand(), hash("a"), os.environ["OMP_NUM_THREADS"])
figure, axes = plt.subplots()
axes.plot([3, 1, 2])
figure
"""


def test_forked_and_papermill_reports_are_the_same(write_notebook, tmp_path):
    notebook = write_notebook(RICH, NOTES, PLOT, PUBLISH, "years;", "_ = 3\nyears + 1", "a = 1\na\n")
    results = {}
    for kind in ("fork", "papermill"):
        settings = Settings(timeout=120, runner=kind)
        result = run_report(
            notebook, {"region": "010000", "years": 7}, out_dir=tmp_path / kind, settings=settings
        )
        assert result.ok, result.error
        results[kind] = result
    forked, plain = results["fork"], results["papermill"]
    assert outputs(forked.folder) == outputs(plain.folder)
    assert forked.figures == plain.figures == {"n": 7}
    for file in ("tables/cities.csv", "tables.xlsx"):
        assert (forked.folder / file).read_bytes() == (plain.folder / file).read_bytes()
    pages = [(r.folder / "report.html").read_text("utf-8").partition("<footer>")[0] for r in results.values()]
    assert pages[0] == pages[1]
    assert "'010000'" in (forked.folder / "notebook.ipynb").read_text("utf-8")


def test_output_notebook_is_valid_and_papermill_shaped(warm, write_notebook, tmp_path):
    import nbformat

    result = run_report(write_notebook(PUBLISH), {"years": 5}, out_dir=tmp_path / "out", settings=FAST)
    notebook = nbformat.read(result.folder / "notebook.ipynb", as_version=4)
    nbformat.validate(notebook)
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    at = tags.index(["parameters"])
    assert tags[at + 1] == ["injected-parameters"] and "years = 5" in notebook.cells[at + 1].source
    assert notebook.metadata.papermill.parameters == {"years": 5}


ENDS = {
    "good": "1 + 1",
    "raises": "1 / 0",
    "hangs": "import time; time.sleep(600)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "exits": "import os; os._exit(0)",
    "quits": "import sys; sys.exit(0)",
    "memory": "import numpy; x = numpy.ones(10**10)",
    "list": "x = [0] * 10**10",
    "interrupt": "raise KeyboardInterrupt",
    "full": "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))",
    "no space": "raise OSError(28, 'No space left on device')",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "parse": "this is not python",
    "path": "raise ValueError('/home/li/secret/own.xlsx')",
    "orphan": "import subprocess; subprocess.Popen(['sleep', '987'])",
}
EXPECTED = {
    "good": "done",
    "raises": "failed",
    "hangs": "timeout",
    "killed": "died",
    "exits": "died",
    "quits": "failed",
    "memory": "out_of_memory",
    "list": "out_of_memory",
    "interrupt": "interrupted",
    "full": "disk_full",
    "no space": "disk_full",
    "segfault": "died",
    "parse": "failed",
    "path": "failed",
    "orphan": "done",
}


def endings(write_notebook, write_spec, names):
    body = "ends = " + json.dumps(ENDS) + "\nexec(ends[region])"
    write_notebook(body)
    return spec_of(write_spec, names)


def test_every_end_has_its_name_and_the_others_go_on(warm, write_notebook, write_spec, tmp_path):
    spec = endings(write_notebook, write_spec, list(ENDS))
    table = run_batch(spec, out_dir=tmp_path / "out", jobs=2, settings=Settings(timeout=6, memory_mb=1500))
    found = {
        json.loads(p)["region"]: status
        for p, status in zip(table["parameters"], table["status"], strict=True)
    }
    assert found == EXPECTED
    bad = (table["status"] != "done").to_numpy()
    assert bad[: bad.sum()].all()  # failures first
    runs = (tmp_path / "out" / "runs.csv").read_text("utf-8-sig").splitlines()
    assert len(runs) == len(ENDS) + 1 and "failed" in runs[1]
    index = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "ZeroDivisionError" in index and index.index("没有完成的报告") < index.index("<table>")
    assert "secret" not in index
    import subprocess

    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 987" not in left


def test_papermill_fallback_names_the_ends_too(write_notebook, write_spec, tmp_path):
    spec = endings(write_notebook, write_spec, ["good", "raises", "killed"])
    table = run_batch(
        spec, out_dir=tmp_path / "out", jobs=2, settings=Settings(timeout=90, runner="papermill")
    )
    found = {json.loads(p)["region"]: s for p, s in zip(table["parameters"], table["status"], strict=True)}
    assert found == {"good": "done", "raises": "failed", "killed": "died"}
    late = endings(write_notebook, write_spec, ["hangs"])
    table = run_batch(late, out_dir=tmp_path / "out", settings=Settings(timeout=6, runner="papermill"))
    assert table["status"].tolist() == ["timeout"]


LEAK = """
import os, random, builtins, pandas as pd, numpy as np
seen = {
    "option": pd.get_option("display.max_rows"),
    "seed": (random.random(), float(np.random.rand())),
    "global": "leaked" in globals() or hasattr(builtins, "leaked"),
    "environment": os.environ.get("MKT_LEAK"),
    "cwd": os.path.basename(os.getcwd()),
    "module": getattr(pd, "leaked", None),
    "argument": pd.DataFrame.head.__defaults__,
}
print(seen)
pd.set_option("display.max_rows", 7)
random.seed(years); np.random.seed(years)
leaked = builtins.leaked = pd.leaked = True
os.environ["MKT_LEAK"] = "1"
pd.DataFrame.head = lambda self, n=1: None
os.chdir("/")
"""


def test_nothing_leaks_from_one_report_to_the_next(write_notebook, write_spec, tmp_path):
    write_notebook(LEAK)
    spec = spec_of(write_spec, ["a", "b", "c", "d"])
    rows = run_rows(spec, out_dir=tmp_path / "out", settings=FAST)
    seen = {json.dumps(outputs(tmp_path / "out" / row.report)[3][1]) for row in rows}
    assert [row.status for row in rows] == ["done"] * 4
    assert len(seen) == 1 and "'global': False" in seen.pop()


def test_error_cell_is_marked_and_told(warm, write_notebook, tmp_path):
    notebook = write_notebook("x = 1", "x / 0", "print('never')")
    result = run_report(notebook, {}, out_dir=tmp_path / "out", settings=FAST)
    assert result.status == "failed" and result.error["source"] == "x / 0"
    assert "ZeroDivisionError" in result.error["lines"][-1]
    failed = json.loads((result.folder / "failure.ipynb").read_text("utf-8"))
    assert failed["cells"][result.error["cell"]]["metadata"]["tags"] == ["papermill-error-cell-tag"]
    assert failed["cells"][-1]["outputs"] == []
    assert not (result.folder / "report.html").exists()


def test_resume_skips_only_what_holds(warm, write_notebook, write_spec, tmp_path):
    notebook = write_notebook("assert region != 'bad'", PUBLISH)
    spec, out = spec_of(write_spec, ["a", "b", "bad"]), tmp_path / "out"

    def statuses():
        rows = run_rows(spec, out_dir=out, settings=FAST)
        return {row.parameters["region"]: row.status for row in rows}, {
            row.parameters["region"]: out / row.report for row in rows
        }

    first, folders = statuses()
    assert first == {"a": "done", "b": "done", "bad": "failed"}
    assert statuses()[0] == {"a": "kept", "b": "kept", "bad": "failed"}
    page = folders["a"] / "report.html"
    page.write_text(page.read_text("utf-8") + " ", "utf-8")
    (folders["b"] / "run.json").write_text("{", "utf-8")
    assert statuses()[0] == {"a": "done", "b": "done", "bad": "failed"}
    (folders["a"] / "tables" / "cities.csv").unlink()
    assert statuses()[0] == {"a": "done", "b": "kept", "bad": "failed"}
    notebook.write_text(notebook.read_text("utf-8").replace("!= 'bad'", "!= 'b'"), "utf-8")
    before = (folders["b"] / "report.html").read_bytes()
    assert statuses()[0] == {"a": "done", "b": "failed", "bad": "done"}
    assert (folders["b"] / "report.html").read_bytes() == before  # the old good report survives
    rows = run_rows(spec, out_dir=out, only_failed=True, settings=FAST)
    assert {row.parameters["region"]: row.status for row in rows} == {
        "a": "kept",
        "b": "failed",
        "bad": "kept",
    }


def test_bad_input_is_told_before_anything_runs(warm, write_notebook, write_spec, tmp_path):
    notebook = write_notebook("open('ran', 'w')")
    with pytest.raises(ParameterError, match="years"):
        run_report(notebook, {"years": "3"}, out_dir=tmp_path / "out")
    with pytest.raises(ParameterError, match="'region'"):
        run_report(notebook, {"regoin": "3"}, out_dir=tmp_path / "out")
    with pytest.raises(MktError, match="找不到笔记本"):
        run_report(tmp_path / "none.ipynb", {}, out_dir=tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(MktError, match="不能写入"):
        run_report(notebook, {}, out_dir=tmp_path / "file")
    for wrong in ({"jobs": 0}, {"timeout": -1}, {"runner": "magic"}, {"memory_mb": 1}):
        with pytest.raises(MktError):
            Settings(**wrong)
    assert not (tmp_path / "ran").exists() and not (tmp_path / "out").exists()


def test_one_writer_at_a_time(warm, write_notebook, tmp_path):
    from mktanalysis.reports.folder.store import Store

    with Store(tmp_path / "out").opened(), pytest.raises(MktError, match="另一次运行"):
        run_report(write_notebook("1"), {}, out_dir=tmp_path / "out")


def test_no_path_of_this_machine_is_published(warm, write_notebook, tmp_path):
    body = "import os, sys, warnings\nprint(os.getcwd(), sys.prefix)\nwarnings.warn('look')\nos.getcwd()"
    result = run_report(write_notebook(body, PUBLISH), {}, out_dir=tmp_path / "out", settings=FAST)
    assert result.ok
    from mktanalysis.reports.names import names_local_path

    for path in (tmp_path / "out").rglob("*"):
        if path.suffix in (".html", ".ipynb", ".json", ".csv"):
            text = path.read_text("utf-8")
            assert not names_local_path(text) and str(tmp_path) not in text, path.name


@pytest.mark.parametrize("kind", ["fork", "papermill"])
def test_modules_beside_the_notebook_are_found_and_those_of_the_caller_are_not(
    kind, write_notebook, tmp_path, monkeypatch
):
    (tmp_path / "helper_beside.py").write_text("value = 3")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "statistics.py").write_text("raise RuntimeError('of the caller')")
    monkeypatch.chdir(elsewhere)
    notebook = write_notebook("import helper_beside, statistics\nassert helper_beside.value == 3")
    result = run_report(notebook, {}, out_dir=tmp_path / "out", settings=Settings(timeout=60, runner=kind))
    assert result.ok, result.error
