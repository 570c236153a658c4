import csv
import hashlib
import os

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from mktanalysis.errors import MktError, TableError
from mktanalysis.io import read_table, write_csv, write_template, write_xlsx
from mktanalysis.io.write import sheet_names

TABLE = pd.DataFrame(
    {
        "region": ["110000", "=1+1", "@x", "-南京"],
        "value": [1.5, np.nan, -3.0, np.inf],
        "period": pd.period_range("2020", periods=4, freq="Y"),
        "tier": pd.Categorical(["一线", None, "二线", "一线"]),
        "flag": [True, False, True, False],
        "link": ["http://x.example", "+86", "'a", "普通"],
    }
)


def test_the_same_table_gives_the_same_bytes(tmp_path, monkeypatch):
    digests = set()
    for clock in (1_600_000_000, 1_700_000_000):
        monkeypatch.setattr("time.time", lambda clock=clock: clock)
        path = write_xlsx(tmp_path / "a.xlsx", {"表": TABLE}, units={"value": "yuan"})
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_no_text_becomes_a_formula_or_a_link(tmp_path):
    import zipfile

    path = write_xlsx(tmp_path / "a.xlsx", {"表": TABLE})
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "hyperlink" not in sheet
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert rows[0] == ["地区代码", "数值", "时期", "级别", "flag", "link"]
    assert rows[2][:2] == ["=1+1", ""] and rows[1][5] == "http://x.example"
    before = TABLE.copy()
    with write_csv(tmp_path / "a.csv", TABLE).open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert [line[0] for line in lines[1:]] == ["110000", "'=1+1", "'@x", "'-南京"]
    assert lines[3][1] == "-3.0" and lines[2][5] == "'+86"  # numbers stay numbers
    pd.testing.assert_frame_equal(TABLE, before)


def test_formats(tmp_path):
    frame = pd.DataFrame({"region": ["1"], "growth": [0.123]}).set_index("region")
    path = write_xlsx(
        tmp_path / "a.xlsx",
        {"a/b": frame, "A_b": frame},
        titles={"growth": "增幅"},
        units={"growth": "share"},
    )
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["a_b", "A_b_2"]
    assert book.get_sheet_by_index(0).to_python() == [["地区代码", "增幅（%）"], ["1", 0.123]]


def test_sheet_names_are_made_fit():
    names = sheet_names(["x" * 40, "x" * 50, "", "[a]:*?/\\"])
    assert all(0 < len(name) <= 31 for name in names) and len(set(names)) == 4
    assert not set("[]:*?/\\") & set("".join(names))


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.xlsx"
    write_xlsx(path, {"表": TABLE})
    before = path.read_bytes()
    with pytest.raises(MktError, match="最多"):
        write_xlsx(path, {"表": pd.DataFrame({"x": ["字" * 40_000]})})
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.xlsx"]
    with pytest.raises(MktError, match="没有要写的表"):
        write_xlsx(path, {})
    with pytest.raises(MktError, match="文件夹"):
        write_csv(tmp_path / "nowhere" / "a.csv", TABLE)


@pytest.mark.parametrize("kind", ["indicators", "sales", "units", "openings", "targets", "penetration"])
@pytest.mark.parametrize("years", [None, [2021, 2022]])
def test_an_empty_template_says_so_and_a_filled_one_is_read(tmp_path, tree, kind, years):
    path = write_template(tmp_path / "t.xlsx", kind=kind, tree=tree, level="prefecture", years=years)
    with pytest.raises(TableError, match="没有任何数字"):
        read_table(path, kind=kind, tree=tree)
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["数据", "说明"]
    header, *rows = book.get_sheet_by_name("数据").to_python(skip_empty_area=False)
    filled = pd.DataFrame(rows, columns=header)
    assert filled["行政区划代码"].map(type).eq(str).all()
    usual = {"%": 50.0, "万人": 500.0, "亿元": 3000.0, "万元": 900.0, "元": 50000.0}
    for column in header[3:]:
        if column in ("年份", "开业日期"):
            filled[column] = filled[column].where(filled[column] != "", 2022)
        else:
            filled[column] = usual.get(column.split("(")[-1].rstrip(")"), 3.0)
    write_xlsx(tmp_path / "filled.xlsx", {"数据": filled})
    table = read_table(tmp_path / "filled.xlsx", kind=kind, tree=tree)
    assert set(table["region"]) == set(tree.level("prefecture"))
    assert [note for note in table.attrs["notes"] if "开店数展开" not in note] == [f"读入 {len(table)} 行"]
    if kind == "indicators":
        assert set(table["value"].round(6)) == {0.5, 5e6, 3e11, 5e4}
        assert len(table) == len(filled) * 8


def test_templates_refuse(tmp_path, tree):
    for bad in ({"kind": "x"}, {"level": "town"}, {"years": [22]}, {"years": [2020, 2020]}, {"years": []}):
        with pytest.raises(MktError):
            write_template(tmp_path / "t.xlsx", **{"kind": "sales", "tree": tree, **bad})
    with pytest.raises(MktError, match="xlsx"):
        write_template(tmp_path / "t.csv", kind="sales", tree=tree)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "filled", "column"),
    [
        ("volumes", {"年份": 2022, "销量(台)": 5}, "value"),
        ("stores", {"门店名称": "甲店", "等级": "A", "开业日期": "2022-03"}, "name"),
        ("customers", {"等级": "A", "客户数(个)": 5}, "class"),
        ("areas", {"销售区域": "甲区"}, "area"),
    ],
)
def test_templates_of_an_analysts_other_files(tmp_path, tree, kind, filled, column):
    path = write_template(tmp_path / "t.xlsx", kind=kind, tree=tree, level="prefecture")
    table = pd.read_excel(path, engine="calamine", dtype=object)
    assert set(filled) <= set(table.columns)
    write_xlsx(tmp_path / "filled.xlsx", {"数据": table.assign(**filled)})
    read = read_table(tmp_path / "filled.xlsx", kind=kind, tree=tree)
    assert set(read["region"]) == set(tree.level("prefecture")) and column in read
