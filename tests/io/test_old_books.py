"""Old workbooks (.xls): cells mean what they show, as in the new ones; damaged ones are refused."""

import datetime

import numpy as np
import pytest

from mktanalysis.errors import MktError
from mktanalysis.io import read_table

from .old_books import write_old_book

DAY = (datetime.date(2023, 3, 1) - datetime.date(1899, 12, 30)).days


def read(path, tree, kind="sales", **options):
    return read_table(path, kind=kind, tree=tree, check_magnitude=False, **options)


def test_percent_units_and_dates_of_cells(tmp_path, tree):
    rows = [["城市", "年份", "渗透率(%)"], ["南京市", 2023.0, (0.12, "0.0%")], ["苏州市", 2023.0, 20.0]]
    table = read(write_old_book(tmp_path / "a.xls", {"数据": rows}), tree, "penetration")
    assert dict(zip(table["region"], table["value"], strict=True)) == {"320100": 0.12, "320500": 0.2}
    rows = [
        ["城市", "日期", "销售额(元)"],
        ["南京市", (float(DAY), "yyyy-mm-dd"), (12.0, '0.0"万元"')],
        ["苏州市", (float(DAY), 'yyyy"年"m"月"'), 30000.0],
    ]
    table = read(write_old_book(tmp_path / "b.xls", {"数据": rows}), tree)
    assert table["period"].astype(str).unique().tolist() == ["2023-03"]
    assert table["value"].tolist() == [120000.0, 30000.0]


@pytest.mark.parametrize(
    ("cell", "word"), [("=A1", "公式没有存下"), ((12345.0, "#,##0,"), "缩小后显示"), ((0.5, "0%"), "单位“%”")]
)
def test_what_does_not_show_what_it_stores_is_refused(tmp_path, tree, cell, word):
    rows = [["城市", "年份", "销售额(元)"], ["南京市", 2023.0, cell]]
    with pytest.raises(MktError, match=word):
        read(write_old_book(tmp_path / "a.xls", {"数据": rows}), tree)


def test_sheets_of_years(tmp_path, tree):
    sheets = {str(year): [["城市", "销售额(元)"], ["南京市", float(year)]] for year in (2022, 2023)}
    table = read(write_old_book(tmp_path / "a.xls", sheets), tree)
    assert table["value"].tolist() == [2022.0, 2023.0]


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_book_is_read_right_or_refused(tmp_path, tree, seed):
    """Each read costs a process, so that a few seeds run here; the script of mutations runs thousands."""
    rows = [["城市", "年份", "销售额(元)"], ["南京市", 2023.0, 1.0], ["苏州市", 2023.0, 2.0]]
    path = write_old_book(tmp_path / "a.xls", {"数据": rows})
    raw = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, 3000, size=int(rng.integers(1, 8))):
        raw[at] = int(rng.integers(256))
    path.write_bytes(bytes(raw))
    try:
        table = read(path, tree, allow_negative=True)
    except MktError:
        return
    assert set(table["region"]) <= set(tree.regions)
