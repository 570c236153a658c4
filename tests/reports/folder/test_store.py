"""Nothing in an output folder that the engine has not written is touched."""

import errno
import hashlib
import json
import os

import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports import Settings, run_report
from mktanalysis.reports.folder import mark
from mktanalysis.reports.folder.store import Store
from mktanalysis.reports.run.batch import run_rows

FAST = Settings(timeout=60)
BODY = """
import pandas as pd
from mktanalysis.reports import publish_table, publish_figure
publish_table("cities", pd.DataFrame({"城市": ["南京"], "值": [years]}), title="城市")
publish_figure("n", years, label="数")
"""
SPEC = """
title = "测试"
[[part]]
[[part.chapter]]
notebook = "small"
[part.chapter.grid]
years = [1, 2, 3]
"""


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize(
    "own",
    ["index.html", "runs.csv", "figures.xlsx", "tables/mine.csv", ".notes.tmp", ".work/x", "sub/report.html"],
)
def test_a_folder_of_somebody_else_is_refused_and_unchanged(own, warm, write_notebook, tmp_path):
    out = tmp_path / "own"
    (out / own).parent.mkdir(parents=True)
    (out / own).write_text("mine")
    (out / "letter.docx").write_text("mine")
    before = contents(out)
    with pytest.raises(MktError, match="已有别的文件"):
        run_report(write_notebook("1"), {}, out_dir=out, settings=FAST)
    assert contents(out) == before


@pytest.mark.parametrize(
    "own", [".work/mine.txt", ".next/mine.txt", ".lock", ".index.html.00000000.tmp", ".DS_Store"]
)
def test_names_of_the_engines_scratch_are_somebodys_where_there_is_no_mark(
    own, warm, write_notebook, tmp_path
):
    out = tmp_path / "own"
    (out / own).parent.mkdir(parents=True)
    (out / own).write_text("mine")
    before = contents(out)
    with pytest.raises(MktError, match="已有别的文件"):
        run_report(write_notebook("1"), {}, out_dir=out, settings=FAST)
    assert contents(out) == before


def test_a_half_written_mark_of_a_killed_run_is_no_hindrance(warm, write_notebook, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / f".{mark.MARK}.0123abcd{mark.UNFINISHED}").write_text("{")
    assert run_report(write_notebook("1"), {}, out_dir=out, settings=FAST).ok


