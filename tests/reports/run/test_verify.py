import json

import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports import Settings, run_report
from mktanalysis.reports.run.batch import run_rows
from mktanalysis.reports.run.verify import is_confirmed, same_value, verify_reports

BODY = """
import pandas as pd
from mktanalysis.reports import publish_table, publish_figure
table = pd.DataFrame({"城市": ["南京", "苏州"], "值": [1 / 3, years * 1.0], "代码": ["010000", None]})
publish_table("cities", table, title="城市")
publish_figure("n", years * 0.1, label="数")
"""
FAST = Settings(timeout=60)


@pytest.fixture
def report(warm, write_notebook, tmp_path):
    return run_report(write_notebook(BODY), {"years": 7}, out_dir=tmp_path / "out", settings=FAST)


def told(folder):
    found = verify_reports(folder, settings=FAST)
    return found.set_index("item"), is_confirmed(found)


def test_an_untouched_report_is_confirmed(report):
    found, confirmed = told(report.folder)
    assert confirmed and found["same"].all()
    assert list(found.index) == ["文件", "笔记本", "数据", "代码", "软件包", "运行", "结果"]
    assert told(report.folder.parent)[1]


def test_a_changed_file_is_named(report):
    path = report.folder / "tables" / "cities.csv"
    path.write_text(path.read_text("utf-8-sig").replace("7.0", "7.1"), "utf-8-sig")
    found, confirmed = told(report.folder)
    assert not confirmed and not found.loc["文件", "same"]
    assert "第 2 行 值：7.1 变为 7.0" in found.loc["结果", "detail"]


def test_other_data_code_and_packages_are_named_but_do_not_deny_the_result(report, monkeypatch):
    from mktanalysis.reports.plan import provenance
    from mktanalysis.reports.run import verify

    now = dict(provenance.environment())
    now |= {"data": "0" * 64, "package": "1" * 64, "packages": {**now["packages"], "pandas": "9.9"}}
    monkeypatch.setattr(verify, "environment", lambda: now)
    found, confirmed = told(report.folder)
    assert confirmed
    assert found["same"].to_dict() == {
        "文件": True,
        "笔记本": True,
        "数据": False,
        "代码": False,
        "软件包": False,
        "运行": True,
        "结果": True,
    }
    assert "pandas" in found.loc["软件包", "detail"]


def test_a_result_that_depends_on_the_outside_is_found_out(warm, write_notebook, tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("1")
    body = f"from mktanalysis.reports import publish_figure\nn = int(open({str(counter)!r}).read())\n"
    notebook = write_notebook(body + "publish_figure('n', n, label='数')")
    report = run_report(notebook, {}, out_dir=tmp_path / "out", settings=FAST)
    counter.write_text("2")
    found, confirmed = told(report.folder)
    assert not confirmed and "关键数字 n：1 变为 2" in found.loc["结果", "detail"]


def test_record_tells_everything_and_no_secret(report):
    record = json.loads((report.folder / "run.json").read_text("utf-8"))
    for key in (
        "parameters",
        "status",
        "identity",
        "packages",
        "seed",
        "threads",
        "started",
        "seconds",
        "outputs",
    ):
        assert record[key] not in ("", None), key
    assert set(record["outputs"]) == {"report.html", "notebook.ipynb", "tables.xlsx", "tables/cities.csv"}
    assert record["packages"]["pandas"] and record["peak_mb"] > 10


def test_nothing_to_verify(tmp_path):
    with pytest.raises(MktError, match="没有报告"):
        verify_reports(tmp_path)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (1.0, 1.0 + 1e-12, True),
        (1.0, 1.0 + 1e-8, False),
        (float("nan"), float("nan"), True),
        (0.0, 1e-13, True),
        ("一线", "一线 ", False),
        (1, "1", False),
        (None, None, True),
        ([1.0, None], [1.0, None], True),
        ([1.0], [1.0, 2.0], False),
    ],
)
def test_same_value(a, b, same):
    assert same_value(a, b) is same


