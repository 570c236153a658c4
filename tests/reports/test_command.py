"""The command line of reports."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from mktanalysis.cli import build_app
from mktanalysis.errors import MktError
from mktanalysis.reports.plan.spec import read_spec
from mktanalysis.reports.run.estimate import estimate_run

SPEC = """
title = "测试"
[[part]]
[[part.chapter]]
notebook = "small"
[part.chapter.grid]
years = [1, 2]
"""
BODY = "from mktanalysis.reports import publish_figure\npublish_figure('n', years, label='数')\n"


@pytest.fixture
def run(warm):
    return lambda *arguments: CliRunner().invoke(build_app(), ["report", *map(str, arguments)])


def test_plan_run_verify(run, write_notebook, write_spec, tmp_path):
    write_notebook(BODY + "assert years != 2")
    spec, out = write_spec(SPEC), tmp_path / "out"
    planned = run("plan", spec, "--out", out)
    assert planned.exit_code == 0 and "要做 2 份，沿用 0 份" in planned.output and not out.exists()
    ran = run("run", spec, "--out", out)
    assert ran.exit_code == 1 and "1 份新做，0 份沿用，1 份没有完成" in ran.output
    write_notebook(BODY)
    assert run("run", spec, "--out", out, "--retry-failed").exit_code == 0
    again = run("run", spec, "--out", out)
    assert again.exit_code == 0, again.output
    assert "沿用" in run("run", spec, "--out", out).output
    assert "重算一致" in run("verify", out).output
    record = next(out.glob("*/run.json"))
    content = json.loads(record.read_text("utf-8"))
    content["figures"][0]["value"] = 99
    record.write_text(json.dumps(content), "utf-8")
    wrong = run("verify", out)
    assert wrong.exit_code == 1 and "不能重现" in wrong.output


def test_show_and_wrong_names(run, write_notebook):
    shown = run("show", write_notebook("1"))
    assert "region: str = '320000'" in shown.output and "地区：六位代码" in shown.output
    assert isinstance(run("show", "no_such_notebook").exception, MktError)
    assert isinstance(run("run", "no_such_spec").exception, MktError)


def test_estimates_rest_on_records_and_refuse_a_full_disk(
    run, write_notebook, write_spec, tmp_path, monkeypatch
):
    write_notebook(BODY)
    out = tmp_path / "out"
    assert run("run", write_spec(SPEC), "--out", out).exit_code == 0
    more = read_spec(write_spec(SPEC.replace("[1, 2]", "[1, 2, 3, 4, 5]")))
    estimate = estimate_run(more, out, jobs=2)
    assert (estimate.to_make, estimate.to_keep) == (3, 2)
    assert 0 < estimate.seconds < 60 and estimate.size > 1000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 5, 5))
    with pytest.raises(MktError, match="磁盘不够"):
        estimate_run(more, out, jobs=2)


def test_all_kept_writes_nothing_and_loads_no_table_library(run, write_notebook, write_spec, tmp_path):
    import subprocess
    import sys

    write_notebook(BODY)
    spec, out = write_spec(SPEC), tmp_path / "out"
    code = (
        "import sys; from mktanalysis.reports.run.batch import run_rows\n"
        "rows = run_rows(sys.argv[1], out_dir=sys.argv[2])\n"
        "print([row.status for row in rows], 'pandas' in sys.modules, 'papermill' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(spec), str(out)]
    first = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    before = {
        path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != ".lock"
    }
    second = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = {
        path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != ".lock"
    }
    assert "'done', 'done'" in first
    assert second.strip() == "['kept', 'kept'] False False" and before == after


@pytest.mark.browser
def test_pdf(run, write_notebook, write_spec, tmp_path):
    if shutil.which("chromium") is None:
        pytest.skip("NO CHROMIUM ON THIS MACHINE: no pdf was printed")
    write_notebook(BODY)
    out = tmp_path / "out"
    assert run("run", write_spec(SPEC), "--out", out, "--pdf").exit_code == 0
    pages = list(out.glob("*/report.pdf"))
    assert len(pages) == 2 and all(page.read_bytes().startswith(b"%PDF-") for page in pages)


def test_no_browser_is_said(monkeypatch):
    from mktanalysis.reports.folder import pdf

    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    with pytest.raises(MktError, match="Chromium"):
        pdf.find_browser()


@pytest.mark.parametrize("out", ["", " "])
def test_an_empty_name_is_not_the_current_folder(out, run, write_notebook, write_spec, tmp_path, monkeypatch):
    write_notebook(BODY)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run("run", write_spec(SPEC), "--out", out).exit_code == 2
    assert sorted(path for path in tmp_path.rglob("*") if path.name != "spec.toml") == before