def test_home_is_where_a_tilde_says(warm, write_notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert run_report(write_notebook("1"), {}, out_dir="~/out", settings=FAST).ok
    assert (tmp_path / "home" / "out").is_dir() and not (tmp_path / "~").exists()


def test_no_folder_at_all_is_refused(warm, write_notebook):
    with pytest.raises(MktError, match="没有给出输出文件夹"):
        run_report(write_notebook("1"), {}, out_dir="")


def test_own_files_beside_the_reports_stay(warm, write_notebook, write_spec, tmp_path):
    write_notebook(BODY)
    spec = write_spec(SPEC)
    out = tmp_path / "out"
    run_rows(spec, out_dir=out, settings=FAST)
    (out / "tables" / "mine.csv").write_text("mine")
    (out / "letter.docx").write_text("mine")
    (out / ".notes.tmp").write_text("mine")
    one = next(path.parent for path in out.glob("*/run.json"))
    (one / "tables" / "mine.csv").write_text("mine")
    (one / ".mine.tmp").write_text("mine")
    write_notebook(BODY.replace("cities", "towns"))
    rows = run_rows(spec, out_dir=out, settings=FAST)
    assert [row.status for row in rows] == ["done"] * 3
    for path in (out / "tables" / "mine.csv", out / "letter.docx", out / ".notes.tmp", one / ".mine.tmp"):
        assert path.read_text() == "mine"
    assert (one / "tables" / "mine.csv").read_text() == "mine"
    assert not (out / "tables" / "cities.csv").exists() and (out / "tables" / "towns.csv").exists()


def test_a_table_of_that_name_is_not_overwritten(warm, write_notebook, write_spec, tmp_path):
    notebook = write_notebook("1")
    out = tmp_path / "out"
    run_report(notebook, {}, out_dir=out, settings=FAST)
    (out / "tables").mkdir()
    (out / "tables" / "cities.csv").write_text("mine")
    write_notebook(BODY)
    run_rows(write_spec(SPEC), out_dir=out, settings=FAST)
    assert (out / "tables" / "cities.csv").read_text() == "mine"
    assert (out / "tables" / "cities-2.csv").read_text("utf-8-sig").startswith("报告")
    assert "tables/cities-2.csv" in (out / "index.html").read_text("utf-8")


@pytest.mark.parametrize("name", [".work", ".next", ".lock", "tables", "index.html", "runs.csv", mark.MARK])
def test_a_link_in_the_folder_is_not_followed(name, warm, write_notebook, write_spec, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.csv").write_text("mine")
    out = tmp_path / "out"
    notebook = write_notebook("1")
    run_report(notebook, {}, out_dir=out, settings=FAST)
    (out / name).unlink(missing_ok=True)
    (out / name).symlink_to(
        outside / "mine.csv" if "." in name[1:] or name in (".lock", mark.MARK) else outside
    )
    with pytest.raises(MktError, match="链接"):
        run_rows(write_spec(SPEC), out_dir=out, settings=FAST)
    assert contents(outside) == {"mine.csv": b"mine"}


def test_a_report_folder_that_is_a_link_fails_by_name(warm, write_notebook, write_spec, tmp_path):
    write_notebook(BODY)
    spec = write_spec(SPEC)
    out = tmp_path / "out"
    rows = run_rows(spec, out_dir=out, settings=FAST)
    outside = tmp_path / "outside"
    os.rename(out / rows[0].report, outside)
    (out / rows[0].report).symlink_to(outside)
    before = contents(outside)
    write_notebook(BODY + "\n2")
    again = {row.report: row for row in run_rows(spec, out_dir=out, settings=FAST)}
    assert again.pop(rows[0].report).status == "failed"
    assert {row.status for row in again.values()} == {"done"}
    assert contents(outside) == before


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "tables/../../x", "a" * 300, "", "南京"])
def test_names_in_records_are_checked_before_a_path_is_made(name, warm, write_notebook, write_spec, tmp_path):
    write_notebook(BODY)
    spec = write_spec(SPEC)
    out = tmp_path / "out"
    row = run_rows(spec, out_dir=out, settings=FAST)[0]
    path = out / row.report / "run.json"
    record = json.loads(path.read_text("utf-8"))
    record["tables"][0]["name"] = name
    record["outputs"] = {f"tables/{name}.csv": "0" * 64, "report.html": "0" * 64}
    path.write_text(json.dumps(record), "utf-8")
    assert Store(out).record(row.report) is None
    assert {row.status for row in run_rows(spec, out_dir=out, settings=FAST)} == {"done", "kept"}
    assert {path.name for path in tmp_path.iterdir()} == {"out", "small.ipynb", "spec.toml"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
def test_an_error_while_publishing_is_one_reports_own(
    number, warm, write_notebook, write_spec, tmp_path, monkeypatch
):
    write_notebook(BODY)
    real = Store.publish

    def publish(self, name, staging, record):
        if record["parameters"]["years"] == 2:
            raise OSError(number, os.strerror(number))
        return real(self, name, staging, record)

    monkeypatch.setattr(Store, "publish", publish)
    rows = run_rows(write_spec(SPEC), out_dir=tmp_path / "out", settings=FAST)
    ends = {row.parameters["years"]: row.status for row in rows}
    assert ends == {1: "done", 2: "disk_full" if number == errno.ENOSPC else "failed", 3: "done"}
    assert os.strerror(number) in next(row.message for row in rows if not row.ok)
    assert "1 份没有完成" in (tmp_path / "out" / "index.html").read_text("utf-8")
    assert len((tmp_path / "out" / "runs.csv").read_text("utf-8-sig").splitlines()) == 4


@pytest.mark.parametrize("method", ["publish_failure", "record", "forget_failure"])
def test_even_a_failure_that_cannot_be_recorded_is_listed(
    method, warm, write_notebook, write_spec, tmp_path, monkeypatch
):
    write_notebook("assert years != 2")
    real = getattr(Store, method)
    spec = write_spec(SPEC)

    def fail(self, *arguments):
        if (tmp_path / "out" / ".work").exists() and len(list((tmp_path / "out").glob("*/run.json"))) > 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, *arguments)

    monkeypatch.setattr(Store, method, fail)
    try:
        rows = run_rows(spec, out_dir=tmp_path / "out", settings=FAST)
    finally:
        monkeypatch.undo()
    assert len(rows) == 3 and (tmp_path / "out" / "index.html").exists()


def test_a_lost_rollup_comes_back_without_any_report_made_again(warm, write_notebook, write_spec, tmp_path):
    write_notebook(BODY)
    spec = write_spec(SPEC)
    out = tmp_path / "out"
    run_rows(spec, out_dir=out, settings=FAST)
    first = contents(out)
    for lost in ("tables/cities.csv", "figures.xlsx", "tables/figures-small.csv", "index.html", "runs.csv"):
        (out / lost).unlink()
        assert {row.status for row in run_rows(spec, out_dir=out, settings=FAST)} == {"kept"}
        assert contents(out).keys() == first.keys()
    (out / "tables" / "cities.csv").write_text("changed")
    run_rows(spec, out_dir=out, settings=FAST)
    assert (out / "tables" / "cities.csv").read_bytes() == first["tables/cities.csv"]


