import json

import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports import Settings, run_report
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