def damage(folder, what):
    record = folder / "run.json"
    facts = json.loads(record.read_text("utf-8"))
    table = folder / "tables" / "cities.csv"
    lines = table.read_text("utf-8-sig").splitlines()
    if what == "row":
        table.write_text("\n".join(lines[:-1]) + "\n", "utf-8-sig")
    elif what == "column":
        table.write_text("\n".join(line.rpartition(",")[0] for line in lines) + "\n", "utf-8-sig")
    elif what == "csv":
        table.unlink()
    elif what == "bytes":
        table.write_bytes(b"\xff\xfe\x00\x80" * 9)
    elif what == "notebook":
        (folder / "notebook.ipynb").unlink()
    elif what == "notebook text":
        (folder / "notebook.ipynb").write_text("{")
    elif what == "record":
        record.write_text("[1]")
    elif what == "parameter":
        record.write_text(json.dumps({**facts, "parameters": {"nothing": 1}}))
    else:
        del facts[what]
        record.write_text(json.dumps(facts))


DAMAGES = ["row", "column", "csv", "bytes", "notebook", "notebook text", "record", "parameter"]
FIELDS = [
    "identity",
    "outputs",
    "tables",
    "figures",
    "notebook",
    "parameters",
    "packages",
    "version",
    "title",
]


@pytest.mark.parametrize("what", DAMAGES + FIELDS)
def test_a_damaged_report_is_named_and_the_others_are_compared(what, warm, write_notebook, tmp_path):
    notebook = write_notebook(BODY)
    reports = [run_report(notebook, {"years": n}, out_dir=tmp_path / "out", settings=FAST) for n in (1, 2)]
    damage(reports[0].folder, what)
    found = verify_reports(tmp_path / "out", settings=FAST)
    assert not is_confirmed(found)
    by_report = {name: is_confirmed(lines) for name, lines in found.groupby("report")}
    assert by_report == {reports[0].name: False, reports[1].name: True}
    bad = found[(found["report"] == reports[0].name) & ~found["same"]]
    assert bad["detail"].str.len().gt(0).any()


def test_reports_with_modules_and_files_beside_the_notebook_are_confirmed(
    warm, write_notebook, tmp_path, monkeypatch
):
    project = tmp_path / "project"
    project.mkdir()
    (project / "beside.py").write_text("def read(path): return float(open(path).read())")
    (project / "own.txt").write_text("4")
    body = (
        "import beside\nfrom mktanalysis.reports import publish_figure\n"
        "publish_figure('n', beside.read(file), label='数')"
    )
    write_notebook(body, typed='file: str = "own.txt"').rename(project / "small.ipynb")
    report = run_report(project / "small.ipynb", {}, out_dir=tmp_path / "out", settings=FAST)
    assert report.ok and report.figures == {"n": 4.0}
    monkeypatch.chdir(tmp_path)
    assert told(report.folder)[1]
    monkeypatch.chdir("/")
    found = verify_reports(report.folder, settings=FAST, notebooks=project)
    assert is_confirmed(found) and found["same"].all()
    (project / "own.txt").write_text("5")
    found = verify_reports(report.folder, settings=FAST, notebooks=project).set_index("item")
    assert not found.loc["数据", "same"] and not found.loc["结果", "same"]


SPEC = """
title = "测试"
[[part]]
[[part.chapter]]
notebook = "small"
[part.chapter.grid]
years = [1, 2]
"""


@pytest.fixture
def batch(warm, write_notebook, write_spec, tmp_path):
    write_notebook(BODY)
    spec, out = write_spec(SPEC), tmp_path / "out"
    return lambda: run_rows(spec, out_dir=out, settings=FAST), out


def test_a_report_whose_record_is_gone_is_named(batch):
    make, out = batch
    lost, kept = (row.report for row in make())
    (out / lost / "run.json").unlink()
    found = verify_reports(out, settings=FAST)
    assert not is_confirmed(found)
    assert found.loc[~found["same"], ["report", "item"]].values.tolist() == [[lost, "文件"]]
    assert found.loc[found["report"] == kept, "same"].all()
    (out / kept / "run.json").unlink()
    assert verify_reports(out, settings=FAST)["report"].tolist() == [lost, kept]


@pytest.mark.parametrize(
    "change", [{"title": "别的"}, {"parameters": {"years": 9}}, {"key": "other"}, {"notebook": "other.ipynb"}]
)
def test_a_record_that_says_something_else_is_not_kept(change, batch):
    make, out = batch
    path = out / make()[0].report / "run.json"
    record = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(record | change), "utf-8")
    assert [row.status for row in make()] == ["done", "kept"]
    assert json.loads(path.read_text("utf-8"))["parameters"] == record["parameters"]