@pytest.mark.parametrize("stop", [0, 1, 2])
def test_the_files_over_the_reports_change_together(
    stop, warm, write_notebook, write_spec, tmp_path, monkeypatch
):
    write_notebook(BODY)
    spec = write_spec(SPEC)
    out = tmp_path / "out"
    run_rows(spec, out_dir=out, settings=FAST)
    over = ("index.html", "runs.csv", "figures.xlsx", "tables/cities.csv", "tables/figures-small.csv")
    before = {name: (out / name).read_bytes() for name in over}
    write_notebook(BODY.replace("[years]", "[years + 100]"))
    moved = []
    real = os.replace

    class Killed(BaseException):
        pass

    def stop_in_the_middle(source, target):
        if "/.next/" in str(source) and os.path.dirname(str(target)) in (str(out), str(out / "tables")):
            if len(moved) == stop:
                raise Killed
            moved.append(target)
        return real(source, target)

    monkeypatch.setattr("mktanalysis.reports.folder.store.os.replace", stop_in_the_middle)
    with pytest.raises(Killed):
        run_rows(spec, out_dir=out, settings=FAST)
    monkeypatch.undo()
    tables = [name for name in over if name.startswith("tables/")]
    killed = {name: (out / name).read_bytes() for name in tables}
    with Store(out).opened():  # what the next run does first
        pass
    after = {name: (out / name).read_bytes() for name in over}
    whole = [{name: state[name] for name in tables} for state in (before, after)]
    assert killed in whole  # the folder of tables is never a mix
    assert "101" in after["tables/cities.csv"].decode("utf-8-sig")
    assert all(after[name] != before[name] for name in ("index.html", "runs.csv", "tables/cities.csv"))


def test_retry_runs_what_failed_and_what_never_ran(warm, write_notebook, write_spec, tmp_path):
    write_notebook("assert years != 2")
    out = tmp_path / "out"
    run_rows(write_spec(SPEC.replace(", 3", "")), out_dir=out, settings=FAST)
    write_notebook("1")
    rows = run_rows(write_spec(SPEC), out_dir=out, only_failed=True, settings=FAST)
    assert {row.parameters["years"]: row.status for row in rows} == {1: "not_run", 2: "done", 3: "done"}


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_files_follow_the_users_mask_and_keep_their_mode(mask, tmp_path):
    import pandas as pd

    from mktanalysis.files import write_atomic
    from mktanalysis.io import write_csv, write_xlsx

    table = pd.DataFrame({"城市": ["南京"]})
    before = os.umask(mask)
    try:
        for write in (
            lambda path: write_csv(path, table),
            lambda path: write_xlsx(path, {"表": table}),
            lambda path: write_atomic(path, "x"),
        ):
            path = tmp_path / "file"
            write(path)
            assert path.stat().st_mode & 0o777 == 0o666 & ~mask
            path.chmod(0o640)
            write(path)
            assert path.stat().st_mode & 0o777 == 0o640
            path.unlink()
    finally:
        os.umask(before)


@pytest.mark.parametrize("can", [True, False])
def test_two_folders_trade_places(can, tmp_path, monkeypatch):
    from mktanalysis.reports.folder import swap

    if not can:
        monkeypatch.setattr(swap, "_call", lambda: None)
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    swap.exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "file").read_text() == "b" and (tmp_path / "b" / "file").read_text() == "a"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_file_of_ones_own_among_the_tables_stays(warm, write_notebook, write_spec, tmp_path):
    write_notebook(BODY)
    spec = write_spec(SPEC)
    out = tmp_path / "out"
    run_rows(spec, out_dir=out, settings=FAST)
    (out / "tables" / "mine.csv").write_text("mine")
    write_notebook(BODY.replace("[years]", "[years + 100]"))
    run_rows(spec, out_dir=out, settings=FAST)
    assert (out / "tables" / "mine.csv").read_text() == "mine"
    assert "101" in (out / "tables" / "cities.csv").read_text("utf-8-sig")


def test_further_files_are_hashed_listed_and_go_with_their_report(warm, write_notebook, write_spec, tmp_path):
    leave = (
        "from mktanalysis.reports import publish_file\n"
        "publish_file('plan.docx', lambda path: path.write_bytes(b'PK'), title='计划书（Word）')"
    )
    write_notebook(leave)
    spec = write_spec('title = "测试"\n[[part]]\n[[part.chapter]]\nnotebook = "small"')
    out = tmp_path / "out"
    (row,) = run_rows(spec, out_dir=out, settings=FAST)
    report = out / row.report
    assert row.files == [{"name": "plan.docx", "title": "计划书（Word）"}]
    assert row.record["outputs"]["plan.docx"] == hashlib.sha256(b"PK").hexdigest()
    assert 'href="plan.docx">计划书（Word）' in (report / "report.html").read_text("utf-8")
    assert f'{report.name}/plan.docx">计划书（Word）' in (out / "index.html").read_text("utf-8")
    assert [row.status for row in run_rows(spec, out_dir=out, settings=FAST)] == ["kept"]
    (report / "plan.docx").write_bytes(b"changed")
    assert [row.status for row in run_rows(spec, out_dir=out, settings=FAST)] == ["done"]
    assert (report / "plan.docx").read_bytes() == b"PK"
    write_notebook("1 + 1")
    run_rows(spec, out_dir=out, settings=FAST)
    assert not (report / "plan.docx").exists() and (report / "report.html").exists()
