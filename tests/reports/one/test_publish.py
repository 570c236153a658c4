import json

import pandas as pd
import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports.one.publish import (
    MAX_ROWS,
    RUN_FOLDER,
    publish_figure,
    publish_file,
    publish_table,
    published,
)
from mktanalysis.reports.one.workbook import read_published, write_workbook

TABLE = pd.DataFrame(
    {
        "region": ["010000", "=1+1"],
        "容量": [1.5, None],
        "个数": [3, 4],
        "级别": pd.Categorical(["一线", None], categories=["一线", "二线"], ordered=True),
        "年": pd.PeriodIndex(["2023", "2024"], freq="Y"),
        "是否": [True, False],
    }
)


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(RUN_FOLDER, str(tmp_path))
    return tmp_path


def test_outside_a_run_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv(RUN_FOLDER, raising=False)
    monkeypatch.chdir(tmp_path)
    before = TABLE.copy()
    publish_table("cities", TABLE, title="城市")
    publish_figure("total", 3, label="合计")
    assert list(tmp_path.iterdir()) == []
    pd.testing.assert_frame_equal(TABLE, before)


def test_table_comes_back_with_its_types(run_folder):
    publish_table("cities", TABLE, title="城市", units={"容量": "亿元"})
    (meta,) = published(run_folder)["tables"]
    assert meta["kinds"] == ["text", "number", "integer", "text", "period", "flag"]
    back = read_published(run_folder, meta)
    assert back["region"].tolist() == ["010000", "'=1+1"]
    assert back["容量"].tolist()[0] == 1.5e8 and back["容量"].isna().tolist() == [False, True]
    assert back["年"].tolist() == ["2023", "2024"]


def test_workbook_is_formatted_and_inert(run_folder):
    from python_calamine import CalamineWorkbook

    publish_table("cities", TABLE, title="城市", units={"容量": "亿元"})
    publish_table("again", TABLE.head(1), title="城市")
    path = run_folder / "tables.xlsx"
    write_workbook(path, run_folder, published(run_folder)["tables"])
    book = CalamineWorkbook.from_path(str(path))
    assert len(book.sheet_names) == 2 and book.sheet_names[0] == "城市"
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["地区代码", "容量（元）", "个数"]
    assert rows[1][0] == "010000" and rows[2][0] == "'=1+1"
    import zipfile

    sheet = zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and 'state="frozen"' in sheet


@pytest.mark.parametrize(
    ("name", "table", "title", "units", "word"),
    [
        ("Bad Name", TABLE, "城市", None, "名称"),
        ("../up", TABLE, "城市", None, "名称"),
        ("cities", TABLE, "", None, "标题"),
        ("cities", TABLE, "城市", {"没有": "元"}, "不存在的列"),
        ("cities", [1, 2], "城市", None, "DataFrame"),
        ("cities", pd.DataFrame({"a": [[1], {2: 3}]}), "城市", None, "内容应为"),
        ("cities", pd.DataFrame([[1, 2]], columns=["a", "a"]), "城市", None, "不重复"),
        ("cities", pd.DataFrame({"a": ["/home/li/own.xlsx"]}), "城市", None, "本机路径"),
        ("cities", pd.DataFrame({"a": ["x" * 40_000]}), "城市", None, "32767"),
        ("cities", pd.DataFrame({"a": range(MAX_ROWS + 1)}), "城市", None, "太大"),
    ],
)
def test_bad_tables_are_refused_before_anything_is_written(run_folder, name, table, title, units, word):
    with pytest.raises(MktError, match=word):
        publish_table(name, table, title=title, units=units)
    assert list(run_folder.iterdir()) == []


def test_figures(run_folder):
    import numpy as np

    publish_figure("a", np.float64(1.5e8), label="甲", unit="亿元")
    publish_figure("b", float("nan"), label="乙")
    publish_figure("c", "一线", label="丙")
    publish_figure("d", pd.Series([1, 2, None]), label="丁")
    assert [f["value"] for f in published(run_folder)["figures"]] == [1.5, None, "一线", [1.0, 2.0, None]]
    json.loads((run_folder / "published.json").read_text("utf-8"), parse_constant=pytest.fail)
    with pytest.raises(MktError, match="已经用过"):
        publish_figure("a", 1, label="甲")
    for value in (float("inf"), object(), "x" * 300, [1], "/home/li/x"):
        with pytest.raises(MktError):
            publish_figure("e", value, label="戊")


def test_a_figure_has_an_interval_that_holds_it(tmp_path, monkeypatch):
    monkeypatch.setenv(RUN_FOLDER, str(tmp_path))
    publish_figure("size", 2e8, label="规模", unit="亿元", lower=1e8, upper=4e8)
    (figure,) = published(tmp_path)["figures"]
    assert (figure["lower"], figure["value"], figure["upper"]) == (1.0, 2.0, 4.0)
    for ends in ({"lower": 3e8, "upper": 4e8}, {"lower": 1e8}, {"lower": 3e8, "upper": 1e8}):
        with pytest.raises(MktError, match="区间"):
            publish_figure("other", 2e8, label="规模", unit="亿元", **ends)


def test_a_further_file_lies_beside_the_page_under_its_own_name(run_folder):
    publish_file("plan.docx", lambda path: path.write_bytes(b"PK"), title="计划书（Word）")
    assert (run_folder / "plan.docx").read_bytes() == b"PK"
    assert published(run_folder)["files"] == [{"name": "plan.docx", "title": "计划书（Word）"}]
    with pytest.raises(MktError, match="已经用过"):
        publish_file("plan.docx", lambda path: path.write_bytes(b"PK"), title="计划书（Word）")
    assert (run_folder / "plan.docx").read_bytes() == b"PK"


@pytest.mark.parametrize(
    "name", ["../plan.docx", "tables.xlsx", "report.pdf", "plan.html", "Plan.docx", "a/b.pdf"]
)
def test_names_that_are_not_for_further_files(run_folder, name):
    with pytest.raises(MktError, match="文件名"):
        publish_file(name, lambda path: path.write_bytes(b"PK"), title="计划书")
    assert list(run_folder.iterdir()) == []


def test_a_further_file_that_was_not_written(run_folder, monkeypatch):
    with pytest.raises(MktError, match="没有写成"):
        publish_file("plan.docx", lambda path: None, title="计划书")
    assert published(run_folder)["files"] == []
    monkeypatch.delenv(RUN_FOLDER)
    made = []
    publish_file("plan.docx", lambda path: made.append(path) or path.write_bytes(b"PK"), title="计划书")
    assert made and not made[0].exists()  # outside a run it is tried and removed
