import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktanalysis.errors import MktError
from mktanalysis.files import decode
from mktanalysis.io import read_table, sheets
from mktanalysis.io.sheets import column_letters, read_sheets


def refuse(path, word):
    with pytest.raises(MktError, match=word) as caught:
        read_sheets(path)
    assert path.name in str(caught.value)


def sheet_xml(cells: str) -> dict[str, str]:
    """The parts of the smallest workbook that can be read."""
    main, rels = (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://schemas.openxmlformats.org",
    )
    link = f"{rels}/officeDocument/2006/relationships"
    package = f"{rels}/package/2006/relationships"
    return {
        "[Content_Types].xml": f'<Types xmlns="{rels}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" '
        f'Type="{link}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{link}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" '
        f'Type="{link}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }


def make_zip(path, parts: dict[str, str]):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def test_smallest_workbook_and_errors_in_cells(tmp_path):
    cells = '<row r="2"><c r="B2"><v>7</v></c><c r="C2" t="e"><f>A1</f><v>#REF!</v></c></row>'
    found = read_sheets(make_zip(tmp_path / "a.xlsx", sheet_xml(cells)))
    assert found[0].rows == [["", "", ""], ["", 7.0, "#REF!"]]


def test_files_that_are_no_spreadsheet(tmp_path):
    refuse(tmp_path / "absent.xlsx", "不存在")
    refuse(tmp_path, "不是文件")
    for name, content, word in [
        ("a.pdf", b"%PDF", "只能读"),
        ("b.xlsx", b"", "空的"),
        ("c.xls", "<html>表</html>".encode(), "网页"),
        ("d.xlsx", b"PK\x03\x04broken", "损坏"),
        ("e.csv", b"PK\x03\x04broken", "扩展名"),
        ("f.csv", b"a,b\n\xff\xff\xff", "编码"),
        ("g.csv", b"a\x00b,c\n", "不是文本"),
        ("h.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "损坏"),
        ("i.csv", b'a,"' + b"x" * 200_000 + b'"', "CSV"),
        ("j.csv", b"\n", "表头"),
    ]:
        (tmp_path / name).write_bytes(content)
        if word == "表头":
            continue
        refuse(tmp_path / name, word)
    refuse(make_zip(tmp_path / "k.xlsx", {"word/document.xml": "x"}), "不是 Excel")


def test_protected_file(tmp_path):
    path = tmp_path / "locked.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le"))
    refuse(path, "密码")


def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    parts = sheet_xml("") | {"xl/media/big.bin": "0" * 3_000_000}
    path = make_zip(tmp_path / "bomb.xlsx", parts)
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(sheets, "MAX_BYTES", 1_000_000)
    refuse(path, "解压后")


def test_a_part_that_is_larger_than_it_says(tmp_path):
    path = make_zip(tmp_path / "liar.xlsx", sheet_xml("") | {"xl/sharedStrings.xml": "0" * 3_000_000})
    raw = path.read_bytes()
    size = (3_000_000).to_bytes(4, "little")
    assert raw.count(size) == 2  # local and central header
    path.write_bytes(raw.replace(size, (3_000).to_bytes(4, "little")))
    refuse(path, "损坏")


def test_a_cell_far_away_is_refused(tmp_path):
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    refuse(make_zip(tmp_path / "far.xlsx", sheet_xml(far)), "远在")


def test_too_many_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    (tmp_path / "long.csv").write_text("a\n" * 5)
    refuse(tmp_path / "long.csv", "超过 3 行")


@given(st.text(st.characters(codec="gb18030", exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=40))
@settings(max_examples=60, deadline=None)
def test_decoding(text):
    assert decode(text.encode("utf-8")) == text.removeprefix("\ufeff")
    assert decode(text.encode("utf-8-sig")) == text
    assert decode(("﻿" + text).encode("utf-16-le")) == text
    chinese = "地区，年份\n" + text  # a short GB18030 text may by chance be UTF-8 too
    assert decode(chinese.encode("gb18030")) == chinese


def test_letters_of_columns():
    assert [column_letters(i) for i in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]


@given(st.lists(st.lists(st.text(max_size=8), max_size=5), max_size=8))
@settings(max_examples=50, deadline=None)
def test_whatever_is_in_a_csv_there_is_a_clear_error(tmp_path_factory, tree, rows):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8", errors="replace", newline="")
    with pytest.raises(MktError):
        read_table(path, kind="indicators", tree=tree)


def test_small_files_that_would_take_all_memory(tmp_path):
    (tmp_path / "wide.csv").write_bytes(b"a" + b"," * 1_300_000 + b"b\n" + b"1,2\n" * 1000)
    refuse(tmp_path / "wide.csv", "列")
    (tmp_path / "columns.csv").write_text(",".join(f"c{i}" for i in range(16_384)) + "\n1,2\n")
    refuse(tmp_path / "columns.csv", "列")
    far = '<row r="1"><c r="a1"><v>1</v></c></row><row r="1048576"><c r=" xfd1048576 "><v>1</v></c></row>'
    refuse(make_zip(tmp_path / "far.xlsx", sheet_xml(far)), "远在")
    text = "<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><si><t>%s</t></si></sst>"
    cells = "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 20_000))
    parts = sheet_xml(cells) | {"xl/sharedStrings.xml": text % ("x" * 1_000_000)}
    refuse(make_zip(tmp_path / "texts.xlsx", parts), "字|文字")


def test_a_parser_that_dies_is_an_error_of_ours(tmp_path, monkeypatch):
    path = make_zip(tmp_path / "a.xlsx", sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>'))
    killed = tmp_path / "killed.py"
    killed.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(sheets, "_PARSER", killed)
    refuse(path, "损坏|内存")


def test_damaged_zip_bytes(tmp_path):
    whole = make_zip(tmp_path / "a.xlsx", sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>')).read_bytes()
    for at in range(30, len(whole), 37):
        (tmp_path / "b.xlsx").write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            read_sheets(tmp_path / "b.xlsx")
        except MktError as error:
            assert "b.xlsx" in str(error)
